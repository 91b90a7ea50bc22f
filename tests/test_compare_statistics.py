# SPDX-License-Identifier: MIT
"""Intervals, paired differences, Holm's correction and ranks against figures known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("scipy", reason="reports need it: install lottava[train]")

from hypothesis import given
from hypothesis import strategies as st
from lottava.training.compare import statistics
from scipy import stats

VALUES = st.lists(st.floats(-10, 10), min_size=2, max_size=5)


def test_t_interval_of_known_numbers() -> None:
    found = statistics.t_interval([1.0, 2.0, 3.0])
    half = 4.302652729911275 / math.sqrt(3)  # t of 97.5 % at two degrees of freedom, times the spread of 1
    assert (found.mean, found.low, found.high) == pytest.approx((2.0, 2 - half, 2 + half))


def test_one_seed_has_no_interval() -> None:
    found = statistics.t_interval([1.5])
    assert found.mean == 1.5
    assert math.isnan(found.low) and math.isnan(found.high)
    assert math.isnan(statistics.paired_difference([1.0], [2.0]).p)


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [[1.0, 2.0]]])
def test_what_is_no_list_of_numbers_is_refused(values: list) -> None:
    with pytest.raises(ValueError, match="finite numbers"):
        statistics.t_interval(values)


@given(VALUES, st.floats(-5, 5).filter(lambda shift: abs(shift) > 1e-3))
def test_a_constant_difference_has_no_width(values: list[float], shift: float) -> None:
    x = np.asarray(values)
    found = statistics.paired_difference(x + shift, x)
    assert (found.mean, found.low, found.high) == pytest.approx((shift, shift, shift))
    assert found.p == 0.0


def test_no_difference_is_no_evidence() -> None:
    assert statistics.paired_difference([1.0, 2.0], [1.0, 2.0]).p == 1.0


@given(VALUES)
def test_p_is_the_paired_t_tests(values: list[float]) -> None:
    x, y = np.asarray(values), np.asarray(values)[::-1] * 0.7 + np.arange(len(values))
    if np.std(x - y, ddof=1) > 1e-6:
        assert statistics.paired_difference(x, y).p == pytest.approx(stats.ttest_rel(x, y).pvalue, abs=1e-9)


def test_few_pairs_are_resampled_exactly() -> None:
    rng = np.random.default_rng(0)
    means = statistics.resampled_means(np.array([0.0, 1.0, 2.0]), rng)
    assert len(means) == 27
    assert means.mean() == pytest.approx(1.0)
    assert np.sum(means == 0) == 1  # one of the 27 draws the least value three times
    many = statistics.resampled_means(np.arange(8.0), rng)
    assert len(many) == statistics.DRAWS


def test_the_same_seed_gives_the_same_interval() -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 8))
    assert statistics.paired_difference(x, y) == statistics.paired_difference(x, y)


def test_unequal_lists_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="pairs are needed"):
        statistics.paired_difference([1.0, 2.0], [1.0])


def test_holm_on_the_textbooks_values() -> None:
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.6, 0.9]) == [1.0, 1.0]
    left_out = statistics.holm([0.01, math.nan, 0.02])
    assert left_out[0] == 0.02 and math.isnan(left_out[1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_never_helps(p: list[float]) -> None:
    found = statistics.holm(p)
    assert all(after >= before for before, after in zip(p, found, strict=True))
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(np.asarray(found)[order]) >= 0)


def test_nemenyi_on_demsars_table() -> None:
    for treatments, q in ((2, 1.960), (5, 2.728), (10, 3.164)):
        scale = math.sqrt(treatments * (treatments + 1) / (6 * 14))
        assert statistics.nemenyi_critical(treatments, 14) / scale == pytest.approx(q, abs=1e-3)


def test_ranks_are_friedmans() -> None:
    table = np.random.default_rng(2).normal(size=(6, 4))
    found = statistics.average_ranks(table)
    assert found.p == pytest.approx(stats.friedmanchisquare(*table.T).pvalue)
    assert found.average.sum() == pytest.approx(10.0)
    assert statistics.average_ranks(np.ones((3, 4))).p == 1.0
    with pytest.raises(ValueError, match="two blocks"):
        statistics.average_ranks(table[:1])
