# SPDX-License-Identifier: MIT
"""A float graph as a JAX function of its arrays and inputs: to be differentiated, batched over arrays, and compiled.

    arrays {'layer.array': Array}, inputs {name: [batch, columns, size]}  ─tensors_of─▶  every tensor, from silence

It computes what lottava.reference does. 64-bit types are enabled around tracing and calling only, as in executor.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from lottava.activations import EXP2_LIMIT, LEAKY_SLOPE
from lottava.fixedpoint import RELU_LIMIT
from lottava.graph import Graph, GraphError, Layer, history_columns, named_arrays

Arrays = Mapping[str, Array]
Loss = Callable[[Arrays], Array]
"""Arrays of a graph → a scalar."""

FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "none": lambda x: x,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "hard_tanh": lambda x: jnp.clip(x, -1.0, 1.0),
    "softsign": jax.nn.soft_sign,
    "elu": lambda x: jnp.minimum(jax.nn.elu(x), RELU_LIMIT),
    "leaky_relu": lambda x: jnp.minimum(jax.nn.leaky_relu(x, LEAKY_SLOPE), RELU_LIMIT),
    "exp2": lambda x: jnp.exp2(jnp.minimum(x, np.log2(EXP2_LIMIT))),
    "relu": lambda x: jnp.clip(x, 0.0, RELU_LIMIT),
}
"""The functions of lottava/activations.py."""


@dataclass(frozen=True, eq=False)
class _Call:
    """A layer over columns from silence; hold: columns of the output to one of the last input."""

    layer: Layer
    size: int
    hold: int
    arrays: Arrays
    parts: tuple[Array, ...]

    def array(self, name: str) -> Array:
        return self.arrays[f"{self.layer.name}.{name}"]

    def rows(self, x: Array, suffix: str = "") -> Array:
        """bias + weight @ x over the last axis of x."""
        weight = self.array(f"weight{suffix}")
        return x @ weight.reshape(len(weight), -1).T + self.array(f"bias{suffix}")

    def seen(self, taps: int, dilation: int = 1, stride: int = 1) -> Array:
        """What each output column sees of the first input: [batch, columns, taps, channels], oldest first."""
        x = self.parts[0]
        padded = jnp.pad(x, ((0, 0), ((taps - 1) * dilation, 0), (0, 0)))
        return jnp.stack([padded[:, t * dilation : t * dilation + x.shape[1] : stride] for t in range(taps)], axis=2)


def _flat(x: Array) -> Array:
    return x.reshape(*x.shape[:2], -1)


def _conv1d(call: _Call) -> Array:
    kernel, dilation, stride, groups = map(call.layer.option, ("kernel", "dilation", "stride", "groups"))
    seen, weight = call.seen(kernel, dilation, stride), call.array("weight")
    grouped = seen.reshape(*seen.shape[:3], groups, -1)
    rows = weight.reshape(groups, len(weight) // groups, *weight.shape[1:])
    return _flat(jnp.einsum("bnkgc,gokc->bngo", grouped, rows)) + call.array("bias")


def _gated_conv1d(call: _Call) -> Array:
    total = call.rows(_flat(call.seen(call.layer.option("kernel"), call.layer.option("dilation"))))
    if len(call.parts) == 2:
        total = total + jnp.repeat(call.parts[1], call.hold, axis=1)
    signal, opening = jnp.split(total, 2, axis=-1)
    return jnp.tanh(signal) * jax.nn.sigmoid(opening)


def _conv_transpose1d(call: _Call) -> Array:
    """Phase p of an output column uses the taps p, p + stride, … of the kernel, newest column first."""
    stride, taps, weight = call.layer.option("stride"), history_columns(call.layer), call.array("weight")
    padded = jnp.pad(weight, ((0, 0), (0, taps * stride - weight.shape[1]), (0, 0)))
    phases = padded.reshape(len(weight), taps, stride, -1)[:, ::-1]
    found = jnp.einsum("bnmi,ompi->bnpo", call.seen(taps), phases) + call.array("bias")
    return found.reshape(found.shape[0], -1, call.size)


def _gru_cell(gates: Array, recurrent: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
    (i_r, i_z, i_n), (h_r, h_z, h_n) = jnp.split(gates, 3, axis=-1), jnp.split(recurrent, 3, axis=-1)
    update = jax.nn.sigmoid(i_z + h_z)
    return ((1 - update) * jnp.tanh(i_n + jax.nn.sigmoid(i_r + h_r) * h_n) + update * state[0],)


def _lstm_cell(gates: Array, recurrent: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
    i, f, g, o = jnp.split(gates + recurrent, 4, axis=-1)
    cell = jax.nn.sigmoid(f) * state[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(cell), cell


def _recurrent(call: _Call) -> Array:
    cell, states = (_gru_cell, 1) if call.layer.kind == "gru" else (_lstm_cell, 2)
    gates = call.rows(call.parts[0], "_ih")

    def advance(state: tuple[Array, ...], column: Array) -> tuple[tuple[Array, ...], Array]:
        state = cell(column, call.rows(state[0], "_hh"), state)
        return state, state[0]

    start = tuple(jnp.zeros((len(gates), call.size), gates.dtype) for _ in range(states))
    return jnp.swapaxes(lax.scan(advance, start, jnp.swapaxes(gates, 0, 1))[1], 0, 1)


def _split(call: _Call) -> Array:
    offset = call.layer.option("offset")
    return call.parts[0][..., offset : offset + call.size]


def _broadcast(call: _Call) -> Array:
    return jnp.tile(jnp.repeat(call.parts[0], call.hold, axis=1), (1, 1, call.size // call.parts[0].shape[-1]))


def _interpolate(call: _Call) -> Array:
    seen = call.seen(2)
    before, now = seen[:, :, :1], seen[:, :, 1:]
    way = jnp.arange(call.hold)[:, None] / call.hold
    line = before + (now - before) * way
    return line.reshape(line.shape[0], -1, call.size)


COMPUTE: dict[str, Callable[[_Call], Array]] = {
    "dense": lambda call: call.rows(call.parts[0]),
    "conv1d": _conv1d,
    "gated_conv1d": _gated_conv1d,
    "conv_transpose1d": _conv_transpose1d,
    "gru": _recurrent,
    "lstm": _recurrent,
    "add": lambda call: jnp.stack(call.parts).sum(axis=0),
    "multiply": lambda call: call.parts[0] * call.parts[1],
    "scale": lambda call: call.parts[0] * call.array("weight") + call.array("bias"),
    "concat": lambda call: jnp.concatenate(call.parts, axis=-1),
    "split": _split,
    "broadcast": _broadcast,
    "interpolate": _interpolate,
    "activation": lambda call: call.parts[0],
}
"""Kind → its output before the activation."""


@contextmanager
def double() -> Iterator[None]:
    """Float64 inside."""
    with jax.enable_x64(True):
        yield


def arrays_of(graph: Graph) -> dict[str, Array]:
    """The graph's arrays; float64 inside `double`. Raises GraphError for an integer graph."""
    if graph.is_integer:
        raise GraphError("only a float graph has arrays that can be differentiated")
    return {name: jnp.asarray(np.asarray(array, np.float64)) for name, array in named_arrays(graph).items()}


def tensors_of(graph: Graph, arrays: Arrays, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Every tensor [batch, columns, size] from silence. Inputs last the same whole number of the largest period."""
    values = dict(inputs)
    for layer in graph.layers:
        last, out = graph.tensors[layer.inputs[-1]], graph.tensors[layer.output]
        parts = tuple(values[name] for name in layer.inputs)
        call = _Call(layer, out.size, max(1, last.period // out.period), arrays, parts)
        values[layer.output] = FUNCTIONS[layer.activation](COMPUTE[layer.kind](call))
    return values


def square_loss(graph: Graph, inputs: Mapping[str, NDArray], goals: Mapping[str, NDArray]) -> Loss:
    """Mean square distance of outputs from goals [batch, columns, size], mean over the goals, as a function of arrays.

    To be made and used inside one `double`, or outside any.
    """
    heard = {name: jnp.asarray(value) for name, value in inputs.items()}
    wanted = {name: jnp.asarray(value) for name, value in goals.items()}

    def loss(arrays: Arrays) -> Array:
        found = tensors_of(graph, arrays, heard)
        return jnp.stack([jnp.mean((found[name] - goal) ** 2) for name, goal in wanted.items()]).mean()

    return loss
