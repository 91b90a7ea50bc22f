# SPDX-License-Identifier: MIT
"""What the panel places: jacks and pots from the board's table, LEDs, buttons and USB; shafts from the footprints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from lottava.board import BOARD

from ..schematic.sexpr import child, children, parse, text_of
from .footprints import load, path_of
from .geometry import Spot
from .netlist import Component

PANEL_HEIGHT_MM = 128.5
BOARD_EDGE_MM = (0.4, 10.25, BOARD.width_mm - 0.4, 118.25)
"""108 mm high: rails leave 112.2 mm open at least (Schroff)."""

LED_PITCH_MM = 6.1
BUTTON_FROM_EDGE_MM = 5.9
SLOTS = 8
TOP_ROW_MM = 14.4
USB_BELOW_JACKS_MM = 1.75
"""Leaves room for the power header's front pads between this and FOLLOW IN: no lead may end beneath a body."""


@dataclass(frozen=True)
class Control:
    """Something that reaches through the panel at x, y: kind is jack, pot, led, button or usb."""

    name: str
    kind: str
    x: float
    y: float
    turn: int


def controls() -> tuple[Control, ...]:
    """Everything on the panel, by rows of kinds."""
    columns = BOARD.column_mm
    jacks = [Control(jack.name, "jack", columns[jack.column - 1], jack.row_mm, 90) for jack in BOARD.jacks]
    pots = [Control(pot.name, "pot", columns[pot.column - 1], pot.row_mm, 90) for pot in BOARD.pots]
    first = (BOARD.width_mm - (SLOTS - 1) * LED_PITCH_MM) / 2
    leds = [Control(f"SLOT_{i + 1}", "led", first + i * LED_PITCH_MM, TOP_ROW_MM, 90) for i in range(SLOTS)]
    buttons = [
        Control("PREVIOUS", "button", BUTTON_FROM_EDGE_MM, TOP_ROW_MM, 0),
        Control("NEXT", "button", BOARD.width_mm - BUTTON_FROM_EDGE_MM, TOP_ROW_MM, 0),
    ]
    lowest = max(jack.row_mm for jack in BOARD.jacks)
    return (*jacks, *pots, *leds, *buttons, Control("USB", "usb", columns[0], lowest + USB_BELOW_JACKS_MM, 0))


@cache
def shaft(footprint: str) -> tuple[float, float]:
    """Axis of a footprint's shaft, lens, plunger or barrel: centre of the circle on its fabrication layer.

    Where there is none (USB), the middle of its pads.
    """
    item = parse(path_of(footprint).read_text("utf-8"))
    for circle in children(item, "fp_circle"):
        if text_of(child(circle, "layer")) == "F.Fab":
            centre = child(circle, "center")
            return float(text_of(centre, 1)), float(text_of(centre, 2))
    pads = load(footprint).pads
    return (
        (min(pad.x for pad in pads) + max(pad.x for pad in pads)) / 2,
        (min(pad.y for pad in pads) + max(pad.y for pad in pads)) / 2,
    )


_LETTERS = {"jack": "J", "pot": "RV", "led": "D", "button": "SW", "usb": "J"}


def spots(components: Mapping[str, Component]) -> dict[str, Spot]:
    """Reference → place of the parts on the panel, all on the front. Raises KeyError for a control without a part."""
    by_name = {(ref.rstrip("0123456789"), part.value): part for ref, part in components.items()}
    found = {}
    for control in controls():
        key = (_LETTERS[control.kind], control.name)
        if key not in by_name:
            raise KeyError(f"the schematic has no {key[0]} with the value {control.name!r}, which is on the panel")
        part = by_name[key]
        origin = Spot(0.0, 0.0, control.turn, is_back=False).point(*shaft(part.footprint))
        found[part.reference] = Spot(control.x - origin[0], control.y - origin[1], control.turn, is_back=False)
    return found
