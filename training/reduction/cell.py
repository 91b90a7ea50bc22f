# SPDX-License-Identifier: MIT
"""One cell of a comparison: a method at a target and a seed, from the untrained parent to the reduced network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from lottava.cost import macs_per_frame
from lottava.graph import Graph, graph_hash

from ..configs import TrainConfig
from ..data.dataset import Dataset
from ..datafit import DatasetFit, network_of
from ..generators.family import Network, State
from ..generators.registry import family_of
from ..slim import model_of
from ..train import Progress, new_model
from .baselines import scratch_steps
from .examples import examples
from .fit import Fitted, Schedule
from .method import METHODS
from .run import REWIND, Reduction, reduce
from .select import BudgetError, Cost, cycle_cost, steps_of
from .task import Task
from .ticket import Ticket
from .trim import Keep, full_keep

PARENT, SCRATCH_E, SCRATCH_B = "parent", "scratch_e", "scratch_b"
SCRATCH_SEEDS = 1000
"""Fresh weights are drawn, and trained, by the cell's seed plus this: never in the ticket's data order."""

EXAMPLES, EXAMPLE_BATCH = 8, 1
"""Crops that criteria look at, one by one: Fisher's diagonal wants many, and time goes with all of them."""


@dataclass(frozen=True)
class Cell:
    """config: of the parent and its training, but for the seed. method: a key of METHODS, parent, scratch_e, scratch_b.

    target: share of the parent's network cycles where at most 1, else cycles. rounds: in place of the method's.
    settings: of its score; those of scratch_* name the method of the ticket in "of", and its settings.
    """

    config: TrainConfig
    method: str
    target: float
    seed: int
    rounds: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Outcome:
    """keep: units of the parent that are left; state, companion: the trained network and encoder; graph: float.

    Cycles are modelled, of the network alone, a tick as the module calls it. steps: of all trainings; training_macs:
    theirs, one training of the parent = 1. ticket: None of the parent itself.
    """

    keep: Keep
    state: State
    companion: State
    graph: Graph
    network_cycles: float
    target_cycles: float
    parent_cycles: float
    parameters: int
    parent_parameters: int
    steps: int
    training_macs: float
    ticket: Ticket | None = None

    @property
    def model(self) -> Any:
        """The trained network, of its own family."""
        return model_of(self.state)

    @property
    def distance(self) -> float:
        """Cycles of the target that are left."""
        return self.target_cycles - self.network_cycles


def run_cell(
    cell: Cell,
    dataset: Dataset,
    root: Path,
    *,
    device: str = "cpu",
    progress: Callable[[Progress], None] | None = None,
) -> Outcome:
    """Run a cell; what is trained under root is not trained again, so a killed cell goes on, and cells share parents.

    Raises BudgetError for a target that no widths meet, KeyError for an unknown method.
    """
    config = replace(cell.config, seed=cell.seed)
    model, _ = new_model(config, dataset)
    start = Task.of_network(model, examples(model, dataset, config, count=EXAMPLES, batch=EXAMPLE_BATCH))
    fit = DatasetFit(dataset, config, root, device, progress)
    schedule = Schedule(config.steps, config.learning_rate)
    cost_of = partial(cycle_cost, block=family_of(model).block)
    cost = cost_of(start.graph, start.channels)
    whole = cost({})
    target = whole * cell.target if cell.target <= 1 else cell.target
    _check_target(cost, start, target)
    if cell.method == PARENT:
        trained = fit(start, schedule, cell.seed, rewind_step=round(REWIND * config.steps))
        return _outcome(start, trained.task, full_keep(start.channels), whole, target, config.steps, 1.0)

    def ticket(method: str, **settings: Any) -> Reduction:
        found = METHODS[method]
        return reduce(
            found, start, target, schedule, cell.seed, cost_of=cost_of, rounds=cell.rounds, trainer=fit, **settings
        )

    if cell.method in (SCRATCH_E, SCRATCH_B):
        settings = dict(cell.settings)
        drawn = ticket(settings.pop("of"), **settings)
        fresh, macs = _from_scratch(cell, fit, schedule, start, drawn)
        outcome = _outcome(start, fresh.task, drawn.keep, whole, target, fresh.step, macs)
    else:
        drawn = ticket(cell.method, **cell.settings)
        outcome = _outcome(start, drawn.task, drawn.keep, whole, target, drawn.steps, drawn.macs)
    return replace(outcome, ticket=_ticket(cell, start, drawn, outcome, dataset))


def _check_target(cost: Cost, start: Task, target: float) -> None:
    """Refuse, before hours of training, what would be refused after them."""
    least = cost({name: steps_of(group)[-1] for name, group in start.channels.free.items()})
    if least > target:
        raise BudgetError(f"a target of {target:,.0f} network cycles is too little: the least widths take {least:,.0f}")


def _ticket(cell: Cell, start: Task, drawn: Reduction, outcome: Outcome, dataset: Dataset) -> Ticket:
    """Of the units that are left. Its θ_k, where nothing is rewound: what the last training began from."""
    words = {name: value for name, value in cell.settings.items() if name != "of"}
    method = drawn.method
    return Ticket(
        kept={name: tuple(units.tolist()) for name, units in drawn.keep.items()},
        parent_widths={name: group.size for name, group in start.channels.free.items()},
        level=len(drawn.keeps),
        rewind_step=round(method.rewind * cell.config.steps) if drawn.theta is not None else 0,
        seed=cell.seed,
        criterion=" ".join([method.key, *(str(words[name]) for name in sorted(words))]),
        parameters=outcome.parameters,
        parent_sha256=graph_hash(start.graph),
        theta_k_sha256=graph_hash(drawn.theta or drawn.starts[-1]),
        data_sha256=dataset.sha256,
    )


def _from_scratch(
    cell: Cell, fit: DatasetFit, schedule: Schedule, start: Task, drawn: Reduction
) -> tuple[Fitted, float]:
    """M18 at the ticket's widths, and its multiply-accumulates."""
    like: Network = network_of(drawn.task)
    seed = cell.seed + SCRATCH_SEEDS
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = family_of(like).build(like.widths)
    small = drawn.task.graph
    steps = schedule.steps if cell.method == SCRATCH_E else scratch_steps(schedule.steps, start.graph, small)
    fresh = fit(Task.of_network(model, start.examples), replace(schedule, steps=steps), seed)
    return fresh, steps * macs_per_frame(small) / (schedule.steps * macs_per_frame(start.graph))


def _outcome(start: Task, trained: Task, keep: Keep, whole: float, target: float, steps: int, macs: float) -> Outcome:
    model = network_of(trained)
    assert trained.companion is not None
    return Outcome(
        keep,
        model.state_dict(),
        trained.companion,
        trained.graph,
        cycle_cost(trained.graph, trained.channels, block=family_of(model).block)({}),
        target,
        whole,
        model.widths.parameter_count,
        network_of(start).widths.parameter_count,
        steps,
        macs,
    )
