# SPDX-License-Identifier: MIT
"""What a graph costs on the module: multiply-accumulates, weight and state bytes; float graphs count as quantised."""

from __future__ import annotations

import math

from .arena import arena_bytes
from .cycles import cycles_with_sizes, graph_cycles, layer_cycles
from .graph import Graph, Layer, array_shapes
from .units import HOP_SAMPLES

__all__ = [
    "cycles_with_sizes",
    "graph_cycles",
    "layer_cycles",
    "macs_per_frame",
    "macs_per_sample",
    "ram_bytes",
    "weight_bytes",
]

ROW_BYTES = 4 + 4 + 4
"""Each output row carries a bias, a multiplier and a shift of 32 bits beside its s8 weights."""


def _weight_shapes(graph: Graph, layer: Layer) -> list[tuple[int, ...]]:
    return [shape for name, shape in array_shapes(layer, graph.tensors).items() if name.startswith("weight")]


def macs_per_frame(graph: Graph) -> int:
    """Multiply-accumulates of all products in one control frame; gates and requantisation are not counted.

    A frame is as long as the graph's largest period: a tick of a decoder, 96 samples of an NSF.
    """
    total = 0
    for layer in graph.layers:
        moved = layer.inputs[0] if layer.kind == "conv_transpose1d" else layer.output
        columns = graph.largest_period // graph.tensors[moved].period
        total += columns * sum(math.prod(shape) for shape in _weight_shapes(graph, layer))
    return total


def macs_per_sample(graph: Graph) -> float:
    """The same, spread over the 192 samples of 48 kHz in a frame."""
    return macs_per_frame(graph) / HOP_SAMPLES


def weight_bytes(graph: Graph) -> int:
    """Flash that the arrays take: s8 weights, and bias, multiplier and shift per row; headers and padding apart."""
    shapes = [shape for layer in graph.layers for shape in _weight_shapes(graph, layer)]
    return sum(math.prod(shape) + shape[0] * ROW_BYTES for shape in shapes)


def ram_bytes(graph: Graph) -> int:
    """RAM of a loaded voice's network that runs tick by tick; arena.py has it by memory and for longer blocks."""
    return sum(arena_bytes(graph))
