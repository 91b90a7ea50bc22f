# SPDX-License-Identifier: MIT
"""Quantising every kind of layer: little is lost, it is told layer by layer, and the proofs of 32 bits hold."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from graphs import random_columns, random_layer_graph, random_streaming_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.export.quantise import QuantisationError, accumulator_bits, accumulator_bound, quantise
from lottava.export.quantise_report import QuantisationReport
from lottava.training.generators import topologies

from lottava import reference
from lottava.builder import Builder, random_arrays
from lottava.fixedpoint import S16_MIN, S32_MAX, fits_32_bits, quantise_s16
from lottava.graph import PRODUCTS, Graph, Layer, graph_hash

LEAST_DB = 30.0
"""Of signal over error at any random layer; the worst of 600 had 38."""


def quantised(graph: Graph, seed: int) -> tuple[Graph, QuantisationReport]:
    return quantise(graph, random_columns(graph, seed, 64, batch=(4,)))


@pytest.mark.parametrize("kind", PRODUCTS)
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_every_kind_keeps_its_signal(kind: str, seed: int) -> None:
    graph = random_layer_graph(seed, kind)
    integer, report = quantised(graph, seed)
    assert [(entry.layer, entry.kind) for entry in report.layers] == [(each.name, each.kind) for each in graph.layers]
    assert min(entry.snr_db for entry in report.end_to_end) > LEAST_DB
    assert integer.parent == report.parent == graph_hash(graph)
    for layer in integer.layers:
        exponent = math.log2(integer.tensors[layer.output].scale or 0.0)
        assert exponent == round(exponent), "scales are powers of two"
    json.dumps(report.to_json(), allow_nan=False)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_the_report_says_what_the_integers_do(seed: int) -> None:
    graph = random_streaming_graph(seed)
    clips = random_columns(graph, seed, 48, batch=(2,))
    try:
        integer, report = quantise(graph, clips)
    except QuantisationError:
        return
    scales = {name: tensor.scale or 0.0 for name, tensor in integer.tensors.items()}
    exact = reference.run(graph, clips, graph.tensors)
    codes = reference.run(integer, {n: quantise_s16(clips[n], scales[n]) for n in clips}, graph.tensors)
    for entry in report.layers:
        error = codes[entry.tensor] * scales[entry.tensor] - exact[entry.tensor]
        assert entry.worst_error == pytest.approx(np.max(np.abs(error)))
        assert entry.rms_error == pytest.approx(np.sqrt(np.mean(error**2)))
    assert {entry.tensor for entry in report.end_to_end} == set(graph.outputs)


def test_fit_networks_are_quantised_with_32_bit_accumulators() -> None:
    for graph, least_db in ((topologies.nsf_graph(), 40.0), (topologies.wavenet_graph(), 30.0)):
        ticks = 2 * graph.largest_period
        played = [topologies.playing_inputs(graph, ticks, np.random.default_rng(seed)) for seed in range(4)]
        _, report = quantise(graph, {name: np.stack([each[name] for each in played]) for name in graph.inputs})
        assert report.end_to_end[0].snr_db > least_db
        assert {entry.accumulator_bits for entry in report.layers} == {0, 32}
        assert max(entry.accumulator_bound for entry in report.layers) < 0.1 * S32_MAX


@pytest.mark.parametrize("kind", [kind for kind, suffixes in PRODUCTS.items() if suffixes])
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_the_accumulators_bound_is_what_inputs_of_2_to_15_would_make(kind: str, seed: int, wild: bool) -> None:
    graph = random_layer_graph(seed, kind, integer=True, wild=wild)
    (layer,) = (each for each in graph.layers if each.kind == kind and each.output in graph.outputs)
    bounds, fits = [], []
    for suffix in PRODUCTS[kind]:
        weight, bias = (layer.arrays[name + suffix].astype(np.int64) for name in ("weight", "bias"))
        rows = weight.reshape(len(weight), -1)
        side = np.where(bias < 0, -1, 1)[:, None]
        worst = np.where(rows < 0, S16_MIN, -S16_MIN) * side
        bounds.append(int(np.max(np.abs((worst * rows).sum(axis=1) + bias))))
        fits.append(fits_32_bits(weight, bias))
    assert accumulator_bound(layer) == max(bounds)
    assert accumulator_bits(layer) == (32 if all(fits) else 64)


def two_taps(kind: str, weight: np.ndarray, period: int, out_period: int, **options: int) -> Graph:
    """A layer of one channel whose weights are far from any grid but for the largest."""
    builder = Builder(random_arrays(np.random.default_rng(0)))
    builder.input("x", 1, period)
    if 1 not in (period, out_period):
        builder.input("tick", 1)
    graph = builder.graph(builder.layer("y", kind, "x", 1, period=out_period, **options))
    arrays = {"weight": weight.astype(np.float32), "bias": np.zeros(1, np.float32)}
    return replace(graph, layers=(replace(graph.layers[0], arrays=arrays),))


def mean_error(graph: Graph, correct: bool) -> float:
    """Of the output over clips whose inputs have a large mean."""
    clips = {"x": 1.0 + 0.01 * np.random.default_rng(0).normal(size=(2, 64, 1))}
    integer, _ = quantise(graph, clips, correct_bias=correct)
    scale = {name: tensor.scale or 0.0 for name, tensor in integer.tensors.items()}
    exact = reference.run(graph, clips)["y"]
    codes = reference.run(integer, {"x": quantise_s16(clips["x"], scale["x"])})["y"] * scale["y"]
    return float(np.abs(np.mean((codes - exact)[:, 8:])))


def test_biases_take_up_the_mean_error_of_convolutions() -> None:
    rough = np.array([1.0, 0.4 / 127, 1.4 / 127, 2.4 / 127]).reshape(1, 4, 1)
    for graph in (
        two_taps("conv1d", rough, 1, 1, kernel=4),
        two_taps("conv_transpose1d", rough, 2, 1, kernel=4, stride=2),
    ):
        assert mean_error(graph, True) < 0.2 * mean_error(graph, False)


def test_what_a_table_levels_may_saturate_but_nothing_else() -> None:
    builder = Builder(random_arrays(np.random.default_rng(0), 30.0))
    builder.input("x", 4)
    builder.layer("loud", "dense", "x", 4)
    graph = builder.graph(builder.layer("y", "activation", "loud", activation="tanh"))
    clips = {"x": np.random.default_rng(1).normal(size=(64, 4))}
    _, report = quantise(graph, clips)
    assert report.layers[0].saturated > 0.1 and report.layers[1].snr_db > 20
    with pytest.raises(QuantisationError, match="'loud' leaves its s16 range of ±8"):
        quantise(replace(graph, outputs=("y", "loud")), clips)
    softer = replace(graph.layers[1], activation="softsign")
    with pytest.raises(QuantisationError, match="'loud' leaves its s16 range of ±8"):
        quantise(replace(graph, layers=(graph.layers[0], softer)), clips)


def test_layers_without_products_have_no_accumulator() -> None:
    layer = Layer("s", "split", ("x",), "y", options={"offset": 0})
    assert accumulator_bits(layer) == 0 and accumulator_bound(layer) == 0
