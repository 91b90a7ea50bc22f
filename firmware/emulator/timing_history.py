# SPDX-License-Identifier: MIT
"""What the order of events decides, whatever their times: which line is cached, which branch is guessed right."""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum

from .decode import Instruction
from .memory import AXI, D2, D3, DTCM, FLASH, ITCM, QSPI
from .timing_rules import CACHE_BYTES, CACHE_LINE_BYTES, DATA_WAYS, INSTRUCTION_WAYS

NO_ACCESS = -1
STALLS = (
    *("", "unaligned_load", "axi_line", "flash_line", "qspi_line"),
    *("uncached_load", "uncached_store", "peripheral_load", "peripheral_store"),
)
"""Rules of timing_rules.RULES by their numbers in an access code; the first costs nothing."""

_TCM_ENDS = ITCM.base + ITCM.size, DTCM.base, DTCM.base + DTCM.size
_CACHED = ((AXI, STALLS.index("axi_line")), (FLASH, STALLS.index("flash_line")), (QSPI, STALLS.index("qspi_line")))


class Branch(IntEnum):
    """What an instruction did to the flow."""

    NOT_TAKEN = 0
    TAKEN = 1
    NOT_TAKEN_MISPREDICTED = 2
    TAKEN_MISPREDICTED = 3


class Cache:
    """Tags only, least recently used out."""

    def __init__(self, ways: int) -> None:
        self._ways = ways
        self._sets: list[OrderedDict[int, None]] = [
            OrderedDict() for _ in range(CACHE_BYTES // CACHE_LINE_BYTES // ways)
        ]

    def misses(self, address: int) -> bool:
        """Look a line up, and load it when it isn't there."""
        line = address // CACHE_LINE_BYTES
        lines = self._sets[line % len(self._sets)]
        missing = line not in lines
        lines[line] = None
        lines.move_to_end(line)
        if len(lines) > self._ways:
            lines.popitem(last=False)
        return missing


class History:
    """Caches and branch predictor of one core. Show it each instruction in the order of execution."""

    def __init__(self) -> None:
        self._code, self._data = Cache(INSTRUCTION_WAYS), Cache(DATA_WAYS)
        self._predictor: dict[int, int] = {}

    def fetch_misses(self, address: int) -> bool:
        """Whether the instruction has to be brought from flash first; ITCM never stalls."""
        return FLASH.holds(address) and self._code.misses(address)

    def access(self, instruction: Instruction, address: int | None) -> int:
        """Code of a data access: bit 0 the bank (address bit 2), above it the number of the stall in STALLS."""
        if address is None:
            return NO_ACCESS
        bank = address >> 2 & 1
        itcm_end, dtcm, dtcm_end = _TCM_ENDS
        if address < itcm_end or dtcm <= address < dtcm_end:
            unaligned = address & 3 and instruction.kind == "load" and not instruction.narrow
            return bank | 2 if unaligned else bank
        for region, stall in _CACHED:
            if region.holds(address):
                return bank | (stall << 1 if self._data.misses(address) else 0)
        first = "uncached_load" if D2.holds(address) or D3.holds(address) else "peripheral_load"
        return bank | (STALLS.index(first) + bool(instruction.stored)) << 1

    def branch(self, instruction: Instruction, taken: bool) -> Branch:
        """Two-bit counters, first guess right."""
        if not (instruction.conditional and instruction.kind == "branch"):
            return Branch(taken)
        counter = self._predictor.get(instruction.address_at, 2 if taken else 1)
        self._predictor[instruction.address_at] = min(3, counter + 1) if taken else max(0, counter - 1)
        return Branch(taken | ((counter >= 2) != taken) << 1)
