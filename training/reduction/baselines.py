# SPDX-License-Identifier: MIT
"""What a method must beat (M18–M20): widths without weights, weights without choice, one factor on all widths."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lottava.builder import random_arrays
from lottava.cost import macs_per_frame
from lottava.graph import Graph, named_arrays

from .fit import Fitted, Schedule, fit
from .graph_trim import with_arrays
from .groups import Channels
from .task import Task

SCRATCH_CAP = 4.0
"""Scratch-B trains at most this many times as long; the paper (1810.05270) stops at 2."""


def random_scores(channels: Channels, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """M19: luck."""
    return {name: rng.random(group.size) for name, group in channels.free.items()}


def random_at(channels: Channels, widths: Mapping[str, int], rng: np.random.Generator) -> dict[str, NDArray[np.int64]]:
    """M19 at a ticket's widths: its counts, other units."""
    return {
        name: np.sort(rng.permutation(group.size)[: widths[name]])
        if not (group.suffix or group.held)
        else np.arange(widths[name])
        for name, group in channels.free.items()
    }


def first_units(channels: Channels) -> dict[str, NDArray[np.float64]]:
    """M20: scores by which a local selection keeps the first units of each group: the same factor on every width."""
    return {name: -np.arange(group.size, dtype=np.float64) for name, group in channels.free.items()}


def redrawn(graph: Graph, rng: np.random.Generator) -> Graph:
    """The graph's shapes with fresh random weights; arrays that were all zero or one stay."""
    make, found = random_arrays(rng), {}
    for layer in graph.layers:
        fresh = make(layer, {name: array.shape for name, array in layer.arrays.items()})
        for name, array in fresh.items():
            old = layer.arrays[name]
            plain = not old.any() or bool(np.all(old == 1))
            found[f"{layer.name}.{name}"] = old if plain else array
    return with_arrays(graph, found)


def scratch_steps(steps: int, parent: Graph, small: Graph, cap: float = SCRATCH_CAP) -> int:
    """Scratch-B: steps after which the small graph has cost the parent's multiply-accumulates, at most cap · steps."""
    return round(steps * min(cap, macs_per_frame(parent) / macs_per_frame(small)))


def from_scratch(task: Task, parent: Graph, schedule: Schedule, seed: int, *, budget: str = "E") -> Fitted:
    """M18: a ticket's widths trained from fresh weights. budget: E, as many steps; B, as many operations as the parent.

    task: the ticket's, whose weights aren't used.
    """
    steps = schedule.steps if budget == "E" else scratch_steps(schedule.steps, parent, task.graph)
    fresh = task.on(redrawn(task.graph, np.random.default_rng(seed)))
    return fit(fresh, Schedule(steps, schedule.rate, schedule.betas, schedule.decay), seed)


def structure(graph: Graph) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Names and shapes of all arrays: alike where two graphs are of one architecture."""
    return tuple((name, array.shape) for name, array in named_arrays(graph).items())
