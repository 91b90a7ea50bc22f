# SPDX-License-Identifier: MIT
"""The independent watchdog IWDG1 (RM0433 45): counts LSI clocks, and resets the chip when nobody reloads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from .bus import Peripheral
from .errors import EmulatorError
from .timeline import Timeline

LSI_HZ = 32e3
KEY, PRESCALER, RELOAD, STATUS = 0x00, 0x04, 0x08, 0x0C
START, FEED, UNLOCK = 0xCCCC, 0xAAAA, 0x5555
UPDATE_CYCLES = 5
"""LSI clocks until a new prescaler or reload value has reached the counter's domain."""
_PRESCALER_BUSY, _RELOAD_BUSY = 1, 2


class Watchdog(Peripheral):
    """`bite` is called when the time is over. The window (WINR) stays open, as after reset."""

    name, base = "IWDG1", 0x58004800
    reset: ClassVar[dict[int, int]] = {KEY: 0, PRESCALER: 0, RELOAD: 0xFFF, STATUS: 0}

    def __init__(self, timeline: Timeline, core_hz: float, bite: Callable[[], None]) -> None:
        super().__init__()
        self._timeline, self._lsi_cycles, self._bite = timeline, core_hz / LSI_HZ, bite
        self._busy_until = {_PRESCALER_BUSY: 0.0, _RELOAD_BUSY: 0.0}
        self._locked = True
        self._deadline: float | None = None
        self.feeds = 0

    @property
    def running(self) -> bool:
        """True once started; nothing but a reset stops it."""
        return self._deadline is not None

    @property
    def timeout_cycles(self) -> float:
        """Core cycles from a feed to the reset."""
        divider = min(4 << self.values[PRESCALER], 256)
        return (self.values[RELOAD] + 1) * divider * self._lsi_cycles

    def read(self, offset: int) -> int:
        if offset == STATUS:
            return sum(bit for bit, until in self._busy_until.items() if self._timeline.now < until)
        return 0 if offset == KEY else self.values[offset]

    def write(self, offset: int, value: int) -> None:
        if offset == KEY:
            self._key(value)
            return
        if offset == STATUS or self._locked:
            raise EmulatorError(f"IWDG1 ignores a write at {offset:#x} without the key {UNLOCK:#x} before it")
        bit = _PRESCALER_BUSY if offset == PRESCALER else _RELOAD_BUSY
        if self._timeline.now < self._busy_until[bit]:
            raise EmulatorError("IWDG1 is written while it still takes over the last value; poll IWDG_SR first")
        self._busy_until[bit] = self._timeline.now + UPDATE_CYCLES * self._lsi_cycles
        self.values[offset] = value & (7 if offset == PRESCALER else 0xFFF)

    def _key(self, value: int) -> None:
        self._locked = value != UNLOCK
        if value == START and self._deadline is None:
            self._deadline = self._timeline.now
            self._feed()
            self._timeline.after(self.timeout_cycles, self._look)
        elif value == FEED and self._deadline is not None:
            self.feeds += 1
            self._feed()

    def _feed(self) -> None:
        """A shorter time than before needs a look of its own; the later one then finds nothing to do."""
        earlier = self._timeline.now + self.timeout_cycles < (self._deadline or 0.0)
        self._deadline = self._timeline.now + self.timeout_cycles
        if earlier:
            self._timeline.after(self.timeout_cycles, self._look)

    def _look(self) -> None:
        assert self._deadline is not None
        left = self._deadline - self._timeline.now
        if left > 0:
            self._timeline.after(left, self._look)
        else:
            self._bite()
