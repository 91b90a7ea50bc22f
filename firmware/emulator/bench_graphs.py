# SPDX-License-Identifier: MIT
"""Graphs to measure: one layer of any shape, and the integers that make any float graph one that the firmware runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lottava.builder import Builder, random_arrays
from lottava.fixedpoint import MULTIPLIER_MAX, MULTIPLIER_MIN
from lottava.graph import PRODUCTS, Graph, Layer
from lottava.reference import columns_in
from lottava.scales import tensor_scales

INPUT_PEAK = 4.0
"""Of inputs whose scale no name fixes: 2^-12, which gates and tables can read."""


def random_integers(graph: Graph, seed: int = 0) -> Graph:
    """The same structure in s8s16: any weights, multipliers that fill a part of the s16 range."""
    rng = np.random.default_rng(seed)
    scales = tensor_scales(graph, dict.fromkeys(graph.inputs, INPUT_PEAK))
    tensors = {name: replace(tensor, scale=scales[name]) for name, tensor in graph.tensors.items()}
    layers = tuple(replace(layer, arrays=_integer_arrays(layer, rng)) for layer in graph.layers)
    return Graph("s8s16", graph.inputs, graph.outputs, tensors, layers)


def _integer_arrays(layer: Layer, rng: np.random.Generator) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for suffix in PRODUCTS[layer.kind]:
        shape = layer.arrays["weight" + suffix].shape
        arrays["weight" + suffix] = rng.integers(-127, 128, shape).astype(np.int8)
        arrays["bias" + suffix] = rng.integers(-(1 << 17), 1 << 17, shape[0]).astype(np.int32)
        arrays["multiplier" + suffix] = rng.integers(MULTIPLIER_MIN, MULTIPLIER_MAX, shape[0]).astype(np.int32)
        arrays["shift" + suffix] = rng.integers(-10, -7, shape[0]).astype(np.int32)
    return arrays


def layer_graph(kind: str, inputs: int, outputs: int | None = None, *, period: int = 1, **options: int) -> Graph:
    """One layer in integers on input `x` (`inputs` wide, a column every `period` ticks); its output is `y`.

    outputs None: as wide as the kind says. add, multiply and concat read `x` twice; an activation is a tanh, and
    "relu" one, too; a gated convolution has no condition.
    """
    builder = Builder(random_arrays(np.random.default_rng(0)))
    builder.input("x", inputs, period)
    sources = ["x", "x"] if kind in ("add", "multiply", "concat") else ["x"]
    activation = {"activation": "tanh", "relu": "relu"}.get(kind, "none")
    builder.layer("y", "activation" if kind == "relu" else kind, sources, outputs, activation=activation, **options)
    return random_integers(builder.graph("y"))


def decoder_graph(width: int = 32, units: int = 48) -> Graph:
    """The DDSP decoder in random integers, its layers `width` wide around a GRU; the defaults are the fit."""
    builder = Builder(random_arrays(np.random.default_rng(0)))
    sizes = {"pitch": 1, "loudness": 1, "axes": 4}
    features = [
        builder.layer(f"{name}_mlp", "dense", builder.input(name, size), width, activation="relu")
        for name, size in sizes.items()
    ]
    hidden = builder.layer("memory", "gru", builder.layer("features_in", "concat", features), units)
    joined = builder.layer("features_out", "concat", [hidden, *features[:2]])
    out = builder.layer("out_mlp", "dense", joined, width, activation="relu")
    return random_integers(builder.graph(builder.layer("head", "dense", out, 82)))


def random_codes(graph: Graph, ticks: int, seed: int = 0) -> dict[str, NDArray[np.int16]]:
    """Inputs of so many ticks: any codes."""
    rng = np.random.default_rng(seed)
    shapes = {name: (columns_in(ticks, graph.tensors[name].period), graph.tensors[name].size) for name in graph.inputs}
    return {name: rng.integers(-(1 << 15), 1 << 15, shape).astype(np.int16) for name, shape in shapes.items()}
