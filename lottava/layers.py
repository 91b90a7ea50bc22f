# SPDX-License-Identifier: MIT
"""The kinds of layer that graphs are built of: arrays, shapes, types, and what integer kernels take for granted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from . import fixedpoint

NUMBER_FORMATS = ("f32", "s8s16")
ACTIVATIONS = ("none", "relu")

ARRAYS: dict[str, dict[str, tuple[str, ...]]] = {
    "dense": {"f32": ("weight", "bias"), "s8s16": ("weight", "bias", "multiplier", "shift")},
    "gru": {
        "f32": ("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
        "s8s16": (
            *("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
            *("multiplier_ih", "shift_ih", "multiplier_hh", "shift_hh"),
        ),
    },
    "concat": {"f32": (), "s8s16": ()},
}
"""Arrays that each kind of layer carries, in the order in which every file and header lists them."""

MAX_LAYERS = 64
MAX_TENSOR_SIZE = 4096
MAX_CONCAT_SHIFT = 15
SHA256 = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,47}")
"""Names become C identifiers and file names."""


class GraphError(ValueError):
    """A graph that can't be run: says which layer or tensor, and what is wrong with it."""


@dataclass(frozen=True)
class Tensor:
    """A named vector between layers. scale: value of one s16 code; None in a float graph."""

    name: str
    size: int
    scale: float | None = None


@dataclass(frozen=True, eq=False)
class Layer:
    """One streaming layer. Shapes: dense weight [out, in]; gru weight_ih [3H, in], weight_hh [3H, H], gates r, z, n."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    output: str
    activation: str = "none"
    arrays: Mapping[str, NDArray] = field(default_factory=dict)


def is_name(name: object) -> bool:
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def concat_shifts(tensors: Mapping[str, Tensor], layer: Layer) -> tuple[int, ...]:
    """Right shift of each input of an integer concat: its scale is 2^k below the output's, which is the largest.

    Raises GraphError where the scales break that rule (exact powers of two, k at most 15).
    """
    out, scales = tensors[layer.output].scale or 0.0, [tensors[name].scale or 0.0 for name in layer.inputs]
    shifts = []
    for name, scale in zip(layer.inputs, scales, strict=True):
        mantissa, exponent = math.frexp(out / scale) if scale > 0 else (0.0, 0)
        if mantissa != 0.5 or not 0 <= exponent - 1 <= MAX_CONCAT_SHIFT:
            raise GraphError(f"layer {layer.name!r}: the scale of {name!r} is not that of the output over 2^0..2^15")
        shifts.append(exponent - 1)
    if out != max(scales):
        raise GraphError(f"layer {layer.name!r}: the output scale {out:g} is not the largest of its inputs'")
    return tuple(shifts)


def array_shapes(layer: Layer, tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Shape that each array of the layer must have, integer-only ones included."""
    columns, out = tensors[layer.inputs[0]].size, tensors[layer.output].size
    if layer.kind == "dense":
        return {"weight": (out, columns)} | dict.fromkeys(("bias", "multiplier", "shift"), (out,))
    if layer.kind == "gru":
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (3 * out, columns), "weight_hh": (3 * out, out)}
        for side in ("ih", "hh"):
            shapes |= dict.fromkeys((f"bias_{side}", f"multiplier_{side}", f"shift_{side}"), (3 * out,))
        return shapes
    return {}


def _range_of(name: str) -> tuple[str, int, int]:
    """Type and closed range of an integer graph's array, told by its name."""
    if name.startswith("weight"):
        return "int8", -fixedpoint.S8_MAX, fixedpoint.S8_MAX
    if name.startswith("multiplier"):
        return "int32", fixedpoint.MULTIPLIER_MIN, fixedpoint.MULTIPLIER_MAX
    if name.startswith("shift"):
        return "int32", fixedpoint.SHIFT_MIN, fixedpoint.SHIFT_MAX
    return "int32", fixedpoint.S32_MIN, fixedpoint.S32_MAX


def _array_error(layer: Layer, tensors: Mapping[str, Tensor], integer: bool) -> str | None:
    shapes = array_shapes(layer, tensors)
    for name, array in layer.arrays.items():
        if not isinstance(array, np.ndarray) or array.shape != shapes[name]:
            return f"{name} is {getattr(array, 'shape', array)}, should be {shapes[name]}"
        dtype, low, high = _range_of(name) if integer else ("float32", 0, 0)
        if array.dtype != np.dtype(dtype):
            return f"{name} is {array.dtype}, should be {dtype}"
        if not integer and not np.all(np.isfinite(array)):
            return f"{name} holds NaN or infinity"
        if integer and (array.min() < low or array.max() > high):
            return f"{name} leaves {low}..{high}"
    return None


def _scale_error(layer: Layer, tensors: Mapping[str, Tensor]) -> str | None:
    """What the integer kernels take for granted about scales: see fixedpoint.py."""
    scale = tensors[layer.output].scale
    if layer.kind == "concat":
        concat_shifts(tensors, layer)
    if layer.kind == "gru" and scale != 2.0**-fixedpoint.UNIT_FRACTION_BITS:
        return f"its output scale is {scale}, a recurrent state has 2^-15"
    if layer.activation == "relu" and scale != 2.0**-fixedpoint.RELU_FRACTION_BITS:
        return f"its output scale is {scale}, a relu has 2^-12"
    return None


def layer_error(layer: Layer, tensors: Mapping[str, Tensor], number_format: str) -> str | None:
    """What keeps an executor from running this layer, as the rest of a sentence; None where nothing does.

    Raises GraphError as concat_shifts does.
    """
    if layer.kind not in ARRAYS:
        return f"the kind {layer.kind!r} is unknown; this version knows {sorted(ARRAYS)}"
    if layer.activation not in ACTIVATIONS or (layer.kind != "dense" and layer.activation != "none"):
        return f"a {layer.kind} can't have the activation {layer.activation!r}"
    if missing := [name for name in (*layer.inputs, layer.output) if name not in tensors]:
        return f"it names unknown tensors {missing}"
    sizes, out = [tensors[name].size for name in layer.inputs], tensors[layer.output].size
    if layer.kind == "concat" and sum(sizes) != out:
        return f"inputs of {sizes} don't add up to {out}"
    if layer.kind != "concat" and len(sizes) != 1:
        return f"it takes one input, not {len(sizes)}"
    if set(layer.arrays) != set(ARRAYS[layer.kind][number_format]):
        return f"it carries arrays {sorted(layer.arrays)}, not those of a {layer.kind} in {number_format}"
    integer = number_format == "s8s16"
    return _array_error(layer, tensors, integer) or (_scale_error(layer, tensors) if integer else None)
