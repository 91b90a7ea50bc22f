# SPDX-License-Identifier: MIT
"""Tracks that are laid before the router runs: USB's two lines, side by side over unbroken ground."""

from __future__ import annotations

import math
from collections.abc import Iterable

from . import rules
from .copper import Copper, Track

PAIR = ("USB_DM", "USB_DP")
PAIR_MISMATCH_MM = 5.0
"""Full speed has 83 ns a bit; 5 mm are 35 ps."""
TRACKS = (
    Track("USB_DM", "F.Cu", rules.SIGNAL_WIDTH_MM, ((18.3, 29.45), (18.3, 110.55))),
    Track("USB_DP", "F.Cu", rules.SIGNAL_WIDTH_MM, ((17.9, 26.95), (17.9, 110.55))),
)
"""Between the Seed's left pins and the pots' lugs, then between the jacks; points lie on the router's grid."""


def length_mm(copper: Copper, net: str) -> float:
    """All of a net's tracks."""
    chains: Iterable[Track] = (track for track in copper.tracks if track.net == net)
    return sum(math.dist(a, b) for one in chains for a, b in zip(one.points, one.points[1:], strict=False))


def pair_complaints(copper: Copper) -> list[str]:
    """What keeps USB's two lines from being alike."""
    minus, plus = (length_mm(copper, net) for net in PAIR)
    if abs(minus - plus) <= PAIR_MISMATCH_MM:
        return []
    return [f"USB's lines are {minus:.1f} and {plus:.1f} mm long, more than {PAIR_MISMATCH_MM:g} apart"]
