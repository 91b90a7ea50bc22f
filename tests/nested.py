# SPDX-License-Identifier: MIT
"""Random graphs with levels, for tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from lottava.training.reduction.groups import channel_groups
from lottava.training.reduction.nest import level_table
from streaming import KINDS, PERIODS, RandomBuilder, random_streaming_graph, with_random_integers

from lottava.graph import Graph, GraphError

Widths = list[dict[str, int]]


def nested(graph: Graph, rng: np.random.Generator, levels: int = 2) -> tuple[Graph, Widths]:
    """With levels of any widths, whole first, and those by group; none where nothing can be narrowed."""
    channels = channel_groups(graph)
    widths = [{name: group.size for name, group in channels.free.items()}]
    for _ in range(levels):
        widths.append({name: int(rng.integers(1, size, endpoint=True)) for name, size in widths[-1].items()})
    try:
        return replace(graph, levels=level_table(channels, widths[1:])), widths
    except GraphError as refusal:
        if "in pieces" not in str(refusal):
            raise
        return graph, widths


def sandwich(seed: int, kind: str, *, integer: bool = True, wild: bool = False) -> Graph:
    """A layer of a kind between layers that leave its channels free."""
    rng = np.random.default_rng(seed)
    longest = int(rng.choice(PERIODS[kind == "interpolate" :]))
    builder = RandomBuilder(rng, longest)
    rising = kind in ("conv_transpose1d", "broadcast", "interpolate")
    builder.input("x", builder.draw(1, 5), longest if rising else 1)
    builder.input("other", builder.draw(1, 5), 1 if rising else longest)
    first = builder.linear("x", builder.choose((4, 6, 8, 12)))
    builder.layer("memory", "gru" if builder.flip() else "lstm", first, builder.choose((4, 6, 8, 12)))
    source = builder.linear("memory", builder.choose((4, 6, 8, 12)))
    if kind == "conv1d" and builder.flip():
        size = builder.tensors[source].size
        options = {"kernel": builder.draw(1, 4), "groups": size}
        made = builder.layer("depthwise", kind, source, size * builder.draw(1, 2), **options)
    else:
        made = builder.append(kind, source)
    graph = builder.graph(builder.linear(made, builder.draw(1, 4)))
    return with_random_integers(graph, rng, wild=wild) if integer else graph


def some_nested(seed: int, *, integer: bool = True) -> tuple[Graph, Widths]:
    """A random graph with levels, around each kind in turn."""
    for attempt in range(seed, seed + 500):
        kind, wild = KINDS[attempt % len(KINDS)], attempt % 3 == 0
        graph = (
            sandwich(attempt, kind, integer=integer, wild=wild)
            if attempt % 4
            else random_streaming_graph(attempt, integer=integer, wild=wild, layers=6)
        )
        made, widths = nested(graph, np.random.default_rng(attempt))
        if made.levels:
            return made, widths
    raise AssertionError("no seed gave a graph with something to narrow")
