# SPDX-License-Identifier: MIT
"""Would it come out the same again: units kept, their ranking, scores from seed to seed, and a code more or less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from ..reduction.select import Scores
from ..reduction.trim import Keep
from .connectivity import Energy, Weights

WEIGHT_CODES = 127
"""Of the largest weight of a row: one code is its size over this."""

DRAWS = 8


def mask_iou(a: Keep, b: Keep) -> float:
    """Units that both keep over units that either keeps, all groups together: of two seeds, data halves or epochs.

    Raises ValueError where they name different groups.
    """
    if set(a) != set(b):
        raise ValueError(f"keep sets name different groups: {sorted(a)} and {sorted(b)}")
    both = sum(len(np.intersect1d(a[name], b[name])) for name in a)
    either = sum(len(np.union1d(a[name], b[name])) for name in a)
    return both / either if either else 1.0


def random_iou(share: float) -> float:
    """What two keep sets of this share of many units have in common by chance: s / (2 − s)."""
    return share / (2 - share)


def rank_agreement(a: Scores, b: Scores) -> float:
    """Kendall's τ_b of two rankings of units, within groups, mean by the groups' sizes; 0 where one ranks nothing.

    Raises ValueError where they name different groups or none has two units.
    """
    sizes = {name: len(values) for name, values in a.items() if len(values) > 1}
    if set(a) != set(b) or not sizes:
        raise ValueError(f"two rankings of the same groups are needed: {sorted(a)} and {sorted(b)}")
    taus = [float(np.nan_to_num(kendalltau(a[name], b[name]).statistic)) for name in sizes]
    return float(np.average(taus, weights=list(sizes.values())))


def seed_spread(rows: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """Standard deviation (n − 1) of every figure that all rows hold; rows: one a seed, two or more.

    Raises ValueError for fewer.
    """
    if len(rows) < 2:
        raise ValueError("a spread over seeds needs two rows or more")
    columns = {name: [row.get(name) for row in rows] for name in rows[0]}
    return {
        name: float(np.std(np.array(values, dtype=np.float64), ddof=1))
        for name, values in columns.items()
        if all(isinstance(value, int | float) for value in values)
    }


def code_sensitivity(energy: Energy, weights: Weights, rng: np.random.Generator, draws: int = DRAWS) -> float:
    """Mean rise of the loss when every weight is one s8 code off, up or down by chance.

    A code is that of the weight's own row, the row's largest size over 127; biases stay, they are of 32 bits.
    """
    stacked: dict[str, NDArray[np.float64]] = {}
    for name, value in weights.items():
        moves = np.zeros((draws, *value.shape))
        if value.ndim > 1:
            code = np.abs(value).max(axis=tuple(range(1, value.ndim)), keepdims=True) / WEIGHT_CODES
            moves = rng.choice([-1.0, 1.0], moves.shape) * code
        stacked[name] = np.concatenate((value[None], value + moves))
    losses = energy(stacked)
    return float(np.mean(losses[1:]) - losses[0])
