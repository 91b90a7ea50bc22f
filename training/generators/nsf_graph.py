# SPDX-License-Identifier: MIT
"""The layers of a neural source-filter (hn-NSF, arXiv 1904.12088) as a float Graph; numpy and the core only.

    source ──▶ harmonic0 ─▶ harmonic1 ─▶ … ─▶ low_pass ──┐
    noise ───▶ breath ─────────────────────▶ high_pass ──┴─▶ audio
    condition ▶ trunk ─▶ a projection and a straight line for every block

A block is s + tanh(W_3 tanh(W_2 h)) around h_0 = tanh(W_1 s), h_(j+1) = h_j + tanh(W_j *_(2^j) h_j) + context. A layer
may be taken out of it, with its context or without; the others keep their dilation. A block may be taken out whole,
and s passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lottava.builder import ArrayMaker, Builder
from lottava.graph import Graph
from lottava.nsf_source import MODEL_HOP_SAMPLES, MODEL_RATE_HZ, SINES

CONDITIONS = 10
KERNEL, TRUNK_KERNEL, BOTTLENECK = 3, 3, 4
TRUNK = 16

SOURCE_MERGE_PARAMETERS = SINES + 1
"""Eight sines' weights and a bias: trained with the network, computed by the source module outside the graph."""

SPLIT_HZ, SPLIT_TAPS = 5_000, 11
"""Voiced harmonics are low-passed and noise high-passed here before their sum, as in the paper."""

BREATH = "breath"
"""Name of the noise branch's block; those of the harmonic branch are harmonic0, harmonic1, …"""


@dataclass(frozen=True)
class Block:
    """hidden: channels of its residual group; layers: exponents of the dilations, increasing.

    held: steps without a convolution at which the context is added all the same.
    """

    name: str
    hidden: int
    layers: tuple[int, ...]
    held: tuple[int, ...] = ()

    @property
    def steps(self) -> tuple[int, ...]:
        """Layers and held steps in order."""
        return tuple(sorted((*self.layers, *self.held)))

    @property
    def parameter_count(self) -> int:
        """Weights inside; there is no bias."""
        return self.hidden * (1 + len(self.layers) * KERNEL * self.hidden + BOTTLENECK) + BOTTLENECK


@dataclass(frozen=True)
class NsfShape:
    """Sizes of an NSF. harmonic: in series; breath: None where the noise passes; activation: of the residual layers."""

    harmonic: tuple[Block, ...]
    breath: Block | None
    trunk: int = TRUNK
    activation: str = "tanh"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All, in execution order."""
        return (*self.harmonic, self.breath) if self.breath else self.harmonic

    @property
    def parameter_count(self) -> int:
        """Trained parameters, the nine of the source's merge included; the two split filters are fixed."""
        control = self.trunk * (TRUNK_KERNEL * CONDITIONS + 1)
        projections = sum((self.trunk + 1) * block.hidden for block in self.blocks)
        return SOURCE_MERGE_PARAMETERS + control + projections + sum(block.parameter_count for block in self.blocks)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; shape_from_dict is the inverse."""
        return {
            "blocks": [
                asdict(block) | {"layers": list(block.layers), "held": list(block.held)} for block in self.blocks
            ],
            "trunk": self.trunk,
            "activation": self.activation,
        }


def uniform(
    hidden: int, blocks: int, layers: int, noise_layers: int, trunk: int = TRUNK, activation: str = "tanh"
) -> NsfShape:
    """The same channels everywhere, dilations 1, 2, 4, … up to the layers' number."""
    harmonic = tuple(Block(f"harmonic{i}", hidden, tuple(range(layers))) for i in range(blocks))
    return NsfShape(harmonic, Block(BREATH, hidden, tuple(range(noise_layers))), trunk, activation)


def shape_from_dict(values: Mapping[str, Any]) -> NsfShape:
    """Inverse of NsfShape.as_dict; takes the arguments of `uniform`, too. Raises TypeError, KeyError for others."""
    if "blocks" not in values or isinstance(values["blocks"], int):
        return uniform(**values)
    blocks = [
        Block(each["name"], each["hidden"], tuple(each["layers"]), tuple(each["held"])) for each in values["blocks"]
    ]
    breath = next((block for block in blocks if block.name == BREATH), None)
    harmonic = tuple(block for block in blocks if block.name != BREATH)
    return NsfShape(harmonic, breath, values["trunk"], values["activation"])


def split_filters() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """[taps] of a Hann-windowed low-pass at 5 kHz and of the high-pass that completes it to a pure delay."""
    n = np.arange(SPLIT_TAPS) - SPLIT_TAPS // 2
    low = np.sinc(2.0 * SPLIT_HZ / MODEL_RATE_HZ * n) * np.hanning(SPLIT_TAPS + 2)[1:-1]
    low /= low.sum()
    high = (n == 0) - low
    return low.astype(np.float32), high.astype(np.float32)


def _block(b: Builder, block: Block, excitation: str, activation: str) -> str:
    name = block.name
    projected = b.layer(f"{name}_projection", "dense", "trunk", block.hidden)
    context = b.layer(f"{name}_context", "interpolate", projected)
    hidden = b.layer(f"{name}_in", "dense", excitation, block.hidden)
    hidden = b.layer(f"{name}_start", "activation", hidden, activation="tanh")
    for j in block.steps:
        if j in block.held:
            hidden = b.layer(f"{name}_sum{j}", "add", [hidden, context])
            continue
        z = b.layer(f"{name}_conv{j}", "conv1d", hidden, block.hidden, kernel=KERNEL, dilation=1 << j)
        z = b.layer(f"{name}_bend{j}", "activation", z, activation=activation)
        hidden = b.layer(f"{name}_sum{j}", "add", [hidden, z, context])
    z = b.layer(f"{name}_bottleneck", "dense", hidden, BOTTLENECK)
    z = b.layer(f"{name}_squash", "activation", z, activation="tanh")
    z = b.layer(f"{name}_out", "dense", z, 1)
    z = b.layer(f"{name}_shape", "activation", z, activation="tanh")
    return b.layer(name, "add", [excitation, z])


def write(shape: NsfShape, arrays: ArrayMaker) -> Graph:
    """`source`, `noise` [1] at 24 kHz, `condition` [10] every 96 ticks → `audio` [1]; run in blocks of 16 or 24."""
    b = Builder(arrays)
    branch, noise = b.input("source", 1), b.input("noise", 1)
    condition = b.input("condition", CONDITIONS, MODEL_HOP_SAMPLES)
    b.layer("trunk", "conv1d", condition, shape.trunk, activation="relu", kernel=TRUNK_KERNEL)
    for block in shape.harmonic:
        branch = _block(b, block, branch, shape.activation)
    if shape.breath:
        noise = _block(b, shape.breath, noise, shape.activation)
    low = b.layer("low_pass", "conv1d", branch, 1, kernel=SPLIT_TAPS)
    high = b.layer("high_pass", "conv1d", noise, 1, kernel=SPLIT_TAPS)
    return b.graph(b.layer("audio", "add", [low, high]))
