# SPDX-License-Identifier: MIT
"""Who calls whom in an image, read from its instructions: calls, tail calls, and calls through pointers."""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from .decode import decode
from .errors import EmulatorError
from .image import Image, load_image

VECTORS_BYTES = 4 * (16 + 150)
"""The STM32H750's table: stack, reset, 14 of the system, 150 interrupts (RM0433 19.1.2)."""

_ABSOLUTE = {2, 38}
"""R_ARM_ABS32, and R_ARM_TARGET1 of the constructors' table (AAELF32 5.6.1)."""

_TARGET = re.compile(r"#(0x[0-9a-f]+)$")
_PC_LOAD = re.compile(r"^ldr(?:\.w)? pc, \[pc(?:, #(-?(?:0x)?[0-9a-f]+))?\]$")
_MOVE_HALF = re.compile(r"^mov([wt]) (\w+), #(0x[0-9a-f]+|\d+)$")
_DECREMENT = re.compile(r"^(?:sub(?:\.w|w)? sp, (?:sp, )?#|str\w*(?:\.w)? .*\[sp, #-)(0x[0-9a-f]+|\d+)")
_PUSH = re.compile(r"^(?:v?push(?:\.w)?|v?stmdb(?:\.w)? sp!,) \{(.*)\}$")
_ANY_STACK_MOVE = re.compile(r"^(?:mov|sub|add)\w*(?:\.w)? sp, (?!(?:sp, )?#)")


@dataclass(frozen=True)
class Function:
    """calls: entry addresses; indirect: instructions that call through a pointer; pushed: bytes of stack that its
    instructions can take, None where that is computed at run time."""

    name: str
    start: int
    calls: frozenset[int]
    indirect: tuple[str, ...]
    pushed: int | None


@dataclass(frozen=True)
class CallGraph:
    """functions: by entry address; taken: entries whose address lies in data or is made by code, the vector table
    apart; vectors: its handlers, reset apart."""

    image: Image
    functions: dict[int, Function]
    taken: frozenset[int]
    vectors: frozenset[int]

    def named(self, name: str) -> Function:
        """The function of that linker name. Raises KeyError."""
        return self.functions[self.image.symbols[name]]


def _pointers(elf: ELFFile) -> Iterator[int]:
    """Places in the loaded sections that hold an absolute address, as the linker was told (--emit-relocs)."""
    for section in elf.iter_sections():
        if (
            isinstance(section, RelocationSection)
            and elf.get_section(section["sh_info"])["sh_flags"] & SH_FLAGS.SHF_ALLOC
        ):
            yield from (r["r_offset"] for r in section.iter_relocations() if r["r_info_type"] in _ABSOLUTE)


class _Code:
    """Bytes by run address, and where the instructions are among them."""

    def __init__(self, path: Path) -> None:
        self.image = load_image(path)
        with path.open("rb") as file:
            elf = ELFFile(file)
            table = elf.get_section_by_name(".symtab")
            if not isinstance(table, SymbolTableSection):
                raise EmulatorError(f"{path} has no symbols; don't strip it")
            marks = [(s["st_value"], s.name[1]) for s in table.iter_symbols() if s.name[:2] in ("$t", "$d")]
            self.pointers = frozenset(_pointers(elf))
        self.marks = sorted(set(marks))

    def is_code(self, address: int) -> bool:
        """By the assembler's mapping symbols $t and $d; literal pools stand between instructions."""
        index = bisect_right(self.marks, (address, "~")) - 1
        return index < 0 or self.marks[index][1] == "t"

    def read(self, address: int, length: int) -> bytes:
        for start, data in self.image.resident:
            if start <= address < start + len(data):
                return data[address - start : address - start + length]
        return b""

    def instructions(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """(address, text) of each instruction in [start, end)."""
        address = start
        while address < end:
            if not self.is_code(address):
                address += 2
                continue
            found = decode(self.read(address, 4), address)
            yield address, found.text.strip()
            address += found.size


def _stack_bytes(text: str) -> int | None:
    """Bytes by which an instruction moves the stack down; None: by a register."""
    if pushed := _PUSH.match(text):
        registers = pushed[1].replace(" ", "").split(",")
        return sum(8 if name.startswith("d") else 4 for name in registers)
    if moved := _DECREMENT.match(text):
        return int(moved[1], 0)
    return None if _ANY_STACK_MOVE.match(text) else 0


class _Reader:
    """One pass over the functions of an image."""

    def __init__(self, code: _Code) -> None:
        self.code = code
        self.entries = {start: (start, end, name) for start, end, name in reversed(code.image.functions)}
        self.made: set[int] = set()

    def read(self, start: int, end: int, name: str) -> Function:
        calls, indirect, pushed = set(), [], 0
        low: dict[str, int] = {}
        known = True
        for address, text in self.code.instructions(start, end):
            taken = _stack_bytes(text)
            known = known and taken is not None
            pushed += taken or 0
            if half := _MOVE_HALF.match(text):
                self._note_half(low, half[1], half[2], int(half[3], 0))
            target = self._target(address, text)
            if target is not None and (text.startswith("bl ") or not start <= target < end):
                calls.add(target)
            elif self._is_indirect(text):
                indirect.append(f"{name} at {address:#x}: {text}")
        return Function(name, start, frozenset(calls), tuple(indirect), pushed if known else None)

    def _note_half(self, low: dict[str, int], half: str, register: str, value: int) -> None:
        """movw and movt of one register make an address."""
        if half == "w":
            low[register] = value
        elif register in low:
            self.made.add(value << 16 | low[register])

    def _target(self, address: int, text: str) -> int | None:
        mnemonic = text.split()[0]
        if loaded := _PC_LOAD.match(text):  # the linker's veneers between flash and ITCM
            where = (address + 4 & ~3) + int(loaded[1] or "0", 0)
            return struct.unpack("<I", self.code.read(where, 4))[0] & ~1
        if (
            mnemonic.startswith("b")
            and mnemonic[:3] not in ("bfi", "bfc", "bic", "bkp")
            and (hit := _TARGET.search(text))
        ):
            return int(hit[1], 16) & ~1
        return None

    @staticmethod
    def _is_indirect(text: str) -> bool:
        mnemonic, _, operand = text.partition(" ")
        if mnemonic.startswith(("blx", "bx")):
            return operand != "lr" or mnemonic.startswith("blx")
        return mnemonic.startswith(("mov", "ldr")) and operand.startswith("pc,") and "[sp]" not in operand


def read_call_graph(path: Path) -> CallGraph:
    """Of an ELF image with symbols. Raises EmulatorError for a file that is none, or of no ARM."""
    code = _Code(path)
    reader = _Reader(code)
    functions = {start: reader.read(*place) for start, place in reader.entries.items()}
    table = code.image.symbols.get("kVectors", -1)
    places = range(table, table + VECTORS_BYTES)
    words = {at: struct.unpack("<I", code.read(at, 4))[0] for at in code.pointers}
    vectors = {word & ~1 for at, word in words.items() if at in places[8:]}
    made = {word for at, word in words.items() if at not in places} | reader.made
    taken = {word & ~1 for word in made if word & 1}  # the linker sets bit 0 for Thumb code, not for data
    return CallGraph(code.image, functions, frozenset(taken & set(functions)), frozenset(vectors & set(functions)))
