# SPDX-License-Identifier: MIT
"""The catalogue: every part type the module may use, by a key such as "R 30.1k 0.1% 0603" or "PJ398SM"."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from .kinds import GENERIC, PRICES_DATE, PartType, Source, format_value
from .panel_parts import PANEL_PARTS
from .passives import PASSIVES, capacitor_key, resistor_key
from .semiconductors import SEMICONDUCTORS

__all__ = [
    "GENERIC",
    "PARTS",
    "PRICES_DATE",
    "PartType",
    "Source",
    "capacitor_key",
    "find",
    "format_value",
    "resistor_key",
]


def _catalogue() -> Mapping[str, PartType]:
    parts = (*PASSIVES, *SEMICONDUCTORS, *PANEL_PARTS)
    return MappingProxyType({part.key: part for part in parts})


PARTS: Mapping[str, PartType] = _catalogue()
"""Catalogue key → part."""


def find(key: str) -> PartType:
    """The part of this key. Raises KeyError that names it and the keys nearest to it."""
    if key in PARTS:
        return PARTS[key]
    near = difflib.get_close_matches(key, PARTS, n=3, cutoff=0.5)
    raise KeyError(f"no part is called {key!r} in the catalogue; nearest: {', '.join(near) or 'none'}")
