# SPDX-License-Identifier: MIT
"""Cells through workers, the first first, but none beside another whose training it would repeat."""

from __future__ import annotations

import concurrent.futures as futures
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from ..reduction.cell import Cell
from ..reduction.method import METHODS
from .names import PARENT, SCRATCH, label

Figures = dict[str, Any]
Training = tuple[Any, ...]


class Pool(Protocol):
    """Where cells run. size: how many at once."""

    size: int

    def submit(self, cell: Cell) -> futures.Future[Figures]:
        """Start a cell."""
        ...


Done = Callable[[Cell, Figures], None]
Failed = Callable[[Cell, BaseException], None]


def trainings(cell: Cell) -> frozenset[Training]:
    """What a cell trains, or takes up where another has: its parent, and its ticket or that of its widths.

    A cell that is done elsewhere may have left nothing here, so whoever comes first makes what is missing.
    """
    parent = (PARENT, cell.seed)
    if cell.method == PARENT:
        return frozenset({parent})
    settings = dict(cell.settings)
    method = str(settings.pop("of")) if cell.method in SCRATCH else cell.method
    ticket = (label(method, settings), cell.rounds, cell.target, cell.seed)
    return frozenset({ticket, parent} if METHODS[method].when in ("rounds", "after") else {ticket})


def next_cell(waiting: Sequence[Cell], running: Iterable[Cell], settled: set[Training]) -> Cell | None:
    """The first that shares nothing unsettled with what runs; None where all do."""
    busy = set[Training]().union(*(trainings(cell) for cell in running)) - settled
    return next((cell for cell in waiting if not busy & trainings(cell)), None)


def run_cells(cells: Sequence[Cell], pool: Pool, done: Done, failed: Failed) -> None:
    """Every cell once, `pool.size` at a time; done or failed is called here, as each ends.

    Raises what they raise, and KeyboardInterrupt where a worker was interrupted.
    """
    waiting, running, settled = list(cells), dict[futures.Future[Figures], Cell](), set[Training]()
    while waiting or running:
        while len(running) < pool.size and (cell := next_cell(waiting, running.values(), settled)) is not None:
            waiting.remove(cell)
            running[pool.submit(cell)] = cell
        finished, _ = futures.wait(running, return_when=futures.FIRST_COMPLETED)
        for future in finished:
            cell, error = running.pop(future), future.exception()
            if isinstance(error, KeyboardInterrupt):
                raise error
            if error is not None:
                failed(cell, error)
                continue
            settled |= trainings(cell)
            done(cell, future.result())
