# SPDX-License-Identifier: MIT
"""How many dimensions weights and activations really use, and how alike the units of one group are (reference §5.5)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lottava.graph import Graph, named_arrays

Array = NDArray[np.float64]


def effective_rank(sizes: NDArray) -> float:
    """exp(−Σ p log p), p = σ / Σσ, of singular values or eigenvalues: n for n equal ones, 1 for a single one."""
    positive = np.asarray(sizes, dtype=np.float64)
    positive = positive[positive > 0]
    if not len(positive):
        return 0.0
    share = positive / positive.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def stable_rank(sizes: NDArray) -> float:
    """‖W‖_F² / σ_1² of singular values; 0 for a matrix of zeros."""
    squares = np.square(np.asarray(sizes, dtype=np.float64))
    return float(squares.sum() / squares.max()) if len(squares) and squares.max() > 0 else 0.0


def matrix_ranks(matrix: NDArray) -> tuple[float, float]:
    """(effective, stable) rank of a matrix."""
    sizes = np.linalg.svd(np.asarray(matrix, dtype=np.float64), compute_uv=False)
    return effective_rank(sizes), stable_rank(sizes)


def weight_ranks(graph: Graph) -> dict[str, tuple[float, float]]:
    """(effective, stable) rank of every weight 'layer.array', its taps and inputs side by side in a row."""
    return {
        name: matrix_ranks(array.reshape(len(array), -1))
        for name, array in named_arrays(graph).items()
        if array.ndim > 1
    }


def activation_ranks(tensors: Mapping[str, NDArray]) -> dict[str, tuple[float, float]]:
    """(effective, stable) rank of the covariance of each tensor [batch, columns, size] over all its columns."""
    found = {}
    for name, values in tensors.items():
        columns = np.asarray(values, dtype=np.float64).reshape(-1, values.shape[-1])
        found[name] = matrix_ranks(np.atleast_2d(np.cov(columns, rowvar=False)))
    return found


def linear_cka(x: Array, y: Array) -> float:
    """Linear centred kernel alignment (arXiv 1905.00414) of two sets of units [n, a], [n, b]: 1 where one is the other
    turned or scaled, 0 where they don't correlate, or one does not move."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    norm = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(np.square(np.linalg.norm(y.T @ x)) / norm) if norm else 0.0


def redundancy(values: NDArray) -> float:
    """Mean pairwise CKA between the units of one tensor [batch, columns, size]: 1 where all say the same.

    Of single units CKA is the squared correlation; one that does not move counts 0 with all.
    """
    columns = np.asarray(values, dtype=np.float64).reshape(-1, values.shape[-1])
    units = columns.shape[1]
    if units < 2:
        return 0.0
    centred = columns - columns.mean(axis=0)
    norm = np.linalg.norm(centred, axis=0)
    scaled = np.where(norm > 0, centred / np.where(norm > 0, norm, 1.0), 0.0)
    alike = np.square(scaled.T @ scaled)
    return float((alike.sum() - np.trace(alike)) / (units * (units - 1)))


def silent_share(values: NDArray) -> float:
    """Share of the units of a tensor [batch, columns, size] that never move: dead for what was played."""
    columns = np.asarray(values).reshape(-1, values.shape[-1])
    return float(np.mean(np.ptp(columns, axis=0) == 0))
