# SPDX-License-Identifier: MIT
"""Where a symbol's points land on a sheet: library coordinates (y up) turned, mirrored and moved (y down)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

GRID_MM = 1.27
"""Everything electrical sits on this grid; blocks are drawn in its units."""
_COSINE = {0: 1, 90: 0, 180: -1, 270: 0}
_SINE = {0: 0, 90: 1, 180: 0, 270: -1}


class Point(NamedTuple):
    """A place on a sheet in grid units, y down."""

    x: float
    y: float

    def moved(self, right: float = 0, down: float = 0) -> Point:
        """A point beside this one."""
        return Point(self.x + right, self.y + down)

    @property
    def mm(self) -> tuple[float, float]:
        """In millimetres, as a file has it."""
        return round(self.x * GRID_MM, 4), round(self.y * GRID_MM, 4)


class Box(NamedTuple):
    """A rectangle on a sheet in grid units."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, *points: Point) -> Box:
        """The smallest that holds all points."""
        return cls(
            min(p.x for p in points), min(p.y for p in points), max(p.x for p in points), max(p.y for p in points)
        )

    def overlaps(self, other: Box, slack: float = 0.0) -> bool:
        """True where both share more than `slack` in each direction."""
        return (
            min(self.right, other.right) - max(self.left, other.left) > slack
            and min(self.bottom, other.bottom) - max(self.top, other.top) > slack
        )


@dataclass(frozen=True)
class Pose:
    """A symbol's place: origin, turn counter-clockwise in degrees, then mirrored about the "x" or the "y" axis."""

    origin: Point
    turn: int = 0
    mirror: str = ""

    def __post_init__(self) -> None:
        if self.turn not in _COSINE or self.mirror not in ("", "x", "y"):
            raise ValueError(f"a symbol can't be turned by {self.turn} and mirrored {self.mirror!r}")

    def direction(self, x: float, y: float) -> tuple[float, float]:
        """A library vector (y up) as a sheet vector (y down)."""
        cosine, sine = _COSINE[self.turn], _SINE[self.turn]
        right, down = x * cosine - y * sine, -x * sine - y * cosine
        return -right if self.mirror == "y" else right, -down if self.mirror == "x" else down

    def place(self, x: float, y: float) -> Point:
        """A library point in grid units as a point of the sheet."""
        right, down = self.direction(x, y)
        return Point(round(self.origin.x + right, 4), round(self.origin.y + down, 4))
