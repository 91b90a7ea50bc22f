# SPDX-License-Identifier: MIT
"""What placement and routing need of a footprint: pads, courtyard and keep-outs, read from its .kicad_mod."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..schematic.sexpr import List, child, children, head, parse, text_of

STOCK = Path(os.environ.get("KICAD9_FOOTPRINT_DIR", "/usr/share/kicad/footprints"))
OWN = Path(__file__).resolve().parents[1] / "kicad" / "lottava.pretty"
OWN_LIBRARY = "lottava"

CIRCLE_STEPS = 24
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in mm."""


@dataclass(frozen=True)
class Pad:
    """number is empty where nothing connects. width, height: before the footprint turns; side F, B, or both."""

    number: str
    x: float
    y: float
    width: float
    height: float
    is_round: bool
    is_hole: bool
    is_plated: bool


@dataclass(frozen=True)
class Footprint:
    """Millimetres from the footprint's origin, seen from its own side. body: as drawn on the fabrication layer;
    ink: bounds of each stroke of its silkscreen."""

    name: str
    pads: tuple[Pad, ...]
    courtyard: Box
    body: Box
    ink: tuple[Box, ...]
    track_keepouts: tuple[tuple[tuple[float, float], ...], ...]

    @property
    def is_through_hole(self) -> bool:
        """Some pad has a plated hole."""
        return any(pad.is_plated for pad in self.pads)


def path_of(identifier: str) -> Path:
    """The file of "Library:Name". Raises FileNotFoundError that names it."""
    library, _, name = identifier.partition(":")
    folder = OWN if library == OWN_LIBRARY else STOCK / f"{library}.pretty"
    path = folder / f"{name}.kicad_mod"
    if not path.exists():
        raise FileNotFoundError(f"no footprint {identifier!r} ({path}); scripts/setup.sh kicad brings KiCad's own")
    return path


def _numbers(item: List) -> list[float]:
    return [float(text_of(item, index)) for index in range(1, len(item)) if not isinstance(item[index], list)]


def _pad(item: List) -> Pad:
    kind, shape = text_of(item, 2), text_of(item, 3)
    place = _numbers(child(item, "at"))
    width, height = _numbers(child(item, "size"))
    if len(place) > 2 and round(place[2]) % 180 == 90:
        width, height = height, width
    is_hole = kind in ("thru_hole", "np_thru_hole")
    return Pad(
        text_of(item, 1), place[0], place[1], width, height, shape in ("circle", "oval"), is_hole, kind == "thru_hole"
    )


def _points_on(item: List, wanted: str) -> Iterator[tuple[float, float]]:
    for shape in item:
        if not isinstance(shape, list) or not head(shape).startswith("fp_"):
            continue
        layer = next(children(shape, "layer"), None)
        if layer is None or text_of(layer) != wanted:
            continue
        if head(shape) == "fp_circle":
            centre, end = _numbers(child(shape, "center")), _numbers(child(shape, "end"))
            radius = ((centre[0] - end[0]) ** 2 + (centre[1] - end[1]) ** 2) ** 0.5
            yield centre[0] - radius, centre[1] - radius
            yield centre[0] + radius, centre[1] + radius
        for name in ("start", "mid", "end"):
            for one in children(shape, name):
                if head(shape) != "fp_circle":
                    yield _numbers(one)[0], _numbers(one)[1]
        for points in children(shape, "pts"):
            for one in children(points, "xy"):
                yield _numbers(one)[0], _numbers(one)[1]


def _ink(item: List) -> Iterator[Box]:
    for shape in item:
        if not isinstance(shape, list) or head(shape) not in ("fp_line", "fp_arc", "fp_circle", "fp_rect", "fp_poly"):
            continue
        if text_of(child(shape, "layer")) != "F.SilkS":
            continue
        half = _numbers(child(child(shape, "stroke"), "width"))[0] / 2
        if head(shape) == "fp_circle":
            (x, y), end = _numbers(child(shape, "center")), _numbers(child(shape, "end"))
            radius = math.hypot(end[0] - x, end[1] - y)
            angles = [math.tau * step / CIRCLE_STEPS for step in range(CIRCLE_STEPS + 1)]
            points = [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]
        else:
            points = list(_points_on([shape], "F.SilkS"))
        if head(shape) == "fp_rect":
            (left, top), (right, bottom) = points
            points = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        for (x1, y1), (x2, y2) in itertools.pairwise(points):
            yield min(x1, x2) - half, min(y1, y2) - half, max(x1, x2) + half, max(y1, y2) + half


def _keepouts(item: List) -> Iterator[tuple[tuple[float, float], ...]]:
    for zone in children(item, "zone"):
        rules = next(children(zone, "keepout"), None)
        if rules is not None and text_of(child(rules, "tracks")) == "not_allowed":
            points = child(child(zone, "polygon"), "pts")
            yield tuple((_numbers(one)[0], _numbers(one)[1]) for one in children(points, "xy"))


def _bounds(points: list[tuple[float, float]]) -> Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


@cache
def load(identifier: str) -> Footprint:
    """The footprint "Library:Name". Raises FileNotFoundError."""
    item = parse(path_of(identifier).read_text("utf-8"))
    points, body = list(_points_on(item, "F.CrtYd")), list(_points_on(item, "F.Fab"))
    pads = tuple(_pad(one) for one in children(item, "pad"))
    if not points:
        points = [(pad.x + side * pad.width / 2, pad.y + side * pad.height / 2) for pad in pads for side in (-1, 1)]
    return Footprint(
        identifier, pads, _bounds(points), _bounds(body or points), tuple(_ink(item)), tuple(_keepouts(item))
    )
