# SPDX-License-Identifier: MIT
"""Laws of the integer cells and elementwise rules, against exact rationals and against real functions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottava import fixedpoint as fp

s16 = st.integers(fp.S16_MIN, fp.S16_MAX)


def floor_half_up(value: Fraction) -> int:
    return (2 * value + 1).__floor__() // 2


def saturated(value: int) -> int:
    return min(max(value, fp.S16_MIN), fp.S16_MAX)


def sigmoid(x: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(x, -8, 8))))


def tanh(x: float) -> float:
    return float(np.tanh(np.clip(x, -8, 8)))


@given(st.lists(s16, min_size=8, max_size=8), s16)
def test_lstm_cell_is_an_lstm(gates: list[int], cell: int) -> None:
    i, f, g, o = ((a + b) / 2.0**12 for a, b in zip(gates[:4], gates[4:], strict=True))
    expected = float(np.clip(sigmoid(f) * cell / 2.0**12 + sigmoid(i) * tanh(g), -8, 8))
    hidden, after = fp.lstm_cell(gates[:4], gates[4:], [cell])
    assert hidden.shape == after.shape == (1,)
    assert after[0] / 2.0**12 == pytest.approx(expected, abs=3.5e-3)  # a saturated sigmoid is 3.4e-4 of 8 off
    assert hidden[0] / 2.0**15 == pytest.approx(sigmoid(o) * tanh(after[0] / 2.0**12), abs=6e-4)


def table(name: str, code: int) -> int:
    return int(fp.lookup({"sigmoid": fp.SIGMOID_TABLE, "tanh": fp.TANH_TABLE}[name], saturated(code)))


@given(st.lists(s16, min_size=8, max_size=8), s16)
def test_lstm_and_gate_round_as_written(gates: list[int], cell: int) -> None:
    i, f, g, o = (a + b for a, b in zip(gates[:4], gates[4:], strict=True))
    written = (table("sigmoid", i) * table("tanh", g) + 4) >> 3
    after = saturated((table("sigmoid", f) * cell + written + (1 << 14)) >> 15)
    hidden = (table("sigmoid", o) * table("tanh", after) + (1 << 14)) >> 15
    assert [int(part[0]) for part in fp.lstm_cell(gates[:4], gates[4:], [cell])] == [hidden, after]
    (opened,) = fp.gate([gates[0], gates[1]], [gates[4], gates[5]])
    assert opened == (table("tanh", i) * table("sigmoid", f) + (1 << 14)) >> 15


@given(st.sampled_from([fp.S16_MIN, fp.S16_MAX]), st.sampled_from([fp.S16_MIN, fp.S16_MAX]), s16)
def test_lstm_sums_fit_32_bits_at_the_extremes(gate: int, candidate: int, cell: int) -> None:
    signal = int(fp.lookup(fp.TANH_TABLE, candidate))
    opening = int(fp.lookup(fp.SIGMOID_TABLE, gate))
    for total in (opening * cell, opening * signal, opening * cell + ((opening * signal + 4) >> 3) + (1 << 14)):
        assert fp.S32_MIN <= total <= fp.S32_MAX
    hidden, after = fp.lstm_cell([gate, gate, candidate, gate], [0] * 4, [cell])
    assert fp.S16_MIN <= after[0] <= fp.S16_MAX
    assert fp.S16_MIN <= hidden[0] <= fp.S16_MAX


@given(st.lists(s16, min_size=2, max_size=2), st.lists(s16, min_size=2, max_size=2))
def test_gate_is_tanh_times_sigmoid_of_saturated_sums(z: list[int], condition: list[int]) -> None:
    signal, opening = (saturated(a + b) / 2.0**12 for a, b in zip(z, condition, strict=True))
    (got,) = fp.gate(z, condition)
    assert got / 2.0**15 == pytest.approx(tanh(signal) * sigmoid(opening), abs=2.5e-4)
    assert fp.gate(z) == fp.gate(z, [0, 0])


@given(st.lists(st.tuples(s16, st.integers(0, 13)), min_size=2, max_size=4), st.integers(0, 15))
def test_add_rounds_the_exact_sum_half_up(parts: list[tuple[int, int]], k: int) -> None:
    values, shifts = zip(*parts, strict=True)
    total = sum(value << shift for value, shift in parts)
    assert abs(total) + (1 << 14) <= fp.S32_MAX
    assert int(fp.add(values, shifts, k)) == saturated(floor_half_up(Fraction(total, 2**k)))


@given(s16, s16, st.integers(1, 30))
def test_multiply_rounds_the_exact_product_half_up(a: int, b: int, k: int) -> None:
    assert abs(a * b) + (1 << k - 1) <= fp.S32_MAX
    assert int(fp.multiply(a, b, k)) == saturated(floor_half_up(Fraction(a * b, 2**k)))


@given(s16, s16, st.integers(2, 4096), st.data())
def test_interpolation_stays_between_its_ends(a: int, b: int, steps: int, data: st.DataObject) -> None:
    i = data.draw(st.integers(0, steps - 1))
    weight = fp.interpolation_weight(i, steps)
    assert 0 <= weight < 1 << 15
    assert abs((b - a) * weight) + (1 << 14) <= fp.S32_MAX
    got = int(fp.interpolate(a, b, weight))
    assert min(a, b) <= got <= max(a, b)
    assert got == pytest.approx(a + (b - a) * i / steps, abs=1.5 + 1e-9)
    assert i or got == a


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32))
def test_rows_of_any_shape_are_rows(rows: int, taps: int, channels: int, seed: int) -> None:
    weight = np.random.default_rng(seed).normal(size=(rows, taps, channels))
    flat, bias = weight.reshape(rows, -1), np.zeros(rows)
    scales = fp.legal_weight_scales(weight, bias, 2.0**-12, 2.0**-10)
    np.testing.assert_array_equal(scales, fp.legal_weight_scales(flat, bias, 2.0**-12, 2.0**-10))
    codes = fp.quantise_s8(weight, scales)
    np.testing.assert_array_equal(codes.reshape(rows, -1), fp.quantise_s8(flat, scales))
    assert codes.shape == weight.shape
    assert fp.fits_32_bits(codes, bias) == fp.fits_32_bits(codes.reshape(rows, -1), bias)
    np.testing.assert_array_equal(fp.quantise_s8(weight[:, 0, 0], scales), codes[:, 0, 0])
