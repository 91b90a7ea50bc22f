# SPDX-License-Identifier: MIT
"""Ports A-I (RM0433 11) and the edges of their pins (EXTI, 20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from .bus import Peripheral
from .nvic import Nvic
from .rcc import Rcc, Syscfg

MODE_INPUT, MODE_OUTPUT, MODE_ALTERNATE = 0, 1, 2
IRQ_EXTI_15_TO_10, IRQ_EXTI_9_TO_5 = 40, 23


class Port(Peripheral):
    """One port of 16 pins; `level` asks the outside world about an input."""

    reset: ClassVar[dict[int, int]] = {
        0x00: 0xFFFFFFFF,
        **dict.fromkeys((0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24), 0),
    }

    def __init__(self, index: int, rcc: Rcc, level: Callable[[int, int], bool | None]) -> None:
        self.index, self._rcc, self._level = index, rcc, level
        self.name, self.base = f"GPIO{'ABCDEFGHI'[index]}", 0x58020000 + 0x400 * index
        super().__init__()
        self.listeners: list[Callable[[], None]] = []

    def read(self, offset: int) -> int:
        if offset == 0x10:
            return sum(self.is_high(pin) << pin for pin in range(16))
        return 0 if offset == 0x18 else self.values[offset]

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xE0, self.index, self.name)
        if offset == 0x18:
            self.values[0x14] = (self.values[0x14] & ~(value >> 16) | value) & 0xFFFF
        else:
            self.values[offset] = value
        for listener in self.listeners:
            listener()

    def mode(self, pin: int) -> int:
        """0 input, 1 output, 2 alternate, 3 analogue."""
        return self.values[0x00] >> 2 * pin & 3

    def alternate(self, pin: int) -> int | None:
        """Number of the alternate function that owns a pin, if one does."""
        return self.values[0x20 + 4 * (pin // 8)] >> 4 * (pin % 8) & 15 if self.mode(pin) == MODE_ALTERNATE else None

    def is_open_drain(self, pin: int) -> bool:
        """A pin that only pulls down, with its pull-up on."""
        return bool(self.values[0x04] >> pin & 1) and self.values[0x0C] >> 2 * pin & 3 == 1

    def driven(self, pin: int) -> bool | None:
        """Level to which the port drives a pin; None where it doesn't."""
        return bool(self.values[0x14] >> pin & 1) if self.mode(pin) == MODE_OUTPUT else None

    def is_high(self, pin: int) -> bool:
        """Level of a pin: driven by the port, by the outside, or by its pull resistor."""
        if self.mode(pin) == MODE_OUTPUT:
            return bool(self.values[0x14] >> pin & 1)
        outside = self._level(self.index, pin)
        return bool(self.values[0x0C] >> 2 * pin & 1) if outside is None else outside


class Exti(Peripheral):
    """Edges of lines 5-15 to interrupts."""

    name, base = "EXTI", 0x58000000
    reset: ClassVar[dict[int, int]] = dict.fromkeys((0x00, 0x04, 0x08, 0x80, 0x84, 0x88), 0)

    def __init__(self, syscfg: Syscfg, nvic: Nvic) -> None:
        super().__init__()
        self._syscfg, self._nvic = syscfg, nvic
        nvic.connect(IRQ_EXTI_15_TO_10, lambda: bool(self.values[0x88] & self.values[0x80] & 0xFC00))
        nvic.connect(IRQ_EXTI_9_TO_5, lambda: bool(self.values[0x88] & self.values[0x80] & 0x3E0))

    def write(self, offset: int, value: int) -> None:
        self.values[offset] = self.values[offset] & ~value if offset == 0x88 else value
        self._nvic.update()

    def edge(self, port: int, pin: int, *, rising: bool) -> None:
        """The level of a pin has changed."""
        selected = self.values[0x00 if rising else 0x04] >> pin & 1
        if selected and self._syscfg.exti_port(pin) == port:
            self.values[0x88] |= 1 << pin
            self._nvic.update()
