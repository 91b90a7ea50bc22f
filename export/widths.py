# SPDX-License-Identifier: MIT
"""Which tensors of a graph can only become narrower together, and the graph with some of them narrower.

This is about costs: units are taken from the end, whatever they do. Which units a voice can spare, training decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from lottava.graph import Graph, Layer, Tensor, array_shapes

SAME_SIZE = ("add", "multiply", "scale", "interpolate", "activation")


@dataclass(frozen=True)
class WidthGroup:
    """Tensors of `width` units together. members: tensor → values of it per unit."""

    name: str
    width: int
    members: Mapping[str, int]


def _ties(graph: Graph) -> Iterator[tuple[str, str, Fraction]]:
    """(a, b, r): b always has r times the size of a."""
    sizes = {name: tensor.size for name, tensor in graph.tensors.items()}
    for layer in graph.layers:
        first, out = layer.inputs[0], layer.output
        ratio = Fraction(sizes[out], sizes[first])
        if layer.kind in SAME_SIZE:
            yield from ((name, out, Fraction(1)) for name in layer.inputs)
        elif layer.kind == "broadcast" or (layer.kind == "conv1d" and layer.option("groups") > 1):
            yield first, out, ratio
        elif layer.kind == "gated_conv1d" and len(layer.inputs) == 2:
            yield out, layer.inputs[1], Fraction(2)


def _components(graph: Graph) -> Iterator[dict[str, Fraction]]:
    """Tensors that are tied to each other, with their sizes as multiples of the first one's, in execution order."""
    neighbours: dict[str, list[tuple[str, Fraction]]] = {name: [] for name in graph.tensors}
    for a, b, ratio in _ties(graph):
        neighbours[a].append((b, ratio))
        neighbours[b].append((a, 1 / ratio))
    seen: set[str] = set()
    for first in (*(layer.output for layer in graph.layers), *graph.inputs):
        if first in seen:
            continue
        members, waiting = {first: Fraction(1)}, [first]
        while waiting:
            here = waiting.pop()
            new = {name: members[here] * ratio for name, ratio in neighbours[here] if name not in members}
            members |= new
            waiting += new
        seen |= set(members)
        yield members


def _given(graph: Graph) -> set[str]:
    """Tensors whose size is stated elsewhere: by the module, by an offset, by groups that are not single channels."""
    given = {*graph.inputs, *graph.outputs}
    for layer in graph.layers:
        groups = layer.option("groups") if layer.kind == "conv1d" else 1
        if layer.kind == "split" or 1 < groups < graph.tensors[layer.inputs[0]].size:
            given |= {*layer.inputs, layer.output}
    return given


def _frozen(graph: Graph, components: Sequence[Mapping[str, Fraction]]) -> set[str]:
    """All that what is given fixes: whatever is tied to it, and the parts of a concat that is itself tied to others."""
    frozen, size = _given(graph), -1
    joined = {layer.output: layer.inputs for layer in graph.layers if layer.kind == "concat"}
    while size != len(frozen):
        size = len(frozen)
        for members in components:
            if frozen & set(members) or (len(members) > 1 and set(joined) & set(members)):
                frozen |= set(members)
        for output, inputs in joined.items():
            frozen |= set(inputs) if output in frozen else set()
    return frozen | set(joined)


def width_groups(graph: Graph) -> tuple[WidthGroup, ...]:
    """The groups that can become narrower, named by their first tensor, in execution order."""
    components = list(_components(graph))
    frozen, groups = _frozen(graph, components), []
    for members in components:
        first, least = next(iter(members)), min(members.values())
        units = {name: factor / least for name, factor in members.items()}
        if not frozen & set(members) and all(factor.denominator == 1 for factor in units.values()):
            width = int(graph.tensors[first].size / units[first])
            groups.append(WidthGroup(first, width, {name: int(factor) for name, factor in units.items()}))
    return tuple(groups)


def narrowed(graph: Graph, widths: Mapping[str, int]) -> Graph:
    """The graph with `widths[name]` units left in each named group (at most as many as now), the rest as it is."""
    sizes = {name: tensor.size for name, tensor in graph.tensors.items()}
    for group in width_groups(graph):
        left = widths.get(group.name, group.width)
        sizes |= {name: left * values for name, values in group.members.items()}
    for layer in graph.layers:
        if layer.kind == "concat":
            sizes[layer.output] = sum(sizes[name] for name in layer.inputs)
    tensors = {name: replace(tensor, size=sizes[name]) for name, tensor in graph.tensors.items()}
    layers = tuple(_narrow(graph, layer, tensors) for layer in graph.layers)
    return replace(graph, tensors=tensors, layers=layers, levels=())


def _narrow(graph: Graph, layer: Layer, tensors: Mapping[str, Tensor]) -> Layer:
    options = dict(layer.options)
    if layer.kind == "conv1d" and 1 < layer.option("groups") == graph.tensors[layer.inputs[0]].size:
        options["groups"] = tensors[layer.inputs[0]].size
    shape_only = replace(layer, options=options)
    shapes = array_shapes(shape_only, tensors)
    arrays = {name: array[tuple(slice(size) for size in shapes[name])] for name, array in layer.arrays.items()}
    return replace(shape_only, arrays=arrays)
