# SPDX-License-Identifier: MIT
"""Mutual information in nats, by three estimators, and the criterion of 2007.16170: what a unit tells of the target.

All estimators replace each variable by its normal scores first, so none changes under monotone transforms of one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma, ndtri

from .task import Example, Task, reads

Array = NDArray[np.float64]

TARGET_DIMS = 16
"""Principal components of the target that a unit may tell something of."""

NEAREST_DIMS = 2
"""Components for the estimators that count neighbours or bins: they need far more samples a dimension."""

MAX_FRAMES = 4_096
NOISE = 0.05
"""Standard deviations of noise on a unit: a noiseless function of the target would tell infinitely much."""


def normal_scores(x: Array) -> Array:
    """Each column [n, dims] replaced by the normal quantiles of its ranks; ties share the middle rank."""
    out = np.empty(x.shape)
    for column in range(x.shape[1]):
        _, inverse, counts = np.unique(x[:, column], return_inverse=True, return_counts=True)
        ranks = np.cumsum(counts) - 0.5 * counts
        out[:, column] = ndtri(ranks[inverse] / x.shape[0])
    return out


def gauss(x: Array, y: Array) -> float:
    """½ log(|Σx||Σy|/|Σ|) of normal scores: exact where they are jointly normal. x [n, a], y [n, b]."""
    a, identity = x.shape[1], np.eye(x.shape[1] + y.shape[1])
    both = np.asarray(np.corrcoef(np.hstack((normal_scores(x), normal_scores(y))), rowvar=False))
    both = np.where(np.isfinite(both), both, identity) + 1e-9 * identity
    parts = [np.linalg.slogdet(part)[1] for part in (both[:a, :a], both[a:, a:], both)]
    return max(0.0, 0.5 * float(parts[0] + parts[1] - parts[2]))


def ksg(x: Array, y: Array, neighbours: int = 3) -> float:
    """Kraskov, Stögbauer and Grassberger's first estimator (physics/0305641): distances to nearest neighbours."""
    x, y = normal_scores(x), normal_scores(y)
    distance = cKDTree(np.hstack((x, y))).query(np.hstack((x, y)), neighbours + 1, p=np.inf)[0][:, -1]
    inside = np.nextafter(distance, 0.0)
    counts = [cKDTree(z).query_ball_point(z, inside, p=np.inf, return_length=True) for z in (x, y)]
    mean = float(np.mean(digamma(counts[0]) + digamma(counts[1])))
    return max(0.0, float(digamma(neighbours) + digamma(len(x))) - mean)


def _entropy(cells: NDArray[np.int64]) -> float:
    """Of the rows [n, dims], with Miller and Madow's correction for cells that are rarely met."""
    spans = cells.max(axis=0) - cells.min(axis=0) + 1
    hashed = np.ravel_multi_index(tuple((cells - cells.min(axis=0)).T), tuple(spans))
    counts = np.unique(hashed, return_counts=True)[1]
    share = counts / len(cells)
    return float(-(share * np.log(share)).sum()) + (len(counts) - 1) / (2 * len(cells))


def _binned(x: Array, y: Array, width: float, shift: Array) -> float:
    cells = np.floor(np.hstack((x, y)) / width + shift).astype(np.int64)
    a = x.shape[1]
    return _entropy(cells[:, :a]) + _entropy(cells[:, a:]) - _entropy(cells)


def edge(x: Array, y: Array, rng: np.random.Generator, widths: tuple[float, float] = (0.4, 0.8)) -> float:
    """Hashed bins in the manner of EDGE (1801.09125): two widths extrapolated to none, median of 5 random grids.

    What shuffled pairs seem to tell, about 60 / n, is taken off.
    """
    x, y = normal_scores(x), normal_scores(y)
    ratio = (widths[1] / widths[0]) ** 2
    found = []
    for _ in range(5):
        shift, shuffled = rng.random(x.shape[1] + y.shape[1]), rng.permutation(y)
        sizes = [_binned(x, z, width, shift) for z in (y, shuffled) for width in widths]
        at_zero = [(ratio * sizes[i] - sizes[i + 1]) / (ratio - 1.0) for i in (0, 2)]
        found.append(at_zero[0] - at_zero[1])
    return max(0.0, float(np.median(found)))


ESTIMATORS: dict[str, Callable[[Array, Array, np.random.Generator], float]] = {
    "gauss": lambda x, y, _: gauss(x, y),
    "ksg": lambda x, y, _: ksg(x, y[:, :NEAREST_DIMS]),
    "edge": lambda x, y, rng: edge(x, y[:, :NEAREST_DIMS], rng),
}


def components(target: Array, dims: int = TARGET_DIMS) -> Array:
    """The first principal components [n, <= dims] of a target [n, ...], strongest first."""
    centred = target - target.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    kept = min(dims, int(np.sum(sizes > 1e-9 * max(sizes[0], 1e-30))))
    return centred @ axes[: max(1, kept)].T


def per_frame(values: Array, frames: int) -> Array:
    """A unit's columns [batch, columns] as [batch * frames, 2]: mean and RMS a frame; one column where they tell alike.

    Raises ValueError where the columns don't divide into frames.
    """
    batch, columns = values.shape
    if columns % frames:
        raise ValueError(f"{columns} columns don't divide into {frames} frames of the target")
    pieces = values.reshape(batch * frames, columns // frames)
    if pieces.shape[1] == 1:
        return pieces
    return np.stack((pieces.mean(axis=1), np.sqrt(np.mean(pieces**2, axis=1))), axis=1)


def _target(examples: tuple[Example, ...]) -> Array:
    if any(example.target is None for example in examples):
        raise ValueError("the information criterion needs the target of every example")
    return np.concatenate(
        [example.target.reshape(-1, example.target.shape[-1]) for example in examples if example.target is not None]
    )


def information(task: Task, rng: np.random.Generator, *, estimator: str = "gauss") -> dict[str, Array]:
    """I(unit; target) of every unit where weights read it, the most telling tensor of its group counting.

    The unit by mean and RMS of each target frame, with noise of 0.05 standard deviations; at most 4 096 frames, drawn.
    Raises ValueError for examples without target.
    """
    target = _target(task.examples)
    chosen = np.sort(rng.permutation(len(target))[:MAX_FRAMES])
    told = components(target)[chosen]
    seen = [(task.tensors(example), example.target) for example in task.examples]
    scores = {}
    for name, tensors in reads(task.graph, task.channels).items():
        group, best = task.channels.groups[name], np.zeros(task.channels.groups[name].size)
        for tensor in tensors:
            for unit, places in enumerate(group.places[tensor, 0]):
                pieces = [
                    per_frame(values[tensor][..., list(places)].mean(dim=-1).numpy(), goal.shape[1])
                    for values, goal in seen
                    if goal is not None
                ]
                heard = np.concatenate(pieces)[chosen]
                heard = heard + rng.normal(0.0, 1.0, heard.shape) * (NOISE * heard.std(axis=0) + 1e-12)
                best[unit] = max(best[unit], ESTIMATORS[estimator](heard, told, rng))
        scores[name] = best
    return scores
