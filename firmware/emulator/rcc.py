# SPDX-License-Identifier: MIT
"""Reset and clock control (RM0433 8), power control (6), flash interface (4) and system configuration (12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from .bus import Peripheral
from .errors import EmulatorError

HSE_HZ = 16e6
HSI_HZ = 64e6
READY_BITS = ((0, 2), (7, 8), (12, 13), (16, 17), (24, 25), (26, 27), (28, 29))
"""Bit of RCC_CR that switches an oscillator or PLL on, and the bit that says it runs."""


AHB1_RESET, RESET_STATUS, AHB4_ENABLE = 0x80, 0xD0, 0xE0
REMOVE_FLAGS = 1 << 16
POWER_ON_FLAGS = 1 << 23 | 1 << 22 | 1 << 21 | 1 << 19
SOFTWARE_FLAGS = 1 << 24 | 1 << 22 | 1 << 17
WATCHDOG_FLAGS = 1 << 26 | 1 << 22 | 1 << 17
"""RCC_RSR after power-up, after SYSRESETREQ, after the independent watchdog (RM0433 8.4.4); they add up."""


def _nobody(_on: bool) -> None:
    """Nothing behind this switch."""


class Rcc(Peripheral):
    """Oscillators are ready at once; frequencies follow from what was programmed.

    flags: RCC_RSR as the last reset left it; backup_clock: told whether the backup SRAM has its clock.
    """

    name, base = "RCC", 0x58024400
    reset: ClassVar[dict[int, int]] = {
        **dict.fromkeys((0x08, 0x10, 0x18, 0x1C, 0x20, 0x3C, 0x44, 0x4C, 0x50, 0x54, 0x58, 0x60, 0x68, 0x80), 0),
        **dict.fromkeys((0x34, 0xD0, 0xD4, 0xD8, 0xDC, 0xE0, 0xE4, 0xE8, 0xEC, 0xF0, 0xF4), 0),
        **{0x00: 0x83, 0x28: 0x02020200, 0x2C: 0x01FF0000, 0x100: 0x1E03C023},
        **dict.fromkeys((0x30, 0x38, 0x40), 0x01010280),
    }

    def __init__(self, flags: int = POWER_ON_FLAGS, backup_clock: Callable[[bool], None] = _nobody) -> None:
        super().__init__()
        self.values[RESET_STATUS] = flags
        self._backup_clock = backup_clock
        self.on_ahb1_reset: dict[int, Callable[[], None]] = {}

    def write(self, offset: int, value: int) -> None:
        if offset == RESET_STATUS:
            value = 0 if value & REMOVE_FLAGS else self.values[offset]
        if offset == AHB1_RESET:
            for bit, restart in self.on_ahb1_reset.items():
                if value >> bit & 1:
                    restart()
        self.values[offset] = value
        if offset == AHB4_ENABLE:
            self._backup_clock(bool(value >> 28 & 1))

    def read(self, offset: int) -> int:
        value = self.values[offset]
        if offset == 0x00:
            for on, ready in READY_BITS:
                value = value & ~(1 << ready) | (value >> on & 1) << ready
            return value | 3 << 14
        if offset == 0x10:
            return value & ~0x38 | (value & 7) << 3
        return value

    def pll_hz(self, number: int, output: str) -> float:
        """Frequency of output 'p', 'q' or 'r' of PLL 1-3; an error when it is off."""
        if not self.values[0x00] >> (22 + 2 * number) & 1:
            raise EmulatorError(f"PLL{number} is used but not switched on")
        if self.values[0x28] & 3 != 2:
            raise EmulatorError("the PLLs of a Seed run from the 16 MHz crystal (HSE)")
        divide_m = self.values[0x28] >> (4 + 8 * (number - 1)) & 63
        dividers = self.values[0x30 + 8 * (number - 1)]
        fraction = (self.values[0x34 + 8 * (number - 1)] >> 3 & 0x1FFF) / 8192
        vco_hz = HSE_HZ / divide_m * ((dividers & 511) + 1 + fraction)
        shift = {"p": 9, "q": 16, "r": 24}[output]
        return vco_hz / ((dividers >> shift & 127) + 1)

    @property
    def core_hz(self) -> float:
        """The core clock: HSI after reset, PLL1 P after the switch."""
        return self.pll_hz(1, "p") if self.values[0x10] & 7 == 3 else HSI_HZ

    @property
    def apb1_hz(self) -> float:
        """Clock of I2C2: core / HPRE / D2PPRE1."""
        return self._apb_hz(4)

    @property
    def apb2_hz(self) -> float:
        """Clock of USART1: core / HPRE / D2PPRE2."""
        return self._apb_hz(8)

    def _apb_hz(self, shift: int) -> float:
        hpre = self.values[0x18] & 15
        ppre = self.values[0x1C] >> shift & 7
        ahb_divider = 1 if hpre < 8 else (2, 4, 8, 16, 64, 128, 256, 512)[hpre - 8]
        return self.core_hz / ahb_divider / (1 if ppre < 4 else 2 << (ppre - 4))

    def require_clock(self, offset: int, bit: int, name: str) -> None:
        """Raise EmulatorError unless the peripheral's clock enable bit is set."""
        if not self.values[offset] >> bit & 1:
            raise EmulatorError(f"{name} is used before its clock is enabled in RCC")


class Pwr(Peripheral):
    """Voltages are always as asked for; `unlock` is told whether the backup domain may be written."""

    name, base = "PWR", 0x58024800
    reset: ClassVar[dict[int, int]] = {0x00: 0xF000C000, 0x04: 0x4000, 0x08: 0, 0x0C: 0x6, 0x10: 0, 0x18: 0x4000}

    def __init__(self, unlock: Callable[[bool], None] = _nobody) -> None:
        super().__init__()
        self._unlock = unlock

    def write(self, offset: int, value: int) -> None:
        self.values[offset] = value
        if offset == 0x00:
            self._unlock(bool(value >> 8 & 1))

    def read(self, offset: int) -> int:
        ready = {0x04: 1 << 13, 0x18: 1 << 13, 0x0C: self.values[offset] << 2 & 1 << 26}
        return self.values[offset] | ready.get(offset, 0)


class FlashInterface(Peripheral):
    """Wait states only: the firmware never writes its own flash."""

    name, base = "FLASH", 0x52002000
    reset: ClassVar[dict[int, int]] = {0x00: 0x37}


class Syscfg(Peripheral):
    """Overdrive and the port of each EXTI line."""

    name, base = "SYSCFG", 0x58000400
    reset: ClassVar[dict[int, int]] = dict.fromkeys((0x04, 0x08, 0x0C, 0x10, 0x14, 0x20, 0x24, 0x28, 0x2C), 0)

    def exti_port(self, line: int) -> int:
        """Port (0 = A) that is connected to an EXTI line."""
        return self.values[0x08 + 4 * (line // 4)] >> 4 * (line % 4) & 15
