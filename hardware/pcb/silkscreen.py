# SPDX-License-Identifier: MIT
"""Names on the board: references where there is room, jacks, pots, test points, red stripe, version, licence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lottava.board import BOARD

from ..schematic.project import REVISION
from .footprints import Box, load
from .geometry import Spot, courtyard, grown, overlap
from .netlist import Component
from .panel_parts import BOARD_EDGE_MM, controls

LETTER_WIDTH = 0.92
"""Of KiCad's stroke font, times the size."""
SIZE_MM, STROKE_MM = 0.8, 0.12
SMALL_MM = 0.7
GAP_MM = 0.15
POWER = "J101"
SHORT = {"V_OCT_BIAS": "BIAS V", "CV_BIAS": "BIAS CV", "NORMALLING_NODE": "NORM", "VREF_2V5": "2V5"}
"""Test points whose name is too long for its place."""
TEST_POINT_MM = 1.35
"""From a test point's middle to its name's."""


@dataclass(frozen=True)
class Label:
    """Where a reference is printed."""

    x: float
    y: float
    turn: int
    size: float = SIZE_MM
    stroke: float = STROKE_MM


def text_box(text: str, x: float, y: float, turn: int, size: float) -> Box:
    """Bounds of centred letters."""
    along, across = LETTER_WIDTH * size * len(text) + size / 3, 1.25 * size
    width, height = (across, along) if turn else (along, across)
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


class Ink:
    """What is taken on one side: pads, courtyards of that side's parts, and names printed before."""

    def __init__(self, parts: Mapping[str, Component], placed: Mapping[str, Spot], is_back: bool) -> None:
        self.pads: list[Box] = []
        self.bodies: dict[str, Box] = {}
        self.names: list[Box] = []
        for reference, spot in placed.items():
            footprint = load(parts[reference].footprint)
            self.pads += [
                grown(spot.pad_box(pad), GAP_MM) for pad in footprint.pads if pad.is_hole or spot.is_back == is_back
            ]
            if spot.is_back == is_back and reference != "A201":
                self.bodies[reference] = courtyard(footprint, spot)

    def take(self, text: str, x: float, y: float, turn: int, size: float, own: str = "") -> bool:
        """Take the room of a name where it is free. own: a part whose body may lie below."""
        box = text_box(text, x, y, turn, size)
        left, top, right, bottom = grown(BOARD_EDGE_MM, -0.3)
        if box[0] < left or box[1] < top or box[2] > right or box[3] > bottom:
            return False
        bodies = [body for name, body in self.bodies.items() if name != own]
        if any(overlap(box, other) for other in (*self.pads, *bodies, *self.names)):
            return False
        self.names.append(grown(box, 0.05))
        return True


def _candidates(reference: str, box: Box) -> Iterator[tuple[float, float, int]]:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    along, across = LETTER_WIDTH * SIZE_MM * len(reference) / 2 + SIZE_MM / 6, 1.25 * SIZE_MM / 2
    yield x, box[1] - across, 0
    yield x, box[3] + across, 0
    yield box[0] - across, y, 90
    yield box[2] + across, y, 90
    yield box[0] - along, y, 0
    yield box[2] + along, y, 0
    yield x, y, 0
    yield x, y, 90


def _own_names(parts: Mapping[str, Component]) -> set[str]:
    """What a legend names already."""
    return {reference for reference in parts if reference.startswith("TP")}


def labels(parts: Mapping[str, Component], placed: Mapping[str, Spot]) -> dict[str, Label]:
    """Reference → its place on the silkscreen; a reference that finds no room stays on the assembly drawing only."""
    found = {}
    for is_back in (True, False):
        ink = Ink(parts, placed, is_back)
        if is_back:
            legends(parts, placed, ink)
        order = sorted(ink.bodies, key=lambda name: (-_area(ink.bodies[name]), name))
        for reference in order:
            if reference in _own_names(parts):
                continue
            for x, y, turn in _candidates(reference, ink.bodies[reference]):
                if ink.take(reference, x, y, turn, SIZE_MM, own=reference):
                    found[reference] = Label(round(x, 3), round(y, 3), turn)
                    break
    return found


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _text(text: str, x: float, y: float, size: float = SIZE_MM, stroke: float = STROKE_MM) -> dict[str, Any]:
    return {"text": text, "x": x, "y": y, "size": size, "stroke": stroke, "layer": "B.Silkscreen"}


def _control_names() -> Iterator[tuple[str, float, float, float]]:
    for control in controls():
        name = control.name.replace("_", " ")
        if control.kind == "jack":
            yield name, control.x + 0.75, control.y, SIZE_MM if len(name) < 8 else SMALL_MM
        elif control.kind == "pot":
            yield name, control.x, control.y + 9.4, SIZE_MM
        elif control.kind == "usb":
            yield name, control.x, control.y, 1.0
        elif control.kind == "button":
            yield name, control.x, control.y, SIZE_MM


def _texts(parts: Mapping[str, Component], placed: Mapping[str, Spot], ink: Ink) -> Iterator[dict[str, Any]]:
    for reference, spot in sorted(placed.items()):
        if reference.startswith("TP"):
            value = parts[reference].value
            name = SHORT.get(value, value.removesuffix("_ADC"))
            x, y = spot.point(0.0, 0.0)
            x = max(x, BOARD_EDGE_MM[0] + 0.4 + LETTER_WIDTH * SIZE_MM * len(name) / 2 + SIZE_MM / 6)
            if ink.take(name, x, y + TEST_POINT_MM, 0, SIZE_MM, own=reference):
                yield _text(name, x, y + TEST_POINT_MM)
    for name, x, y, size in _control_names():
        if ink.take(name, x, y, 0, size):
            yield _text(name, x, y, size)
    about = (
        (f"{BOARD.name} {REVISION}", 52.0, 56.6, 1.8, 0.3),
        ("CERN-OHL-P-2.0", 52.0, 58.5, 0.9, 0.14),
        ("no board made yet", 9.2, 39.2, 0.8, 0.12),
        ("Seed: USB here", 27.1, 21.8, 0.8, 0.12),
    )
    for words, x, y, size, stroke in about:
        if ink.take(words, x, y, 0, size):
            yield _text(words, x, y, size, stroke)
    yield from _power_texts(parts, placed, ink)


def _power_texts(parts: Mapping[str, Component], placed: Mapping[str, Spot], ink: Ink) -> Iterator[dict[str, Any]]:
    """Which way round the cable goes: read at pins 2 and 10."""
    if POWER not in placed:
        return
    spot, pads = placed[POWER], {pad.number: pad for pad in load(parts[POWER].footprint).pads}
    for number, words in (("2", "-12V"), ("10", "+12V")):
        x, y = spot.point(pads[number].x, pads[number].y)
        if ink.take(words, x, y + 1.7, 0, SIZE_MM, own=POWER):
            yield _text(words, x, y + 1.7)


def _stripe(parts: Mapping[str, Component], placed: Mapping[str, Spot]) -> Iterator[dict[str, Any]]:
    if POWER in placed:
        pads = {pad.number: pad for pad in load(parts[POWER].footprint).pads}
        (x1, y1), (x2, y2) = (placed[POWER].point(pads[n].x, pads[n].y) for n in ("1", "2"))
        outwards = 3.0 if placed[POWER].point(pads["9"].x, pads["9"].y)[0] < x1 else -3.0
        ends = ((x1 + outwards, min(y1, y2) - 2.0), (x2 + outwards, max(y1, y2) + 2.0))
        yield {"kind": "line", "layer": "B.Silkscreen", "width": 1.0, "points": ends}


def legends(
    parts: Mapping[str, Component], placed: Mapping[str, Spot], ink: Ink | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Shapes and texts on the back's silkscreen; takes their room in ink."""
    ink = ink or Ink(parts, placed, is_back=True)
    return list(_stripe(parts, placed)), list(_texts(parts, placed, ink))
