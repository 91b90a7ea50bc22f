# SPDX-License-Identifier: MIT
"""What trimming leaves of a network's wiring: units as nodes, weights as edges (reference §5.5).

A node is a unit of the channel groups: whatever must go together is one node. A_ij = Σ|w| over all weights by which
unit i hears unit j. An edge counts where it carries more than 1 % of what an edge into i does on average; 1 % of the
row's sum, as the reference has it, would leave a dense layer of 100 equal inputs without an edge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from lottava.graph import Graph, named_arrays

from ..reduction.groups import Channels, channel_groups

Array = NDArray[np.float64]

EDGE_SHARE = 0.01
UNLIMITED = 1 << 20
"""Paths through an input or output unit; int32 sums of it stay in range."""


@dataclass(frozen=True, eq=False)
class Wiring:
    """hears [units, units]: A; possible [units, units]: where a weight connects; spans: units of each group.

    inputs, outputs: nodes of the graph's inputs and outputs.
    """

    hears: Array
    possible: NDArray[np.bool_]
    spans: Mapping[str, slice]
    inputs: NDArray[np.int64]
    outputs: NDArray[np.int64]

    @property
    def edges(self) -> NDArray[np.bool_]:
        """Edges that count, [units, units]: row hears column."""
        heard = self.possible.sum(axis=1, keepdims=True)
        level = self.hears.sum(axis=1, keepdims=True) / np.maximum(heard, 1)
        return np.asarray(self.hears > EDGE_SHARE * level)

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """Units that are neither input nor output."""
        inside = np.ones(len(self.hears), dtype=bool)
        inside[self.inputs], inside[self.outputs] = False, False
        return inside


def wiring(graph: Graph, channels: Channels | None = None) -> Wiring:
    """The channel graph of a float graph, recurrence included."""
    channels = channels or channel_groups(graph)
    spans, units = {}, 0
    for name, group in channels.groups.items():
        spans[name] = slice(units, units + group.size)
        units += group.size
    owner = _owners(channels, spans)
    hears, possible = np.zeros((units, units)), np.zeros((units, units), dtype=bool)
    for name, array in named_arrays(graph).items():
        if array.ndim < 2 or (name, array.ndim - 1) not in owner:
            continue
        sizes = np.abs(np.asarray(array, dtype=np.float64)).reshape(array.shape[0], -1, array.shape[-1]).sum(axis=1)
        for row, makes in owner[name, 0]:
            for column, reads in owner[name, array.ndim - 1]:
                np.add.at(hears, np.ix_(makes, reads), sizes[np.ix_(row, column)])
                possible[np.ix_(makes, reads)] = True
    ends = [_nodes(owner, names) for names in (graph.inputs, graph.outputs)]
    return Wiring(hears, possible, spans, *ends)


Owned = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Positions along an axis, and the nodes that own them."""


def _owners(channels: Channels, spans: Mapping[str, slice]) -> dict[tuple[str, int], list[Owned]]:
    found: dict[tuple[str, int], list[Owned]] = {}
    for name, group in channels.groups.items():
        for key, places in group.places.items():
            positions = np.array([p for unit in places for p in unit])
            nodes = np.array([spans[name].start + u for u, unit in enumerate(places) for _ in unit])
            found.setdefault(key, []).append((positions, nodes))
    return found


def _nodes(owner: Mapping[tuple[str, int], Sequence[Owned]], tensors: Sequence[str]) -> NDArray[np.int64]:
    return np.unique(np.concatenate([nodes for name in tensors for _, nodes in owner[name, 0]]))


def density(wired: Wiring) -> float:
    """Edges that count over those that could: 1 for dense random weights."""
    return float(wired.edges.sum() / max(1, wired.possible.sum()))


def gini(values: NDArray) -> float:
    """Inequality of values: 0 where all are equal, towards 1 where one has all."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    total, count = ordered.sum(), len(ordered)
    return float((2 * np.arange(1, count + 1) - count - 1) @ ordered / (count * total)) if total else 0.0


@dataclass(frozen=True)
class Degrees:
    """Of hidden units: edges in and out, mean and most; gini of both together; dead: share that hears or tells none."""

    mean_in: float
    most_in: int
    mean_out: float
    most_out: int
    gini: float
    dead: float


def degrees(wired: Wiring) -> Degrees:
    """How many units each unit hears and is heard by, itself not counted. All 0 without hidden units."""
    edges = wired.edges & ~np.eye(len(wired.hears), dtype=bool)
    heard, told = (edges.sum(axis=axis)[wired.hidden] for axis in (1, 0))
    if not len(heard):
        return Degrees(0.0, 0, 0.0, 0, 0.0, 0.0)
    dead = float(np.mean((heard == 0) | (told == 0)))
    return Degrees(float(heard.mean()), int(heard.max()), float(told.mean()), int(told.max()), gini(heard + told), dead)


def width_profile(channels: Channels, parent: Channels) -> tuple[dict[str, float], float]:
    """Width of each free group over the parent's, and the entropy of the shares in nats; the most is log(groups)."""
    shares = {name: group.size / parent.groups[name].size for name, group in channels.free.items()}
    whole = np.array(list(shares.values())) / max(sum(shares.values()), 1e-300)
    return shares, float(-(whole * np.log(whole)).sum()) if len(whole) else 0.0


def minimum_cut(wired: Wiring) -> int:
    """Hidden units that at least must go until nothing of the inputs reaches the outputs; an edge past all counts one.

    By Menger's theorem the paths from input to output that share no unit. A chain's is its least width.
    """
    count = len(wired.hears)
    makes, reads = np.nonzero(wired.edges & ~np.eye(count, dtype=bool))
    through = np.where(wired.hidden, 1, UNLIMITED)
    nodes = np.arange(count)
    source, sink = 2 * count, 2 * count + 1
    tails = np.concatenate((nodes, count + reads, np.full(len(wired.inputs), source), count + wired.outputs))
    heads = np.concatenate((count + nodes, makes, wired.inputs, np.full(len(wired.outputs), sink)))
    sizes = np.concatenate((through, np.ones(len(makes)), np.full(len(wired.inputs) + len(wired.outputs), UNLIMITED)))
    network = csr_array((sizes.astype(np.int32), (tails, heads)), shape=(2 * count + 2, 2 * count + 2))
    return int(maximum_flow(network, source, sink).flow_value)


def algebraic_connectivity(wired: Wiring) -> float:
    """Second smallest eigenvalue of the normalised Laplacian, edges both ways and unweighted: 0 where it falls apart.

    A unit without any edge is a part of its own.
    """
    edges = (wired.edges & ~np.eye(len(wired.hears), dtype=bool)).astype(np.float64)
    both = np.maximum(edges, edges.T)
    degree = both.sum(axis=1)
    if np.any(degree == 0):
        return 0.0
    root = 1 / np.sqrt(degree)
    values = np.linalg.eigvalsh(np.eye(len(both)) - root[:, None] * both * root)
    return max(0.0, float(values[1]))


def path_norm(graph: Graph) -> float:
    """Σ over paths from inputs to outputs of Π|w|: ones through |W|, one tick, biases and recurrence left out.

    What passes a function counts whole, both sides of a gate and all factors of a product count as paths of their own;
    so it is the path norm of Neyshabur et al. for layers and ReLUs, and an upper bound of its kind for the rest.
    """
    values = {name: np.ones(graph.tensors[name].size) for name in graph.inputs}
    for layer in graph.layers:
        parts = [values[name] for name in layer.inputs]
        size = graph.tensors[layer.output].size
        weight = layer.arrays.get("weight", layer.arrays.get("weight_ih"))
        if weight is not None:
            sizes = np.abs(np.asarray(weight, dtype=np.float64))
            found = sizes * parts[0] if sizes.ndim == 1 else _heard(sizes, parts[0], layer.option)
            found = found + (parts[1] if len(parts) > 1 else 0.0)
        elif layer.kind == "concat":
            found = np.concatenate(parts)
        elif layer.kind == "split":
            found = parts[0][layer.option("offset") : layer.option("offset") + size]
        elif layer.kind == "broadcast":
            found = np.tile(parts[0], size // len(parts[0]))
        else:
            found = np.sum(parts, axis=0)
        values[layer.output] = found.reshape(-1, size).sum(axis=0)
    return math.fsum(float(values[name].sum()) for name in graph.outputs)


def _heard(sizes: Array, heard: Array, option) -> Array:  # type: ignore[no-untyped-def]
    """Rows of |W| [out, …, in/groups] on a vector, all taps and each group with its own channels."""
    flat = sizes.reshape(sizes.shape[0], -1, sizes.shape[-1]).sum(axis=1)
    groups = len(heard) // flat.shape[1]
    return np.einsum("goi,gi->go", flat.reshape(groups, -1, flat.shape[1]), heard.reshape(groups, -1)).ravel()
