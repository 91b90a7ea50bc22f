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
    from lottava.training.reduction.cell import Outcome
    from lottava.training.reduction.ticket import Ticket
    from lottava.training.train import Progress as Step

INTEGER_SHARE = 5
"""Integer-aware training takes a fifth of an arm's steps."""
METHOD = "lth_rewind"
"""What `train` and `demo` reduce by; `reduce` knows the others."""
TARGET_CYCLES = 17_500.0
"""Network cycles a frame of their voices, modelled: at most 25 000 of the 258 386 parameters that they begin with."""

Bars = Callable[[str, int, int], None]
"""Called with a training's name, its steps done, and its steps in all."""


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


def bars(bar: Progress) -> Bars:
    """Progress of trainings by name: one bar each, made when its first step is done."""
    tasks: dict[str, Any] = {}

    def show(name: str, step: int, steps: int) -> None:
        if name not in tasks:
            tasks[name] = bar.add_task(name.replace("-", " "), total=steps, note="")
        bar.update(tasks[name], completed=step)

    return show


def run(
    dataset: Dataset,
    config: TrainConfig,
    method: str,
    root: Path,
    show: Bars,
    *,
    rounds: int | None = None,
    **settings: Any,
) -> Outcome:
    """A cell of the configuration's own seed; what is done under `root` is not done again."""
    from lottava.training.reduction.cell import Cell, run_cell

    cell = Cell(config, method, TARGET_CYCLES, config.seed, rounds, settings)
    return run_cell(cell, dataset, root, progress=one_after_another(show, method))


def one_after_another(show: Bars, label: str) -> Callable[[Step], None]:
    """Progress of the trainings of one cell, told apart by their steps: a training's never fall."""
    number, last = 1, 0

    def step(now: Step) -> None:
        nonlocal number, last
        if now.step <= last:
            number += 1
        last = now.step
        show(label if number == 1 else f"{label} {number}", now.step, now.steps)

    return step


@dataclass(frozen=True, eq=False)
class Lottery:
    """A parent and the ticket that was drawn of it, both trained."""

    parent: Outcome
    winner: Outcome

    @property
    def ticket(self) -> Ticket:
        """Units of the parent that are left."""
        assert self.winner.ticket is not None
        return self.winner.ticket


def draw_lottery(dataset: Dataset, config: TrainConfig, rounds: int, root: Path, show: Bars) -> Lottery:
    """The parent, and within TARGET_CYCLES the ticket of METHOD."""
    parent = run(dataset, config, "parent", root, show)
    return Lottery(parent, run(dataset, config, METHOD, root, show, rounds=rounds))


def train_controls(dataset: Dataset, config: TrainConfig, rounds: int, root: Path, show: Bars) -> dict[str, Outcome]:
    """dense_small: the ticket's widths from fresh weights; random_ticket: as many cycles, units drawn at random."""
    return {
        "dense_small": run(dataset, config, "scratch_e", root, show, rounds=rounds, of=METHOD),
        "random_ticket": run(dataset, config, "rand", root, show, rounds=rounds),
    }


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


def to_integers(trained: Outcome, dataset: Dataset, config: TrainConfig, root: Path, show: Bars) -> Integers:
    """Train on through the module's arithmetic, then quantise. Raises QuantisationError where it can't be held."""
    from lottava.export.quantise import quantise
    from lottava.training.analysis.render import representative_inputs
    from lottava.training.integers import train_integers
    from lottava.training.slim import to_graph

    short = replace(config, steps=integer_steps(config))
    progress = one_after_another(show, "integers")
    model = train_integers(trained.model, trained.companion, dataset, short, root, progress=progress)
    float_graph = to_graph(model, parent=graph_hash(trained.graph))
    graph, report = quantise(float_graph, representative_inputs(model, dataset))
    worst = report.worst
    return Integers(float_graph, graph, f"{worst.layer}: {worst.rms_error:.2g} of {worst.rms:.2g} rms", model)


def machine() -> str:
    """Kind of machine and versions, for cards and reports."""
    import torch

    threads = torch.get_num_threads()
    return f"{platform.machine()}, {threads} threads, Python {platform.python_version()}, torch {torch.__version__}"
