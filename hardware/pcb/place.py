# SPDX-License-Identifier: MIT
"""From the placement table to a place for every part: blocks are filled by columns, leftovers go near by."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from .footprints import Box, load
from .geometry import Spot, courtyard, grown, overlap
from .netlist import Component
from .panel_parts import BOARD_EDGE_MM, spots
from .table import BLOCKS, FIXED, Block

PIN_MARGIN_MM = 0.05
EDGE_MARGIN_MM = 0.5
STEP_MM = 0.25
UNSEATED = ("Module:Electrosmith_Daisy_Seed",)
"""Stands 7.1 mm above the board at least, on two sockets (depth.py): flat parts and others' pins fit beneath it."""


class Field:
    """What is taken on the back: courtyards of back parts, pins of everything."""

    def __init__(self) -> None:
        self.boxes: list[tuple[Box, str]] = []
        self.pins: list[tuple[Box, str]] = []

    def add(self, part: Component, spot: Spot) -> None:
        """Take a placed part's room."""
        footprint = load(part.footprint)
        if spot.is_back:
            self.boxes.append((courtyard(footprint, spot), part.reference))
        for pad in footprint.pads:
            if pad.is_hole and not (spot.is_back and part.footprint not in UNSEATED):
                self.pins.append((grown(spot.pad_box(pad), PIN_MARGIN_MM), part.reference))

    def hit(self, box: Box, body: Box | None = None) -> str | None:
        """The part whose room a box touches, if any. body: what may touch no pin, where it is not all of the box."""
        left, top, right, bottom = BOARD_EDGE_MM
        inner = (left + EDGE_MARGIN_MM, top + EDGE_MARGIN_MM, right - EDGE_MARGIN_MM, bottom - EDGE_MARGIN_MM)
        if box[0] < inner[0] or box[1] < inner[1] or box[2] > inner[2] or box[3] > inner[3]:
            return "the edge"
        near = [name for taken, name in self.boxes if overlap(taken, box)]
        near += [name for taken, name in self.pins if overlap(taken, body or box)]
        return near[0] if near else None


def _words(block: Block) -> Iterator[tuple[str, int]]:
    for word in block.parts.split():
        reference, _, turn = word.partition(":")
        yield reference, int(turn) if turn else block.turn


def _sized(part: Component, turn: int) -> tuple[Box, float, float]:
    box = courtyard(load(part.footprint), Spot(0.0, 0.0, turn))
    return box, box[2] - box[0], box[3] - box[1]


def _fill(block: Block, parts: Mapping[str, Component], field: Field) -> tuple[dict[str, Spot], list[str]]:
    top, bottom = block.strip
    x, y, width = block.left, top, 0.0
    placed: dict[str, Spot] = {}
    left_over = []
    for reference, turn in _words(block):
        if reference not in parts:
            continue
        box, w, h = _sized(parts[reference], turn)
        while True:
            if y + h > bottom + 1e-6:
                x, y, width = x + (width + block.gap if width else STEP_MM), top, 0.0
            if x + w > block.right + 1e-6:
                left_over.append(reference)
                break
            if field.hit((x, y, x + w, y + h)) is None:
                placed[reference] = Spot(round(x - box[0], 3), round(y - box[1], 3), turn)
                field.add(parts[reference], placed[reference])
                y, width = y + h + block.gap, max(width, w)
                break
            y += STEP_MM
    return placed, left_over


def _nearest(part: Component, goal: tuple[float, float], field: Field) -> Spot:
    rings = (range(max(1, int(8 * radius))) for radius in itertools.count())
    for radius, ring in zip(itertools.count(), rings):
        if radius > 110:
            break
        for turn, step in itertools.product((90, 0), ring):
            angle = 2 * math.pi * step / len(ring)
            x, y = round(goal[0] + radius * math.cos(angle), 1), round(goal[1] + radius * math.sin(angle), 1)
            spot = Spot(x, y, turn)
            if field.hit(grown(courtyard(load(part.footprint), spot), 0.1)) is None:
                return spot
    raise ValueError(f"no room is left on the back for {part.reference} ({part.footprint})")


def _goal(part: Component, parts: Mapping[str, Component], placed: Mapping[str, Spot]) -> tuple[float, float]:
    own = {net for net in part.pins.values() if net not in ("GND", "+3V3A", "+3V3D", "+12V", "-12V")}
    found = [
        placed[other.reference].point(pad.x, pad.y)
        for other in parts.values()
        if other.reference in placed
        for pad in load(other.footprint).pads
        if other.pins.get(pad.number) in own
    ]
    if not found:
        return (BOARD_EDGE_MM[0] + BOARD_EDGE_MM[2]) / 2, (BOARD_EDGE_MM[1] + BOARD_EDGE_MM[3]) / 2
    return sum(x for x, _ in found) / len(found), sum(y for _, y in found) / len(found)


def place(parts: Mapping[str, Component], blocks: Sequence[Block] = BLOCKS) -> tuple[dict[str, Spot], list[str]]:
    """Reference → place of every part, and the references that no block had room for, put nearest to their nets."""
    placed = spots(parts)
    placed |= {reference: spot for reference, spot in FIXED.items() if reference in parts}
    field = Field()
    for reference, spot in placed.items():
        field.add(parts[reference], spot)
    left_over: list[str] = []
    for block in blocks:
        found, rest = _fill(block, parts, field)
        placed |= found
        left_over += rest
    left_over += [reference for reference in parts if reference not in placed and reference not in left_over]
    for reference in left_over:
        placed[reference] = _nearest(parts[reference], _goal(parts[reference], parts, placed), field)
        field.add(parts[reference], placed[reference])
    return placed, left_over


def collisions(parts: Mapping[str, Component], placed: Mapping[str, Spot]) -> list[str]:
    """Courtyards on the back that overlap each other or a pin; parts placed one by one keep only the body off pins."""
    found = []
    field = Field()
    for reference, spot in placed.items():
        if spot.is_back and parts[reference].footprint not in UNSEATED:
            footprint = load(parts[reference].footprint)
            body = spot.box(footprint.body) if reference in FIXED else None
            hit = field.hit(courtyard(footprint, spot), body)
            if hit is not None:
                found.append(f"{reference} lies on {hit}")
        field.add(parts[reference], spot)
    return found
