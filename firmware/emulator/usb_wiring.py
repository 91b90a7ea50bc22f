# SPDX-License-Identifier: MIT
"""What the two USB cores need around them: pins, 48 MHz that follow a host's frames (RM0433 9 CRS), supply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lottava.board import BOARD

from .bus import Peripheral
from .errors import EmulatorError
from .gpio import Port
from .panel import port_and_pin
from .rcc import Pwr, Rcc

PANEL_VBUS = port_and_pin(BOARD.pins["VBUS_SENSE"])
"""High while a host powers the panel's socket."""

PANEL_PINS = (port_and_pin(BOARD.pins["USB_DM"]), port_and_pin(BOARD.pins["USB_DP"]))


@dataclass(frozen=True)
class Place:
    """Where a core sits. clock: its bit of RCC's AHB1 registers; ulpi: that of its external transceiver's clock."""

    name: str
    base: int
    irq: int
    clock: int
    ulpi: int
    pins: tuple[tuple[int, int], tuple[int, int]]
    alternate: int
    sync_source: int


PLACES = {
    "seed": Place("OTG_FS", 0x40080000, 101, 27, 28, ((0, 11), (0, 12)), 10, 3),
    "panel": Place("OTG_HS", 0x40040000, 77, 25, 26, PANEL_PINS, 12, 2),
}
PAGES = 0xA000 >> 10
"""Of a core: registers, then nine FIFOs of 4 KB."""


class Crs(Peripheral):
    """Trims HSI48 to the frames of a host; the source is chosen while it is off."""

    name, base = "CRS", 0x40008400
    reset: ClassVar[dict[int, int]] = {0x00: 0x2000, 0x04: 0x2022BB7F, 0x08: 0, 0x0C: 0}

    def __init__(self, rcc: Rcc) -> None:
        super().__init__()
        self._rcc = rcc

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xEC, 1, self.name)
        if offset == 0x04 and self.values[0x00] & 1 << 5:
            raise EmulatorError("CRS_CFGR is written while the counter runs")
        self.values[offset] = value

    def follows(self, source: int) -> bool:
        """Trimming by itself to the frames of this source (SYNCSRC)."""
        on = self.values[0x00] & 3 << 5 == 3 << 5
        return on and self.values[0x04] >> 28 & 3 == source and self.values[0x04] & 0xFFFF == 47_999


def find_fault(rcc: Rcc, crs: Crs, power: Pwr, ports: Sequence[Port]) -> Callable[[Place], str]:
    """A function that says what a core at some place lacks; empty when it can work."""

    def fault(place: Place) -> str:
        clocked = rcc.read(0x00) >> 13 & 1 and rcc.values[0x54] >> 20 & 3 == 3
        lacking = {
            "has no clock of 48 MHz from HSI48": not clocked,
            "HSI48 does not follow this port's frames": not crs.follows(place.sync_source),
            "has no supply: PWR_CR3.USB33DEN is off": not power.values[0x0C] >> 24 & 1,
            "its pins are not connected to it": any(
                ports[port].alternate(pin) != place.alternate for port, pin in place.pins
            ),
            "stops whenever the core sleeps: its ULPI clock is on in sleep": bool(rcc.values[0x100] >> place.ulpi & 1),
        }
        return next((words for words, lacks in lacking.items() if lacks), "")

    return fault
