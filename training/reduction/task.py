# SPDX-License-Identifier: MIT
"""What criteria look at: a float graph with its weights, and examples of what it should sound like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lottava.graph import Graph, named_arrays

from ..generators.family import Network
from ..generators.registry import family_of
from ..slim import graph_name, to_graph
from .forward import Values, arrays_of, forward
from .graph_trim import with_arrays
from .groups import Channels, channel_groups, whole
from .select import Scores

Loss = Callable[[Values], Tensor]
"""Arrays by 'layer.array' → a scalar."""


@dataclass(frozen=True, eq=False)
class Example:
    """A batch of crops: inputs [batch, columns, size], the loss of what comes out, and what it should be told from.

    loss: of all tensors of the graph, by name. target [batch, frames, dims]: log-mel frames of the recordings, or any
    other description of them; only the information criterion reads it.
    """

    inputs: Mapping[str, Tensor]
    loss: Callable[[Values], Tensor]
    target: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Task:
    """A graph, the groups of its units, and the examples that it is judged by; in float64, or in `dtype`.

    frozen: tensors whose channels stay, besides inputs and outputs. fixed: arrays that no training changes. gammas:
    by group, what factors a training left; they are part of the weights already. outside: entries of the network's
    state that no layer holds; companion: of what trains along and is never trimmed; None = fresh.
    """

    graph: Graph
    examples: tuple[Example, ...]
    frozen: frozenset[str] = frozenset()
    gammas: Mapping[str, NDArray[np.float64]] | None = None
    fixed: frozenset[str] = frozenset()
    outside: Values = field(default_factory=dict)
    companion: Values | None = None
    dtype: torch.dtype = torch.float64

    @cached_property
    def channels(self) -> Channels:
        """Groups of its units."""
        return channel_groups(self.graph, whole(self.graph, self.frozen))

    @classmethod
    def of_network(cls, model: Network, examples: tuple[Example, ...] = ()) -> Task:
        """A trained or untrained network of any family; without examples only its weights can be looked at."""
        graph = to_graph(model)
        trained = {graph_name(name) for name, _ in model.named_parameters()}
        fixed = frozenset(named_arrays(graph)) - trained
        held = {name: value.detach().clone() for name, value in model.state_dict().items()}
        outside = {name: value for name, value in held.items() if graph_name(name) not in named_arrays(graph)}
        return cls(graph, examples, family_of(model).frozen, fixed=fixed, outside=outside)

    def on(self, graph: Graph) -> Task:
        """The same examples for another graph."""
        return replace(self, graph=graph, gammas=None)

    @cached_property
    def arrays(self) -> dict[str, Tensor]:
        """The graph's weights."""
        return arrays_of(self.graph, self.dtype)

    @property
    def quick(self) -> Task:
        """The same in float32: a fifth of the time for products with the Hessian, half of it for passes."""
        return replace(self, dtype=torch.float32)

    def loss_of(self, example: Example) -> Loss:
        """Loss of one example as a function of the arrays."""
        return lambda arrays: example.loss(forward(self.graph, arrays, self._inputs(example)))

    def _inputs(self, example: Example) -> Values:
        return {name: value.to(self.dtype) for name, value in example.inputs.items()}

    def loss(self, arrays: Values) -> Tensor:
        """Mean over the examples."""
        return torch.stack([self.loss_of(example)(arrays) for example in self.examples]).mean()

    def value(self) -> float:
        """Loss of the graph as it is."""
        with torch.no_grad():
            return float(self.loss(self.arrays))

    def tensors(self, example: Example) -> dict[str, Tensor]:
        """Every tensor of the graph [batch, columns, size], without gradients."""
        with torch.no_grad():
            return forward(self.graph, self.arrays, self._inputs(example))

    def with_weights(self, arrays: Values) -> Task:
        """The same with other weights."""
        numbers = {name: value.detach().numpy() for name, value in arrays.items()}
        return replace(self, graph=with_arrays(self.graph, numbers))


def by_unit(
    channels: Channels, values: Mapping[str, NDArray], roles: tuple[str, ...] = ("produce",)
) -> dict[str, NDArray[np.float64]]:
    """Sum of per-weight values [shape of each weight] over what each unit of the free groups owns in these roles.

    Biases are left out: no criterion scores them. A factor of its own, as of a scale layer, isn't a weight either.
    """
    sums: dict[str, NDArray[np.float64]] = {}
    for name, group in channels.free.items():
        total = np.zeros(group.size)
        for member in group.members:
            weight = values.get(member.span.tensor) if member.role in roles else None
            if weight is not None and weight.ndim > 1:
                rows = np.moveaxis(np.asarray(weight, dtype=np.float64), member.span.axis, 0)
                total += rows.reshape(len(rows), -1).sum(axis=1)[np.asarray(member.span.positions())]
        sums[name] = total
    return sums


def fan_in(channels: Channels) -> dict[str, int]:
    """Weights that make one unit of each free group."""
    ones = {name: np.ones(shape) for name, shape in channels.shapes.items()}
    return {name: int(counts[0]) for name, counts in by_unit(channels, ones).items()}


def normalise(scores: Scores, norm: str = "mean", channels: Channels | None = None) -> dict[str, NDArray[np.float64]]:
    """Scores that groups of any fan-in can be ranked together by.

    norm: mean (a unit competes by how far it falls behind its own group), max, l2 (mean square), dim (weights of one
    unit; needs the channels), none. A group that is all zero stays so. Raises ValueError for any other norm.
    """

    def unit(name: str, values: NDArray[np.float64]) -> float:
        if norm == "none":
            return 1.0
        if norm == "dim" and channels is not None:
            return float(max(1, fan_in(channels)[name]))
        size = np.abs(values)
        sizes = {"mean": size.mean(), "max": size.max(), "l2": np.sqrt(np.mean(size**2))}
        if norm not in sizes:
            raise ValueError(f"norm {norm!r} is unknown, or lacks the channels; take one of {sorted(sizes)}, dim, none")
        return max(float(sizes[norm]), float(np.finfo(float).tiny))

    return {name: values / unit(name, values) for name, values in scores.items()}


def reads(graph: Graph, channels: Channels) -> dict[str, list[str]]:
    """Free group → the tensors of its channels that some weights read."""
    weighted = {layer.inputs[0] for layer in graph.layers if any(array.ndim > 1 for array in layer.arrays.values())}
    return {name: [tensor for tensor, _ in group.places if tensor in weighted] for name, group in channels.free.items()}
