# SPDX-License-Identifier: MIT
"""settings, selftest, backup, restore, reboot, factory as a person types them, against the firmware's own console."""

from __future__ import annotations

import ctypes
import json
from dataclasses import replace
from pathlib import Path

import pytest
from console_library import build
from fake import HELLO, Clock
from hypothesis import given
from hypothesis import strategies as st
from live_console import ALL, LiveConsole, bench, free
from lottava.calibration import link as links
from lottava.calibration.link import Link
from lottava.emulator import FrontEnd
from typer.testing import CliRunner, Result

from lottava import cli
from lottava.record import Record
from lottava.settings import LIMITS, Settings
from lottava.verbs import settings as verb
from lottava.verbs._common import VerbError

PORT = ("--port", "here")
VOICED = replace(ALL, graph_sha256=b"\1" * 32)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build(tmp_path_factory.mktemp("console"))


def put(console: LiveConsole, monkeypatch: pytest.MonkeyPatch) -> LiveConsole:
    """At the port that the verbs open."""
    monkeypatch.setattr(links, "open_port", lambda port: Link(console, clock=Clock()))
    return console


@pytest.fixture
def console(library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> LiveConsole:
    return put(LiveConsole(library, free(FrontEnd.random(4)), VOICED), monkeypatch)


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.build(), list(words))


def test_settings_are_shown_with_their_units(console: LiveConsole) -> None:
    shown = run("settings", "show", *PORT)
    assert shown.exit_code == 0, shown.output
    lines = {line.split()[0]: line for line in shown.stdout.splitlines()}
    assert list(lines) == list(LIMITS)
    assert "2 semitones" in lines["bend_semitones"]
    assert "A1 .. D8" in lines["slot"]
    assert "-100 cents .. 100 cents" in lines["tuning"]
    assert json.loads(run("settings", "show", *PORT, "--json").stdout)["led_brightness"] == 96


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("tuning", "-3.5", -35),
        ("tuning", "12 cents", 120),
        ("root_octave", "-2", -2),
        ("slot", "b3", 10),
        ("hold", "ON", 1),
        ("midi_channel", "any", 0),
        ("glide", "250 ms", 250),
        ("morph_span", "bank", 1),
        ("quality", "finest", 0),
        ("quality", "2", 2),
    ],
)
def test_a_setting_is_stored_and_survives(console: LiveConsole, name: str, value: str, stored: int) -> None:
    done = run("settings", "set", name, value, *PORT)
    assert done.exit_code == 0, done.output
    assert f"{name}: {verb.UNITS[name].show(stored)} (was" in done.stderr
    console.reboot()
    kept, _ = bench(console).read_settings()
    assert replace(kept, sequence=0) == replace(Settings(), **{name: stored})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("volume", "3", "no setting is called volume; there are root_octave, tuning"),
        ("tuning", "0.55", "not understood; it goes from -100 cents to 100 cents"),
        ("tuning", "101", "outside; it goes from -100 cents"),
        ("slot", "E1", "it goes from A1 to D8"),
        ("glide", "nan", "not understood"),
    ],
)
def test_what_no_setting_may_be_is_said(name: str, value: str, words: str) -> None:
    with pytest.raises(VerbError, match=words):
        verb.parse(name, value)


@given(st.sampled_from(list(LIMITS)), st.data())
def test_what_is_shown_can_be_typed(name: str, data: st.DataObject) -> None:
    value = data.draw(st.integers(LIMITS[name].low, LIMITS[name].high))
    assert verb.parse(name, verb.UNITS[name].show(value)) == value


def test_selftest_tries_every_input_by_the_reference(console: LiveConsole) -> None:
    shown = run("selftest", *PORT)
    assert shown.exit_code == 0, shown.output
    for words in ("V_OCT", "2.5 V reads +2.", "REFERENCE", "revision 1", "none down", "PLUS_12V", "loaded"):
        assert words in shown.stdout
    assert not (console.calibrating or console.is_holding)


def test_selftest_names_what_is_wrong(library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    board = free(FrontEnd.random(4))
    board.stick("Z2", 20_000)
    put(LiveConsole(library, board), monkeypatch)
    shown = run("selftest", *PORT, "--json")
    assert shown.exit_code == 1
    lines = {line["node"]: line for line in json.loads(shown.stdout)}
    assert [name for name, line in lines.items() if line["verdict"] == "look"] == ["Z2", "VOICE"]
    assert "does not move; look for a bridge or an open joint" in lines["Z2"]["words"]
    assert lines["Z2"]["pin"] == "D18"


def test_selftest_says_why_it_could_not_try(library: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    board = free(FrontEnd.random(4), "LEVEL")
    board.set_volts("LEVEL", 3.0)
    board.press("NEXT")
    put(LiveConsole(library, board, VOICED), monkeypatch)
    shown = run("selftest", *PORT)
    assert shown.exit_code == 0
    assert "patched; not tried: LEVEL is patched and must be free" in shown.stdout
    assert "NEXT down" in shown.stdout
    put(LiveConsole(library, board, replace(VOICED, board_revision=0)), monkeypatch)
    assert "a bare Seed" in run("selftest", *PORT).stdout


def test_a_backup_brings_everything_back(console: LiveConsole, tmp_path: Path) -> None:
    module, file = bench(console), tmp_path / "module.json"
    module.begin()
    module.commit(replace(Record(), v_oct_knots=(0.01,) * 11, measured=5, reference_code=49_600))
    module.write_settings(replace(Settings(), tuning=44, slot=9))
    assert run("backup", str(file), *PORT).exit_code == 0
    record, settings = module.read_record()[0], module.read_settings()[0]
    module.begin()
    module.commit(Record())
    module.write_settings(Settings())
    done = run("restore", str(file), *PORT)
    assert done.exit_code == 0, done.output
    assert replace(module.read_record()[0], sequence=0) == replace(record, sequence=0)
    assert replace(module.read_settings()[0], sequence=0) == replace(settings, sequence=0)


def test_a_backup_of_another_module_keeps_its_calibration_to_itself(console: LiveConsole, tmp_path: Path) -> None:
    file = tmp_path / "module.json"
    assert run("backup", str(file), *PORT).exit_code == 0
    file.write_text(file.read_text().replace(HELLO.serial.hex(), "ff" * 12))
    writes = console.writes
    refused = run("restore", str(file), *PORT)
    assert isinstance(refused.exception, VerbError)
    assert "would put it out of tune" in str(refused.exception)
    assert console.writes == writes
    assert run("restore", str(file), *PORT, "--settings-only").exit_code == 0
    assert console.writes == writes + 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:100],
        lambda text: text.replace("lottava-backup", "other"),
        lambda text: text.replace('"hold": 0', '"hold": 7'),
        lambda text: text.replace('"tuning": 0', '"tuning": "x"'),
        lambda text: text.replace('"reference_code": 0', '"reference_code": -4'),
        lambda text: text.replace('"serial": "0001', '"serial": "zz'),
    ],
)
def test_what_is_no_backup_changes_nothing(console: LiveConsole, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "module.json"
    run("backup", str(file), *PORT)
    text = file.read_text()
    file.write_text(damage(text))
    assert file.read_text() != text
    refused = run("restore", str(file), *PORT)
    assert isinstance(refused.exception, VerbError)
    assert console.writes == 0


@pytest.mark.parametrize(
    ("words", "action"), [(("reboot",), 1), (("reboot", "--loader"), 2), (("factory",), 3)], ids=lambda one: str(one)
)
def test_actions_reach_the_firmware(console: LiveConsole, words: tuple[str, ...], action: int) -> None:
    assert run(*words, *PORT).exit_code == 0
    console.transmit()
    assert console.action() == action


def test_bench_tells_what_a_block_costs(console: LiveConsole) -> None:
    reply = bench(console).bench()
    assert (reply.cycles_mean, reply.cpu_hz) == (0, 0)
    assert reply.blocks > 0
