# SPDX-License-Identifier: MIT
"""DAC1 (RM0433 26): two 12-bit channels that TIM6 (41) triggers and a circular DMA stream feeds."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .bus import Peripheral
from .dma import Dma
from .errors import EmulatorError
from .rcc import Rcc

REQUEST = 67
DUAL_CODES = 0x40007420
ENABLES, SETTINGS = 0x00010001, 0x00161016
"""Of CR: both channels on; both triggered by TIM6, the first asks the DMA for both."""
TIMER_HZ = 240e6


class Timer6(Peripheral):
    """TIM6 as a trigger."""

    name, base = "TIM6", 0x40001000
    reset: ClassVar[dict[int, int]] = dict.fromkeys((0x00, 0x04, 0x0C, 0x10, 0x14, 0x24, 0x28), 0) | {0x2C: 0xFFFF}

    def __init__(self, rcc: Rcc) -> None:
        super().__init__()
        self._rcc = rcc

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xE8, 4, self.name)
        self.values[offset] = value

    @property
    def rate_hz(self) -> float:
        """Triggers a second; 0 while it stands or triggers nothing."""
        runs = self.values[0x00] & 1 and self.values[0x04] >> 4 & 7 == 2
        return TIMER_HZ / ((self.values[0x28] + 1) * (self.values[0x2C] + 1)) if runs else 0.0


class Dac(Peripheral):
    """The pins show `pattern` over and over; 0 while the channels are off."""

    name, base = "DAC1", 0x40007400
    reset: ClassVar[dict[int, int]] = dict.fromkeys((0x00, 0x20, 0x2C, 0x30, 0x34, 0x3C), 0)

    def __init__(self, dma: Dma, timer: Timer6, rcc: Rcc) -> None:
        super().__init__()
        self._dma, self._timer, self._rcc = dma, timer, rcc

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xE8, 29, self.name)
        if offset == 0 and value not in (0, SETTINGS, SETTINGS | ENABLES):
            raise EmulatorError(f"DAC1: CR = {value:#010x}; only both channels by TIM6 and DMA are modelled")
        self.values[offset] = value

    @property
    def pattern(self) -> NDArray[np.uint16]:
        """Codes [16, 2] of channels 1 and 2 that follow each other. Raises EmulatorError where none get there."""
        if not self.values[0x00] & ENABLES or not self._timer.rate_hz:
            return np.zeros((1, 2), np.uint16)
        return np.frombuffer(self._dma.buffer(REQUEST, DUAL_CODES), np.uint16).reshape(-1, 2)

    @property
    def codes(self) -> tuple[float, float]:
        """What the pins of channels 1 and 2 show on average, in codes."""
        first, second = self.pattern.mean(axis=0).tolist()
        return first, second
