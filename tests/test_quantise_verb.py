# SPDX-License-Identifier: MIT
"""`lottava quantise` as typed: a voice, a table a layer, JSON; whatever it can't use is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cards import HASH, example_card
from graphs import Widths, random_graph, random_inputs, random_streaming_graph
from lottava.export.quantise import quantise
from lottava.training.generators.topologies import WavenetWidths, playing_inputs, wavenet_graph
from typer.testing import CliRunner, Result

from lottava import cli, voicefile
from lottava.graph import Graph, graph_hash
from lottava.voicefile import Voice

NAME = "sax_warm_v1"


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.build(), ["quantise", *map(str, words)])


def refusal(*words: object) -> str:
    refused = run(*words)
    assert refused.exit_code == 1 and isinstance(refused.exception, ValueError | OSError), refused.output
    return str(refused.exception)


def model_of(graph: Graph, folder: Path) -> Path:
    path = folder / f"{NAME}.float.lottava"
    voicefile.save(Voice(graph, example_card(graph)), path)
    return path


@pytest.fixture
def inputs() -> dict[str, np.ndarray]:
    return random_inputs(1, 40, batch=(3,))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return model_of(random_graph(1, Widths(8, 8, 8, 12, 8)), tmp_path)


@pytest.fixture
def clips(tmp_path: Path, inputs: dict[str, np.ndarray]) -> Path:
    np.savez(tmp_path / "clips.npz", **inputs)  # type: ignore[arg-type]
    return tmp_path / "clips.npz"


def test_a_float_model_becomes_the_voice_that_the_quantiser_makes(
    model: Path, clips: Path, inputs: dict[str, np.ndarray], tmp_path: Path
) -> None:
    done = run(model, "--clips", clips)
    assert done.exit_code == 0, done.output
    voice, source = voicefile.load(tmp_path / f"{NAME}.lottava"), voicefile.load(model)
    expected, report = quantise(source.graph, inputs)
    assert voice.card.id == graph_hash(expected) and voice.card.parent == graph_hash(source.graph)
    assert voice.card.metrics == {"controls_snr_db": round(report.end_to_end[0].snr_db, 2)}
    assert voice.card.attribution == source.card.attribution
    before = (tmp_path / f"{NAME}.lottava").read_bytes()
    again = run(model, "--clips", clips, "--json")
    assert json.loads(again.stdout)["written"] is False
    assert (tmp_path / f"{NAME}.lottava").read_bytes() == before


def test_report_has_a_row_a_layer_and_json_every_figure(model: Path, clips: Path, tmp_path: Path) -> None:
    table = run(model, "--clips", clips, "--report", "--out", tmp_path / "a.lottava").stdout
    figures = json.loads(run(model, "--clips", clips, "--json", "--out", tmp_path / "b.lottava").stdout)
    graph = voicefile.load(model).graph
    assert [entry["layer"] for entry in figures["layers"]] == [layer.name for layer in graph.layers]
    for layer in graph.layers:
        assert layer.name in table
    assert " 32 0.0" in table and "exact" in table
    assert figures["outputs_snr_db"]["controls"] > 20 and figures["ticks"] == 120


def test_networks_that_make_samples_are_quantised_from_arrays(tmp_path: Path) -> None:
    graph = wavenet_graph(WavenetWidths(residual=4, gate=4, skip=4, layers=3))
    np.savez(tmp_path / "clips.npz", **playing_inputs(graph, 200, np.random.default_rng(0)))  # type: ignore[arg-type]
    done = run(model_of(graph, tmp_path), "--clips", tmp_path / "clips.npz", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["outputs_snr_db"]["mixture"] > 25
    assert "sample, sin_cos, condition: give an array of each in  --clips FILE.npz" in refusal(
        tmp_path / f"{NAME}.float.lottava"
    )


def test_a_voice_of_another_model_is_not_overwritten(model: Path, clips: Path, tmp_path: Path) -> None:
    graph = random_graph(2, Widths(4, 4, 4, 4, 4), integer=True)
    voicefile.save(Voice(graph, example_card(graph)), tmp_path / f"{NAME}.lottava")
    assert "holds another voice" in refusal(model, "--clips", clips)
    assert voicefile.load(tmp_path / f"{NAME}.lottava").card.id == graph_hash(graph)
    assert "an integer voice already" in refusal(tmp_path / f"{NAME}.lottava", "--clips", clips)


def test_what_no_module_runs_is_not_played(model: Path) -> None:
    for words in (["export", str(model)], ["play", "--voice", str(model)], ["emulate", "--voice", str(model)]):
        refused = CliRunner().invoke(cli.build(), words)
        assert "is a float model, which no module runs" in str(refused.exception)


def test_unknown_recordings_and_files_are_refused(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTTAVA_CACHE", str(tmp_path / "cache"))
    assert voicefile.load(model).card.data["hash"] == HASH
    assert "the cache lacks the recordings" in refusal(model)
    assert "there is no voice file" in refusal(tmp_path / "nothing.lottava")
    assert "ends in .lottava" in refusal(model, "--out", tmp_path / "x.bin")
    assert "No such file" in refusal(model, "--clips", tmp_path / "no.npz")
    (tmp_path / "empty").mkdir()
    assert "holds no WAV" in refusal(model, "--clips", tmp_path / "empty")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"pitch": None}, "lacks an array for the input 'pitch'"),
        ({"pitch": np.zeros((3, 40, 2))}, "should be real numbers [clips, columns, 1]"),
        ({"pitch": np.full((3, 40, 1), "high")}, "should be real numbers"),
        ({"pitch": np.full((3, 40, 1), np.nan)}, "'pitch' holds NaN or infinity"),
        ({"pitch": np.zeros((3, 39, 1))}, "inputs should share"),
        ({"pitch": np.full((3, 40, 1), 50.0)}, "leaves its s16 range"),
        ({name: np.zeros((1, 0, size)) for name, size in (("pitch", 1), ("loudness", 1), ("axes", 4))}, "no represent"),
    ],
)
def test_malformed_clips_are_refused(
    model: Path, inputs: dict[str, np.ndarray], tmp_path: Path, change: dict, reason: str
) -> None:
    kept = {name: value for name, value in (inputs | change).items() if value is not None}
    np.savez(tmp_path / "bad.npz", **kept)  # type: ignore[arg-type]
    assert reason in refusal(model, "--clips", tmp_path / "bad.npz")
    assert not (tmp_path / f"{NAME}.lottava").exists()


def test_damaged_arrays_are_refused(model: Path, clips: Path, tmp_path: Path) -> None:
    data = clips.read_bytes()
    for broken in (data[:-40], b"no zip", data[:200] + bytes(200) + data[400:], b""):
        (tmp_path / "broken.npz").write_bytes(broken)
        assert "no readable .npz of arrays" in refusal(model, "--clips", tmp_path / "broken.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    assert "no readable .npz of arrays" in refusal(model, "--clips", tmp_path / "one.npz")


def test_weights_that_no_grid_holds_are_refused(tmp_path: Path) -> None:
    graph = random_streaming_graph(3, spread=3000.0)
    clips = {
        name: np.ones((1, 64 // graph.tensors[name].period, graph.tensors[name].size)) * 1e6 for name in graph.inputs
    }
    np.savez(tmp_path / "clips.npz", **clips)  # type: ignore[arg-type]
    done = run(model_of(graph, tmp_path), "--clips", tmp_path / "clips.npz")
    assert done.exit_code == 1 and "Traceback" not in done.output
