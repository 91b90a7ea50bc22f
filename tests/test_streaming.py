# SPDX-License-Identifier: MIT
"""The oracle on graphs of any kinds and rates: streaming, causality, integers beside floats, manifests, refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from graphs import random_columns, random_layer_graph, random_streaming_graph
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from streaming import KINDS

from lottava import fixedpoint, reference
from lottava import graph as graphs
from lottava.builder import Builder, random_arrays
from lottava.graph import PRODUCTS, Graph, GraphError, Layer
from lottava.scales import real_values

seeds = st.integers(0, 2**32)


def due(graph: Graph, inputs: dict[str, NDArray], tick: int) -> dict[str, NDArray]:
    periods = {name: graph.tensors[name].period for name in inputs}
    return {name: x[..., tick // periods[name], :] for name, x in inputs.items() if tick % periods[name] == 0}


@given(seeds, st.booleans(), st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_streaming_is_offline_and_batches_are_clips(seed: int, integer: bool, ticks: int) -> None:
    graph = random_streaming_graph(seed, integer=integer, wild=True)
    inputs = random_columns(graph, seed, ticks, batch=(2,))
    whole, state = reference.run(graph, inputs), reference.init_state(graph)
    columns: dict[str, list[NDArray]] = {name: [] for name in graph.outputs}
    for tick in range(ticks):
        outputs, state = reference.step(graph, due(graph, {n: x[1] for n, x in inputs.items()}, tick), state)
        assert set(outputs) == {name for name in graph.outputs if tick % graph.tensors[name].period == 0}
        for name, value in outputs.items():
            columns[name].append(value)
    for name, found in columns.items():
        assert whole[name].shape == (2, reference.columns_in(ticks, graph.tensors[name].period), found[0].size)
        np.testing.assert_allclose(found, whole[name][1], rtol=1e-12, atol=1e-12)


@given(seeds, st.booleans(), st.integers(0, 30))
@settings(max_examples=40, deadline=None)
def test_the_past_does_not_depend_on_the_future(seed: int, integer: bool, start: int) -> None:
    graph, ticks = random_streaming_graph(seed, integer=integer), 30
    before, after = (random_columns(graph, seed + i, ticks) for i in (0, 1))
    for name, x in after.items():
        kept = reference.columns_in(start, graph.tensors[name].period)
        x[:kept] = before[name][:kept]
    a, b = (reference.run(graph, x, graph.tensors) for x in (before, after))
    for name, tensor in graph.tensors.items():
        kept = reference.columns_in(start, tensor.period)
        np.testing.assert_array_equal(a[name][:kept], b[name][:kept])


@given(seeds, st.integers(1, 5), st.integers(1, 7), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_a_convolution_forgets_after_its_history(seed: int, kernel: int, dilation: int, stride: int) -> None:
    builder = Builder(random_arrays(np.random.default_rng(seed)))
    name = builder.layer("y", "conv1d", builder.input("x", 2), 3, kernel=kernel, dilation=dilation, stride=stride)
    graph, ticks = builder.graph(name), 40
    inputs = random_columns(graph, seed, ticks)
    other = {"x": inputs["x"].copy()}
    other["x"][0] += 1.0
    a, b = (reference.run(graph, x)["y"] for x in (inputs, other))
    reached = graphs.history_columns(graph.layers[0])
    np.testing.assert_array_equal(
        a[reference.columns_in(reached, stride) :], b[reference.columns_in(reached, stride) :]
    )
    assert np.any(a[0] != b[0])


@pytest.mark.parametrize("kind", KINDS)
@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_wild_integers_stay_s16(kind: str, seed: int) -> None:
    graph = random_layer_graph(seed, kind, integer=True, wild=True)
    for value in reference.run(graph, random_columns(graph, seed, 12), graph.tensors).values():
        assert value.dtype == np.int64
        np.testing.assert_array_equal(value, fixedpoint.saturate_s16(value))


def float_twin(graph: Graph) -> Graph:
    """The float graph whose weights are those that the integer graph's codes stand for."""

    def twin(layer: Layer) -> Layer:
        arrays = {}
        for suffix in PRODUCTS[layer.kind]:
            source, target = graph.tensors[layer.inputs[0]].scale, graph.tensors[layer.output].scale
            source = 2.0**-15 if suffix == "_hh" else source
            target = 2.0**-12 if layer.kind in ("gru", "lstm", "gated_conv1d") else target
            weight, bias, multiplier, shift = (
                layer.arrays[array + suffix].astype(np.float64) for array in ("weight", "bias", "multiplier", "shift")
            )
            row = multiplier * 2.0 ** (shift - 31) * target
            arrays["weight" + suffix] = (weight.T * row / source).T.astype(np.float32)
            arrays["bias" + suffix] = (bias * row).astype(np.float32)
        return replace(layer, arrays=arrays)

    tensors = {name: replace(tensor, scale=None) for name, tensor in graph.tensors.items()}
    return Graph("f32", graph.inputs, graph.outputs, tensors, tuple(twin(layer) for layer in graph.layers))


def with_small_gates(graph: Graph) -> Graph:
    """The graph with the products of its last layer 16 times smaller: gates that don't saturate."""
    layer = graph.layers[-1]
    arrays = {name: array - 4 * np.int32(name.startswith("shift")) for name, array in layer.arrays.items()}
    arrays = {name: array.astype(layer.arrays[name].dtype) for name, array in arrays.items()}
    return replace(graph, layers=(*graph.layers[:-1], replace(layer, arrays=arrays)))


TOLERANCE = {"gru": 2e-3, "lstm": 2e-3, "gated_conv1d": 1.5e-3, "activation": 1.4e-3}
"""Beside two codes: a gate code is 2^-12 and a sigmoid at its end 3.4e-4 off; states carry that on for some ticks."""


@pytest.mark.parametrize("kind", KINDS)
@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_integers_follow_the_floats_that_they_stand_for(kind: str, seed: int) -> None:
    graph = random_layer_graph(seed, kind, integer=True)
    assume(len(graph.layers) == 1)
    graph = with_small_gates(graph) if kind in ("gru", "lstm") else graph
    codes = random_columns(graph, seed, 6)
    name = graph.outputs[0]
    scale = graph.tensors[name].scale
    assert scale
    real = {n: real_values(x, graph.tensors[n].scale) for n, x in codes.items()}
    exact = reference.run(float_twin(graph), real)[name]
    inside = np.clip(exact, scale * fixedpoint.S16_MIN, scale * fixedpoint.S16_MAX)
    got = real_values(reference.run(graph, codes)[name], scale)
    np.testing.assert_allclose(got, inside, rtol=2e-4, atol=2 * scale + TOLERANCE.get(kind, 0.0))


def test_integer_layers_by_hand() -> None:
    def run(kind: str, inputs: dict[str, list[int]], scales: tuple[float, ...], period: int = 1) -> list[int]:
        tensors = {name: graphs.Tensor(name, 1, scale, period) for name, scale in zip(inputs, scales[:-1], strict=True)}
        tensors["y"] = graphs.Tensor("y", 1, scales[-1])
        graph = Graph("s8s16", tuple(inputs), ("y",), tensors, (Layer("l", kind, tuple(inputs), "y"),))
        values = {name: np.array(x)[:, None] for name, x in inputs.items()}
        return [int(y) for y in reference.run(graph, values)["y"][:, 0]]

    assert run("add", {"a": [5, -32768], "b": [1, -32768]}, (1.0, 4.0, 2.0)) == [5, -32768]  # (5 + 4 + 1) >> 1
    assert run("multiply", {"a": [3, -3], "b": [5, 5]}, (0.5, 0.5, 0.5)) == [8, -7]  # ±7.5: halves go up
    assert run("interpolate", {"a": [9, -32768]}, (1.0, 1.0), 3) == [0, 3, 6, 9, -10917, -21842]
    assert run("broadcast", {"a": [9, 4]}, (1.0, 1.0), 3) == [9, 9, 9, 4, 4, 4]


@given(seeds, st.booleans())
@settings(max_examples=40, deadline=None)
def test_manifest_round_trip_keeps_the_hash(seed: int, integer: bool) -> None:
    graph = random_streaming_graph(seed, integer=integer)
    manifest = json.loads(json.dumps(graphs.to_manifest(graph)))
    again = graphs.from_manifest(manifest, graphs.named_arrays(graph))
    assert graphs.to_manifest(again) == manifest
    assert graphs.graph_hash(again) == graphs.graph_hash(graph)


def test_defaults_are_left_out_and_read_when_stated() -> None:
    graph = random_layer_graph(1, "conv1d")
    manifest = graphs.to_manifest(graph)
    assert "period" not in manifest["tensors"][0]
    assert "options" not in graphs.to_manifest(random_layer_graph(1, "dense"))["layers"][0]
    manifest["tensors"][0]["period"] = 1
    manifest["layers"][0]["options"] = {"dilation": 1, "groups": 1, "stride": 1} | manifest["layers"][0]["options"]
    again = graphs.from_manifest(manifest, graphs.named_arrays(graph))
    assert graphs.graph_hash(again) == graphs.graph_hash(graph)


def test_the_hash_sees_periods_and_options() -> None:
    builder = Builder(lambda layer, shapes: {name: np.ones(shape, np.float32) for name, shape in shapes.items()})
    builder.input("tick", 1)
    base = builder.graph(builder.layer("y", "conv1d", builder.input("x", 2, 4), 2, kernel=2))
    hashes = {graphs.graph_hash(base)}
    layer = base.layers[0]
    hashes.add(graphs.graph_hash(replace(base, layers=(replace(layer, options={"kernel": 2, "dilation": 3}),))))
    slower = {n: replace(t, period=8 if t.period == 4 else 1) for n, t in base.tensors.items()}
    hashes.add(graphs.graph_hash(replace(base, tensors=slower)))
    assert len(hashes) == 3


@pytest.mark.parametrize(
    "options", [None, 3, "kernel", ["kernel"], [["kernel", 2]], {"kernel": [2]}, {"kernel": 1e400}]
)
def test_malformed_options_are_a_graph_error(options: object) -> None:
    graph = random_layer_graph(1, "conv1d")
    manifest = graphs.to_manifest(graph)
    manifest["layers"][0]["options"] = options
    with pytest.raises(GraphError):
        graphs.from_manifest(manifest, graphs.named_arrays(graph))


def two_rates() -> Graph:
    builder = Builder(random_arrays(np.random.default_rng(0)))
    fast, slow = builder.input("fast", 1), builder.input("slow", 2, 4)
    builder.layer("ramp", "interpolate", slow)
    return builder.graph(builder.layer("y", "concat", [fast, "ramp"]))


def test_columns_between_their_ticks_are_refused() -> None:
    graph, state = two_rates(), reference.init_state(two_rates())
    columns = {"fast": np.zeros(1), "slow": np.zeros(2)}
    _, state = reference.step(graph, columns, state)
    with pytest.raises(GraphError, match=r"inputs \['slow'\] have no column at tick 1; pass each at the multiples"):
        reference.step(graph, columns, state)
    with pytest.raises(GraphError, match="'slow' is missing"):
        reference.step(graph, {"fast": np.zeros(1)}, reference.init_state(graph))


@pytest.mark.parametrize("columns", [0, 2, 4])
def test_inputs_that_last_differently_are_refused(columns: int) -> None:
    inputs = {"fast": np.zeros((9, 1)), "slow": np.zeros((columns, 2))}
    with pytest.raises(GraphError, match=rf"last 9 ticks as 'fast' does: 'slow' is \({columns},\), should be \(3,\)"):
        reference.run(two_rates(), inputs)


def test_inputs_without_columns_are_refused() -> None:
    with pytest.raises(GraphError, match="columns, size"):
        reference.run(two_rates(), {"fast": np.zeros(1), "slow": np.zeros(2)})


def test_a_slow_input_alone_lasts_whole_periods() -> None:
    builder = Builder(random_arrays(np.random.default_rng(0)))
    graph = builder.graph(builder.layer("y", "conv_transpose1d", builder.input("x", 1, 4), 1, kernel=4, stride=4))
    assert reference.run(graph, {"x": np.zeros((3, 1))})["y"].shape == (12, 1)
