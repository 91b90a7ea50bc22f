# SPDX-License-Identifier: MIT
"""Nested widths: one set of weights, of which every level runs a part that the next wider one holds, too.

A tensor's channels lie in segments; a level keeps the first ones of each. What a level computes is `at_level`: the
slices of the whole network's arrays, codes, biases and scales as they are. (Slimmable networks: arXiv 1812.08928.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .layers import GraphError, Layer, Tensor

if TYPE_CHECKING:
    from .graph import Graph

Widths = Mapping[str, tuple[int, ...]]
"""Tensor → what is kept of each of its segments. A tensor that is not named is whole in every level."""

Places = Mapping[str, NDArray[np.int64]]
"""Tensor → its channels that a level keeps, in order."""

MAX_LEVELS = 8
"""The whole network included."""

GATES = {"gru": 3, "lstm": 4, "gated_conv1d": 2}
"""Kinds whose products have more rows than the layer has channels, and how many times as many."""

CHANNEL_BY_CHANNEL = ("add", "multiply", "scale", "interpolate", "activation")


def segment_places(whole: Sequence[int], kept: Sequence[int]) -> NDArray[np.int64]:
    """Channels that are kept where of segments of these sizes the first ones are: (4, 2), (3, 1) → 0, 1, 2, 4."""
    starts = np.cumsum([0, *whole[:-1]])
    return np.concatenate([start + np.arange(count) for start, count in zip(starts, kept, strict=True)])


def _places(tensors: Mapping[str, Tensor], levels: Sequence[Widths], level: int) -> Places:
    return {
        name: segment_places(levels[0][name], levels[level][name]) if name in levels[0] else np.arange(tensor.size)
        for name, tensor in tensors.items()
    }


def _repeated(places: NDArray, size: int, count: int) -> NDArray:
    """The same places in `count` blocks of `size` channels."""
    return (size * np.arange(count)[:, None] + places).ravel()


def _is_depthwise(layer: Layer, tensors: Mapping[str, Tensor]) -> bool:
    return layer.kind == "conv1d" and layer.option("groups") == tensors[layer.inputs[0]].size


def _groups_fit(layer: Layer, tensors: Mapping[str, Tensor], kept: Places) -> bool:
    """In groups, each keeps the same; one a channel, a channel goes with all rows that read it."""
    groups, (x, y) = layer.option("groups"), (kept[layer.inputs[0]], kept[layer.output])
    read, made = tensors[layer.inputs[0]].size // groups, tensors[layer.output].size // groups
    if groups == 1:
        return True
    if read == 1:
        return np.array_equal(y, (made * x[:, None] + np.arange(made)).ravel())
    same = (np.array_equal(p, _repeated(p[p < size], size, groups)) for p, size in ((x, read), (y, made)))
    return all(same)


def _carried(layer: Layer, tensors: Mapping[str, Tensor], kept: Places) -> NDArray:
    """What the output has to keep, by what the inputs do; what it does where a layer's weights leave the choice."""
    sizes, (x, y) = [tensors[name].size for name in layer.inputs], (kept[layer.inputs[0]], kept[layer.output])
    if layer.kind == "concat":
        offsets = np.cumsum([0, *sizes[:-1]])
        return np.concatenate([start + kept[name] for start, name in zip(offsets, layer.inputs, strict=True)])
    if layer.kind == "split":
        offset = layer.option("offset")
        return x[(x >= offset) & (x < offset + tensors[layer.output].size)] - offset
    if layer.kind == "broadcast" and sizes[0] > 1:
        return _repeated(x, sizes[0], tensors[layer.output].size // sizes[0])
    return x if layer.kind in CHANNEL_BY_CHANNEL else y


def _coupling_error(layer: Layer, tensors: Mapping[str, Tensor], kept: Places) -> str | None:
    """What of a layer's channels a level tears apart, as the rest of a sentence."""
    y = kept[layer.output]
    if not np.array_equal(_carried(layer, tensors, kept), y):
        return "keeps other channels of its output than of its inputs"
    if layer.kind in CHANNEL_BY_CHANNEL and any(not np.array_equal(kept[name], y) for name in layer.inputs):
        return "keeps different channels of its inputs"
    if layer.kind == "conv1d" and not _groups_fit(layer, tensors, kept):
        return "keeps different channels of its groups"
    for condition in layer.inputs[1:] if layer.kind == "gated_conv1d" else ():
        if not np.array_equal(kept[condition], _repeated(y, tensors[layer.output].size, 2)):
            return "keeps other channels of its condition than of its gates"
    return None


def _table_error(levels: Sequence[Widths], tensors: Mapping[str, Tensor]) -> str | None:
    if not 2 <= len(levels) <= MAX_LEVELS:
        return f"there are {len(levels)} levels; a network has 2..{MAX_LEVELS}, or none"
    for number, level in enumerate(levels):
        if set(level) != set(levels[0]) or not set(level) <= set(tensors):
            return f"level {number} doesn't name the tensors of level 0, or one that the graph lacks"
        for name, widths in level.items():
            before = levels[max(0, number - 1)][name]
            if not isinstance(widths, tuple) or not all(type(width) is int and width >= 1 for width in widths):
                return f"level {number} of tensor {name!r} is {widths!r}, not numbers of channels"
            if len(widths) != len(before) or any(now > then for now, then in zip(widths, before, strict=True)):
                return f"level {number} of tensor {name!r}, {list(widths)}, is not within {list(before)}"
    for name, widths in levels[0].items():
        if sum(widths) != tensors[name].size:
            return f"level 0 of tensor {name!r} adds up to {sum(widths)}, not to its {tensors[name].size} channels"
    return None


def check_levels(graph: Graph) -> None:
    """Raise GraphError unless every level of the graph is a network of its own within the next wider one."""
    if problem := _table_error(graph.levels, graph.tensors):
        raise GraphError(problem)
    for number in range(1, len(graph.levels)):
        kept = _places(graph.tensors, graph.levels, number)
        for name in (*graph.inputs, *graph.outputs):
            if len(kept[name]) != graph.tensors[name].size:
                raise GraphError(f"level {number} lacks channels of {name!r}, an input or output of the graph")
        for layer in graph.layers:
            if problem := _coupling_error(layer, graph.tensors, kept):
                raise GraphError(f"level {number} of layer {layer.name!r} {problem}")
        at_level(graph, number)


def _axes(layer: Layer, name: str, tensors: Mapping[str, Tensor], kept: Places) -> list[NDArray]:
    """Kept positions along each axis of an array but the taps."""
    x, y = kept[layer.inputs[0]], kept[layer.output]
    rows = _repeated(y, tensors[layer.output].size, GATES.get(layer.kind, 1))
    if not name.startswith("weight") or layer.kind == "scale":
        return [rows]
    if layer.kind == "conv1d" and (groups := layer.option("groups")) > 1:
        read = tensors[layer.inputs[0]].size // groups
        return [rows, np.arange(1) if read == 1 else x[x < read]]
    return [rows, y if name == "weight_hh" else x]


def _layer_at(layer: Layer, tensors: Mapping[str, Tensor], kept: Places) -> Layer:
    arrays = {}
    for name, array in layer.arrays.items():
        axes = _axes(layer, name, tensors, kept)
        taps = [np.arange(array.shape[1])] if array.ndim == 3 else []
        arrays[name] = np.ascontiguousarray(array[np.ix_(axes[0], *taps, *axes[1:])])
    options, x = dict(layer.options), kept[layer.inputs[0]]
    if layer.kind == "conv1d" and layer.option("groups") > 1 and _is_depthwise(layer, tensors):
        options["groups"] = len(x)
    if layer.kind == "split" and "offset" in options:
        options["offset"] = int(np.sum(x < options["offset"]))
    return replace(layer, arrays=arrays, options=options)


def level_count(graph: Graph) -> int:
    """1 for a network of one width."""
    return max(1, len(graph.levels))


def at_level(graph: Graph, level: int) -> Graph:
    """The network that runs at a level, with none of its own; 0 is the whole. Raises GraphError for one that isn't."""
    if not 0 <= level < level_count(graph):
        raise GraphError(f"there is no level {level}; the graph has {level_count(graph)}, counted from 0")
    if level == 0:
        return replace(graph, levels=())
    kept = _places(graph.tensors, graph.levels, level)
    return replace(
        graph,
        tensors={name: replace(tensor, size=len(kept[name])) for name, tensor in graph.tensors.items()},
        layers=tuple(_layer_at(layer, graph.tensors, kept) for layer in graph.layers),
        levels=(),
    )


def to_entries(levels: Sequence[Widths]) -> list[dict[str, list[int]]]:
    """For a manifest."""
    return [{name: list(widths) for name, widths in level.items()} for level in levels]


def from_entries(entries: Any) -> tuple[Widths, ...]:
    """Inverse of to_entries. Raises GraphError for anything of another form; check_levels looks at the numbers."""
    if not isinstance(entries, list) or not entries or not all(isinstance(level, dict) for level in entries):
        raise GraphError("the levels are not a list of widths by tensor")
    if not all(isinstance(widths, list) and widths for level in entries for widths in level.values()):
        raise GraphError("the levels of a tensor are not a list of numbers of channels")
    return tuple({name: tuple(widths) for name, widths in level.items()} for level in entries)
