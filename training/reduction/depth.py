# SPDX-License-Identifier: MIT
"""Whole blocks that go before units do, where the least widths still cost more than the target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lottava.graph import Graph, GraphError

from ..generators.family import State
from ..generators.registry import family_of_graph
from .blocks import Block, blocks, without
from .groups import Channels
from .select import BudgetError, Cost, steps_of
from .task import Task

CostOf = Callable[[Graph, Channels], Cost]
Allowed = Callable[[Graph], bool]


def of_family(outside: State | None = None) -> Allowed:
    """Whether a graph is one that its family can train and play. outside: entries of its state that no layer holds."""

    def allowed(graph: Graph) -> bool:
        try:
            family_of_graph(graph).from_graph(graph, outside)
        except GraphError:
            return False
        return True

    return allowed


@dataclass(frozen=True, eq=False)
class Thinned:
    """What is left, and the blocks that went, in order."""

    task: Task
    removed: tuple[Block, ...]


def least_cost(task: Task, cost_of: CostOf) -> float:
    """Cost at the least widths."""
    steps = {name: steps_of(group)[-1] for name, group in task.channels.free.items()}
    return cost_of(task.graph, task.channels)(steps)


def thin(task: Task, target: float, cost_of: CostOf, *, allowed: Allowed = lambda _: True) -> Thinned:
    """Remove blocks until the least widths cost at most the target: each time that of the least rise of the loss over
    the cost that it saves. allowed: which graphs may be left, see of_family.

    Raises BudgetError where no block is left to go.
    """
    removed: list[Block] = []
    while (least := least_cost(task, cost_of)) > target:
        now, whole = task.value(), cost_of(task.graph, task.channels)({})
        worth: list[tuple[float, Block, Task]] = []
        for block in blocks(task.graph).values():
            small = task.on(without(task.graph, block))
            if allowed(small.graph):
                saved = max(whole - cost_of(small.graph, small.channels)({}), 1e-9)
                worth.append(((small.value() - now) / saved, block, small))
        if not worth:
            raise BudgetError(f"a cost of {target:g} is too little: least widths and no block left take {least:g}")
        _, block, task = min(worth, key=lambda each: each[0])
        removed.append(block)
    return Thinned(task, tuple(removed))
