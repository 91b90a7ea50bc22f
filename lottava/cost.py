# SPDX-License-Identifier: MIT
"""What a graph costs on the module: multiply-accumulates, weight and state bytes; float graphs count as quantised."""

from __future__ import annotations

from .graph import Graph, Layer, array_shapes
from .units import HOP_SAMPLES

ROW_BYTES = 4 + 4 + 4
"""Each output row carries a bias, a multiplier and a shift of 32 bits beside its s8 weights."""

KERNEL_GROUP = 4
"""The kernels take rows and columns four at a time; both are padded up when a voice is loaded."""

CODE_BYTES = 2
"""Loaded weights, tensors and gates are s16: widening s8 weights on loading saves 3 of 13 cycles for 16 products."""

ROW_GROUP_BYTES = 32
"""Four biases and four requantisation factors of 32 bits."""

MEMORY_ALIGNMENT = 16


def _weight_shapes(graph: Graph, layer: Layer) -> list[tuple[int, ...]]:
    return [shape for name, shape in array_shapes(layer, graph.tensors).items() if name.startswith("weight")]


def macs_per_frame(graph: Graph) -> int:
    """Multiply-accumulates of all matrix products in one control frame; gates and requantisation are not counted."""
    return sum(rows * columns for layer in graph.layers for rows, columns in _weight_shapes(graph, layer))


def macs_per_sample(graph: Graph) -> float:
    """The same, spread over the 192 audio samples of a frame."""
    return macs_per_frame(graph) / HOP_SAMPLES


def weight_bytes(graph: Graph) -> int:
    """Flash that the arrays take: s8 weights, and bias, multiplier and shift per row; headers and padding apart."""
    return sum(
        rows * columns + rows * ROW_BYTES for layer in graph.layers for rows, columns in _weight_shapes(graph, layer)
    )


def _padded(size: int, multiple: int = KERNEL_GROUP) -> int:
    return -(-size // multiple) * multiple


def ram_bytes(graph: Graph) -> int:
    """Fast RAM of a loaded voice's network: weights widened to s16, rows, every tensor and the widest GRU's gates.

    What firmware/nn/network.c takes from its arena, to the byte.
    """
    shapes = [shape for layer in graph.layers for shape in _weight_shapes(graph, layer)]
    weights = sum(CODE_BYTES * _padded(rows) * _padded(columns) for rows, columns in shapes)
    rows = sum(ROW_GROUP_BYTES * _padded(rows) // KERNEL_GROUP for rows, _ in shapes)
    gates = [_padded(3 * graph.tensors[layer.output].size) for layer in graph.layers if layer.kind == "gru"]
    codes = sum(_padded(tensor.size) for tensor in graph.tensors.values()) + 2 * max(gates, default=0)
    return weights + rows + _padded(CODE_BYTES * codes, MEMORY_ALIGNMENT)
