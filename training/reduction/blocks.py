# SPDX-License-Identifier: MIT
"""Whole blocks of a graph: what vanishes when one layer falls silent, found from the graph's own sums.

Silence spreads from a layer through all that only it feeds, and ends where a sum has other parts. What is left without
a reader goes too. A residual layer, a filter block, a head of several are all such blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from lottava.graph import Graph, GraphError, Layer


@dataclass(frozen=True)
class Block:
    """A group of size 1: kept, or removed whole.

    source: the first layer that falls silent. layers: all that go, in order. edges: (sum, part) at which silence ends.
    """

    source: str
    layers: tuple[str, ...]
    edges: frozenset[tuple[str, str]]


def _silent(graph: Graph, source: str) -> tuple[set[str], set[tuple[str, str]]] | None:
    """Tensors that are zero where this layer's output is, and the sums that go on; None where it can't be told.

    A layer with a bias makes sound of silence, but what it makes is a constant, and it goes as well. Channels side by
    side don't end silence, so a block must not end in a concat; nor may an output, or a gate's condition, fall silent.
    """
    gone: set[str] = set()
    edges: set[tuple[str, str]] = set()
    for layer in graph.layers:
        parts = [name for name in layer.inputs if name in gone]
        if layer.name == source:
            gone.add(layer.output)
        elif not parts:
            continue
        elif layer.kind == "add" and len(parts) < len(layer.inputs):
            edges |= {(layer.name, part) for part in parts}
        elif layer.kind in ("concat", "split") or (layer.kind == "gated_conv1d" and layer.inputs[0] not in gone):
            return None
        else:
            gone.add(layer.output)
    return None if gone & set(graph.outputs) or not edges else (gone, edges)


def _live(graph: Graph, layers: Iterable[Layer]) -> list[Layer]:
    """Layers that some output still needs."""
    needed, kept = set(graph.outputs), list[Layer]()
    for layer in reversed(list(layers)):
        if layer.output in needed:
            needed |= set(layer.inputs)
            kept.append(layer)
    return kept[::-1]


def _remaining(graph: Graph, gone: set[str], edges: Iterable[tuple[str, str]]) -> Iterator[Layer]:
    dropped = set(edges)
    renamed: dict[str, str] = {}
    for layer in graph.layers:
        if layer.output in gone:
            continue
        inputs = tuple(renamed.get(n, n) for n in layer.inputs if (layer.name, n) not in dropped)
        if layer.kind == "add" and len(inputs) == 1 and layer.output not in graph.outputs:
            renamed[layer.output] = inputs[0]
            continue
        yield replace(layer, inputs=inputs)


def blocks(graph: Graph) -> dict[str, Block]:
    """All blocks by source, in execution order; one for each set of sums that they end at, the longest chain's.

    A block may hold another (a filter block its layers): what is left after one has gone has blocks of its own.
    """
    found: dict[frozenset[tuple[str, str]], Block] = {}
    for layer in graph.layers:
        if (spread := _silent(graph, layer.name)) is None:
            continue
        gone, edges = spread
        if frozenset(edges) in found or not _sums_hold(graph, edges):
            continue
        left = {each.name for each in _live(graph, _remaining(graph, gone, edges))}
        vanished = tuple(each.name for each in graph.layers if each.name not in left)
        found[frozenset(edges)] = Block(layer.name, vanished, frozenset(edges))
    return {block.source: block for block in found.values()}


def _sums_hold(graph: Graph, edges: Iterable[tuple[str, str]]) -> bool:
    """Whether each sum keeps two parts, or may be passed over for the one that is left: not where it is an output."""
    sums = {layer.name: layer for layer in graph.layers}
    lost: dict[str, int] = {}
    for name, part in edges:
        lost[name] = lost.get(name, 0) + sums[name].inputs.count(part)
    return all(len(sums[n].inputs) - count > 1 or sums[n].output not in graph.outputs for n, count in lost.items())


def without(graph: Graph, block: Block) -> Graph:
    """The graph without a block of its own: what reads it reads what the sums have left.

    Raises GraphError for a block of another graph.
    """
    if (spread := _silent(graph, block.source)) is None or spread[1] != block.edges:
        raise GraphError(f"the graph has no block that begins with {block.source!r}")
    gone, _ = spread
    layers = _live(graph, _remaining(graph, gone, block.edges))
    kept = {*graph.inputs, *(layer.output for layer in layers)}
    tensors = {name: tensor for name, tensor in graph.tensors.items() if name in kept}
    return replace(graph, tensors=tensors, layers=tuple(layers))
