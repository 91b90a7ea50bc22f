# SPDX-License-Identifier: MIT
"""Routed copper as text, so that the board comes out the same without routing again.

A line is `track LAYER WIDTH NET x,y x,y …` or `via NET x,y`: millimetres from the panel's top left corner.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import rules

ROUTES = Path(__file__).resolve().parent / "routes.txt"
HEADER = "# Written by `python -m lottava.hardware route`: track LAYER WIDTH NET points, or via NET point, in mm."

Point = tuple[float, float]


@dataclass(frozen=True, order=True)
class Track:
    """Copper of one width along a chain of points."""

    net: str
    layer: str
    width: float
    points: tuple[Point, ...]


@dataclass(frozen=True, order=True)
class Via:
    """A through via."""

    net: str
    at: Point


@dataclass(frozen=True)
class Copper:
    """Everything routed."""

    tracks: tuple[Track, ...] = field(default=())
    vias: tuple[Via, ...] = field(default=())

    def track_items(self) -> list[dict[str, Any]]:
        """Tracks for the board's job."""
        return [{"net": one.net, "layer": one.layer, "width": one.width, "points": one.points} for one in self.tracks]

    def via_items(self) -> list[dict[str, Any]]:
        """Vias for the board's job."""
        sizes = {"diameter": rules.VIA_MM, "drill": rules.DRILL_MM}
        return [{"net": via.net, "x": via.at[0], "y": via.at[1], **sizes} for via in self.vias]


def _point(point: Point) -> str:
    return ",".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in point)


def to_text(copper: Copper) -> str:
    """Sorted, a line each."""
    lines = [HEADER]
    for track in sorted(copper.tracks):
        name = track.net.replace(" ", "\\s")
        lines.append(f"track {track.layer} {track.width} {name} {' '.join(map(_point, track.points))}")
    lines += [f"via {via.net.replace(' ', chr(92) + 's')} {_point(via.at)}" for via in sorted(copper.vias)]
    return "\n".join(lines) + "\n"


def _read_point(word: str) -> Point:
    x, _, y = word.partition(",")
    return float(x), float(y)


def from_text(text: str) -> Copper:
    """The copper of a file. Raises ValueError that names the line."""
    tracks, vias = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        try:
            if not words or words[0] == "#":
                continue
            if words[0] == "track":
                net = words[3].replace("\\s", " ")
                tracks.append(Track(net, words[1], float(words[2]), tuple(map(_read_point, words[4:]))))
            elif words[0] == "via":
                vias.append(Via(words[1].replace("\\s", " "), _read_point(words[2])))
            else:
                raise ValueError(f"neither track nor via: {words[0]!r}")
        except (IndexError, ValueError) as error:
            raise ValueError(f"routed copper, line {number}: {error}") from error
    return Copper(tuple(tracks), tuple(vias))


def load(path: Path = ROUTES) -> Copper:
    """The committed copper; empty where nothing is routed yet."""
    return from_text(path.read_text("utf-8")) if path.exists() else Copper()
