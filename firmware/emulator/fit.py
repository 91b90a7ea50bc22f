# SPDX-License-Identifier: MIT
"""Coefficients of lottava/cycles.py: graphs are run on the emulated core, and least squares does the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lottava.cycles import Amounts, graph_amounts
from lottava.graph import Graph

from .bench import Blob, graph_row
from .bench_graphs import decoder_graph, layer_graph
from .machine import Machine

WEIGHT_OF_GRAPHS = 4.0
"""Whole graphs count more than single layers: branches of shared code are guessed worse where many layers share it."""
RIDGE = 1e-4
"""Keeps what no measurement tells apart small."""


@dataclass(frozen=True)
class Sample:
    """A graph, and its modelled cycles a tick in calls of `block` ticks."""

    graph: Graph
    block: int
    cycles: float
    weight: float = 1.0

    @property
    def amounts(self) -> Amounts:
        """Features of a tick."""
        return graph_amounts(self.graph, self.block)


def measure(machine: Machine, to_blob: Blob, graph: Graph, block: int) -> float:
    """Modelled cycles a tick, the mean over the graph's largest period."""
    return graph_row(machine, to_blob, "", graph, rate_hz=48_000.0, block=block).counts.cycles


def layer_graphs() -> Iterator[Graph]:
    """One layer each, of shapes that tell the features apart; odd numbers of fours included."""
    for inputs, outputs in ((4, 4), (16, 16), (12, 48), (48, 12), (32, 32), (96, 48)):
        yield layer_graph("dense", inputs, outputs)
    for inputs, outputs, kernel in ((8, 8, 2), (12, 12, 3), (16, 16, 2), (16, 32, 3), (32, 16, 5)):
        for dilation in (1, 4):
            yield layer_graph("conv1d", inputs, outputs, kernel=kernel, dilation=dilation)
    for inputs, outputs, kernel in ((8, 4, 2), (16, 8, 2), (16, 16, 3), (32, 12, 2)):
        for dilation in (1, 8):
            yield layer_graph("gated_conv1d", inputs, outputs, kernel=kernel, dilation=dilation)
    for inputs, kernel in ((8, 3), (16, 3), (24, 5)):
        yield layer_graph("conv1d", inputs, inputs, kernel=kernel, groups=inputs)
        yield layer_graph("scale", inputs)
    for inputs, outputs in ((8, 8), (24, 16), (32, 32), (96, 48)):
        yield layer_graph("gru", inputs, outputs)
        yield layer_graph("lstm", inputs, outputs)
    for kind in ("add", "multiply", "concat", "activation", "relu"):
        for size in (4, 12, 16, 48):
            yield layer_graph(kind, size)
    for size in (8, 16, 32):
        yield layer_graph("split", size, size // 2, offset=0)
        yield layer_graph("broadcast", size, 2 * size)
    for inputs, kernel, stride in ((8, 4, 2), (16, 8, 4), (12, 6, 3)):
        yield layer_graph("conv_transpose1d", inputs, inputs, period=stride, kernel=kernel, stride=stride)
    for size, period in ((4, 8), (12, 16), (32, 4)):
        yield layer_graph("interpolate", size, period=period)


def samples(
    machine: Machine, to_blob: Blob, families: Sequence[tuple[Graph, int]], told: Callable[[str], None]
) -> Iterator[Sample]:
    """Measured graphs: single layers, decoders, and the families' graphs that the caller brings with their blocks."""
    for graph in layer_graphs():
        for block in (1, 16):
            yield Sample(graph, block, measure(machine, to_blob, graph, block))
    told("single layers measured")
    decoders = [(decoder_graph(width, gru), 1) for width, gru in ((16, 24), (24, 32), (40, 48))]
    for graph, block in [*decoders, *families]:
        yield Sample(graph, block, measure(machine, to_blob, graph, block), WEIGHT_OF_GRAPHS)
        told(f"graph of {len(graph.layers)} layers measured")


def fit(measured: Sequence[Sample]) -> dict[str, float]:
    """Coefficients by feature, none negative: relative least squares, the most negative one left out until none is."""
    names = sorted({name for sample in measured for name, amount in sample.amounts.items() if amount})
    weights = np.array([sample.weight / sample.cycles for sample in measured])
    matrix = np.array([[sample.amounts.get(name, 0.0) for name in names] for sample in measured]) * weights[:, None]
    target = np.array([sample.cycles for sample in measured]) * weights
    kept = list(range(len(names)))
    while True:
        solved = _ridge(matrix[:, kept], target)
        worst = int(np.argmin(solved))
        if solved[worst] >= 0.0:
            return {names[index]: round(float(value), 4) for index, value in zip(kept, solved, strict=True)}
        del kept[worst]


def _ridge(matrix: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares with columns scaled alike."""
    scale = np.linalg.norm(matrix, axis=0)
    scaled = matrix / scale
    normal = scaled.T @ scaled + RIDGE * np.eye(len(scale))
    return np.linalg.solve(normal, scaled.T @ target) / scale
