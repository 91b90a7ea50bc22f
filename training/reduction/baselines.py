# SPDX-License-Identifier: MIT
"""What a method must beat (M18–M20): widths without weights, weights without choice, one factor on all widths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava.cost import macs_per_frame
from lottava.graph import Graph

from .groups import Channels

SCRATCH_CAP = 4.0
"""Scratch-B trains at most this many times as long; the paper (1810.05270) stops at 2."""


def random_scores(channels: Channels, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """M19: luck."""
    return {name: rng.random(group.size) for name, group in channels.free.items()}


def first_units(channels: Channels) -> dict[str, NDArray[np.float64]]:
    """M20: scores by which a local selection keeps the first units of each group: the same factor on every width."""
    return {name: -np.arange(group.size, dtype=np.float64) for name, group in channels.free.items()}


def scratch_steps(steps: int, parent: Graph, small: Graph, cap: float = SCRATCH_CAP) -> int:
    """Scratch-B: steps after which the small graph has cost the parent's multiply-accumulates, at most cap · steps."""
    return round(steps * min(cap, macs_per_frame(parent) / macs_per_frame(small)))
