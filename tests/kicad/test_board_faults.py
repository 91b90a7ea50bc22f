# SPDX-License-Identifier: MIT
"""Faults of the committed board that only the whole of it shows: an unrouted net, swapped pads, holes out of place."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from lottava.hardware import __main__ as command
from lottava.hardware import check
from lottava.hardware.build import BOARD_FILE
from lottava.hardware.panel.art import art
from lottava.hardware.panel.board import FOLDER as PANEL_FOLDER
from lottava.hardware.panel.board import VARIANTS
from lottava.hardware.pcb.netlist import export
from lottava.hardware.schematic.project import KICAD, PROJECT

NET = "V_OCT_ADC"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the committed KiCad project, to be spoilt."""
    return Path(shutil.copytree(KICAD, tmp_path / "kicad"))


def net_number(text: str, name: str) -> str:
    found = re.search(rf'\n\t\(net (\d+) "{re.escape(name)}"\)', text)
    assert found
    return found[1]


def test_a_net_without_copper_is_unconnected(project: Path) -> None:
    board = project / BOARD_FILE
    text = board.read_text("utf-8")
    number = net_number(text, NET)
    copper = re.compile(rf"\n\t\((?:segment|via)\n(?:\t\t.*\n)*?\t\t\(net {number}\)\n(?:\t\t.*\n)*?\t\)")
    board.write_text(copper.sub("", text), encoding="utf-8")
    found = check.design_rules(board)
    assert found and all(one.startswith("unconnected_items") and NET in one for one in found)


def test_two_pads_with_each_others_nets_break_parity(project: Path) -> None:
    board = project / BOARD_FILE
    text = board.read_text("utf-8")
    one, other = (f'(net {net_number(text, name)} "{name}")' for name in ("Z1_JACK", "Z2_JACK"))
    pads = re.compile(rf"(?<=\n\t\t\t)(?:{re.escape(one)}|{re.escape(other)})")
    assert len(pads.findall(text)) == 6, "three pads each: jack, clamp, resistor"
    spoilt = pads.sub(lambda found: other if found[0] == one else one, text)
    board.write_text(spoilt, encoding="utf-8")
    assert any(line.startswith("net_conflict") for line in check.design_rules(board))


def test_a_hole_that_moves_or_goes_is_found(project: Path) -> None:
    panel = project / PANEL_FOLDER.name / f"{VARIANTS['fr4']}.kicad_pcb"
    number, hole = next((i, one) for i, one in enumerate(art().holes, start=1) if one.kind == "led")
    whole = panel.read_text("utf-8")
    item = next(one for one in whole.split("\n\t(footprint ")[1:] if f'"Reference" "H{number}"' in one)
    x, y = re.search(r"\(at ([\d.]+) ([\d.]+)\)", item).groups()  # type: ignore[union-attr]
    moved = item.replace(f"(at {x} {y})", f"(at {float(x) - 1:g} {y})", 1)
    panel.write_text(whole.replace(item, moved), encoding="utf-8")
    assert check.holes_over_shafts(panel=panel) == [f"led {hole.over}: +1.00, +0.00 mm beside its hole"]
    panel.write_text(whole.replace(f'"Reference" "H{number}"', '"Reference" "H999"'), encoding="utf-8")
    assert check.holes_over_shafts(panel=panel) == [f"led {hole.over}: on the board only"]


def test_what_is_bought_only_is_on_no_netlist() -> None:
    assert not {"J202", "J203"} & export(KICAD / f"{PROJECT}.kicad_sch").components.keys()


def test_one_complaint_fails_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["hardware", "check"])
    for complaints, code in (([], 0), (["R1: odd"], 1)):
        monkeypatch.setattr(check, "CHECKS", {"odd things": lambda found=complaints: found})
        assert command.main() == code
    assert capsys.readouterr().out == "odd things: ok\nodd things: 1\n  R1: odd\n"
