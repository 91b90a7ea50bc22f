# SPDX-License-Identifier: MIT
"""The IS25LP064A: erase sets bits, programming clears them, both take time."""

from __future__ import annotations

from collections.abc import Callable

from .errors import EmulatorError

CHIP_BYTES, SECTOR_BYTES, PAGE_BYTES = 8 << 20, 4096, 256
ERASE_SECONDS, PROGRAM_SECONDS, STATUS_SECONDS = 0.3, 0.8e-3, 15e-3
"""Maxima of the data sheet's table of AC characteristics (sector erase, page program, status register)."""

WRITE_STATUS, PAGE_PROGRAM, READ_STATUS, WRITE_ENABLE = 0x01, 0x02, 0x05, 0x06
SECTOR_ERASE, RESET_ENABLE, RESET, SET_READ_PARAMETERS, QUAD_READ = 0x20, 0x66, 0x99, 0xC0, 0xEB
IN_PROGRESS, WRITE_ENABLED, QUAD_ENABLED = 1, 2, 0x40


class NorFlash:
    """`content` (8 MB) belongs to the caller; with the quad-enable bit it survives `power_up`."""

    def __init__(self, content: bytearray) -> None:
        if len(content) != CHIP_BYTES:
            raise EmulatorError(f"the QSPI flash holds {CHIP_BYTES} bytes, not {len(content)}")
        self.content = content
        self._status = 0
        self.power_up(lambda: 0.0)

    def power_up(self, seconds: Callable[[], float]) -> None:
        """Lose what needs power; `seconds` is the clock from now on."""
        self._seconds = seconds
        self._status &= QUAD_ENABLED
        self._read_parameters, self._busy_until = 0, 0.0
        self._reset_enabled = False

    @property
    def busy(self) -> bool:
        """True while an erase, a program or a status write goes on."""
        return self._seconds() < self._busy_until

    @property
    def can_be_mapped(self) -> bool:
        """True when quad reads with six dummy cycles give data."""
        return bool(self._status & QUAD_ENABLED) and not self.busy

    def command(self, code: int, address: int = 0, data: bytes = b"", read_bytes: int = 0) -> bytes:
        """One transaction. Raises EmulatorError for what the chip would silently ignore."""
        if code == READ_STATUS:
            status = self._status | IN_PROGRESS * self.busy
            return bytes([status]) * read_bytes
        if self.busy:
            raise EmulatorError(f"QSPI flash command {code:#04x} while the chip is busy; poll the status first")
        if code in (RESET_ENABLE, RESET):
            self._reset(code)
        elif code == WRITE_ENABLE:
            self._status |= WRITE_ENABLED
        elif code in (WRITE_STATUS, SECTOR_ERASE, PAGE_PROGRAM, SET_READ_PARAMETERS):
            self._change(code, address, data)
        else:
            raise EmulatorError(f"QSPI flash command {code:#04x} is not modelled")
        return b""

    def _reset(self, code: int) -> None:
        if code == RESET and self._reset_enabled:
            self._status &= ~WRITE_ENABLED
            self._read_parameters = 0
        self._reset_enabled = code == RESET_ENABLE

    def _change(self, code: int, address: int, data: bytes) -> None:
        if code == SET_READ_PARAMETERS:
            self._read_parameters = data[0]
            return
        if not self._status & WRITE_ENABLED:
            raise EmulatorError(f"QSPI flash command {code:#04x} without write enable before it")
        self._status &= ~WRITE_ENABLED
        if code == WRITE_STATUS:
            self._status = data[0] & 0xFC
            seconds = STATUS_SECONDS
        elif code == SECTOR_ERASE:
            start = address // SECTOR_BYTES * SECTOR_BYTES
            self.content[start : start + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES
            seconds = ERASE_SECONDS
        else:
            self._program(address, data)
            seconds = PROGRAM_SECONDS
        self._busy_until = self._seconds() + seconds

    def _program(self, address: int, data: bytes) -> None:
        page = address // PAGE_BYTES * PAGE_BYTES
        for index, byte in enumerate(data):
            self.content[page + (address + index) % PAGE_BYTES] &= byte
