# SPDX-License-Identifier: MIT
"""The structured lottery: train, score, trim, rewind, repeat, until the network fits.

parent (trained from scratch, θ_k saved) ─score─▶ units ─trim─▶ θ_k of the units left ─train─▶ level 1 ─score─▶ …
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lottava.graph import graph_hash

from ..checkpoint import state_sha256
from ..generators.family import Network
from ..slim import to_graph
from .arms import Arm, Progress, Trained, Trainer, run_arm
from .groups import Channels, channel_groups
from .method import DIET_CRITERIA
from .select import MIN_WIDTH, WIDTH_MULTIPLE, BudgetError, Scores, check_scores
from .task import Task, normalise
from .ticket import Ticket
from .trim import Keep, State, channels_of, compose, full_keep, select, widths

TaskOf = Callable[[Any], Task]
"""A trained network → what its units are scored on; without examples only magnitudes can be."""


@dataclass(frozen=True)
class LotteryConfig:
    """What is drawn, and how. settings: the JSON values that the trainer works by (steps, batch, …)."""

    rewind_step: int
    seed: int
    data_sha256: str
    target_parameters: int = 25_000
    rounds: int = 3
    criterion: str = "magnitude"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.rewind_step < 0:
            raise ValueError("a lottery takes at least one round and rewinds to step 0 or later")
        if self.criterion not in DIET_CRITERIA:
            raise ValueError(f"criterion {self.criterion!r} is unknown; this version knows {sorted(DIET_CRITERIA)}")


@dataclass(frozen=True)
class Level:
    """One level's ticket and training; level 0 is the parent."""

    ticket: Ticket
    trained: Trained


@dataclass(frozen=True)
class Lottery:
    """Parent first, winning ticket last."""

    config: LotteryConfig
    levels: tuple[Level, ...]

    @property
    def parent(self) -> Level:
        """Level 0."""
        return self.levels[0]

    @property
    def winner(self) -> Level:
        """The last level: the one within the budget."""
        return self.levels[-1]


def budgets(parent_parameters: int, config: LotteryConfig) -> list[int]:
    """Parameters allowed at each level after the parent, geometric, ending at the target."""
    ratio = config.target_parameters / parent_parameters
    levels = range(1, config.rounds + 1)
    return [int(parent_parameters * ratio ** (level / config.rounds) + 1e-6) for level in levels]


def _allowed(left: int, full: int) -> int:
    """Width of a group of `full` units with `left` left: a multiple of 4, at least 4; whole where none was removed."""
    return full if left == full else min(full, max(left // WIDTH_MULTIPLE * WIDTH_MULTIPLE, MIN_WIDTH))


def select_units(scores: Scores, channels: Channels, budget_parameters: int) -> dict[str, NDArray[np.int64]]:
    """Keep set within a parameter budget: the lowest score of all groups goes first, until the rest fits.

    Widths are rounded down to multiples of 4 (the next-lowest units go too), never below 4. Ties: order of groups, then
    of units. Raises BudgetError where even the least widths exceed the budget, ValueError for scores that don't fit.
    """
    check_scores(scores, channels)
    sizes = {name: group.size for name, group in channels.free.items()}
    order = {name: np.argsort(scores[name], kind="stable") for name in sizes}
    left = dict(sizes)

    def fitted() -> dict[str, int]:
        return {name: _allowed(left[name], sizes[name]) for name in sizes}

    while channels.parameter_count(fitted()) > budget_parameters:
        candidates = [name for name in sizes if left[name] > min(MIN_WIDTH, sizes[name])]
        if not candidates:
            least = channels.parameter_count(fitted())
            raise BudgetError(f"{budget_parameters} parameters are too few: the least widths take {least}")
        lowest = min(candidates, key=lambda name: scores[name][order[name][sizes[name] - left[name]]])
        left[lowest] -= 1
    return {name: np.sort(order[name][sizes[name] - width :]) for name, width in fitted().items()}


def identity(config: LotteryConfig) -> dict[str, Any]:
    """What a training's folder is named after, besides its arm: settings and data, but not budget or rounds."""
    return {**config.settings, "data_sha256": config.data_sha256}


def draw(keep: Keep, level: int, parent: Trained, config: LotteryConfig, criterion: str) -> Ticket:
    """The ticket of a keep set over the parent's units."""
    graph = to_graph(parent.model)
    channels = channel_groups(graph)
    return Ticket(
        kept={name: tuple(np.asarray(units).tolist()) for name, units in keep.items()},
        parent_widths={name: group.size for name, group in channels.free.items()},
        level=level,
        rewind_step=config.rewind_step,
        seed=config.seed,
        criterion=criterion,
        parameters=channels.parameter_count(widths(keep)),
        parent_sha256=graph_hash(graph),
        theta_k_sha256=state_sha256(dict(theta_k(parent))),
        data_sha256=config.data_sha256,
    )


def theta_k(parent: Trained) -> State:
    """The parent's weights at the rewind step. Raises ValueError where its training saved none."""
    if parent.rewind is None:
        raise ValueError("the parent was trained without saving its weights at the rewind step; train it again")
    return parent.rewind


def rewound(name: str, ticket: Ticket, parent: Trained) -> Arm:
    """The training of a ticket: θ_k of its units, and the companion at step k, from step k of the schedule on."""
    start = select(theta_k(parent), channels_of(parent.model), ticket.keep)
    return Arm(name, start, parent.rewind_companion, ticket.rewind_step, ticket.seed, ticket)


def run_lottery(
    model: Network,
    trainer: Trainer,
    config: LotteryConfig,
    root: Path,
    *,
    progress: Progress,
    task_of: TaskOf = Task.of_network,
) -> Lottery:
    """Draw a ticket from an untrained model: one training for the parent and one for each round.

    Each training has its own folder under `root`; those that are done are not run again, so a killed run resumes.
    """
    first = Arm("level-0", model.state_dict(), None, 0, config.seed)
    settings = identity(config)
    parent = run_arm(first, trainer, root, settings=settings, rewind_step=config.rewind_step, progress=progress)
    everything = full_keep(channels_of(model))
    levels = [Level(draw(everything, 0, parent, config, "none"), parent)]
    for number, budget in enumerate(budgets(model.widths.parameter_count, config), start=1):
        last = levels[-1]
        rng = np.random.default_rng((config.seed, number))
        scores = normalise(DIET_CRITERIA[config.criterion](task_of(last.trained.model), rng))
        here = select_units(scores, channels_of(last.trained.model), budget)
        ticket = draw(compose(last.ticket.keep, here), number, parent, config, config.criterion)
        arm = rewound(f"level-{number}", ticket, parent)
        levels.append(Level(ticket, run_arm(arm, trainer, root, settings=settings, progress=progress)))
    return Lottery(config, tuple(levels))
