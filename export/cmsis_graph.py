# SPDX-License-Identifier: MIT
"""An "s8s8" graph as the constant tables that firmware/cmsis/graph_s8.h runs on CMSIS-NN's kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lottava.graph import Graph, Layer

from . import cgen, cmsis_nn

TENSOR = np.dtype([("offset", "<u4"), ("period", "<u4"), ("size", "<u2"), ("history", "<u2")])
LAYER = np.dtype(
    [
        *((name, "<u4") for name in ("weight", "bias", "multiplier", "shift")),
        *((name, "<u2") for name in ("kind", "relu", "input", "output", "kernel", "dilation", "stride", "reserved")),
    ]
)
GRAPH = np.dtype(
    [
        *(("tensors", "<u4"), ("layers", "<u4"), ("tensor_count", "<u2"), ("layer_count", "<u2")),
        *((name, "<u4") for name in ("block", "period", "scratch_offset", "scratch_bytes", "arena_bytes")),
    ]
)
"""struct CmsisTensor, CmsisLayer and CmsisGraph as the Cortex-M7 lays them out, pointers as addresses."""

ARRAYS = ("weight", "bias", "multiplier", "shift")
CONVOLVE, DEPTHWISE, FULLY_CONNECTED = range(3)
"""enum CmsisKind."""

TICK_BYTES = 16
MAX_BLOCK = 48
MAX_HISTORY = 32767 - MAX_BLOCK
"""CMSIS-NN 4.0.0 counts columns in 16 bits."""


class CmsisGraphError(ValueError):
    """A graph that CMSIS-NN's s8 kernels can't run: says which layer and why."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Tables of one graph: records as in C, zero where an address belongs; the arrays of each layer in CMSIS order."""

    tensors: NDArray
    layers: NDArray
    arrays: tuple[dict[str, NDArray], ...]
    graph: NDArray


def tensor_order(graph: Graph) -> list[str]:
    """Tensors as the tables number them: inputs first, then by the layer that writes them."""
    return [*graph.inputs, *(layer.output for layer in graph.layers)]


def _kind(layer: Layer) -> int:
    if layer.kind == "conv1d":
        return DEPTHWISE if layer.option("groups") > 1 else CONVOLVE
    same = all(np.all(layer.arrays[name] == layer.arrays[name][0]) for name in ("multiplier", "shift"))
    return FULLY_CONNECTED if same else CONVOLVE


def _option(layer: Layer, name: str) -> int:
    """Of a conv1d; a dense layer is one of kernel 1."""
    return layer.option(name) if layer.kind == "conv1d" else 1


def _reach(layer: Layer) -> int:
    """Columns before the newest that a window holds."""
    return (_option(layer, "kernel") - 1) * _option(layer, "dilation")


def _history(graph: Graph, name: str) -> int:
    reach = max((_reach(layer) for layer in graph.layers if name in layer.inputs), default=0)
    if reach > MAX_HISTORY:
        raise CmsisGraphError(f"a window over tensor {name!r} spans {reach} columns; CMSIS-NN counts {MAX_HISTORY}")
    return reach


def _layer_arrays(layer: Layer, kind: int) -> dict[str, NDArray]:
    """Weights as CMSIS-NN wants them: [out][kernel][in] as they are, depthwise [kernel][out]."""
    arrays = {name: np.ascontiguousarray(layer.arrays[name]) for name in ARRAYS}
    if kind == DEPTHWISE:
        arrays["weight"] = np.ascontiguousarray(arrays["weight"][:, :, 0].T)
    return arrays


def _layer_record(graph: Graph, layer: Layer, kind: int) -> NDArray:
    order, record, kernel = tensor_order(graph), np.zeros((), LAYER), _option(layer, "kernel")
    record["kind"], record["relu"] = kind, layer.activation == "relu"
    record["input"], record["output"] = order.index(layer.inputs[0]), order.index(layer.output)
    record["kernel"], record["stride"] = kernel, _option(layer, "stride")
    # One tap has no distance; CMSIS-NN takes its quick way for 1.
    record["dilation"] = _option(layer, "dilation") if kernel > 1 else 1
    return record


def _scratch_bytes(graph: Graph, layer: Layer) -> int:
    """Two windows widened to s16, the most that any of the kernels asks for."""
    return 4 * graph.tensors[layer.inputs[0]].size * _option(layer, "kernel")


def plan(graph: Graph, *, block: int = 16) -> Plan:
    """Tables for calls of at most `block` ticks (1..48). Raises CmsisGraphError for a graph that is not s8s8's."""
    if graph.number_format != "s8s8":
        raise CmsisGraphError(f"the graph's numbers are {graph.number_format}; quantise to s8s8 first")
    if not 1 <= block <= MAX_BLOCK:
        raise CmsisGraphError(f"a block of {block} ticks lies outside 1..{MAX_BLOCK}")
    order, end = tensor_order(graph), TICK_BYTES
    tensors = np.zeros(len(order), TENSOR)
    for record, name in zip(tensors, order, strict=True):
        tensor, history = graph.tensors[name], _history(graph, name)
        record["offset"], record["period"], record["size"], record["history"] = end, tensor.period, tensor.size, history
        end += -(-(history - (-block // tensor.period)) * tensor.size // 4) * 4
    kinds = [_kind(layer) for layer in graph.layers]
    table = np.zeros((), GRAPH)
    table["tensor_count"], table["layer_count"], table["block"] = len(order), len(graph.layers), block
    table["period"], table["scratch_offset"] = max(tensor.period for tensor in graph.tensors.values()), end
    table["scratch_bytes"] = max(_scratch_bytes(graph, layer) for layer in graph.layers)
    table["arena_bytes"] = end + int(table["scratch_bytes"])
    layers = [_layer_record(graph, layer, kind) for layer, kind in zip(graph.layers, kinds, strict=True)]
    arrays = tuple(_layer_arrays(layer, kind) for layer, kind in zip(graph.layers, kinds, strict=True))
    return Plan(tensors, np.array(layers, LAYER), arrays, table)


def place(tables: Plan, put: Callable[[NDArray], int]) -> int:
    """Lay the tables into a 32-bit machine's memory and return the CmsisGraph's address.

    put: copies an array to memory at a 4-byte boundary or better, and returns where.
    """
    layers, graph = tables.layers.copy(), tables.graph.copy()
    for record, arrays in zip(layers, tables.arrays, strict=True):
        for name in ARRAYS:
            record[name] = put(arrays[name])
    graph["tensors"], graph["layers"] = put(tables.tensors), put(layers)
    return put(graph)


def _record(values: NDArray, **replaced: str) -> str:
    """`{.field = value, …}` of one record, some fields given as C expressions."""
    fields = [f".{name} = {replaced.get(name) or cgen.literal(values[name][()])}" for name in values.dtype.names or ()]
    return "{" + ", ".join(fields) + "}"


def emit_header(graph: Graph, title: str, *, block: int = 16) -> str:
    """cmsis_graph_s8.h: the graph `lottava_s8` and LOTTAVA_S8_ARENA_BYTES. title: what it is made from, in line 1."""
    tables = plan(graph, block=block)
    names = [cgen.identifier(f"lottava_s8_{layer.name}") for layer in graph.layers]
    parts = [
        cgen.emit_array(f"{name}_{array}", arrays[array].reshape(-1))
        for name, arrays in zip(names, tables.arrays, strict=True)
        for array in ARRAYS
    ]
    tensors = "".join(
        f"  {_record(record)},  // {name}\n" for record, name in zip(tables.tensors, tensor_order(graph), strict=True)
    )
    layers = "".join(
        f"  {_record(record, **{array: f'{name}_{array}' for array in ARRAYS})},\n"
        for record, name in zip(tables.layers, names, strict=True)
    )
    whole = _record(tables.graph, tensors="lottava_s8_tensors", layers="lottava_s8_layers")
    parts += [
        f"static const CmsisTensor lottava_s8_tensors[] = {{\n{tensors}}};\n",
        f"static const CmsisLayer lottava_s8_layers[] = {{\n{layers}}};\n",
        f"static const CmsisGraph lottava_s8 = {whole};\n",
        cgen.emit_define("LOTTAVA_S8_ARENA_BYTES", int(tables.graph["arena_bytes"])),
    ]
    includes = ("<stdint.h>", '"cmsis/graph_s8.h"')
    return cgen.emit_header(
        "LOTTAVA_GENERATED_CMSIS_GRAPH_S8_H_", f"lottava.export.cmsis_graph from {title}", parts, includes
    )


def kernel_sources(graph: Graph) -> list[Path]:
    """The C files of CMSIS-NN that the graph's layers need, in the package's folder cmsis_nn.vendor_folder().

    Raises CmsisGraphError as plan does, and cmsis_nn.CmsisError where the package is missing.
    """
    entries = sorted({cmsis_nn.ENTRIES[_kind(layer)] for layer in graph.layers})
    return cmsis_nn.sources(entries, cmsis_nn.vendor_folder())
