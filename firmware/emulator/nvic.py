# SPDX-License-Identifier: MIT
"""The system control space of the Cortex-M7 (PM0253 4): interrupt controller, SysTick, SCB, MPU, caches."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from .bus import Peripheral
from .errors import EmulatorError
from .timeline import Timeline

IRQ_COUNT = 150
HARD_FAULT, MEMORY_FAULT, BUS_FAULT, USAGE_FAULT = 3, 4, 5, 6
SYSTICK_EXCEPTION = 15
FIRST_IRQ_EXCEPTION = 16
LOWEST_PRIORITY = 256
SYSTICK_ON, SYSTICK_INTERRUPT, SYSTICK_FLAG = 1, 2, 1 << 16

_SYSTEM = {
    **{0x010: 0, 0x014: 0, 0x018: 0, 0x01C: 0},
    **{0xD00: 0x411FC271, 0xD04: 0, 0xD08: 0, 0xD0C: 0xFA050000, 0xD10: 0, 0xD14: 0x40200},
    **dict.fromkeys((0xD18, 0xD1C, 0xD20, 0xD24, 0xD28, 0xD2C, 0xD34, 0xD38, 0xD84, 0xD88), 0),
    **{0xD80: 0xF00FE019, 0xD90: 0x1000, 0xD94: 0, 0xD98: 0, 0xD9C: 0, 0xDA0: 0, 0xDF0: 0},
    **dict.fromkeys((0xF50, 0xF58, 0xF5C, 0xF60, 0xF64, 0xF68, 0xF6C, 0xF70, 0xF74), 0),
    **{0xF34: 0xC0000000, 0xF38: 0, 0xF3C: 0, 0xDFC: 0},
}
AIRCR, RESET_REQUEST = 0xD0C, 1 << 2
_NVIC = [base + 4 * n for base in (0x100, 0x180, 0x200, 0x280, 0x300) for n in range(8)]
_PRIORITY = [0x400 + 4 * n for n in range(60)]


class Nvic(Peripheral):
    """Pending, enabled and active exceptions. Sources are levels: a line stays pending while its source asks."""

    name, base = "SCS", 0xE000E000
    reset: ClassVar[dict[int, int]] = {**_SYSTEM, **dict.fromkeys((*_NVIC, *_PRIORITY), 0)}

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline
        self._sources: dict[int, Callable[[], bool]] = {}
        self._enabled: set[int] = set()
        self._pending: set[int] = set()
        self.active: list[int] = []
        self.mpu_regions: dict[int, tuple[int, int]] = {}
        self.reset_requested = False

    def connect(self, irq: int, source: Callable[[], bool]) -> None:
        """Name the function that says whether an interrupt line is asserted."""
        self._sources[irq] = source

    def update(self) -> None:
        """Look at all lines again; call after a source has changed."""
        for irq, source in self._sources.items():
            if irq + FIRST_IRQ_EXCEPTION not in self.active and source():
                self._pending.add(irq + FIRST_IRQ_EXCEPTION)

    def priority(self, exception: int) -> int:
        """0 (first) to 255 of a configurable exception; below 0 for NMI and HardFault."""
        if exception <= HARD_FAULT:
            return exception - 4
        if exception >= FIRST_IRQ_EXCEPTION:
            offset, index = 0x400, exception - FIRST_IRQ_EXCEPTION
        else:
            offset, index = 0xD18, exception - 4
        return self.values[offset + index // 4 * 4] >> 8 * (index % 4) & 0xF0

    @property
    def current_priority(self) -> int:
        """Priority of the code that runs now."""
        return min((self.priority(exception) for exception in self.active), default=LOWEST_PRIORITY)

    def next_exception(self) -> int | None:
        """The exception that preempts what runs now, if any."""
        ready = [e for e in self._pending if e == SYSTICK_EXCEPTION or e - FIRST_IRQ_EXCEPTION in self._enabled]
        if not ready:
            return None
        best = min(ready, key=lambda exception: (self.priority(exception), exception))
        return best if self.priority(best) < self.current_priority else None

    def enter(self, exception: int) -> None:
        """The exception starts: no longer pending, now active."""
        self._pending.discard(exception)
        self.active.append(exception)

    def leave(self) -> None:
        """The innermost exception ends."""
        if not self.active:
            raise EmulatorError("exception return without an active exception")
        self.active.pop()
        self.update()

    def read(self, offset: int) -> int:
        value = self.values[offset]
        if offset == 0xD04:
            return value | (self.active[-1] if self.active else 0)
        if offset == 0x010:
            self.values[offset] &= ~SYSTICK_FLAG
        if 0x200 <= offset < 0x300:
            word = (offset & 0x7F) // 4
            return sum(1 << n for n in range(32) if 32 * word + n + FIRST_IRQ_EXCEPTION in self._pending)
        return value

    def write(self, offset: int, value: int) -> None:
        if 0x100 <= offset < 0x300:
            self._write_set_clear(offset, value)
            return
        if offset == AIRCR:
            if value >> 16 != 0x5FA:
                return
            self.reset_requested = bool(value & RESET_REQUEST)
        if offset in (0xD28, 0xD2C):
            value = self.values[offset] & ~value
        self.values[offset] = value
        if offset == 0xDA0:
            self.mpu_regions[self.values[0xD98]] = (self.values[0xD9C], value)
        if offset == 0x010 and value & SYSTICK_ON:
            self._timeline.after(self.values[0x014] + 1, self._tick)

    def _write_set_clear(self, offset: int, value: int) -> None:
        word = (offset & 0x7F) // 4
        irqs = {32 * word + n for n in range(32) if value >> n & 1}
        kind = offset & 0x380
        if kind == 0x100:
            self._enabled |= irqs
        elif kind == 0x180:
            self._enabled -= irqs
        elif kind == 0x200:
            self._pending |= {irq + FIRST_IRQ_EXCEPTION for irq in irqs}
        else:
            self._pending -= {irq + FIRST_IRQ_EXCEPTION for irq in irqs}
        if kind < 0x200:
            enabled = sum(1 << n for n in range(32) if 32 * word + n in self._enabled)
            self.values[0x100 + 4 * word] = self.values[0x180 + 4 * word] = enabled

    def _tick(self) -> None:
        control = self.values[0x010]
        if not control & SYSTICK_ON:
            return
        self.values[0x010] = control | SYSTICK_FLAG
        if control & SYSTICK_INTERRUPT:
            self._pending.add(SYSTICK_EXCEPTION)
        self._timeline.after(self.values[0x014] + 1, self._tick)


class CycleCounter(Peripheral):
    """DWT: counts virtual cycles, which move by slices of cpu.SLICE_INSTRUCTIONS."""

    name, base = "DWT", 0xE0001000
    reset: ClassVar[dict[int, int]] = {0x000: 0, 0x004: 0, 0xFB0: 0}

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline

    def read(self, offset: int) -> int:
        return int(self._timeline.now) & 0xFFFFFFFF if offset == 0x004 else self.values[offset]
