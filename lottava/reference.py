# SPDX-License-Identifier: MIT
"""The oracle: a slow interpreter of a Graph, tick by tick, that every fast executor is compared with.

Float graphs run in float64, integer graphs in int64 by the rules of fixedpoint.py. At each tick the layers run in
order; a layer computes a column when its output is due, from what its inputs hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import fixedpoint, fixedpoint_s8
from .graph import Graph, GraphError, history_columns
from .reference_layers import COMPUTE, Call, Memory, accumulate, init_memory, remember

__all__ = ["State", "accumulate", "columns_in", "init_state", "restart", "run", "step", "step_tensors"]

Values = dict[str, NDArray]


@dataclass(frozen=True, eq=False)
class State:
    """Between two ticks: the number of the next one, what each layer keeps, the column that each tensor holds."""

    tick: int
    memory: Mapping[str, Memory]
    held: Mapping[str, NDArray]


def init_state(graph: Graph, batch: tuple[int, ...] = ()) -> State:
    """The state before tick 0, at which every tensor is due: all zeros, nothing held."""
    return State(0, {layer.name: init_memory(graph, layer, batch) for layer in graph.layers}, {})


def columns_in(ticks: int, period: int) -> int:
    """Columns that a tensor of this period has in the first `ticks` ticks."""
    return -(-ticks // period)


def restart(graph: Graph, state: State) -> State:
    """The state in which every tensor is due at the next tick, as at tick 0; lines go on from where they stand.

    What a note does that begins between two frames. A transposed convolution drops what is left of its column.
    """
    memory = dict(state.memory)
    for layer in graph.layers:
        source, out = graph.tensors[layer.inputs[0]].period, graph.tensors[layer.output].period
        if layer.kind == "interpolate" and state.tick % source:
            due = -(-state.tick // out) * out
            if due % source:
                standing, _ = COMPUTE[layer.kind](Call(graph, layer, (), memory[layer.name], due))
                history = memory[layer.name][0]
                memory[layer.name] = (np.concatenate([history[..., :1, :], standing[..., None, :]], axis=-2),)
    return State(0, memory, state.held)


def _checked_inputs(graph: Graph, inputs: Mapping[str, NDArray], names: Iterable[str]) -> Values:
    """Inputs as int64 or float64. Raises GraphError for one missing, mis-shaped, or of no such codes."""
    saturate = fixedpoint_s8.saturate_s8 if graph.number_format == "s8s8" else fixedpoint.saturate_s16
    values = {}
    for name in names:
        if name not in inputs:
            raise GraphError(f"input {name!r} is missing; the graph takes {list(graph.inputs)}")
        value, size = np.asarray(inputs[name]), graph.tensors[name].size
        if value.ndim < 1 or value.shape[-1] != size:
            raise GraphError(f"input {name!r} has shape {value.shape}; its last axis should be {size}")
        if graph.is_integer and value.dtype.kind not in "iu":
            raise GraphError(f"input {name!r} is {value.dtype}; an integer graph takes s16 codes")
        value = value.astype(np.int64 if graph.is_integer else np.float64)
        if graph.is_integer and np.any(value != saturate(value)):
            raise GraphError(
                f"input {name!r} leaves the {'s8' if graph.number_format == 's8s8' else 's16'} range; saturate it first"
            )
        values[name] = value
    return values


def _due(graph: Graph, name: str, tick: int) -> bool:
    return tick % graph.tensors[name].period == 0


def step_tensors(graph: Graph, inputs: Mapping[str, NDArray], state: State) -> tuple[Values, State]:
    """One tick: the input columns [..., size] due at it and the state → (the columns of all tensors due, next state).

    Raises GraphError for an input that is missing, comes between its columns, or is malformed.
    """
    tick = state.tick
    if early := sorted(name for name in inputs if name in graph.inputs and not _due(graph, name, tick)):
        raise GraphError(f"inputs {early} have no column at tick {tick}; pass each at the multiples of its period")
    held = dict(state.held) | _checked_inputs(graph, inputs, (n for n in graph.inputs if _due(graph, n, tick)))
    memory = dict(state.memory)
    for layer in graph.layers:
        parts = tuple(held[name] for name in layer.inputs)
        if history_columns(layer) and _due(graph, layer.inputs[0], tick):
            memory[layer.name] = (remember(memory[layer.name][0], parts[0]),)
        if _due(graph, layer.output, tick):
            call = Call(graph, layer, parts, memory[layer.name], tick)
            held[layer.output], memory[layer.name] = COMPUTE[layer.kind](call)
    due = {name: value for name, value in held.items() if _due(graph, name, tick)}
    return due, State(tick + 1, memory, held)


def step(graph: Graph, inputs: Mapping[str, NDArray], state: State) -> tuple[Values, State]:
    """One tick: inputs [..., size] and state → (outputs due [..., size], next state). Nothing is changed in place."""
    values, state = step_tensors(graph, inputs, state)
    return {name: values[name] for name in graph.outputs if name in values}, state


def _batch_and_ticks(graph: Graph, arrays: Values) -> tuple[tuple[int, ...], int]:
    """Shape before the columns, and ticks that the fastest input lasts. Raises GraphError where another doesn't fit."""
    fastest = min(arrays, key=lambda name: graph.tensors[name].period)
    if arrays[fastest].ndim < 2:
        raise GraphError(f"input {fastest!r} has shape {arrays[fastest].shape}; it should be [..., columns, size]")
    batch, ticks = arrays[fastest].shape[:-2], arrays[fastest].shape[-2] * graph.tensors[fastest].period
    for name, value in arrays.items():
        wanted = (*batch, columns_in(ticks, graph.tensors[name].period))
        if value.shape[:-1] != wanted:
            raise GraphError(
                f"inputs should share their [...] axes and last {ticks} ticks as {fastest!r} does: {name!r} is "
                f"{value.shape[:-1]}, should be {wanted}"
            )
    return batch, ticks


def run(graph: Graph, inputs: Mapping[str, NDArray], names: Iterable[str] | None = None) -> Values:
    """All ticks in order from a zero state: inputs [..., columns, size] → outputs [..., columns, size].

    N ticks, as many as the fastest input lasts; a tensor of period p has ceil(N / p) columns. names: tensors to return
    instead of the graph's outputs. Raises GraphError as step does.
    """
    wanted = tuple(graph.outputs if names is None else names)
    arrays = _checked_inputs(graph, inputs, graph.inputs)
    batch, ticks = _batch_and_ticks(graph, arrays)
    state, columns = init_state(graph, batch), {name: list[NDArray]() for name in wanted}
    for tick in range(ticks):
        due = {n: a[..., tick // graph.tensors[n].period, :] for n, a in arrays.items() if _due(graph, n, tick)}
        values, state = step_tensors(graph, due, state)
        for name in wanted:
            if name in values:
                columns[name].append(np.broadcast_to(values[name], (*batch, graph.tensors[name].size)))
    dtype = np.int64 if graph.is_integer else np.float64
    return {
        name: np.stack(found, axis=-2) if found else np.zeros((*batch, 0, graph.tensors[name].size), dtype=dtype)
        for name, found in columns.items()
    }
