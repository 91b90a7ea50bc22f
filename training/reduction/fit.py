# SPDX-License-Identifier: MIT
"""Training of a task's graph by Adam on its examples, with hooks for methods that act meanwhile; for small graphs.

What happens in a step follows from (seed, step) alone, so the same seed gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .criteria import leaves
from .forward import Values
from .task import Task

Penalty = Callable[[Values], Tensor]
"""Arrays → what is added to the loss."""


@dataclass(frozen=True, eq=False)
class Now:
    """A training after a step: its arrays, which may be written to, and the optimiser's moments of each."""

    step: int
    arrays: dict[str, Tensor]
    moments: Mapping[str, tuple[Tensor, Tensor]]
    loss: Callable[[Values], Tensor]


class Watch(Protocol):
    """Called after every step; True ends the training there. What it knows is kept with what was trained."""

    def __call__(self, now: Now) -> bool: ...

    def known(self) -> dict[str, NDArray]:
        """What it knows by now."""
        ...

    def recall(self, known: Mapping[str, NDArray]) -> None:
        """Take up what `known` gave."""
        ...


@dataclass(frozen=True)
class Schedule:
    """steps: of a whole training; rate: of Adam, falling to a hundredth along half a cosine."""

    steps: int
    rate: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    decay: float = 0.0

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        return self.rate * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * step / max(1, self.steps))))


@dataclass(frozen=True, eq=False)
class Fitted:
    """Where a training ended. rewind: the task before the step that was asked for; extra: what trained along."""

    task: Task
    step: int
    rewind: Task | None = None
    extra: Mapping[str, Tensor] = field(default_factory=dict)


class Fit(Protocol):
    """A trainer: from first_step to the end of the schedule, with fresh moments. What it does follows from the seed.

    extra: further numbers to train; prepare: makes the graph's arrays of those trained, extra ones included. tag: all
    that decides what penalty, watch and prepare do, for trainers that keep their results.
    """

    def __call__(
        self,
        task: Task,
        schedule: Schedule,
        seed: int,
        *,
        first_step: int = 0,
        rewind_step: int | None = None,
        penalty: Penalty | None = None,
        watch: Watch | None = None,
        extra: Values | None = None,
        prepare: Callable[[Values], Values] | None = None,
        tag: str = "",
    ) -> Fitted: ...


def _choice(seed: int, step: int, count: int) -> int:
    return int(np.random.default_rng((seed, step)).integers(count))


def fit(
    task: Task,
    schedule: Schedule,
    seed: int,
    *,
    first_step: int = 0,
    rewind_step: int | None = None,
    masks: Mapping[str, NDArray] | None = None,
    penalty: Penalty | None = None,
    watch: Watch | None = None,
    extra: Values | None = None,
    prepare: Callable[[Values], Values] | None = None,
    tag: str = "",
) -> Fitted:
    """Train from first_step to the end of the schedule, one example a step, with fresh moments.

    masks: 0 where a weight is out, by array; such weights are 0 from the first step on and get no updates.
    extra: further numbers to train; prepare: makes the graph's arrays of those trained, extra ones included.
    """
    arrays = leaves({**task.arrays, **(extra or {})})
    made: Callable[[Values], Values] = prepare or (lambda values: values)
    kept = {name: torch.from_numpy(np.asarray(mask, dtype=np.float64)) for name, mask in (masks or {}).items()}
    moments = {name: (torch.zeros_like(value), torch.zeros_like(value)) for name, value in arrays.items()}
    rewind: Task | None = None

    def held() -> Task:
        return task.with_weights({name: arrays[name] for name in task.arrays})

    def masked() -> None:
        for name, mask in kept.items():
            arrays[name].data.mul_(mask)

    masked()
    for step in range(first_step, schedule.steps):
        if step == rewind_step:
            rewind = held()
        loss_of = task.loss_of(task.examples[_choice(seed, step, len(task.examples))])
        loss = loss_of(made(arrays)) + (penalty(arrays) if penalty else 0.0)
        slopes = torch.autograd.grad(loss, list(arrays.values()), allow_unused=True)
        free = {n: g for n, g in zip(arrays, slopes, strict=True) if n not in task.fixed}
        _adam(schedule, step, step - first_step + 1, arrays, moments, free)
        masked()
        if watch is not None and watch(Now(step + 1, arrays, moments, loss_of)):
            break
    else:
        step = schedule.steps - 1
    if rewind_step is not None and rewind_step >= schedule.steps:
        rewind = held()
    after = made({name: value.detach() for name, value in arrays.items()})
    trained = task.with_weights({name: after[name] for name in task.arrays})
    return Fitted(trained, step + 1, rewind, {name: arrays[name].detach() for name in extra or {}})


def _adam(
    schedule: Schedule,
    step: int,
    taken: int,
    arrays: Mapping[str, Tensor],
    moments: Mapping[str, tuple[Tensor, Tensor]],
    slopes: Mapping[str, Tensor | None],
) -> None:
    """One update in place; decay shrinks weights, not biases or factors, apart from the gradient."""
    rate, (first, second) = schedule.rate_at(step), schedule.betas
    with torch.no_grad():
        for name, value in arrays.items():
            if (slope := slopes.get(name)) is None:
                continue
            mean, square = moments[name]
            mean.mul_(first).add_(slope, alpha=1 - first)
            square.mul_(second).addcmul_(slope, slope, value=1 - second)
            width = (square / (1 - second**taken)).sqrt().add_(1e-8)
            value.addcdiv_(mean, width, value=-rate / (1 - first**taken))
            if value.ndim > 1:
                value.mul_(1 - rate * schedule.decay)
