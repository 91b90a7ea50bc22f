# SPDX-License-Identifier: MIT
"""Every reduction method as one value: when it scores, how it goes on, what it costs, and two pure functions.

score(task, rng, **settings)             → one number a unit of each free group; higher = keep
select(method, task, scores, cost, target) → which units stay, at most the target's cost
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from . import baselines, criteria, lasso, sensitivity
from .information import information
from .rigl import erk_widths
from .select import Cost, Scope, Scores, Selection, select, select_at
from .task import Task, by_unit, normalise

When = Literal["init", "early", "during", "after", "rounds"]
"""Scored before training; until masks settle; while training goes on; once trained; after each of several trainings."""

Resume = Literal["train", "continue", "finetune", "rewind", "none"]
"""From the same start; where it stopped; at a tenth of the rate; from θ_k; not at all."""

Score = Callable[..., Scores]
Choose = Callable[["Method", Task, Scores, Cost, float], Selection]


def ranked(method: Method, task: Task, scores: Scores, cost: Cost, target: float) -> Selection:
    """Norm across groups, then the method's scope."""
    return select(normalise(scores, method.norm, task.channels), task.channels, cost, target, scope=method.scope)


def at_erk_widths(method: Method, task: Task, scores: Scores, cost: Cost, target: float) -> Selection:
    """Widths by fan-in and fan-out alone, the best units of each group."""
    widths = erk_widths(task.channels, cost, target)
    return Selection(select_at(scores, task.channels, widths), cost(widths), target)


@dataclass(frozen=True)
class Method:
    """One way to reduce a network.

    cost: trainings in all, dense one = 1. source: the paper. defaults: settings of score. rounds: of score and
    selection. tuned: share of a training after each selection. rewind: θ_k at this share of a training.
    repair: consumers are refitted to the data after each trim. gammas: factors on units are trained along.
    """

    key: str
    when: When
    resume: Resume
    cost: str
    source: str
    score: Score
    select: Choose = ranked
    defaults: Mapping[str, Any] = field(default_factory=dict)
    norm: str = "mean"
    scope: Scope = "global"
    rounds: int = 1
    tuned: float = 0.25
    rewind: float = 0.0
    repair: bool = False
    gammas: float | None = None

    def scores(self, task: Task, rng: np.random.Generator, **settings: Any) -> Scores:
        """Scores by the defaults, or by other settings."""
        return self.score(task, rng, **{**self.defaults, **settings})


DIET_CRITERIA: Mapping[str, Score] = MappingProxyType(
    {
        "magnitude": lambda task, rng, **_: criteria.magnitude(task),
        "gradient": lambda task, rng, **_: criteria.gradient(task),
        "activation": lambda task, rng, **_: criteria.activation(task),
        "normalisation": lambda task, rng, **_: criteria.gamma(task),
        "information": lambda task, rng, estimator="gauss", **_: information(task, rng, estimator=estimator),
    }
)
"""The five of arXiv 2007.16170; normalisation needs gammas trained along."""


def _diet(task: Task, rng: np.random.Generator, *, criterion: str = "magnitude", estimator: str = "gauss") -> Scores:
    if criterion not in DIET_CRITERIA:
        raise ValueError(f"criterion {criterion!r} is unknown; take one of {sorted(DIET_CRITERIA)}")
    return DIET_CRITERIA[criterion](task, rng, estimator=estimator)


def _norms(task: Task) -> dict[str, NDArray[np.float64]]:
    """L2 of the rows that make each unit."""
    squares = {name: np.square(value.numpy()) for name, value in task.arrays.items()}
    return {name: np.sqrt(values) for name, values in by_unit(task.channels, squares).items()}


def _han(task: Task, rng: np.random.Generator, *, rise: float = sensitivity.TOLERANCE) -> Scores:
    return sensitivity.by_sensitivity(task, _norms(task), rise)


def _read_norms(task: Task, rng: np.random.Generator) -> Scores:
    """What reads each unit: resting ones score 0."""
    squares = {name: np.square(value.numpy()) for name, value in task.arrays.items()}
    return by_unit(task.channels, squares, ("consume", "recur"))


def _magnitude(task: Task, rng: np.random.Generator) -> Scores:
    return criteria.magnitude(task)


_ALL = (
    Method("lth", "rounds", "rewind", "rounds + 1", "1803.03635", _magnitude, rounds=15, scope="global"),
    Method("lth_rewind", "rounds", "rewind", "rounds + 1", "1903.01611", _magnitude, rounds=3, rewind=0.02),
    Method("rigl", "during", "none", "about 1", "1911.11134", _read_norms, at_erk_widths, norm="none", scope="local"),
    Method(
        "grasp",
        "init",
        "train",
        "1 + 4 passes a batch",
        "2002.07376",
        lambda task, rng: criteria.flow(task),
        norm="max",
    ),
    Method(
        "earlybird",
        "early",
        "continue",
        "0.1 + what is left",
        "1909.11957",
        lambda task, rng: criteria.gamma(task),
        norm="none",
        gammas=1e-4,
    ),
    Method(
        "diet",
        "rounds",
        "rewind",
        "< rounds + 1",
        "2007.16170",
        _diet,
        defaults=MappingProxyType({"criterion": "magnitude", "estimator": "gauss"}),
        norm="max",
        scope="hybrid",
        rounds=3,
        rewind=0.02,
    ),
    Method(
        "han",
        "after",
        "finetune",
        "1 + 5 · 0.2",
        "1506.02626",
        _han,
        defaults=MappingProxyType({"rise": sensitivity.TOLERANCE}),
        norm="none",
        rounds=5,
        tuned=0.2,
    ),
    Method("li_l1", "after", "finetune", "1.25", "1608.08710", _magnitude, norm="max", scope="cost"),
    Method(
        "he_lasso",
        "after",
        "finetune",
        "1.1",
        "1707.06168",
        lambda task, rng: lasso.he_lasso(task),
        norm="none",
        scope="local",
        tuned=0.1,
        repair=True,
    ),
    Method(
        "slimming",
        "during",
        "finetune",
        "2",
        "1708.06519",
        lambda task, rng: criteria.gamma(task),
        norm="none",
        tuned=1.0,
        gammas=1e-4,
    ),
    Method(
        "obd",
        "after",
        "finetune",
        "1.25 + products with the Hessian",
        "LeCun 1990",
        criteria.curvature,
        defaults=MappingProxyType({"estimate": "fisher", "probes": 32}),
        norm="none",
        rounds=5,
        tuned=0.05,
    ),
    Method("snip", "init", "train", "1 + 1 pass", "1810.02340", lambda task, rng: criteria.saliency(task), norm="none"),
    Method(
        "rand",
        "rounds",
        "rewind",
        "rounds + 1",
        "control",
        lambda task, rng: baselines.random_scores(task.channels, rng),
        norm="none",
        scope="local",
        rewind=0.02,
    ),
    Method(
        "uniform",
        "init",
        "train",
        "1",
        "control",
        lambda task, rng: baselines.first_units(task.channels),
        norm="none",
        scope="local",
    ),
    Method(
        "reverse",
        "rounds",
        "rewind",
        "rounds + 1",
        "control",
        lambda task, rng: criteria.reverse(normalise(criteria.magnitude(task))),
        norm="none",
        rounds=3,
        rewind=0.02,
    ),
    Method(
        "greedy_oracle",
        "after",
        "finetune",
        "1 + a pass a unit and removal",
        "control, nano nets",
        lambda task, rng: sensitivity.greedy_oracle(task),
        norm="none",
    ),
)

METHODS: Mapping[str, Method] = MappingProxyType({method.key: method for method in _ALL})
"""Key → method; scratch-E and scratch-B (M18) are trainings of a ticket's widths: baselines.from_scratch."""
