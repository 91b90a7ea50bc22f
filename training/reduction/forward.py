# SPDX-License-Identifier: MIT
"""A float Graph on torch tensors: whole crops, differentiable any number of times in arrays and inputs.

It is what criteria look at, so it returns every tensor, and takes a gate for each channel of any of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import elu, hardtanh, leaky_relu, linear, pad, softsign

from lottava.activations import EXP2_LIMIT, LEAKY_SLOPE
from lottava.fixedpoint import RELU_LIMIT
from lottava.graph import Graph, GraphError, Layer, history_columns, named_arrays
from lottava.graph import Tensor as TensorSpec

from ..fakequant import windows

Values = Mapping[str, Tensor]

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "hard_tanh": hardtanh,
    "softsign": softsign,
    "elu": lambda x: elu(x).clamp(max=RELU_LIMIT),
    "leaky_relu": lambda x: leaky_relu(x, LEAKY_SLOPE).clamp(max=RELU_LIMIT),
    "exp2": lambda x: torch.exp2(x.clamp(max=math.log2(EXP2_LIMIT))),
    "relu": lambda x: hardtanh(x, 0.0, RELU_LIMIT),
}
"""The functions of lottava/activations.py."""


@dataclass(frozen=True, eq=False)
class _Call:
    """A layer over a crop from silence. parts: its inputs [batch, columns, size]; gate: of its output's channels."""

    tensors: Mapping[str, TensorSpec]
    layer: Layer
    arrays: Values
    parts: tuple[Tensor, ...]
    gate: Tensor | None

    @property
    def hold(self) -> int:
        """Columns of the output to one of the last input."""
        return max(1, self.tensors[self.layer.inputs[-1]].period // self.tensors[self.layer.output].period)

    def array(self, name: str) -> Tensor:
        return self.arrays[f"{self.layer.name}.{name}"]

    def seen(self, taps: int, dilation: int = 1, stride: int = 1) -> Tensor:
        """What each output column sees of the first input: [batch, columns, taps, channels], oldest first."""
        x = self.parts[0]
        return windows(x, x.new_zeros(len(x), (taps - 1) * dilation, x.shape[2]), taps, dilation, stride)[0]


def _dense(call: _Call) -> Tensor:
    return linear(call.parts[0], call.array("weight"), call.array("bias"))


def _conv1d(call: _Call) -> Tensor:
    kernel, dilation, stride, groups = map(call.layer.option, ("kernel", "dilation", "stride", "groups"))
    seen = call.seen(kernel, dilation, stride).unflatten(3, (groups, -1))
    weight = call.array("weight").unflatten(0, (groups, -1))
    return torch.einsum("bnkgc,gokc->bngo", seen, weight).flatten(2) + call.array("bias")


def _gated_conv1d(call: _Call) -> Tensor:
    seen = call.seen(call.layer.option("kernel"), call.layer.option("dilation"))
    total = linear(seen.flatten(2), call.array("weight").flatten(1), call.array("bias"))
    if len(call.parts) == 2:
        total = total + call.parts[1].repeat_interleave(call.hold, dim=1)
    signal, opening = total.chunk(2, dim=-1)
    return torch.tanh(signal) * torch.sigmoid(opening)


def _conv_transpose1d(call: _Call) -> Tensor:
    """Phase p of an output column uses the taps p, p + stride, … of the kernel, newest column first."""
    stride, taps = call.layer.option("stride"), history_columns(call.layer)
    weight = call.array("weight")
    phases = pad(weight, (0, 0, 0, taps * stride - weight.shape[1])).unflatten(1, (taps, stride)).flip(1)
    return (torch.einsum("bnmi,ompi->bnpo", call.seen(taps), phases) + call.array("bias")).flatten(1, 2)


def _recurrence(call: _Call, cell: Callable[..., tuple[Tensor, ...]], states: int) -> Tensor:
    """Steps of a cell (gates of the input, of the hidden state, *state) → state, hidden first."""
    gates = linear(call.parts[0], call.array("weight_ih"), call.array("bias_ih"))
    weight, bias, columns = call.array("weight_hh"), call.array("bias_hh"), []
    state = tuple(gates.new_zeros(len(gates), weight.shape[1]) for _ in range(states))
    for column in gates.unbind(1):
        heard = state[0] if call.gate is None else state[0] * call.gate
        state = cell(column, linear(heard, weight, bias), *state)
        columns.append(state[0])
    return torch.stack(columns, dim=1)


def _gru_cell(gates: Tensor, recurrent: Tensor, hidden: Tensor) -> tuple[Tensor]:
    (i_r, i_z, i_n), (h_r, h_z, h_n) = gates.chunk(3, dim=-1), recurrent.chunk(3, dim=-1)
    update = torch.sigmoid(i_z + h_z)
    candidate = torch.tanh(i_n + torch.sigmoid(i_r + h_r) * h_n)
    return ((1 - update) * candidate + update * hidden,)


def _lstm_cell(gates: Tensor, recurrent: Tensor, _: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = (gates + recurrent).chunk(4, dim=-1)
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(cell), cell


def _split(call: _Call) -> Tensor:
    offset = call.layer.option("offset")
    return call.parts[0][..., offset : offset + call.tensors[call.layer.output].size]


def _broadcast(call: _Call) -> Tensor:
    copies = call.tensors[call.layer.output].size // call.parts[0].shape[-1]
    return call.parts[0].repeat_interleave(call.hold, dim=1).repeat(1, 1, copies)


def _interpolate(call: _Call) -> Tensor:
    seen = call.seen(2)
    before, now = seen[:, :, :1], seen[:, :, 1:]
    way = torch.arange(call.hold, dtype=seen.dtype, device=seen.device)[:, None] / call.hold
    return (before + (now - before) * way).flatten(1, 2)


COMPUTE: dict[str, Callable[[_Call], Tensor]] = {
    "dense": _dense,
    "conv1d": _conv1d,
    "gated_conv1d": _gated_conv1d,
    "conv_transpose1d": _conv_transpose1d,
    "gru": lambda call: _recurrence(call, _gru_cell, 1),
    "lstm": lambda call: _recurrence(call, _lstm_cell, 2),
    "add": lambda call: torch.stack(call.parts).sum(dim=0),
    "multiply": lambda call: call.parts[0] * call.parts[1],
    "scale": lambda call: call.parts[0] * call.array("weight") + call.array("bias"),
    "concat": lambda call: torch.cat(call.parts, dim=-1),
    "split": _split,
    "broadcast": _broadcast,
    "interpolate": _interpolate,
    "activation": lambda call: call.parts[0],
}
"""Kind → its output before the activation."""


def arrays_of(graph: Graph, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """The graph's arrays as 'layer.array', copied."""
    return {name: torch.tensor(np.asarray(array), dtype=dtype) for name, array in named_arrays(graph).items()}


def forward(graph: Graph, arrays: Values, inputs: Values, gates: Values | None = None) -> dict[str, Tensor]:
    """Every tensor of the graph, [batch, columns, size], from silence.

    arrays: weights and biases in place of the graph's own. inputs [batch, columns, size]. gates [size]: factors on
    the channels of any tensor, wherever it is read, by its own recurrence too. Raises GraphError for inputs that don't
    last the same whole number of the largest period.
    """
    ticks = {name: inputs[name].shape[1] * graph.tensors[name].period for name in graph.inputs}
    if len(set(ticks.values())) != 1 or any(last % graph.largest_period for last in ticks.values()):
        raise GraphError(f"inputs last {ticks} ticks; they should last the same multiple of {graph.largest_period}")
    gates = gates or {}
    values = {name: inputs[name] * gates.get(name, 1.0) for name in graph.inputs}
    for layer in graph.layers:
        gate = gates.get(layer.output)
        call = _Call(graph.tensors, layer, arrays, tuple(values[name] for name in layer.inputs), gate)
        out = FUNCTIONS[layer.activation](COMPUTE[layer.kind](call))
        values[layer.output] = out if gate is None else out * gate
    return values
