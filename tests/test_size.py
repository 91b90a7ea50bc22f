# SPDX-License-Identifier: MIT
"""`lottava size`: every byte of the image is some part's, limits are told as they are, and a broken one can fail."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from lottava.emulator import build_image
from lottava.emulator.errors import EmulatorError
from lottava.emulator.size import FLASH, PARTS, Piece, Size, measure
from typer.testing import CliRunner

from lottava import cli
from lottava.verbs import size as verb


@pytest.fixture(scope="module")
def image() -> Path:
    return build_image()


@pytest.fixture(scope="module")
def measured(image: Path) -> Size:
    return measure(image)


def test_every_byte_that_is_flashed_belongs_to_a_part(image: Path, measured: Size) -> None:
    assert measured.total(FLASH) == image.with_suffix(".bin").stat().st_size
    assert {part for part, _ in measured.uses} <= set(PARTS)
    assert min(measured.uses.values()) >= 0
    assert measured.uses["filling", FLASH] < 0.01 * measured.total(FLASH), "the map is understood"
    for memory, capacity in measured.memories.items():
        assert 0 <= measured.total(memory) <= capacity, memory


def test_firmware_image_and_memories_keep_their_limits(image: Path, measured: Size) -> None:
    limits = verb.as_dict(image, measured)["limits"]
    assert [f"{line['name']}: {line['used']} of {line['limit']}" for line in limits if not line["fits"]] == []


def test_parts_are_what_they_are_called(measured: Size) -> None:
    assert measured.uses["voice", "AXI"] == 448 << 10
    assert measured.uses["voice", FLASH] > 20_000
    assert measured.uses["stack", "DTCM"] == 8 << 10 and not measured.uses["stack", FLASH]
    assert 0.3 * measured.uses["nn", "ITCM"] < measured.uses["nn", FLASH] < 0.7 * measured.uses["nn", "ITCM"], "packed"
    assert 0 < measured.uses["tables", FLASH] <= measured.uses["tables", "DTCM"]
    for part in ("nn", "dsp", "app", "board", "library"):
        assert measured.uses[part, FLASH] > 0, part


@pytest.mark.parametrize(
    ("piece", "part"),
    [
        (Piece(".itcm", ".text.nn_load", "nn/load.c.o", 1), "nn"),
        (Piece(".data", ".rodata.nn_tanh_table", "nn/tables.c.o", 1), "tables"),
        (Piece(".text", ".rodata.lottava_voice", "app/builtin.c.o", 1), "voice"),
        (Piece(".text", ".rodata.kVerbs", "app/console.cc.o", 1), "app"),
        (Piece(".bss", ".bss._ZN12_GLOBAL__N_15dtcm_E", "boards/daisy_seed/main.cc.o", 1), "voice"),
        (Piece(".bss", ".bss._ZN12_GLOBAL__N_18console_E", "boards/daisy_seed/main.cc.o", 1), "app"),
        (Piece(".text", ".text.UsartInit", "boards/daisy_seed/usart.cc.o", 1), "board"),
        (Piece(".text", ".text.tud_task", "tinyusb/src/device/usbd.c.o", 1), "usb"),
        (Piece(".text", ".text.UsbInit", "boards/daisy_seed/usb.cc.o", 1), "usb"),
        (Piece(".text", ".text", "libc.a(lib_a-memcpy.o)", 1), "library"),
        (Piece(".text", ".text", "linker stubs", 1), "filling"),
    ],
)
def test_whose_a_piece_is(piece: Piece, part: str) -> None:
    assert piece.part == part


def test_the_verb_tells_all_in_json(image: Path, measured: Size) -> None:
    shown = CliRunner().invoke(cli.build(), ["size", "--elf", str(image), "--top", "5", "--json"])
    assert shown.exit_code == 0, shown.output
    result = json.loads(shown.stdout)
    assert sum(row[FLASH] for row in result["parts"]) == measured.total(FLASH)
    assert len(result["largest"]) == 5 and result["largest"][0]["bytes"] >= result["largest"][4]["bytes"] > 0
    without_voice = result["limits"][1]
    assert without_voice["used"] == measured.total(FLASH) - measured.uses["voice", FLASH]
    assert all(line["fits"] == (line["used"] <= line["limit"]) for line in result["limits"])
    assert [line["limit"] for line in result["limits"][:3]] == [40_960, 57_344, 98_304]


@pytest.mark.parametrize("limit", [0, 1 << 20])
def test_check_fails_exactly_where_a_limit_is_broken(image: Path, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "LIMITS", (("image with its voice", (), limit),))
    shown = CliRunner().invoke(cli.build(), ["size", "--elf", str(image), "--check"])
    assert (shown.exit_code == 1) == (limit == 0)
    if limit == 0:
        assert "image with its voice takes" in str(shown.exception) and "of 0 bytes" in str(shown.exception)
    assert "Limits" in shown.stdout


def test_what_cannot_be_measured_is_told(image: Path, tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match=r"none\.elf does not exist; build it"):
        measure(tmp_path / "none.elf")
    text, other = tmp_path / "text.elf", tmp_path / "other.elf"
    text.write_text("no ELF")
    text.with_suffix(".map").write_text(image.with_suffix(".map").read_text())
    with pytest.raises(EmulatorError, match=r"is not an ELF file .*; pass the \.elf"):
        measure(text)
    other.write_bytes(image.read_bytes())
    grown = (
        image.with_suffix(".map").read_text().replace(" .vectors ", " .vectors       0x08000000 0xffff a.o\n .vectors ")
    )
    other.with_suffix(".map").write_text(grown)
    with pytest.raises(EmulatorError, match="is not the map of"):
        measure(other)


def test_totals_leave_parts_out() -> None:
    uses = Counter({("nn", FLASH): 5, ("voice", FLASH): 7, ("voice", "AXI"): 11})
    size = Size((), uses, {FLASH: 100, "AXI": 100})
    assert size.total(FLASH) == 12 and size.total(FLASH, ("voice",)) == 5 and size.total("AXI", ("nn",)) == 11
