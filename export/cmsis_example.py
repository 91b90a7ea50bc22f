# SPDX-License-Identifier: MIT
"""The small "s8s8" graph that `make cmsis` builds where no other is named: each of CMSIS-NN's three kernels once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava.graph import Graph, Layer, Tensor

SIZES = {"in": 2, "features": 8, "filtered": 8, "out": 3}
LAYERS: tuple[tuple[str, str, str, str, str, dict[str, int]], ...] = (
    ("mix", "conv1d", "in", "features", "relu", {"kernel": 3}),
    ("filter", "conv1d", "features", "filtered", "none", {"kernel": 5, "dilation": 2, "groups": 8}),
    ("head", "dense", "filtered", "out", "none", {}),
)
SHIFT = -7
"""Sums of some 10 products of codes below 127 come down to about ±127."""


def _arrays(rng: np.random.Generator, shape: tuple[int, ...], rows_alike: bool) -> dict[str, NDArray]:
    rows = shape[0]
    multiplier = rng.integers(1 << 30, 1 << 31, rows)
    return {
        "weight": rng.integers(-127, 128, shape).astype(np.int8),
        "bias": rng.integers(-2000, 2001, rows).astype(np.int32),
        "multiplier": (np.full(rows, multiplier[0]) if rows_alike else multiplier).astype(np.int32),
        "shift": np.full(rows, SHIFT, np.int32),
    }


def example_graph() -> Graph:
    """conv1d with relu, depthwise conv1d, dense: the same bytes every time."""
    rng, layers = np.random.default_rng(0), []
    for name, kind, source, target, activation, options in LAYERS:
        out, fan_in = SIZES[target], SIZES[source] // options.get("groups", 1)
        shape = (out, options["kernel"], fan_in) if kind == "conv1d" else (out, fan_in)
        arrays = _arrays(rng, shape, kind == "dense")
        layers.append(Layer(name, kind, (source,), target, activation, arrays, options))
    tensors = {name: Tensor(name, size, 1 / 127) for name, size in SIZES.items()}
    return Graph("s8s8", ("in",), ("out",), tensors, tuple(layers))
