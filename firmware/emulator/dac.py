# SPDX-License-Identifier: MIT
"""DAC1 (RM0433 26): two 12-bit channels, untriggered."""

from __future__ import annotations

from typing import ClassVar

from .bus import Peripheral
from .rcc import Rcc


class Dac(Peripheral):
    """`codes[channel]` is what the pins show; 0 while a channel is off."""

    name, base = "DAC1", 0x40007400
    reset: ClassVar[dict[int, int]] = dict.fromkeys((0x00, 0x08, 0x14, 0x2C, 0x30, 0x3C), 0)

    def __init__(self, rcc: Rcc) -> None:
        super().__init__()
        self._rcc = rcc

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xE8, 29, self.name)
        self.values[offset] = value

    @property
    def codes(self) -> tuple[int, int]:
        """12-bit codes of channels 1 and 2."""
        control = self.values[0x00]
        return (self.values[0x08] & 0xFFF) * (control & 1), (self.values[0x14] & 0xFFF) * (control >> 16 & 1)
