# SPDX-License-Identifier: MIT
"""The QUADSPI controller in indirect and mapped mode (RM0433 23)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from .bus import Peripheral
from .errors import EmulatorError
from .norflash import QUAD_READ, NorFlash
from .rcc import Rcc

_CONTROL, _STATUS, _CLEAR, _LENGTH, _COMMAND, _ADDRESS, _DATA = 0x00, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x20
_COMPLETE, _BUSY = 1 << 1, 1 << 5
WRITE, READ, MAPPED = 0, 1, 3


class Qspi(Peripheral):
    """Runs a command when its last phase is given; `show(bool)` opens and closes the mapped window."""

    name, base = "QUADSPI", 0x52005000
    reset: ClassVar[dict[int, int]] = dict.fromkeys(
        (0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2C, 0x30), 0
    )

    def __init__(self, chip: NorFlash, rcc: Rcc, show: Callable[[bool], None]) -> None:
        super().__init__()
        self._chip, self._rcc, self._show = chip, rcc, show
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self.mapped = False

    def read_bytes(self, offset: int, size: int) -> int:
        if offset != _DATA:
            return super().read_bytes(offset, size)
        taken, self._outgoing = self._outgoing[:size], self._outgoing[size:]
        return int.from_bytes(taken, "little")

    def write_bytes(self, offset: int, value: int, size: int) -> None:
        if offset != _DATA:
            super().write_bytes(offset, value, size)
            return
        if not self.values[_STATUS] & _BUSY:
            raise EmulatorError("QUADSPI data without a command that takes it")
        self._incoming += (value & (1 << 8 * size) - 1).to_bytes(size, "little")
        if len(self._incoming) > self.values[_LENGTH]:
            self._run()

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xD4, 14, self.name)
        if offset == _CLEAR:
            self.values[_STATUS] &= ~value
        elif offset == _CONTROL:
            if value & 2:
                self._abort()
            self.values[_CONTROL] = value & ~2
        elif offset in (_COMMAND, _ADDRESS):
            if self.values[_STATUS] & _BUSY:
                raise EmulatorError("QUADSPI is busy; abort mapped mode or wait before the next command")
            self.values[offset] = value
            self._begin(offset)
        else:
            self.values[offset] = value

    def _begin(self, offset: int) -> None:
        command = self.values[_COMMAND]
        mode, has_address, has_data = command >> 26 & 3, command >> 10 & 3 != 0, command >> 24 & 3 != 0
        if mode == MAPPED:
            self._map(command)
            return
        if has_address and offset == _COMMAND:
            return
        self.values[_STATUS] |= _BUSY
        if mode == READ or not has_data:
            self._run()

    def _map(self, command: int) -> None:
        if command & 0xFF != QUAD_READ or command >> 18 & 31 != 6 or not self._chip.can_be_mapped:
            raise EmulatorError("QUADSPI: mapped mode needs quad read, six dummy cycles and an idle chip in quad mode")
        self.mapped = True
        self.values[_STATUS] |= _BUSY
        self._show(True)

    def _abort(self) -> None:
        self.values[_STATUS] &= ~_BUSY
        self._incoming.clear()
        if self.mapped:
            self.mapped = False
            self._show(False)

    def _run(self) -> None:
        command = self.values[_COMMAND]
        reading = command >> 26 & 3 == READ
        count = self.values[_LENGTH] + 1 if reading else 0
        data = bytes(self._incoming)
        self._incoming.clear()
        self._outgoing += self._chip.command(command & 0xFF, self.values[_ADDRESS], data, count)
        self.values[_STATUS] = self.values[_STATUS] & ~_BUSY | _COMPLETE
