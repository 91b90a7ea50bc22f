# SPDX-License-Identifier: MIT
"""The row of figures that a comparison writes: the same again for the same network, for both families."""

import json

import pytest
import torch
from lottava.training.analysis.quality import quality
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
