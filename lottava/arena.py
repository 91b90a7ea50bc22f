# SPDX-License-Identifier: MIT
"""Bytes that a loaded graph takes of the module's memories, to the byte: what firmware/nn/load.c lays out there.

Tables, columns and scratch lie in DTCM; weights and past columns of a layer where it is placed (0: DTCM, 1: AXI SRAM).
Float graphs count as quantised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .graph import Graph, Layer, Tensor
from .layers import OPTIONS, PRODUCTS

MEMORIES = ("DTCM", "AXI")
KERNEL_GROUP = 4
"""The kernels take rows and columns four at a time; both are padded up when a voice is loaded."""

CODE_BYTES = 2
"""Loaded weights and columns are s16: widening s8 weights on loading saves 3 of 13 cycles for 16 products."""

ROW_GROUP_BYTES = 32
"""Four biases and four requantisation factors of 32 bits."""

ALIGNMENT = 16
SLACK = 16
"""Kernels read so far behind weights and columns; left free at the end of each memory in use."""

SCRATCH_VALUES = 2048
MOST_TOGETHER = 16
"""Columns whose windows and gates share the scratch: what fits these values, 16 at most, two in any case."""

POINTER_BYTES = 4
"""On the Cortex-M7; the host's tables are larger."""

CLOCK_BYTES = 12

TABLE_BYTES = 2048
"""Of each function in activation layers but those whose tables the gates have made, and relu."""


def _padded(size: int, multiple: int = KERNEL_GROUP) -> int:
    return -(-size // multiple) * multiple


def _taken(*sizes: int) -> int:
    return sum(_padded(size, ALIGNMENT) for size in sizes)


def _struct(pointers: int, others: int, pointer_bytes: int) -> int:
    return _padded(pointers * pointer_bytes + others, pointer_bytes)


@dataclass(frozen=True)
class _Shape:
    """A layer with what its memory depends on."""

    layer: Layer
    tensors: Mapping[str, Tensor]
    block: int

    @property
    def source(self) -> Tensor:
        return self.tensors[self.layer.inputs[0]]

    @property
    def out(self) -> Tensor:
        return self.tensors[self.layer.output]

    def columns(self, tensor: Tensor) -> int:
        return -(-self.block // tensor.period)

    def option(self, name: str) -> int:
        return self.layer.option(name) if name in OPTIONS[self.layer.kind] else 1

    @property
    def is_depthwise(self) -> bool:
        groups = self.option("groups")
        return self.layer.kind == "conv1d" and groups > 1 and groups == self.source.size == self.out.size

    @property
    def is_sliced(self) -> bool:
        """A matrix a group: both its slices are whole words."""
        groups = self.option("groups")
        return groups > 1 and self.source.size // groups % 4 == 0 and self.out.size // groups % 4 == 0

    @property
    def window_width(self) -> int:
        return self.source.size // self.option("groups") if self.is_sliced else _padded(self.source.size)


def _matrices(shape: _Shape) -> list[tuple[int, int]]:
    """[rows, columns] of each matrix, as the kernels pad them."""
    layer, kernel = shape.layer, shape.option("kernel")
    if layer.kind == "conv_transpose1d":
        stride = shape.option("stride")
        taps = [-(-(kernel - phase) // stride) for phase in range(stride)]
        return [(_padded(shape.out.size), count * _padded(shape.source.size)) for count in taps]
    if layer.kind in ("gru", "lstm"):
        rows = _padded((3 if layer.kind == "gru" else 4) * shape.out.size)
        return [(rows, _padded(shape.source.size)), (rows, _padded(shape.out.size))]
    count = shape.option("groups") if shape.is_sliced else 1
    rows = shape.out.size * (2 if layer.kind == "gated_conv1d" else 1) // count
    return [(_padded(rows), kernel * shape.window_width)] * count


def _weight_bytes(shape: _Shape, pointer_bytes: int) -> int:
    if not PRODUCTS[shape.layer.kind]:
        return 0
    matrix = _struct(2, 6, pointer_bytes)
    if shape.is_depthwise or shape.layer.kind == "scale":
        rows = _padded(shape.out.size)
        weights = CODE_BYTES * rows * shape.option("kernel")
        return _taken(matrix, weights, rows // KERNEL_GROUP * ROW_GROUP_BYTES)
    matrices = _matrices(shape)
    parts = [(CODE_BYTES * rows * columns, rows // KERNEL_GROUP * ROW_GROUP_BYTES) for rows, columns in matrices]
    return _taken(matrix * len(matrices), *(size for pair in parts for size in pair))


def _past_columns(shape: _Shape) -> int:
    kernel, dilation = shape.option("kernel"), shape.option("dilation")
    if shape.layer.kind == "conv_transpose1d":
        return -(-kernel // shape.option("stride"))
    return (kernel - 1) * dilation


def _state_values(shape: _Shape) -> int:
    """Values that the layer keeps from run to run."""
    layer, source, out = shape.layer, shape.source, shape.out
    if layer.kind in ("gru", "lstm"):
        return (1 if layer.kind == "gru" else 2) * _padded(out.size)
    if layer.kind == "interpolate":
        return 2 * _padded(source.size)
    if layer.kind == "broadcast":
        return _padded(source.size) if source.period > out.period else 0
    past = _past_columns(shape)
    ring = (past + shape.columns(source)) * _padded(source.size) if past else 0
    condition = shape.tensors[layer.inputs[-1]]
    if layer.kind == "gated_conv1d" and condition.period > out.period:
        ring += _padded(condition.size)
    return ring


def _scratch_values(shape: _Shape) -> int:
    """Values that the layer needs while it runs."""
    layer = shape.layer
    if layer.kind in ("gru", "lstm"):
        return 2 * _padded((3 if layer.kind == "gru" else 4) * shape.out.size)
    gates = _padded(2 * shape.out.size) if layer.kind == "gated_conv1d" else 0
    apart = shape.option("dilation") > 1 or shape.is_sliced
    gathers = layer.kind in ("conv1d", "gated_conv1d") and shape.option("kernel") > 1 and not shape.is_depthwise
    values = gates + (shape.option("kernel") * shape.window_width if gathers and apart else 0)
    limit = min(MOST_TOGETHER, max(2, SCRATCH_VALUES // values)) if values else 0
    return min(shape.columns(shape.out), limit) * values


def _common_bytes(graph: Graph, shapes: list[_Shape], block: int, pointer_bytes: int) -> int:
    tensors = list(graph.tensors.values())
    layer_bytes = _struct(11, 44, pointer_bytes)
    columns = sum(_padded(tensor.size) * -(-block // tensor.period) for tensor in tensors)
    functions = {layer.activation for layer in graph.layers if layer.kind == "activation"}
    return _taken(
        layer_bytes * len(graph.layers),
        _struct(2, 8, pointer_bytes) * len(tensors),
        CLOCK_BYTES * len({tensor.period for tensor in tensors}),
        CODE_BYTES * columns,
        CODE_BYTES * max(_scratch_values(shape) for shape in shapes),
        TABLE_BYTES * len(functions - {"relu", "tanh", "sigmoid"}),
    )


def layer_bytes(graph: Graph, layer: Layer, *, block: int = 1, pointer_bytes: int = POINTER_BYTES) -> int:
    """Weights, rows and past of one layer: what its placement moves."""
    shape = _Shape(layer, graph.tensors, block)
    return _weight_bytes(shape, pointer_bytes) + _taken(CODE_BYTES * _state_values(shape))


def state_bytes(graph: Graph, layer: Layer, *, block: int = 1) -> int:
    """What the layer remembers from run to run, part of layer_bytes."""
    return _taken(CODE_BYTES * _state_values(_Shape(layer, graph.tensors, block)))


def arena_bytes(
    graph: Graph, *, block: int = 1, memory: Mapping[str, int] | None = None, pointer_bytes: int = POINTER_BYTES
) -> tuple[int, int]:
    """(DTCM, AXI) that nn_load takes; block and memory as in export.blob.to_bytes."""
    shapes = [_Shape(layer, graph.tensors, block) for layer in graph.layers]
    sizes = [_common_bytes(graph, shapes, block, pointer_bytes), 0]
    for layer in graph.layers:
        place = (memory or {}).get(layer.name, 0)
        sizes[place] += layer_bytes(graph, layer, block=block, pointer_bytes=pointer_bytes)
    dtcm, axi = (size + SLACK if size else 0 for size in sizes)
    return dtcm, axi
