# SPDX-License-Identifier: MIT
"""The voice blob: the bytes that the module runs, laid out once here for the bank slot and for the C header alike.

    header | tensor table | layer table | levels | arrays in layer order, CMSIS-NN's within a layer, each at 16 bytes

firmware/nn/blob.h documents every field, levels.h the levels, which most blobs lack; a test compiles the header form
and compares it with these bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lottava import nsf_source, synth
from lottava.arena import arena_bytes
from lottava.fixedpoint import fits_32_bits
from lottava.graph import ARRAYS, Graph, Layer, graph_hash
from lottava.layer_rules import add_shifts, concat_shifts, multiply_shift
from lottava.layers import OPTIONS, PRODUCTS
from lottava.levels import at_level, level_count
from lottava.units import BLOCK_SAMPLES

MAGIC = int.from_bytes(b"LTVB", "little")
VERSION = 3
CRC_START = 16
ALIGNMENT = 16

MAX_LAYERS = 96
MAX_TENSORS = 96
MAX_WIDTH = 512
MAX_HIDDEN = 256
MAX_FAN_IN = 2048
MAX_PERIOD = 1 << 15
MAX_BLOCK = BLOCK_SAMPLES
MAX_SCALE = 2.0**15
"""Of a code: what the loader's comparisons in 32-bit floats are exact for."""
MAX_RUNS = 64
"""Segments of a tensor that levels cut."""
MAX_PARTS = 4
MAX_ARRAYS = 8
MEMORIES = 2
"""DTCM and AXI SRAM, in this order."""

VOICE = np.dtype(
    [
        *((name, "<f4") for name in ("gain", "loudness_lo_db", "loudness_hi_db", "range_lo_volts", "range_hi_volts")),
        *((name, "<f4") for name in ("tilt", "breath_db", "body_db", "ripple_db")),
        *((name, "<u4") for name in ("partials", "bands")),
        *(("merge", "<f4", nsf_source.SINES), ("merge_bias", "<f4")),
    ]
)
HEADER = np.dtype(
    [
        *(
            ("magic", "<u4"),
            ("version", "<u2"),
            ("layer_count", "u1"),
            ("level_count", "u1"),
            ("length", "<u4"),
            ("crc32", "<u4"),
        ),
        *(("graph_sha256", "u1", 32), ("voice", VOICE)),
        *(("tensor_count", "u1"), ("input_count", "u1"), ("output_tensor", "u1"), ("block", "u1")),
    ]
)
TENSOR = np.dtype([("scale", "<f4"), ("size", "<u2"), ("period", "<u2")])
LAYER = np.dtype(
    [
        *(("kind", "u1"), ("activation", "u1"), ("wide", "u1"), ("input_count", "u1")),
        *(("inputs", "u1", MAX_PARTS), ("shifts", "u1", MAX_PARTS)),
        *(("output", "u1"), ("memory", "u1"), ("shift", "u1"), ("reserved", "u1")),
        *((name, "<u2") for name in ("kernel", "dilation", "groups", "stride", "offset", "reserved_options")),
        ("arrays", "<u4", MAX_ARRAYS),
    ]
)

KINDS = {
    name: code
    for code, name in enumerate(
        [
            *("dense", "conv1d", "gated_conv1d", "conv_transpose1d", "scale", "gru", "lstm"),
            *("concat", "add", "multiply", "split", "broadcast", "interpolate", "activation"),
        ]
    )
}
"""Codes of the layer table, those with weights first."""
ACTIVATIONS = {
    name: code
    for code, name in enumerate(
        ("none", "relu", "tanh", "sigmoid", "hard_tanh", "softsign", "elu", "leaky_relu", "exp2")
    )
}


class BlobError(ValueError):
    """A graph that the module can't run: says which limit it breaks."""


@dataclass(frozen=True)
class VoiceParameters:
    """What a player needs beside the network. Loudness in A-weighted dB, range in volts from C4, gain linear.

    merge: of a source-filter's sines; without one the blob is a synthesiser's.
    """

    gain: float = 1.0
    loudness_db: tuple[float, float] = (-60.0, -20.0)
    range_volts: tuple[float, float] = (-2.0, 2.0)
    edits: synth.SynthEdits = field(default_factory=synth.SynthEdits)
    merge: nsf_source.Merge | None = None


@dataclass(frozen=True, eq=False)
class Section:
    """A run of the blob with its place: table records (structured) or one array of a layer."""

    name: str
    offset: int
    values: NDArray


def _check_format(graph: Graph) -> None:
    if graph.number_format != "s8s16":
        raise BlobError(f"the graph is {graph.number_format if graph.is_integer else 'float'}; quantise it first")


def _is_scale(scale: float) -> bool:
    return scale < MAX_SCALE and float(np.float32(scale)) == scale > 0


def _check(graph: Graph, block: int, memory: Mapping[str, int]) -> None:
    _check_format(graph)
    if len(graph.outputs) != 1:
        raise BlobError(f"the graph's outputs are {graph.outputs}, the runner gives one; concatenate them")
    if len(graph.layers) > MAX_LAYERS or len(graph.tensors) > MAX_TENSORS:
        raise BlobError(
            f"{len(graph.layers)} layers over {len(graph.tensors)} tensors; at most {MAX_LAYERS}, {MAX_TENSORS}"
        )
    if not 1 <= block <= MAX_BLOCK:
        raise BlobError(f"a block of {block} ticks; the runner takes 1..{MAX_BLOCK}")
    if strangers := sorted(set(memory) - {layer.name for layer in graph.layers}):
        raise BlobError(f"layers {strangers} are given a memory, but are not in the graph")
    if wrong := sorted(name for name, code in memory.items() if not 0 <= code < MEMORIES):
        raise BlobError(f"layers {wrong} are given a memory other than 0 (DTCM) and 1 (AXI SRAM)")
    if odd := [tensor.name for tensor in graph.tensors.values() if not _is_scale(tensor.scale or 0.0)]:
        raise BlobError(f"the scales of tensors {odd} are not below {MAX_SCALE:g} and exact in 32 bits; quantise anew")
    if wide := [tensor.name for tensor in graph.tensors.values() if tensor.size > MAX_WIDTH]:
        raise BlobError(f"tensors {wide} are wider than {MAX_WIDTH}")
    for layer in graph.layers:
        _check_layer(graph, layer)
    _check_levels(graph, block, memory)


def _check_levels(graph: Graph, block: int, memory: Mapping[str, int]) -> None:
    """The memories that hold the whole network hold every level of it."""
    if torn := sorted(name for level in graph.levels for name, runs in level.items() if len(runs) > MAX_RUNS):
        raise BlobError(f"levels cut tensors {torn} into more than {MAX_RUNS} segments")
    room = arena_bytes(graph, block=block, memory=memory)
    for level in range(1, level_count(graph)):
        needs = arena_bytes(at_level(graph, level), block=block, memory=memory)
        if any(need > have for need, have in zip(needs, room, strict=True)):
            raise BlobError(f"level {level} takes {needs} bytes of DTCM and AXI, the next wider one {room}; narrow it")
        room = needs


def _check_layer(graph: Graph, layer: Layer) -> None:
    if len(layer.inputs) > MAX_PARTS:
        raise BlobError(f"layer {layer.name!r} has more than {MAX_PARTS} inputs")
    if layer.kind in ("gru", "lstm") and graph.tensors[layer.output].size > MAX_HIDDEN:
        raise BlobError(f"layer {layer.name!r} is wider than {MAX_HIDDEN}")
    if layer.kind in ("conv1d", "gated_conv1d", "conv_transpose1d"):
        fan_in = int(np.prod(layer.arrays["weight"].shape[1:]))
        if fan_in > MAX_FAN_IN:
            raise BlobError(f"layer {layer.name!r} sums {fan_in} products an output, at most {MAX_FAN_IN} are possible")


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


def _shifts(graph: Graph, layer: Layer) -> tuple[tuple[int, ...], int]:
    """Shift of each input, and of the result."""
    if layer.kind == "concat":
        return concat_shifts(graph.tensors, layer), 0
    if layer.kind == "add":
        return add_shifts(graph.tensors, layer)
    return (), multiply_shift(graph.tensors, layer) if layer.kind == "multiply" else 0


def _layer_record(graph: Graph, layer: Layer, memory: int, arrays: list[int]) -> NDArray:
    order, record = tensor_order(graph), np.zeros((), LAYER)
    record["kind"], record["activation"] = KINDS[layer.kind], ACTIVATIONS[layer.activation]
    record["wide"], record["input_count"] = _wide(layer), len(layer.inputs)
    record["inputs"][: len(layer.inputs)] = [order.index(name) for name in layer.inputs]
    shifts, record["shift"] = _shifts(graph, layer)
    record["shifts"][: len(shifts)] = shifts
    record["output"], record["memory"] = order.index(layer.output), memory
    for name in ("kernel", "dilation", "groups", "stride"):
        record[name] = layer.option(name) if name in OPTIONS[layer.kind] else 1
    record["offset"] = layer.option("offset") if layer.kind == "split" else 0
    record["arrays"][: len(arrays)] = arrays
    return record


def _header(graph: Graph, parameters: VoiceParameters, block: int, length: int) -> NDArray:
    header, order = np.zeros((), HEADER), tensor_order(graph)
    header["magic"], header["version"], header["length"] = MAGIC, VERSION, length
    header["level_count"] = level_count(graph) - 1
    header["layer_count"], header["tensor_count"] = len(graph.layers), len(order)
    header["input_count"], header["output_tensor"] = len(graph.inputs), order.index(graph.outputs[0])
    header["block"] = block
    header["graph_sha256"] = np.frombuffer(bytes.fromhex(graph_hash(graph)), np.uint8)
    edits, merge = parameters.edits, parameters.merge
    header["voice"] = (
        *(parameters.gain, *parameters.loudness_db, *parameters.range_volts),
        *(edits.tilt, edits.breath_db, edits.body_db, edits.ripple_db),
        *((synth.PARTIALS, synth.NOISE_BANDS) if merge is None else (nsf_source.SINES, 0)),
        *(([0.0] * nsf_source.SINES, 0.0) if merge is None else (merge.weights, merge.bias)),
    )
    return header


def level_section(graph: Graph, offset: int) -> Section:
    """How many segments each tensor has, then level by level the widths of all; nothing for a graph of one level."""
    order = tensor_order(graph)
    levels = [[level.get(name, (graph.tensors[name].size,)) for name in order] for level in graph.levels]
    values = [len(segments) for segments in levels[0]] if levels else []
    values += [width for level in levels for segments in level for width in segments]
    return Section("levels", offset, np.array(values, "<u2"))


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT


def sections(
    graph: Graph, parameters: VoiceParameters, *, block: int = 1, memory: Mapping[str, int] | None = None
) -> list[Section]:
    """Everything in the blob in order, the CRC included; arguments and error as to_bytes."""
    places = memory or {}
    _check(graph, block, places)
    tensors = np.zeros(len(graph.tensors), TENSOR)
    for field_name in ("scale", "size", "period"):
        tensors[field_name] = [getattr(graph.tensors[name], field_name) for name in tensor_order(graph)]
    table = _aligned(HEADER.itemsize + tensors.nbytes)
    levels = level_section(graph, table + len(graph.layers) * LAYER.itemsize)
    end, arrays, records = levels.offset + levels.values.nbytes, [], []
    for layer in graph.layers:
        offsets = []
        for name in ARRAYS[layer.kind]["s8s16"]:
            values = layer.arrays[name]
            arrays.append(Section(f"{layer.name}_{name}", _aligned(end), values.astype(values.dtype.newbyteorder("<"))))
            offsets.append(_aligned(end))
            end = _aligned(end) + values.nbytes
        records.append(_layer_record(graph, layer, places.get(layer.name, 0), offsets))
    result = [
        Section("header", 0, _header(graph, parameters, block, end)),
        Section("tensors", HEADER.itemsize, tensors),
        Section("layers", table, np.array(records, LAYER)),
        *([levels] if levels.values.size else []),
        *arrays,
    ]
    result[0].values["crc32"] = zlib.crc32(_assemble(result)[CRC_START:])
    return result


def _assemble(parts: list[Section]) -> bytes:
    blob = bytearray(int(parts[0].values["length"]))
    for part in parts:
        blob[part.offset : part.offset + part.values.nbytes] = part.values.tobytes()
    return bytes(blob)


def to_bytes(
    graph: Graph, parameters: VoiceParameters, *, block: int = 1, memory: Mapping[str, int] | None = None
) -> bytes:
    """The blob itself, little-endian.

    block: ticks that the runner takes at a time, at most. memory: layer name → 0 (DTCM, where none is named) or 1 (AXI
    SRAM) for its weights and state. Raises BlobError for a graph that the runner can't hold.
    """
    return _assemble(sections(graph, parameters, block=block, memory=memory))
