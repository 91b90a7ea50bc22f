# SPDX-License-Identifier: MIT
"""The schematic's verbs: what they print, where they write, their exit codes."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

pytest.importorskip("skip", reason="the schematic is read by kicad-skip: install lottava[hardware]")

from lottava.hardware import circuit
from small_schematic import order_fields, save, seed_items, symbol


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    circuit.add_verbs(parser.add_subparsers(required=True))
    arguments = parser.parse_args(words)
    return arguments.run(arguments)


def test_a_sheet_with_faults_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = order_fields("R 1k 1% 0603") | {"MPN": " "}
    path = save(tmp_path / "one.kicad_sch", symbol("R", "R1", (25.4, 25.4), fields=fields), *seed_items())
    monkeypatch.setattr(circuit, "SCHEMATIC", path)
    assert run("lint") == 1
    assert "R1: no MPN" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["lint", "bom", "retune"])
def test_a_missing_schematic_is_named(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuit, "SCHEMATIC", tmp_path / "nowhere.kicad_sch")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.kicad_sch"):
        run(verb)


def test_the_bill_of_materials_goes_where_it_is_told(tmp_path: Path) -> None:
    assert run("bom", "--out", str(tmp_path)) == 0
    assert (tmp_path / "bom-assembler.csv").is_file()
