# SPDX-License-Identifier: MIT
"""Magnitude criterion: a unit is worth the L1 norm of the weights that produce it (DAFx 2020, arXiv 2007.16170)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lottava.graph import named_arrays

from ..generators.family import Network
from ..slim import to_graph
from .groups import channel_groups

Scores = Mapping[str, NDArray[np.float64]]
"""Free group → one score a unit; higher = keep."""


def score(model: Network) -> dict[str, NDArray[np.float64]]:
    """Σ|w| over the producing rows of each unit: float64 [units] per free group. Biases are never scored."""
    graph = to_graph(model)
    arrays = named_arrays(graph)
    scores = {}
    for name, group in channel_groups(graph).free.items():
        total = np.zeros(group.size)
        for member in group.members:
            weight = arrays[member.span.tensor] if member.role == "produce" else None
            if weight is not None and weight.ndim > 1:
                rows = np.moveaxis(np.abs(weight.astype(np.float64)), member.span.axis, 0)
                total += rows.reshape(rows.shape[0], -1).sum(axis=1)[np.asarray(member.span.positions())]
        scores[name] = total
    return scores


def normalise(scores: Scores) -> dict[str, NDArray[np.float64]]:
    """Norm 'mean': divide each group by its mean, so that groups of any fan-in can be ranked together.

    A unit then competes by how far it falls behind its own group; a group that is all zero scores 0.
    """
    return {name: values / max(float(values.mean()), np.finfo(float).tiny) for name, values in scores.items()}
