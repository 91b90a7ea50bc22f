# SPDX-License-Identifier: MIT
"""Linear mode connectivity (Frankle et al., arXiv 1912.05671): the loss along a straight line between two networks.

    E(α) = L(α θ_a + (1 − α) θ_b)        b     = max E − (E(0) + E(1)) / 2
                                         b_lin = max [E − α E(1) − (1 − α) E(0)], which ignores unequal ends

Where there is no barrier, both trainings ended in one basin: the step at which they parted is late enough to rewind to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import torch
from numpy.typing import NDArray

from ..reduction.task import Task
from . import floats

Weights = Mapping[str, NDArray[np.float64]]
Energy = Callable[[Weights], NDArray[np.float64]]
"""Stacked weights, each [points, *shape] → losses [points]."""

POINTS = 11
STABLE_SHARE = 0.02
"""Two trainings count as connected where the barrier is less than this share of the mean loss (our rule)."""


@dataclass(frozen=True)
class Path:
    """Losses along the line: alphas and losses [points], from θ_b at 0 to θ_a at 1."""

    alphas: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def barrier(self) -> float:
        """Highest loss over the mean of the ends; 0 or more, up to the ends' difference."""
        return max(self.losses) - 0.5 * (self.losses[0] + self.losses[-1])

    @property
    def barrier_linear(self) -> float:
        """Highest rise over the straight line between the ends' losses; 0 at least, as both ends are on it."""
        alphas, losses = np.array(self.alphas), np.array(self.losses)
        return float(np.max(losses - alphas * losses[-1] - (1 - alphas) * losses[0]))

    @property
    def connected(self) -> bool:
        """Barrier below 2 % of the mean loss."""
        return self.barrier <= STABLE_SHARE * float(np.mean(self.losses))


def path(energy: Energy, a: Weights, b: Weights, points: int = POINTS) -> Path:
    """Losses at evenly spaced α between two networks of one structure. Raises ValueError where widths differ."""
    if {n: v.shape for n, v in a.items()} != {n: v.shape for n, v in b.items()}:
        raise ValueError("a line joins two networks of the same widths; these differ: compare two runs of one ticket")
    alphas = np.linspace(0, 1, points)
    line = {name: np.tensordot(alphas, a[name], axes=0) + np.tensordot(1 - alphas, b[name], axes=0) for name in a}
    return Path(tuple(alphas.tolist()), tuple(np.asarray(energy(line), dtype=np.float64).tolist()))


def batched(loss: floats.Loss) -> Energy:
    """All points at once, compiled, of a loss in JAX; float64."""
    run = jax.jit(jax.vmap(loss))

    def energy(line: Weights) -> NDArray[np.float64]:
        with floats.double():
            return np.asarray(run({name: jnp.asarray(value) for name, value in line.items()}))

    return energy


def one_by_one(task: Task) -> Energy:
    """Mean loss of a task's examples, of sound made by the family's own synthesis, which torch holds."""

    def energy(line: Weights) -> NDArray[np.float64]:
        points = len(next(iter(line.values())))
        with torch.no_grad():
            return np.array(
                [float(task.loss({name: torch.from_numpy(v[i]) for name, v in line.items()})) for i in range(points)]
            )

    return energy


def weights_of(task: Task) -> dict[str, NDArray[np.float64]]:
    """The arrays of a task's graph, to go from or to."""
    return {name: value.detach().numpy() for name, value in task.arrays.items()}
