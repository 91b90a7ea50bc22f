# SPDX-License-Identifier: MIT
"""Nested training: ordered units, levels that compute on the whole's integer grid, the same bits again, and the M7."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lottava.emulator import Machine
from lottava.emulator.build import build_image
from lottava.emulator.network import MachineNetwork
from lottava.export import VoiceParameters, blob
from lottava.export.budget import budget_of
from lottava.export.quantise import quantise
from lottava.training import slimmable
from lottava.training.analysis.render import representative_inputs
from lottava.training.configs import load_config
from lottava.training.data.dataset import Dataset
from lottava.training.slim import to_graph
from lottava.training.slimmable import Nested, in_order, make_slimmable
from lottava.training.train import new_model
from small_dataset import small_dataset
from torch.func import functional_call

from lottava import reference
from lottava.graph import Graph
from lottava.levels import at_level
from lottava.scales import input_codes

CONFIG = replace(load_config("nano"), steps=2, batch=2, crop_seconds=0.25, seed=3)
WIDE = replace(CONFIG, parent=replace(CONFIG.parent, gru=16, out=12))
LEVELS = [0.75, 0.5]


def inputs(frames: int = 12, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = {"pitch": 1, "loudness": 1, "axes": 4}
    return {name: rng.uniform(-1, 1, (1, frames, size)).astype(np.float32) for name, size in sizes.items()}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return small_dataset()


@pytest.fixture(scope="module")
def nested(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Nested:
    model, encoder = new_model(WIDE, dataset)
    return make_slimmable(model, encoder, dataset, WIDE, LEVELS, tmp_path_factory.mktemp("nested"))


@pytest.fixture(scope="module")
def graph(nested: Nested, dataset: Dataset) -> Graph:
    return quantise(nested.graph, representative_inputs(nested.model, dataset))[0]


def test_ordering_changes_nothing_that_is_heard(dataset: Dataset) -> None:
    model, _ = new_model(WIDE, dataset)
    before, after = (reference.run(to_graph(each), inputs())["controls"] for each in (model, in_order(model)))
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_training_moves_every_level(nested: Nested, dataset: Dataset) -> None:
    start = in_order(new_model(WIDE, dataset)[0]).state_dict()
    moved = {name: float((value - start[name]).abs().max()) for name, value in nested.model.state_dict().items()}
    assert all(change > 0 for name, change in moved.items() if name != "axes_mlp.weight")
    assert [widths["hidden"] for widths in nested.widths] == [16, 12, 8]


def test_the_same_training_gives_the_same_bits_and_is_not_run_twice(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made() -> dict[str, torch.Tensor]:
        model, encoder = new_model(CONFIG, dataset)
        return make_slimmable(model, encoder, dataset, CONFIG, [0.5], tmp_path).model.state_dict()

    first = made()
    monkeypatch.setattr(slimmable, "_train", pytest.fail)
    again = made()
    assert all(torch.equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_training_in_integers_computes_as_the_oracle_does(nested: Nested, graph: Graph, level: int) -> None:
    """With the codes of the whole: its rows' scales, not those that the level's rows alone would get."""
    trained = slimmable._integer_level(nested.model, nested.widths[level], {})
    real = tuple(torch.tensor(inputs()[name]) for name in ("pitch", "loudness", "axes"))
    found, _ = functional_call(trained.model, trained.parameters(nested.model), real)
    expected = reference.run(at_level(graph, level), input_codes(inputs()))["controls"]
    np.testing.assert_array_equal(np.rint(found.detach().numpy() * 2**11), expected)


def test_a_level_lies_on_the_grid_of_the_whole(nested: Nested, graph: Graph) -> None:
    whole = {layer.name: layer for layer in at_level(graph, 0).layers}
    for layer in at_level(graph, 2).layers:
        for name, array in layer.arrays.items():
            before = whole[layer.name].arrays[name]
            assert np.isin(array, before).all()


def test_the_sandwich_has_both_ends_and_one_between() -> None:
    for seed in range(20):
        chosen = slimmable._sandwich(4, np.random.default_rng(seed))
        assert len(chosen) == 3 and chosen[0] == 0 and chosen[-1] == 3
    assert slimmable._sandwich(2, np.random.default_rng(0)) == [0, 1]


def test_a_narrower_level_takes_less_of_the_module(graph: Graph) -> None:
    budgets = [budget_of(graph, level) for level in range(3)]
    for name in ("DTCM", "mean block", "worst block", "network step"):
        used = [next(line.used for line in budget.lines if line.name == name) for budget in budgets]
        assert used == sorted(used, reverse=True) and used[0] > used[-1]
    flash = {line.used for budget in budgets for line in budget.lines if line.name == "flash"}
    assert flash == {len(blob.to_bytes(graph, VoiceParameters()))}


def test_the_cortex_m7_runs_each_level_as_the_oracle_does(graph: Graph) -> None:
    machine = Machine(build_image("bench"))
    data, codes = blob.to_bytes(graph, VoiceParameters()), {n: v[0] for n, v in input_codes(inputs()).items()}
    for level in (2, 0, 1):
        machine.release()
        network = MachineNetwork(machine, at_level(graph, level), data, level=level)
        found, _ = network.run(codes, [1])
        expected = reference.run(at_level(graph, level), codes)["controls"]
        np.testing.assert_array_equal(found["controls"], expected)
