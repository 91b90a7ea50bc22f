# SPDX-License-Identifier: MIT
"""An integer graph in JAX: whole held-out sets in one go, bit for bit what lottava.reference computes.

Layers run over all columns of a piece at once; only the recurrent half of a GRU or LSTM is scanned. Pieces follow each
other in time with what every layer remembers carried over, and are cut where all periods begin together.

64-bit types are enabled by jax.enable_x64 around tracing and calling, never by the global switch: it is part of jit's
cache key and thread-local, so other JAX code in the process keeps its 32-bit defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from lottava.graph import Graph, GraphError

from .kernels import Arrays, Memory, Step, initial_memory, prepare, run_layer, step_of

TICKS_PER_PIECE = 256
"""About a second of a decoder's frames: a long clip needs neither a compilation of its own nor memory in proportion:
32 clips * 256 frames * 384 gates * 8 bytes = 25 MB. Longer where a graph's largest period is not a divisor of it."""

PERIODS_PER_PIECE = 64
"""At least: networks of samples have some thousand ticks a call, or the calls would take longer than the arithmetic."""


@partial(jax.jit, static_argnums=(0, 1))
def _run(
    steps: tuple[Step, ...],
    outputs: tuple[str, ...],
    arrays: dict[str, Arrays],
    inputs: dict[str, Array],
    memory: dict[str, Memory],
) -> tuple[dict[str, Array], dict[str, Memory]]:
    """All layers over [batch, columns, size] int16 inputs: int16 outputs and what the layers remember after them."""
    values = {name: value.astype(jnp.int64) for name, value in inputs.items()}
    after = {}
    for step in steps:
        parts = [values[name] for name in step.inputs]
        values[step.output], after[step.name] = run_layer(step, arrays[step.name], parts, memory[step.name])
    return {name: values[name].astype(jnp.int16) for name in outputs}, after


class Executor:
    """Runs one integer graph; compiled once per structure and batch size. Raises GraphError for a float graph.

    dtype: of the codes, int16, or int8 where the graph's activations are s8.
    """

    def __init__(self, graph: Graph) -> None:
        if not graph.is_integer:
            raise GraphError("the JAX executor runs integer graphs; quantise this one first")
        self.graph = graph
        self.dtype = np.int8 if graph.number_format == "s8s8" else np.int16
        with jax.enable_x64(True):
            self._arrays = jax.tree.map(jnp.asarray, {layer.name: prepare(layer) for layer in graph.layers})
        self._steps = tuple(step_of(graph, layer) for layer in graph.layers)

    def run_all(self, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
        """Every output [batch, columns, size] from inputs [batch, columns, size], codes of dtype, starting at zeros.

        N ticks are ceil(N / p) columns of a tensor of period p, in and out. Raises GraphError for inputs that are
        missing, of another dtype, or of columns that are no one number of ticks.
        """
        batch, ticks = self._check(inputs)
        period = self.graph.largest_period
        piece_ticks = max(PERIODS_PER_PIECE, -(-TICKS_PER_PIECE // period)) * period
        pieces: dict[str, list[NDArray]] = {name: [] for name in self.graph.outputs}
        with jax.enable_x64(True):
            memory = {layer.name: initial_memory(self.graph, layer, batch) for layer in self.graph.layers}
            for start in range(0, ticks, piece_ticks):
                piece = {name: self._piece(name, inputs[name], start, piece_ticks) for name in self.graph.inputs}
                outputs, memory = _run(self._steps, self.graph.outputs, self._arrays, piece, memory)
                for name, value in outputs.items():
                    pieces[name].append(np.asarray(value, dtype=self.dtype))
        return {name: self._joined(name, parts, batch, ticks) for name, parts in pieces.items()}

    def run(self, inputs: Mapping[str, NDArray]) -> NDArray:
        """The first output, the controls [batch, frames, 82] of a decoder. Raises GraphError as run_all does."""
        return self.run_all(inputs)[self.graph.outputs[0]]

    def _piece(self, name: str, value: NDArray, start: int, ticks: int) -> NDArray:
        """The columns of an input that fall into the piece, zeros after its end."""
        period = self.graph.tensors[name].period
        columns = value[:, start // period : (start + ticks) // period]
        return np.pad(columns, ((0, 0), (0, ticks // period - columns.shape[1]), (0, 0)))

    def _joined(self, name: str, parts: list[NDArray], batch: int, ticks: int) -> NDArray:
        tensor = self.graph.tensors[name]
        if not parts:
            return np.zeros((batch, 0, tensor.size), dtype=self.dtype)
        return np.concatenate(parts, axis=1)[:, : -(-ticks // tensor.period)]

    def _check(self, inputs: Mapping[str, NDArray]) -> tuple[int, int]:
        """Batch and ticks of well-formed inputs."""
        shapes = {}
        for name in self.graph.inputs:
            if name not in inputs:
                raise GraphError(f"input {name!r} is missing; the graph takes {list(self.graph.inputs)}")
            value, size = inputs[name], self.graph.tensors[name].size
            if value.dtype != self.dtype or value.ndim != 3 or value.shape[-1] != size:
                raise GraphError(
                    f"input {name!r} is {value.dtype} {value.shape}; it should be {np.dtype(self.dtype)} "
                    f"[batch, columns, {size}]"
                )
            shapes[name] = value.shape[:2]
        fastest = min(self.graph.inputs, key=lambda name: self.graph.tensors[name].period)
        batch, columns = shapes[fastest]
        ticks = columns * self.graph.tensors[fastest].period
        expected = {name: (batch, -(-ticks // self.graph.tensors[name].period)) for name in self.graph.inputs}
        if shapes != expected:
            raise GraphError(f"inputs should share one [batch, columns] shape: {expected}, not {shapes}")
        return batch, ticks
