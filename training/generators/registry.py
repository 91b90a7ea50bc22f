# SPDX-License-Identifier: MIT
"""All families of generators by key, and which of them a network, a state or a graph belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lottava.graph import Graph, GraphError

from .ddsp import DDSPFamily
from .family import Family, FamilyError, Network, State
from .nsf_voice import NSFFamily

FAMILIES: Mapping[str, Family[Any]] = MappingProxyType({family.key: family for family in (DDSPFamily(), NSFFamily())})
"""Key → family."""


def family(key: str) -> Family[Any]:
    """The family of a key. Raises FamilyError that lists the known ones."""
    if key not in FAMILIES:
        raise FamilyError(f"there is no family {key!r}; take one of {sorted(FAMILIES)}")
    return FAMILIES[key]


def family_of(model: Network) -> Family[Any]:
    """The family of a network."""
    return family(model.family)


def family_of_state(state: State) -> Family[Any]:
    """The family of a state_dict, known by its entries. Raises FamilyError where it is none's."""
    found = [each for each in FAMILIES.values() if each.landmarks <= set(state)]
    if len(found) != 1:
        raise FamilyError(f"a state with the entries {sorted(state)[:4]} … is of no family of {sorted(FAMILIES)}")
    return found[0]


def family_of_graph(graph: Graph) -> Family[Any]:
    """The family of a Graph, known by its inputs and outputs. Raises GraphError where it is none's."""
    for each in FAMILIES.values():
        if (each.inputs, each.outputs) == (graph.inputs, graph.outputs):
            return each
    raise GraphError(
        f"a graph from {list(graph.inputs)} to {list(graph.outputs)} is of no family of {sorted(FAMILIES)}"
    )
