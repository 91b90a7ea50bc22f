# SPDX-License-Identifier: MIT
"""The elementwise functions that a graph may hold: in float, and as tables of s16 codes with their worst error.

Every function but relu is a 513-entry table (an entry every 1/32 of -8..8) with linear interpolation in between, read
by fixedpoint.lookup. Input codes are at 2^-12, so integers saturate at ±8 where float graphs go on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import fixedpoint
from .fixedpoint import RELU_FRACTION_BITS, RELU_LIMIT, UNIT_FRACTION_BITS, IntArray

FloatArray = NDArray[np.float64]

LEAKY_SLOPE = 0.01
"""PyTorch's default below zero."""

EXP2_FRACTION_BITS = 11
EXP2_LIMIT = 16.0
"""exp2 reaches 16 at an input of 4: float graphs clamp it there, integers saturate one code below."""


def sigmoid(x: FloatArray) -> FloatArray:
    """1 / (1 + e^-x), without overflow at either end."""
    return np.exp(-np.logaddexp(0.0, -x))


FUNCTIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "hard_tanh": lambda x: np.clip(x, -1.0, 1.0),
    "softsign": lambda x: x / (1.0 + np.abs(x)),
    "elu": lambda x: np.minimum(np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0))), RELU_LIMIT),
    "leaky_relu": lambda x: np.minimum(np.where(x > 0.0, x, LEAKY_SLOPE * x), RELU_LIMIT),
    "exp2": lambda x: np.exp2(np.minimum(x, np.log2(EXP2_LIMIT))),
    "relu": lambda x: np.clip(x, 0.0, RELU_LIMIT),
}
"""What float graphs compute. Functions that grow with x are clamped where their codes saturate."""

OUTPUT_FRACTION_BITS = {
    **dict.fromkeys(("tanh", "sigmoid", "hard_tanh", "softsign"), UNIT_FRACTION_BITS),
    **dict.fromkeys(("elu", "leaky_relu", "relu"), RELU_FRACTION_BITS),
    "exp2": EXP2_FRACTION_BITS,
}
"""An integer graph's output code of each function is worth 2^-this."""

TABLES: dict[str, IntArray] = {
    name: fixedpoint.table_of(function, OUTPUT_FRACTION_BITS[name])
    for name, function in FUNCTIONS.items()
    if name != "relu"
}

WORST_ERRORS = {
    **{"tanh": 1.2e-4, "sigmoid": 3.9e-5, "hard_tanh": 3.1e-5, "softsign": 2.5e-4},
    **{"elu": 3.1e-4, "leaky_relu": 2.5e-4, "exp2": 1.3e-3, "relu": 0.0},
}
"""Largest distance of the integer result from the function over all 65 536 input codes (a test measures it); in codes
of the output at most 3.8, 1.3, 1.0, 8.2, 1.3, 1.0, 2.6 and 0. Beyond ±8 sigmoid is within 3.4e-4 of its limit."""


def apply(name: str, codes: ArrayLike) -> IntArray:
    """The named function of s16 codes at 2^-12, out at its own scale."""
    if name == "relu":
        return np.maximum(np.asarray(codes, dtype=np.int64), 0)
    return fixedpoint.lookup(TABLES[name], codes)
