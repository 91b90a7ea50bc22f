# SPDX-License-Identifier: MIT
"""Fabrication files read back by gerbonara, which shares no code with KiCad, and held against the board file."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .pcb.footprints import Box
from .schematic.sexpr import List, children, parse, text_of

EDGE_MM = 0.25
"""Least room between copper and the edge."""
LAYER_NAMES: Mapping[str, tuple[str, str]] = {
    "F.Cu": ("top", "copper"),
    "B.Cu": ("bottom", "copper"),
    "In1.Cu": ("inner_1", "copper"),
    "In2.Cu": ("inner_2", "copper"),
    "F.Mask": ("top", "mask"),
    "B.Mask": ("bottom", "mask"),
    "F.Paste": ("top", "paste"),
    "B.Paste": ("bottom", "paste"),
    "F.Silkscreen": ("top", "silk"),
    "B.Silkscreen": ("bottom", "silk"),
    "Edge.Cuts": ("mechanical", "outline"),
}


@dataclass(frozen=True)
class Gerbers:
    """What is in the files. layers: gerbonara's names; drills: diameter in mm → count, slots by their width."""

    layers: frozenset[tuple[str, str]]
    outline: Box
    copper: Mapping[str, Box]
    drills: Mapping[float, int]


def _box(bounds: tuple[tuple[float, float], tuple[float, float]]) -> Box:
    (left, low), (right, high) = bounds
    return round(left, 3), round(low, 3), round(right, 3), round(high, 3)


def read(folder: Path) -> Gerbers:
    """Open a folder of gerbers and drill files."""
    from gerbonara import LayerStack  # type: ignore[import-untyped]
    from gerbonara.utils import MM  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        # It guesses layers by file name first and says so.
        warnings.simplefilter("ignore")
        stack = LayerStack.open(folder)
        used = {name: layer for name, layer in stack.graphic_layers.items() if layer is not None}
        copper = {
            side: _box(layer.bounding_box(unit=MM))
            for (side, use), layer in used.items()
            if use == "copper" and len(layer.objects)
        }
        drills: Counter[float] = Counter()
        for layer in stack.drill_layers:
            for tool, count in layer.hit_count().items():
                drills[round(float(tool.diameter), 3)] += count
        return Gerbers(frozenset(used), _box(stack.board_bounds(unit=MM)), copper, drills)


def _holes(board: List) -> Iterator[float]:
    for footprint in children(board, "footprint"):
        for pad in children(footprint, "pad"):
            for drill in children(pad, "drill"):
                sizes = [word for word in drill[1:] if isinstance(word, str) and word != "oval"]
                if sizes:
                    yield min(float(size) for size in sizes)
    for via in children(board, "via"):
        yield float(text_of(next(children(via, "drill"))))


def _outline(board: List) -> Box:
    points = [
        (float(text_of(point)), float(text_of(point, 2)))
        for kind in ("gr_line", "gr_arc")
        for shape in children(board, kind)
        if text_of(next(children(shape, "layer"))) == "Edge.Cuts"
        for name in ("start", "end")
        for point in children(shape, name)
    ]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def compare(found: Gerbers, board: Path, layers: Sequence[str]) -> list[str]:
    """What the files say otherwise than the board: layers, size, holes, copper too near the edge."""
    item = parse(board.read_text("utf-8"))
    complaints = []
    wanted = {LAYER_NAMES[layer] for layer in layers}
    if wanted != found.layers:
        complaints.append(f"layers: {sorted(wanted ^ found.layers)} in one only")
    left, top, right, bottom = _outline(item)
    line = 0.1
    width, height = (found.outline[2] - found.outline[0], found.outline[3] - found.outline[1])
    if abs(width - line - (right - left)) > 0.02 or abs(height - line - (bottom - top)) > 0.02:
        complaints.append(f"outline: {width:.2f} x {height:.2f} mm, the board {right - left:.2f} x {bottom - top:.2f}")
    holes = Counter(round(size, 3) for size in _holes(item))
    if holes != Counter(found.drills):
        complaints.append(f"holes: {dict(sorted(found.drills.items()))}, on the board {dict(sorted(holes.items()))}")
    half = line / 2
    edge = tuple(value + sign * (half + EDGE_MM) for value, sign in zip(found.outline, (1, 1, -1, -1), strict=True))
    for side, box in found.copper.items():
        if box[0] < edge[0] or box[1] < edge[1] or box[2] > edge[2] or box[3] > edge[3]:
            complaints.append(f"copper on {side} reaches {box}, the edge is {found.outline}")
    return complaints
