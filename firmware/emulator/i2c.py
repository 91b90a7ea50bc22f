# SPDX-License-Identifier: MIT
"""I2C2 as a master that writes, byte by byte in time (RM0433 47); at its other end a codec, or nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from .bus import Peripheral
from .codec import Codec
from .errors import EmulatorError
from .rcc import Rcc
from .timeline import Timeline

CONTROL, TRANSFER, TIMING, STATUS, CLEAR, DATA = 0x00, 0x04, 0x10, 0x18, 0x1C, 0x28
EMPTY, WANTS_BYTE, REFUSED, STOPPED, BUSY = 1 << 0, 1 << 1, 1 << 4, 1 << 5, 1 << 15
READ, START, STOP_AT_END = 1 << 10, 1 << 13, 1 << 25
FASTEST_HZ, SLOWEST_HZ = 400e3, 10e3
BITS_PER_BYTE = 9


class I2c(Peripheral):
    """`wired()` is True while both lines are set up as this peripheral's open drains with something pulling up."""

    name, base = "I2C2", 0x40005800
    reset: ClassVar[dict[int, int]] = {
        **dict.fromkeys((CONTROL, TRANSFER, 0x08, 0x0C, TIMING, 0x14, CLEAR, 0x20, 0x24, DATA), 0),
        STATUS: EMPTY,
    }

    def __init__(self, rcc: Rcc, timeline: Timeline, codec: Codec, wired: Callable[[], bool]) -> None:
        super().__init__()
        self._rcc, self._timeline, self._codec, self._wired = rcc, timeline, codec, wired
        self._message = bytearray()

    @property
    def clock_hz(self) -> float:
        """Rate of the bits, from I2C_TIMINGR: (SCLH + 1 + SCLL + 1) units of PRESC + 1 kernel clocks."""
        timing = self.values[TIMING]
        unit = ((timing >> 28) + 1) / self._rcc.apb1_hz
        return 1 / (unit * ((timing >> 8 & 255) + 1 + (timing & 255) + 1))

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xE8, 22, self.name)
        if offset == CLEAR:
            self.values[STATUS] &= ~(value & (REFUSED | STOPPED))
        elif offset == DATA:
            self._take(value & 255)
        elif offset == TRANSFER:
            self.values[offset] = value & ~START
            if value & START:
                self._start(value)
        elif offset == TIMING and self.values[CONTROL] & 1:
            raise EmulatorError("I2C2: the timing is set while the peripheral is off")
        elif offset == STATUS:
            raise EmulatorError("I2C2: flags are cleared through I2C_ICR")
        else:
            self.values[offset] = value
            if offset == CONTROL and not value & 1:
                self.values[STATUS] = EMPTY

    def _start(self, transfer: int) -> None:
        if not self.values[CONTROL] & 1 or not self._wired():
            raise EmulatorError("I2C2 starts while it is off or its pins are not open drains with pull-ups")
        if transfer & READ or not transfer & STOP_AT_END or not transfer >> 16 & 255:
            raise EmulatorError("I2C2: only writes that end by themselves are modelled")
        if not SLOWEST_HZ <= self.clock_hz <= FASTEST_HZ:
            raise EmulatorError(f"I2C2 at {self.clock_hz:.0f} Hz; the WM8731 takes up to 400 kHz")
        self._message.clear()
        self.values[STATUS] |= BUSY
        self._after_a_byte(self._addressed)

    def _after_a_byte(self, action: Callable[[], None]) -> None:
        self._timeline.after(BITS_PER_BYTE / self.clock_hz * self._rcc.core_hz, action)

    def _addressed(self) -> None:
        if self.values[TRANSFER] >> 1 & 127 == self._codec.i2c_address:
            self.values[STATUS] |= WANTS_BYTE
        else:
            self._stop(REFUSED)

    def _take(self, byte: int) -> None:
        if not self.values[STATUS] & WANTS_BYTE:
            raise EmulatorError("I2C2 is given a byte that it didn't ask for")
        self.values[STATUS] &= ~WANTS_BYTE
        self._message.append(byte)
        if len(self._message) == self.values[TRANSFER] >> 16 & 255:
            self._codec.receive(bytes(self._message))
            self._after_a_byte(lambda: self._stop(0))
        else:
            self._after_a_byte(self._want)

    def _want(self) -> None:
        self.values[STATUS] |= WANTS_BYTE

    def _stop(self, flags: int) -> None:
        self.values[STATUS] = self.values[STATUS] & ~BUSY | STOPPED | flags
