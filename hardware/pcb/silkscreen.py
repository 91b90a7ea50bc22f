# SPDX-License-Identifier: MIT
"""Names on the board: references where there is room, jacks, pots, test points, red stripe, version, licence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lottava.board import BOARD

from ..schematic.project import REVISION
from .footprints import Box, Footprint, load
from .geometry import Spot, gap, grown, overlap
from .netlist import Component
from .panel_parts import BOARD_EDGE_MM, controls

LETTER_WIDTH = 0.92
"""Of KiCad's stroke font, times the size."""
SIZE_MM, STROKE_MM = 0.8, 0.12
SMALL_MM = 0.7
GAP_MM = 0.15
STROKE_GAP_MM = 0.05
POT_NAMES_MM = (9.4, 5.6, 4.6, 3.6, -1.5, -3.5)
"""Below a pot's shaft: first past its pins, then between them and its lugs."""
SLIDES = (0.0, -0.25, 0.25, -0.5, 0.5, -0.75, 0.75)
"""Along a part's side, of its length."""
AWAY_MM = (0.16, 0.4, 0.7)
"""From a part to its name."""
NEARER_MM = 0.1
"""A name is nearer to its part than to any other by this much, so that nobody reads it as the other's."""
SEED = "A201"
"""Covers nothing: it stands on sockets."""
POWER = "J101"
SHORT = {"V_OCT_BIAS": "BIAS V", "CV_BIAS": "BIAS CV", "NORMALLING_NODE": "NORM", "VREF_2V5": "2V5"}
"""Test points whose name is too long for its place."""
STRIPE_MM = 0.9
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


def _covered(footprint: Footprint, spot: Spot) -> Box:
    """A part's body and pads: nearer to it no name is read as another's."""
    boxes = [spot.box(footprint.body), *(spot.pad_box(pad) for pad in footprint.pads)]
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


class Ink:
    """What is taken on one side: pads, what covers that side, what its parts print, and names printed before."""

    def __init__(self, parts: Mapping[str, Component], placed: Mapping[str, Spot], is_back: bool) -> None:
        self.pads: list[Box] = []
        self.bodies: dict[str, Box] = {}
        self.strokes: list[Box] = []
        self.names: list[Box] = []
        for reference, spot in placed.items():
            footprint = load(parts[reference].footprint)
            self.pads += [
                grown(spot.pad_box(pad), GAP_MM) for pad in footprint.pads if pad.is_hole or spot.is_back == is_back
            ]
            if spot.is_back != is_back:
                continue
            self.strokes += [grown(spot.box(box), STROKE_GAP_MM) for box in footprint.ink]
            if reference != SEED:
                self.bodies[reference] = _covered(footprint, spot)

    def is_nearest(self, own: str, box: Box) -> bool:
        """Is a part clearly the one that a box lies next to?"""
        limit = gap(box, self.bodies[own]) + NEARER_MM
        return all(gap(box, body) >= limit for name, body in self.bodies.items() if name != own)

    def take(self, text: str, x: float, y: float, turn: int, size: float, own: str = "") -> bool:
        """Take the room of a name where it is free. own: a part whose body may lie below."""
        box = text_box(text, x, y, turn, size)
        left, top, right, bottom = grown(BOARD_EDGE_MM, -0.3)
        if box[0] < left or box[1] < top or box[2] > right or box[3] > bottom:
            return False
        bodies = [body for name, body in self.bodies.items() if name != own]
        if any(overlap(box, other) for other in (*self.pads, *bodies, *self.strokes, *self.names)):
            return False
        self.names.append(grown(box, 0.05))
        return True


def _candidates(reference: str, box: Box, size: float) -> Iterator[tuple[float, float, int]]:
    """Places around a part, the likeliest first; on itself at last."""
    x, y, width, height = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0], box[3] - box[1]
    _, _, along, across = text_box(reference, 0.0, 0.0, 0, size)
    for away, slide, side in itertools.product(AWAY_MM, SLIDES, (-1, 1)):
        yield x + slide * width, y + side * (height / 2 + across + away), 0
        yield x + side * (width / 2 + across + away), y + slide * height, 90
        yield x + side * (width / 2 + along + away), y + slide * height, 0
        yield x + slide * width, y + side * (height / 2 + along + away), 90
    yield x, y, 0
    yield x, y, 90


def _own_names(parts: Mapping[str, Component]) -> set[str]:
    """What a legend names already."""
    return {reference for reference in parts if reference.startswith(("TP", "FID"))}


def _label(reference: str, ink: Ink) -> Label | None:
    for size in (SIZE_MM, SMALL_MM):
        for x, y, turn in _candidates(reference, ink.bodies[reference], size):
            is_clear = ink.is_nearest(reference, text_box(reference, x, y, turn, size))
            if is_clear and ink.take(reference, x, y, turn, size, own=reference):
                return Label(round(x, 3), round(y, 3), turn, size)
    return None


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
            label = _label(reference, ink)
            if label:
                found[reference] = label
    return found


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _text(text: str, x: float, y: float, size: float = SIZE_MM, stroke: float = STROKE_MM) -> dict[str, Any]:
    return {"text": text, "x": x, "y": y, "size": size, "stroke": stroke, "layer": "B.Silkscreen"}


def _control_names() -> Iterator[tuple[str, tuple[tuple[float, float], ...], float]]:
    """Name, places to try, size."""
    for control in controls():
        name, x, y = control.name.replace("_", " "), control.x, control.y
        if control.kind == "jack":
            yield name, ((x + 0.75, y),), SIZE_MM if len(name) < 8 else SMALL_MM
        elif control.kind == "pot":
            yield name, tuple((x, y + below) for below in POT_NAMES_MM), SIZE_MM
        elif control.kind == "usb":
            yield name, tuple((x, y + below) for below in (0.0, 2.6, 3.0)), SIZE_MM
        elif control.kind == "button":
            yield name, ((x, y),), SIZE_MM


def _texts(parts: Mapping[str, Component], placed: Mapping[str, Spot], ink: Ink) -> Iterator[dict[str, Any]]:
    for reference, spot in sorted(placed.items()):
        if reference.startswith("TP"):
            value = parts[reference].value
            name = SHORT.get(value, value.removesuffix("_ADC"))
            x, y = spot.point(0.0, 0.0)
            x = max(x, BOARD_EDGE_MM[0] + 0.4 + LETTER_WIDTH * SIZE_MM * len(name) / 2 + SIZE_MM / 6)
            if ink.take(name, x, y + TEST_POINT_MM, 0, SIZE_MM, own=reference):
                yield _text(name, x, y + TEST_POINT_MM)
    about = (
        (f"{BOARD.name} {REVISION}", 52.0, 56.6, 1.8, 0.3),
        ("CERN-OHL-P-2.0", 52.0, 58.5, 0.9, 0.14),
        ("untested design", 9.2, 39.2, 0.8, 0.12),
        ("Seed: USB here", 27.1, 21.8, 0.8, 0.12),
    )
    for words, x, y, size, stroke in about:
        if ink.take(words, x, y, 0, size):
            yield _text(words, x, y, size, stroke)
    for name, places, size in _control_names():
        where = next(((x, y) for x, y in places if ink.take(name, x, y, 0, size)), None)
        if where:
            yield _text(name, *where, size)
    yield from _power_texts(parts, placed, ink)


def _stripe_place(parts: Mapping[str, Component], placed: Mapping[str, Spot]) -> tuple[float, float, float]:
    """Beside the header's body at pins 1 and 2: x, and from where to where."""
    left, top, right, bottom = placed[POWER].box(load(parts[POWER].footprint).body)
    pin_x, _ = placed[POWER].point(0.0, 0.0)
    x = right + STRIPE_MM if pin_x > (left + right) / 2 else left - STRIPE_MM
    return x, top + 0.3, bottom - 0.3


def _power_texts(parts: Mapping[str, Component], placed: Mapping[str, Spot], ink: Ink) -> Iterator[dict[str, Any]]:
    """Which way round the cable goes, to be read with the header in its place."""
    if POWER not in placed:
        return
    x, top, bottom = _stripe_place(parts, placed)
    words, y = "RED -12V", (top + bottom) / 2
    ink.names.append((x - STRIPE_MM / 2, top, x + STRIPE_MM / 2, bottom))
    outwards = 1.15 if x > placed[POWER].x else -1.15
    if ink.take(words, x + outwards, y, 90, SIZE_MM):
        yield _text(words, x + outwards, y) | {"turn": 90}


def _stripe(parts: Mapping[str, Component], placed: Mapping[str, Spot]) -> Iterator[dict[str, Any]]:
    if POWER in placed:
        x, top, bottom = _stripe_place(parts, placed)
        yield {"kind": "line", "layer": "B.Silkscreen", "width": STRIPE_MM, "points": ((x, top), (x, bottom))}


def legends(
    parts: Mapping[str, Component], placed: Mapping[str, Spot], ink: Ink | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Shapes and texts on the back's silkscreen; takes their room in ink."""
    ink = ink or Ink(parts, placed, is_back=True)
    return list(_stripe(parts, placed)), list(_texts(parts, placed, ink))
