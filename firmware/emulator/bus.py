# SPDX-License-Identifier: MIT
"""The peripheral bus: blocks of known registers, and an error for every access to anything else."""

from __future__ import annotations

from typing import ClassVar

from .errors import EmulatorError


class Peripheral:
    """Registers at `base` that keep what is written; subclasses add what reading or writing one does.

    `reset` lists every register that exists here (offset → reset value); others are refused.
    """

    name: str = "?"
    base: int = 0
    reset: ClassVar[dict[int, int]] = {}

    def __init__(self) -> None:
        self.values = dict(self.reset)

    def read(self, offset: int) -> int:
        """Word at a known offset (a multiple of 4)."""
        return self.values[offset]

    def write(self, offset: int, value: int) -> None:
        """Store a word at a known offset."""
        self.values[offset] = value

    def read_bytes(self, offset: int, size: int) -> int:
        """Any aligned access; data registers whose access size matters override this."""
        word = self.read(self._known(offset & ~3))
        return (word >> 8 * (offset & 3)) & ((1 << 8 * size) - 1)

    def write_bytes(self, offset: int, value: int, size: int) -> None:
        """As read_bytes; part of a word is merged into what the register holds."""
        word_offset = self._known(offset & ~3)
        if size < 4:
            shift = 8 * (offset & 3)
            mask = ((1 << 8 * size) - 1) << shift
            value = (self.values[word_offset] & ~mask) | (value << shift & mask)
        self.write(word_offset, value)

    def _known(self, offset: int) -> int:
        if offset not in self.reset:
            raise EmulatorError(f"{self.name} has no register at offset {offset:#x} in this model")
        return offset


class Bus:
    """Finds the peripheral of an address by its 1 KB page."""

    PAGE_BITS = 10

    def __init__(self) -> None:
        self._pages: dict[int, Peripheral] = {}

    def attach(self, peripheral: Peripheral, pages: int = 1) -> None:
        """Put a peripheral on the bus; larger ones take several pages."""
        first = peripheral.base >> self.PAGE_BITS
        for page in range(first, first + pages):
            self._pages[page] = peripheral

    def _find(self, address: int) -> Peripheral:
        peripheral = self._pages.get(address >> self.PAGE_BITS)
        if peripheral is None:
            raise EmulatorError("no peripheral of this model is at this address")
        return peripheral

    def read(self, address: int, size: int) -> int:
        """Value of `size` bytes. Raises EmulatorError for unknown registers."""
        peripheral = self._find(address)
        return peripheral.read_bytes(address - peripheral.base, size)

    def write(self, address: int, value: int, size: int) -> None:
        """Store `size` bytes. Raises EmulatorError for unknown registers."""
        peripheral = self._find(address)
        peripheral.write_bytes(address - peripheral.base, value, size)

    def stored(self, address: int) -> int:
        """What a register holds, without the effects of reading it. Raises EmulatorError for an unknown one."""
        block = self._find(address)
        if address - block.base not in block.values:
            raise EmulatorError(f"{block.name} has no register at {address:#010x} in this model")
        return block.values[address - block.base]

    def registers(self) -> dict[int, int]:
        """Address → stored value of every register that differs from its reset value."""
        return {
            block.base + offset: value
            for block in dict.fromkeys(self._pages.values())
            for offset, value in block.values.items()
            if value != block.reset[offset]
        }
