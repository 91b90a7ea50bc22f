# SPDX-License-Identifier: MIT
"""The layers of the sample-rate families, NSF and WaveNet, as float graphs with random weights: structure, no training.

They prove that the set of layers carries these families, and their cost, before either is trained here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lottava.builder import ArrayMaker, Builder, Shapes, random_arrays
from lottava.graph import Graph, Layer
from lottava.nsf_source import MODEL_RATE_HZ
from lottava.reference import columns_in

from .nsf_graph import NsfShape, split_filters, uniform, write

NSF_RATE_HZ = MODEL_RATE_HZ
WAVENET_RATE_HZ, WAVENET_CONTROL_PERIOD = 16_000, 64
"""Ticks between two columns of the condition: 250 a second, the control rate of the house."""

WAVENET_CONDITIONS = 8
MIXTURE_OUTPUTS = 6
"""Logits, means and log-scales of two logistics."""

PARTS = 4
"""Inputs that the module's kernels join at once."""


@dataclass(frozen=True)
class NsfWidths:
    """Sizes of an NSF; the defaults are the fit configuration. activation: of the residual layers (tanh, hard_tanh)."""

    hidden: int = 12
    blocks: int = 2
    layers: int = 6
    noise_layers: int = 3
    trunk: int = 16
    activation: str = "tanh"


@dataclass(frozen=True)
class WavenetWidths:
    """Sizes of a WaveNet; the defaults are the fit configuration, dilations 1, 2, 4, … of kernel 2."""

    residual: int = 16
    gate: int = 8
    skip: int = 16
    layers: int = 10


def nsf_shape(widths: NsfWidths) -> NsfShape:
    """The same channels in all blocks."""
    w = widths
    return uniform(w.hidden, w.blocks, w.layers, w.noise_layers, w.trunk, w.activation)


def nsf_parameter_count(widths: NsfWidths = NsfWidths()) -> int:
    """Trained parameters: 7 789 of the fit. 9 of them, the source merge, lie outside the graph.

    Layers inside blocks have no bias: the graph's, all zero, don't count, nor do the two fixed split filters.
    """
    return nsf_shape(widths).parameter_count


def wavenet_parameter_count(widths: WavenetWidths = WavenetWidths()) -> int:
    """Trained parameters, all inside the graph: 10 038 of the fit, the unread residual of the last layer included."""
    r, h, s = widths.residual, widths.gate, widths.skip
    layer = 4 * h * r + 2 * h + h * r + r + h * s + s + 2 * h * WAVENET_CONDITIONS + 2 * h
    return 4 * r + widths.layers * layer + s * s + s + MIXTURE_OUTPUTS * (s + 1)


_NSF_GAINS = {"bottleneck": 0.1, "projection": 0.3, "out": 0.2}
"""0.1 is the paper's; the others keep an untrained network's sums in range."""


def _nsf_arrays(rng: np.random.Generator) -> ArrayMaker:
    """Random weights that keep audio within ±1, no bias inside the blocks, the split filters as they are."""
    random, (low, high) = random_arrays(rng), split_filters()

    def make(layer: Layer, shapes: Shapes) -> dict[str, NDArray]:
        arrays = random(layer, shapes)
        if layer.name in ("low_pass", "high_pass"):
            arrays["weight"] = (low if layer.name == "low_pass" else high).reshape(shapes["weight"])
        if "weight" in arrays:
            arrays["weight"] *= np.float32(_NSF_GAINS.get(layer.name.split("_")[-1], 1.0))
        if "bias" in arrays and layer.name != "trunk" and not layer.name.endswith("_projection"):
            arrays["bias"][:] = 0.0
        return arrays

    return make


def nsf_graph(widths: NsfWidths = NsfWidths(), rng: np.random.Generator | None = None) -> Graph:
    """G9: `source`, `noise` [1] at 24 kHz, `condition` [10] every 96 ticks → `audio` [1]; run in blocks of 16."""
    return write(nsf_shape(widths), _nsf_arrays(rng or np.random.default_rng(0)))


def _in_fours(b: Builder, name: str, kind: str, parts: list[str]) -> str:
    """The parts added up, or side by side, four tensors at a time."""
    total, rest, count = parts[0], parts[1:], 0
    while rest:
        total = b.layer(f"{name}{count}", kind, [total, *rest[: PARTS - 1]])
        rest, count = rest[PARTS - 1 :], count + 1
    return total


def wavenet_graph(
    widths: WavenetWidths = WavenetWidths(), rng: np.random.Generator | None = None, *, one_skip: bool = False
) -> Graph:
    """G1: `sample` [1], `sin_cos` [2] at 16 kHz, `condition` [8] every 64 ticks → `mixture` [6].

    The loop that draws a sample and feeds it back lies outside: one tick a call. one_skip: the skip layers as one dense
    layer over all gates side by side; the same function with one bias instead of a sum of them.
    """
    b = Builder(random_arrays(rng or np.random.default_rng(0)))
    sample, phase = b.input("sample", 1), b.input("sin_cos", 2)
    condition = b.input("condition", WAVENET_CONDITIONS, WAVENET_CONTROL_PERIOD)
    hidden = b.layer("start", "dense", b.layer("now", "concat", [sample, phase]), widths.residual)
    gates, skips = [], []
    for j in range(widths.layers):
        held = b.layer(f"condition{j}", "dense", condition, 2 * widths.gate)
        gates.append(b.layer(f"gate{j}", "gated_conv1d", [hidden, held], widths.gate, kernel=2, dilation=1 << j))
        if not one_skip:
            skips.append(b.layer(f"skip{j}", "dense", gates[-1], widths.skip))
        residual = b.layer(f"residual{j}", "dense", gates[-1], widths.residual)
        hidden = b.layer(f"hidden{j}", "add", [hidden, residual])
    if one_skip:
        total = b.layer("skip", "dense", _in_fours(b, "gates", "concat", gates), widths.skip)
    else:
        total = _in_fours(b, "skips", "add", skips)
    head = b.layer("skips_relu", "activation", total, activation="relu")
    head = b.layer("head", "dense", head, widths.skip, activation="relu")
    return b.graph(b.layer("mixture", "dense", head, MIXTURE_OUTPUTS))


def playing_inputs(graph: Graph, ticks: int, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Inputs [ceil(ticks / period), size] of either graph as a player makes them: a wandering tone, slow controls."""
    time = np.arange(ticks)[:, None]
    phase = np.cumsum(2.0 * math.pi * 0.01 * 2.0 ** (0.5 * np.sin(time / 3000.0)), axis=0)
    signals = {
        "source": 0.5 * np.tanh(0.1 * sum(np.sin(k * phase) for k in range(1, 9))),
        "noise": 0.1 * rng.normal(size=(ticks, 1)),
        "sample": np.clip(0.5 * np.sin(phase) + 0.1 * rng.normal(size=(ticks, 1)), -1.0, 1.0),
        "sin_cos": np.concatenate([np.sin(phase), np.cos(phase)], axis=1),
    }
    inputs = {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        steps = np.cumsum(rng.normal(0.0, 0.2, (columns_in(ticks, tensor.period), tensor.size)), axis=0)
        inputs[name] = signals[name] if name in signals else np.sin(steps + rng.uniform(-3.0, 3.0, tensor.size))
    return inputs
