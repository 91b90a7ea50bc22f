# SPDX-License-Identifier: MIT
"""The C loader refuses every record that the runner could not follow, and Python every graph that it could not hold."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import streaming
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.library import ERRORS, Memories, host_library, memory
from lottava.export import BlobError, VoiceParameters, blob

from lottava.builder import Builder, random_arrays
from lottava.graph import Graph

LENGTH, COUNT, TENSOR, LAYER, ARENA = (
    ERRORS.index(words)
    for words in ("wrong length", "too many layers or tensors", "bad tensor", "bad layer", "arena too small")
)


def code_of(data: bytes, dtcm: int = 1 << 20, axi: int = 1 << 20) -> int:
    library, arenas = host_library(), Memories(dtcm, axi)
    network = memory(library.lottava_nn_size())
    return int(library.lottava_nn_load(network.ctypes.data, data, len(data), arenas.address))


def sealed(data: bytes) -> bytes:
    return data[:12] + zlib.crc32(data[blob.CRC_START :]).to_bytes(4, "little") + data[blob.CRC_START :]


def one_of_each() -> Graph:
    """Every kind once, two rates."""
    b = Builder(random_arrays(np.random.default_rng(0), 1.0))
    x, slow = b.input("x", 8), b.input("slow", 4, 4)
    b.layer("dense", "dense", x, 8)
    b.layer("conv", "conv1d", x, 8, kernel=3, dilation=2, groups=2)
    b.layer("down", "conv1d", x, 4, kernel=2, stride=4)
    b.layer("condition", "dense", slow, 12)
    b.layer("gated", "gated_conv1d", [x, "condition"], 6, kernel=2)
    b.layer("up", "conv_transpose1d", slow, 4, kernel=8, stride=4)
    b.layer("scaled", "scale", "up")
    b.layer("gru", "gru", x, 8)
    b.layer("lstm", "lstm", x, 8)
    b.layer("sum", "add", ["gru", "lstm", "dense"])
    b.layer("product", "multiply", ["gru", "lstm"])
    b.layer("both", "concat", ["gru", "dense"])
    b.layer("part", "split", "both", 4, offset=8)
    b.layer("held", "broadcast", slow, 8, period=1)
    b.layer("line", "interpolate", slow, period=1)
    b.layer("curve", "activation", "dense", activation="exp2")
    b.layer("last", "add", ["curve", "conv"])
    return streaming.with_random_integers(b.graph("last"), np.random.default_rng(0))


GRAPH = one_of_each()
SECTIONS = {section.name: section for section in blob.sections(GRAPH, VoiceParameters(), block=16)}
DATA = blob.to_bytes(GRAPH, VoiceParameters(), block=16)
LAYERS = {layer.name: i for i, layer in enumerate(GRAPH.layers)}
TENSORS = {name: i for i, name in enumerate(blob.tensor_order(GRAPH))}


def changed(table: str, index: int, change: Callable[[np.ndarray], None]) -> bytes:
    """The blob with one record of a table changed, the CRC made good."""
    values = np.atleast_1d(SECTIONS[table].values).copy()
    change(values[index : index + 1])
    at = SECTIONS[table].offset
    return sealed(DATA[:at] + values.tobytes() + DATA[at + values.nbytes :])


def with_field(table: str, index: int, field: str, value: float, item: int | None = None) -> bytes:
    def change(record: np.ndarray) -> None:
        if item is None:
            record[field] = value
        else:
            record[field][:, item] = value

    return changed(table, index, change)


def test_the_blob_itself_is_taken() -> None:
    assert {layer.kind for layer in GRAPH.layers} == set(blob.KINDS)
    assert code_of(DATA) == 0


EVERY_LAYER = (("kind", 14), ("activation", 9), ("wide", 4), ("input_count", 0), ("input_count", 5), ("memory", 2))
EVERY_LAYER += (("kernel", 0), ("dilation", 0), ("groups", 0), ("stride", 0), ("reserved", 1), ("reserved_options", 1))
EVERY_LAYER += (("output", 200), ("output", 0), ("offset", 65535), ("kernel", 65), ("stride", 65), ("groups", 65535))


@pytest.mark.parametrize("name", LAYERS)
def test_no_layer_may_leave_its_bounds(name: str) -> None:
    for field, value in EVERY_LAYER:
        assert code_of(with_field("layers", LAYERS[name], field, value)) == LAYER, field
    for item in range(blob.MAX_PARTS):
        assert code_of(with_field("layers", LAYERS[name], "inputs", 200, item)) == LAYER
        assert code_of(with_field("layers", LAYERS[name], "inputs", TENSORS["last"], item)) == LAYER
        assert code_of(with_field("layers", LAYERS[name], "shifts", 31, item)) in (LAYER, TENSOR)
    assert code_of(with_field("layers", LAYERS[name], "shift", 31)) == LAYER


@pytest.mark.parametrize(
    ("layer", "field", "value"),
    [
        *(("dense", field, 2) for field in ("kernel", "dilation", "groups", "stride")),
        *(("conv", field, value) for field, value in (("groups", 3), ("dilation", 4097), ("stride", 2))),
        *(("gated", field, 2) for field in ("groups", "stride")),
        *(("up", field, value) for field, value in (("dilation", 2), ("groups", 2), ("stride", 2), ("kernel", 3))),
        *(("sum", field, value) for field, value in (("shift", 16), ("input_count", 1))),
        *(("product", field, value) for field, value in (("shift", 0), ("shift", 30), ("input_count", 1))),
        *(("part", "offset", value) for value in (13, 16, 65535)),
        *(("curve", "activation", blob.ACTIVATIONS[name]) for name in ("none", "tanh", "relu")),
        *(("conv", "activation", blob.ACTIVATIONS[name]) for name in ("tanh", "exp2")),
        *((name, "activation", blob.ACTIVATIONS["relu"]) for name in ("gru", "gated", "scaled", "both")),
    ],
)
def test_options_that_do_not_fit_the_kind_are_refused(layer: str, field: str, value: int) -> None:
    assert code_of(with_field("layers", LAYERS[layer], field, value)) in (LAYER, TENSOR)


@pytest.mark.parametrize("name", TENSORS)
def test_sizes_periods_and_scales_hold_together(name: str) -> None:
    tensor = GRAPH.tensors[name]
    for value in (0, 513, 65535):
        assert code_of(with_field("tensors", TENSORS[name], "size", value)) == TENSOR
    for value in (0, 3, 5, 65535):
        assert code_of(with_field("tensors", TENSORS[name], "period", value)) == TENSOR
    for value in (0.0, -1.0, float("nan"), float("inf"), 2.0**20):
        assert code_of(with_field("tensors", TENSORS[name], "scale", value)) == TENSOR
    if name in ("part", "held", "line"):
        return  # read by nobody, and as good with another channel or rate
    for field, value in (("size", tensor.size + 1), ("period", 8), ("period", 2)):
        assert code_of(with_field("tensors", TENSORS[name], field, value)) != 0, field


@pytest.mark.parametrize(
    ("field", "value"),
    [("layer_count", 0), ("layer_count", 97), ("tensor_count", 97), ("tensor_count", 255), ("input_count", 0)]
    + [("input_count", 100), ("output_tensor", 100), ("block", 0), ("block", 49), ("block", 255)],
)
def test_counts_are_those_of_the_runner(field: str, value: int) -> None:
    assert code_of(with_field("header", 0, field, value)) == COUNT


def test_fewer_or_more_records_than_there_are_do_not_fit() -> None:
    for field in ("layer_count", "tensor_count", "input_count"):
        for step in (-1, 1):
            value = int(SECTIONS["header"].values[field]) + step
            assert code_of(with_field("header", 0, field, value)) != 0, (field, step)


def test_a_memory_that_is_missing_too_small_or_askew_is_refused() -> None:
    placed = blob.to_bytes(GRAPH, VoiceParameters(), block=16, memory={layer.name: 1 for layer in GRAPH.layers})
    assert code_of(placed) == 0
    for dtcm, axi in ((1 << 20, 0), (1 << 20, 1024), (1024, 1 << 20), (0, 1 << 20)):
        assert code_of(placed, dtcm, axi) == ARENA
    library, network = host_library(), memory(host_library().lottava_nn_size())
    raw = memory(1 << 20)
    askew = np.array([raw.ctypes.data + 4, (1 << 20) - 4, 0, 0], np.uintp)
    assert library.lottava_nn_load(network.ctypes.data, DATA, len(DATA), askew.ctypes.data) == ARENA


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), dtcm=st.integers(0, 1 << 16))
def test_any_size_of_memory_is_enough_or_refused(seed: int, dtcm: int) -> None:
    graph = streaming.random_streaming_graph(seed, integer=True)
    data = blob.to_bytes(replace(graph, outputs=graph.outputs[:1]), VoiceParameters(), block=16)
    assert code_of(data, dtcm, 0) in (0, ARENA)


def test_python_names_the_limit_that_a_graph_breaks() -> None:
    def wide(kind: str, size: int, out: int, **options: int) -> Graph:
        b = Builder(random_arrays(np.random.default_rng(0), 1.0))
        b.layer("y", kind, b.input("x", size), out, **options)
        return streaming.with_random_integers(b.graph("y"), np.random.default_rng(0))

    for graph, arguments, sentence in (
        (wide("dense", 513, 1), {}, "wider than 512"),
        (wide("gru", 4, 257), {}, "wider than 256"),
        (wide("conv1d", 100, 2, kernel=21), {}, "sums 2100 products"),
        (GRAPH, {"block": 0}, "takes 1..48"),
        (GRAPH, {"block": 49}, "takes 1..48"),
        (GRAPH, {"memory": {"nobody": 1}}, "not in the graph"),
        (GRAPH, {"memory": {"dense": 2}}, "other than 0"),
        (replace(GRAPH, outputs=("last", "line")), {}, "gives one"),
    ):
        with pytest.raises(BlobError, match=sentence):
            blob.to_bytes(graph, VoiceParameters(), **arguments)
