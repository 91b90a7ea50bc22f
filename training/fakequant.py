# SPDX-License-Identifier: MIT
"""The module's arithmetic on torch tensors: forward in integer codes, bit for bit; backward straight through.

A code is a float64, which holds exactly all that occurs (|accumulator * multiplier| < 2^53). Rounding passes gradients
unchanged, saturation stops them, tables pass the slope of their piece.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import linear, pad

from lottava import activations, fixedpoint

CODES = np.arange(fixedpoint.S16_MIN, fixedpoint.S16_MAX + 1)


class _Round(Function):
    """Round and saturate; the gradient passes where rounding alone lands in range. half_up: ties as >> does, else even.

    Half a code of margin, because a row's largest weight lies at 127 codes and may come out an ulp above.
    """

    @staticmethod
    def forward(ctx: Any, value: Tensor, low: int, high: int, half_up: bool) -> Tensor:
        ctx.save_for_backward((value >= low - 0.5) & (value <= high + 0.5))
        rounded = torch.floor(value + 0.5) if half_up else torch.round(value)
        return rounded.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (inside,) = ctx.saved_tensors
        return gradients[0] * inside, None, None, None


def round_s16(value: Tensor, *, low: int = fixedpoint.S16_MIN, half_up: bool = True) -> Tensor:
    """Codes from what would be codes without rounding; ties upwards as a rounding shift does, or to even."""
    return _Round.apply(value, low, fixedpoint.S16_MAX, half_up)  # type: ignore[no-any-return, no-untyped-call]


class Product(NamedTuple):
    """One matrix product in codes: weight [rows, ...], bias [rows]; factor [rows] requantises the accumulator.

    rows: value of one weight code, per row.
    """

    weight: Tensor
    bias: Tensor
    factor: Tensor
    rows: Tensor

    def requantise(self, accumulator: Tensor, low: int = fixedpoint.S16_MIN) -> Tensor:
        """Accumulators [..., rows], bias included, as s16 codes not below `low`."""
        return round_s16(accumulator * self.factor, low=low)

    def apply(self, codes: Tensor, low: int = fixedpoint.S16_MIN) -> Tensor:
        """s16 codes [..., columns] → s16 codes [..., rows]."""
        return self.requantise(linear(codes, self.weight.flatten(1), self.bias), low)


def make_product(weight: Tensor, bias: Tensor, input_scale: float, output_scale: float) -> Product:
    """Codes as the quantiser chooses them, gradients to the real weights. weight [rows] or [rows, ...].

    Raises ValueError for weights too large.
    """
    flat = weight.detach().cpu().numpy().reshape(len(weight), -1)
    scales = fixedpoint.legal_weight_scales(flat, bias.detach().cpu().numpy(), input_scale, output_scale)
    pairs = [fixedpoint.quantise_multiplier(factor) for factor in input_scale * scales / output_scale]
    multiplier, shift = (np.array(column) for column in zip(*pairs, strict=True))
    exact = fixedpoint.reduce_multiplier(multiplier) * 2.0 ** (shift - 15)
    rows, factor = (torch.from_numpy(array).to(weight.device) for array in (scales, exact))
    by_row = rows.reshape(-1, *[1] * (weight.ndim - 1))
    codes = _Round.apply(weight.double() / by_row, -fixedpoint.S8_MAX, fixedpoint.S8_MAX, False)
    bias_codes = _Round.apply(bias.double() / (input_scale * rows), fixedpoint.S32_MIN, fixedpoint.S32_MAX, False)
    return Product(codes, bias_codes, factor, rows)


def windows(x: Tensor, history: Tensor, taps: int, dilation: int = 1, stride: int = 1) -> tuple[Tensor, Tensor]:
    """What each output column of a causal convolution sees, oldest first: [batch, columns, taps, channels].

    x [batch, columns, channels] follows history [batch, (taps - 1) * dilation, channels]; the new history is the
    second result. Output n sees x up to column n * stride.
    """
    both = torch.cat((history, x), dim=1)
    span = x.shape[1]
    parts = [both[:, tap * dilation : tap * dilation + span : stride] for tap in range(taps)]
    return torch.stack(parts, dim=2), both[:, span:]


def convolve(product: Product, seen: Tensor, groups: int, low: int = fixedpoint.S16_MIN) -> Tensor:
    """Windows [batch, columns, taps, in] → s16 codes [batch, columns, out]. weight [out, taps, in / groups]."""
    if groups == 1:
        return product.apply(seen.flatten(2), low)
    weight = product.weight.unflatten(0, (groups, -1))
    accumulator = torch.einsum("bnkgc,gokc->bngo", seen.unflatten(3, (groups, -1)), weight).flatten(2)
    return product.requantise(accumulator + product.bias, low)


def convolve_transposed(product: Product, seen: Tensor, stride: int, low: int = fixedpoint.S16_MIN) -> Tensor:
    """Windows [batch, columns, taps, in] → s16 codes [batch, columns * stride, out]. weight [out, kernel, in].

    All phases are one matrix: phase p of an output column uses the taps p, p + stride, … of the kernel, newest first.
    """
    taps, kernel = seen.shape[2], product.weight.shape[1]
    phases = pad(product.weight, (0, 0, 0, taps * stride - kernel)).unflatten(1, (taps, stride)).flip(1)
    matrix = phases.permute(2, 0, 1, 3).flatten(2)
    accumulator = torch.einsum("bnk,pok->bnpo", seen.flatten(2), matrix) + product.bias
    return product.requantise(accumulator, low).flatten(1, 2)


@cache
def _written_out(name: str) -> tuple[Tensor, Tensor]:
    """A table for all 65 536 codes, and its slope there."""
    table = activations.TABLES[name]
    values = fixedpoint.lookup(table, CODES).astype(np.float64)
    slopes = np.repeat(np.diff(table) / 2.0**fixedpoint.LUT_STEP_BITS, 1 << fixedpoint.LUT_STEP_BITS)
    return torch.from_numpy(values), torch.from_numpy(slopes)


class _Lookup(Function):
    @staticmethod
    def forward(ctx: Any, codes: Tensor, name: str) -> Tensor:
        values, slopes = (part.to(codes.device) for part in _written_out(name))
        index = codes.long() - fixedpoint.S16_MIN
        ctx.save_for_backward(slopes[index])
        return values[index]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (slopes,) = ctx.saved_tensors
        return gradients[0] * slopes, None


def look_up(name: str, codes: Tensor) -> Tensor:
    """A table of activations.py by name, at codes of 2^-12."""
    return _Lookup.apply(codes, name)  # type: ignore[no-any-return, no-untyped-call]
