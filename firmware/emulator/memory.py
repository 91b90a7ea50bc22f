# SPDX-License-Identifier: MIT
"""The memories of the STM32H750 and the QSPI window (RM0433 2.3)."""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass

from unicorn import UC_PROT_ALL, UC_PROT_EXEC, UC_PROT_NONE, UC_PROT_READ, UC_PROT_WRITE, Uc

from .errors import EmulatorError
from .image import Image

KIB = 1024


@dataclass(frozen=True)
class Region:
    """A memory; `protection` in unicorn's bits."""

    name: str
    base: int
    size: int
    protection: int

    def holds(self, address: int) -> bool:
        """True when the address lies in this memory."""
        return self.base <= address < self.base + self.size


ITCM = Region("ITCM", 0x00000000, 64 * KIB, UC_PROT_ALL)
FLASH = Region("flash", 0x08000000, 128 * KIB, UC_PROT_READ | UC_PROT_EXEC)
DTCM = Region("DTCM", 0x20000000, 128 * KIB, UC_PROT_READ | UC_PROT_WRITE)
AXI = Region("AXI SRAM", 0x24000000, 512 * KIB, UC_PROT_ALL)
D2 = Region("D2 SRAM", 0x30000000, 288 * KIB, UC_PROT_READ | UC_PROT_WRITE)
D3 = Region("D3 SRAM", 0x38000000, 64 * KIB, UC_PROT_READ | UC_PROT_WRITE)
SYSTEM = Region("system memory", 0x1FF1E000, 4 * KIB, UC_PROT_READ)
LOADER = Region("DFU loader", 0x1FF09000, 4 * KIB, UC_PROT_READ | UC_PROT_EXEC)
LOADER_START = 0x1FF09800
"""The loader's vectors in the ROM (AN2606); here a program that sleeps for ever (wfi, and again)."""
REGIONS = (ITCM, FLASH, DTCM, AXI, D2, D3, LOADER, SYSTEM)
UNIQUE_NUMBER = 0x1FF1E800
"""Where the chip keeps its 12-byte number (RM0433 61.1)."""
QSPI = Region("QSPI", 0x90000000, 8 * 1024 * KIB, UC_PROT_READ)
SDRAM = Region("SDRAM", 0xC0000000, 64 * 1024 * KIB, UC_PROT_READ | UC_PROT_WRITE)


BACKUP_BYTES = 4 * KIB
BACKUP = Region("backup SRAM", 0x38800000, BACKUP_BYTES, UC_PROT_READ | UC_PROT_WRITE)


def map_memories(uc: Uc, image: Image) -> None:
    """Create the memories, filled with 0xA5 (RAM holds no zeros at power-up), and load the image."""
    for region in REGIONS:
        uc.mem_map(region.base, region.size, region.protection)
        uc.mem_write(region.base, (b"\xff" if region is FLASH else b"\xa5") * region.size)
    uc.mem_write(LOADER_START, struct.pack("<IIHH", DTCM.base + 0x2000, LOADER_START + 8 | 1, 0xBF30, 0xE7FD))
    for address, data in image.segments:
        if not (FLASH.holds(address) and FLASH.holds(address + len(data) - 1)):
            raise EmulatorError(f"the image puts {len(data)} bytes at {address:#010x}, outside the 128 KB of flash")
        uc.mem_write(address, data)


class BackupSram:
    """The caller's 4 KB at 0x38800000, which a reset leaves alone: there with its clock, writable once unlocked."""

    def __init__(self, uc: Uc, content: bytearray) -> None:
        self._uc = uc
        self._buffer = (ctypes.c_char * len(content)).from_buffer(content)
        self._clocked = self._unlocked = False
        uc.mem_map_ptr(BACKUP.base, len(content), UC_PROT_NONE, ctypes.addressof(self._buffer))

    def clock(self, on: bool) -> None:
        """RCC_AHB4ENR.BKPRAMEN."""
        if on != self._clocked:
            self._clocked = on
            self._protect()

    def unlock(self, on: bool) -> None:
        """PWR_CR1.DBP."""
        if on != self._unlocked:
            self._unlocked = on
            self._protect()

    def _protect(self) -> None:
        readable = UC_PROT_READ if self._clocked else UC_PROT_NONE
        self._uc.mem_protect(
            BACKUP.base, BACKUP_BYTES, readable | (UC_PROT_WRITE if readable and self._unlocked else 0)
        )


class QspiWindow:
    """The caller's bytes, readable at 0x90000000 while mapped."""

    def __init__(self, uc: Uc, content: bytearray) -> None:
        self._uc, self._size = uc, len(content)
        self._buffer = (ctypes.c_char * len(content)).from_buffer(content)
        uc.mem_map_ptr(QSPI.base, len(content), UC_PROT_NONE, ctypes.addressof(self._buffer))

    def show(self, mapped: bool) -> None:
        """Open or close the window."""
        self._uc.mem_protect(QSPI.base, self._size, UC_PROT_READ if mapped else UC_PROT_NONE)


class Sdram:
    """64 MB that nobody reaches before the FMC has started them; zeros then, so that unused ones cost nothing."""

    def __init__(self, uc: Uc) -> None:
        self._uc = uc
        uc.mem_map(SDRAM.base, SDRAM.size, UC_PROT_NONE)

    def show(self, on: bool) -> None:
        """Open or close it."""
        self._uc.mem_protect(SDRAM.base, SDRAM.size, SDRAM.protection if on else UC_PROT_NONE)
