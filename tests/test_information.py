# SPDX-License-Identifier: MIT
"""Mutual information against closed forms, and the criterion that ranks units by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lottava.training.reduction.information import edge, gauss, information, ksg
from reduction_tasks import planted_task


def pair(rho: float, count: int, seed: int):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 1))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(count, 1))


ESTIMATES = {"gauss": gauss, "ksg": ksg, "edge": lambda x, y: edge(x, y, np.random.default_rng(0))}


@pytest.mark.parametrize("name", ESTIMATES)
def test_independent_pairs_tell_nothing(name):
    assert np.mean([ESTIMATES[name](*pair(0.0, 4_096, seed)) for seed in range(3)]) < 0.02


@pytest.mark.parametrize("rho", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", ESTIMATES)
def test_normal_pairs_tell_what_theory_says(name, rho):
    found = np.mean([ESTIMATES[name](*pair(rho, 16_384, seed)) for seed in range(4)])
    assert abs(found / (-0.5 * np.log(1 - rho**2)) - 1) < 0.05


@pytest.mark.parametrize("name", ESTIMATES)
def test_monotone_transforms_change_nothing(name):
    x, y = pair(0.7, 1_000, 0)
    assert np.isclose(ESTIMATES[name](np.exp(3 * x), y**3), ESTIMATES[name](x, y), rtol=1e-9)


@pytest.mark.parametrize("estimator", ESTIMATES)
def test_a_planted_uninformative_unit_ranks_last(estimator):
    task, unit = planted_task()
    scores = information(task, np.random.default_rng(0), estimator=estimator)["a"]
    assert np.argmin(scores) == unit and scores[unit] < 0.1 < np.delete(scores, unit).min()


def test_information_needs_a_target():
    task, _ = planted_task()
    blind = replace(task, examples=tuple(replace(example, target=None) for example in task.examples))
    with pytest.raises(ValueError, match="target"):
        information(blind, np.random.default_rng(0))
