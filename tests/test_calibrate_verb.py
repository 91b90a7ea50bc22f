# SPDX-License-Identifier: MIT
"""`lottava calibrate` as a person or a program goes each route, the firmware's console and a random board behind it."""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path

import pytest
from console_library import build
from fake import Clock
from live_console import ALL, LiveConsole, bench, free
from lottava.calibration import link as links
from lottava.calibration.link import Link, RefusedError
from lottava.calibration.report import OutputReport, Report
from lottava.emulator import FrontEnd
from typer.testing import CliRunner, Result

from lottava import cli
from lottava.board import BOARD
from lottava.verbs import calibrate as verb
from lottava.verbs._common import VerbError

OUTPUTS = [cv.name for cv in BOARD.cv_outputs]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build(tmp_path_factory.mktemp("console"))


@pytest.fixture
def console(library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> LiveConsole:
    """A free board, a person who patches what is asked for and reads a meter well."""
    board = free(FrontEnd.random(9))
    live = LiveConsole(library, board, ALL)
    monkeypatch.setattr(links, "open_port", lambda port: Link(live, clock=Clock()))

    def cable(output: str, jack: str) -> bool:
        board.connect(output, jack)
        return True

    def give(jack: str, volts: float) -> float:
        board.set_volts(jack, volts)
        return volts

    monkeypatch.setattr(verb, "ask_cable", cable)
    monkeypatch.setattr(verb, "ask_person", give)
    monkeypatch.setattr(
        verb, "ask_meter", lambda jack, volts: board.output_volts(board._dac_codes)[OUTPUTS.index(jack)]
    )
    return live


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(cli.build(), ["calibrate", "--port", "here", "--reports", str(folder), *words])


def test_by_the_reference_and_a_cable(console: LiveConsole, tmp_path: Path) -> None:
    shown = run(tmp_path, "--route", "reference")
    assert shown.exit_code == 0, shown.output
    names = [line.split()[0] for line in shown.stdout.splitlines()[1:]]
    assert names == [*(cv.name for cv in BOARD.cv_inputs), *OUTPUTS]
    assert "PITCH_CV to V_OCT" in shown.stderr
    assert bench(console).read_record()[0].measured == 0x37F
    (report,) = tmp_path.iterdir()
    stored = json.loads(report.read_text())
    assert 0 < stored["bend_volts"] < 0.006
    assert [output["name"] for output in stored["outputs"]] == OUTPUTS


def test_by_the_reference_alone(console: LiveConsole, tmp_path: Path) -> None:
    assert run(tmp_path, "--route", "reference", "--no-cable").exit_code == 0
    assert bench(console).read_record()[0].measured == 0x7F


def test_by_a_meter_one_output_only(console: LiveConsole, tmp_path: Path) -> None:
    shown = run(tmp_path, "--route", "output", "--jack", "env_cv")
    assert shown.exit_code == 0, shown.output
    assert bench(console).read_record()[0].measured == 0x200


def test_by_a_source_of_two_voltages(console: LiveConsole, tmp_path: Path) -> None:
    shown = run(tmp_path, "--two-points", "--jack", "v_oct", "--cable", "--json")
    assert shown.exit_code == 0, shown.output
    report = json.loads(shown.stdout)
    assert report["jacks"][0]["cents_after"] < 2.0
    assert bench(console).read_record()[0].measured == 0x301


def test_a_patched_jack_is_a_sentence(console: LiveConsole, tmp_path: Path) -> None:
    console.live.board.set_volts("Z3", 1.0)
    console.blocks(2)
    refused = run(tmp_path, "--route", "reference")
    assert isinstance(refused.exception, RefusedError)
    assert str(refused.exception) == "Z3 is patched and must be free; pull its cable and try again"
    assert (console.writes, list(tmp_path.iterdir())) == (0, [])


def test_a_program_may_patch_the_cable(tmp_path: Path) -> None:
    script = tmp_path / "patch.py"
    script.write_text("import sys; sys.exit(0 if sys.argv[1:] == ['PITCH_CV', 'V_OCT'] else 1)")
    patch = verb.cable_hand(f"command:{sys.executable} {script}")
    assert patch("PITCH_CV", "V_OCT")
    with pytest.raises(VerbError, match="failed at ENV_CV V_OCT"):
        patch("ENV_CV", "V_OCT")


def test_people_read_meters_and_may_have_no_cable(capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter(["", "three", "-3,987 V"])
    assert verb.ask_meter("PITCH_CV", -4.0, read=lambda words: next(answers)) == -3.987
    assert verb.ask_cable("PITCH_CV", "V_OCT", read=lambda words: "")
    assert not verb.ask_cable("PITCH_CV", "V_OCT", read=lambda words: " n ")
    assert "from PITCH CV to V/OCT" in capsys.readouterr().err


def test_a_bend_that_is_too_much_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    output = OutputReport("PITCH_CV", 0.1, 0.001, (0.002,))
    verb.show(Report("00", "0.1.0", 1, 0, 1, (), (output,), 0.0094))
    shown = capsys.readouterr().out
    assert "points within 2.0 mV of a line" in shown
    assert "PITCH_CV bends: 9.4 mV" in shown
