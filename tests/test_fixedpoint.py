# SPDX-License-Identifier: MIT
"""Laws of the integer arithmetic, against exact rationals and against real functions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottava import fixedpoint as fp

factors = st.floats(2.0**-17, 0.4999)
s16 = st.integers(fp.S16_MIN, fp.S16_MAX)


def floor_half_up(value: Fraction) -> int:
    return (2 * value + 1).__floor__() // 2


@given(factors)
def test_multiplier_and_shift_stand_for_the_factor(real: float) -> None:
    multiplier, shift = fp.quantise_multiplier(real)
    assert fp.MULTIPLIER_MIN <= multiplier <= fp.MULTIPLIER_MAX
    assert fp.SHIFT_MIN <= shift <= fp.SHIFT_MAX
    assert multiplier * 2.0 ** (shift - 31) == pytest.approx(real, rel=2.0**-30)


@pytest.mark.parametrize("real", [0.0, -1.0, np.nan, np.inf, 0.5, 0.49999999999, 2.0**-17 * 0.999])
def test_multiplier_refuses_what_smmulr_can_not_do(real: float) -> None:
    with pytest.raises(ValueError, match="factor"):
        fp.quantise_multiplier(real)


@given(st.integers(-(2**46), 2**46), factors)
def test_requantise_rounds_the_reduced_product_half_up(acc: int, real: float) -> None:
    multiplier, shift = fp.quantise_multiplier(real)
    m16 = int(fp.reduce_multiplier(multiplier))
    exact = floor_half_up(Fraction(acc * m16) / 2 ** (15 - shift))
    got = int(fp.requantise(acc, multiplier, shift))
    assert got == int(fp.saturate_s16(exact))
    if abs(acc * real) < 2**14:
        assert got == pytest.approx(acc * real, abs=1 + abs(acc * real) * 2.0**-14)


@given(st.integers(fp.S32_MIN, fp.S32_MAX), factors)
def test_requantise_of_32_bits_is_one_smmulr(acc: int, real: float) -> None:
    multiplier, shift = fp.quantise_multiplier(real)
    product = acc * (int(fp.reduce_multiplier(multiplier)) << (17 + shift))
    assert int(fp.requantise(acc, multiplier, shift)) == int(fp.saturate_s16((product + (1 << 31)) >> 32))


@given(s16, st.integers(0, 15))
def test_rescale_rounds_halves_upward_and_stays_in_range(value: int, k: int) -> None:
    got = int(fp.rescale_power_of_two(value, k))
    assert got == floor_half_up(Fraction(value, 2**k))
    assert fp.S16_MIN <= got <= fp.S16_MAX


@pytest.mark.parametrize("k", [-1, 16])
def test_rescale_refuses_senseless_shifts(k: int) -> None:
    with pytest.raises(ValueError, match="rescale"):
        fp.rescale_power_of_two(1, k)


def test_tables_follow_their_functions_and_never_fall() -> None:
    gate = np.arange(fp.S16_MIN, fp.S16_MAX + 1)
    x = gate / 2.0**fp.GATE_FRACTION_BITS
    for table, exact, worst in (
        (fp.SIGMOID_TABLE, 1 / (1 + np.exp(-x)), 4e-5),
        (fp.TANH_TABLE, np.tanh(x), 1.3e-4),
    ):
        got = fp.lookup(table, gate)
        assert np.all(np.diff(got) >= 0)
        assert np.all((got >= fp.S16_MIN) & (got <= fp.S16_MAX))
        assert np.max(np.abs(got / 2.0**15 - exact)) < worst


@given(st.lists(s16, min_size=6, max_size=6), s16)
def test_gru_cell_is_a_gru(gates: list[int], hidden: int) -> None:
    i_r, i_z, i_n, h_r, h_z, h_n = (g / 2.0**12 for g in gates)

    def sigmoid(x: float) -> float:
        return float(1 / (1 + np.exp(-np.clip(x, -8, 8))))

    candidate = np.tanh(np.clip(i_n + sigmoid(i_r + h_r) * h_n, -8, 8))
    update = sigmoid(i_z + h_z)
    expected = (1 - update) * candidate + update * hidden / 2.0**15
    got = fp.gru_cell(gates[:3], gates[3:], [hidden])
    assert got.shape == (1,)
    assert got[0] / 2.0**15 == pytest.approx(expected, abs=6e-4)


@given(st.floats(1e-9, 60.0), st.floats(-15.0, 15.0), st.sampled_from([2.0**-15, 2.0**-14, 2.0**-12]))
def test_legal_weight_scales_keep_factor_and_bias_in_range(peak: float, bias: float, input_scale: float) -> None:
    output_scale = 2.0**-12
    weight = np.array([[peak, -peak / 3]])
    (scale,) = fp.legal_weight_scales(weight, [bias], input_scale, output_scale)
    fp.quantise_multiplier(input_scale * scale / output_scale)
    assert abs(np.rint(bias / (input_scale * scale))) <= 2**30
    assert scale >= fp.weight_scales(weight)[0]


def test_legal_weight_scales_refuse_huge_weights() -> None:
    with pytest.raises(ValueError, match=r"rows \[1\]"):
        fp.legal_weight_scales([[1.0], [70.0]], [0.0, 0.0], 2.0**-12, 2.0**-12)


@given(st.integers(1, 700), st.integers(-(2**31), 2**31 - 1))
def test_fits_32_bits_is_a_proof(columns: int, bias: int) -> None:
    weight = np.full((1, columns), -127, dtype=np.int8)
    worst = columns * 127 * 32768 + abs(bias)
    assert fp.fits_32_bits(weight, [bias]) == (worst <= fp.S32_MAX)


def test_516_taps_always_fit_32_bits() -> None:
    assert fp.fits_32_bits(np.full((1, 516), 127, dtype=np.int8), [2**17 - 1])


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=8))
def test_codes_stay_within_half_a_step(values: list[float]) -> None:
    scale = fp.activation_scale(max(map(abs, values)))
    assert np.max(np.abs(fp.quantise_s16(values, scale) * scale - values)) <= scale / 2 + 1e-12
    row = np.array([values])
    scales = fp.weight_scales(row)
    assert np.max(np.abs(fp.quantise_s8(row, scales) * scales[:, None] - row)) <= scales[0] / 2 + 1e-9
