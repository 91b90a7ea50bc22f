# SPDX-License-Identifier: MIT
"""From a folder to integers: judge the recordings, draw the lottery, train controls. Shared by `train` and `demo`."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lottava.graph import Graph, graph_hash

from ._common import VerbError, say

if TYPE_CHECKING:
    from rich.progress import Progress

    from lottava.training.configs import TrainConfig
    from lottava.training.data.dataset import Dataset
    from lottava.training.data.report import DataReport
    from lottava.training.reduction.arms import Trained
    from lottava.training.reduction.lottery import Lottery

INTEGER_SHARE = 5
"""Integer-aware training takes a fifth of an arm's steps."""
CONTROL_SEEDS = 1000
"""Controls train with the ticket's seed plus this and more: never with its data order."""

ArmProgress = Callable[[str, int, int], None]


def recordings(folder: Path, report: DataReport) -> Dataset:
    """Say the data report and prepare the folder. Raises VerbError where no voice, or no score, could come of it."""
    from lottava.training.data.prepare import build
    from lottava.training.data.report import STOP

    say("\n".join(report.lines()))
    if report.verdict == STOP:
        raise VerbError(f"no voice can be made of {folder} as it is")
    dataset = build(folder)
    if not dataset.heldout:
        raise VerbError(f"no note of {folder} can be held out to judge the voice by; record three or more pitches")
    return dataset


def arm_bars(bar: Progress) -> ArmProgress:
    """Progress of trainings: one bar an arm, made when its first step is done."""
    tasks: dict[str, Any] = {}

    def show(name: str, step: int, steps: int) -> None:
        if name not in tasks:
            tasks[name] = bar.add_task(name.replace("-", " "), total=steps, note="")
        bar.update(tasks[name], completed=step)

    return show


def draw_lottery(dataset: Dataset, config: TrainConfig, rounds: int, root: Path, show: ArmProgress) -> Lottery:
    """Parent and tickets; what is done under `root` is not done again."""
    from lottava.training.reduction.lottery import LotteryConfig, run_lottery
    from lottava.training.train import new_model
    from lottava.training.trainer import DatasetTrainer

    lottery = LotteryConfig(
        rewind_step=config.rewind_step,
        seed=config.seed,
        data_sha256=dataset.sha256,
        rounds=rounds,
        settings=config.as_dict(),
    )
    model, _ = new_model(config, dataset)
    return run_lottery(model, DatasetTrainer(dataset, config), lottery, root, progress=show)


def train_controls(
    lottery: Lottery, dataset: Dataset, config: TrainConfig, root: Path, show: ArmProgress
) -> dict[str, Trained]:
    """dense_small and random_ticket: the winner's widths, the same budget."""
    from lottava.training.reduction.arms import run_arm
    from lottava.training.reduction.controls import dense_small, random_ticket
    from lottava.training.reduction.lottery import identity
    from lottava.training.trainer import DatasetTrainer

    ticket, parent = lottery.winner.ticket, lottery.parent.trained
    seed = config.seed + CONTROL_SEEDS
    arms = {
        "dense_small": dense_small(ticket, parent, seed),
        "random_ticket": random_ticket(ticket, parent, lottery.config, seed + 1),
    }
    trainer, settings = DatasetTrainer(dataset, config), identity(lottery.config)
    return {name: run_arm(arm, trainer, root, settings=settings, progress=show) for name, arm in arms.items()}


@dataclass(frozen=True, eq=False)
class Integers:
    """A network on its way to the module: after integer-aware training, as a graph, quantised."""

    float_graph: Graph
    graph: Graph
    worst: str
    network: Any


def representative_inputs(dataset: Dataset, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """What a decoder reads of a second from the start of each training clip: [clips, frames, size] per input."""
    from lottava.training.analysis.render import clip_windows

    return clip_windows(dataset, seed)


def integer_steps(config: TrainConfig) -> int:
    """Steps of integer-aware training."""
    return max(1, config.steps // INTEGER_SHARE)


def to_integers(trained: Trained, dataset: Dataset, config: TrainConfig, root: Path, show: ArmProgress) -> Integers:
    """Train on through the module's arithmetic, then quantise. Raises QuantisationError where it can't be held."""
    from lottava.export.quantise import quantise
    from lottava.training.analysis.render import representative_inputs
    from lottava.training.slim import to_graph
    from lottava.training.trainer import train_integers

    short = replace(config, steps=integer_steps(config))
    model = train_integers(trained, dataset, short, root, progress=lambda now: show("integers", now.step, now.steps))
    float_graph = to_graph(model, parent=graph_hash(to_graph(trained.model)))
    graph, report = quantise(float_graph, representative_inputs(model, dataset))
    worst = report.worst
    return Integers(float_graph, graph, f"{worst.layer}: {worst.rms_error:.2g} of {worst.rms:.2g} rms", model)


def machine() -> str:
    """Kind of machine and versions, for cards and reports."""
    import torch

    threads = torch.get_num_threads()
    return f"{platform.machine()}, {threads} threads, Python {platform.python_version()}, torch {torch.__version__}"
