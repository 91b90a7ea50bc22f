# SPDX-License-Identifier: MIT
"""How much of a group can go before the loss rises, one group at a time; and the truth that nano nets allow (M22)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .graph_trim import mask_graph
from .select import Scores, removal_order
from .task import Task

TOLERANCE = 0.02
"""Loss may rise by this share (M9's default)."""

LOOKED_AT = 4
"""Examples, of those that there are: each costs up to nine passes a group."""

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def loss_without(task: Task, removed: dict[str, NDArray[np.int64]]) -> float:
    """Loss with these units silenced."""
    keep = {n: np.setdiff1d(np.arange(task.channels.groups[n].size), gone) for n, gone in removed.items()}
    return task.on(mask_graph(task.graph, task.channels, keep)).value()


def loss_at(task: Task, name: str, scores: NDArray[np.float64], share: float) -> float:
    """Loss with a share of a group's units, its lowest, silenced."""
    group = task.channels.groups[name]
    order = removal_order(group, scores)[: group.size - len(group.held)]
    return loss_without(task, {name: order[: min(int(share * group.size), group.size - 1)]})


def tolerated(task: Task, scores: Scores, rise: float = TOLERANCE) -> dict[str, float]:
    """Largest share of each group whose removal alone raises the loss by at most `rise`; 0 where none does."""
    quick = replace(task.quick, examples=task.examples[:LOOKED_AT])
    limit = quick.value() * (1 + rise)
    fits = {
        name: (share for share in reversed(SHARES) if loss_at(quick, name, scores[name], share) <= limit)
        for name in task.channels.free
    }
    return {name: next(shares, 0.0) for name, shares in fits.items()}


def by_sensitivity(task: Task, scores: Scores, rise: float = TOLERANCE) -> dict[str, NDArray[np.float64]]:
    """Rank in the own group over the share that the group tolerates: units at equal rises of the loss score alike."""
    shares = tolerated(task, scores, rise)
    ranked = {}
    for name, values in scores.items():
        size = len(values)
        ranks = np.empty(size)
        ranks[np.argsort(values, kind="stable")] = (np.arange(size) + 1) / size
        ranked[name] = ranks / max(shares[name], 0.5 / size)
    return ranked


def greedy_oracle(task: Task) -> dict[str, NDArray[np.float64]]:
    """Units by the order in which the least true rise of the loss removes them; the last of a group is never tried.

    Score: the removal's number, those left at the end on top. One forward pass a unit and removal: for nano nets.
    """
    free = task.channels.free
    scores = {name: np.full(group.size, np.inf) for name, group in free.items()}
    gone: dict[str, list[int]] = {name: [] for name in free}
    total = sum(group.size for group in free.values())
    for number in range(total):
        trials = {
            (name, unit): loss_without(
                task, {n: np.sort([*g, unit] if n == name else g) for n, g in gone.items() if g or n == name}
            )
            for name, group in free.items()
            if len(gone[name]) + 1 < group.size
            for unit in range(group.size)
            if unit not in gone[name] and unit not in group.held
        }
        if not trials:
            break
        name, unit = min(trials, key=lambda key: trials[key])
        gone[name].append(unit)
        scores[name][unit] = number
    return {name: np.where(np.isfinite(values), values, total) for name, values in scores.items()}
