# SPDX-License-Identifier: MIT
"""The JAX executor equals the oracle bit for bit on every kind and rate, and keeps 64-bit types to itself."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from graphs import Widths, random_columns, random_graph, random_inputs, random_layer_graph, random_streaming_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.export.quantise import quantise_at
from lottava.training.analysis import executor
from lottava.training.analysis.executor import Executor
from lottava.training.generators import topologies
from s8_graphs import random_s8_graph, s8_codes

from lottava import reference
from lottava.fixedpoint import quantise_s16
from lottava.graph import PRODUCTS, Graph, GraphError, Layer, Tensor
from lottava.scales import tensor_scales

SHAPES = [Widths(1, 1, 1, 1, 1), Widths(3, 5, 2, 7, 6), Widths(8, 4, 12, 16, 8)]
BATCH, FRAMES = 2, 12


@pytest.fixture(autouse=True)
def _short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "TICKS_PER_PIECE", 8)
    monkeypatch.setattr(executor, "PERIODS_PER_PIECE", 1)


def check(graph: Graph, seed: int, ticks: int) -> None:
    """Every output equals the oracle's, over several pieces and a part of one."""
    inputs = random_columns(graph, seed, ticks, batch=(BATCH,))
    expected, found = reference.run(graph, inputs), Executor(graph).run_all(inputs)
    for name in graph.outputs:
        assert found[name].dtype == np.int16
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("kind", PRODUCTS)
@settings(max_examples=2, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_every_kind_equals_the_oracle_at_any_rate(kind: str, seed: int, wild: bool) -> None:
    graph = random_layer_graph(seed, kind, integer=True, wild=wild)
    check(graph, seed, 2 * graph.largest_period + 17)


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_networks_of_several_rates_equal_the_oracle(seed: int, wild: bool) -> None:
    graph = random_streaming_graph(seed, integer=True, wild=wild, layers=5)
    check(graph, seed, 3 * graph.largest_period + 5)


@pytest.mark.parametrize("widths", SHAPES)
@pytest.mark.parametrize("wild", [False, True])
@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32))
def test_equals_the_oracle_bit_for_bit(widths: Widths, wild: bool, seed: int) -> None:
    graph = random_graph(seed, widths, integer=True, wild=wild)
    inputs = random_inputs(seed, FRAMES, batch=(BATCH,), integer=True)
    controls = Executor(graph).run(inputs)
    assert controls.dtype == np.int16
    np.testing.assert_array_equal(controls, reference.run(graph, inputs)["controls"])


def test_equals_the_oracle_where_accumulators_need_64_bits() -> None:
    tensors = {"x": Tensor("x", 4096, 1.0), "y": Tensor("y", 3, 1.0)}
    arrays: dict[str, np.ndarray] = {
        "weight": np.stack([np.full(4096, w, np.int8) for w in (127, -127, 126)]),
        "bias": np.array([2**31 - 1, -(2**31), 0], np.int32),
        "multiplier": np.array([2**31 - 1, 2**30, 2**30 + 12345], np.int32),
        "shift": np.array([-16, -16, -16], np.int32),
    }
    graph = Graph("s8s16", ("x",), ("y",), tensors, (Layer("d", "dense", ("x",), "y", "none", arrays),))
    rng = np.random.default_rng(0)
    codes = rng.choice(np.array([-32768, 32767, 3, -5], np.int16), (2, 9, 4096), p=[0.26, 0.24, 0.25, 0.25])
    np.testing.assert_array_equal(Executor(graph).run({"x": codes}), reference.run(graph, {"x": codes})["y"])


@given(st.integers(0, 2**32))
@settings(max_examples=2, deadline=None)
def test_pieces_and_padding_leave_no_trace(seed: int) -> None:
    run = Executor(random_graph(seed, SHAPES[1], integer=True))
    inputs = random_inputs(seed, 21, batch=(1,), integer=True)
    whole = run.run(inputs)
    for frames in (1, 8, 9, 21):
        head = run.run({name: value[:, :frames] for name, value in inputs.items()})
        np.testing.assert_array_equal(head, whole[:, :frames])


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_s8_activations_equal_the_oracle(seed: int, wild: bool) -> None:
    graph = random_s8_graph(seed, wild=wild)
    inputs = {"x": np.stack([s8_codes(seed + n, 21, graph.tensors["x"].size) for n in range(BATCH)])}
    expected, found = reference.run(graph, inputs), Executor(graph).run_all(inputs)
    for name in graph.outputs:
        assert found[name].dtype == np.int8
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("family", ["nsf", "wavenet"])
def test_networks_that_make_samples_equal_the_oracle(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer layers than the fit configurations have: compiling the 75 of the NSF takes as long as all tests here."""
    monkeypatch.setattr(executor, "TICKS_PER_PIECE", 64)
    monkeypatch.setattr(executor, "PERIODS_PER_PIECE", 1)
    few = topologies.NsfWidths(blocks=1, layers=3, noise_layers=1)
    float_graph = (
        topologies.nsf_graph(few) if family == "nsf" else topologies.wavenet_graph(topologies.WavenetWidths(layers=5))
    )
    rng = np.random.default_rng(1)
    scales = tensor_scales(float_graph)
    graph = quantise_at(float_graph, scales)
    playing = [topologies.playing_inputs(graph, 150, rng) for _ in range(BATCH)]
    inputs = {name: quantise_s16(np.stack([each[name] for each in playing]), scales[name]) for name in graph.inputs}
    (output,) = graph.outputs
    np.testing.assert_array_equal(Executor(graph).run(inputs), reference.run(graph, inputs)[output])


def test_wide_types_stay_inside() -> None:
    run = Executor(random_graph(0, SHAPES[0], integer=True))
    run.run(random_inputs(0, 3, batch=(1,), integer=True))
    assert jnp.zeros(1).dtype == jnp.float32
    assert jnp.arange(3).dtype == jnp.int32


def test_no_frames_give_no_controls() -> None:
    run = Executor(random_graph(0, SHAPES[0], integer=True))
    assert run.run(random_inputs(0, 0, batch=(4,), integer=True)).shape == (4, 0, 82)


def test_bad_graphs_and_inputs_are_refused() -> None:
    with pytest.raises(GraphError, match="quantise"):
        Executor(random_graph(0, SHAPES[0]))
    run, inputs = Executor(random_graph(0, SHAPES[0], integer=True)), random_inputs(0, 3, batch=(2,), integer=True)
    with pytest.raises(GraphError, match="missing"):
        run.run({"pitch": inputs["pitch"]})
    with pytest.raises(GraphError, match="should be int16"):
        run.run(inputs | {"pitch": inputs["pitch"].astype(np.int32)})
    with pytest.raises(GraphError, match="should share"):
        run.run(inputs | {"pitch": inputs["pitch"][:, :2]})
    slow = random_layer_graph(0, "interpolate", integer=True)
    columns = random_columns(slow, 0, 2 * slow.largest_period, batch=(1,))
    with pytest.raises(GraphError, match="should share"):
        Executor(slow).run_all(columns | {"x": columns["x"][:, :1]})
