# SPDX-License-Identifier: MIT
"""Nested widths of a graph: units in order of worth, so that every narrower network is a prefix of each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lottava.graph import Graph, GraphError, named_arrays
from lottava.levels import Widths

from .graph_trim import with_arrays
from .groups import Channels
from .select import Scores, removal_order, steps_of

Order = Mapping[str, NDArray[np.int64]]
"""Free group → its units, the worthiest first."""


def ranking(scores: Scores, channels: Channels) -> dict[str, NDArray[np.int64]]:
    """Units by score, as reduction would keep them: held ones first, a suffix in its own order."""
    return {name: removal_order(group, np.asarray(scores[name]))[::-1].copy() for name, group in channels.free.items()}


def shares(channels: Channels, levels: Sequence[float]) -> list[dict[str, int]]:
    """Widths of the free groups at each share of them: the widest allowed one (whole, or a multiple of 4) below it.

    Raises ValueError unless shares fall from level to level and lie between 0 and 1.
    """
    if list(levels) != sorted(set(levels), reverse=True) or not all(0 < share < 1 for share in levels):
        raise ValueError(f"levels {list(levels)} should be shares between 1 and 0, each below the one before")
    return [
        {
            name: next((width for width in steps_of(group) if width <= share * group.size), steps_of(group)[-1])
            for name, group in channels.free.items()
        }
        for share in levels
    ]


def index_of(channels: Channels, order: Order) -> dict[tuple[str, int], NDArray[np.int64]]:
    """(parameter, axis) → which position goes where, for units in this order."""
    found: dict[tuple[str, int], NDArray[np.int64]] = {}
    for name, units in order.items():
        for member in channels.groups[name].members:
            span = member.span
            if span.tensor in channels.shapes:
                size = channels.shapes[span.tensor][span.axis]
                index = found.setdefault((span.tensor, span.axis), np.arange(size))
                positions = np.asarray(span.positions())
                index[positions] = positions[units]
    return found


def ordered(graph: Graph, channels: Channels, order: Order) -> Graph:
    """A float graph that computes the same with its units in this order."""
    arrays = named_arrays(graph)
    for (name, axis), index in index_of(channels, order).items():
        arrays[name] = np.take(arrays[name], index, axis)
    return with_arrays(graph, arrays)


def _owners(channels: Channels, tensor: str) -> list[tuple[str, int]]:
    """Group and unit of each channel."""
    owners: dict[int, tuple[str, int]] = {}
    for name, group in channels.groups.items():
        for unit, channels_of_unit in enumerate(group.places.get((tensor, 0), ())):
            owners |= dict.fromkeys(channels_of_unit, (name, unit))
    return [owners[channel] for channel in range(channels.sizes[tensor])]


def _segments(owners: Sequence[tuple[str, int]]) -> list[list[tuple[str, int]]]:
    """Runs of channels in which one group counts its units up."""
    runs: list[list[tuple[str, int]]] = []
    for owner in owners:
        last = runs[-1][-1] if runs else ("", 0)
        if owner[0] == last[0] and owner[1] in (last[1], last[1] + 1):
            runs[-1].append(owner)
        else:
            runs.append([owner])
    return runs


def level_table(channels: Channels, levels: Sequence[Mapping[str, int]]) -> tuple[Widths, ...]:
    """For Graph.levels: the whole, then each of these widths by group. No levels give an empty table.

    Raises GraphError for a group that is narrowed but not counted up from its first unit wherever it lies.
    """
    narrowed = {name for widths in levels for name, width in widths.items() if width < channels.groups[name].size}
    table: list[dict[str, tuple[int, ...]]] = [{} for _ in range(1 + len(levels))] if narrowed else []
    for tensor in channels.sizes:
        runs = _segments(_owners(channels, tensor))
        if not narrowed & {run[0][0] for run in runs}:
            continue
        if odd := sorted({run[0][0] for run in runs if run[0][0] in narrowed and run[0][1] != 0}):
            raise GraphError(f"groups {odd} lie in {tensor!r} in pieces that no prefix is part of; leave them whole")
        for level, widths in zip(table, [{}, *levels], strict=True):
            level[tensor] = tuple(sum(unit < widths.get(name, unit + 1) for name, unit in run) for run in runs)
    return tuple(table)


def with_levels(graph: Graph, channels: Channels, levels: Sequence[Mapping[str, int]]) -> Graph:
    """The graph with these widths by group as its levels. Raises GraphError as level_table does."""
    return replace(graph, levels=level_table(channels, levels))
