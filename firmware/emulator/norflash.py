# SPDX-License-Identifier: MIT
"""The IS25LP064A: erase sets bits, programming clears them; both take time, and interrupted they leave a mixture."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from .errors import EmulatorError

CHIP_BYTES, SECTOR_BYTES, PAGE_BYTES = 8 << 20, 4096, 256
ERASE_SECONDS, PROGRAM_SECONDS, STATUS_SECONDS = 0.3, 0.8e-3, 15e-3
"""Maxima of the data sheet's table of AC characteristics (sector erase, page program, status register)."""

WRITE_STATUS, PAGE_PROGRAM, READ_STATUS, WRITE_ENABLE = 0x01, 0x02, 0x05, 0x06
SECTOR_ERASE, RESET_ENABLE, RESET, SET_READ_PARAMETERS, QUAD_READ = 0x20, 0x66, 0x99, 0xC0, 0xEB
SECONDS = {SECTOR_ERASE: ERASE_SECONDS, PAGE_PROGRAM: PROGRAM_SECONDS, WRITE_STATUS: STATUS_SECONDS}
IN_PROGRESS, WRITE_ENABLED, BLOCK_PROTECTION, QUAD_ENABLED, STATUS_LOCK, KEPT_STATUS = 1, 2, 0x3C, 0x40, 0x80, 0xFC
"""Any block protection counts as protecting everything; the lock holds while WP is low and quad mode off."""


@dataclass(frozen=True)
class Operation:
    """A command as it is given: where it changes the content, from what to what (empty: nowhere)."""

    code: int
    start: int = 0
    before: bytes = b""
    after: bytes = b""


def torn(before: bytes, after: bytes, draw: random.Random) -> bytes:
    """What an interrupted change leaves: some of what changes is as before, some as after; whole bytes or bits."""
    share = draw.choice((0.0, 0.01, 0.5, 0.99, 1.0, draw.random()))
    if draw.random() < 0.5:
        masks = bytes(0xFF if draw.random() < share else 0 for _ in before)
    else:
        masks = bytes(sum((draw.random() < share) << bit for bit in range(8)) for _ in before)
    return bytes(old & ~mask | new & mask for old, new, mask in zip(before, after, masks, strict=True))


class NorFlash:
    """`content` (8 MB) belongs to the caller; with the status bits that are kept it survives `power_up`.

    watch: called with each Operation before it takes effect. defects: address → bits that no erase or program moves
    from 1; present: False for a chip that doesn't answer; write_protected: asked for the level of its WP pin.
    """

    def __init__(self, content: bytearray) -> None:
        self.watch: Callable[[Operation], None] = lambda _operation: None
        self.defects: dict[int, int] = {}
        self.present = True
        self.write_protected: Callable[[], bool] = lambda: False
        self.random = random.Random(0)
        if len(content) != CHIP_BYTES:
            raise EmulatorError(f"the QSPI flash holds {CHIP_BYTES} bytes, not {len(content)}")
        self.content = content
        self._status = 0
        self._seconds: Callable[[], float] = lambda: 0.0
        self._change: Operation | None = None
        self._busy_until = 0.0
        self.power_up()

    def power_up(self) -> None:
        """Lose what needs power; a change that was going on is torn."""
        self._abort()
        self._status &= KEPT_STATUS
        self._read_parameters = 0
        self._reset_enabled = False

    def follow(self, seconds: Callable[[], float]) -> None:
        """Another clock from now on, as the rest of the module is reset; a change that goes on takes its time."""
        left = self._busy_until - self._seconds()
        self._seconds = seconds
        self._busy_until = seconds() + left

    def _abort(self) -> None:
        if self.busy and self._change is not None:
            change = self._change
            if change.code == WRITE_STATUS:
                self._status = torn(change.before, change.after, self.random)[0]
            else:
                self._store(change.start, torn(change.before, change.after, self.random))
        self._busy_until = self._seconds()
        self._change = None

    def _store(self, start: int, data: bytes) -> None:
        self.content[start : start + len(data)] = data
        for address, bits in self.defects.items():
            if start <= address < start + len(data):
                self.content[address] |= bits

    @property
    def busy(self) -> bool:
        """True while an erase, a program or a status write goes on."""
        return self._seconds() < self._busy_until

    @property
    def can_be_mapped(self) -> bool:
        """True when quad reads with six dummy cycles give data."""
        return self.present and bool(self._status & QUAD_ENABLED) and not self.busy

    @property
    def status(self) -> int:
        """The status register's bits that are kept without power; settable, as by an accident."""
        return self._status & KEPT_STATUS

    @status.setter
    def status(self, bits: int) -> None:
        self._status = bits & KEPT_STATUS

    def command(self, code: int, address: int = 0, data: bytes = b"", read_bytes: int = 0) -> bytes:
        """One transaction. Raises EmulatorError for what the chip would silently ignore."""
        if not self.present:
            return b"\xff" * read_bytes
        if code == READ_STATUS:
            self.watch(Operation(code))
            status = self._status | IN_PROGRESS * self.busy
            return bytes([status]) * read_bytes
        if self.busy and code not in (RESET_ENABLE, RESET):
            raise EmulatorError(f"QSPI flash command {code:#04x} while the chip is busy; poll the status first")
        if code in SECONDS:
            self._begin(self._planned(code, address, data))
        else:
            self.watch(Operation(code))
            self._at_once(code, data)
        return b""

    def _at_once(self, code: int, data: bytes) -> None:
        if code in (RESET_ENABLE, RESET):
            self._reset(code)
        elif code == WRITE_ENABLE:
            self._status |= WRITE_ENABLED
        elif code == SET_READ_PARAMETERS:
            self._read_parameters = data[0]
        else:
            raise EmulatorError(f"QSPI flash command {code:#04x} is not modelled")

    def _reset(self, code: int) -> None:
        if code == RESET and self._reset_enabled:
            self._abort()
            self._status &= ~WRITE_ENABLED
            self._read_parameters = 0
        self._reset_enabled = code == RESET_ENABLE

    def _planned(self, code: int, address: int, data: bytes) -> Operation:
        if code == WRITE_STATUS:
            locked = self._status & STATUS_LOCK and not self._status & QUAD_ENABLED and self.write_protected()
            wanted = self.status if locked else data[0] & KEPT_STATUS
            return Operation(code, 0, bytes([self.status]), bytes([wanted]))
        protected = self._status & BLOCK_PROTECTION
        unit = SECTOR_BYTES if code == SECTOR_ERASE else PAGE_BYTES
        start = address // unit * unit
        before = bytes(self.content[start : start + unit])
        after = bytearray(b"\xff" * unit if code == SECTOR_ERASE and not protected else before)
        for index, byte in enumerate(b"" if protected else data):
            after[(address + index) % PAGE_BYTES] &= byte
        return Operation(code, start, before, bytes(after))

    def _begin(self, change: Operation) -> None:
        self.watch(change)
        if not self._status & WRITE_ENABLED:
            raise EmulatorError(f"QSPI flash command {change.code:#04x} without write enable before it")
        self._status &= ~WRITE_ENABLED
        if change.code == WRITE_STATUS:
            self._status = change.after[0]
        else:
            self._store(change.start, change.after)
        self._change = change
        self._busy_until = self._seconds() + SECONDS[change.code]
