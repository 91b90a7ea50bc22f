# SPDX-License-Identifier: MIT
"""Virtual time in core cycles, and what is to happen when."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count


class Timeline:
    """Events in order of time, then of scheduling. Time only moves forward."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def after(self, cycles: float, action: Callable[[], None]) -> None:
        """Call `action` once, `cycles` from now."""
        heapq.heappush(self._events, (self.now + cycles, next(self._order), action))

    @property
    def next_time(self) -> float:
        """Time of the earliest event; infinity when there is none."""
        return self._events[0][0] if self._events else float("inf")

    def run_due(self) -> None:
        """Call everything whose time has come. An event that it schedules runs from its own nominal time."""
        reached = self.now
        while self._events and self._events[0][0] <= reached:
            time, _, action = heapq.heappop(self._events)
            self.now = time
            action()
        self.now = max(self.now, reached)
