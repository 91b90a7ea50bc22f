# SPDX-License-Identifier: MIT
"""`lottava nest`: a float model to one with levels, which quantises to a voice whose levels the budget lists."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cards import example_card
from lottava.training.configs import load_config
from lottava.training.slim import to_graph
from lottava.training.train import new_model
from small_dataset import small_dataset
from typer.testing import CliRunner, Result

from lottava import cli, voicefile
from lottava.graph import graph_hash
from lottava.verbs import nest as module
from lottava.verbs._common import VerbError

WIDE = replace(load_config("nano"), parent=replace(load_config("nano").parent, gru=16))
DATASET = small_dataset()


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.build(), [*map(str, words)])


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "_dataset_of", lambda *_: DATASET)
    monkeypatch.setattr(module, "tune_process", lambda: None)
    monkeypatch.setattr("lottava.training.data.prepare.prepared", lambda _: DATASET)
    monkeypatch.setattr("lottava.training.data.cache.cache_dir", lambda: tmp_path / "cache")
    graph = to_graph(new_model(WIDE, DATASET)[0])
    path = tmp_path / "sax.float.lottava"
    voicefile.save(voicefile.Voice(graph, example_card(graph, name="sax")), path)
    return path


def test_from_a_float_model_to_a_voice_with_levels(model: Path) -> None:
    made = run("nest", model, "--levels", "0.75,0.5", "--steps", 1, "--config", "nano", "--json")
    assert made.exit_code == 0, made.output
    result = json.loads(made.stdout[: made.stdout.rindex("}") + 1])
    nested = voicefile.load(result["file"])
    assert nested.card.name == "sax_nested" and nested.card.parent == graph_hash(voicefile.load(model).graph)
    assert [row["widths"]["hidden"] for row in nested.card.extra["levels"]] == [16, 12, 8]
    assert all(row["mrstft"] > 0 for row in result["levels"]) and len(nested.graph.levels) == 3

    assert run("quantise", result["file"]).exit_code == 0
    voice = model.with_name("sax_nested.lottava")
    assert voicefile.load(voice).graph.levels == nested.graph.levels
    shown = run("budget", voice, "--json")
    lines = [{line["name"]: line["used"] for line in level} for level in json.loads(shown.stdout)["levels"]]
    assert lines[0]["mean block"] > lines[1]["mean block"] > lines[2]["mean block"]
    assert "Level by level" in run("budget", voice).stdout


def test_a_model_that_has_levels_and_an_integer_voice_are_refused(model: Path) -> None:
    refused = run("nest", "sax")
    assert isinstance(refused.exception, VerbError) and "float model" in str(refused.exception)


@pytest.mark.parametrize("text", ["", "1", "0.5,0.5", "0.25,0.5", "0", "x", "0.9,0.8,0.7,0.6,0.5,0.4,0.3,0.2"])
def test_levels_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(VerbError, match="falling shares"):
        module.parse_levels(text)


def test_recordings_that_are_gone_are_asked_for(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("lottava.training.data.prepare.prepared", lambda _: None)
    with pytest.raises(VerbError, match="--data FOLDER"):
        module._dataset_of(voicefile.load(model), None)
