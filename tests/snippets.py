# SPDX-License-Identifier: MIT
"""Assembly for tests of the timing model, through the real assembler."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from elftools.elf.elffile import ELFFile
from lottava.emulator.decode import Instruction, decode

HEAD = ".syntax unified\n.cpu cortex-m7\n.fpu fpv5-d16\n.thumb\n"


@cache
def machine_code(text: str) -> bytes:
    """Code of a snippet, lines or instructions parted by semicolons."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "a.S"), Path(folder, "a.o")
        source.write_text(HEAD + text.replace(";", "\n") + "\n")
        subprocess.run(["arm-none-eabi-gcc", "-c", str(source), "-o", str(target)], check=True)
        with target.open("rb") as file:
            section = ELFFile(file).get_section_by_name(".text")
            assert section is not None
            return section.data()


@cache
def assemble(text: str) -> tuple[Instruction, ...]:
    """Instructions of a snippet, at address 0 (ITCM)."""
    code, instructions, at = machine_code(text), [], 0
    while at < len(code):
        instructions.append(decode(code[at : at + 4], at))
        at += instructions[-1].size
    return tuple(instructions)
