# SPDX-License-Identifier: MIT
"""Which channels of which tensors must go together: groups of coupled units, derived from a Graph.

A rule per kind of layer says which positions of a parameter's axis belong to which channels of a tensor;
union-find over all those positions does the rest. A new construct (gated convolution, residual add, LSTM)
is one more rule: it states bonds, nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lottava.graph import Graph, GraphError, Layer

Role = Literal["produce", "recur", "consume", "carry"]
"""What a position is to its unit: makes it, feeds it back to itself, reads it, or is its channel in a tensor."""


@dataclass(frozen=True, order=True)
class Span:
    """Positions offset, offset + stride, … (`size` of them) along one axis of a tensor or of 'layer.array'."""

    tensor: str
    axis: int
    offset: int
    size: int
    stride: int = 1

    def positions(self) -> range:
        """Indices along the axis, one per unit."""
        return range(self.offset, self.offset + self.stride * self.size, self.stride)


@dataclass(frozen=True)
class Bond:
    """Position i of `span` and channel i of `channels` belong to one unit; `role` is that of `span`."""

    span: Span
    channels: Span
    role: Role


@dataclass(frozen=True)
class Member:
    """Unit j of a group owns index span.positions()[j] of the span's axis."""

    span: Span
    role: Role


@dataclass(frozen=True)
class Group:
    """`size` units that are kept or removed one by one, each with all its members. Frozen: never removed."""

    name: str
    size: int
    members: tuple[Member, ...]
    frozen: bool


@dataclass(frozen=True)
class Channels:
    """All groups of a graph, in execution order, and the shape of every parameter 'layer.array'."""

    groups: Mapping[str, Group]
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def free(self) -> dict[str, Group]:
        """The groups that may lose units."""
        return {name: group for name, group in self.groups.items() if not group.frozen}

    def parameter_count(self, widths: Mapping[str, int]) -> int:
        """Weights and biases left when each named group keeps `widths[name]` units (others stay whole)."""
        sizes = {name: list(shape) for name, shape in self.shapes.items()}
        for name, width in widths.items():
            group = self.groups[name]
            for member in group.members:
                if member.role != "carry":
                    sizes[member.span.tensor][member.span.axis] -= group.size - width
        return sum(int(np.prod(shape)) for shape in sizes.values())


def _whole(tensor: str, axis: int, size: int, offset: int = 0) -> Span:
    return Span(tensor, axis, offset, size)


def _dense_bonds(layer: Layer, sizes: Mapping[str, int]) -> Iterator[Bond]:
    source, out = layer.inputs[0], _whole(layer.output, 0, sizes[layer.output])
    for array in ("weight", "bias"):
        yield Bond(_whole(f"{layer.name}.{array}", 0, out.size), out, "produce")
    fan_in = sizes[source]
    yield Bond(_whole(f"{layer.name}.weight", 1, fan_in), _whole(source, 0, fan_in), "consume")


def _gru_bonds(layer: Layer, sizes: Mapping[str, int]) -> Iterator[Bond]:
    source, out = layer.inputs[0], _whole(layer.output, 0, sizes[layer.output])
    for gate in range(3):
        for array in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            yield Bond(_whole(f"{layer.name}.{array}", 0, out.size, gate * out.size), out, "produce")
    yield Bond(_whole(f"{layer.name}.weight_hh", 1, out.size), out, "recur")
    fan_in = sizes[source]
    yield Bond(_whole(f"{layer.name}.weight_ih", 1, fan_in), _whole(source, 0, fan_in), "consume")


def _concat_bonds(layer: Layer, sizes: Mapping[str, int]) -> Iterator[Bond]:
    offset = 0
    for source in layer.inputs:
        size = sizes[source]
        yield Bond(_whole(layer.output, 0, size, offset), _whole(source, 0, size), "carry")
        offset += size


RULES: dict[str, Callable[[Layer, Mapping[str, int]], Iterable[Bond]]] = {
    "dense": _dense_bonds,
    "gru": _gru_bonds,
    "concat": _concat_bonds,
}
"""Layer kind → its bonds, given the sizes of all tensors."""


class _UnionFind:
    """Union-find over (tensor, axis, index) slots; the oldest slot of a class is its root."""

    def __init__(self) -> None:
        self.parent: dict[tuple[str, int, int], tuple[str, int, int]] = {}

    def find(self, slot: tuple[str, int, int]) -> tuple[str, int, int]:
        self.parent.setdefault(slot, slot)
        while self.parent[slot] != slot:
            self.parent[slot] = self.parent[self.parent[slot]]
            slot = self.parent[slot]
        return slot

    def union(self, a: tuple[str, int, int], b: tuple[str, int, int]) -> None:
        older, newer = self.find(a), self.find(b)
        self.parent[newer] = older


def _slots(span: Span) -> list[tuple[str, int, int]]:
    return [(span.tensor, span.axis, index) for index in span.positions()]


def _bonds(graph: Graph) -> list[Bond]:
    sizes = {tensor.name: tensor.size for tensor in graph.tensors.values()}
    written = [*graph.inputs, *(layer.output for layer in graph.layers)]
    bonds = [Bond(_whole(name, 0, sizes[name]), _whole(name, 0, sizes[name]), "carry") for name in written]
    for layer in graph.layers:
        if layer.kind not in RULES:
            raise GraphError(f"layer {layer.name!r}: no channel rule for kind {layer.kind!r}; add one to RULES")
        bonds.extend(RULES[layer.kind](layer, sizes))
    return bonds


def _members(bond: Bond, unit_of: Mapping[tuple[str, int, int], int], size: int) -> Iterator[Member]:
    """The parts of one bond that belong to a group, one for each time the bond visits all its units."""
    visits: dict[int, list[int]] = {}
    for slot in _slots(bond.span):
        if slot in unit_of:
            visits.setdefault(unit_of[slot], []).append(slot[2])
    for column in zip(*(visits[unit] for unit in sorted(visits)), strict=True):
        stride = column[1] - column[0] if size > 1 else 1
        span = Span(bond.span.tensor, bond.span.axis, column[0], size, stride)
        if stride < 1 or tuple(span.positions()) != column:
            raise GraphError(f"{bond.span.tensor!r}: its channels are not evenly spaced along axis {span.axis}")
        yield Member(span, bond.role)


def channel_groups(graph: Graph) -> Channels:
    """Groups of a Graph: units coupled through any chain of layers; those of the graph's inputs and outputs frozen.

    A group is named after the first tensor that holds its channels. Raises GraphError for a kind without a rule.
    """
    bonds = _bonds(graph)
    classes = _UnionFind()
    for bond in bonds:
        if bond.span.size != bond.channels.size:
            raise GraphError(f"{bond.span.tensor!r} and {bond.channels.tensor!r} differ in size")
        for slot, channel in zip(_slots(bond.span), _slots(bond.channels), strict=True):
            classes.union(channel, slot)
    units: dict[tuple[str, int, int], list[tuple[str, int, int]]] = {}
    for slot in classes.parent:
        units.setdefault(classes.find(slot), []).append(slot)
    by_signature: dict[tuple, list[list[tuple[str, int, int]]]] = {}
    for slots in units.values():
        by_signature.setdefault(tuple(sorted(slot[:2] for slot in slots)), []).append(slots)
    frozen_tensors = {*graph.inputs, *graph.outputs}
    groups: dict[str, Group] = {}
    for members_of_units in by_signature.values():
        first = members_of_units[0][0][0]
        unit_of = {slot: unit for unit, slots in enumerate(members_of_units) for slot in slots}
        size = len(members_of_units)
        members = tuple(dict.fromkeys(member for bond in bonds for member in _members(bond, unit_of, size)))
        name = first if first not in groups else f"{first}#{len(groups)}"
        frozen = any(slot[0] in frozen_tensors for slot in unit_of)
        groups[name] = Group(name, size, members, frozen)
    shapes = {
        f"{layer.name}.{name}": array.shape
        for layer in graph.layers
        for name, array in layer.arrays.items()
        if name.startswith(("weight", "bias"))
    }
    return Channels(groups, shapes)
