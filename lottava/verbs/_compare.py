# SPDX-License-Identifier: MIT
"""The missing cells of a comparison through workers into rows, with a line a cell and bars of what is running."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._cells import Figures, LocalPool, RayPool, Work
from ._common import VerbError, progress, say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from lottava.training.compare.plan import Comparison
    from lottava.training.compare.rows import RowFile
    from lottava.training.data.dataset import Dataset
    from lottava.training.reduction.cell import Cell

LISTEN_S = 0.2


@dataclass(frozen=True)
class Run:
    """Where cells are computed. data: name of the set, for the rows; work: what a worker does, or the real thing."""

    dataset: Dataset
    data: str
    device: str = "cpu"
    jobs: int | None = None
    address: str | None = None
    work: Work | None = None

    def pool(self, cells: int) -> LocalPool | RayPool:
        """For this many cells. Raises VerbError where there is no cluster at the address."""
        if self.address is not None:
            return RayPool(self.dataset, self.jobs, self.address, self.device, self.work)
        size = self.jobs or (1 if self.device == "cuda" else _processors())
        return LocalPool(self.dataset, min(size, cells), self.device, self.work, watched=sys.stderr.isatty())


def _processors() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fill(rows: RowFile, comparison: Comparison, run: Run) -> int:
    """Run what the rows lack, in order; returns how many cells failed.

    Raises VerbError where a worker was killed, KeyboardInterrupt after the running cells have saved.
    """
    from lottava.training.compare.rows import identity
    from lottava.training.compare.schedule import run_cells

    def about(cell: Cell) -> Figures:
        return identity(cell, run.dataset.sha256, run.device)

    facts = {"data": run.data, "training": comparison.config.name, "steps_each": comparison.config.steps}
    cells = [cell for cell in comparison.cells() if about(cell)["key"] not in rows.keys]
    if not cells:
        return 0
    failures: list[Cell] = []
    pool = run.pool(len(cells))
    with _display(len(cells), pool) as show:

        def done(cell: Cell, figures: Figures) -> None:
            rows.append(about(cell) | facts | figures)
            show.line(_words(cell, figures))

        def failed(cell: Cell, error: BaseException) -> None:
            if isinstance(error, BrokenProcessPool):
                raise VerbError("a worker was killed, perhaps for lack of memory: run it again with fewer --jobs")
            failures.append(cell)
            show.line(f"{_name(cell)}: {type(error).__name__}: {error}")

        try:
            run_cells(cells, pool, done, failed)
        finally:
            pool.close()
    return len(failures)


def _name(cell: Cell) -> str:
    from lottava.training.compare.names import label

    from .compare import target_words

    return f"{label(cell.method, cell.settings)}, {target_words(cell)}, seed {cell.seed}"


def _words(cell: Cell, figures: Figures) -> str:
    heard = figures.get("mrstft")
    score = "no MRSTFT" if heard is None else f"MRSTFT {heard:.3f}"
    return f"{_name(cell)}: {score}, {figures['seconds'] / 60:.1f} min"


class _Display:
    """One bar for the cells, one for each process's training."""

    def __init__(self, bar: Progress, cells: int) -> None:
        self.bar, self.cells = bar, bar.add_task("cells", total=cells, note="")
        self.tasks: dict[int, TaskID] = {}

    def line(self, words: str) -> None:
        """What became of a cell, above the bars."""
        self.bar.update(self.cells, advance=1)
        if self.bar.disable:
            say(words)
        else:
            self.bar.console.print(words, highlight=False, soft_wrap=True)

    def update(self, process: int, name: str, step: int, steps: int) -> None:
        """A step of a training was taken."""
        if process not in self.tasks:
            self.tasks[process] = self.bar.add_task("", total=steps, note="")
        self.bar.update(self.tasks[process], description=name, completed=step, total=steps)


@contextmanager
def _display(cells: int, pool: Any) -> Iterator[_Display]:
    """Bars on a terminal, lines anywhere; workers' updates are read beside."""
    with progress() as bar:
        show, over = _Display(bar, cells), threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    show.update(*pool.updates.get(timeout=LISTEN_S))
                except queue.Empty:
                    continue

        thread = threading.Thread(target=listen, daemon=True)
        if pool.updates is not None:
            thread.start()
        try:
            yield show
        finally:
            over.set()
            if thread.is_alive():
                thread.join()
