# SPDX-License-Identifier: MIT
"""hello, monitor and calibrate as a person types them, against the fake module and a real pseudo-terminal."""

from __future__ import annotations

import json
import os
import select
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake import HELLO, INPUTS, Clock, FakeFrontEnd, FakeModule
from lottava.calibration import link as links
from lottava.calibration.link import Link, LinkError, open_port
from lottava.calibration.module import Module
from typer.testing import CliRunner, Result

from lottava import cli
from lottava.verbs import calibrate as verb
from lottava.verbs import monitor as watching
from lottava.verbs._common import VerbError


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeModule:
    module = FakeModule(FakeFrontEnd(gain=[1.02] * INPUTS))
    monkeypatch.setattr(links, "open_port", lambda port: Link(module, clock=Clock()))
    return module


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.build(), list(words))


def test_hello_names_board_seed_and_abilities(fake: FakeModule) -> None:
    shown = run("hello", "--port", "here", "--json")
    assert shown.exit_code == 0
    answer = json.loads(shown.stdout)
    assert answer["board"] == "A"
    assert answer["seed"] == "Rev4 (AK4556)"
    assert answer["serial"] == HELLO.serial.hex()
    assert "calibrate_source" in answer["can"]
    fake.hello = replace(
        HELLO, board_revision=0, reset_cause=3, fault_address=0x0800_1234, fault_exception=5, fault_access=0x6000_0000
    )
    shown = run("hello", "--port", "here", "--identify")
    assert "none (bench mode)" in shown.stdout
    assert "started by   a fault" in shown.stdout
    assert "bus fault at 0x08001234" in shown.stdout
    assert "touching 0x60000000" in shown.stdout
    assert fake.closed


def test_monitor_prints_a_line_a_reading(fake: FakeModule) -> None:
    fake.front_end.volts["Z2"] = 3.0
    shown = run("monitor", "--port", "here", "--seconds", "0", "--json")
    assert shown.exit_code == 0
    (line,) = shown.stdout.splitlines()
    reading = json.loads(line)
    assert reading["volts"]["Z2"] == pytest.approx(3.06, abs=0.01)
    assert reading["gates"] == ["GATE"]
    assert reading["patched"] is None
    assert list(reading["axes"]) == ["BRIGHT", "BREATH", "BODY", "WILD"]


def test_monitor_shows_a_table_and_ctrl_c_ends_it_well(fake: FakeModule, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(watching.time, "sleep", interrupt)
    shown = run("monitor", "--port", "here")
    assert shown.exit_code == 0
    for words in ("V_OCT", "BRIGHT", "GATE", "missed"):
        assert words in shown.stdout


def test_bars_stay_in_their_line() -> None:
    assert watching.bar(-99.0, -1.0, 1.0).index("●") == 0
    assert watching.bar(99.0, -1.0, 1.0).index("●") == watching.BAR_WIDTH - 1
    assert watching.bar(0.0, -1.0, 1.0).index("●") == watching.BAR_WIDTH // 2


def give(fake: FakeModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "ask_person", fake.front_end.source)


def test_calibrate_stores_reports_and_undoes(fake: FakeModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    give(fake, monkeypatch)
    shown = run("calibrate", "--port", "here", "--jack", "v_oct", "--reports", str(tmp_path), "--json")
    assert shown.exit_code == 0, shown.output
    report = json.loads(shown.stdout)
    assert report["jacks"][0]["cents_after"] < 1.0
    assert [json.loads(path.read_text()) for path in tmp_path.iterdir()] == [report]
    assert fake.record.measured == 1
    shown = run("calibrate", "--port", "here", "--undo")
    assert shown.exit_code == 0
    assert fake.record.measured == 0


def test_calibrate_shows_cents_for_people(fake: FakeModule, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    give(fake, monkeypatch)
    shown = run("calibrate", "--port", "here", "--reports", str(tmp_path))
    assert shown.exit_code == 0
    assert "cents ->" in shown.stdout
    assert "mV ->" in shown.stdout
    assert "[1/" in shown.stderr


def test_calibrate_with_a_program_as_source(fake: FakeModule, tmp_path: Path) -> None:
    script = tmp_path / "source.py"
    script.write_text("import sys; print(sys.argv[2] if sys.argv[1] == 'V_OCT' else 'what?')")
    source = verb.volt_source(f"command:{sys.executable} {script}")
    assert source("V_OCT", 1.5) == 1.5
    with pytest.raises(VerbError, match="printed 'what\\?'"):
        source("Z1", 1.5)
    with pytest.raises(VerbError, match="failed at Z1 1"):
        verb.volt_source("command:/no/such/program")("Z1", 1.0)
    with pytest.raises(VerbError, match="write prompt, or command:"):
        verb.volt_source("magic")


def test_a_person_may_type_what_the_meter_shows(capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter(["", "oops", " 1,503 V"])
    assert verb.ask_person("V_OCT", 1.0, read=lambda words: next(answers)) == 1.0
    assert verb.ask_person("V_OCT", 1.5, read=lambda words: next(answers)) == 1.503
    assert "+1.500 V into V/OCT" in capsys.readouterr().err

    def closed(words: str) -> str:
        raise EOFError

    with pytest.raises(VerbError, match="needs a terminal"):
        verb.ask_person("V_OCT", 1.0, read=closed)


@pytest.fixture
def terminal() -> Iterator[tuple[str, FakeModule]]:
    """A pseudo-terminal with a fake module behind it."""
    module, (ours, theirs), stop = FakeModule(), os.openpty(), os.pipe()

    def serve() -> None:
        while stop[0] not in select.select([ours, stop[0]], [], [])[0]:
            module.write(os.read(ours, 4096))
            while answer := module.read(4096):
                os.write(ours, answer)

    thread = threading.Thread(target=serve)
    thread.start()
    yield os.ttyname(theirs), module
    os.write(stop[1], b"x")
    thread.join()
    for end in (ours, theirs, *stop):
        os.close(end)


def test_a_real_port_speaks_the_protocol_and_is_ours_alone(terminal: tuple[str, FakeModule]) -> None:
    port, fake = terminal
    with open_port(port) as link:
        module = Module(link)
        assert module.hello() == HELLO
        module.begin()
        assert module.commit(fake.record) == 1
        with pytest.raises(LinkError, match="in use by another program"):
            open_port(port)
    with open_port(port) as link:
        assert Module(link).read_record()[1] == 0


def test_what_is_no_port_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    with pytest.raises(LinkError, match="not a serial port"):
        open_port(str(file))
