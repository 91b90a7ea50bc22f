# SPDX-License-Identifier: MIT
"""The voice blob: the bytes that the module runs, laid out once here for the bank slot and for the C header alike.

    header | tensor table | layer table | arrays in layer order, CMSIS-NN's order within a layer, each at 16 bytes

firmware/nn/blob.h documents every field; a test compiles the header form and compares it with these bytes.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lottava import synth
from lottava.fixedpoint import fits_32_bits
from lottava.graph import ARRAYS, Graph, Layer, concat_shifts, graph_hash
from lottava.scales import INPUT_SCALES, OUTPUT_FRACTION_BITS

MAGIC = int.from_bytes(b"LTVB", "little")
VERSION = 1
CRC_START = 16
ALIGNMENT = 16

MAX_LAYERS = 16
MAX_TENSORS = 24
MAX_WIDTH = 512
MAX_HIDDEN = 256
MAX_PARTS = 4
MAX_ARRAYS = 8

VOICE = np.dtype(
    [
        *((name, "<f4") for name in ("gain", "loudness_lo_db", "loudness_hi_db", "range_lo_volts", "range_hi_volts")),
        *((name, "<f4") for name in ("tilt", "breath_db", "body_db", "ripple_db")),
        *((name, "<u4") for name in ("partials", "bands")),
    ]
)
HEADER = np.dtype(
    [
        *(("magic", "<u4"), ("version", "<u2"), ("layer_count", "<u2"), ("length", "<u4"), ("crc32", "<u4")),
        *(("graph_sha256", "u1", 32), ("voice", VOICE)),
        *(("tensor_count", "u1"), ("input_count", "u1"), ("output_tensor", "u1"), ("reserved", "u1")),
    ]
)
TENSOR = np.dtype([("scale", "<f4"), ("size", "<u2"), ("reserved", "<u2")])
LAYER = np.dtype(
    [
        *(("kind", "u1"), ("activation", "u1"), ("wide", "u1"), ("input_count", "u1")),
        *(("inputs", "u1", MAX_PARTS), ("shifts", "u1", MAX_PARTS), ("output", "u1"), ("reserved", "u1", 3)),
        ("offsets", "<u4", MAX_ARRAYS),
    ]
)

KINDS = {"dense": 0, "gru": 1, "concat": 2}
ACTIVATIONS = {"none": 0, "relu": 1}
PRODUCTS = {"dense": ("",), "gru": ("_ih", "_hh"), "concat": ()}

INPUT_SIZES = {"pitch": 1, "loudness": 1, "axes": 4}
"""Inputs that the module feeds, in this order."""


class BlobError(ValueError):
    """A graph that the module can't run: says which limit it breaks."""


@dataclass(frozen=True)
class VoiceParameters:
    """What the synthesiser needs beside the network. Loudness in A-weighted dB, range in volts from C4, gain linear."""

    gain: float = 1.0
    loudness_db: tuple[float, float] = (-60.0, -20.0)
    range_volts: tuple[float, float] = (-2.0, 2.0)
    edits: synth.SynthEdits = field(default_factory=synth.SynthEdits)


@dataclass(frozen=True, eq=False)
class Section:
    """A run of the blob with its place: table records (structured) or one array of a layer."""

    name: str
    offset: int
    values: NDArray


def _check(graph: Graph) -> None:
    if not graph.is_integer:
        raise BlobError("the graph is float; quantise it first")
    sizes = {name: graph.tensors[name].size for name in graph.inputs}
    if list(sizes.items()) != list(INPUT_SIZES.items()):
        raise BlobError(f"the graph's inputs are {sizes}, the module feeds {INPUT_SIZES}")
    if len(graph.outputs) != 1 or graph.tensors[graph.outputs[0]].size != synth.CONTROLS:
        raise BlobError(f"the graph's outputs are {graph.outputs}, the synthesiser takes one of {synth.CONTROLS}")
    scales = {**INPUT_SCALES, **dict.fromkeys(graph.outputs, 2.0**-OUTPUT_FRACTION_BITS)}
    if wrong := [name for name, scale in scales.items() if graph.tensors[name].scale != scale]:
        raise BlobError(f"tensors {wrong} are not at the module's scales {scales}")
    if len(graph.layers) > MAX_LAYERS or len(graph.tensors) > MAX_TENSORS:
        raise BlobError(
            f"{len(graph.layers)} layers over {len(graph.tensors)} tensors; at most {MAX_LAYERS}, {MAX_TENSORS}"
        )
    for layer in graph.layers:
        limit = MAX_HIDDEN if layer.kind == "gru" else MAX_WIDTH
        if graph.tensors[layer.output].size > limit or len(layer.inputs) > MAX_PARTS:
            raise BlobError(f"layer {layer.name!r} is wider than {limit} or has more than {MAX_PARTS} inputs")


def tensor_order(graph: Graph) -> list[str]:
    """Tensors as the blob numbers them: inputs first, then by the layer that writes them."""
    return [*graph.inputs, *(layer.output for layer in graph.layers)]


def _wide(layer: Layer) -> int:
    """One bit a product whose weights don't prove that 32-bit accumulators are enough."""
    arrays = layer.arrays
    return sum(
        (not fits_32_bits(arrays["weight" + suffix], arrays["bias" + suffix])) << bit
        for bit, suffix in enumerate(PRODUCTS[layer.kind])
    )


def _layer_record(graph: Graph, layer: Layer, offsets: list[int]) -> NDArray:
    order, record = tensor_order(graph), np.zeros((), LAYER)
    record["kind"], record["activation"] = KINDS[layer.kind], ACTIVATIONS[layer.activation]
    record["wide"], record["input_count"] = _wide(layer), len(layer.inputs)
    record["inputs"][: len(layer.inputs)] = [order.index(name) for name in layer.inputs]
    if layer.kind == "concat":
        record["shifts"][: len(layer.inputs)] = concat_shifts(graph.tensors, layer)
    record["output"] = order.index(layer.output)
    record["offsets"][: len(offsets)] = offsets
    return record


def _header(graph: Graph, parameters: VoiceParameters, length: int) -> NDArray:
    header, order = np.zeros((), HEADER), tensor_order(graph)
    header["magic"], header["version"], header["length"] = MAGIC, VERSION, length
    header["layer_count"], header["tensor_count"] = len(graph.layers), len(order)
    header["input_count"], header["output_tensor"] = len(graph.inputs), order.index(graph.outputs[0])
    header["graph_sha256"] = np.frombuffer(bytes.fromhex(graph_hash(graph)), np.uint8)
    edits = parameters.edits
    header["voice"] = (
        *(parameters.gain, *parameters.loudness_db, *parameters.range_volts),
        *(edits.tilt, edits.breath_db, edits.body_db, edits.ripple_db),
        *(synth.PARTIALS, synth.NOISE_BANDS),
    )
    return header


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT


def sections(graph: Graph, parameters: VoiceParameters) -> list[Section]:
    """Everything in the blob in order, the CRC included. Raises BlobError for a graph that the module can't run."""
    _check(graph)
    tensors = np.zeros(len(graph.tensors), TENSOR)
    tensors["scale"] = [graph.tensors[name].scale for name in tensor_order(graph)]
    tensors["size"] = [graph.tensors[name].size for name in tensor_order(graph)]
    table = _aligned(HEADER.itemsize + tensors.nbytes)
    end, arrays, records = table + len(graph.layers) * LAYER.itemsize, [], []
    for layer in graph.layers:
        offsets = []
        for name in ARRAYS[layer.kind]["s8s16"]:
            values = layer.arrays[name]
            arrays.append(Section(f"{layer.name}_{name}", _aligned(end), values.astype(values.dtype.newbyteorder("<"))))
            offsets.append(_aligned(end))
            end = _aligned(end) + values.nbytes
        records.append(_layer_record(graph, layer, offsets))
    result = [
        Section("header", 0, _header(graph, parameters, end)),
        Section("tensors", HEADER.itemsize, tensors),
        Section("layers", table, np.array(records, LAYER)),
        *arrays,
    ]
    result[0].values["crc32"] = zlib.crc32(_assemble(result)[CRC_START:])
    return result


def _assemble(parts: list[Section]) -> bytes:
    blob = bytearray(int(parts[0].values["length"]))
    for part in parts:
        blob[part.offset : part.offset + part.values.nbytes] = part.values.tobytes()
    return bytes(blob)


def to_bytes(graph: Graph, parameters: VoiceParameters) -> bytes:
    """The blob itself, little-endian. Raises BlobError for a graph that the module can't run."""
    return _assemble(sections(graph, parameters))
