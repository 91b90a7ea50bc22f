# SPDX-License-Identifier: MIT
"""From scores to units that stay: widths in fours, at most the target's cost, as near to it as such widths come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lottava.cycles import evaluate, layer_amounts
from lottava.graph import Graph

from .graph_trim import resized_layer
from .groups import Channels, Group
from .trim import Keep

WIDTH_MULTIPLE = 4
"""The kernels take four rows at a time: other widths cost as much as the next multiple."""

MIN_WIDTH = 4

HYBRID_SHARE = 0.8
"""Of all units: up to here a global ranking did better in DAFx 2020 (arXiv 2007.16170), beyond it a local one."""

Scores = Mapping[str, NDArray[np.float64]]
"""Free group → one score a unit; higher = keep."""

Cost = Callable[[Mapping[str, int]], float]
"""Widths of the free groups → cycles, parameters, or whatever the target counts."""

Scope = Literal["global", "local", "hybrid", "cost"]
"""How groups compete: by score; by rank in the own group; the one, then the other; by score over saved cost."""


class BudgetError(ValueError):
    """A target that no allowed widths meet."""


@dataclass(frozen=True)
class Selection:
    """What stays, what it costs, and how far below the target that is."""

    keep: Keep
    cost: float
    target: float

    @property
    def distance(self) -> float:
        """Cost left unused: no group could grow by one step within it."""
        return self.target - self.cost


def cycle_cost(graph: Graph, channels: Channels, *, block: int = 1) -> Cost:
    """Modelled cycles of a tick (`graph_cycles`) by widths. block: ticks of a call."""
    known: dict[tuple[int, ...], float] = {}

    def cost(widths: Mapping[str, int]) -> float:
        sizes = channels.tensor_sizes(widths)
        tensors = {name: replace(tensor, size=sizes[name]) for name, tensor in graph.tensors.items()}
        total = 0.0
        for number, layer in enumerate(graph.layers):
            key = (number, sizes[layer.output], *(sizes[name] for name in layer.inputs))
            if key not in known:
                known[key] = evaluate(layer_amounts(resized_layer(layer, channels.sizes, sizes, {}), tensors, block))
            total += known[key]
        return total + evaluate({"run.call": 1 / block, "run.layers": len(graph.layers) / block})

    return cost


def steps_of(group: Group) -> list[int]:
    """Widths that a group may have, widest first: all of it, then multiples of 4, at least 4 and what it must hold."""
    least = min(group.size, max(MIN_WIDTH, -(-len(group.held) // WIDTH_MULTIPLE) * WIDTH_MULTIPLE))
    fours = range((group.size - 1) // WIDTH_MULTIPLE * WIDTH_MULTIPLE, 0, -WIDTH_MULTIPLE)
    return [group.size, *(width for width in fours if width >= least)]


def removal_order(group: Group, scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Units, first to go first: by score, ties by index; those that must stay last; a suffix from its end."""
    if group.suffix:
        return np.arange(group.size)[::-1]
    held = np.isin(np.arange(group.size), sorted(group.held))
    return np.lexsort((np.arange(group.size), scores, held))


def check_scores(scores: Scores, channels: Channels) -> None:
    """Raise ValueError unless there is one finite number for each unit of each free group."""
    sizes = {name: (group.size,) for name, group in channels.free.items()}
    if {name: np.shape(values) for name, values in scores.items()} != sizes:
        raise ValueError("scores must hold one number for each unit of each free group")
    if not all(np.all(np.isfinite(values)) for values in scores.values()):
        raise ValueError("scores hold NaN or infinity")


class _Race:
    """The groups on their way down, one step of a group at a time."""

    def __init__(self, scores: Scores, channels: Channels, cost: Cost) -> None:
        self.groups, self.cost = channels.free, cost
        self.steps = {name: steps_of(group) for name, group in self.groups.items()}
        self.order = {name: removal_order(group, scores[name]) for name, group in self.groups.items()}
        self.sorted = {name: np.asarray(scores[name])[self.order[name]] for name in self.groups}
        self.at = dict.fromkeys(self.groups, 0)
        self.units = sum(group.size for group in self.groups.values())

    def widths(self, changed: str | None = None, by: int = 0) -> dict[str, int]:
        return {name: steps[self.at[name] + (by if name == changed else 0)] for name, steps in self.steps.items()}

    def worth(self, name: str, step: int) -> NDArray[np.float64]:
        """Scores of the units that a group loses between two of its steps."""
        size, (before, after) = self.groups[name].size, self.steps[name][step : step + 2]
        return self.sorted[name][size - before : size - after]

    def priority(self, name: str, scope: Scope) -> float:
        """Least goes first."""
        size, now = self.groups[name].size, self.steps[name][self.at[name]]
        if scope == "cost":
            saved = self.cost(self.widths()) - self.cost(self.widths(name, 1))
            return float(self.worth(name, self.at[name]).sum()) / max(saved, 1e-9)
        gone = (self.units - sum(self.widths().values())) / max(1, self.units)
        if scope == "local" or (scope == "hybrid" and gone >= HYBRID_SHARE):
            return -now / size
        return float(self.worth(name, self.at[name]).mean())

    def descend(self, target: float, scope: Scope) -> None:
        while (now := self.cost(self.widths())) > target:
            open_groups = [name for name in self.groups if self.at[name] + 1 < len(self.steps[name])]
            if not open_groups:
                raise BudgetError(f"a cost of {target:g} is too little: the least widths take {now:g}")
            self.at[min(open_groups, key=lambda name: self.priority(name, scope))] += 1

    def fill(self, target: float) -> None:
        """Give back steps, the best-scored first, while one fits."""
        while True:
            back = [name for name in self.groups if self.at[name] and self.cost(self.widths(name, -1)) <= target]
            if not back:
                return
            self.at[max(back, key=lambda name: self.worth(name, self.at[name] - 1).mean())] -= 1


def select(
    scores: Scores, channels: Channels, cost: Cost, target: float, *, scope: Scope = "global", fill: bool = True
) -> Selection:
    """The units that stay within a target: step by step the least worthy four of any group go, ties by order of groups.

    Then steps are given back, best first, where they fit: no group of the result can grow by a step within the target.
    A target of at least the whole cost keeps everything. Raises BudgetError where the least widths exceed the target,
    ValueError for scores that don't fit.
    """
    check_scores(scores, channels)
    race = _Race(scores, channels, cost)
    race.descend(target, scope)
    if fill:
        race.fill(target)
    widths = race.widths()
    keep = {name: np.sort(race.order[name][group.size - widths[name] :]) for name, group in race.groups.items()}
    return Selection(keep, cost(widths), target)


def select_at(scores: Scores, channels: Channels, widths: Mapping[str, int]) -> dict[str, NDArray[np.int64]]:
    """The best-scored units at given widths."""
    check_scores(scores, channels)
    return {
        name: np.sort(removal_order(group, scores[name])[group.size - widths[name] :])
        for name, group in channels.free.items()
    }
