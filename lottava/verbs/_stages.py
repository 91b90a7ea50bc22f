# SPDX-License-Identifier: MIT
"""Stages of a long run: each is named after what decides its result, timed over interruptions, and done once."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class Stages:
    """work/<stage>-<hash>.json holds the seconds that a stage took in all, and its result where it is plain JSON."""

    def __init__(self, work: Path, say: Callable[[str], None]) -> None:
        self.work = work
        self.seconds: dict[str, float] = {}
        self._say = say
        work.mkdir(parents=True, exist_ok=True)

    def run(self, name: str, decides: Any, make: Callable[[], T]) -> T:
        """Call `make`, which keeps its own results, and count its time until it was first done."""
        return self._timed(name, decides, make, keep=False)

    def value(self, name: str, decides: Any, make: Callable[[], T]) -> T:
        """A JSON value: made once, read afterwards."""
        return self._timed(name, decides, make, keep=True)

    def _timed(self, name: str, decides: Any, make: Callable[[], T], *, keep: bool) -> T:
        path = self.work / f"{name.replace(' ', '-')}-{_digest([name, decides])}.json"
        state: dict[str, Any] = {"seconds": 0.0, "done": False}
        if path.exists():
            state = json.loads(path.read_text())
        if state["done"] and keep:
            self.seconds[name] = state["seconds"]
            self._say(f"{name}: done before, in {state['seconds']:.1f} s")
            kept: T = state["value"]
            return kept
        start, was_done = time.perf_counter(), state["done"]
        try:
            value = make()
            state |= {"done": True, "value": value if keep else None}
        finally:
            if not was_done:
                state["seconds"] += time.perf_counter() - start
            self.seconds[name] = state["seconds"]
            _write(path, state)
        self._say(f"{name}: {'done before, in ' if was_done else ''}{state['seconds']:.1f} s")
        return value


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _write(path: Path, state: dict[str, Any]) -> None:
    """Whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(state, allow_nan=False))
    os.replace(partial, path)
