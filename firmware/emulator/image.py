# SPDX-License-Identifier: MIT
"""An ELF image as values: what goes where, and the names of the code."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from .errors import EmulatorError

FLASH_START, RAM_START = 0x08000000, 0x20000000
"""What lies outside has no place of its own in an image: it is unpacked there, or put there by a test."""


@dataclass(frozen=True)
class Image:
    """segments: what is flashed, (load address, bytes); resident: (run address, bytes, zeros behind them included);
    symbols: name → address; functions: sorted (start, end, name)."""

    segments: tuple[tuple[int, bytes], ...]
    resident: tuple[tuple[int, bytes], ...]
    symbols: dict[str, int]
    functions: tuple[tuple[int, int, str], ...]

    def symbol_at(self, address: int) -> str:
        """Name of the function that holds `address`, or '?'."""
        index = bisect_right(self.functions, (address & ~1, 1 << 32, "")) - 1
        if index >= 0 and address < self.functions[index][1]:
            return self.functions[index][2]
        return "?"


def load_image(path: Path | str) -> Image:
    """Read an ELF file for a Cortex-M. Raises EmulatorError when it isn't one."""
    try:
        with Path(path).open("rb") as file:
            elf = ELFFile(file)
            if elf["e_machine"] != "EM_ARM":
                raise EmulatorError(f"{path} is not an ARM image; build one with `make -C firmware seed`")
            segments = tuple(
                (segment["p_paddr"], segment.data())
                for segment in elf.iter_segments("PT_LOAD")
                if segment["p_filesz"] and FLASH_START <= segment["p_paddr"] < RAM_START
            )
            resident = tuple(
                (segment["p_vaddr"], segment.data() + bytes(segment["p_memsz"] - segment["p_filesz"]))
                for segment in elf.iter_segments("PT_LOAD")
            )
            table = elf.get_section_by_name(".symtab")
            entries = list(table.iter_symbols()) if isinstance(table, SymbolTableSection) else []
    except FileNotFoundError:
        raise EmulatorError(f"{path} does not exist; build it with `make -C firmware seed`") from None
    except ELFError as error:
        raise EmulatorError(f"{path} is not an ELF file ({error}); pass the .elf, not the .bin") from error
    symbols = {entry.name: entry["st_value"] & ~1 for entry in entries if entry.name}
    functions = sorted(
        (entry["st_value"] & ~1, (entry["st_value"] & ~1) + max(entry["st_size"], 2), entry.name)
        for entry in entries
        if entry["st_info"]["type"] == "STT_FUNC"
    )
    return Image(segments, resident, symbols, tuple(functions))
