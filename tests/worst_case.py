# SPDX-License-Identifier: MIT
"""Layers whose 32-bit accumulators end exactly at the last value, with the inputs that bring them there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava.fixedpoint import MULTIPLIER_MIN, S16_MAX, S16_MIN, S32_MAX, SHIFT_MIN, fits_32_bits
from lottava.graph import PRODUCTS, Graph, Layer, Tensor, array_shapes, history_columns

CASES: dict[str, tuple[str, int, int, dict[str, int]]] = {
    "dense": ("dense", 512, 6, {}),
    "conv1d": ("conv1d", 171, 5, {"kernel": 3}),
    "dilated": ("conv1d", 171, 5, {"kernel": 3, "dilation": 2}),
    "pointwise": ("conv1d", 512, 4, {"kernel": 1}),
    "sliced": ("conv1d", 344, 8, {"kernel": 3, "groups": 2}),
    "block_diagonal": ("conv1d", 342, 6, {"kernel": 3, "groups": 2}),
    "depthwise": ("conv1d", 6, 6, {"kernel": 64, "groups": 6}),
    "strided": ("conv1d", 129, 4, {"kernel": 4, "stride": 2}),
    "gated_conv1d": ("gated_conv1d", 256, 3, {"kernel": 2, "dilation": 3}),
    "conv_transpose1d": ("conv_transpose1d", 129, 5, {"kernel": 4, "stride": 2}),
    "scale": ("scale", 7, 7, {}),
    "gru": ("gru", 511, 5, {}),
    "lstm": ("lstm", 511, 5, {}),
}
"""Name → kind, input size, output size, options: as many products as a claim of 32 bits can hold."""


def _product(rng: np.random.Generator, suffix: str, shape: tuple[int, ...]) -> dict[str, NDArray]:
    """Weights of ±127 as long as they fit, and a bias of the sum's sign that takes the rest."""
    rows, fan_in = shape[0], int(np.prod(shape[1:]))
    weight = rng.choice([-127, 127], (rows, fan_in))
    weight[:, 516:] = 0
    rest = S32_MAX - np.abs(weight).sum(axis=1) * -S16_MIN
    arrays = {
        "weight": weight.reshape(shape).astype(np.int8),
        "bias": np.where(np.arange(rows) % 2 == 0, -rest, rest).astype(np.int32),
        "multiplier": np.full(rows, MULTIPLIER_MIN, np.int32),
        "shift": np.full(rows, SHIFT_MIN, np.int32),
    }
    assert fits_32_bits(arrays["weight"], arrays["bias"])
    return {name + suffix: array for name, array in arrays.items()}


def worst_case(name: str, seed: int) -> tuple[Graph, dict[str, NDArray]]:
    """A graph of the one layer, and columns of its input that meet the signs of each row's weights in turn."""
    rng = np.random.default_rng(seed)
    kind, columns, size, options = CASES[name]
    stride = options.get("stride", 1)
    slow = stride if kind == "conv_transpose1d" else 1
    scale = 2.0**-15 if kind in ("gated_conv1d", "gru", "lstm") else 2.0**-11
    period = stride if kind == "conv1d" else 1
    tensors = {"x": Tensor("x", columns, 2.0**-12, slow), "y": Tensor("y", size, scale, period)}
    layer = Layer("layer", kind, ("x",), "y", "none", {}, options)
    shapes = array_shapes(layer, tensors)
    arrays: dict[str, NDArray] = {}
    for suffix in PRODUCTS[kind]:
        arrays |= _product(rng, suffix, shapes["weight" + suffix])
    graph = Graph("s8s16", ("x",), ("y",), tensors, (Layer("layer", kind, ("x",), "y", "none", arrays, options),))
    weight = arrays["weight_ih" if kind in ("gru", "lstm") else "weight"].astype(np.int64)
    return graph, {"x": _meeting(graph.layers[0], weight, columns)}


def _meeting(layer: Layer, weight: NDArray, columns: int) -> NDArray:
    """For each row and both directions a history of columns whose products with its weights share one sign."""
    rows, dilation = len(weight), layer.options.get("dilation", 1)
    stride = layer.options.get("stride", 1) if layer.kind == "conv1d" else 1
    length = (max(1, history_columns(layer)) // stride + 2) * stride
    newest = length - stride
    taps = weight.reshape(rows, layer.options.get("kernel", 1), -1)
    groups = layer.options.get("groups", 1)
    found = []
    for row in range(rows):
        for low, high in ((S16_MIN, S16_MAX), (S16_MAX, S16_MIN)):
            history = np.zeros((length, columns), np.int64)
            share = columns // groups if layer.kind != "scale" else 1
            start = row // (rows // groups) * share if layer.kind != "scale" else row
            for tap, signs in enumerate(taps[row]):
                if layer.kind == "conv_transpose1d":
                    at = newest - tap // layer.options["stride"]
                else:
                    at = newest - (taps.shape[1] - 1 - tap) * dilation
                wanted = np.where(signs > 0, low, high)
                history[at, start : start + share] = np.where(signs == 0, history[at, start : start + share], wanted)
            found.append(history)
    return np.concatenate(found).astype(np.int16)
