# SPDX-License-Identifier: MIT
"""Headers and manual say what lottava says: they compile, they are fresh, they agree with the firmware's pins."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from lottava.export import interfaces, manual

from lottava.board import BOARD
from lottava.layout import Layout, item
from lottava.messages import Command
from lottava.record import RecordImage

ROOT = Path(__file__).resolve().parents[1]
PROTOCOL = ROOT / "docs" / "protocol.md"


def test_committed_headers_are_fresh() -> None:
    for name, text in interfaces.headers().items():
        committed = (ROOT / "firmware" / "generated" / name).read_text(encoding="utf-8")
        assert committed == text, f"{name} is stale: run `python -m lottava.export`"


def test_headers_compile_alone_with_every_offset_checked(tmp_path: Path) -> None:
    for name, text in interfaces.headers().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    source = tmp_path / "all.cc"
    source.write_text("".join(f'#include "{name}"\n' for name in interfaces.headers()), encoding="utf-8")
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only"]
    subprocess.run(["g++", *flags, str(source)], check=True)
    assert interfaces.emit_record().count("static_assert") == len(RecordImage.items()) + 1


def test_the_manual_is_fresh_and_holds_every_table_once() -> None:
    text = PROTOCOL.read_text(encoding="utf-8")
    assert manual.refresh(text) == text, "docs/protocol.md is stale: run `python -m lottava.export`"
    assert sorted(re.findall(r"<!-- table: (\w+) -->", text)) == sorted(manual.TABLES)
    assert all(command.name in text for command in Command)


def test_the_figures_in_the_manual_are_those_of_the_log() -> None:
    text = PROTOCOL.with_name("calibrate.md").read_text(encoding="utf-8")
    assert manual.refresh(text) == text, "docs/calibrate.md is stale: run `python -m lottava.export`"
    assert re.findall(r"<!-- table: (\w+) -->", text) == list(manual.LOGGED)


def test_refresh_writes_a_file_only_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "manual.md"
    path.write_text("<!-- table: errors -->\nold\n<!-- end -->\nprose\n", encoding="utf-8")
    manual.refresh_file(path)
    text = path.read_text(encoding="utf-8")
    assert "old" not in text
    assert "| 5 | BUSY |" in text
    assert text.endswith("<!-- end -->\nprose\n")
    path.chmod(0o444)
    manual.refresh_file(path)


def test_layouts_that_c_would_pad_are_refused() -> None:
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Unaligned(Layout):
        """A u32 at byte 1."""

        first: int = item("u8", "")
        second: int = item("u32", "")

    @dataclass(frozen=True)
    class Odd(Layout):
        """Five bytes."""

        first: int = item("u32", "")
        second: int = item("u8", "")

    with pytest.raises(TypeError, match=r"Unaligned\.second at byte 1"):
        Unaligned.items()
    with pytest.raises(TypeError, match="multiple of 4"):
        Odd.items()


def test_the_seeds_pins_are_the_boards() -> None:
    """gpio.h states ports by hand beside the Seed's numbers: `{C, 11}; // D1`."""
    text = (ROOT / "firmware" / "boards" / "daisy_seed" / "gpio.h").read_text(encoding="utf-8")
    stated = 0
    for line in text.splitlines():
        ports = re.findall(r"\{([A-K]), (\d+)\}", line)
        names = re.findall(r"\bD(\d+)\b", line.partition("//")[2])
        if not names:
            continue
        assert [BOARD.seed_pins[f"D{name}"].port for name in names] == [f"P{port}{number}" for port, number in ports]
        stated += len(names)
    assert stated >= 8
