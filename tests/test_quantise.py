# SPDX-License-Identifier: MIT
"""Quantising: integer controls stay close to float ones, factors stay legal, parents are named, bad graphs refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graphs import Widths, random_graph, random_inputs
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.export import quantise as quantising
from lottava.export.quantise import QuantisationError, quantise

from lottava import reference, scales
from lottava.graph import Graph, GraphError, graph_hash

ticket_widths = st.builds(Widths, *[st.sampled_from([16, 20, 32, 36])] * 5)
"""What a lottery may leave: in a group of a few units, one that rounds badly is a good part of the sound."""


def relative_error(graph: Graph, integer: Graph, inputs: dict[str, np.ndarray]) -> float:
    """RMS of integer minus float controls over the RMS of the float ones' movement about their mean, plus 0.1."""
    exact = reference.run(graph, inputs)["controls"]
    codes = reference.run(integer, scales.input_codes(inputs))["controls"]
    error = scales.real_values(codes, integer.tensors["controls"].scale) - exact
    return float(np.sqrt(np.mean(error**2)) / (np.std(exact) + 0.1))


@given(st.integers(0, 2**32), ticket_widths, st.floats(0.3, 1.0))
@settings(max_examples=25, deadline=None)
def test_integer_controls_are_within_5_percent_of_float_ones(seed: int, widths: Widths, spread: float) -> None:
    graph = random_graph(seed, widths, spread=spread)
    integer, report = quantise(graph, random_inputs(seed, 40, batch=(3,)))
    assert relative_error(graph, integer, random_inputs(seed + 1, 60)) < 0.05
    assert integer.parent == report.parent == graph_hash(graph)
    assert integer.parameter_count == graph.parameter_count
    assert [entry.layer for entry in report.layers] == [layer.name for layer in graph.layers]


def test_typical_error_is_well_below_a_percent() -> None:
    errors = []
    for seed in range(6):
        graph = random_graph(seed)
        integer, _ = quantise(graph, random_inputs(seed, 60, batch=(4,)))
        errors.append(relative_error(graph, integer, random_inputs(seed + 100, 120)))
    assert np.median(errors) < 0.01


def test_fixed_scales() -> None:
    integer, _ = quantise(random_graph(0, Widths(1, 1, 1, 2, 1)), random_inputs(0, 5))
    fractions = {name: -np.log2(tensor.scale or np.nan) for name, tensor in integer.tensors.items()}
    features = {name: 12 for name in fractions if "features" in name}
    assert fractions == {"pitch": 12, "loudness": 14, "axes": 14, "hidden": 15, "controls": 11} | features


def test_bias_correction_lowers_the_error_and_leaves_grid_weights_alone() -> None:
    graph, inputs = random_graph(1), random_inputs(1, 60, batch=(4,))
    corrected, plain = (quantise(graph, inputs, correct_bias=on)[1].layers[-1] for on in (True, False))
    assert corrected.rms_error < plain.rms_error

    integer, _ = quantise(graph, inputs, correct_bias=False)
    on_grid = []
    for layer, coarse in zip(graph.layers, integer.layers, strict=True):
        arrays = dict(layer.arrays)
        for name in arrays:
            if name.startswith("weight"):
                peak = np.max(np.abs(arrays[name].astype(np.float64)), axis=1, keepdims=True)
                arrays[name] = (coarse.arrays[name] * np.maximum(peak, 1e-8) / 127).astype(np.float32)
        on_grid.append(replace(layer, arrays=arrays))
    grid = replace(graph, layers=tuple(on_grid))
    with_correction, without = (quantise(grid, inputs, correct_bias=on)[0] for on in (True, False))
    for a, b in zip(with_correction.layers, without.layers, strict=True):
        for name in a.arrays:
            np.testing.assert_allclose(a.arrays[name], b.arrays[name], rtol=1e-4, atol=8)


def test_dead_rows_get_a_legal_factor_and_keep_their_bias() -> None:
    graph = random_graph(2, Widths(4, 4, 4, 4, 4))
    head = graph.layers[-1]
    arrays = {"weight": np.zeros_like(head.arrays["weight"]), "bias": np.full(82, 7.5, np.float32)}
    graph = replace(graph, layers=(*graph.layers[:-1], replace(head, arrays=arrays)))
    inputs = random_inputs(2, 10)
    integer, report = quantise(graph, inputs)
    controls = reference.run(integer, scales.input_codes(inputs))["controls"]
    np.testing.assert_allclose(controls * 2.0**-11, 7.5, atol=2.0**-11)
    assert report.layers[-1].worst_error <= 2.0**-11


def test_relus_at_their_clamp_are_not_saturation() -> None:
    graph = random_graph(3, Widths(4, 4, 4, 4, 4))
    first = graph.layers[0]
    arrays = {"weight": np.zeros((4, 1), np.float32), "bias": np.full(4, 20.0, np.float32)}
    graph = replace(graph, layers=(replace(first, arrays=arrays), *graph.layers[1:]))
    _, report = quantise(graph, random_inputs(3, 10))
    assert report.layers[0].saturated == 0.0
    assert report.layers[0].worst_error == pytest.approx(2.0**-12)


def test_saturated_controls_are_refused() -> None:
    graph = random_graph(4, Widths(4, 4, 4, 4, 4))
    head = graph.layers[-1]
    bias = head.arrays["bias"].copy()
    bias[7] = 30.0
    graph = replace(graph, layers=(*graph.layers[:-1], replace(head, arrays=dict(head.arrays) | {"bias": bias})))
    with pytest.raises(QuantisationError, match=r"'controls' leaves its s16 range of ±16 on 1\.22%"):
        quantise(graph, random_inputs(4, 10))


def test_weights_beyond_the_grid_are_refused() -> None:
    graph = random_graph(5, Widths(2, 2, 2, 2, 2))
    first = graph.layers[0]
    arrays = dict(first.arrays) | {"weight": np.full((2, 1), 100.0, np.float32)}
    graph = replace(graph, layers=(replace(first, arrays=arrays), *graph.layers[1:]))
    with pytest.raises(QuantisationError, match=r"'pitch_mlp': rows \[0, 1\] hold weights beyond"):
        quantise(graph, random_inputs(5, 10))


def test_inputs_beyond_their_range_are_refused() -> None:
    inputs = random_inputs(6, 10)
    inputs["loudness"] = inputs["loudness"] * 0 + 3.0
    with pytest.raises(QuantisationError, match="'loudness' leaves its s16 range of ±2"):
        quantise(random_graph(6, Widths(2, 2, 2, 2, 2)), inputs)


def test_integer_graphs_and_empty_clips_are_refused() -> None:
    graph = random_graph(7, Widths(1, 1, 1, 1, 1))
    with pytest.raises(QuantisationError, match="already"):
        quantise(random_graph(7, integer=True), random_inputs(7, 4))
    with pytest.raises(QuantisationError, match="representative"):
        quantise(graph, random_inputs(7, 0))
    with pytest.raises(GraphError, match="missing"):
        quantise(graph, {"pitch": np.zeros((4, 1))})


def test_accumulator_bits_follow_the_weights() -> None:
    tame, wild = (random_graph(0, Widths(), integer=True, wild=on).layers for on in (False, True))
    assert [quantising.accumulator_bits(layer) for layer in tame] == [32, 32, 32, 0, 32, 0, 32, 32]
    assert [quantising.accumulator_bits(layer) for layer in wild] == [64, 64, 64, 0, 64, 0, 64, 64]
