# SPDX-License-Identifier: MIT
"""The fixed scales, those chosen by peaks, and codes that stand for what went in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graphs import Widths, random_columns, random_graph, random_inputs, random_streaming_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from streaming import with_random_integers

from lottava import reference, scales
from lottava.builder import Builder, random_arrays
from lottava.fixedpoint import S16_MAX, legal_weight_scales
from lottava.graph import PRODUCTS, GraphError


def test_codes_stand_for_the_inputs() -> None:
    inputs = random_inputs(0, 50)
    for name, codes in scales.input_codes(inputs).items():
        assert codes.dtype == np.int16
        np.testing.assert_allclose(scales.real_values(codes, scales.INPUT_SCALES[name]), inputs[name], atol=2.0**-13)


def test_float_values_stand_for_themselves() -> None:
    np.testing.assert_array_equal(scales.real_values([1.5], None), [1.5])


def test_an_input_without_a_rule_is_refused() -> None:
    graph = random_graph(0, Widths(1, 1, 1, 1, 1))
    tensors = dict(graph.tensors) | {"breath": replace(graph.tensors["pitch"], name="breath")}
    with pytest.raises(GraphError, match="'breath'"):
        scales.tensor_scales(replace(graph, inputs=(*graph.inputs, "breath"), tensors=tensors))


@given(st.floats(1e-9, 1e9))
def test_powers_of_two_hold_the_peak_with_headroom_and_no_more(peak: float) -> None:
    scale = scales.power_of_two_scale(peak)
    assert np.log2(scale).is_integer()
    wanted = 1.25 * max(peak, scales.SMALLEST_PEAK)
    assert scale * S16_MAX >= wanted * (1 - 1e-12)
    assert scale / 2 * S16_MAX < wanted


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_measured_peaks_give_legal_graphs_that_fit_their_codes(seed: int) -> None:
    graph = random_streaming_graph(seed)
    values = reference.run(graph, random_columns(graph, seed, 20), graph.tensors)
    peaks = {name: float(np.max(np.abs(value))) for name, value in values.items()}
    chosen = scales.tensor_scales(graph, peaks)
    assert all(np.log2(scale).is_integer() for scale in chosen.values())
    for layer in graph.layers:
        if PRODUCTS[layer.kind] == ("",) and layer.kind != "gated_conv1d" and chosen[layer.output] != 2.0**-12:
            weight, bias = layer.arrays["weight"], layer.arrays["bias"]
            legal_weight_scales(weight, bias, chosen[layer.inputs[0]], chosen[layer.output])
            assert peaks[layer.output] <= chosen[layer.output] * S16_MAX
    with_random_integers(graph, np.random.default_rng(seed))


def test_rules_by_name_kind_and_reader() -> None:
    b = Builder(random_arrays(np.random.default_rng(0)))
    source, condition = b.input("source", 1), b.input("condition", 3, 8)
    wide = b.layer("wide", "dense", source, 4)
    held = b.layer("held", "broadcast", b.layer("slow", "dense", condition, 8))
    gated = b.layer("gated", "gated_conv1d", [wide, b.layer("cut", "split", held, 8, offset=0)], 4, kernel=2)
    bent = b.layer("bent", "activation", b.layer("free", "scale", gated), activation="exp2")
    product = b.layer("product", "multiply", [gated, bent])
    out = b.layer("audio", "dense", b.layer("sum", "add", [product, bent]), 1)
    expected = {"source": -15, "condition": -14, "wide": -11, "slow": -12, "held": -12, "cut": -12, "gated": -15}
    expected |= {"free": -12, "bent": -11, "product": -11, "sum": -11, "audio": -15}
    got = scales.tensor_scales(b.graph(out))
    assert {name: int(np.log2(scale)) for name, scale in got.items()} == expected
    peaks = dict.fromkeys(got, 0.2)
    moved = {"wide": -16, "product": -16, "sum": -16}
    got = scales.tensor_scales(b.graph(out), peaks)
    assert {name: int(np.log2(scale)) for name, scale in got.items()} == expected | moved


def test_an_input_of_any_name_goes_by_its_peak() -> None:
    b = Builder(random_arrays(np.random.default_rng(0)))
    graph = b.graph(b.layer("y", "dense", b.input("breath", 1), 1))
    assert scales.tensor_scales(graph, {"breath": 3.0})["breath"] == 2.0**-13
    codes = scales.input_codes({"breath": np.ones((1, 1))}, {"breath": 2.0**-13})
    np.testing.assert_array_equal(codes["breath"], [[8192]])
