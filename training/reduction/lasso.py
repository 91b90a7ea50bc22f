# SPDX-License-Identifier: MIT
"""He's channel selection (M11, 1707.06168): which units a consumer's output needs least, and the weights refitted.

A consumer is one product of weights with what it reads: rows [out, taps, channels] over windows [samples, taps,
channels]. A recurrent layer is two of them, its input's and its own state's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lottava.graph import Graph, Layer, history_columns

from ..fakequant import windows
from .forward import Values, forward
from .graph_trim import trim_graph, with_arrays
from .task import Task
from .trim import Keep, lost_positions

Array = NDArray[np.float64]

MAX_SAMPLES = 4_096
RIDGE = 1e-6
"""Of the mean square of what is read: holds the refitted weights to the old ones where the data doesn't tell."""

LEAST_STRENGTH, STEP = 1e-4, 2**0.25
"""λ over the one that uses no unit, from 1 down: four steps to the paper's one, so that fewer units tie."""


@dataclass(frozen=True, eq=False)
class Consumer:
    """One product. array: of the weights [rows, taps, channels]; tensor: what it reads [samples, taps, channels]."""

    array: str
    tensor: str
    seen: Array
    weight: Array

    @property
    def output(self) -> Array:
        """[samples, rows], without bias."""
        return self.seen.reshape(len(self.seen), -1) @ self.weight.reshape(len(self.weight), -1).T


def _windows(layer: Layer, x: Tensor) -> Tensor:
    if columns := history_columns(layer):
        taps, stride = columns, 1
        dilation = 1
        if layer.kind != "conv_transpose1d":
            taps, dilation = layer.option("kernel"), layer.option("dilation")
        if layer.kind == "conv1d":
            stride = layer.option("stride")
        return windows(x, x.new_zeros(len(x), (taps - 1) * dilation, x.shape[2]), taps, dilation, stride)[0]
    return x[:, :, None]


def _phases(layer: Layer, weight: Tensor) -> Tensor:
    """[out, kernel, in] of a transposed convolution as [stride * out, taps, in], the oldest tap first."""
    return weight.unflatten(1, (-1, layer.option("stride"))).flip(1).permute(2, 0, 1, 3).flatten(0, 1)


def _unphased(layer: Layer, rows: Array, shape: tuple[int, ...]) -> Array:
    """Inverse of _phases, to a weight of this shape."""
    stride = layer.option("stride")
    by_phase = rows.reshape(stride, shape[0], shape[1] // stride, shape[2])
    return by_phase.transpose(1, 2, 0, 3)[:, ::-1].reshape(shape)


def _products(arrays: Values, layer: Layer, tensors: Values) -> Iterator[tuple[str, str, Tensor, Tensor]]:
    """(array, tensor read, windows [batch, columns, taps, channels], weight [rows, taps, channels]) of a layer.

    Nothing for those that read channels one by one or in groups, and for transposed convolutions whose kernel is no
    multiple of their stride: their phases see different windows. The others' rows are those of every phase in turn.
    """
    source = layer.inputs[0]
    if layer.kind in ("gru", "lstm"):
        before = torch.cat((torch.zeros_like(tensors[layer.output][:, :1]), tensors[layer.output][:, :-1]), dim=1)
        yield f"{layer.name}.weight_ih", source, tensors[source][:, :, None], arrays[f"{layer.name}.weight_ih"][:, None]
        yield f"{layer.name}.weight_hh", layer.output, before[:, :, None], arrays[f"{layer.name}.weight_hh"][:, None]
    elif layer.kind == "conv_transpose1d":
        if layer.option("kernel") % layer.option("stride") == 0:
            rows = _phases(layer, arrays[f"{layer.name}.weight"])
            yield f"{layer.name}.weight", source, _windows(layer, tensors[source]), rows
    elif layer.kind in ("dense", "gated_conv1d") or (layer.kind == "conv1d" and layer.option("groups") == 1):
        weight = arrays[f"{layer.name}.weight"]
        yield (
            f"{layer.name}.weight",
            source,
            _windows(layer, tensors[source]),
            weight[:, None] if weight.ndim == 2 else weight,
        )


def consumers(task: Task, layers: tuple[Layer, ...] | None = None) -> list[Consumer]:
    """All consumers of a task's graph, in execution order, on its examples: at most 4 096 samples, evenly taken."""
    found: dict[str, list[tuple[str, Array, Array]]] = {}
    for example in task.examples:
        with torch.no_grad():
            tensors = forward(task.graph, task.arrays, example.inputs)
        for layer in layers or task.graph.layers:
            for array, tensor, parts, rows in _products(task.arrays, layer, tensors):
                found.setdefault(array, []).append((tensor, parts.flatten(0, 1).numpy(), rows.numpy()))
    result = []
    for array, pieces in found.items():
        seen = np.concatenate([piece[1] for piece in pieces])
        result.append(Consumer(array, pieces[0][0], seen[:: -(-len(seen) // MAX_SAMPLES)], pieces[0][2]))
    return result


def gram(task: Task, name: str, read: list[Consumer]) -> Array:
    """⟨contribution of unit i, of unit j⟩ of a group over all its consumers, each with its output's energy as unit.

    A contribution is what a unit adds to the output, so the sum of all of a tensor's is the output.
    """
    group = task.channels.groups[name]
    total = np.zeros((group.size, group.size))
    for each in read:
        places = group.places.get((each.tensor, 0), [])
        taps, channels = each.seen.shape[1:]
        owned = np.zeros((group.size, taps, channels))
        for unit, own in enumerate(places):
            owned[unit][:, list(own)] = 1.0
        flat, weight = each.seen.reshape(len(each.seen), -1), each.weight.reshape(len(each.weight), -1)
        products = (flat.T @ flat) * (weight.T @ weight)
        if places:
            by_unit = owned.reshape(group.size, -1)
            total += by_unit @ products @ by_unit.T / max(float(np.square(each.output).sum()), 1e-30)
    return total


def copies(matrix: Array) -> NDArray[np.bool_]:
    """Units that add nothing, or but a multiple of what an earlier one adds."""
    energy = np.diag(matrix)
    parallel = np.square(matrix) >= (1 - 1e-9) * np.outer(energy, energy)
    return (energy <= 1e-15) | np.any(np.tril(parallel, -1) & (energy > 1e-15), axis=1)


def lasso(
    matrix: Array, strength: float, start: Array, usable: NDArray[np.bool_] | None = None, sweeps: int = 100
) -> Array:
    """β of ½ βᵀGβ − bᵀβ + λ|β|₁ with b = G·1, whose answer without penalty is β = 1; by coordinate descent."""
    beta, wanted = start.copy(), matrix.sum(axis=1)
    units = np.flatnonzero(np.diag(matrix) > 1e-15 if usable is None else usable)
    for _ in range(sweeps):
        before = beta.copy()
        for unit in units:
            rest = wanted[unit] - matrix[unit] @ beta + matrix[unit, unit] * beta[unit]
            beta[unit] = np.sign(rest) * max(abs(rest) - strength, 0.0) / matrix[unit, unit]
        if np.max(np.abs(beta - before)) < 1e-9:
            break
    return beta


def path(matrix: Array) -> Array:
    """The λ below which each unit is used, relative to that which uses none; 0 for those not used even at λ = 1e-4.

    Of units that add the same only the first is ever used.
    """
    limit = float(np.max(np.abs(matrix.sum(axis=1)), initial=0.0))
    usable = ~copies(matrix)
    used, beta, strength = np.zeros(len(matrix)), np.zeros(len(matrix)), 1.0
    while strength > LEAST_STRENGTH and limit > 0:
        beta = lasso(matrix, strength * limit, beta, usable)
        size = np.abs(beta) / max(float(np.abs(beta).max()), 1e-30)
        used = np.where((beta != 0) & (used == 0), strength * (1 + 0.1 * size), used)
        strength /= STEP
    return used


def he_lasso(task: Task) -> dict[str, Array]:
    """The penalty at which the LASSO over all consumers of its group gives a unit up. Needs no gradients."""
    read = consumers(task)
    return {name: path(gram(task, name, read)) for name in task.channels.free}


def least_squares(seen: Array, wanted: Array, weight: Array) -> Array:
    """Weights [rows, columns] of least ‖wanted − seen wᵀ‖², tied to `weight` by the ridge."""
    matrix = seen.T @ seen
    ridge = RIDGE * max(float(np.trace(matrix)) / max(1, len(matrix)), 1e-12)
    change = np.linalg.solve(matrix + ridge * np.eye(len(matrix)), seen.T @ (wanted - seen @ weight.T))
    return weight + change.T


def refit(task: Task, keep: Keep) -> Graph:
    """The trimmed graph whose consumers, front to back, are fitted to what they gave before; it repairs any trim.

    Each sees what the part before it, already refitted, makes of the examples.
    """
    lost, small = lost_positions(task.channels, keep), trim_graph(task.graph, task.channels, keep)
    wanted = {each.array: each.output for each in consumers(task)}
    for layer in small.layers:
        now = task.on(small)
        changed: dict[str, Array] = {}
        for each in consumers(now, (layer,)):
            goal, gone = wanted[each.array], lost.get((each.array, 0), [])
            shape = _shape(small, each.array)
            phases = layer.option("stride") if layer.kind == "conv_transpose1d" else 1
            goal = np.delete(goal.reshape(len(goal), phases, -1), gone, axis=2).reshape(len(goal), -1)
            flat, weight = each.seen.reshape(len(each.seen), -1), each.weight.reshape(len(each.weight), -1)
            fitted = least_squares(flat, goal, weight)
            changed[each.array] = _unphased(layer, fitted, shape) if phases > 1 else fitted.reshape(shape)
        small = with_arrays(small, changed)
    return small


def _shape(graph: Graph, array: str) -> tuple[int, ...]:
    layer, name = array.split(".")
    arrays: Mapping[str, NDArray] = next(each.arrays for each in graph.layers if each.name == layer)
    return arrays[name].shape
