# SPDX-License-Identifier: MIT
"""What a handful of seeds can say: intervals, paired differences, correction for many questions, average ranks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

LEVEL = 0.95
DRAWS = 10_000
EXACT_SEEDS = 6
"""Up to this many pairs all n^n resamples are looked at (46 656); beyond, DRAWS of them."""


@dataclass(frozen=True)
class Interval:
    """A mean and what covers it at LEVEL; low and high are NaN where one value says nothing of the spread."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """Paired differences (first minus second). low, high: bootstrap interval; p: of the paired t-test, two-sided."""

    mean: float
    low: float
    high: float
    p: float
    pairs: int


@dataclass(frozen=True)
class Ranks:
    """Average rank of each treatment (1 = lowest value); critical: Nemenyi's difference; p: Friedman's."""

    average: NDArray[np.float64]
    critical: float
    p: float


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not found.size or not np.all(np.isfinite(found)):
        raise ValueError("a list of finite numbers is needed, one a seed")
    return found


def t_interval(values: ArrayLike, level: float = LEVEL) -> Interval:
    """Mean ± Student's interval of independent values [seeds]. Raises ValueError for none, or any that isn't finite."""
    found = _finite(values)
    mean = float(found.mean())
    if len(found) == 1:
        return Interval(mean, math.nan, math.nan)
    half = float(stats.t.ppf(0.5 + level / 2, len(found) - 1) * found.std(ddof=1) / math.sqrt(len(found)))
    return Interval(mean, mean - half, mean + half)


def resampled_means(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Means of samples drawn with replacement: all n^n of them for few values, else DRAWS."""
    count = len(values)
    if count <= EXACT_SEEDS:
        return np.array([np.mean(drawn) for drawn in itertools.product(values.tolist(), repeat=count)])
    return values[rng.integers(0, count, (DRAWS, count))].mean(axis=1)


def paired_difference(first: ArrayLike, second: ArrayLike, *, level: float = LEVEL, seed: int = 0) -> Difference:
    """first − second [seeds], paired by position.

    The percentile bootstrap of n pairs has n^n resamples at most, 27 for three seeds: its p can't survive a correction
    for several methods. So the interval is the bootstrap's, and p the paired t-test's, which three seeds can resolve.
    Raises ValueError for lists of different lengths.
    """
    x, y = _finite(first), _finite(second)
    if len(x) != len(y):
        raise ValueError(f"pairs are needed, not {len(x)} and {len(y)} values")
    apart = x - y
    mean = float(apart.mean())
    if len(apart) == 1:
        return Difference(mean, math.nan, math.nan, math.nan, 1)
    means = resampled_means(apart, np.random.default_rng(seed))
    low, high = (float(value) for value in np.quantile(means, [0.5 - level / 2, 0.5 + level / 2]))
    spread = float(apart.std(ddof=1))
    if spread <= 1e-12 * max(1.0, abs(mean)):
        return Difference(mean, low, high, 0.0 if abs(mean) > 1e-12 else 1.0, len(apart))
    p = 2 * float(stats.t.sf(abs(mean) / (spread / math.sqrt(len(apart))), len(apart) - 1))
    return Difference(mean, low, high, p, len(apart))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979): p-values such that a row of them at 0.05 errs with 5 % in all.

    NaN stays NaN and counts as no question.
    """
    asked = [index for index, p in enumerate(p_values) if math.isfinite(p)]
    found, worst = [math.nan] * len(p_values), 0.0
    for rank, index in enumerate(sorted(asked, key=lambda index: p_values[index])):
        worst = max(worst, min(1.0, (len(asked) - rank) * p_values[index]))
        found[index] = worst
    return found


def nemenyi_critical(treatments: int, blocks: int, level: float = LEVEL) -> float:
    """Average ranks further apart than this differ (Demšar, JMLR 7, 2006)."""
    q = float(stats.studentized_range.ppf(level, treatments, np.inf)) / math.sqrt(2)
    return q * math.sqrt(treatments * (treatments + 1) / (6 * blocks))


def average_ranks(values: ArrayLike) -> Ranks:
    """Friedman's test and average ranks of values [blocks, treatments], lower = better; ties share their ranks.

    Raises ValueError for fewer than two blocks or three treatments, which the test isn't defined for.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 2 or table.shape[1] < 3 or not np.all(np.isfinite(table)):
        raise ValueError(f"two blocks of three finite values at least are needed, not {table.shape}")
    ranks = stats.rankdata(table, axis=1)
    tied = bool(np.all(ranks == ranks[:, :1]))
    p = 1.0 if tied else float(stats.friedmanchisquare(*table.T).pvalue)
    return Ranks(ranks.mean(axis=0), nemenyi_critical(table.shape[1], table.shape[0]), p)
