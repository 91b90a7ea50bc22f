# SPDX-License-Identifier: MIT
"""A method from an untrained graph to a reduced and trained one, by any trainer that works as fit.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lottava.cost import macs_per_frame
from lottava.graph import Graph

from .fit import Fit, Fitted, Schedule, fit
from .gammas import EarlyBird, slim
from .graph_trim import trim_graph
from .groups import Channels
from .lasso import refit
from .method import Method
from .rigl import RigL, erk_widths
from .select import Cost, Selection, cycle_cost
from .task import Task
from .trim import Keep, compose, full_keep

CostOf = Callable[[Graph, Channels], Cost]
FINE_RATE = 0.1
"""Fine-tuning starts at a tenth of the training's rate."""

REWIND = 0.02
"""θ_k of the parent is kept at this share of its training, whatever the method, so that methods share the parent."""

MASKS_A_TRAINING = 50
"""Early-Bird draws a mask this often where there are no epochs."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """keeps: units of the parent left after each round; task: the last network, trained; distance: of cost to target.

    starts: weights from which each training began; theta: the parent's at the rewind step, or None. steps: of all
    trainings; macs: their multiply-accumulates, a whole training of the parent = 1.
    """

    method: Method
    keeps: tuple[Keep, ...]
    task: Task
    cost: float
    distance: float
    starts: tuple[Graph, ...]
    theta: Graph | None
    steps: int
    macs: float

    @property
    def keep(self) -> Keep:
        """Units of the parent that are left."""
        return self.keeps[-1]


def targets(whole: float, target: float, rounds: int) -> list[float]:
    """Cost after each round: geometric, ending at the target; the target throughout where it is no less than all."""
    if target >= whole:
        return [target] * rounds
    return [whole * (target / whole) ** (number / rounds) for number in range(1, rounds)] + [target]


@dataclass(eq=False)
class _Run:
    """What one reduction carries from round to round."""

    method: Method
    start: Task
    target: float
    schedule: Schedule
    seed: int
    cost_of: CostOf
    settings: dict[str, Any]
    trainer: Fit = fit

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.rewind_step = round(self.method.rewind * self.schedule.steps)
        self.steps, self.macs, self.starts = 0, 0.0, list[Graph]()
        self.keeps: list[Keep] = [full_keep(self.start.channels)]
        self.whole = self.cost(self.start)({})

    def cost(self, task: Task) -> Cost:
        return self.cost_of(task.graph, task.channels)

    def train(self, task: Task, schedule: Schedule, *, slimming: bool = False, **options: Any) -> Fitted:
        """With factors on units where a method's criterion is theirs; else without."""
        self.starts.append(task.graph)
        if slimming:
            strength = self.method.gammas or 0.0
            found = slim(task, schedule, self.seed, strength=strength, trainer=self.trainer, **options)
        else:
            found = self.trainer(task, schedule, self.seed, **options)
        taken = found.step - options.get("first_step", 0)
        self.steps += taken
        whole = macs_per_frame(self.start.graph) * self.schedule.steps
        self.macs += taken * macs_per_frame(task.graph) / whole
        return found

    def parent(self) -> Fitted:
        """The dense training that all methods which score a trained network share, θ_k saved."""
        return self.train(self.start, self.schedule, rewind_step=round(REWIND * self.schedule.steps))

    def choose(self, task: Task, target: float) -> Selection:
        scores = self.method.scores(task, self.rng, **self.settings)
        chosen = self.method.select(self.method, task, scores, self.cost(task), target)
        self.keeps.append(compose(self.keeps[-1], chosen.keep))
        self.last = chosen
        return chosen

    def result(self, task: Task, theta: Graph | None = None) -> Reduction:
        last = self.last
        keeps, starts = tuple(self.keeps[1:]), tuple(self.starts)
        return Reduction(self.method, keeps, task, last.cost, last.distance, starts, theta, self.steps, self.macs)


def _at_init(run: _Run) -> Reduction:
    chosen = run.choose(run.start, run.target)
    small = run.start.on(trim_graph(run.start.graph, run.start.channels, chosen.keep))
    return run.result(run.train(small, run.schedule).task)


def _tuned(run: _Run, trained: Task) -> Task:
    """Rounds of scoring, trimming and fine-tuning on a trained network."""
    share = max(1, round(run.method.tuned * run.schedule.steps))
    schedule = replace(run.schedule, steps=share, rate=run.schedule.rate * FINE_RATE)
    for target in targets(run.whole, run.target, run.method.rounds):
        chosen = run.choose(trained, target)
        trim = refit(trained, chosen.keep) if run.method.repair else None
        small = trained.on(trim or trim_graph(trained.graph, trained.channels, chosen.keep))
        trained = run.train(small, schedule).task
    return trained


def _after(run: _Run) -> Reduction:
    return run.result(_tuned(run, run.parent().task))


def _during(run: _Run) -> Reduction:
    if run.method.gammas is not None:
        return run.result(_tuned(run, run.train(run.start, run.schedule, slimming=True).task))
    widths = erk_widths(run.start.channels, run.cost(run.start), run.target)
    steps = run.schedule.steps
    sets = RigL(run.start.channels, widths, run.rng, max(1, steps // 20), end=max(1, round(0.75 * steps)))
    quiet = {name: value.clone() for name, value in run.start.arrays.items()}
    sets.rest(quiet)
    tag = f"rigl to {run.target:g}"
    trained = run.train(run.start.with_weights(quiet), run.schedule, watch=sets, tag=tag).task
    run.keeps.append(sets.keep)
    run.last = Selection(sets.keep, run.cost(run.start)(widths), run.target)
    return run.result(trained.on(trim_graph(trained.graph, trained.channels, sets.keep)))


def _early(run: _Run) -> Reduction:
    def draw(gammas: dict[str, NDArray[np.float64]]) -> Keep:
        scores, cost = {name: np.abs(values) for name, values in gammas.items()}, run.cost(run.start)
        return run.method.select(run.method, run.start, scores, cost, run.target).keep

    bird = EarlyBird(run.start.channels, draw, max(1, run.schedule.steps // MASKS_A_TRAINING))
    stopped = run.train(run.start, run.schedule, slimming=True, watch=bird, tag=f"earlybird to {run.target:g}")
    chosen = run.choose(stopped.task, run.target)
    small = stopped.task.on(trim_graph(stopped.task.graph, stopped.task.channels, chosen.keep))
    return run.result(run.train(small, run.schedule, first_step=min(stopped.step, run.schedule.steps - 1)).task)


def _rounds(run: _Run) -> Reduction:
    """Every round starts from the parent's θ_k at the composed units, with fresh moments."""
    slimming = run.settings.get("criterion") == "normalisation"
    if slimming or run.method.rewind not in (0.0, REWIND):
        parent = run.train(run.start, run.schedule, slimming=slimming, rewind_step=run.rewind_step)
    else:
        parent = run.parent()
    start, trained = parent.rewind if run.rewind_step else run.start, parent.task
    assert start is not None
    for target in targets(run.whole, run.target, run.method.rounds):
        run.choose(trained, target)
        small = start.on(trim_graph(start.graph, start.channels, run.keeps[-1]))
        trained = run.train(small, run.schedule, slimming=slimming, first_step=run.rewind_step).task
    return run.result(trained, start.graph)


_WAYS: dict[str, Callable[[_Run], Reduction]] = {
    "init": _at_init,
    "early": _early,
    "during": _during,
    "after": _after,
    "rounds": _rounds,
}


def reduce(
    method: Method,
    start: Task,
    target: float,
    schedule: Schedule,
    seed: int,
    *,
    cost_of: CostOf = cycle_cost,
    rounds: int | None = None,
    trainer: Fit = fit,
    **settings: Any,
) -> Reduction:
    """Reduce an untrained graph to a target cost and train what is left.

    rounds: in place of the method's. settings: of its score. Raises BudgetError for a target that no widths meet, and
    what the score raises.
    """
    if rounds is not None:
        method = replace(method, rounds=rounds)
    return _WAYS[method.when](_Run(method, start, target, schedule, seed, cost_of, settings, trainer))
