# SPDX-License-Identifier: MIT
"""The board as the assembly drawing shows it: designators within parts or close by; libraries print some on others."""

from __future__ import annotations

from ..schematic.sexpr import Atom, List, child, children, make, parse, text_of, write
from .bodies import body_box
from .footprints import Box

MOST_MM, LEAST_MM = 1.0, 0.4
ASPECT = 0.95
"""Width of a letter, times its height."""
STROKE = 0.15
DIODES = "Diode_SMD:D_"
"""Have a sign in their middle."""
BESIDE_MM = 0.22


def _text_place(name: str, box: Box, turn: float, is_beside: bool) -> tuple[float, float, float, float]:
    """Middle, angle on the board, size of a name that fills a box, or stands beside it. turn: of the footprint."""
    width, height = box[2] - box[0], box[3] - box[1]
    is_upright = height > width
    along, across = (height, width) if is_upright else (width, height)
    aside = across / 2 + BESIDE_MM if is_beside else 0.0
    most = LEAST_MM if is_beside else min(MOST_MM, across / 1.25)
    size = max(LEAST_MM, min(most, along / (ASPECT * len(name) + 0.5)))
    angle = (turn + (90 if is_upright else 0)) % 180
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return x + (aside if is_upright else 0.0), y + (0.0 if is_upright else aside), angle, round(size, 3)


def _name_within(footprint: List) -> None:
    name = next(text_of(one, 2) for one in children(footprint, "property") if text_of(one) == "Reference")
    place = child(footprint, "at")
    turn = float(text_of(place, 3)) if len(place) > 3 else 0.0
    box = body_box(footprint)
    for text in children(footprint, "fp_text"):
        if text_of(text, 2) == "${REFERENCE}" and text_of(child(text, "layer")).endswith(".Fab"):
            x, y, angle, size = _text_place(name, box, turn, text_of(footprint).startswith(DIODES))
            child(text, "at")[1:] = [Atom(f"{value:g}") for value in (x, y, angle)]
            font = child(child(text, "effects"), "font")
            font[1:] = [make("size", size, size), make("thickness", round(STROKE * size, 3))]


def drawing(board: str) -> str:
    """A board file's text with designators moved; for drawing only."""
    item = parse(board)
    for footprint in children(item, "footprint"):
        _name_within(footprint)
    return write(item)
