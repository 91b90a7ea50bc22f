# SPDX-License-Identifier: MIT
"""Where an image's flash and RAM go, part by part: the linker's map, held against the ELF file's sections.

What is unpacked to RAM counts in flash with the bytes of the packed stream that make it (pack.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from . import pack
from .errors import EmulatorError
from .image import load_image

FLASH = "FLASH"
PACKED = ".packed"
PARTS = ("nn", "dsp", "app", "board", "usb", "bench", "tables", "voice", "library", "stack", "filling")
"""nn: the graph runner and its kernels; tables: their constants and dsp's; voice: the one built in, and in RAM the
arenas that voices live in; bench: what `lottava bench` runs on a board; library: the compiler's and C's; filling: up to
an address that something must start at."""

_OBJECT = re.compile(r"^ (\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$")
_ARCHIVE = re.compile(r"^.*/(?=[^/]+\.a\()")
_LONG_NAME = re.compile(r"^ (\.\S+|COMMON)$")
_MEMORY = re.compile(r"^(\w+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)(?:\s+[rwx!ail]+)?\s*$")
_ARENA = re.compile(r"(?:dtcm|axi)_E?$")
_INSTRUMENT = re.compile(r"(?:module|console|inputs|outputs)_E?$")
"""Objects of the application that main.cc owns."""


@dataclass(frozen=True)
class Piece:
    """One input section. section: of the image; name: as the compiler called it; source: object file or archive;
    address: where it runs; flashed: its bytes in flash, 0 where nothing is stored."""

    section: str
    name: str
    source: str
    bytes: int
    address: int = 0
    flashed: int = 0

    @property
    def part(self) -> str:
        """Which of PARTS it belongs to."""
        if ".a(" in self.source:
            return "library"
        if self.name.endswith("lottava_voice") or self.section == ".axi" or _ARENA.search(self.name):
            return "voice"
        folders = self.source.split("/")
        if "tinyusb" in self.source or folders[-1].startswith("usb"):
            return "usb"
        if folders[0] in ("nn", "dsp") and self.name.startswith(".rodata"):
            return "tables"
        if folders[0] == "boards":
            return "app" if _INSTRUMENT.search(self.name) else "board"
        return folders[0] if folders[0] in PARTS else "filling"


@dataclass(frozen=True)
class Size:
    """Bytes of an image. uses: (part, memory) → bytes, FLASH being what the .bin holds; memories: name → capacity."""

    pieces: tuple[Piece, ...]
    uses: Counter[tuple[str, str]]
    memories: dict[str, int]

    def total(self, memory: str, without: tuple[str, ...] = ()) -> int:
        """Bytes used of a memory, some parts left out."""
        return sum(count for (part, where), count in self.uses.items() if where == memory and part not in without)

    def largest(self, count: int) -> list[Piece]:
        """The pieces that take most flash, the voice left out."""
        held = [piece for piece in self.pieces if piece.flashed and piece.part != "voice"]
        return sorted(held, key=lambda piece: (-piece.flashed, piece.name))[:count]


def measure(elf: Path) -> Size:
    """Size of an image from its ELF file and the .map beside it. Raises EmulatorError where one is missing or wrong."""
    mapped = elf.with_suffix(".map")
    for path in (elf, mapped):
        if not path.is_file():
            raise EmulatorError(f"{path} does not exist; build it with `make -C firmware seed`")
    text = mapped.read_text(encoding="utf-8", errors="replace")
    memories = _memories(text)
    sections = _sections(elf)
    pieces = _flashed(tuple(_pieces(text, str(elf.parent))), sections, _packed(elf))
    uses: Counter[tuple[str, str]] = Counter()
    for section in sections:
        name, bytes_, memory = section["name"], section["bytes"], _memory_at(memories, section["address"])
        held = Counter({"stack": bytes_}) if name == ".stack" else Counter[str]()
        for piece in pieces if name != PACKED else ():
            if piece.section == name:
                held[piece.part] += piece.bytes
        left = bytes_ - held.total()
        held["filling"] += left
        if left < 0:
            raise EmulatorError(f"{mapped} is not the map of {elf}: more bytes than {name} has; build both again")
        for part, count in held.items() if memory != FLASH else ():
            uses[part, memory] += count
    for piece in pieces:
        uses[piece.part, FLASH] += piece.flashed
    end = max(one["address"] + one["bytes"] for one in sections if _memory_at(memories, one["address"]) == FLASH)
    uses["filling", FLASH] += end - memories[FLASH][0] - sum(n for (_, where), n in uses.items() if where == FLASH)
    return Size(pieces, uses, {name: length for name, (_, length) in memories.items()})


def _packed(elf: Path) -> dict[int, list[int]]:
    """First address of each section that is unpacked → bytes of the stream by byte of the section."""
    image = load_image(elf)
    if "packed_image" not in image.symbols:
        return {}
    stream, after = (image.symbols[name] for name in ("packed_image", "packed_image_end"))
    base, data = next((at, data) for at, data in image.segments if at <= stream < at + len(data))
    places = [(image.symbols[f"_{name}_start"], image.symbols[f"_{name}_end"]) for name in pack.SECTIONS]
    _, shares = pack.unpack(data[stream - base : after - base], sum(end - start for start, end in places))
    found = {}
    for start, end in places:
        found[start], shares = shares[: end - start], shares[end - start :]
    return found


def _flashed(
    pieces: tuple[Piece, ...], sections: list[dict[str, Any]], packed: dict[int, list[int]]
) -> tuple[Piece, ...]:
    """The pieces with what they take of flash."""
    shares = {section["name"]: packed[section["address"]] for section in sections if section["address"] in packed}
    starts = {section["name"]: section["address"] for section in sections}
    stored = {section["name"] for section in sections if section["stored"]}

    def bytes_of(piece: Piece) -> int:
        if piece.section in shares:
            first = piece.address - starts[piece.section]
            return sum(shares[piece.section][first : first + piece.bytes])
        return piece.bytes if piece.section in stored and piece.section != PACKED else 0

    return tuple(replace(piece, flashed=bytes_of(piece)) for piece in pieces)


def _memories(text: str) -> dict[str, tuple[int, int]]:
    """Name → (first address, length) of the linker script's memories."""
    found = (_MEMORY.match(line) for line in text.partition("Linker script and memory map")[0].splitlines())
    return {match[1]: (int(match[2], 16), int(match[3], 16)) for match in found if match}


def _memory_at(memories: dict[str, tuple[int, int]], address: int) -> str:
    for name, (start, length) in memories.items():
        if start <= address < start + length:
            return name
    raise EmulatorError(f"the image has a section at 0x{address:08x}, where the linker script has no memory")


def _pieces(text: str, folder: str) -> Iterator[Piece]:
    """Every input section that was kept; object files are named from the build folder on."""
    section = name = ""
    for line in text.partition("Linker script and memory map")[2].splitlines():
        if line.startswith("."):
            section = line.split()[0]
        elif long := _LONG_NAME.match(line):
            name = long[1]
        elif match := _OBJECT.match(line if not line.startswith("  ") else f" {name} {line.lstrip()}"):
            source = _ARCHIVE.sub("", match[4].removeprefix(folder).lstrip("/"))
            if int(match[3], 16) and not source.startswith("load address"):
                yield Piece(section, match[1], source, int(match[3], 16), int(match[2], 16))
            name = ""


def _sections(elf: Path) -> list[dict[str, Any]]:
    """Sections that take memory: name, run address, bytes, and whether the file stores them."""
    try:
        with elf.open("rb") as file:
            return [
                {
                    "name": section.name,
                    "address": section["sh_addr"],
                    "bytes": section["sh_size"],
                    "stored": section["sh_type"] != "SHT_NOBITS",
                }
                for section in ELFFile(file).iter_sections()
                if section["sh_flags"] & 2 and section["sh_size"]
            ]
    except ELFError as error:
        raise EmulatorError(f"{elf} is not an ELF file ({error}); pass the .elf, not the .bin") from error
