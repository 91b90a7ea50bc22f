# SPDX-License-Identifier: MIT
"""Which channels of which tensors must go together: groups of coupled units, derived from a Graph.

A rule per kind of layer says which positions of a parameter's axis belong to which channels of a tensor (rules.py);
union-find over all those positions does the rest. A new kind is one more rule: it states bonds, nothing else changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lottava.graph import Graph, GraphError

from .rules import RULES, Bond, Role, Span

__all__ = ["RULES", "Bond", "Channels", "Group", "Limit", "Member", "Places", "Role", "Span", "channel_groups", "whole"]

Slot = tuple[str, int, int]
"""Tensor or 'layer.array', axis, index."""


@dataclass(frozen=True)
class Places:
    """Positions along one axis that aren't evenly spaced; otherwise as a Span."""

    tensor: str
    axis: int
    indices: tuple[int, ...]

    def positions(self) -> Sequence[int]:
        """Indices along the axis, one per unit."""
        return self.indices


@dataclass(frozen=True)
class Member:
    """Unit j of a group owns index span.positions()[j] of the span's axis."""

    span: Span | Places
    role: Role


@dataclass(frozen=True)
class Limit:
    """Channels that may go although they are a graph's input or output, or may not although they are neither.

    removable: "suffix", only the last of them (harmonics); or the very channels that may go, as offsets into the span
    (latents whose KL is below 0.01 nat); empty: none.
    """

    span: Span
    removable: frozenset[int] | str = frozenset()


@dataclass(frozen=True)
class Group:
    """`size` units that are kept or removed one by one, each with all its members. Frozen: never removed.

    held: units that stay, in a group that isn't frozen. suffix: only the last units may go.
    """

    name: str
    size: int
    members: tuple[Member, ...]
    frozen: bool
    held: frozenset[int] = frozenset()
    suffix: bool = False

    @cached_property
    def places(self) -> dict[tuple[str, int], list[tuple[int, ...]]]:
        """(parameter or tensor, axis) → the distinct indices that each unit owns there."""
        found: dict[tuple[str, int], list[set[int]]] = {}
        for member in self.members:
            owned = found.setdefault((member.span.tensor, member.span.axis), [set() for _ in range(self.size)])
            for unit, position in enumerate(member.span.positions()):
                owned[unit].add(position)
        return {key: [tuple(sorted(unit)) for unit in owned] for key, owned in found.items()}


@dataclass(frozen=True)
class Channels:
    """All groups of a graph, in execution order; shape of every parameter 'layer.array', size of every tensor.

    outside: entries of a network's state that no layer of its graph holds, and no unit owns.
    """

    groups: Mapping[str, Group]
    shapes: Mapping[str, tuple[int, ...]]
    sizes: Mapping[str, int] = field(default_factory=dict)
    outside: frozenset[str] = frozenset()

    @property
    def free(self) -> dict[str, Group]:
        """The groups that may lose units."""
        return {name: group for name, group in self.groups.items() if not group.frozen}

    def _shrunk(self, widths: Mapping[str, int], sizes: dict[str, list[int]]) -> dict[str, list[int]]:
        for name, width in widths.items():
            group = self.groups[name]
            for (tensor, axis), owned in group.places.items():
                if tensor in sizes:
                    sizes[tensor][axis] -= (group.size - width) * len(owned[0])
        return sizes

    def parameter_count(self, widths: Mapping[str, int]) -> int:
        """Weights and biases left when each named group keeps `widths[name]` units (others stay whole)."""
        shapes = self._shrunk(widths, {name: list(shape) for name, shape in self.shapes.items()})
        return sum(int(np.prod(shape)) for shape in shapes.values())

    def tensor_sizes(self, widths: Mapping[str, int]) -> dict[str, int]:
        """Size of every tensor when each named group keeps `widths[name]` units."""
        return {name: size for name, (size,) in self._shrunk(widths, {n: [s] for n, s in self.sizes.items()}).items()}


class _UnionFind:
    """Union-find over slots; the oldest slot of a class is its root."""

    def __init__(self) -> None:
        self.parent: dict[Slot, Slot] = {}

    def find(self, slot: Slot) -> Slot:
        self.parent.setdefault(slot, slot)
        while self.parent[slot] != slot:
            self.parent[slot] = self.parent[self.parent[slot]]
            slot = self.parent[slot]
        return slot

    def union(self, a: Slot, b: Slot) -> None:
        older, newer = self.find(a), self.find(b)
        self.parent[newer] = older


def _slots(span: Span) -> list[Slot]:
    return [(span.tensor, span.axis, index) for index in span.positions()]


def _bonds(graph: Graph) -> list[Bond]:
    sizes = {tensor.name: tensor.size for tensor in graph.tensors.values()}
    written = [*graph.inputs, *(layer.output for layer in graph.layers)]
    tensors = [Span(name, 0, 0, sizes[name]) for name in written]
    bonds = [Bond(span, span, "carry") for span in tensors]
    for layer in graph.layers:
        if layer.kind not in RULES:
            raise GraphError(f"layer {layer.name!r}: no channel rule for kind {layer.kind!r}; add one to RULES")
        bonds.extend(RULES[layer.kind](layer, sizes))
    return bonds


def _members(bond: Bond, unit_of: Mapping[Slot, int], size: int) -> Iterator[Member]:
    """The parts of one bond that belong to a group, one for each time the bond visits all its units."""
    visits: dict[int, list[int]] = {}
    for slot in _slots(bond.span):
        if slot in unit_of:
            visits.setdefault(unit_of[slot], []).append(slot[2])
    tensor, axis = bond.span.tensor, bond.span.axis
    for column in zip(*(visits[unit] for unit in sorted(visits)), strict=True):
        stride = column[1] - column[0] if size > 1 else 1
        span = Span(tensor, axis, column[0], size, stride)
        even = stride >= 1 and tuple(span.positions()) == column
        yield Member(span if even else Places(tensor, axis, column), bond.role)


def _units(bonds: Sequence[Bond]) -> list[list[Slot]]:
    """The slots of each unit, oldest first."""
    classes = _UnionFind()
    for bond in bonds:
        if bond.span.size != bond.channels.size:
            raise GraphError(f"{bond.span.tensor!r} and {bond.channels.tensor!r} differ in size")
        for slot, channel in zip(_slots(bond.span), _slots(bond.channels), strict=True):
            classes.union(channel, slot)
    units: dict[Slot, list[Slot]] = {}
    for slot in classes.parent:
        units.setdefault(classes.find(slot), []).append(slot)
    return list(units.values())


def _alike(units: Iterable[list[Slot]], bonds: Sequence[Bond], limits: Sequence[Limit]) -> list[list[list[Slot]]]:
    """Units that sit alike: as often in the same axes, in the same bonds and under the same limits, are a group."""
    seats: dict[Slot, list[tuple[str, int]]] = {}
    for kind, spans in (("bond", [bond.span for bond in bonds]), ("limit", [limit.span for limit in limits])):
        for number, span in enumerate(spans):
            for slot in _slots(span):
                seats.setdefault(slot, []).append((kind, number))
    groups: dict[tuple, list[list[Slot]]] = {}
    for slots in units:
        sat = Counter(seat for slot in slots for seat in seats.get(slot, ()))
        axes = Counter(slot[:2] for slot in slots)
        groups.setdefault((tuple(sorted(axes.items())), tuple(sorted(sat.items()))), []).append(slots)
    return list(groups.values())


def _limited(units: Sequence[list[Slot]], graph: Graph, limits: Sequence[Limit]) -> tuple[bool, frozenset[int], bool]:
    """frozen, held and suffix of a group of these units."""
    over = [limit for limit in limits if set(_slots(limit.span)) & set(units[0])]
    if not over:
        fixed = {*graph.inputs, *graph.outputs}
        return any(slot[0] in fixed for slots in units for slot in slots), frozenset(), False
    held: set[int] = set()
    for limit in over:
        if isinstance(limit.removable, str):
            continue
        may_go = {slot for index, slot in enumerate(_slots(limit.span)) if index in limit.removable}
        held |= {unit for unit, slots in enumerate(units) if not may_go & set(slots)}
    return len(held) == len(units), frozenset(held), any(isinstance(limit.removable, str) for limit in over)


def whole(graph: Graph, names: Iterable[str]) -> list[Limit]:
    """Limits that hold all channels of these tensors, of those that the graph has."""
    return [Limit(Span(name, 0, 0, graph.tensors[name].size)) for name in sorted(names) if name in graph.tensors]


def channel_groups(graph: Graph, limits: Sequence[Limit] = (), outside: frozenset[str] = frozenset()) -> Channels:
    """Groups of a Graph: units coupled through any chain of layers; those of the graph's inputs and outputs frozen.

    limits: exceptions to that, and what else has to stay. A group is named after the first tensor that holds its
    channels. Raises GraphError for a kind without a rule.
    """
    bonds = _bonds(graph)
    groups: dict[str, Group] = {}
    for units in _alike(_units(bonds), bonds, limits):
        first = units[0][0][0]
        unit_of = {slot: unit for unit, slots in enumerate(units) for slot in slots}
        members = tuple(dict.fromkeys(member for bond in bonds for member in _members(bond, unit_of, len(units))))
        name = first if first not in groups else f"{first}#{len(groups)}"
        groups[name] = Group(name, len(units), members, *_limited(units, graph, limits))
    shapes = {
        f"{layer.name}.{name}": array.shape
        for layer in graph.layers
        for name, array in layer.arrays.items()
        if name.startswith(("weight", "bias"))
    }
    return Channels(groups, shapes, {tensor.name: tensor.size for tensor in graph.tensors.values()}, outside)
