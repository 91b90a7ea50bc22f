# SPDX-License-Identifier: MIT
"""One column of each kind of layer, as the oracle computes it: float64 by the equations, int64 by fixedpoint.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import activations, fixedpoint, fixedpoint_s8
from .activations import sigmoid
from .graph import Graph, Layer, add_shifts, concat_shifts, history_columns, multiply_shift

Memory = tuple[NDArray, ...]
"""What a layer keeps between ticks: (history,) of past columns, (hidden,) of a GRU, (hidden, cell) of an LSTM, ()."""

Result = tuple[NDArray, Memory]


@dataclass(frozen=True, eq=False)
class Call:
    """A layer at a tick at which its output is due. parts: the column that each input holds, [..., size]."""

    graph: Graph
    layer: Layer
    parts: tuple[NDArray, ...]
    memory: Memory
    tick: int

    @property
    def integer(self) -> bool:
        return self.graph.is_integer

    @property
    def phase(self) -> tuple[int, int]:
        """(i, L): the output is the i-th of L columns since the first input's newest one."""
        source, out = self.graph.tensors[self.layer.inputs[0]].period, self.graph.tensors[self.layer.output].period
        return self.tick % source // out, source // out


def init_memory(graph: Graph, layer: Layer, batch: tuple[int, ...]) -> Memory:
    """Zeros: history [*batch, columns, size of the first input], or states [*batch, H]."""
    dtype = np.int64 if graph.is_integer else np.float64
    if columns := history_columns(layer):
        return (np.zeros((*batch, columns, graph.tensors[layer.inputs[0]].size), dtype=dtype),)
    states = {"gru": 1, "lstm": 2}.get(layer.kind, 0)
    return tuple(np.zeros((*batch, graph.tensors[layer.output].size), dtype=dtype) for _ in range(states))


def remember(history: NDArray, column: NDArray) -> NDArray:
    """History [..., columns, size], oldest first, after a new column [..., size] has come and the oldest has gone."""
    kept = np.broadcast_to(history[..., 1:, :], (*column.shape[:-1], history.shape[-2] - 1, history.shape[-1]))
    return np.concatenate([kept, column[..., None, :]], axis=-2)


def accumulate(weight: NDArray, bias: NDArray, x: NDArray, groups: int = 1) -> NDArray[np.int64]:
    """bias + weight @ x for s8 [rows, …] and s16 [..., …]; asserts the 32-bit claim where it is made.

    groups > 1: weight [rows, taps, channels / groups], x [..., taps, channels], rows and channels in as many groups.
    """
    acc = _dot(weight.astype(np.int64), np.asarray(x, dtype=np.int64), groups) + bias.astype(np.int64)
    if fixedpoint.fits_32_bits(weight, bias):
        assert np.all((acc >= fixedpoint.S32_MIN) & (acc <= fixedpoint.S32_MAX)), "accumulator left 32 bits"
    return acc


def _dot(weight: NDArray, x: NDArray, groups: int) -> NDArray:
    """weight @ x over all axes but the rows: x [..., columns] or [..., taps, channels] → [..., rows]."""
    rows, inner = len(weight), weight.ndim - 1
    if groups == 1:
        return x.reshape(*x.shape[: x.ndim - inner], -1) @ weight.reshape(rows, -1).T
    taps, channels = weight.shape[1:]
    by_group = weight.reshape(groups, rows // groups, taps, channels)
    sums = np.einsum("grtc,...tgc->...gr", by_group, x.reshape(*x.shape[:-1], groups, channels))
    return sums.reshape(*sums.shape[:-2], rows)


def _affine(call: Call, suffix: str, x: NDArray, weight: NDArray | None = None, groups: int = 1) -> NDArray:
    """weight @ x + bias of one product, requantised in an integer graph. suffix: '', '_ih' or '_hh'."""
    arrays = call.layer.arrays
    weight, bias = arrays["weight" + suffix] if weight is None else weight, arrays["bias" + suffix]
    if not call.integer:
        return _dot(weight.astype(np.float64), x, groups) + bias.astype(np.float64)
    form = fixedpoint_s8 if call.graph.number_format == "s8s8" else fixedpoint
    return form.requantise(accumulate(weight, bias, x, groups), arrays["multiplier" + suffix], arrays["shift" + suffix])


def _activated(call: Call, y: NDArray) -> NDArray:
    if (name := call.layer.activation) == "none":
        return y
    return activations.apply(name, y) if call.integer else activations.FUNCTIONS[name](y)


def _dense(call: Call) -> Result:
    return _activated(call, _affine(call, "", call.parts[0])), ()


def _conv1d(call: Call) -> Result:
    window = call.memory[0][..., :: call.layer.option("dilation"), :]
    y = _affine(call, "", window, groups=call.layer.option("groups"))
    return _activated(call, y), call.memory


def _gated_conv1d(call: Call) -> Result:
    z = _affine(call, "", call.memory[0][..., :: call.layer.option("dilation"), :])
    condition = call.parts[1] if len(call.parts) == 2 else np.zeros_like(z)
    if call.integer:
        return fixedpoint.gate(z, condition), call.memory
    signal, opening = np.split(z + condition, 2, axis=-1)
    return np.tanh(signal) * sigmoid(opening), call.memory


def _conv_transpose1d(call: Call) -> Result:
    phase, stride = call.phase
    taps = call.layer.arrays["weight"][:, phase::stride, :]
    newest_first = call.memory[0][..., ::-1, :][..., : taps.shape[1], :]
    return _activated(call, _affine(call, "", newest_first, taps)), call.memory


def _gru(call: Call) -> Result:
    (hidden,) = call.memory
    gates_input, gates_hidden = _affine(call, "_ih", call.parts[0]), _affine(call, "_hh", hidden)
    if call.integer:
        hidden = fixedpoint.gru_cell(gates_input, gates_hidden, hidden)
        return hidden, (hidden,)
    i_r, i_z, i_n = np.split(gates_input, 3, axis=-1)
    h_r, h_z, h_n = np.split(gates_hidden, 3, axis=-1)
    update = sigmoid(i_z + h_z)
    candidate = np.tanh(i_n + sigmoid(i_r + h_r) * h_n)
    hidden = (1.0 - update) * candidate + update * hidden
    return hidden, (hidden,)


def _lstm(call: Call) -> Result:
    hidden, cell = call.memory
    gates_input, gates_hidden = _affine(call, "_ih", call.parts[0]), _affine(call, "_hh", hidden)
    if call.integer:
        hidden, cell = fixedpoint.lstm_cell(gates_input, gates_hidden, cell)
        return hidden, (hidden, cell)
    in_gate, forget, candidate, out_gate = np.split(gates_input + gates_hidden, 4, axis=-1)
    cell = sigmoid(forget) * cell + sigmoid(in_gate) * np.tanh(candidate)
    hidden = sigmoid(out_gate) * np.tanh(cell)
    return hidden, (hidden, cell)


def _add(call: Call) -> Result:
    if not call.integer:
        return np.sum(call.parts, axis=0), ()
    return fixedpoint.add(call.parts, *add_shifts(call.graph.tensors, call.layer)), ()


def _multiply(call: Call) -> Result:
    a, b = call.parts
    return fixedpoint.multiply(a, b, multiply_shift(call.graph.tensors, call.layer)) if call.integer else a * b, ()


def _scale(call: Call) -> Result:
    weight, bias = call.layer.arrays["weight"], call.layer.arrays["bias"]
    if not call.integer:
        return weight.astype(np.float64) * call.parts[0] + bias.astype(np.float64), ()
    acc = weight.astype(np.int64) * call.parts[0] + bias.astype(np.int64)
    if fixedpoint.fits_32_bits(weight, bias):
        assert np.all((acc >= fixedpoint.S32_MIN) & (acc <= fixedpoint.S32_MAX)), "accumulator left 32 bits"
    return fixedpoint.requantise(acc, call.layer.arrays["multiplier"], call.layer.arrays["shift"]), ()


def _concat(call: Call) -> Result:
    parts = list(call.parts)
    if call.integer:
        shifts = concat_shifts(call.graph.tensors, call.layer)
        parts = [fixedpoint.rescale_power_of_two(x, k) for x, k in zip(parts, shifts, strict=True)]
    return np.concatenate(parts, axis=-1), ()


def _split(call: Call) -> Result:
    offset, size = call.layer.option("offset"), call.graph.tensors[call.layer.output].size
    return call.parts[0][..., offset : offset + size], ()


def _broadcast(call: Call) -> Result:
    source = call.parts[0]
    copies = call.graph.tensors[call.layer.output].size // source.shape[-1]
    return np.concatenate([source] * copies, axis=-1), ()


def _interpolate(call: Call) -> Result:
    previous, current = call.memory[0][..., 0, :], call.memory[0][..., 1, :]
    i, steps = call.phase
    if call.integer:
        return fixedpoint.interpolate(previous, current, fixedpoint.interpolation_weight(i, steps)), call.memory
    return previous + (current - previous) * (i / steps), call.memory


def _activation(call: Call) -> Result:
    return _activated(call, call.parts[0]), ()


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
"""Kind → (its output's column, its memory afterwards)."""
