# SPDX-License-Identifier: MIT
"""A trained network of any family as a float Graph, and back, and from a bare state."""

from __future__ import annotations

from typing import Any

from lottava.graph import Graph, GraphError

from .generators.family import Network, State, graph_name, torch_name
from .generators.registry import family_of, family_of_graph, family_of_state

__all__ = ["from_graph", "graph_name", "model_of", "to_graph", "torch_name"]


def to_graph(model: Network, parent: str | None = None) -> Graph:
    """The model's weights (as float32, copied) in a Graph; parent is the SHA-256 of what it was trained from."""
    return family_of(model).graph(model, parent)


def from_graph(graph: Graph, outside: State | None = None) -> Any:
    """The network that a float Graph describes, float32, weights copied; outside: entries that no layer holds.

    Raises GraphError for any other graph.
    """
    if graph.number_format != "f32":
        raise GraphError(f"a {graph.number_format} graph can't be trained; give the float one")
    return family_of_graph(graph).from_graph(graph, outside)


def model_of(state: State) -> Any:
    """The network whose state_dict this is: family from its names, widths from its shapes, dtype from its tensors."""
    return family_of_state(state).from_state(state)
