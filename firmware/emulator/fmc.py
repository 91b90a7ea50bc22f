# SPDX-License-Identifier: MIT
"""The FMC's first SDRAM bank with the Seed's AS4C16M32MSA on it (RM0433 22.9): memory only after the proper start."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from .bus import Peripheral
from .errors import EmulatorError
from .rcc import Rcc
from .timeline import Timeline

NOR_CONTROL, CONTROL, TIMING, COMMAND, REFRESH, STATUS = 0x000, 0x140, 0x148, 0x150, 0x154, 0x158
ENABLE = 1 << 31
GEOMETRY = 1 | 2 << 2 | 2 << 4 | 1 << 6
"""9 columns, 13 rows, 32 bits, four banks."""
START_CLOCK, PRECHARGE_ALL, AUTO_REFRESH, LOAD_MODE = 1, 2, 3, 4
ROWS, REFRESH_SECONDS = 8192, 64e-3
POWER_UP_SECONDS = 100e-6
HIGHEST_HZ = 166e6
CAS_3 = 3
PINS = {3: 0xC703, 4: 0xFF83, 5: 0xF83F, 6: 0x8137, 7: 0xFF2C, 8: 0x06FF}
"""Port (0 = A) → its pins on the chip: D0-31, A0-12, BA0-1, NBL0-3, SDCLK, SDCKE0, SDNE0, NRAS, NCAS, SDNWE."""


class Fmc(Peripheral):
    """`show(bool)` opens the memory once it is refreshed; `wired()`: every line of PINS is the FMC's."""

    name, base = "FMC", 0x52004000
    reset: ClassVar[dict[int, int]] = {
        **{NOR_CONTROL: 0x30DB, CONTROL: 0x2D0, 0x144: 0x2D0, TIMING: 0x0FFFFFFF, 0x14C: 0x0FFFFFFF},
        **{COMMAND: 0, REFRESH: 0, STATUS: 0},
    }

    def __init__(self, rcc: Rcc, timeline: Timeline, show: Callable[[bool], None], wired: Callable[[], bool]) -> None:
        super().__init__()
        self._rcc, self._timeline, self._show, self._wired = rcc, timeline, show, wired
        self._done: list[int] = []
        self._clock_since = 0.0

    @property
    def clock_hz(self) -> float:
        """SDCLK: PLL2 R by 2 or 3."""
        if self._rcc.values[0x4C] & 3 != 2:
            raise EmulatorError("FMC: the kernel clock must be PLL2 R (RCC_D1CCIPR)")
        divider = self.values[CONTROL] >> 10 & 3
        if divider < 2:
            raise EmulatorError("FMC: the SDRAM's clock is off (SDCLK in FMC_SDCR1)")
        return self._rcc.pll_hz(2, "r") / divider

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xD4, 12, self.name)
        self.values[offset] = value
        if offset == COMMAND:
            self._command(value)
        elif offset == REFRESH:
            self._refresh(value >> 1 & 0x1FFF)

    def _command(self, value: int) -> None:
        kind, refreshes, mode = value & 7, (value >> 5 & 15) + 1, value >> 9 & 0x1FFF
        if not value & 1 << 4 or not self.values[NOR_CONTROL] & ENABLE or not self._wired():
            raise EmulatorError(
                "FMC: a command to no bank, before the controller is on, or with pins that aren't its own"
            )
        if self.values[CONTROL] & 0x7F != GEOMETRY or self.clock_hz > HIGHEST_HZ:
            raise EmulatorError("FMC: FMC_SDCR1 describes another chip than an AS4C16M32MSA-6")
        if kind == START_CLOCK:
            self._clock_since = self._timeline.now
        elif kind == PRECHARGE_ALL and self._timeline.now - self._clock_since < POWER_UP_SECONDS * self._rcc.core_hz:
            raise EmulatorError("FMC: the SDRAM wants 100 us of clock before the first command")
        elif kind == AUTO_REFRESH and refreshes < 2:
            raise EmulatorError("FMC: the SDRAM wants two refreshes before its mode is set")
        elif kind == LOAD_MODE and (mode >> 4 & 7 != CAS_3 or self.values[CONTROL] >> 7 & 3 != CAS_3):
            raise EmulatorError("FMC: chip and controller must agree on CAS latency 3")
        self._done.append(kind)
        if self._done != [START_CLOCK, PRECHARGE_ALL, AUTO_REFRESH, LOAD_MODE][: len(self._done)]:
            raise EmulatorError(f"FMC: commands {self._done} are not the SDRAM's start-up sequence")

    def _refresh(self, count: int) -> None:
        seconds = (count + 20) / self.clock_hz
        if count and (self._done[-1:] != [LOAD_MODE] or seconds > REFRESH_SECONDS / ROWS * 1.001):
            raise EmulatorError(f"FMC: a row every {seconds * 1e6:.2f} us loses data, or the chip isn't started yet")
        self._show(bool(count))
