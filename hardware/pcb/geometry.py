# SPDX-License-Identifier: MIT
"""Where a placed footprint's pads and courtyard lie; all in panel coordinates, seen from the front, y downwards."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .footprints import Box, Footprint, Pad

TURNS = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}


@dataclass(frozen=True)
class Spot:
    """Where a footprint's origin lies. On the back it is mirrored left to right, then turned (anticlockwise)."""

    x: float
    y: float
    turn: int = 0
    is_back: bool = True

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A point of the footprint on the panel."""
        cosine, sine = TURNS[self.turn % 360]
        x = -x if self.is_back else x
        return self.x + x * cosine + y * sine, self.y - x * sine + y * cosine

    def box(self, box: Box) -> Box:
        """A box of the footprint on the panel."""
        (x0, y0), (x1, y1) = self.point(box[0], box[1]), self.point(box[2], box[3])
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    def pad_box(self, pad: Pad) -> Box:
        """Bounds of a pad on the panel."""
        return self.box((pad.x - pad.width / 2, pad.y - pad.height / 2, pad.x + pad.width / 2, pad.y + pad.height / 2))


def courtyard(footprint: Footprint, spot: Spot) -> Box:
    """Bounds of a placed footprint's courtyard."""
    return spot.box(footprint.courtyard)


def grown(box: Box, margin: float) -> Box:
    """A box with a margin all around."""
    return box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin


def overlap(one: Box, other: Box) -> bool:
    """Do two boxes share an area? Touching edges don't."""
    return (
        one[0] < other[2] - 1e-6 and other[0] < one[2] - 1e-6 and one[1] < other[3] - 1e-6 and other[1] < one[3] - 1e-6
    )


def gap(one: Box, other: Box) -> float:
    """Distance between two boxes; 0 where they touch or overlap."""
    return math.hypot(max(one[0] - other[2], other[0] - one[2], 0.0), max(one[1] - other[3], other[1] - one[3], 0.0))
