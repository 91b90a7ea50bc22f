# SPDX-License-Identifier: MIT
"""Whole blocks of a graph: what vanishes when one layer falls silent, found from the graph's own sums.

Silence spreads from a layer through all that only it feeds, and ends where a sum has other parts. Or a sum is passed
over: all it adds to what it carries goes, also what other sums add as well. What is left without a reader goes too. A
residual layer, a filter block, a head of several are all such blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from lottava.graph import Graph, GraphError, Layer


@dataclass(frozen=True)
class Block:
    """A group of size 1: kept, or removed whole.

    source: the first layer that falls silent, or the sum that is passed over. layers: all that go, in order. edges:
    (sum, part) that are cut. silent: tensors that are zero without the source.
    """

    source: str
    layers: tuple[str, ...]
    edges: frozenset[tuple[str, str]]
    silent: frozenset[str] = frozenset()


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


def _passed_over(graph: Graph) -> Iterator[tuple[str, set[tuple[str, str]]]]:
    """Sums of three parts or more with all but what they carry: the last part that another one is made of."""
    made_of: dict[str, set[str]] = {name: set() for name in graph.inputs}
    for layer in graph.layers:
        made_of[layer.output] = set(layer.inputs).union(*(made_of[name] for name in layer.inputs))
        if layer.kind == "add" and len(layer.inputs) > 2:
            early = [name for name in layer.inputs if any(name in made_of[part] for part in layer.inputs)]
            carried = [name for name in early if not any(name in made_of[other] for other in early)]
            if len(carried) == 1:
                yield layer.name, {(layer.name, part) for part in layer.inputs if part != carried[0]}


def _found(graph: Graph) -> Iterator[tuple[str, set[str], set[tuple[str, str]]]]:
    """(source, silent tensors, edges) of every candidate."""
    for layer in graph.layers:
        if (spread := _silent(graph, layer.name)) is not None:
            yield layer.name, *spread
    for name, edges in _passed_over(graph):
        yield name, set(), edges


def blocks(graph: Graph) -> dict[str, Block]:
    """All blocks by source; one for each set of edges, the longest chain's.

    A block may hold another (a filter block its layers): what is left after one has gone has blocks of its own.
    """
    found: dict[frozenset[tuple[str, str]], Block] = {}
    for source, silent, edges in _found(graph):
        if frozenset(edges) in found or not _sums_hold(graph, edges):
            continue
        left = {each.name for each in _live(graph, _remaining(graph, silent, edges))}
        vanished = tuple(each.name for each in graph.layers if each.name not in left)
        found[frozenset(edges)] = Block(source, vanished, frozenset(edges), frozenset(silent))
    named: dict[str, Block] = {}
    for block in found.values():
        named[block.source if block.source not in named else f"{block.source}#{len(named)}"] = block
    return named


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
    read = {(layer.name, part) for layer in graph.layers for part in layer.inputs}
    if not block.edges <= read:
        raise GraphError(f"the graph has no block that begins with {block.source!r}")
    layers = _live(graph, _remaining(graph, set(block.silent), block.edges))
    kept = {*graph.inputs, *(layer.output for layer in layers)}
    tensors = {name: tensor for name, tensor in graph.tensors.items() if name in kept}
    return replace(graph, tensors=tensors, layers=tuple(layers), levels=())
