# SPDX-License-Identifier: MIT
"""What a graph's weights alone tell of its build, as one flat row; half a second for a parent of 250 000 weights."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lottava.graph import Graph, named_arrays

from . import topology
from .spectra import activation_ranks, redundancy, silent_share, weight_ranks


def structure(graph: Graph) -> dict[str, float]:
    """Wiring and ranks of a float graph.

    density, mean_degree (in and out), degree_gini, dead_units (share), minimum_cut (units), algebraic_connectivity:
    topology.py. log10_path_norm: -300 where no path is left. effective_rank, stable_rank: mean share of what the
    shapes of the weights allow, of those of more than one row and column.
    """
    wired = topology.wiring(graph)
    degrees = topology.degrees(wired)
    shapes = {name: (len(array), array[0].size) for name, array in named_arrays(graph).items() if array.ndim > 1}
    full = {name: min(shape) for name, shape in shapes.items() if min(shape) > 1}
    ranks = weight_ranks(graph)
    effective, stable = (
        float(np.mean([ranks[name][kind] / full[name] for name in full])) if full else 1.0 for kind in (0, 1)
    )
    return {
        "density": topology.density(wired),
        "mean_degree": degrees.mean_in + degrees.mean_out,
        "degree_gini": degrees.gini,
        "dead_units": degrees.dead,
        "minimum_cut": float(topology.minimum_cut(wired)),
        "algebraic_connectivity": topology.algebraic_connectivity(wired),
        "log10_path_norm": math.log10(max(topology.path_norm(graph), 1e-300)),
        "effective_rank": effective,
        "stable_rank": stable,
    }


def activity(tensors: Mapping[str, NDArray]) -> dict[str, float]:
    """The same of what a graph computes, of tensors [batch, columns, size] of more than one channel: means over them.

    activation_rank: effective rank of the covariance over the size; redundancy; silent_units: share that never moves.
    """
    wide = {name: np.asarray(values) for name, values in tensors.items() if values.shape[-1] > 1}
    ranks = activation_ranks(wide)
    return {
        "activation_rank": float(np.mean([ranks[name][0] / values.shape[-1] for name, values in wide.items()])),
        "redundancy": float(np.mean([redundancy(values) for values in wide.values()])),
        "silent_units": float(np.mean([silent_share(values) for values in wide.values()])),
    }
