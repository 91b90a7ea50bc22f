# SPDX-License-Identifier: MIT
"""Stages are done once, keep their time over an interruption, and are done again when what decides them changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lottava.verbs._stages import Stages


def test_value_is_made_once_and_again_when_its_key_changes(tmp_path: Path) -> None:
    made, said = [], []
    for key in ({"steps": 1}, {"steps": 1}, {"steps": 2}):
        stages = Stages(tmp_path, said.append)
        assert stages.value("score", key, lambda key=key: made.append(key) or [len(made)]) == [len(made)]
    assert made == [{"steps": 1}, {"steps": 2}]
    assert "done before" in said[1]


def test_run_is_called_each_time_but_timed_until_done(tmp_path: Path) -> None:
    calls = []
    first = Stages(tmp_path, lambda _: None)
    first.run("parent", 1, lambda: calls.append(1))
    again = Stages(tmp_path, lambda _: None)
    again.run("parent", 1, lambda: calls.append(2))
    assert calls == [1, 2]
    assert again.seconds == first.seconds


def test_interrupted_stage_keeps_its_time_and_is_not_done(tmp_path: Path) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    stages = Stages(tmp_path, lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        stages.value("score", 1, interrupted)
    spent = stages.seconds["score"]
    assert spent > 0
    resumed = Stages(tmp_path, lambda _: None)
    assert resumed.value("score", 1, lambda: 7) == 7
    assert resumed.seconds["score"] > spent
