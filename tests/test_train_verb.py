# SPDX-License-Identifier: MIT
"""`lottava train` and `play` as typed: killed by Ctrl-C it resumes, and ends with the voice of an unbroken run."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs it: install lottava[train]")

import soundfile
import torch
from lottava.training.configs import load_config
from lottava.training.data.prepare import build
from sounds import write_scale

from lottava import voicefile
from lottava.graph import graph_hash
from lottava.verbs import _make

PATIENCE_S = 60


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOTTAVA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def takes(tmp_path: Path) -> Path:
    return write_scale(tmp_path / "takes", range(60, 68), seconds=1.8)


def start(*words: str) -> subprocess.Popen[str]:
    """The command without a cross compiler, so that no image is built: that has tests of its own."""
    environment = os.environ | {"PATH": "/nonexistent", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "lottava", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def await_checkpoint(cache: Path, running: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not list(cache.glob("training/*/checkpoint.pt")):
        assert time.monotonic() < deadline
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(timeout=0.02)
            raise AssertionError(running.communicate())


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C reaches a process otherwise there")
def test_ctrl_c_loses_nothing(takes: Path, cache: Path, tmp_path: Path) -> None:
    words = ("train", str(takes), "--name", "takes_v1", "--config", "nano", "--steps", "24", "--rounds", "1")
    words += ("--out", str(tmp_path), "--own-recordings", "--consent", "--licence", "CC0-1.0", "--author", "Me")
    running = start(*words)
    await_checkpoint(cache, running)
    running.send_signal(signal.SIGINT)
    errors = running.communicate(timeout=PATIENCE_S)[1]
    assert running.returncode == 130, errors
    assert "run the same command again to resume" in errors and "Traceback" not in errors
    assert not (tmp_path / "takes_v1.lottava").exists()

    resumed = start(*words)
    output, errors = resumed.communicate(timeout=PATIENCE_S)
    assert resumed.returncode == 0, errors
    voice = voicefile.load(tmp_path / "takes_v1.lottava")
    assert voice.card.id == unbroken(takes, tmp_path / "unbroken")
    assert voice.card.rights == {"basis": "own recordings", "performers_consent": True}
    assert voice.card.cost["cycles_mean"] is None and "cycles are not modelled: arm-none-eabi-g++" in errors
    assert "<h1>With " in (tmp_path / "takes_v1.html").read_text(encoding="utf-8")
    assert output == ""
    requantise(tmp_path, voice.card.id)
    hear(tmp_path)


def unbroken(takes: Path, root: Path) -> str:
    """Identity of the voice that the same training makes in one go, on one thread as there: sums round alike."""
    dataset, config = build(takes), replace(load_config("nano"), steps=24)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    lottery = _make.draw_lottery(dataset, config, 1, root, lambda name, step, steps: None)
    made = _make.to_integers(lottery.winner, dataset, config, root, lambda name, step, steps: None)
    torch.set_num_threads(threads)
    return graph_hash(made.graph)


def requantise(folder: Path, expected: str) -> None:
    """The float model beside the voice, quantised on the recordings in the cache, is that voice again."""
    from lottava.verbs.quantise import quantise

    quantise(str(folder / "takes_v1.float.lottava"), None, folder / "again.lottava", False, False)
    assert voicefile.load(folder / "again.lottava").card.id == expected


def hear(folder: Path) -> None:
    """The oracle and the firmware's code write the same phrase, to a 16-bit step."""
    sounds = []
    for target in ("oracle", "host"):
        out = folder / f"{target}.wav"
        from lottava.verbs import play

        play.play(str(folder / "takes_v1.lottava"), "hold", target=play.Target(target), out=out)
        sounds.append(soundfile.read(out)[0])
    assert sounds[0].shape == (2500 * 48, 2)
    assert np.max(np.abs(sounds[0] - sounds[1])) <= 1.01 * 2**-15


def test_what_can_be_refused_is_refused_before_training(takes: Path, cache: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from lottava import cli

    for words, reason in (
        (("--name", "Not Lower"), "--name Not Lower: take 1 to 24 of a-z"),
        (("--name", "x", "--licence", "do what you like"), "--licence do what you like: take an SPDX id"),
        (("--name", "x", "--config", "nothing"), "there is no configuration 'nothing'"),
    ):
        refused = CliRunner().invoke(cli.build(), ["train", str(takes), "--out", str(tmp_path), *words])
        assert refused.exit_code == 1
        assert reason in str(refused.exception)
    assert not cache.exists()
