# SPDX-License-Identifier: MIT
"""Every kind of layer in fake-quant arithmetic: crops of integer codes in and out, as the oracle computes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lottava import fixedpoint
from lottava.graph import Layer, add_shifts, concat_shifts, history_columns, multiply_shift
from lottava.graph import Tensor as TensorSpec

from .cells import IntegerGru, IntegerLstm
from .fakequant import Product, convolve, convolve_transposed, look_up, round_s16, windows

Memory = tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class Call:
    """A layer over a crop. parts: codes [batch, columns, size] of its inputs; memory: what it kept of earlier crops."""

    tensors: Mapping[str, TensorSpec]
    layer: Layer
    products: Mapping[str, Product]
    parts: tuple[Tensor, ...]
    memory: Memory

    @property
    def hold(self) -> int:
        """Columns of the output to one of the last input."""
        return max(1, self.tensors[self.layer.inputs[-1]].period // self.tensors[self.layer.output].period)

    @property
    def size(self) -> int:
        """Of the output."""
        return self.tensors[self.layer.output].size

    @property
    def low(self) -> int:
        """Least output code of a product."""
        return 0 if self.layer.activation == "relu" else fixedpoint.S16_MIN


Result = tuple[Tensor, Memory]


def _dense(call: Call) -> Result:
    return call.products[""].apply(call.parts[0], call.low), ()


def _conv1d(call: Call) -> Result:
    kernel, dilation, stride, groups = map(call.layer.option, ("kernel", "dilation", "stride", "groups"))
    seen, history = windows(call.parts[0], call.memory[0], kernel, dilation, stride)
    return convolve(call.products[""], seen, groups, call.low), (history,)


def _gated_conv1d(call: Call) -> Result:
    seen, history = windows(call.parts[0], call.memory[0], call.layer.option("kernel"), call.layer.option("dilation"))
    total = convolve(call.products[""], seen, 1)
    if len(call.parts) == 2:
        total = round_s16(total + call.parts[1].repeat_interleave(call.hold, dim=1))
    signal, opening = total.chunk(2, dim=-1)
    return round_s16(look_up("tanh", signal) * look_up("sigmoid", opening) * 2.0**-15), (history,)


def _conv_transpose1d(call: Call) -> Result:
    seen, history = windows(call.parts[0], call.memory[0], history_columns(call.layer))
    return convolve_transposed(call.products[""], seen, call.layer.option("stride"), call.low), (history,)


def _gru(call: Call) -> Result:
    gates = call.products["_ih"].apply(call.parts[0])
    weight, bias, factor, _ = call.products["_hh"]
    hidden: Tensor = IntegerGru.apply(gates, weight, bias, factor, *call.memory)  # type: ignore[no-untyped-call]
    return hidden, (hidden[:, -1],)


def _lstm(call: Call) -> Result:
    gates = call.products["_ih"].apply(call.parts[0])
    weight, bias, factor, _ = call.products["_hh"]
    hidden, cell = IntegerLstm.apply(gates, weight, bias, factor, *call.memory)  # type: ignore[no-untyped-call]
    return hidden, (hidden[:, -1], cell)


def _add(call: Call) -> Result:
    left, right = add_shifts(call.tensors, call.layer)
    total = torch.stack([part * 2.0**shift for part, shift in zip(call.parts, left, strict=True)]).sum(dim=0)
    return round_s16(total * 2.0**-right), ()


def _multiply(call: Call) -> Result:
    return round_s16(call.parts[0] * call.parts[1] * 2.0 ** -multiply_shift(call.tensors, call.layer)), ()


def _scale(call: Call) -> Result:
    product = call.products[""]
    return product.requantise(call.parts[0] * product.weight + product.bias), ()


def _concat(call: Call) -> Result:
    shifts = concat_shifts(call.tensors, call.layer)
    moved = [round_s16(part * 2.0**-k) if k else part for part, k in zip(call.parts, shifts, strict=True)]
    return torch.cat(moved, dim=-1), ()


def _split(call: Call) -> Result:
    offset = call.layer.option("offset")
    return call.parts[0][..., offset : offset + call.size], ()


def _broadcast(call: Call) -> Result:
    copies = call.size // call.parts[0].shape[-1]
    return call.parts[0].repeat_interleave(call.hold, dim=1).repeat(1, 1, copies), ()


def _interpolate(call: Call) -> Result:
    seen, history = windows(call.parts[0], call.memory[0], 2)
    before, now = seen[:, :, :1], seen[:, :, 1:]
    weights = [fixedpoint.interpolation_weight(i, call.hold) for i in range(call.hold)]
    line = round_s16(before + (now - before) * seen.new_tensor(weights)[:, None] * 2.0**-15)
    return line.flatten(1, 2), (history,)


def _activation(call: Call) -> Result:
    if call.layer.activation == "relu":
        return call.parts[0].clamp(min=0), ()
    return look_up(call.layer.activation, call.parts[0]), ()


COMPUTE: dict[str, Callable[[Call], Result]] = {
    "dense": _dense,
    "conv1d": _conv1d,
    "gated_conv1d": _gated_conv1d,
    "conv_transpose1d": _conv_transpose1d,
    "gru": _gru,
    "lstm": _lstm,
    "add": _add,
    "multiply": _multiply,
    "scale": _scale,
    "concat": _concat,
    "split": _split,
    "broadcast": _broadcast,
    "interpolate": _interpolate,
    "activation": _activation,
}
"""Kind → (codes of its output, its memory afterwards)."""


def initial_memory(layer: Layer, tensors: Mapping[str, TensorSpec], like: Tensor) -> Memory:
    """Zeros, for the batch and on the device of `like`, codes of one of the layer's inputs."""
    batch, source, size = len(like), tensors[layer.inputs[0]].size, tensors[layer.output].size
    if columns := history_columns(layer):
        return (like.new_zeros(batch, columns - 1, source),)
    return tuple(like.new_zeros(batch, size) for _ in range({"gru": 1, "lstm": 2}.get(layer.kind, 0)))
