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
from lottava.reference import columns_in

NSF_RATE_HZ, NSF_CONTROL_PERIOD = 24_000, 96
WAVENET_RATE_HZ, WAVENET_CONTROL_PERIOD = 16_000, 64
"""Ticks between two columns of the condition: 250 a second, the control rate of the house."""

NSF_CONDITIONS, WAVENET_CONDITIONS = 10, 8
MIXTURE_OUTPUTS = 6
"""Logits, means and log-scales of two logistics."""

NSF_KERNEL, TRUNK_KERNEL, BOTTLENECK = 3, 3, 4
SOURCE_MERGE_PARAMETERS = 9
"""Eight sines' weights and a bias: trained with the network, computed by the source module outside the graph."""

SPLIT_HZ, SPLIT_TAPS = 5_000, 11
"""Voiced harmonics are low-passed and noise high-passed here before their sum, as in hn-NSF (arXiv 1904.12088)."""

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


def nsf_parameter_count(widths: NsfWidths = NsfWidths()) -> int:
    """Trained parameters: 7 789 of the fit. 9 of them, the source merge, lie outside the graph.

    Layers inside blocks have no bias: the graph's, all zero, don't count, nor do the two fixed split filters.
    """
    h, trunk = widths.hidden, widths.trunk

    def block(layers: int) -> int:
        return h + layers * NSF_KERNEL * h * h + BOTTLENECK * h + BOTTLENECK

    control = TRUNK_KERNEL * NSF_CONDITIONS * trunk + trunk + (widths.blocks + 1) * (trunk * h + h)
    return SOURCE_MERGE_PARAMETERS + widths.blocks * block(widths.layers) + block(widths.noise_layers) + control


def wavenet_parameter_count(widths: WavenetWidths = WavenetWidths()) -> int:
    """Trained parameters, all inside the graph: 10 038 of the fit, the unread residual of the last layer included."""
    r, h, s = widths.residual, widths.gate, widths.skip
    layer = 4 * h * r + 2 * h + h * r + r + h * s + s + 2 * h * WAVENET_CONDITIONS + 2 * h
    return 4 * r + widths.layers * layer + s * s + s + MIXTURE_OUTPUTS * (s + 1)


def split_filters() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """[taps] of a Hann-windowed low-pass at 5 kHz and of the high-pass that completes it to a pure delay."""
    n = np.arange(SPLIT_TAPS) - SPLIT_TAPS // 2
    low = np.sinc(2.0 * SPLIT_HZ / NSF_RATE_HZ * n) * np.hanning(SPLIT_TAPS + 2)[1:-1]
    low /= low.sum()
    high = (n == 0) - low
    return low.astype(np.float32), high.astype(np.float32)


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


def _nsf_block(b: Builder, widths: NsfWidths, name: str, excitation: str, layers: int) -> str:
    """s + tanh(W_3 tanh(W_2 h / 10)) around h_0 = tanh(W_1 s), h_(j+1) = h_j + tanh(W_j *_(2^j) h_j) + context."""
    projected = b.layer(f"{name}_projection", "dense", "trunk", widths.hidden)
    context = b.layer(f"{name}_context", "interpolate", projected)
    hidden = b.layer(f"{name}_in", "dense", excitation, widths.hidden)
    hidden = b.layer(f"{name}_start", "activation", hidden, activation="tanh")
    for j in range(layers):
        z = b.layer(f"{name}_conv{j}", "conv1d", hidden, widths.hidden, kernel=NSF_KERNEL, dilation=1 << j)
        z = b.layer(f"{name}_bend{j}", "activation", z, activation=widths.activation)
        hidden = b.layer(f"{name}_sum{j}", "add", [hidden, z, context])
    z = b.layer(f"{name}_bottleneck", "dense", hidden, BOTTLENECK)
    z = b.layer(f"{name}_squash", "activation", z, activation="tanh")
    z = b.layer(f"{name}_out", "dense", z, 1)
    z = b.layer(f"{name}_shape", "activation", z, activation="tanh")
    return b.layer(name, "add", [excitation, z])


def nsf_graph(widths: NsfWidths = NsfWidths(), rng: np.random.Generator | None = None) -> Graph:
    """G9: `source`, `noise` [1] at 24 kHz, `condition` [10] every 96 ticks → `audio` [1]; run in blocks of 16."""
    b = Builder(_nsf_arrays(rng or np.random.default_rng(0)))
    branch, noise = b.input("source", 1), b.input("noise", 1)
    condition = b.input("condition", NSF_CONDITIONS, NSF_CONTROL_PERIOD)
    b.layer("trunk", "conv1d", condition, widths.trunk, activation="relu", kernel=TRUNK_KERNEL)
    for i in range(widths.blocks):
        branch = _nsf_block(b, widths, f"harmonic{i}", branch, widths.layers)
    noise = _nsf_block(b, widths, "breath", noise, widths.noise_layers)
    low = b.layer("low_pass", "conv1d", branch, 1, kernel=SPLIT_TAPS)
    high = b.layer("high_pass", "conv1d", noise, 1, kernel=SPLIT_TAPS)
    return b.graph(b.layer("audio", "add", [low, high]))


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
