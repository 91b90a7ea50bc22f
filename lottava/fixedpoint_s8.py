# SPDX-License-Identifier: MIT
"""The arithmetic of "s8s8" graphs: what CMSIS-NN 4.0.0's s8 layers compute, written once, slow and obvious.

Weights s8 symmetric per output row, activations s8 symmetric per tensor (both offsets 0), 32-bit accumulators.
Source: arm_nn_requantize and what it calls in CMSIS-NN 4.0.0's arm_nnsupportfunctions.h, double rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import fixedpoint
from .fixedpoint import IntArray

S8_MIN, S8_MAX = -128, 127

SHIFT_MIN, SHIFT_MAX = -30, 0
"""Factors in [2^-31, 1): CMSIS-NN shifts the accumulator left for a positive shift, which wraps at 32 bits, and its
rounding division shifts 1 by -shift in an int."""

FACTOR_MIN = 2.0**-24
"""The quantiser keeps factors above this: a smaller one maps every s8 product sum of 4096 taps to zero."""


def saturate_s8(value: ArrayLike) -> IntArray:
    """Clamp to the s8 range."""
    return np.clip(np.asarray(value, dtype=np.int64), S8_MIN, S8_MAX)


def quantise_multiplier(real: float) -> tuple[int, int]:
    """Split a factor in [2^-31, 1) into CMSIS-NN's Q31 multiplier and shift: real = multiplier * 2^(shift - 31).

    Raises ValueError outside that range.
    """
    if not (np.isfinite(real) and real > 0):
        raise ValueError(f"requantisation factor {real!r} is not a positive number")
    mantissa, shift = np.frexp(real)
    multiplier, shift = round(float(mantissa) * 2**31), int(shift)
    if multiplier == 1 << 31:
        multiplier, shift = 1 << 30, shift + 1
    if not SHIFT_MIN <= shift <= SHIFT_MAX:
        raise ValueError(f"requantisation factor {real:g} lies outside [2^-31, 1); rescale the tensors around it")
    return multiplier, shift


def doubling_high_multiply(acc: ArrayLike, multiplier: ArrayLike) -> IntArray:
    """(acc * multiplier + 2^30) >> 31: the upper word of twice the product, halves upward."""
    return (np.asarray(acc, dtype=np.int64) * np.asarray(multiplier, dtype=np.int64) + (1 << 30)) >> 31


def divide_by_power_of_two(value: ArrayLike, exponent: ArrayLike) -> IntArray:
    """value / 2^exponent to the nearest integer, halves away from zero; exponent 0..30."""
    wide, k = np.broadcast_arrays(np.asarray(value, dtype=np.int64), np.asarray(exponent, dtype=np.int64))
    mask = (np.int64(1) << k) - 1
    threshold = (mask >> 1) + (wide < 0)
    return (wide >> k) + ((wide & mask) > threshold)


def requantise(acc: ArrayLike, multiplier: ArrayLike, shift: ArrayLike, *, relu: bool = False) -> IntArray:
    """32-bit accumulator to s8: rounded twice (by 2^31, then by 2^-shift), then clamped to -128..127, or 0..127.

    acc: any shape within int32; multiplier and shift (-30..0) broadcast against it.
    """
    scaled = divide_by_power_of_two(doubling_high_multiply(acc, multiplier), -np.asarray(shift, dtype=np.int64))
    return np.clip(scaled, 0 if relu else S8_MIN, S8_MAX)


def legal_weight_scales(
    weight: ArrayLike, bias: ArrayLike, input_scale: float, output_scale: float
) -> NDArray[np.float64]:
    """Scale per row of weight [rows, fan-in], raised where the requantisation or the bias would leave its range.

    Afterwards input_scale * scale / output_scale ≥ 2^-24 and |bias| codes ≤ 2^30, so that with a fan-in of 4096 the
    accumulator stays below 2^30 + 4096 * 127 * 128 < 2^31. Raises ValueError for a row whose factor would reach 1.
    """
    by_factor = FACTOR_MIN * output_scale / input_scale
    by_bias = np.abs(np.asarray(bias, dtype=np.float64)) / (input_scale * 2.0**30)
    scales = np.maximum(np.maximum(fixedpoint.weight_scales(weight), by_factor), by_bias)
    largest = 0.999999 * output_scale / input_scale
    if np.any(scales > largest):
        peak = fixedpoint.S8_MAX * largest
        raise ValueError(f"rows {np.flatnonzero(scales > largest).tolist()} hold weights beyond ±{peak:.4g}")
    return scales


def activation_scale(peak: float) -> float:
    """Symmetric s8 scale at which the representative peak is the largest code."""
    return max(float(peak), 2.0**-10) / S8_MAX


def quantise_codes(value: ArrayLike, scale: float) -> NDArray[np.int8]:
    """Nearest s8 codes of real values, saturated."""
    return np.clip(np.rint(np.asarray(value, dtype=np.float64) / scale), S8_MIN, S8_MAX).astype(np.int8)


def fits_32_bits(weight: ArrayLike, bias: ArrayLike) -> bool:
    """True where no s8 input can overflow the 32-bit accumulator: weight [rows, …], bias [rows]."""
    rows = np.abs(np.asarray(weight, dtype=np.int64))
    worst = rows.reshape(len(rows), -1).sum(axis=1) * -S8_MIN
    return bool(np.all(worst + np.abs(np.asarray(bias, dtype=np.int64)) <= fixedpoint.S32_MAX))
