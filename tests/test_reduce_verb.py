# SPDX-License-Identifier: MIT
"""`lottava reduce` as typed: what it lists and refuses; and its voices, which load and are bit-exact on the M7."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs it: install lottava[train]")

import streaming
from click.testing import Result
from lottava.export import VoiceParameters, blob
from lottava.training.reduction import cell, ticket
from lottava.training.reduction.method import METHODS
from small_dataset import small_dataset
from typer.testing import CliRunner

from lottava import cli, reference, voicefile
from lottava.cycles import graph_cycles
from lottava.graph import Graph, graph_hash
from lottava.verbs import _reduce


def typed(*words: str) -> Result:
    return CliRunner().invoke(cli.build(), ["reduce", *words])


def test_the_list_tells_when_each_method_scores_what_it_costs_and_where_it_is_from() -> None:
    rows = json.loads(typed("--list", "--json").stdout)
    assert [row["method"] for row in rows] == list(METHODS)
    for row in rows:
        assert row["scores"] in _reduce.WHEN.values() and row["cost"] and row["source"]
    assert rows[5]["settings"]["criterion"] == "magnitude"
    shown = typed("--list").stdout
    assert all(key in shown for key in METHODS)


REFUSALS = [
    ((), "say what to reduce: ddsp or nsf"),
    (("flute", "--method", "snip", "--target", "0.5"), "there is no generator 'flute'; take ddsp or nsf"),
    (("sax.lottava", "--method", "snip", "--target", "0.5"), "a file holds no encoder to train on with"),
    (("ddsp", "--target", "0.5"), "--method : take one of lth, "),
    (("ddsp", "--method", "best", "--target", "0.5"), "--method best: take one of lth, "),
    (("ddsp", "--method", "snip"), "say how small: either --target 0.05"),
    (("ddsp", "--method", "snip", "--target", "0.5", "--target-cycles", "9000"), "say how small: either"),
    (("ddsp", "--method", "snip", "--target", "5"), "--target 5: take a share above 0, at most 1"),
    (("ddsp", "--method", "snip", "--target-cycles", "0.1"), "--target-cycles 0.1: take a number above 1"),
    (("ddsp", "--method", "snip", "--criterion", "gradient", "--target", "0.5"), "--criterion is for diet"),
    (("ddsp", "--method", "diet", "--criterion", "taste", "--target", "0.5"), "--criterion taste: take one of"),
    (("ddsp", "--method", "snip", "--rounds", "2", "--target", "0.5"), "--rounds: snip selects once"),
    (("ddsp", "--method", "greedy_oracle", "--target", "0.5"), "greedy_oracle tries every unit"),
    (("ddsp", "--config", "nsf", "--method", "snip", "--target", "0.5"), "--config nsf is for nsf, not ddsp"),
    (
        ("nsf", "--config", "nsf-full", "--method", "snip", "--target", "0.5"),
        "has 121 layers over 124 tensors; the module",
    ),
    (("ddsp", "--device", "tpu", "--method", "snip", "--target", "0.5"), "--device tpu: take cpu or cuda"),
    (("ddsp", "--name", "Loud!", "--method", "snip", "--target", "0.5"), "--name Loud!: take 1 to 24 of"),
]


@pytest.mark.parametrize(("words", "reason"), REFUSALS)
def test_what_can_be_refused_is_refused_before_data_and_training(tmp_path: Path, words, reason: str) -> None:
    refused = typed(*words, "--out", str(tmp_path))
    assert refused.exit_code == 1 and reason in str(refused.exception)


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small data set, a cache of its own, few examples, and no cross compiler: no image is built of the voice."""
    monkeypatch.setenv("LOTTAVA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(cell, "EXAMPLES", 1)
    dataset = small_dataset(notes=3, frames=60)
    monkeypatch.setattr(_reduce, "recordings", lambda data: (Path(data), dataset))


def on_the_module(graph: Graph, block: int, ticks: int) -> None:
    """The image's kernels give what the oracle gives, column by column."""
    pytest.importorskip("unicorn")
    from lottava.emulator import Machine, build_image
    from lottava.emulator.network import MachineNetwork

    image, inputs = Machine(build_image()), streaming.random_columns(graph, 1, ticks)
    arenas = [
        (image.address("_ZN12_GLOBAL__N_15dtcm_E"), 80 << 10),
        (image.address("_ZN12_GLOBAL__N_14axi_E"), 448 << 10),
    ]
    data = blob.to_bytes(graph, VoiceParameters(), block=block)
    found, _ = MachineNetwork(image, graph, data, arenas=arenas).run(inputs, [block], ticks=ticks)
    for name, columns in reference.run(graph, inputs).items():
        np.testing.assert_array_equal(found[name], columns)


@pytest.mark.parametrize(
    ("family", "config", "method"), [("ddsp", "nano", "diet --criterion information"), ("nsf", "nsf-nano", "rigl")]
)
def test_a_reduced_generator_runs_on_the_module(
    quick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str, config: str, method: str
) -> None:
    words = (family, *f"--method {method} --target 0.93 --config {config} --steps 4 --name small".split())
    done = typed(*words, "--rounds", "1", "--out", str(tmp_path), "--json") if family == "ddsp" else None
    done = done or typed(*words, "--out", str(tmp_path), "--json")
    assert done.exit_code == 0, done.exception
    found = json.loads(done.stdout)
    voice = voicefile.load(Path(found["file"]))
    unquantised = voicefile.load(Path(found["float_file"]))
    drawn = ticket.load(Path(found["ticket_file"]))
    assert voice.card.id == found["id"] == graph_hash(voice.graph) and voice.card.family == family
    assert voice.card.parent == graph_hash(unquantised.graph) and voice.card.ticket
    assert found["network_cycles"] <= found["target_cycles"] < found["parent_cycles"]
    block = 1 if family == "ddsp" else 24
    assert graph_cycles(unquantised.graph, block=block) == pytest.approx(found["network_cycles"], abs=0.1)
    assert found["parameters"] == drawn.parameters < found["parent_parameters"]
    assert found["worst_block_cycles"] < found["parent_worst_block_cycles"]
    assert "% of" in done.stderr and "parameters removed" in done.stderr
    monkeypatch.undo()
    on_the_module(voice.graph, block, 8 if family == "ddsp" else 192)
