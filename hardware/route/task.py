# SPDX-License-Identifier: MIT
"""The router's task from a placed netlist, and its result as copper. Coordinates: mm on the panel, a grid of 0.1 mm."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..pcb import rules
from ..pcb.by_hand import TRACKS
from ..pcb.copper import Copper, Point, Track, Via
from ..pcb.fiducials import FOOTPRINT as FIDUCIAL
from ..pcb.footprints import load
from ..pcb.geometry import Spot, grown
from ..pcb.netlist import Netlist
from ..pcb.panel_parts import BOARD_EDGE_MM

PITCH_MM = 0.1
LAYERS = ("F.Cu", rules.POWER_LAYER, "B.Cu")
"""Layers with tracks, as the router counts them; the ground layer has none."""
VIA_COST_MM = 2.5
WIDTHS_MM = (rules.SIGNAL_WIDTH_MM, rules.RAIL_WIDTH_MM, rules.SUPPLY_WIDTH_MM)
LAYER_COSTS = ((1.0, 2.5, 1.0), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))
"""A row for each width: signals keep off the power layer where they can."""
PLANES = (rules.GROUND, rules.POWER_PLANE)
BARE_HOLE_MM = 0.16
"""Extra room around holes without copper: KiCad takes them for part of the edge."""
PLANE_ROOM_MM = 0.5
FIDUCIAL_ROOM_MM = 0.5
"""The opening in the mask around a fiducial, where no track may show."""
ROUNDS = 120
SOURCES = tuple(Path(__file__).resolve().parent / name for name in ("router.cc", "grid.cc"))


@dataclass(frozen=True)
class Wire:
    """One thing to route: net, pads by number, and whether it ends on its plane."""

    net: str
    pads: tuple[int, ...]
    to_plane: bool


@dataclass(frozen=True)
class Task:
    """The router's input and what its numbers mean."""

    text: str
    wires: tuple[Wire, ...]


def _pad_lines(
    netlist: Netlist, placed: Mapping[str, Spot], groups: Mapping[str, int]
) -> Iterator[tuple[str, str, bool]]:
    """A line, the net and whether there is a hole, for each pad."""
    alone = len(groups) + 1
    for reference in sorted(placed):
        part, spot = netlist.components[reference], placed[reference]
        for pad in load(part.footprint).pads:
            net = part.pins.get(pad.number, "") if pad.number else ""
            group = groups.get(net, 0)
            if not group:
                group, alone = alone, alone + 1
            layers = 7 if pad.is_hole else 4 if spot.is_back else 1
            box = spot.pad_box(pad)
            if pad.is_hole and not pad.is_plated:
                box = grown(box, BARE_HOLE_MM)
            if part.footprint == FIDUCIAL:
                box = grown(box, FIDUCIAL_ROOM_MM)
            place = " ".join(f"{value:.4f}" for value in box)
            yield f"{group} {layers} {place} {int(pad.is_round)} {int(pad.is_hole)}", net, pad.is_hole


def _laid_lines(groups: Mapping[str, int]) -> Iterator[str]:
    """Tracks that lie already: as pads, first both ends of each, by which the router reaches them, then all of it."""
    dot = PITCH_MM / 10
    boxes = []
    for track in TRACKS:
        (x1, y1), (x2, y2) = track.points
        boxes += [(track, grown((x, y, x, y), dot)) for x, y in track.points]
        boxes.append((track, grown((min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)), track.width / 2)))
    for track, box in boxes:
        yield f"{groups[track.net]} {1 << LAYERS.index(track.layer)} {' '.join(f'{v:.4f}' for v in box)} 0 0"


def _plane_rooms(pads: Iterable[tuple[str, str, bool]]) -> Iterator[str]:
    """Room on the power layer around the pins on its plane, so that the pour reaches them between tracks."""
    for line, net, has_hole in pads:
        if net == rules.POWER_PLANE and has_hole:
            group, _, *box = line.split()[:6]
            left, top, right, bottom = grown(tuple(map(float, box)), PLANE_ROOM_MM)  # type: ignore[arg-type]
            yield f"{group} {1 << LAYERS.index(rules.POWER_LAYER)} {left:.4f} {top:.4f} {right:.4f} {bottom:.4f} 0 0"


def _laid_wires(wire: Wire, places: Mapping[int, float], first: int) -> Iterator[Wire]:
    """A wire with a laid track in it as two, from either end of the track to the pads that are nearer to it."""
    number = next((i for i, track in enumerate(TRACKS) if track.net == wire.net), None)
    if number is None or wire.to_plane:
        yield wire
        return
    ys = [y for _, y in TRACKS[number].points]
    for end, other in ((0, 1), (1, 0)):
        near = [pad for pad in wire.pads if abs(places[pad] - ys[end]) < abs(places[pad] - ys[other])]
        yield Wire(wire.net, (first + 3 * number + end, *near), False)


def _wires(pads: Iterable[tuple[str, str, bool]]) -> Iterator[Wire]:
    by_net: dict[str, list[int]] = {}
    for number, (_, net, has_hole) in enumerate(pads):
        if net in PLANES:
            if not has_hole:
                yield Wire(net, (number,), True)
        elif net:
            by_net.setdefault(net, []).append(number)
    for net, numbers in by_net.items():
        if len(numbers) > 1:
            yield Wire(net, tuple(numbers), False)


def _keepouts(netlist: Netlist, placed: Mapping[str, Spot]) -> Iterator[str]:
    for reference in sorted(placed):
        spot = placed[reference]
        for polygon in load(netlist.components[reference].footprint).track_keepouts:
            points = [spot.point(*point) for point in polygon]
            yield f"{2 if spot.is_back else 0} {len(points)} " + " ".join(f"{x:.4f} {y:.4f}" for x, y in points)


def make_task(netlist: Netlist, placed: Mapping[str, Spot]) -> Task:
    """What the router reads: grid, sizes, pads, wires, keep-outs."""
    left, top, right, bottom = BOARD_EDGE_MM
    groups = {net: number for number, net in enumerate(netlist.nets, start=1)}
    pads = list(_pad_lines(netlist, placed, groups))
    middles = {number: float(line.split()[3]) for number, (line, _, _) in enumerate(pads)}
    wires = tuple(half for wire in _wires(pads) for half in _laid_wires(wire, middles, len(pads)))
    laid = [*_laid_lines(groups), *_plane_rooms(pads)]
    keepouts = list(_keepouts(netlist, placed))
    columns, rows = round((right - left) / PITCH_MM) + 1, round((bottom - top) / PITCH_MM) + 1
    lines = [f"{columns} {rows} {len(LAYERS)} {PITCH_MM} {left} {top}"]
    sizes = (rules.ROUTED_CLEARANCE_MM, rules.VIA_MM / 2, rules.DRILL_MM / 2, rules.HOLE_TO_HOLE_MM, rules.EDGE_MM)
    lines.append(" ".join(map(str, sizes)) + f" {VIA_COST_MM / PITCH_MM}")
    lines.append(str(len(WIDTHS_MM)))
    lines += [f"{width} {' '.join(map(str, costs))}" for width, costs in zip(WIDTHS_MM, LAYER_COSTS, strict=True)]
    lines += [str(len(pads) + len(laid)), *(line for line, _, _ in pads), *laid]
    lines.append(str(len(wires)))
    for wire in wires:
        width = WIDTHS_MM.index(rules.width_of(wire.net))
        lines.append(
            f"{groups[wire.net]} {width} {int(wire.to_plane)} {len(wire.pads)} {' '.join(map(str, wire.pads))}"
        )
    lines += [str(len(keepouts)), *keepouts]
    return Task("\n".join(lines) + "\n", wires)


Node = tuple[int, int, int]


def _point(x: int, y: int) -> Point:
    return round(BOARD_EDGE_MM[0] + PITCH_MM * x, 3), round(BOARD_EDGE_MM[1] + PITCH_MM * y, 3)


def _chains(paths: Iterable[list[Node]]) -> Iterator[list[Node]]:
    """Straight runs, cut where tracks meet, so that every end of a track lies on another's end."""
    degree: dict[Node, set[Node]] = {}
    edges = []
    for path in paths:
        for one, other in itertools.pairwise(path):
            if one[0] == other[0] and other not in degree.get(one, set()):
                degree.setdefault(one, set()).add(other)
                degree.setdefault(other, set()).add(one)
                edges.append((one, other))
    done: set[tuple[Node, Node]] = set()
    for one, other in edges:
        for start, towards in ((one, other), (other, one)):
            if len(degree[start]) == 2 or (start, towards) in done:
                continue
            chain = [start, towards]
            while len(degree[chain[-1]]) == 2:
                chain.append(next(node for node in sorted(degree[chain[-1]]) if node != chain[-2]))
            done |= set(itertools.pairwise(chain)) | set(zip(chain[1:], chain, strict=False))
            yield chain


def _corners(chain: list[Node]) -> list[Node]:
    kept = [chain[0]]
    for before, here, after in zip(chain, chain[1:], chain[2:], strict=False):
        if (here[1] - before[1], here[2] - before[2]) != (after[1] - here[1], after[2] - here[2]):
            kept.append(here)
    return [*kept, chain[-1]]


def read_result(text: str, task: Task) -> tuple[Copper, list[str]]:
    """The routed copper, and the nets of wires that stayed open."""
    paths: dict[int, list[list[Node]]] = {}
    vias, still_open, current = set(), [], 0
    for line in text.splitlines():
        kind, *words = line.split()
        numbers = list(map(int, words))
        if kind == "wire":
            current = numbers[0]
            if numbers[1]:
                still_open.append(task.wires[current].net)
        elif kind == "path":
            nodes = list(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=False))
            paths.setdefault(current, []).append(nodes)
        else:
            vias.add(Via(task.wires[current].net, _point(*numbers)))
    tracks = list(TRACKS)
    for number, found in paths.items():
        net = task.wires[number].net
        for chain in _chains(found):
            points = tuple(_point(x, y) for _, x, y in _corners(chain))
            tracks.append(Track(net, LAYERS[chain[0][0]], rules.width_of(net), points))
    return Copper(tuple(tracks), tuple(vias)), still_open


def compile_router(folder: Path) -> Path:
    """The router's program, built in a folder. Raises CalledProcessError."""
    program = folder / "router"
    warnings = ("-Wall", "-Wextra", "-Werror")
    subprocess.run(["g++", "-std=c++17", "-O2", *warnings, "-o", str(program), *map(str, SOURCES)], check=True)
    return program


def route(task: Task, rounds: int = ROUNDS) -> tuple[Copper, list[str]]:
    """Compile the router and run it; its progress goes to stderr."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = compile_router(folder)
        (folder / "task").write_text(task.text, encoding="ascii")
        command = [str(program), str(folder / "task"), str(folder / "result"), str(rounds)]
        subprocess.run(command, check=True, stderr=sys.stderr)
        return read_result((folder / "result").read_text("ascii"), task)
