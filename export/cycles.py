# SPDX-License-Identifier: MIT
"""Cycles of a layer by planning figures."""

from __future__ import annotations

from math import prod

from lottava.graph import Graph, Layer, array_shapes
from lottava.layers import PRODUCTS

AXI_CYCLES_PER_BYTE = 25 / 32
"""A line of 32 bytes takes 20 to 25 cycles to arrive."""


def layer_cycles(graph: Graph, layer: Layer) -> float:
    """One execution: 1.0 MAC a cycle, 6 cycles a requantised row, 12 a table lookup, 60 a call."""
    shapes = array_shapes(layer, graph.tensors)
    weights = [shapes["weight" + suffix] for suffix in PRODUCTS[layer.kind]]
    lookups = {"gru": 3, "lstm": 5, "gated_conv1d": 2, "activation": 1}.get(layer.kind, 0)
    size = graph.tensors[layer.output].size
    copied = 0 if weights else 3 * size
    return sum(map(prod, weights)) + 6 * sum(shape[0] for shape in weights) + 12 * lookups * size + 60 + copied
