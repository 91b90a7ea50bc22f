# SPDX-License-Identifier: MIT
"""The LEDs' chain: SPI1 (RM0433 50), TIM3's dimmer (39), two 74HC595 with a common latch and output enable."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from .bus import Peripheral
from .errors import EmulatorError
from .rcc import Rcc

ENABLE, START, SELECTED = 1 << 0, 1 << 9, 1 << 12
END, FILLED = 1 << 3, 1 << 4
CONTROL, SIZE, CONFIG_1, CONFIG_2, STATUS, CLEAR, TRANSMIT = 0x00, 0x04, 0x08, 0x0C, 0x14, 0x18, 0x20
MASTER, KEEP_PINS, SOFTWARE_SELECT, TRANSMIT_ONLY = 1 << 22, 1 << 31, 1 << 26, 1 << 17
FASTEST_HZ = 20e6
"""Of a 74HC595 at 3.3 V over temperature."""


class Spi(Peripheral):
    """SPI1 as a master that sends single frames of 16 bits; `on_frame` gets each of them."""

    name, base = "SPI1", 0x40013000
    reset: ClassVar[dict[int, int]] = {
        **dict.fromkeys((CONTROL, SIZE, CONFIG_2, STATUS, CLEAR, TRANSMIT), 0),
        CONFIG_1: 0x00070007,
    }

    def __init__(self, rcc: Rcc, on_frame: Callable[[int], None]) -> None:
        super().__init__()
        self._rcc, self._on_frame = rcc, on_frame
        self._waiting: list[int] = []

    def write_bytes(self, offset: int, value: int, size: int) -> None:
        """A word to the data register would be two frames."""
        if offset == TRANSMIT and size != 2:
            raise EmulatorError(f"SPI1: frames of 16 bits are written as half words, not as {size} bytes")
        super().write_bytes(offset, value, size)

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xF0, 12, self.name)
        if offset == CLEAR:
            self.values[STATUS] &= ~value
            return
        if offset in (SIZE, CONFIG_1, CONFIG_2) and self.values[CONTROL] & ENABLE:
            raise EmulatorError("SPI1: transfer size and configuration are locked while it is enabled")
        if offset == TRANSMIT:
            if not self.values[CONTROL] & ENABLE:
                raise EmulatorError("SPI1: data are written before it is enabled")
            self._waiting.append(value & 0xFFFF)
            return
        self.values[offset] = value & ~START if offset == CONTROL else value
        if offset == CONTROL and value & START:
            self._transfer()

    def _transfer(self) -> None:
        config = self.values[CONFIG_2]
        if not self.values[CONTROL] & SELECTED or config & (MASTER | SOFTWARE_SELECT) != MASTER | SOFTWARE_SELECT:
            raise EmulatorError("SPI1: a master manages its slave select itself (SSM, SSI), or a mode fault stops it")
        if config & 3 << 17 != TRANSMIT_ONLY or not config & KEEP_PINS or config & 7 << 23:
            raise EmulatorError("SPI1: the LEDs' chain takes transmit only, pins kept, most significant bit first")
        if self.values[CONFIG_1] & 31 != 15 or self.values[SIZE] != 1 or len(self._waiting) != 1:
            raise EmulatorError("SPI1: only transfers of one frame of 16 bits are modelled")
        if self.clock_hz > FASTEST_HZ:
            raise EmulatorError(f"SPI1: {self.clock_hz / 1e6:g} MHz are too fast for a 74HC595")
        self._on_frame(self._waiting.pop())
        self.values[STATUS] |= END | FILLED

    @property
    def clock_hz(self) -> float:
        """Bits per second."""
        if self._rcc.values[0x50] >> 12 & 7:
            raise EmulatorError("SPI1: the kernel clock must be PLL1 Q (RCC_D2CCIP1R)")
        return self._rcc.pll_hz(1, "q") / (2 << (self.values[CONFIG_1] >> 28 & 7))


class Dimmer(Peripheral):
    """TIM3, channel 1 as PWM."""

    name, base = "TIM3", 0x40000400
    reset: ClassVar[dict[int, int]] = {**dict.fromkeys((0x00, 0x14, 0x18, 0x20, 0x28, 0x34), 0), 0x2C: 0xFFFF}

    def __init__(self, rcc: Rcc) -> None:
        super().__init__()
        self._rcc = rcc

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xE8, 1, self.name)
        self.values[offset] = value

    @property
    def low_share(self) -> float | None:
        """Share of the time for which channel 1's pin is low; None while it doesn't drive the pin."""
        if not self.values[0x20] & 1 or not self.values[0x00] & 1:
            return None
        if self.values[0x18] >> 4 & 7 != 6:
            raise EmulatorError("TIM3: only PWM mode 1 is modelled")
        active = min(self.values[0x34] / (self.values[0x2C] + 1), 1.0)
        return active if self.values[0x20] & 2 else 1 - active

    @property
    def frequency_hz(self) -> float:
        """Of the PWM; timers run at twice a divided APB1."""
        clock_hz = self._rcc.apb1_hz * (2 if self._rcc.values[0x1C] >> 6 & 1 else 1)
        return clock_hz / (self.values[0x28] + 1) / (self.values[0x2C] + 1)


class Chain:
    """Two 74HC595 in a row: what was shifted in shows at the latch's rising edge."""

    def __init__(self) -> None:
        self.shifted = self.shown = 0
        self._latch = False

    def shift(self, frame: int) -> None:
        """Sixteen bits, the first one ends up furthest away."""
        self.shifted = frame

    def latch(self, high: bool) -> None:
        """Level of the latch."""
        if high and not self._latch:
            self.shown = self.shifted
        self._latch = high
