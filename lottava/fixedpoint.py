# SPDX-License-Identifier: MIT
"""The arithmetic specification: what an integer voice computes, written once, slow and obvious.

Weights s8 symmetric per output row, activations and recurrent state s16 symmetric per tensor,
bias at the accumulator's scale. Every executor (JAX, host C, Cortex-M7) equals these functions bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]

S8_MAX = 127
S16_MIN, S16_MAX = -(1 << 15), (1 << 15) - 1
S32_MIN, S32_MAX = -(1 << 31), (1 << 31) - 1

GATE_FRACTION_BITS = 12
"""GRU/LSTM gate pre-activations are s16 at 2^-12: a range of ±8, where sigmoid is within 3.4e-4 of its limit."""

UNIT_FRACTION_BITS = 15
"""Recurrent state and gate outputs lie in (-1, 1) and are s16 at 2^-15."""

RELU_FRACTION_BITS = 12
RELU_LIMIT = 8.0
"""ReLU outputs are s16 at 2^-12; float graphs clamp them at 8, where the integers saturate one code below."""

MULTIPLIER_MIN, MULTIPLIER_MAX = 1 << 30, S32_MAX
SHIFT_MIN, SHIFT_MAX = -16, -1
"""Range of normalised requantisation: factors in [2^-17, 0.5), for which SMMULR is exact."""

LUT_STEP_BITS = 7
"""A table entry every 2^7 codes (1/32 at the gate scale): 513 entries, linear in between."""


def saturate_s16(value: ArrayLike) -> IntArray:
    """Clamp to the s16 range."""
    return np.clip(np.asarray(value, dtype=np.int64), S16_MIN, S16_MAX)


def quantise_multiplier(real: float) -> tuple[int, int]:
    """Split a positive real factor into CMSIS-NN's Q31 multiplier and shift: real = multiplier * 2^(shift - 31).

    Raises ValueError where the fast requantisation is undefined: outside [2^-17, 0.5), that is shift outside -16..-1.
    """
    if not (np.isfinite(real) and real > 0):
        raise ValueError(f"requantisation factor {real!r} is not a positive number")
    mantissa, shift = np.frexp(real)
    multiplier, shift = round(float(mantissa) * 2**31), int(shift)
    if multiplier == 1 << 31:
        multiplier, shift = 1 << 30, shift + 1
    if not SHIFT_MIN <= shift <= SHIFT_MAX:
        raise ValueError(f"requantisation factor {real:g} lies outside [2^-17, 0.5); rescale the tensors around it")
    return multiplier, shift


def reduce_multiplier(multiplier: ArrayLike) -> IntArray:
    """The 16-bit multiplier that CMSIS-NN's s16 layers use (REDUCE_MULTIPLIER in arm_nnsupportfunctions.h)."""
    wide = np.asarray(multiplier, dtype=np.int64)
    return np.where(wide < 0x7FFF0000, (wide + (1 << 15)) >> 16, 0x7FFF)


def requantise(acc: ArrayLike, multiplier: ArrayLike, shift: ArrayLike) -> IntArray:
    """Accumulator to s16, CMSIS-NN's int64-bias form: ((acc * m16) >> (14 - shift)) + 1 >> 1, saturated.

    acc: any shape, |acc| < 2^47; multiplier and shift broadcast against it (one per output row).
    """
    product = np.asarray(acc, dtype=np.int64) * reduce_multiplier(multiplier)
    return saturate_s16(((product >> (14 - np.asarray(shift, dtype=np.int64))) + 1) >> 1)


def rescale_power_of_two(value: ArrayLike, k: int) -> IntArray:
    """s16 codes moved to a scale 2^k times larger: (x + 2^(k-1)) >> k, halves upward; k = 0 copies. Never saturates.

    Raises ValueError outside 0 ≤ k ≤ 15, where nothing of an s16 would be left.
    """
    if not 0 <= k <= 15:
        raise ValueError(f"a rescale by 2^{k} lies outside 2^0..2^15")
    wide = np.asarray(value, dtype=np.int64)
    return (wide + (1 << (k - 1))) >> k if k else wide


def multiply_q15(a: ArrayLike, b: ArrayLike) -> IntArray:
    """Rounded product of two values of which at least one is at 2^-15: (a*b + 2^14) >> 15, not saturated."""
    return (np.asarray(a, dtype=np.int64) * np.asarray(b, dtype=np.int64) + (1 << 14)) >> 15


def table_of(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]], fraction_bits: int = UNIT_FRACTION_BITS
) -> IntArray:
    """[513] s16 codes at 2^-fraction_bits of a function at -8, -8 + 1/32, … 8, saturated: a table for lookup."""
    points = np.arange(-(1 << 15), (1 << 15) + 1, 1 << LUT_STEP_BITS) / 2.0**GATE_FRACTION_BITS
    return saturate_s16(np.rint(function(points) * 2.0**fraction_bits).astype(np.int64))


SIGMOID_TABLE = table_of(lambda x: 1.0 / (1.0 + np.exp(-x)))
TANH_TABLE = table_of(np.tanh)


def lookup(table: IntArray, gate: ArrayLike) -> IntArray:
    """Interpolated table at s16 codes at 2^-12, out at the table's own scale; activations.py states the errors."""
    code = np.asarray(gate, dtype=np.int64) - S16_MIN
    index, fraction = code >> LUT_STEP_BITS, code & ((1 << LUT_STEP_BITS) - 1)
    low = table[index]
    return low + (((table[index + 1] - low) * fraction + (1 << (LUT_STEP_BITS - 1))) >> LUT_STEP_BITS)


def gru_cell(gates_input: ArrayLike, gates_hidden: ArrayLike, hidden: ArrayLike) -> IntArray:
    """One GRU step after both requantised products, PyTorch's equations and order (r, z, n).

    gates_input, gates_hidden: [..., 3H] s16 at 2^-12; hidden: [..., H] s16 at 2^-15. Returns the new hidden state.
    r = sigmoid(i_r + h_r); z = sigmoid(i_z + h_z); n = tanh(i_n + r*h_n); h = (1 - z)*n + z*h.
    """
    i_r, i_z, i_n = np.split(np.asarray(gates_input, dtype=np.int64), 3, axis=-1)
    h_r, h_z, h_n = np.split(np.asarray(gates_hidden, dtype=np.int64), 3, axis=-1)
    reset = lookup(SIGMOID_TABLE, saturate_s16(i_r + h_r))
    update = lookup(SIGMOID_TABLE, saturate_s16(i_z + h_z))
    candidate = lookup(TANH_TABLE, saturate_s16(i_n + multiply_q15(reset, h_n)))
    mixed = ((1 << 15) - update) * candidate + update * np.asarray(hidden, dtype=np.int64)
    return saturate_s16((mixed + (1 << 14)) >> 15)


def lstm_cell(gates_input: ArrayLike, gates_hidden: ArrayLike, cell: ArrayLike) -> tuple[IntArray, IntArray]:
    """One LSTM step after both requantised products, PyTorch's equations and order (i, f, g, o).

    gates_input, gates_hidden: [..., 4H] s16 at 2^-12; cell: [..., H] s16 at 2^-12. Returns the new hidden state (2^-15)
    and the new cell state (2^-12, saturated at ±8).
    i, f, o = sigmoid(i_* + h_*); g = tanh(i_g + h_g); c = f*c + i*g; h = o*tanh(c).
    """
    total = saturate_s16(np.asarray(gates_input, dtype=np.int64) + np.asarray(gates_hidden, dtype=np.int64))
    in_gate, forget, candidate, out_gate = np.split(total, 4, axis=-1)
    written = lookup(SIGMOID_TABLE, in_gate) * lookup(TANH_TABLE, candidate)
    kept = lookup(SIGMOID_TABLE, forget) * np.asarray(cell, dtype=np.int64)
    cell = saturate_s16((kept + ((written + 4) >> 3) + (1 << 14)) >> 15)
    return multiply_q15(lookup(SIGMOID_TABLE, out_gate), lookup(TANH_TABLE, cell)), cell


def gate(pre_activation: ArrayLike, condition: ArrayLike = 0) -> IntArray:
    """tanh of the first half times sigmoid of the second: [..., 2H] s16 at 2^-12 → [..., H] at 2^-15.

    condition: [..., 2H] s16 at 2^-12, added with saturation before the tables.
    """
    total = saturate_s16(np.asarray(pre_activation, dtype=np.int64) + np.asarray(condition, dtype=np.int64))
    signal, opening = np.split(total, 2, axis=-1)
    return multiply_q15(lookup(TANH_TABLE, signal), lookup(SIGMOID_TABLE, opening))


def add(parts: Sequence[ArrayLike], left_shifts: Sequence[int], k: int) -> IntArray:
    """Sum of s16 codes, each shifted left to one scale, then moved to a scale 2^k times larger and saturated.

    The sum fits 32 bits where len(parts) * 2^max(left_shifts) ≤ 2^15, which every graph is checked for.
    """
    total = np.zeros((), dtype=np.int64)
    for part, shift in zip(parts, left_shifts, strict=True):
        total = total + (np.asarray(part, dtype=np.int64) << shift)
    return saturate_s16((total + (1 << k >> 1)) >> k)


def multiply(a: ArrayLike, b: ArrayLike, k: int) -> IntArray:
    """Product of s16 codes at the scale s_a * s_b * 2^k, halves upward, saturated: 1 ≤ k ≤ 30 keeps it in 32 bits."""
    product = np.asarray(a, dtype=np.int64) * np.asarray(b, dtype=np.int64)
    return saturate_s16((product + (1 << (k - 1))) >> k)


def interpolation_weight(i: int, steps: int) -> int:
    """i / steps at 2^-15, rounded: the weight of the newer of two columns at the i-th of `steps` ticks between them."""
    return ((i << 15) + steps // 2) // steps


def interpolate(previous: ArrayLike, current: ArrayLike, weight: int) -> IntArray:
    """previous + (current - previous) * weight / 2^15, rounded; weight below 2^15, so it never leaves their range."""
    before = np.asarray(previous, dtype=np.int64)
    return before + (((np.asarray(current, dtype=np.int64) - before) * weight + (1 << 14)) >> 15)


def _rows(weight: ArrayLike, dtype: type) -> NDArray:
    """Weights [rows, …] as [rows, fan-in]."""
    array: NDArray = np.asarray(weight, dtype=dtype)
    return array.reshape(len(array), -1)


def weight_scales(weight: ArrayLike) -> NDArray[np.float64]:
    """Symmetric s8 scale per output row of [rows, …]: max|w| / 127, never zero."""
    peak = np.max(np.abs(_rows(weight, np.float64)), axis=1)
    return np.maximum(peak, 1e-8) / S8_MAX


def legal_weight_scales(
    weight: ArrayLike, bias: ArrayLike, input_scale: float, output_scale: float
) -> NDArray[np.float64]:
    """weight_scales, raised for rows so small that their requantisation or bias would leave its range.

    Afterwards input_scale * scale / output_scale ≥ 2^-17 and |bias| codes ≤ 2^30, which leaves the accumulator's other
    half to the products. Raises ValueError for a row so large that its factor would reach 0.5.
    """
    by_factor = 2.0**-17 * output_scale / input_scale
    by_bias = np.abs(np.asarray(bias, dtype=np.float64)) / (input_scale * 2.0**30)
    scales = np.maximum(np.maximum(weight_scales(weight), by_factor), by_bias)
    largest = 0.499999 * output_scale / input_scale
    if np.any(scales > largest):
        peak = S8_MAX * largest
        raise ValueError(f"rows {np.flatnonzero(scales > largest).tolist()} hold weights beyond ±{peak:.4g}")
    return scales


def activation_scale(peak: float) -> float:
    """Symmetric s16 scale for a tensor whose representative peak is |peak|, with 2 dB (x1.25) of headroom."""
    return max(float(peak), 2.0**-10) * 1.25 / S16_MAX


def quantise_s8(weight: ArrayLike, scales: ArrayLike) -> NDArray[np.int8]:
    """Nearest s8 codes of [rows, …] at one scale per row."""
    codes = np.rint(_rows(weight, np.float64) / np.asarray(scales, dtype=np.float64)[:, None])
    return np.clip(codes, -S8_MAX, S8_MAX).astype(np.int8).reshape(np.shape(weight))


def quantise_s16(value: ArrayLike, scale: float) -> NDArray[np.int16]:
    """Nearest s16 codes, saturated."""
    return np.clip(np.rint(np.asarray(value, dtype=np.float64) / scale), S16_MIN, S16_MAX).astype(np.int16)


def fits_32_bits(weight: ArrayLike, bias: ArrayLike) -> bool:
    """True where no s16 input can overflow a 32-bit accumulator, proved row by row from the weights of all taps."""
    worst = np.abs(_rows(weight, np.int64)).sum(axis=1) * -S16_MIN
    return bool(np.all(worst + np.abs(np.asarray(bias, dtype=np.int64)) <= S32_MAX))
