# SPDX-License-Identifier: MIT
"""The command: light, teaching, and honest about what went wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from lottava import cli
from lottava.graph import GraphError

HEAVY = ("torch", "jax", "scipy", "soundfile", "matplotlib", "serial", "unicorn", "onnxruntime")


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)


def run_verb(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_python(f"import sys; sys.argv = ['lottava', *{arguments!r}]; from lottava.cli import main; main()")


def test_building_the_command_loads_no_heavy_package() -> None:
    code = f"import sys; from lottava.cli import build; build(); print([m for m in {HEAVY} if m in sys.modules])"
    assert run_python(code).stdout.strip() == "[]"


def test_help_teaches_the_way_the_words_and_every_verb() -> None:
    shown = run_verb("--help")
    assert shown.returncode == 0
    for words in ("The way through", "Examples", "BRIGHT, BREATH, BODY", "Exit codes"):
        assert words in shown.stdout
    for names in cli.VERBS.values():
        assert all(name in shown.stdout for name in names)


@pytest.mark.parametrize("verb", [name for names in cli.VERBS.values() for name in names])
def test_every_verb_explains_itself_with_an_example(verb: str) -> None:
    app = typer.main.get_command(cli.build())
    command = app.commands[verb]  # type: ignore[attr-defined]
    assert len((command.help or "").split()) > 5
    assert "lottava " in (command.help or ""), "an example to copy"


def test_wrong_usage_is_2() -> None:
    refused = run_verb("play", "--no-such-option")
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


def test_missing_voice_is_one_sentence_and_1() -> None:
    refused = run_verb("card", "no/such.lottava")
    assert refused.returncode == 1
    assert refused.stderr.strip() == "lottava: there is no voice file no/such.lottava"
    assert refused.stdout == ""


def test_missing_folder_is_one_sentence_and_1(tmp_path: Path) -> None:
    refused = run_verb("data", "report", str(tmp_path / "nothing"))
    assert refused.returncode == 1
    assert refused.stderr.startswith("lottava: ")
    assert len(refused.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("play", "--out", "x.mp3"), "lottava: x.mp3: write to a name that ends in .wav, .flac, .ogg"),
        (("play", "--out", "{file}/x.wav"), "/file: File exists"),
        (("data", "report", "{file}"), "is not a folder"),
        (("export", "{file}.lottava"), "lottava: there is no voice file"),
        (("emulate", "--voice", "{file}.lottava"), "lottava: there is no voice file"),
        (("train", "{empty}", "--name", "x", "--out", "{empty}"), "holds no WAV, FLAC, OGG or MP3 file"),
        (("train", "{empty}", "--name", "x", "--out", "{file}"), "File exists"),
    ],
)
def test_wrong_inputs_are_one_sentence_and_1(words: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    places = {"file": tmp_path / "file", "empty": tmp_path / "empty"}
    places["file"].write_text("text")
    places["empty"].mkdir()
    refused = run_verb(*(word.format(**places) for word in words))
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1 and refused.stdout == ""


def test_a_board_is_a_number_from_zero() -> None:
    assert run_verb("emulate", "--board", "-3").returncode == 2


def failing_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """main() with one verb, which raises."""
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

    @app.command()
    def verb() -> None:
        raise error

    monkeypatch.setattr(cli, "build", lambda: app)
    monkeypatch.setattr(sys, "argv", ["lottava"])
    cli.main()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (GraphError("layer 'head' is odd"), "lottava: layer 'head' is odd"),
        (FileNotFoundError(2, "No such file or directory", "gone.wav"), "lottava: gone.wav: No such file or directory"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "pip install 'lottava[train]'"),
        (ModuleNotFoundError("No module named 'serial'", name="serial.tools"), "pip install 'lottava[bench]'"),
    ],
)
def test_expected_failures_are_sentences(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        failing_with(error, monkeypatch)
    assert leaving.value.code == 1
    assert words in capsys.readouterr().err


def test_ctrl_c_is_130_and_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        failing_with(KeyboardInterrupt(), monkeypatch)
    assert leaving.value.code == 130
    assert "run the same command again to resume" in capsys.readouterr().err


@pytest.mark.parametrize("bug", [ValueError("ours?"), ModuleNotFoundError("No module named 'numpyy'", name="numpyy")])
def test_bugs_keep_their_traceback(bug: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(type(bug)):
        failing_with(bug, monkeypatch)
