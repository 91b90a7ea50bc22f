# SPDX-License-Identifier: MIT
"""Bytes of a voice by memory: blob in flash, weights and state in RAM, counted from shapes alone."""

from __future__ import annotations

from collections.abc import Mapping

from lottava.graph import Graph, Layer, array_shapes
from lottava.layers import ARRAYS, PRODUCTS, history_columns

from . import blob

GROUP = 4
"""Rows and columns are padded to it when a voice is loaded."""


def _padded(size: int, multiple: int = GROUP) -> int:
    return -(-size // multiple) * multiple


def flash_bytes(graph: Graph) -> int:
    """Length of the blob, to the byte; a float graph counts as quantised."""
    end = _padded(blob.HEADER.itemsize + blob.TENSOR.itemsize * len(graph.tensors), blob.ALIGNMENT)
    end += blob.LAYER.itemsize * len(graph.layers)
    for layer in graph.layers:
        shapes = array_shapes(layer, graph.tensors)
        for name in ARRAYS[layer.kind]["s8s16"]:
            count = 1
            for size in shapes[name]:
                count *= size
            end = _padded(end, blob.ALIGNMENT) + count * (1 if name.startswith("weight") else 4)
    return end


def _weight_bytes(graph: Graph, layer: Layer) -> int:
    total, shapes = 0, array_shapes(layer, graph.tensors)
    for suffix in PRODUCTS[layer.kind]:
        rows, *taps, columns = shapes["weight" + suffix] if layer.kind != "scale" else (*shapes["weight"], 1)
        depth = _padded(columns) * (taps[0] if taps else 1)
        total += 2 * _padded(rows) * depth + 32 * _padded(rows) // GROUP
    return total


def state_bytes(graph: Graph, layer: Layer, block: int = 1) -> int:
    """What a layer remembers from call to call: past columns, hidden and cell state."""
    source, out = graph.tensors[layer.inputs[0]], graph.tensors[layer.output]
    if columns := history_columns(layer):
        return 2 * _padded(source.size) * (columns - 1 + max(1, block // source.period))
    return 2 * _padded(out.size) * {"gru": 1, "lstm": 2}.get(layer.kind, 0)


def ram_bytes(graph: Graph, memory: Mapping[str, int], block: int = 1) -> tuple[int, int]:
    """(DTCM, AXI) that the loaded network takes; memory: layer name → 0 or 1, DTCM where none is named."""
    sizes = [0, 0]
    for tensor in graph.tensors.values():
        sizes[0] += 2 * _padded(tensor.size) * max(1, block // tensor.period)
    for layer in graph.layers:
        sizes[memory.get(layer.name, 0)] += _padded(_weight_bytes(graph, layer) + state_bytes(graph, layer, block), 16)
    return sizes[0], sizes[1]
