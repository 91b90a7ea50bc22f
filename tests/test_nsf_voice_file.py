# SPDX-License-Identifier: MIT
"""`lottava train --family nsf`: a voice file with all that lies around the graph, and the same bytes a second time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs it: install lottava[train]")

import torch
from lottava.export import budget
from lottava.export.quantise import quantise
from lottava.training.configs import load_config
from lottava.training.data.cache import cache_dir
from lottava.training.slim import from_graph
from small_dataset import small_dataset
from typer.testing import CliRunner

from lottava import cli, voicefile
from lottava.graph import graph_hash
from lottava.verbs import _make, _samples
from lottava.verbs._finish import Claims

DATASET = small_dataset(notes=3, frames=60)
CONFIG = load_config("nsf-nano")


def quiet(name: str, step: int, steps: int) -> None:
    """No progress bar."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[voicefile.Voice, voicefile.Voice, dict]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOTTAVA_CACHE", str(tmp_path_factory.mktemp("cache")))
        first = _samples.make(DATASET, CONFIG, Claims("takes_v1", Path("takes")))
        for module in ("datafit", "integers"):
            patch.setattr(f"lottava.training.{module}.train", lambda *_, **__: pytest.fail("trained twice"))
        trained = _make.run(DATASET, CONFIG, "parent", cache_dir() / "training", quiet)
        again = _make.to_integers(trained, DATASET, CONFIG, cache_dir() / "training", quiet)
    assert graph_hash(first[0].graph) == graph_hash(again.graph)
    return first


def test_the_file_survives_and_holds_what_the_graph_lacks(made, tmp_path: Path) -> None:
    voice, unquantised, report = made
    voicefile.save(voice, tmp_path / "takes_v1.lottava")
    loaded = voicefile.load(tmp_path / "takes_v1.lottava")
    assert loaded.card.family == "nsf" and loaded.card.id == graph_hash(voice.graph)
    assert loaded.card.parent == unquantised.card.id
    outside = {name: torch.tensor(value) for name, value in loaded.card.extra["outside"].items()}
    network = from_graph(unquantised.graph, outside)
    assert network.widths.parameter_count == report["arms"]["integer"]["parameters"]
    assert set(report["arms"]) == {"float", "integer"}
    assert np.isfinite([row["mrstft"] for row in report["arms"].values()]).all()
    assert [axis["name"] for axis in loaded.card.axes] == ["BRIGHT", "BREATH", "BODY", "WILD"]


def test_its_float_file_quantises_to_the_voice_from_the_file_alone(made) -> None:
    voice, unquantised, _ = made
    network = _samples.network_of(unquantised)
    graph, losses = quantise(unquantised.graph, _samples.representative_inputs(unquantised, DATASET))
    assert network.widths == CONFIG.parent and losses.end_to_end[0].snr_db > 30.0
    assert graph_hash(graph) == graph_hash(voice.graph)


def test_its_budget_is_known(made) -> None:
    found = budget.budget_of(made[0].graph)
    assert found.use.name == "NSF" and found.fits


def test_a_configuration_of_another_family_is_refused(tmp_path: Path) -> None:
    words = ["train", str(tmp_path), "--name", "x", "--family", "nsf", "--config", "demo", "--out", str(tmp_path)]
    result = CliRunner().invoke(cli.build(), words)
    assert result.exit_code != 0 and "is for --family ddsp" in str(result.exception)
