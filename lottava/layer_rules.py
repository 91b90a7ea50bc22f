# SPDX-License-Identifier: MIT
"""What makes a layer legal: options, sizes, periods, arrays, and the scales that its integer arithmetic stands on."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from . import fixedpoint, fixedpoint_s8
from .activations import OUTPUT_FRACTION_BITS
from .layers import (
    ACTIVATIONS,
    ARRAYS,
    MAX_FAN_IN,
    OPTIONS,
    S8_KINDS,
    GraphError,
    Layer,
    Tensor,
    array_shapes,
)

MAX_CONCAT_SHIFT = 15
MAX_ADD_SHIFT = 15
MULTIPLY_SHIFTS = (1, 30)
INPUT_COUNTS = {"concat": (1, 64), "add": (2, 4), "multiply": (2, 2), "gated_conv1d": (1, 2)}
"""Least and most inputs of the kinds that take other than one."""

INTERPOLATION_STEPS = (2, 4096)
RELU_KINDS = ("dense", "conv1d", "conv_transpose1d")
GATE_SCALE = 2.0**-fixedpoint.GATE_FRACTION_BITS
UNIT_SCALE = 2.0**-fixedpoint.UNIT_FRACTION_BITS
SAME_SCALE = ("split", "broadcast", "interpolate")
"""Kinds whose output codes mean what their input codes mean."""


def _exponent(ratio: float) -> int | None:
    """log2 of an exact power of two, None for anything else."""
    mantissa, exponent = math.frexp(ratio) if 0 < ratio < math.inf else (0.0, 0)
    return exponent - 1 if mantissa == 0.5 else None


def _scales(tensors: Mapping[str, Tensor], layer: Layer) -> tuple[float, list[float]]:
    return tensors[layer.output].scale or 0.0, [tensors[name].scale or 0.0 for name in layer.inputs]


def concat_shifts(tensors: Mapping[str, Tensor], layer: Layer) -> tuple[int, ...]:
    """Right shift of each input of an integer concat: its scale is 2^k below the output's, which is the largest.

    Raises GraphError where the scales break that rule (exact powers of two, k at most 15).
    """
    out, scales = _scales(tensors, layer)
    shifts = []
    for name, scale in zip(layer.inputs, scales, strict=True):
        shift = _exponent(out / scale) if scale > 0 else None
        if shift is None or not 0 <= shift <= MAX_CONCAT_SHIFT:
            raise GraphError(f"layer {layer.name!r}: the scale of {name!r} is not that of the output over 2^0..2^15")
        shifts.append(shift)
    if out != max(scales):
        raise GraphError(f"layer {layer.name!r}: the output scale {out:g} is not the largest of its inputs'")
    return tuple(shifts)


def add_shifts(tensors: Mapping[str, Tensor], layer: Layer) -> tuple[tuple[int, ...], int]:
    """Left shift of each input of an integer add, and the right shift of their sum.

    With base = the smallest of all its scales, l_i = log2(scale_i / base) and k = log2(out / base). Raises GraphError
    where scales are no exact powers of two of each other, k > 15, or parts * 2^l > 2^15, beyond which 32 bits overflow.
    """
    out, scales = _scales(tensors, layer)
    base = min(out, *scales)
    if base <= 0 or (right := _exponent(out / base)) is None:
        raise GraphError(f"layer {layer.name!r}: its scales are not powers of two of each other; choose them so")
    left = [_exponent(scale / base) for scale in scales]
    exact = tuple(shift for shift in left if shift is not None)
    if len(exact) != len(left):
        raise GraphError(f"layer {layer.name!r}: its scales are not powers of two of each other; choose them so")
    if right > MAX_ADD_SHIFT or len(exact) << max(exact) > 1 << MAX_ADD_SHIFT:
        raise GraphError(
            f"layer {layer.name!r}: its scales, {base:g} to {max(out, *scales):g}, lie too far apart to add in 32 bits"
        )
    return exact, right


def multiply_shift(tensors: Mapping[str, Tensor], layer: Layer) -> int:
    """Right shift k of an integer multiply: out = a * b * 2^k in scales. Raises GraphError for k outside 1..30."""
    out, (a, b) = _scales(tensors, layer)
    shift = _exponent(out / (a * b)) if a * b > 0 else None
    if shift is None or not MULTIPLY_SHIFTS[0] <= shift <= MULTIPLY_SHIFTS[1]:
        raise GraphError(f"layer {layer.name!r}: the output scale {out:g} is not {a:g} * {b:g} times 2^1..2^30")
    return shift


def _option_error(layer: Layer) -> str | None:
    known = OPTIONS[layer.kind]
    if unknown := sorted(set(layer.options) - set(known), key=str):
        return f"a {layer.kind} has no options {unknown}; it takes {sorted(known)}"
    for name, option in known.items():
        value = layer.options.get(name, option.default)
        if type(value) is not int or not option.least <= value <= option.most:
            return f"its {name} is {value!r}, should be {option.least}..{option.most}"
    return None


def _sum_size_error(sizes: list[int], out: int) -> str | None:
    return f"inputs of {sizes} don't add up to {out}" if sum(sizes) != out else None


def _conv_size_error(layer: Layer, columns: int, out: int) -> str | None:
    groups = layer.option("groups") if layer.kind == "conv1d" else 1
    if columns % groups or out % groups:
        return f"its {groups} groups don't divide {columns} inputs and {out} outputs"
    if layer.kind == "conv_transpose1d" and layer.option("kernel") < layer.option("stride"):
        return f"its kernel of {layer.option('kernel')} is shorter than its stride of {layer.option('stride')}"
    if (fan_in := layer.option("kernel") * columns // groups) > MAX_FAN_IN:
        return f"each output sums {fan_in} products, at most {MAX_FAN_IN} are possible"
    return None


def _size_error(layer: Layer, sizes: list[int], out: int) -> str | None:
    """What is wrong with the sizes of inputs and output, as the rest of a sentence."""
    if layer.kind == "concat":
        return _sum_size_error(sizes, out)
    if layer.kind in ("conv1d", "gated_conv1d", "conv_transpose1d"):
        if len(sizes) == 2 and sizes[1] != 2 * out:
            return f"its condition has {sizes[1]} values, not the {2 * out} of both halves of its gates"
        return _conv_size_error(layer, sizes[0], out)
    if layer.kind == "split" and layer.option("offset") + out > sizes[0]:
        return f"channels {layer.option('offset')}..{layer.option('offset') + out - 1} are not among {sizes[0]}"
    if layer.kind == "broadcast" and out % sizes[0]:
        return f"{sizes[0]} channels don't repeat to {out}"
    if layer.kind in ("add", "multiply", "scale", "interpolate", "activation") and set(sizes) != {out}:
        return f"inputs of {sizes} and an output of {out} should be of one size"
    return None


def _expected_period(layer: Layer, periods: list[int], out: int) -> tuple[bool, str]:
    """Whether the output's period fits the first input's, and what it should be."""
    first = periods[0]
    if layer.kind == "conv1d":
        return out == first * layer.option("stride"), f"{first * layer.option('stride')}"
    if layer.kind == "conv_transpose1d":
        return out * layer.option("stride") == first, f"{first} / {layer.option('stride')}"
    if layer.kind == "broadcast":
        return first % out == 0, f"a divisor of {first}"
    if layer.kind == "interpolate":
        low, high = INTERPOLATION_STEPS
        return first % out == 0 and low <= first // out <= high, f"{first} over {low}..{high}"
    return out == first, f"{first}"


def _period_error(layer: Layer, tensors: Mapping[str, Tensor]) -> str | None:
    periods, out = [tensors[name].period for name in layer.inputs], tensors[layer.output].period
    fits, expected = _expected_period(layer, periods, out)
    if not fits:
        return f"its output's period is {out}, should be {expected}"
    if layer.kind == "gated_conv1d":
        longest = max(tensor.period for tensor in tensors.values())
        if periods[-1] not in (periods[0], longest):
            return f"its condition's period is {periods[-1]}, should be {periods[0]} or the graph's largest, {longest}"
    elif len(set(periods)) != 1:
        return f"its inputs have the periods {periods}, should have one"
    return None


def _range_of(name: str, number_format: str) -> tuple[str, int, int]:
    """Type and closed range of an integer graph's array, told by its name."""
    if name.startswith("weight"):
        return "int8", -fixedpoint.S8_MAX, fixedpoint.S8_MAX
    if name.startswith("multiplier"):
        return "int32", fixedpoint.MULTIPLIER_MIN, fixedpoint.MULTIPLIER_MAX
    if name.startswith("shift"):
        form = fixedpoint_s8 if number_format == "s8s8" else fixedpoint
        return "int32", form.SHIFT_MIN, form.SHIFT_MAX
    return "int32", fixedpoint.S32_MIN, fixedpoint.S32_MAX


def _array_error(layer: Layer, tensors: Mapping[str, Tensor], number_format: str) -> str | None:
    if set(layer.arrays) != set(ARRAYS[layer.kind][number_format]):
        return f"it carries arrays {sorted(layer.arrays)}, not those of a {layer.kind} in {number_format}"
    integer, shapes = number_format != "f32", array_shapes(layer, tensors)
    for name, array in layer.arrays.items():
        if not isinstance(array, np.ndarray) or array.shape != shapes[name]:
            return f"{name} is {getattr(array, 'shape', array)}, should be {shapes[name]}"
        dtype, low, high = _range_of(name, number_format) if integer else ("float32", 0, 0)
        if array.dtype != np.dtype(dtype):
            return f"{name} is {array.dtype}, should be {dtype}"
        if not integer and not np.all(np.isfinite(array)):
            return f"{name} holds NaN or infinity"
        if integer and (array.min() < low or array.max() > high):
            return f"{name} leaves {low}..{high}"
    return None


def fixed_output_scale(layer: Layer) -> float | None:
    """The output scale that the layer's integer arithmetic prescribes, None where it leaves the choice."""
    if layer.kind in ("gru", "lstm", "gated_conv1d"):
        return UNIT_SCALE
    return None if layer.activation == "none" else 2.0 ** -OUTPUT_FRACTION_BITS[layer.activation]


def gate_inputs(layer: Layer) -> tuple[str, ...]:
    """Inputs that the layer reads as codes at 2^-12: what goes into an activation, and a gate's condition."""
    return layer.inputs if layer.kind == "activation" else layer.inputs[1:] if layer.kind == "gated_conv1d" else ()


def _scale_error(layer: Layer, tensors: Mapping[str, Tensor]) -> str | None:
    """What the integer kernels take for granted about scales: see fixedpoint.py."""
    scale, sources = _scales(tensors, layer)
    fixed = fixed_output_scale(layer)
    if fixed is not None and scale != fixed:
        what = "a recurrent state or gate" if layer.activation == "none" else f"a {layer.activation}"
        return f"its output scale is {scale}, {what} has 2^{round(math.log2(fixed))}"
    for name in gate_inputs(layer):
        if tensors[name].scale != GATE_SCALE:
            found = tensors[name].scale
            return f"its input {name!r} has the scale {found}, tables and gates read 2^-12; put a scale layer before"
    if layer.kind in SAME_SCALE and scale != sources[0]:
        return f"its output scale is {scale}, should be that of its input, {sources[0]}"
    if layer.kind == "concat":
        concat_shifts(tensors, layer)
    elif layer.kind == "add":
        add_shifts(tensors, layer)
    elif layer.kind == "multiply":
        multiply_shift(tensors, layer)
    return None


def _s8_error(layer: Layer, tensors: Mapping[str, Tensor]) -> str | None:
    """What CMSIS-NN's s8 kernels take for granted: one group or one a channel, and 32 bits that never overflow."""
    groups = layer.option("groups") if layer.kind == "conv1d" else 1
    if groups not in (1, tensors[layer.inputs[0]].size):
        return f"it has {groups} groups; in s8s8 a conv1d has 1, or one for each of its inputs"
    if not fixedpoint_s8.fits_32_bits(layer.arrays["weight"], layer.arrays["bias"]):
        return "its bias and weights could overflow a 32-bit accumulator, and s8s8 has no other"
    return None


def _activation_error(layer: Layer) -> str | None:
    allowed: tuple[str, ...] = ("none",)
    if layer.kind == "activation":
        allowed = ACTIVATIONS[1:]
    elif layer.kind in RELU_KINDS:
        allowed = ("none", "relu")
    if layer.activation not in allowed:
        return f"a {layer.kind} can't have the activation {layer.activation!r}; it takes {list(allowed)}"
    return None


def layer_error(layer: Layer, tensors: Mapping[str, Tensor], number_format: str) -> str | None:
    """What keeps an executor from running this layer, as the rest of a sentence; None where nothing does.

    Raises GraphError as concat_shifts, add_shifts and multiply_shift do.
    """
    if layer.kind not in ARRAYS:
        return f"the kind {layer.kind!r} is unknown; this version knows {sorted(ARRAYS)}"
    if missing := [name for name in (*layer.inputs, layer.output) if name not in tensors]:
        return f"it names unknown tensors {missing}"
    least, most = INPUT_COUNTS.get(layer.kind, (1, 1))
    if not least <= len(layer.inputs) <= most:
        wanted = "one input" if most == 1 else f"{least}..{most} inputs"
        return f"it takes {wanted}, not {len(layer.inputs)}"
    if number_format == "s8s8" and layer.kind not in S8_KINDS:
        return f"a {layer.kind} can't run in s8s8, which has {list(S8_KINDS)}; quantise to s8s16"
    if problem := _activation_error(layer) or _option_error(layer):
        return problem
    sizes, out = [tensors[name].size for name in layer.inputs], tensors[layer.output].size
    return (
        _size_error(layer, sizes, out)
        or _period_error(layer, tensors)
        or _array_error(layer, tensors, number_format)
        or (_scale_error(layer, tensors) if number_format == "s8s16" else None)
        or (_s8_error(layer, tensors) if number_format == "s8s8" else None)
    )
