# SPDX-License-Identifier: MIT
"""How far the module reaches behind its panel, layer by layer; a rack without much depth has about 25 mm."""

from __future__ import annotations

from dataclasses import dataclass

LIMIT_MM = 25.0
PANEL_MM = 1.6
BOARD_MM = 1.6
PANEL_TO_BOARD_MM = 10.0
"""The jacks' bodies and a washer, estimated; pots, buttons and LEDs follow them."""
BUTTON_MM = 13.5
"""From the board to the plunger's top, as others' lists have it."""
SOCKET_MM = 4.57
"""Samtec SLW: 0.180 inch by the maker's drawing, as others quote it."""
PIN_LENGTHS_MM = (2.2, 2.9)
"""What that socket takes of a pin: 0.085 to 0.115 inch, from the same drawing. The Seed's own are about 6 mm."""
USUAL_SOCKET_MM = 8.5
PIN_PLASTIC_MM = 2.54
SEED_BOARD_MM = 1.6
SEED_PARTS_MM = 3.0
"""Tallest part of a Seed, its USB socket: estimated, measure yours."""
PLUG_MM = 13.0
"""A ribbon cable's plug in the power header, without its strain relief, above the board: estimated."""
STRAIN_RELIEF_MM = 2.5
"""What the clip over the plug adds: estimated."""


@dataclass(frozen=True)
class Layer:
    """Something in the stack, and how thick it is."""

    words: str
    thickness_mm: float


def layers(socket_mm: float = SOCKET_MM) -> tuple[Layer, ...]:
    """From behind the panel to the far end of the Seed."""
    return (
        Layer("panel's back to the board: the jacks (estimate)", PANEL_TO_BOARD_MM),
        Layer("board", BOARD_MM),
        Layer("sockets J202, J203 (Samtec SLW)", socket_mm),
        Layer("plastic around the Seed's pins", PIN_PLASTIC_MM),
        Layer("the Seed's board", SEED_BOARD_MM),
        Layer("the Seed's tallest part (estimate)", SEED_PARTS_MM),
    )


def depth_mm(socket_mm: float = SOCKET_MM) -> float:
    """Behind the panel, which itself lies in front of the rack's rails."""
    return sum(layer.thickness_mm for layer in layers(socket_mm))


def button_mm() -> float:
    """How far a button's plunger stands out of the panel."""
    return BUTTON_MM - PANEL_TO_BOARD_MM - PANEL_MM


def cable_mm() -> float:
    """Behind the panel to the end of the power cable's plug, strain relief off."""
    return PANEL_TO_BOARD_MM + BOARD_MM + PLUG_MM


def table() -> str:
    """Rows of Markdown."""
    head = "| behind the panel | mm |\n|---|---|\n"
    rows = [f"| {layer.words} | {layer.thickness_mm:.2f} |" for layer in layers()]
    sums = (
        (f"**depth** (asked: no more than {LIMIT_MM:g})", f"**{depth_mm():.1f}**"),
        ("the same with usual sockets, 8.5 mm tall", f"{depth_mm(USUAL_SOCKET_MM):.1f}"),
        ("to the end of the power cable's plug, without strain relief (estimate)", f"{cable_mm():.1f}"),
        ("the same with strain relief (estimate)", f"{cable_mm() + STRAIN_RELIEF_MM:.1f}"),
    )
    return head + "\n".join([*rows, *(f"| {words} | {number} |" for words, number in sums)])
