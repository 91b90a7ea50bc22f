# SPDX-License-Identifier: MIT
"""An integer graph in JAX: whole held-out sets in one go, bit for bit what lottava.reference computes.

Layers run over all frames at once; only the recurrent half of a GRU is scanned. Integer dot products are float64
matrix products, exact below 2^53 (fan-in 4096 * 127 * 2^15 < 2^35), then int64.

64-bit types are enabled by jax.enable_x64 around tracing and calling, never by the global switch: it is part of jit's
cache key and thread-local, so other JAX code in the process keeps its 32-bit defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from lottava import fixedpoint
from lottava.graph import Graph, GraphError, Layer, concat_shifts

FRAMES_PER_CALL = 256
"""Frames are processed in pieces of this length (about a second), so that a long clip needs neither a compilation of
its own nor memory in proportion: 32 clips * 256 frames * 384 gates * 8 bytes = 25 MB."""

Arrays = dict[str, dict[str, Array]]


def _saturate(value: Array) -> Array:
    return jnp.clip(value, fixedpoint.S16_MIN, fixedpoint.S16_MAX)


def _prepare(layer: Layer) -> dict[str, NDArray]:
    """The layer's arrays in the types that the kernels use: weights transposed float64, the rest int64."""
    prepared: dict[str, NDArray] = {}
    for name, array in layer.arrays.items():
        if name.startswith("weight"):
            prepared[name] = np.ascontiguousarray(array.T, dtype=np.float64)
        elif name.startswith("multiplier"):
            prepared[name] = fixedpoint.reduce_multiplier(array)
        else:
            prepared[name] = array.astype(np.int64)
    return prepared


def _product(arrays: dict[str, Array], suffix: str, x: Array) -> Array:
    """requantise(bias + weight @ x): int64 codes [..., columns] → [..., rows]."""
    assert x.dtype == jnp.int64
    dot = jnp.matmul(x.astype(jnp.float64), arrays["weight" + suffix], precision=lax.Precision.HIGHEST)
    acc = dot.astype(jnp.int64) + arrays["bias" + suffix]
    product = acc * arrays["multiplier" + suffix]
    return _saturate((jnp.right_shift(product, 14 - arrays["shift" + suffix]) + 1) >> 1)


def _lookup(table: NDArray[np.int64], gate: Array) -> Array:
    code = gate - fixedpoint.S16_MIN
    index, fraction = code >> fixedpoint.LUT_STEP_BITS, code & ((1 << fixedpoint.LUT_STEP_BITS) - 1)
    values = jnp.asarray(table)
    low = values[index]
    rounding = 1 << (fixedpoint.LUT_STEP_BITS - 1)
    return low + (((values[index + 1] - low) * fraction + rounding) >> fixedpoint.LUT_STEP_BITS)


def _gru_cell(gates_input: Array, gates_hidden: Array, hidden: Array) -> Array:
    """fixedpoint.gru_cell, term by term."""
    i_r, i_z, i_n = jnp.split(gates_input, 3, axis=-1)
    h_r, h_z, h_n = jnp.split(gates_hidden, 3, axis=-1)
    reset = _lookup(fixedpoint.SIGMOID_TABLE, _saturate(i_r + h_r))
    update = _lookup(fixedpoint.SIGMOID_TABLE, _saturate(i_z + h_z))
    candidate = _lookup(fixedpoint.TANH_TABLE, _saturate(i_n + ((reset * h_n + (1 << 14)) >> 15)))
    mixed = ((1 << 15) - update) * candidate + update * hidden
    return _saturate((mixed + (1 << 14)) >> 15)


def _gru(arrays: dict[str, Array], x: Array, hidden: Array) -> tuple[Array, Array]:
    """[batch, frames, columns] and the state [batch, H] → [batch, frames, H] and the state after the last frame."""

    def step(hidden: Array, gates_input: Array) -> tuple[Array, Array]:
        hidden = _gru_cell(gates_input, _product(arrays, "_hh", hidden), hidden)
        return hidden, hidden

    last, states = lax.scan(step, hidden, jnp.swapaxes(_product(arrays, "_ih", x), 0, 1))
    return jnp.swapaxes(states, 0, 1), last


def _rescale(x: Array, k: int) -> Array:
    return (x + (1 << (k - 1))) >> k if k else x


@dataclass(frozen=True)
class Step:
    """A layer without its arrays: hashable, so that graphs of one structure share what jit compiled."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    output: str
    relu: bool
    shifts: tuple[int, ...]


def _steps(graph: Graph) -> tuple[Step, ...]:
    return tuple(
        Step(
            layer.name,
            layer.kind,
            layer.inputs,
            layer.output,
            layer.activation == "relu",
            concat_shifts(graph.tensors, layer) if layer.kind == "concat" else (),
        )
        for layer in graph.layers
    )


@partial(jax.jit, static_argnums=(0, 1))
def _run(
    steps: tuple[Step, ...],
    outputs: tuple[str, ...],
    arrays: Arrays,
    inputs: dict[str, Array],
    state: dict[str, Array],
) -> tuple[dict[str, Array], dict[str, Array]]:
    """All layers over [batch, frames, size] int16 inputs: int16 outputs and the recurrent state after them."""
    values = {name: value.astype(jnp.int64) for name, value in inputs.items()}
    state = dict(state)
    for layer in steps:
        parts = [values[name] for name in layer.inputs]
        if layer.kind == "concat":
            result = jnp.concatenate([_rescale(x, k) for x, k in zip(parts, layer.shifts, strict=True)], axis=-1)
        elif layer.kind == "gru":
            result, state[layer.name] = _gru(arrays[layer.name], parts[0], state[layer.name])
        else:
            result = _product(arrays[layer.name], "", parts[0])
            result = jnp.maximum(result, 0) if layer.relu else result
        assert result.dtype == jnp.int64
        values[layer.output] = result
    return {name: values[name].astype(jnp.int16) for name in outputs}, state


class Executor:
    """Runs one integer graph; compiled once per structure and batch size. Raises GraphError for a float graph."""

    def __init__(self, graph: Graph) -> None:
        if not graph.is_integer:
            raise GraphError("the JAX executor runs integer graphs; quantise this one first")
        self.graph = graph
        with jax.enable_x64(True):
            self._arrays = jax.tree.map(jnp.asarray, {layer.name: _prepare(layer) for layer in graph.layers})
        self._steps = _steps(graph)

    def run_all(self, inputs: Mapping[str, NDArray]) -> dict[str, NDArray[np.int16]]:
        """Every output [batch, frames, size] int16 from inputs [batch, frames, size] int16, starting at a zero state.

        Raises GraphError for inputs that are missing, not int16, or of different lengths.
        """
        batch, frames = self._check(inputs)
        pieces: dict[str, list[NDArray]] = {
            name: [np.zeros((batch, 0, self.graph.tensors[name].size), dtype=np.int16)] for name in self.graph.outputs
        }
        with jax.enable_x64(True):
            state = {
                layer.name: jnp.zeros((batch, self.graph.tensors[layer.output].size), dtype=jnp.int64)
                for layer in self.graph.layers
                if layer.kind == "gru"
            }
            for start in range(0, frames, FRAMES_PER_CALL):
                used = min(FRAMES_PER_CALL, frames - start)
                padding = ((0, 0), (0, FRAMES_PER_CALL - used), (0, 0))
                piece = {n: np.pad(inputs[n][:, start : start + used], padding) for n in self.graph.inputs}
                outputs, state = _run(self._steps, self.graph.outputs, self._arrays, piece, state)
                for name, value in outputs.items():
                    pieces[name].append(np.asarray(value)[:, :used])
        return {name: np.concatenate(parts, axis=1) for name, parts in pieces.items()}

    def run(self, inputs: Mapping[str, NDArray]) -> NDArray[np.int16]:
        """The first output, the controls [batch, frames, 82] of a decoder. Raises GraphError as run_all does."""
        return self.run_all(inputs)[self.graph.outputs[0]]

    def _check(self, inputs: Mapping[str, NDArray]) -> tuple[int, int]:
        shapes = set()
        for name in self.graph.inputs:
            if name not in inputs:
                raise GraphError(f"input {name!r} is missing; the graph takes {list(self.graph.inputs)}")
            value, size = inputs[name], self.graph.tensors[name].size
            if value.dtype != np.int16 or value.ndim != 3 or value.shape[-1] != size:
                raise GraphError(
                    f"input {name!r} is {value.dtype} {value.shape}; it should be int16 [batch, frames, {size}]"
                )
            shapes.add(value.shape[:2])
        if len(shapes) != 1:
            raise GraphError(f"inputs should share one [batch, frames] shape, not {sorted(shapes)}")
        batch, frames = shapes.pop()
        return batch, frames
