# SPDX-License-Identifier: MIT
"""The oracle: a slow interpreter of a Graph, frame by frame, that every fast executor is compared with.

Float graphs run in float64, integer graphs in int64 by the rules of fixedpoint.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from . import fixedpoint
from .graph import Graph, GraphError, Layer, concat_shifts

Values = dict[str, NDArray]


def init_state(graph: Graph, batch: tuple[int, ...] = ()) -> Values:
    """Zeros [*batch, H] under the name of each recurrent layer."""
    dtype = np.int64 if graph.is_integer else np.float64
    return {
        layer.name: np.zeros((*batch, graph.tensors[layer.output].size), dtype=dtype)
        for layer in graph.layers
        if layer.kind == "gru"
    }


def accumulate(weight: NDArray, bias: NDArray, x: NDArray) -> NDArray[np.int64]:
    """bias + weight @ x for s8 [rows, columns] and s16 [..., columns]; asserts the 32-bit claim where it is made."""
    acc = np.asarray(x, dtype=np.int64) @ weight.astype(np.int64).T + bias.astype(np.int64)
    if fixedpoint.fits_32_bits(weight, bias):
        assert np.all((acc >= fixedpoint.S32_MIN) & (acc <= fixedpoint.S32_MAX)), "accumulator left 32 bits"
    return acc


def _affine(layer: Layer, suffix: str, x: NDArray, integer: bool) -> NDArray:
    """weight @ x + bias of one product, requantised in an integer graph. suffix: '', '_ih' or '_hh'."""
    weight, bias = layer.arrays["weight" + suffix], layer.arrays["bias" + suffix]
    if not integer:
        return x @ weight.astype(np.float64).T + bias.astype(np.float64)
    acc = accumulate(weight, bias, x)
    return fixedpoint.requantise(acc, layer.arrays["multiplier" + suffix], layer.arrays["shift" + suffix])


def _sigmoid(x: NDArray) -> NDArray:
    return np.exp(-np.logaddexp(0.0, -x))


def _gru_float(gates_input: NDArray, gates_hidden: NDArray, hidden: NDArray) -> NDArray:
    i_r, i_z, i_n = np.split(gates_input, 3, axis=-1)
    h_r, h_z, h_n = np.split(gates_hidden, 3, axis=-1)
    update = _sigmoid(i_z + h_z)
    candidate = np.tanh(i_n + _sigmoid(i_r + h_r) * h_n)
    return (1.0 - update) * candidate + update * hidden


def _dense(layer: Layer, x: NDArray, integer: bool) -> NDArray:
    y = _affine(layer, "", x, integer)
    if layer.activation == "relu":
        return np.maximum(y, 0) if integer else np.clip(y, 0.0, fixedpoint.RELU_LIMIT)
    return y


def _gru(layer: Layer, x: NDArray, hidden: NDArray, integer: bool) -> NDArray:
    cell = fixedpoint.gru_cell if integer else _gru_float
    return cell(_affine(layer, "_ih", x, integer), _affine(layer, "_hh", hidden, integer), hidden)


def _concat(graph: Graph, layer: Layer, parts: list[NDArray]) -> NDArray:
    if graph.is_integer:
        shifts = concat_shifts(graph.tensors, layer)
        parts = [fixedpoint.rescale_power_of_two(x, k) for x, k in zip(parts, shifts, strict=True)]
    return np.concatenate(parts, axis=-1)


def _checked_inputs(graph: Graph, inputs: Mapping[str, NDArray]) -> Values:
    """Inputs as int64 or float64. Raises GraphError for one missing, mis-shaped, or not s16 where it should be."""
    values = {}
    for name in graph.inputs:
        if name not in inputs:
            raise GraphError(f"input {name!r} is missing; the graph takes {list(graph.inputs)}")
        value, size = np.asarray(inputs[name]), graph.tensors[name].size
        if value.ndim < 1 or value.shape[-1] != size:
            raise GraphError(f"input {name!r} has shape {value.shape}; its last axis should be {size}")
        if graph.is_integer and value.dtype.kind not in "iu":
            raise GraphError(f"input {name!r} is {value.dtype}; an integer graph takes s16 codes")
        value = value.astype(np.int64 if graph.is_integer else np.float64)
        if graph.is_integer and np.any(value != fixedpoint.saturate_s16(value)):
            raise GraphError(f"input {name!r} leaves the s16 range; saturate it first")
        values[name] = value
    return values


def step_tensors(graph: Graph, inputs: Mapping[str, NDArray], state: Values) -> tuple[Values, Values]:
    """One frame, every tensor kept: inputs [..., size] and state → ({tensor: [..., size]}, next state)."""
    values, next_state = _checked_inputs(graph, inputs), dict(state)
    for layer in graph.layers:
        parts = [values[name] for name in layer.inputs]
        if layer.kind == "dense":
            values[layer.output] = _dense(layer, parts[0], graph.is_integer)
        elif layer.kind == "gru":
            hidden = _gru(layer, parts[0], state[layer.name], graph.is_integer)
            values[layer.output] = next_state[layer.name] = hidden
        else:
            values[layer.output] = _concat(graph, layer, parts)
    return values, next_state


def step(graph: Graph, inputs: Mapping[str, NDArray], state: Values) -> tuple[Values, Values]:
    """One frame: inputs [..., size] and state → (outputs [..., size], next state). Nothing is changed in place."""
    values, state = step_tensors(graph, inputs, state)
    return {name: values[name] for name in graph.outputs}, state


def run(graph: Graph, inputs: Mapping[str, NDArray], names: Iterable[str] | None = None) -> Values:
    """Frames in order from a zero state: inputs [..., frames, size] → outputs [..., frames, size].

    names: tensors to return instead of the graph's outputs. Raises GraphError as step does.
    """
    wanted = tuple(graph.outputs if names is None else names)
    arrays = _checked_inputs(graph, inputs)
    lengths = {value.shape[:-1] for value in arrays.values()}
    if len(lengths) != 1 or not (shape := lengths.pop()):
        raise GraphError(f"inputs should share one [..., frames] shape, not {sorted(lengths)}")
    state, frames = init_state(graph, shape[:-1]), []
    for n in range(shape[-1]):
        values, state = step_tensors(graph, {name: a[..., n, :] for name, a in arrays.items()}, state)
        frames.append([values[name] for name in wanted])
    dtype = np.int64 if graph.is_integer else np.float64
    empty = [np.zeros((*shape, graph.tensors[name].size), dtype=dtype) for name in wanted]
    stacked = [np.stack(column, axis=-2) for column in zip(*frames, strict=True)] or empty
    return dict(zip(wanted, stacked, strict=True))
