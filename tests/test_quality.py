# SPDX-License-Identifier: MIT
"""The row of figures that a comparison writes: the same again for the same network, for both families."""

import json

import pytest
import torch
from lottava.training.analysis import embedding, mos
from lottava.training.analysis.quality import missing, quality
from lottava.training.generators.registry import FAMILIES
from lottava.training.wild import WildEncoder
from small_dataset import small_dataset


@pytest.fixture(scope="module")
def dataset():
    return small_dataset(notes=3, frames=60)


@pytest.mark.parametrize("key", sorted(FAMILIES))
def test_a_network_has_one_row(dataset, key):
    torch.manual_seed(0)
    family = FAMILIES[key]
    model, encoder = family.build(family.configs["nano"]), WildEncoder()
    row = quality(model, encoder, dataset)
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    assert row["mrstft"] > 0 and row["mrstft_noon"] > 0 and row["mrstft_encoded"] > 0
    for axis, learnable in zip(("bright", "breath", "body"), dataset.axis_learnable, strict=True):
        assert (row[f"{axis}_spearman"] is not None) == learnable == (row[f"{axis}_travel"] is not None)
    again = quality(model, None, dataset)
    assert again == row | {"mrstft_encoded": None}


def test_without_the_optional_packages_two_figures_stay_empty_and_say_why(dataset, monkeypatch):
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    monkeypatch.setattr(mos, "find_spec", lambda name: None)
    family = FAMILIES["ddsp"]
    row = quality(family.build(family.configs["nano"]), None, dataset)
    assert row["frechet"] is None and row["frechet_floor"] is None and row["visqol"] is None
    assert missing() == (
        "frechet is not measured: the package aisfx is not installed; run scripts/setup.sh python quality",
        "visqol is not measured: the package visqol-python is not installed; run scripts/setup.sh python quality",
    )
