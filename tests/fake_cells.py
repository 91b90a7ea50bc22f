# SPDX-License-Identifier: MIT
"""Stand-ins for what a comparison's workers do, importable from their processes; and for the Ray package."""

from __future__ import annotations

import time
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any


def figures(bench: Any, cell: Any) -> dict[str, Any]:
    """Figures that follow from the cell alone, but for the seconds."""
    begun = time.monotonic()
    if cell.method == "snip":
        raise ValueError("snip is said to fail here")
    error = 1.0 if cell.method == "parent" else 1.1 + 0.01 * len(cell.method) + 0.001 * cell.seed
    bench.progress(cell.method)(SimpleNamespace(step=1, steps=1))
    return {
        "mrstft": error,
        "target_cycles": 100.0 * min(1.0, cell.target),
        "parent_cycles": 100.0,
        "seconds": time.monotonic() - begun,
    }


def killed(bench: Any, cell: Any) -> dict[str, Any]:
    """A worker that the system ends."""
    import os

    os._exit(9)


class FakeRay:
    """As much of Ray as is used: tasks run at once, here."""

    def __init__(self, resources: dict[str, float]) -> None:
        self.resources, self.asked, self.address = resources, dict[str, Any](), ""

    def init(self, address: str, log_to_driver: bool) -> None:
        self.address = address
        if address == "nowhere:1":
            raise ConnectionError("no answer")

    def cluster_resources(self) -> dict[str, float]:
        return self.resources

    def put(self, value: Any) -> Any:
        return SimpleNamespace(value=value)

    def remote(self, **options: Any) -> Any:
        self.asked = options

        def wrap(function: Any) -> Any:
            def start(kept: Any, *rest: Any) -> Any:
                future: Future[Any] = Future()
                try:
                    future.set_result(function(kept.value, *rest))
                except Exception as error:
                    future.set_exception(error)
                return SimpleNamespace(future=lambda: future)

            return SimpleNamespace(remote=start)

        return wrap

    def shutdown(self) -> None:
        self.address = ""


def unending(bench: Any, cell: Any) -> dict[str, Any]:
    """Trains until it is stopped; what the data set is called is a file that tells of it."""
    from pathlib import Path

    marks = Path(bench.dataset)
    step = bench.progress("endless")
    try:
        while True:
            step(SimpleNamespace(step=1, steps=2))
            (marks / "begun").touch()
    except KeyboardInterrupt:
        (marks / "stopped").touch()
        raise
