# SPDX-License-Identifier: MIT
"""Factors on units, trained along and folded into the weights that read them: slimming (M13), Early-Bird (M7).

γ multiplies a unit wherever weights read it, by its own recurrence too, and nowhere else: not on a residual's carry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .fit import Fit, Fitted, Now, Schedule, Watch, fit
from .forward import Values
from .groups import Channels
from .task import Task
from .trim import Keep

PREFIX = "gamma."
READ = ("consume", "recur")


def ones(channels: Channels) -> dict[str, Tensor]:
    """γ = 1 for every unit of every free group, as arrays to train along."""
    return {PREFIX + name: torch.ones(group.size, dtype=torch.float64) for name, group in channels.free.items()}


def folded(channels: Channels, arrays: Values) -> dict[str, Tensor]:
    """The graph's arrays with γ multiplied into what reads each unit; differentiable in both."""
    result = {name: value for name, value in arrays.items() if not name.startswith(PREFIX)}
    for name, group in channels.free.items():
        for member in group.members:
            if member.role in READ and member.span.tensor in result:
                value, axis = result[member.span.tensor], member.span.axis
                places = torch.as_tensor(list(member.span.positions()), device=value.device)
                factor = torch.ones(value.shape[axis], dtype=value.dtype, device=value.device)
                factor = factor.index_copy(0, places, arrays[PREFIX + name])
                result[member.span.tensor] = value * factor.view([-1 if i == axis else 1 for i in range(value.ndim)])
    return result


def gammas_of(extra: Mapping[str, Tensor]) -> dict[str, NDArray[np.float64]]:
    """γ by group, of what trained along."""
    return {
        name.removeprefix(PREFIX): value.detach().cpu().numpy().copy()
        for name, value in extra.items()
        if name.startswith(PREFIX)
    }


def slim(
    task: Task,
    schedule: Schedule,
    seed: int,
    *,
    strength: float = 1e-4,
    watch: Watch | None = None,
    first_step: int = 0,
    rewind_step: int | None = None,
    trainer: Fit = fit,
    tag: str = "",
) -> Fitted:
    """Train with γ under an L1 penalty (1708.06519); returns weights with γ folded in, and the γ in its task.

    Neighbouring weights need some decay, else they grow as γ shrinks: give the schedule one.
    """

    def penalty(arrays: Values) -> Tensor:
        return strength * torch.stack([v.abs().sum() for n, v in arrays.items() if n.startswith(PREFIX)]).sum()

    trained = trainer(
        task,
        schedule,
        seed,
        first_step=first_step,
        rewind_step=rewind_step,
        penalty=penalty if strength else None,
        watch=watch,
        extra=ones(task.channels),
        prepare=lambda arrays: folded(task.channels, arrays),
        tag=f"gammas {strength} {tag}",
    )
    return replace(trained, task=replace(trained.task, gammas=gammas_of(trained.extra)))


def mask_distance(one: Keep, other: Keep, channels: Channels) -> float:
    """Share of units that just one of two keep sets keeps."""
    free = channels.free
    differing = sum(len(np.setxor1d(one[name], other[name])) for name in free)
    return differing / sum(group.size for group in free.values())


@dataclass
class EarlyBird:
    """Watches a training with γ, draws the mask every `every` steps, and stops it where masks no longer change.

    draw: γ by group → keep set. It fires when the newest of 5 masks differs by less than `tolerance` from each older
    (1909.11957). distances: the largest of them at every check, for a plot.
    """

    channels: Channels
    draw: Callable[[dict[str, NDArray[np.float64]]], Keep]
    every: int
    tolerance: float = 0.1
    memory: int = 5
    masks: list[Keep] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)

    def __call__(self, now: Now) -> bool:
        """After a step: whether to stop."""
        return now.step % self.every == 0 and self.check(self.draw(gammas_of(now.arrays)))

    def known(self) -> dict[str, NDArray]:
        """Masks and distances so far."""
        masks = {f"{number}/{name}": kept for number, mask in enumerate(self.masks) for name, kept in mask.items()}
        return {**masks, "distances": np.asarray(self.distances)}

    def recall(self, known: Mapping[str, NDArray]) -> None:
        """These masks were drawn."""
        self.distances = np.asarray(known["distances"], dtype=np.float64).tolist()
        names = self.channels.free
        self.masks = [{name: known[f"{at}/{name}"] for name in names} for at in range(len(self.distances))]

    def check(self, mask: Keep) -> bool:
        """Take in a mask: whether it and the last four are alike."""
        older = self.masks[-(self.memory - 1) :]
        self.masks.append(mask)
        found = [mask_distance(mask, each, self.channels) for each in older]
        self.distances.append(max(found, default=1.0))
        return len(older) == self.memory - 1 and max(found) < self.tolerance
