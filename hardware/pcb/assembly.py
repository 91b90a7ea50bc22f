# SPDX-License-Identifier: MIT
"""The board as the assembly drawing shows it: designators within parts or close by; libraries print some on others.

The page is as large as the board, so that a printer fits it to the paper: at true size the names are 0.4 mm high.
"""

from __future__ import annotations

from ..schematic.sexpr import Atom, List, child, children, head, make, number, parse, text_of, write
from .bodies import body_box
from .footprints import Box
from .job import SHEET_ORIGIN_MM
from .panel_parts import BOARD_EDGE_MM

MOST_MM, LEAST_MM = 1.0, 0.4
ASPECT = 0.95
"""Width of a letter, times its height."""
STROKE = 0.15
DIODES = "Diode_SMD:D_"
"""Have a sign in their middle."""
BESIDE_MM = 0.22
MARGIN_MM = 4.0
"""Of the page around the board."""
NOT_DRAWN = ("segment", "arc", "via", "zone", "gr_text")


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


def _shift(item: List, dx: float, dy: float) -> None:
    """Move a shape, or a footprint by its place."""
    for name in ("at", "start", "mid", "end"):
        for point in children(item, name):
            point[1:3] = [number(float(text_of(point, 1)) + dx), number(float(text_of(point, 2)) + dy)]


def drawing(board: str) -> str:
    """A board file's text with designators moved, without copper, on a page of its size; for drawing only."""
    left, top, right, bottom = BOARD_EDGE_MM
    dx, dy = MARGIN_MM - left - SHEET_ORIGIN_MM[0], MARGIN_MM - top - SHEET_ORIGIN_MM[1]
    item = [one for one in parse(board) if head(one) not in NOT_DRAWN]
    child(item, "paper")[1:] = ["User", number(right - left + 2 * MARGIN_MM), number(bottom - top + 2 * MARGIN_MM)]
    for footprint in children(item, "footprint"):
        _name_within(footprint)
        _shift(footprint, dx, dy)
    for name in ("gr_line", "gr_arc"):
        for shape in children(item, name):
            _shift(shape, dx, dy)
    return write(item)
