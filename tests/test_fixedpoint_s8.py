# SPDX-License-Identifier: MIT
"""The s8 arithmetic: roundings written out in Python integers, ranges, and what a graph of it may hold."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from s8_graphs import SCALE, random_s8_graph, s8_arrays, s8_codes

from lottava import fixedpoint_s8, reference
from lottava.graph import Graph, GraphError, Layer, Tensor, from_manifest, graph_hash, named_arrays, to_manifest

S32 = st.integers(-(2**31), 2**31 - 1)
MULTIPLIER = st.integers(1 << 30, (1 << 31) - 1)
SHIFT = st.integers(-30, 0)


def rounded_away(value: Fraction) -> int:
    """Nearest integer, halves away from zero."""
    size = int(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


@given(S32, MULTIPLIER, SHIFT)
def test_requantise_is_two_roundings_and_a_clamp(acc: int, multiplier: int, shift: int) -> None:
    high = (acc * multiplier + 2**30) // 2**31
    expected = max(-128, min(127, rounded_away(Fraction(high, 2**-shift))))
    assert fixedpoint_s8.requantise(acc, multiplier, shift) == expected


@given(st.integers(-127, 127), st.integers(1, 20))
def test_halves_go_away_from_zero(code: int, exponent: int) -> None:
    half = (2 * code + 1) << exponent
    result = int(fixedpoint_s8.requantise(half, 1 << 30, -exponent))
    assert result == max(-128, min(127, code + 1 if half > 0 else code))


@given(S32, S32, MULTIPLIER, SHIFT)
def test_requantise_keeps_order(a: int, b: int, multiplier: int, shift: int) -> None:
    low, high = sorted((a, b))
    codes = fixedpoint_s8.requantise([low, high], multiplier, shift)
    assert codes[0] <= codes[1]


@given(st.floats(2.0**-31, 1.0, exclude_max=True))
def test_multiplier_and_shift_stand_for_the_factor(real: float) -> None:
    assume(real < 1.0 - 2.0**-32)
    multiplier, shift = fixedpoint_s8.quantise_multiplier(real)
    assert 1 << 30 <= multiplier < 1 << 31
    assert abs(multiplier * 2.0 ** (shift - 31) - real) <= real * 2.0**-31


@pytest.mark.parametrize("real", [0.0, -1.0, 1.0, 2.0**-32, float("nan"), float("inf")])
def test_factors_outside_the_range_are_refused(real: float) -> None:
    with pytest.raises(ValueError, match="requantisation factor"):
        fixedpoint_s8.quantise_multiplier(real)


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_legal_scales_keep_factor_bias_and_sum_in_range(
    seed: int, size: float, scale_in: float, scale_out: float
) -> None:
    rng = np.random.default_rng(seed)
    weight, bias = size * rng.normal(size=(4, 3, 5)), size * rng.normal(size=4) * 10.0 ** rng.integers(-3, 9)
    fitting = np.abs(weight).max() / 127 < 0.99 * scale_out / scale_in
    fitting &= np.abs(bias).max() / (scale_in * 2.0**30) < 0.99 * scale_out / scale_in
    assume(fitting)
    scales = fixedpoint_s8.legal_weight_scales(weight, bias, scale_in, scale_out)
    for factor in scales * scale_in / scale_out:
        fixedpoint_s8.quantise_multiplier(float(factor))
    codes = np.rint(bias / (scale_in * scales))
    assert fixedpoint_s8.fits_32_bits(np.full((4, 4096), 127), codes)


@pytest.mark.parametrize(("weight", "bias"), [(127.0, 0.0), (0.0, 2.0**31)])
def test_rows_beyond_the_range_are_refused(weight: float, bias: float) -> None:
    with pytest.raises(ValueError, match="hold weights beyond"):
        fixedpoint_s8.legal_weight_scales(np.full((1, 2), weight), [bias], 1.0, 1.0)


def one_layer(layer: Layer, size: int, out: int) -> Graph:
    return Graph("s8s8", ("x",), ("y",), {"x": Tensor("x", size, SCALE), "y": Tensor("y", out, SCALE)}, (layer,))


def layer_of(shape: tuple[int, ...], **options: int) -> Layer:
    arrays = s8_arrays(np.random.default_rng(0), shape, wild=False)
    return Layer("y", "conv1d" if options else "dense", ("x",), "y", "none", arrays, options)


def test_what_the_kernels_cannot_run_is_refused() -> None:
    with pytest.raises(GraphError, match="2 groups"):
        one_layer(layer_of((4, 3, 2), kernel=3, groups=2), 4, 4)
    with pytest.raises(GraphError, match="quantise to s8s16"):
        one_layer(Layer("y", "concat", ("x",), "y"), 4, 4)
    layer = layer_of((4, 4))
    with pytest.raises(GraphError, match="overflow a 32-bit"):
        one_layer(replace(layer, arrays={**layer.arrays, "bias": np.full(4, 2**31 - 1, np.int32)}), 4, 4)
    with pytest.raises(GraphError, match=r"shift leaves -30\.\.0"):
        one_layer(replace(layer, arrays={**layer.arrays, "shift": np.full(4, 1, np.int32)}), 4, 4)
    with pytest.raises(GraphError, match="leaves the s8 range"):
        reference.run(one_layer(layer, 4, 4), {"x": np.full((1, 4), 128)})


@given(st.integers(0, 2**32 - 1))
def test_relu_is_the_clamp_at_zero_and_files_keep_the_graph(seed: int) -> None:
    graph = random_s8_graph(seed, wild=True)
    bare = Graph(
        graph.number_format, graph.inputs, graph.outputs[:1], dict(list(graph.tensors.items())[:2]), graph.layers[:1]
    )
    codes = {"x": s8_codes(seed, 12, graph.tensors["x"].size)}
    name = bare.outputs[0]
    plain = replace(bare, layers=(replace(bare.layers[0], activation="none"),))
    rectified = replace(bare, layers=(replace(bare.layers[0], activation="relu"),))
    np.testing.assert_array_equal(
        np.maximum(reference.run(plain, codes)[name], 0), reference.run(rectified, codes)[name]
    )
    assert graph_hash(from_manifest(to_manifest(graph), named_arrays(graph))) == graph_hash(graph)
