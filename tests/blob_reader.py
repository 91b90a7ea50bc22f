# SPDX-License-Identifier: MIT
"""A blob read back into what it was made of: the inverse of lottava.export.blob, for tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from lottava.export import VoiceParameters, blob

from lottava.graph import ARRAYS, Graph, Layer, Tensor, array_shapes
from lottava.layers import OPTIONS, PRODUCTS

KINDS = {code: name for name, code in blob.KINDS.items()}
ACTIVATIONS = {code: name for name, code in blob.ACTIVATIONS.items()}


@dataclass(frozen=True)
class Content:
    """Arguments of to_bytes."""

    graph: Graph
    block: int
    memory: dict[str, int]


def _aligned(size: int) -> int:
    return -(-size // blob.ALIGNMENT) * blob.ALIGNMENT


def _records(data: bytes, offset: int, count: int, dtype: np.dtype) -> np.ndarray:
    if len(data) < offset + count * dtype.itemsize:
        raise ValueError("tables reach beyond the end")
    return np.frombuffer(data, dtype, count, offset)


def _layer(data: bytes, number: int, record: np.void, tensors: list[Tensor]) -> Layer:
    kind = KINDS[int(record["kind"])]
    names = [tensors[index].name for index in record["inputs"][: record["input_count"]]]
    output, options = tensors[record["output"]], {name: int(record[name]) for name in OPTIONS[kind]}
    if kind == "conv1d" and options["groups"] == 0:
        raise ValueError("no groups")
    layer = Layer(
        f"layer{number}", kind, tuple(names), output.name, ACTIVATIONS[int(record["activation"])], {}, options
    )
    shapes = array_shapes(layer, {tensor.name: tensor for tensor in tensors})
    arrays = {}
    for slot, name in enumerate(ARRAYS[kind]["s8s16"] if PRODUCTS[kind] else ()):
        dtype = np.dtype("<i1" if name.startswith("weight") else "<i4")
        count, start = int(np.prod(shapes[name])), int(record["arrays"][slot])
        arrays[name] = _records(data, start, count, dtype).reshape(shapes[name]).astype(dtype.newbyteorder("="))
    return Layer(layer.name, kind, layer.inputs, layer.output, layer.activation, arrays, options)


def read(data: bytes) -> Content:
    """Raises ValueError, KeyError or IndexError for what no graph is laid out like."""
    header, table, records = tables(data)
    tensors = [
        Tensor(f"tensor{i}", int(record["size"]), float(record["scale"]), int(record["period"]))
        for i, record in enumerate(table)
    ]
    layers = tuple(_layer(data, i, record, tensors) for i, record in enumerate(records))
    inputs = tuple(tensor.name for tensor in tensors[: header["input_count"]])
    outputs = (tensors[header["output_tensor"]].name,)
    graph = Graph("s8s16", inputs, outputs, {tensor.name: tensor for tensor in tensors}, layers)
    return Content(graph, int(header["block"]), {f"layer{i}": int(r["memory"]) for i, r in enumerate(records)})


def tables(data: bytes) -> tuple[np.void, np.ndarray, np.ndarray]:
    """Header, tensor records and layer records. Raises ValueError where they reach beyond the end."""
    header = _records(data, 0, 1, blob.HEADER)[0]
    start = blob.HEADER.itemsize + blob.TENSOR.itemsize * int(header["tensor_count"])
    tensors = _records(data, blob.HEADER.itemsize, int(header["tensor_count"]), blob.TENSOR)
    return header, tensors, _records(data, _aligned(start), int(header["layer_count"]), blob.LAYER)


def _same(a: np.ndarray | np.void, b: np.ndarray | np.void, but: tuple[str, ...]) -> bool:
    names = [name for name in a.dtype.names or () if name not in but]
    return a.shape == b.shape and all(np.array_equal(a[name], b[name]) for name in names)


def is_sound(data: bytes) -> bool:
    """Whether Python reads a graph out of it that the exporter would lay out in these very tables.

    Not told by the graph: checksum, hash and voice; padding; accumulators may be wider than they have to be.
    """
    try:
        content = read(data)
        again = blob.to_bytes(content.graph, VoiceParameters(), block=content.block, memory=content.memory)
    except (ValueError, KeyError, IndexError, OverflowError):
        return False
    (header, tensors, layers), (header2, tensors2, layers2) = tables(data), tables(again)
    wide = layers["wide"]
    return (
        int(header["length"]) <= len(data)
        and _same(header, header2, ("crc32", "graph_sha256", "voice"))
        and _same(tensors, tensors2, ())
        and _same(layers, layers2, ("wide",))
        and bool(np.all((wide <= 3) & (wide & layers2["wide"] == layers2["wide"])))
    )
