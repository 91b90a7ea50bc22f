# SPDX-License-Identifier: MIT
"""Leads that end beneath the body of a part on the other side of a board file: no rule of KiCad's sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..schematic.sexpr import List, child, children, head, parse, text_of
from .footprints import Box
from .geometry import TURNS

FLAT_RIM_MM = 0.1
"""This much of a pad may lie under a body: solder on a pad's rim is flat."""
JOINT_MM = 0.1
"""Ends of drawn lines that are no further apart belong to one outline; stock footprints are that sloppy."""
SOCKET_HALF_WIDTH_MM = 1.27
SEED = "Module:Electrosmith_Daisy_Seed"
"""Stands above everything on two sockets; their bodies are what lies on the board."""


@dataclass(frozen=True)
class Part:
    """A footprint of a board file: bodies on its own side, and pads with holes."""

    reference: str
    is_back: bool
    bodies: tuple[Box, ...]
    pads: Mapping[str, tuple[Box, ...]]


def _numbers(item: List) -> list[float]:
    return [float(text_of(item, index)) for index in range(1, len(item)) if not isinstance(item[index], list)]


def _bounds(boxes: list[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _drawn(footprint: List) -> Iterator[Box]:
    """Bounds of each shape on the fabrication layer."""
    for shape in footprint:
        if not isinstance(shape, list) or not head(shape).startswith("fp_") or head(shape) == "fp_text":
            continue
        if text_of(child(shape, "layer")) not in ("F.Fab", "B.Fab"):
            continue
        if head(shape) == "fp_circle":
            (x, y), end = _numbers(child(shape, "center")), _numbers(child(shape, "end"))
            radius = ((end[0] - x) ** 2 + (end[1] - y) ** 2) ** 0.5
            yield x - radius, y - radius, x + radius, y + radius
            continue
        points = [_numbers(one) for name in ("start", "mid", "end") for one in children(shape, name)]
        points += [_numbers(one) for pts in children(shape, "pts") for one in children(pts, "xy")]
        yield _bounds([(x, y, x, y) for x, y, *_ in points])


def _corners(box: Box) -> tuple[tuple[float, float], ...]:
    return (box[0], box[1]), (box[2], box[1]), (box[0], box[3]), (box[2], box[3])


def _joined(one: Box, other: Box) -> bool:
    return any(abs(x - u) <= JOINT_MM and abs(y - v) <= JOINT_MM for x, y in _corners(one) for u, v in _corners(other))


def _outlines(boxes: list[Box]) -> list[Box]:
    """Bounds of what is drawn in one stroke; lone lines, as to a pin beside the body, are none."""
    groups: list[list[Box]] = []
    for box in boxes:
        near = [group for group in groups if any(_joined(box, other) for other in group)]
        groups = [group for group in groups if group not in near] + [[box, *(one for group in near for one in group)]]
    found = [_bounds(group) for group in groups]
    return [box for box in found if box[2] - box[0] > JOINT_MM and box[3] - box[1] > JOINT_MM]


def _pads(footprint: List, turn: float) -> Iterator[tuple[str, Box]]:
    """Pads with holes in the footprint's frame; files hold a pad's turn as it lies on the board."""
    for pad in children(footprint, "pad"):
        if text_of(pad, 2) in ("thru_hole", "np_thru_hole"):
            x, y, *own = _numbers(child(pad, "at"))
            width, height = _numbers(child(pad, "size"))
            if round((own[0] if own else 0.0) - turn) % 180 == 90:
                width, height = height, width
            yield text_of(pad), (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def body_box(footprint: List) -> Box:
    """Bounds of a footprint's body in its own frame, or of its pads where none is drawn."""
    drawn = _outlines(list(_drawn(footprint)))
    if drawn:
        return _bounds(drawn)
    sizes = [(_numbers(child(pad, "at")), _numbers(child(pad, "size"))) for pad in children(footprint, "pad")]
    return _bounds([(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y, *_), (w, h) in sizes])


def _sockets(pads: list[tuple[str, Box]]) -> list[Box]:
    rows = sorted({round((box[0] + box[2]) / 2, 2) for _, box in pads})
    top, bottom = min(box[1] for _, box in pads), max(box[3] for _, box in pads)
    return [(x - SOCKET_HALF_WIDTH_MM, top, x + SOCKET_HALF_WIDTH_MM, bottom) for x in rows]


def _placed(box: Box, x: float, y: float, turn: float) -> Box:
    cosine, sine = TURNS[round(turn) % 360]
    points = [(x + u * cosine + v * sine, y - u * sine + v * cosine) for u, v in _corners(box)]
    return _bounds([(u, v, u, v) for u, v in points])


def parts(board: List) -> Iterator[Part]:
    """The parts of a parsed board file, in its own millimetres."""
    for item in children(board, "footprint"):
        reference = next(text_of(one, 2) for one in children(item, "property") if text_of(one) == "Reference")
        x, y, *angle = _numbers(child(item, "at"))
        turn = angle[0] if angle else 0.0
        pads = list(_pads(item, turn))
        bodies = _sockets(pads) if text_of(item) == SEED else _outlines(list(_drawn(item)))
        by_number: dict[str, tuple[Box, ...]] = {}
        for number, box in pads:
            by_number[number] = (*by_number.get(number, ()), _placed(box, x, y, turn))
        placed = tuple(_placed(box, x, y, turn) for box in bodies)
        yield Part(reference, text_of(child(item, "layer")) == "B.Cu", placed, by_number)


def _depth(one: Box, other: Box) -> float:
    """How far two boxes reach into each other; negative where they don't."""
    return min(min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1]))


def leads_under_bodies(path: Path) -> list[str]:
    """Pads with holes whose leads end beneath a body on the other side, by how much."""
    everything = list(parts(parse(path.read_text("utf-8"))))
    found = []
    for part in everything:
        others = [other for other in everything if other.is_back != part.is_back]
        for number, boxes in part.pads.items():
            for other in others:
                deep = max((_depth(box, body) for box in boxes for body in other.bodies), default=0.0)
                if deep > FLAT_RIM_MM:
                    found.append(
                        f"{part.reference} pad {number or 'without number'}: {deep:.2f} mm under {other.reference}"
                    )
    return sorted(found)
