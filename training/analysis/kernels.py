# SPDX-License-Identifier: MIT
"""The layers of an integer graph as JAX functions over many columns at once, term by term those of lottava.fixedpoint.

Codes are int64 [batch, columns, size]. Integer dot products are float64 matrix products, exact below 2^53 (fan-in
4096 * 127 * 2^15 < 2^35), then int64. What a layer remembers goes in and comes out: past columns, or recurrent state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from lottava import activations, fixedpoint, fixedpoint_s8
from lottava.graph import Graph, Layer, add_shifts, concat_shifts, history_columns, multiply_shift

Memory = tuple[Array, ...]
Arrays = dict[str, Array]


@dataclass(frozen=True)
class Step:
    """A layer without its arrays: hashable, so that graphs of one structure share what jit compiled.

    size: of the output; hold: ticks of the last input's column over those of the output's; left, right: shifts.
    """

    number_format: str
    name: str
    kind: str
    inputs: tuple[str, ...]
    output: str
    activation: str
    options: tuple[tuple[str, int], ...]
    size: int
    hold: int
    left: tuple[int, ...]
    right: int

    def option(self, name: str) -> int:
        """As Layer.option."""
        return dict(self.options).get(name, 1)


def step_of(graph: Graph, layer: Layer) -> Step:
    """Everything of an integer layer that is known before any code is."""
    left: tuple[int, ...] = ()
    right = 0
    if layer.kind == "concat":
        left = concat_shifts(graph.tensors, layer)
    elif layer.kind == "add":
        left, right = add_shifts(graph.tensors, layer)
    elif layer.kind == "multiply":
        right = multiply_shift(graph.tensors, layer)
    output = graph.tensors[layer.output]
    hold = max(1, graph.tensors[layer.inputs[-1]].period // output.period)
    options = tuple(sorted(layer.options.items()))
    identity = (graph.number_format, layer.name, layer.kind, layer.inputs, layer.output, layer.activation)
    return Step(*identity, options, output.size, hold, left, right)


def initial_memory(graph: Graph, layer: Layer, batch: int) -> Memory:
    """What the layer remembers before the start: zeros."""
    if layer.kind in ("gru", "lstm"):
        zeros = jnp.zeros((batch, graph.tensors[layer.output].size), dtype=jnp.int64)
        return (zeros,) if layer.kind == "gru" else (zeros, zeros)
    if columns := history_columns(layer):
        return (jnp.zeros((batch, columns - 1, graph.tensors[layer.inputs[0]].size), dtype=jnp.int64),)
    return ()


def prepare(layer: Layer) -> dict[str, NDArray]:
    """The layer's arrays as its function takes them: weights float64 and ready to multiply, the rest int64."""
    prepared: dict[str, NDArray] = {}
    for name, array in layer.arrays.items():
        if name.startswith("weight"):
            prepared[name] = _ready(layer, array)
        else:
            prepared[name] = array.astype(np.int64)
    return prepared


def _ready(layer: Layer, weight: NDArray) -> NDArray:
    if layer.kind == "scale":
        return weight.astype(np.int64)
    rows, wide = len(weight), weight.astype(np.float64)
    if layer.kind == "conv1d" and (groups := layer.option("groups")) > 1:
        return wide.reshape(groups, rows // groups, *weight.shape[1:])
    if layer.kind == "conv_transpose1d":
        stride, taps = layer.option("stride"), history_columns(layer)
        padded = np.pad(wide, ((0, 0), (0, taps * stride - weight.shape[1]), (0, 0)))
        phases = padded.reshape(rows, taps, stride, -1)[:, ::-1]
        return np.ascontiguousarray(phases.transpose(2, 0, 1, 3)).reshape(stride * rows, -1).T
    return np.ascontiguousarray(wide.reshape(rows, -1).T)


def _saturate(value: Array) -> Array:
    return jnp.clip(value, fixedpoint.S16_MIN, fixedpoint.S16_MAX)


def _requantise(step: Step, arrays: Arrays, suffix: str, acc: Array) -> Array:
    """fixedpoint.requantise, or in s8s8 fixedpoint_s8's."""
    multiplier, shift = arrays["multiplier" + suffix], arrays["shift" + suffix]
    if step.number_format == "s8s8":
        high = (acc * multiplier + (1 << 30)) >> 31
        mask = jnp.left_shift(jnp.int64(1), -shift) - 1
        up = (high & mask) > (mask >> 1) + (high < 0)
        return jnp.clip(jnp.right_shift(high, -shift) + up, fixedpoint_s8.S8_MIN, fixedpoint_s8.S8_MAX)
    reduced = jnp.where(multiplier < 0x7FFF0000, (multiplier + (1 << 15)) >> 16, 0x7FFF)
    return _saturate((jnp.right_shift(acc * reduced, 14 - shift) + 1) >> 1)


def _dot(x: Array, weight: Array) -> Array:
    assert x.dtype == jnp.int64
    return jnp.matmul(x.astype(jnp.float64), weight, precision=lax.Precision.HIGHEST).astype(jnp.int64)


def _product(step: Step, arrays: Arrays, suffix: str, x: Array) -> Array:
    """requantise(bias + weight @ x): [..., columns] → [..., rows]."""
    return _requantise(step, arrays, suffix, _dot(x, arrays["weight" + suffix]) + arrays["bias" + suffix])


def _rectify(step: Step, y: Array) -> Array:
    return jnp.maximum(y, 0) if step.activation == "relu" else y


def _lookup(table: NDArray[np.int64], codes: Array) -> Array:
    code = codes - fixedpoint.S16_MIN
    index, fraction = code >> fixedpoint.LUT_STEP_BITS, code & ((1 << fixedpoint.LUT_STEP_BITS) - 1)
    values = jnp.asarray(table)
    low = values[index]
    rounding = 1 << (fixedpoint.LUT_STEP_BITS - 1)
    return low + (((values[index + 1] - low) * fraction + rounding) >> fixedpoint.LUT_STEP_BITS)


def _sigmoid(codes: Array) -> Array:
    return _lookup(fixedpoint.SIGMOID_TABLE, codes)


def _tanh(codes: Array) -> Array:
    return _lookup(fixedpoint.TANH_TABLE, codes)


def _multiply_q15(a: Array, b: Array) -> Array:
    return (a * b + (1 << 14)) >> 15


def _windows(x: Array, history: Array, taps: int, dilation: int = 1, stride: int = 1) -> tuple[Array, Memory]:
    """Columns that each output column sees, oldest first: [batch, columns, taps, size]; and the new history."""
    both, span = jnp.concatenate((history, x), axis=1), x.shape[1]
    parts = [both[:, tap * dilation : tap * dilation + span : stride] for tap in range(taps)]
    return jnp.stack(parts, axis=2), (both[:, span:],)


def _flat(seen: Array) -> Array:
    return seen.reshape(*seen.shape[:2], -1)


def _dense(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    return _rectify(step, _product(step, arrays, "", parts[0])), memory


def _conv1d(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    sizes = step.option("kernel"), step.option("dilation"), step.option("stride")
    seen, memory = _windows(parts[0], memory[0], *sizes)
    if (groups := step.option("groups")) == 1:
        return _rectify(step, _product(step, arrays, "", _flat(seen))), memory
    grouped = seen.astype(jnp.float64).reshape(*seen.shape[:3], groups, -1)
    dot = jnp.einsum("bnkgc,gokc->bngo", grouped, arrays["weight"], precision=lax.Precision.HIGHEST)
    return _rectify(step, _requantise(step, arrays, "", _flat(dot).astype(jnp.int64) + arrays["bias"])), memory


def _gated_conv1d(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    seen, memory = _windows(parts[0], memory[0], step.option("kernel"), step.option("dilation"))
    total = _product(step, arrays, "", _flat(seen))
    if len(parts) == 2:
        total = _saturate(total + jnp.repeat(parts[1], step.hold, axis=1))
    signal, opening = jnp.split(total, 2, axis=-1)
    return _multiply_q15(_tanh(signal), _sigmoid(opening)), memory


def _conv_transpose1d(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    seen, memory = _windows(parts[0], memory[0], memory[0].shape[1] + 1)
    batch, columns = seen.shape[:2]
    dot = _dot(_flat(seen), arrays["weight"]).reshape(batch, columns * step.option("stride"), step.size)
    return _rectify(step, _requantise(step, arrays, "", dot + arrays["bias"])), memory


def _gru_cell(gates_input: Array, gates_hidden: Array, hidden: Array) -> Array:
    i_r, i_z, i_n = jnp.split(gates_input, 3, axis=-1)
    h_r, h_z, h_n = jnp.split(gates_hidden, 3, axis=-1)
    reset, update = _sigmoid(_saturate(i_r + h_r)), _sigmoid(_saturate(i_z + h_z))
    candidate = _tanh(_saturate(i_n + _multiply_q15(reset, h_n)))
    mixed = ((1 << 15) - update) * candidate + update * hidden
    return _saturate((mixed + (1 << 14)) >> 15)


def _lstm_cell(gates: Array, cell: Array) -> tuple[Array, Array]:
    in_gate, forget, candidate, out_gate = jnp.split(_saturate(gates), 4, axis=-1)
    written = _sigmoid(in_gate) * _tanh(candidate)
    cell = _saturate((_sigmoid(forget) * cell + ((written + 4) >> 3) + (1 << 14)) >> 15)
    return _multiply_q15(_sigmoid(out_gate), _tanh(cell)), cell


def _recurrent(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    """gru and lstm: the input's half over all columns at once, the state's half scanned."""

    def advance(state: Memory, gates_input: Array) -> tuple[Memory, Array]:
        gates_hidden = _product(step, arrays, "_hh", state[0])
        if step.kind == "gru":
            state = (_gru_cell(gates_input, gates_hidden, state[0]),)
        else:
            state = _lstm_cell(gates_input + gates_hidden, state[1])
        return state, state[0]

    memory, states = lax.scan(advance, memory, jnp.swapaxes(_product(step, arrays, "_ih", parts[0]), 0, 1))
    return jnp.swapaxes(states, 0, 1), memory


def _add(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    shifted = [part << shift for part, shift in zip(parts, step.left, strict=True)]
    return _saturate((jnp.stack(shifted).sum(axis=0) + (1 << step.right >> 1)) >> step.right), memory


def _multiply(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    return _saturate((parts[0] * parts[1] + (1 << (step.right - 1))) >> step.right), memory


def _scale(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    return _requantise(step, arrays, "", parts[0] * arrays["weight"] + arrays["bias"]), memory


def _concat(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    moved = [(part + (1 << k >> 1)) >> k for part, k in zip(parts, step.left, strict=True)]
    return jnp.concatenate(moved, axis=-1), memory


def _split(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    offset = step.option("offset")
    return parts[0][..., offset : offset + step.size], memory


def _broadcast(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    held = jnp.repeat(parts[0], step.hold, axis=1)
    return jnp.tile(held, (1, 1, step.size // held.shape[-1])), memory


def _interpolate(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    seen, memory = _windows(parts[0], memory[0], 2)
    before, now = seen[:, :, :1], seen[:, :, 1:]
    weights = np.array([fixedpoint.interpolation_weight(i, step.hold) for i in range(step.hold)], dtype=np.int64)
    line = before + (((now - before) * weights[:, None] + (1 << 14)) >> 15)
    return line.reshape(line.shape[0], -1, step.size), memory


def _activation(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    if step.activation == "relu":
        return jnp.maximum(parts[0], 0), memory
    return _lookup(activations.TABLES[step.activation], parts[0]), memory


Kernel = Callable[[Step, Arrays, list[Array], Memory], tuple[Array, Memory]]
KERNELS: dict[str, Kernel] = {
    "dense": _dense,
    "conv1d": _conv1d,
    "gated_conv1d": _gated_conv1d,
    "conv_transpose1d": _conv_transpose1d,
    "gru": _recurrent,
    "lstm": _recurrent,
    "add": _add,
    "multiply": _multiply,
    "scale": _scale,
    "concat": _concat,
    "split": _split,
    "broadcast": _broadcast,
    "interpolate": _interpolate,
    "activation": _activation,
}
"""Every kind of layer: (step, arrays, inputs, memory) → (output, new memory)."""


def run_layer(step: Step, arrays: Arrays, parts: list[Array], memory: Memory) -> tuple[Array, Memory]:
    """One layer over whole columns, int64 in and out."""
    result, memory = KERNELS[step.kind](step, arrays, parts, memory)
    assert result.dtype == jnp.int64 and all(part.dtype == jnp.int64 for part in jax.tree.leaves(memory))
    return result, memory
