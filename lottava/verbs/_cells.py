# SPDX-License-Identifier: MIT
"""Where the cells of a comparison run: worker processes of this machine, or tasks of a Ray cluster."""

from __future__ import annotations

import os
import platform
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ._common import VerbError

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Event

    from lottava.training.data.dataset import Dataset
    from lottava.training.reduction.cell import Cell
    from lottava.training.train import Progress

Figures = dict[str, Any]
Work = Callable[["Bench", "Cell"], Figures]
SHOWN_EVERY_S = 0.5


@dataclass
class Bench:
    """What a worker has at hand. updates: (process, cell, step, steps) for a display; stop: end soon."""

    dataset: Dataset
    device: str = "cpu"
    work: Work | None = None
    updates: Queue[tuple[int, str, int, int]] | None = None
    stop: Event | None = None

    def progress(self, name: str) -> Callable[[Progress], None]:
        """What a training of the cell `name` calls after every step."""
        shown, asked = 0.0, False

        def step(now: Progress) -> None:
            nonlocal shown, asked
            if self.stop is not None and self.stop.is_set():
                if asked:
                    raise KeyboardInterrupt
                asked = True
                signal.raise_signal(signal.SIGINT)  # a training saves its checkpoint, then ends
            if self.updates is not None and (time.monotonic() - shown > SHOWN_EVERY_S or now.step == now.steps):
                shown = time.monotonic()
                self.updates.put((os.getpid(), name, now.step, now.steps))

        return step


def machine(device: str) -> Figures:
    """What the bits of a row depend on beside its identity."""
    import torch

    name = torch.cuda.get_device_name() if device == "cuda" else platform.machine()
    return {"machine": name, "threads": torch.get_num_threads(), "torch": torch.__version__.split("+")[0]}


def figures(bench: Bench, cell: Cell) -> Figures:
    """All figures of a cell: trained, measured, and set against the module."""
    from lottava.export.players import seat
    from lottava.training.compare import measure
    from lottava.training.compare.names import label
    from lottava.training.data.cache import cache_dir
    from lottava.training.reduction.cell import run_cell

    begun = time.monotonic()
    name = f"{label(cell.method, cell.settings)}, seed {cell.seed}"
    outcome = run_cell(cell, bench.dataset, cache_dir() / "compare", device=bench.device, progress=bench.progress(name))
    found = measure.figures(outcome, bench.dataset) | asdict(seat(outcome.graph)) | machine(bench.device)
    return found | {"seconds": round(time.monotonic() - begun, 1)}


_bench: Bench | None = None


def _begin(bench: Bench) -> None:
    """One thread, no Ctrl-C of its own (the command passes it on), and no life after the command's."""
    global _bench
    import multiprocessing
    from multiprocessing.connection import wait

    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    command = multiprocessing.parent_process()

    def follow() -> None:
        assert command is not None
        wait([command.sentinel])
        os._exit(1)

    if command is not None:
        threading.Thread(target=follow, daemon=True).start()
    if bench.updates is not None:
        bench.updates.cancel_join_thread()
    _bench = bench


def _run(cell: Cell) -> Figures:
    assert _bench is not None
    return (_bench.work or figures)(_bench, cell)


class LocalPool:
    """Processes of this machine, each started afresh: a fork would copy torch's threads half."""

    def __init__(
        self, dataset: Dataset, size: int, device: str = "cpu", work: Work | None = None, *, watched: bool = False
    ) -> None:
        """watched: somebody reads the updates."""
        import multiprocessing

        context = multiprocessing.get_context("spawn")
        self.size, self.stop = size, context.Event()
        self.updates: Queue[tuple[int, str, int, int]] | None = context.Queue() if watched else None
        bench = Bench(dataset, device, work, self.updates, self.stop)
        self._executor = ProcessPoolExecutor(size, mp_context=context, initializer=_begin, initargs=(bench,))

    def submit(self, cell: Cell) -> Future[Figures]:
        """Start a cell in the next free process."""
        return self._executor.submit(_run, cell)

    def close(self) -> None:
        """Ask running cells to save and end, and wait until they did."""
        self.stop.set()
        self._executor.shutdown(wait=True, cancel_futures=True)


class RayPool:
    """Tasks of a Ray cluster, one processor each, or one GPU. Whole cells move; each node keeps its own trainings."""

    def __init__(
        self, dataset: Dataset, size: int | None, address: str, device: str = "cpu", work: Work | None = None
    ) -> None:
        try:
            import ray
        except ModuleNotFoundError as error:
            raise VerbError("--address needs Ray: install it with  pip install 'lottava[cluster]'") from error
        try:
            ray.init(address=address, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise VerbError(
                f"there is no Ray cluster at {address} ({error}); start one with  ray start --head"
            ) from error
        self._ray, self.updates = ray, None
        resource = {"num_gpus": 1} if device == "cuda" else {"num_cpus": 1}
        there = ray.cluster_resources().get("GPU" if device == "cuda" else "CPU", 0)
        if there < 1:
            raise VerbError(f"the cluster at {address} offers no {'GPU' if device == 'cuda' else 'processor'}")
        self.size = min(size or int(there), int(there))
        self._bench = ray.put(Bench(dataset, device, work))
        self._task = ray.remote(max_retries=0, **resource)(_run_with)

    def submit(self, cell: Cell) -> Future[Figures]:
        """Start a cell on a node."""
        future: Future[Figures] = self._task.remote(self._bench, cell).future()
        return future

    def close(self) -> None:
        """Leave the cluster; its running tasks end with the connection."""
        self._ray.shutdown()


def _run_with(bench: Bench, cell: Cell) -> Figures:
    import torch

    torch.set_num_threads(1)
    return (bench.work or figures)(bench, cell)
