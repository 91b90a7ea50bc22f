# SPDX-License-Identifier: MIT
"""The neural source-filter (hn-NSF, arXiv 1904.12088) in torch: nsf_graph.py's layers, over crops or blocks.

Every parameter is named and shaped as its array in the graph: convolutions [out, kernel, in].
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv1d, hardtanh

from lottava.builder import Shapes
from lottava.graph import Graph, Layer
from lottava.nsf_source import MODEL_HOP_SAMPLES, SINES

from .family import Network, State
from .nsf_graph import (
    BOTTLENECK,
    BREATH,
    CONDITIONS,
    KERNEL,
    TRUNK_KERNEL,
    Block,
    NsfShape,
    split_filters,
    write,
)

Memory = dict[str, Tensor]
"""Layer → the columns [batch, channels, n] that it still needs."""

TRUNK_LIMIT = 8.0
"""Rectified features end at 8: on the device they are s16 at 2^-12."""

GAINS = {"bottleneck": 0.1, "projection": 0.3, "out": 0.2}
"""Of initial weights, over 1/sqrt(fan-in). 0.1 is the paper's; the others keep an untrained network's sums in range."""


class Weights(nn.Module):
    """weight, normal of deviation gain / sqrt(fan-in), and a bias that starts at 0, where there is one."""

    def __init__(self, shape: tuple[int, ...], gain: float = 1.0, bias: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape) * (gain / math.sqrt(math.prod(shape[1:]))))
        if bias:
            self.bias = nn.Parameter(torch.zeros(shape[0]))


class Merge(nn.Module):
    """What makes one signal of eight sines: at first, the first one and a little of the others."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(1.0 / torch.arange(1, SINES + 1))
        self.bias = nn.Parameter(torch.zeros(1))


class NSF(Network):
    """Source, noise and conditions in, audio at 24 kHz out. The merge of the source's sines belongs to it."""

    family = "nsf"
    widths: NsfShape

    def __init__(self, widths: NsfShape) -> None:
        super().__init__()
        self.widths = widths
        self.merge = Merge()
        self.trunk = Weights((widths.trunk, TRUNK_KERNEL, CONDITIONS), bias=True)
        for block in widths.blocks:
            self._add_block(block, widths.trunk)
        if widths.activation == "hard_tanh":
            self.register_buffer("hard_tanh", torch.zeros(()))

    def _add_block(self, block: Block, trunk: int) -> None:
        shapes: dict[str, tuple[int, ...]] = {"projection": (block.hidden, trunk), "in": (block.hidden, 1)}
        shapes |= {f"conv{j}": (block.hidden, KERNEL, block.hidden) for j in block.layers}
        shapes |= {"bottleneck": (BOTTLENECK, block.hidden), "out": (1, BOTTLENECK)}
        for name, shape in shapes.items():
            layer = Weights(shape, GAINS.get(name, 1.0), bias=name == "projection")
            self.add_module(f"{block.name}_{name}", layer)
        for j in block.held:
            self.register_buffer(f"{block.name}_held{j}", torch.zeros(()))

    def forward(
        self, source: Tensor, noise: Tensor, condition: Tensor, memory: Mapping[str, Tensor] | None = None
    ) -> tuple[Tensor, Memory]:
        """Audio [batch, samples] of source and noise [batch, samples] and condition [batch, samples / 96, 10].

        memory: of the samples before; without it, they were zeros.
        """
        call = _Call(self, dict(memory or {}))
        trunk = hardtanh(call.convolve("trunk", condition.transpose(1, 2)), 0.0, TRUNK_LIMIT)
        branch, breath = source[:, None], noise[:, None]
        for block in self.widths.harmonic:
            branch = call.block(block, branch, trunk)
        if self.widths.breath:
            breath = call.block(self.widths.breath, breath, trunk)
        return (call.convolve("low_pass", branch) + call.convolve("high_pass", breath))[:, 0], call.after

    def arrays(self) -> dict[str, Tensor]:
        """Every array of the graph: parameters as they are, and what is not trained as constants."""
        trained = {name: value for name, value in self.named_parameters() if not name.startswith("merge.")}
        like, constants = self.trunk.weight, {}
        for name, taps in zip(("low_pass", "high_pass"), split_filters(), strict=True):
            constants[f"{name}.weight"] = torch.as_tensor(taps, dtype=like.dtype, device=like.device)[None, :, None]
        for name in [*trained, *constants]:
            if name.endswith(".weight"):
                rows = {**trained, **constants}[name].shape[0]
                constants.setdefault(f"{name.removesuffix('weight')}bias", like.new_zeros(rows))
        return {**constants, **trained}

    def graph(self, parent: str | None = None) -> Graph:
        """Float32 copies of `arrays` in a Graph."""
        arrays = {name: value.detach().cpu().numpy().astype(np.float32) for name, value in self.arrays().items()}

        def take(layer: Layer, shapes: Shapes) -> dict[str, NDArray[Any]]:
            return {name: arrays[f"{layer.name}.{name}"].reshape(shape) for name, shape in shapes.items()}

        return replace(write(self.widths, take), parent=parent)


class _Call:
    """One pass over a crop: what the layers remembered, and what they will remember."""

    def __init__(self, model: NSF, memory: Memory) -> None:
        self.arrays, self.memory, self.after = model.arrays(), memory, Memory()
        self.bend = torch.tanh if model.widths.activation == "tanh" else hardtanh

    def _past(self, name: str, x: Tensor, columns: int) -> Tensor:
        """x [batch, channels, n] after the `columns` before it, which are remembered for the next call."""
        before = self.memory.get(name)
        both = torch.cat((x.new_zeros(*x.shape[:2], columns) if before is None else before, x), dim=2)
        self.after[name] = both[..., both.shape[2] - columns :].detach()
        return both

    def convolve(self, name: str, x: Tensor, dilation: int = 1) -> Tensor:
        """Causal: [batch, in, n] → [batch, out, n]."""
        weight = self.arrays[f"{name}.weight"]
        past = self._past(name, x, (weight.shape[1] - 1) * dilation)
        return conv1d(past, weight.transpose(1, 2), self.arrays[f"{name}.bias"], dilation=dilation)

    def dense(self, name: str, x: Tensor) -> Tensor:
        """[batch, in, n] → [batch, out, n]."""
        return conv1d(x, self.arrays[f"{name}.weight"][..., None], self.arrays[f"{name}.bias"])

    def line(self, name: str, x: Tensor) -> Tensor:
        """A straight line over each hop, to the column that came at its beginning: [batch, h, n] → [batch, h, 96 n]."""
        both = self._past(name, x, 1)
        ramp = torch.arange(MODEL_HOP_SAMPLES, dtype=x.dtype, device=x.device) / MODEL_HOP_SAMPLES
        return torch.lerp(both[..., :-1, None], both[..., 1:, None], ramp).flatten(2)

    def block(self, block: Block, excitation: Tensor, trunk: Tensor) -> Tensor:
        """s [batch, 1, samples] → s + tanh(W_3 tanh(W_2 h))."""
        name = block.name
        context = self.line(f"{name}_context", self.dense(f"{name}_projection", trunk))
        hidden = torch.tanh(self.dense(f"{name}_in", excitation))
        for j in block.steps:
            if j in block.layers:
                hidden = hidden + self.bend(self.convolve(f"{name}_conv{j}", hidden, 1 << j))
            hidden = hidden + context
        squashed = torch.tanh(self.dense(f"{name}_bottleneck", hidden))
        return excitation + torch.tanh(self.dense(f"{name}_out", squashed))


def shape_of(state: State) -> NsfShape:
    """Sizes of the network whose state this is: names tell blocks, layers and held steps, shapes the widths."""
    entries = [name.removesuffix(".weight") for name in state if not name.endswith(".bias")]
    names = [entry.removesuffix("_in") for entry in entries if entry.endswith("_in")]
    hidden = {name: len(state[f"{name}_in.weight"]) for name in names}

    def numbers(name: str, word: str) -> tuple[int, ...]:
        start = f"{name}_{word}"
        return tuple(sorted(int(entry.removeprefix(start)) for entry in entries if entry.startswith(start)))

    blocks = {name: Block(name, size, numbers(name, "conv"), numbers(name, "held")) for name, size in hidden.items()}
    breath = blocks.pop(BREATH, None)
    harmonic = tuple(blocks[name] for name in sorted(blocks, key=lambda name: int(name.removeprefix("harmonic"))))
    return NsfShape(harmonic, breath, len(state["trunk.bias"]), "hard_tanh" if "hard_tanh" in state else "tanh")
