# SPDX-License-Identifier: MIT
"""ADC1 in continuous scan with circular DMA (RM0433 25)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .bus import Peripheral
from .dma import Dma
from .errors import EmulatorError
from .rcc import Rcc
from .timeline import Timeline

REQUEST = 9
ENABLE, START, CALIBRATE = 1 << 0, 1 << 2, 1 << 31
SAMPLING_CYCLES = (1.5, 2.5, 8.5, 16.5, 32.5, 64.5, 387.5, 810.5)
CONVERSION_CYCLES = 8.5
"""Successive approximation of 16 bits (RM0433 25.4.13)."""
PRESCALERS = (1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256)
SILICON_DIVIDER = 2
"""Revision V halves the ADC clock inside: that is why ST's start-up leaves BOOST at 0 for 12.3 MHz."""


class Adc(Peripheral):
    """`convert(channels)` gives the 16-bit codes of one scan, noise included."""

    name, base = "ADC1", 0x40022000
    reset: ClassVar[dict[int, int]] = {
        **dict.fromkeys((0x00, 0x04, 0x0C, 0x10, 0x14, 0x18, 0x1C), 0),
        **dict.fromkeys((0x30, 0x34, 0x38, 0x3C, 0x40, 0x300, 0x308), 0),
        0x08: 0x20000000,
    }

    def __init__(
        self, dma: Dma, rcc: Rcc, timeline: Timeline, convert: Callable[[Sequence[int]], NDArray[np.uint16]]
    ) -> None:
        super().__init__()
        self._dma, self._rcc, self._timeline, self._convert = dma, rcc, timeline, convert

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xD8, 5, self.name)
        if offset == 0x08:
            starting = value & START and not self.values[0x08] & START
            value &= ~CALIBRATE
            self.values[0x08] = value
            if value & ENABLE:
                self.values[0x00] |= 1
            if starting:
                self._start()
        elif offset == 0x00:
            self.values[0x00] &= ~value | value & ENABLE & self.values[0x08]
        else:
            self.values[offset] = value

    @property
    def channels(self) -> list[int]:
        """The scan, in order."""
        words = [self.values[0x30 + 4 * n] for n in range(4)]
        slots = [words[n // 5] >> 6 * (n % 5) & 31 for n in range(1, 18)]
        return slots[: (words[0] & 15) + 1]

    @property
    def scan_seconds(self) -> float:
        """Duration of a scan of all channels with oversampling."""
        prescaler = PRESCALERS[self.values[0x308] >> 18 & 15]
        clock_hz = self._rcc.pll_hz(3, "r") / prescaler / SILICON_DIVIDER
        oversampling = (self.values[0x10] >> 16 & 1023) + 1 if self.values[0x10] & 1 else 1
        sampling = [self.values[0x14 + 4 * (c // 10)] >> 3 * (c % 10) & 7 for c in self.channels]
        cycles = sum(SAMPLING_CYCLES[code] + CONVERSION_CYCLES for code in sampling)
        return cycles * oversampling / clock_hz

    def _start(self) -> None:
        if self.values[0x0C] & (1 << 13 | 3) != 1 << 13 | 3:
            raise EmulatorError("ADC1: only continuous conversion with circular DMA is modelled")
        if self.values[0x10] & 1 and (self.values[0x10] >> 16 & 1023) + 1 != 1 << (self.values[0x10] >> 5 & 15):
            raise EmulatorError("ADC1: oversampling ratio and right shift must agree, or codes are not 16 bits")
        for channel in self.channels:
            if not self.values[0x1C] >> channel & 1:
                raise EmulatorError(f"ADC1: channel {channel} is converted but not preselected (PCSEL)")
        if self._rcc.values[0x58] >> 16 & 3 != 1:
            raise EmulatorError("ADC1: the kernel clock must be PLL3 R (RCC_D3CCIPR)")
        self._timeline.after(self.scan_seconds * self._rcc.core_hz, self._scan_done)

    def _scan_done(self) -> None:
        codes = self._convert(self.channels).astype("<u2")
        self.values[0x40] = int(codes[-1])
        self._dma.deliver(REQUEST, codes.tobytes())
        self._timeline.after(self.scan_seconds * self._rcc.core_hz, self._scan_done)
