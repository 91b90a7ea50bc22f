# SPDX-License-Identifier: MIT
"""Remove units of a Graph: as a smaller graph (trim) or as zeros in place (mask); both give the same outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lottava.graph import Graph, Layer, named_arrays

from .groups import Channels
from .rules import is_depthwise
from .trim import Keep, lost_positions, validate_keep


def with_arrays(graph: Graph, arrays: Mapping[str, NDArray]) -> Graph:
    """The graph with these arrays, by 'layer.array', in place of its own; float32."""
    layers = [
        replace(
            layer,
            arrays={
                name: np.ascontiguousarray(arrays.get(f"{layer.name}.{name}", array), dtype=np.float32)
                for name, array in layer.arrays.items()
            },
        )
        for layer in graph.layers
    ]
    return replace(graph, layers=tuple(layers))


def resized_layer(layer: Layer, before: Mapping[str, int], after: Mapping[str, int], lost: Mapping) -> Layer:
    """The layer with the options that follow from sizes; lost: as `lost_positions` of trim.py returns it."""
    if is_depthwise(layer, before) and layer.option("groups") > 1:
        return replace(layer, options={**layer.options, "groups": after[layer.inputs[0]]})
    if layer.kind == "split":
        offset = layer.option("offset")
        gone = sum(index < offset for index in lost.get((layer.inputs[0], 0), ()))
        return replace(layer, options={**layer.options, "offset": offset - gone})
    return layer


def trim_graph(graph: Graph, channels: Channels, keep: Keep) -> Graph:
    """The smaller graph: arrays selected, bit-exact, sizes and options to match. Raises KeepError as validate_keep."""
    validate_keep(keep, channels)
    lost = lost_positions(channels, keep)
    sizes = {name: tensor.size - len(lost.get((name, 0), ())) for name, tensor in graph.tensors.items()}

    def kept(name: str, array: NDArray) -> NDArray:
        for axis in range(array.ndim):
            if gone := lost.get((name, axis)):
                array = np.delete(array, gone, axis)
        return np.ascontiguousarray(array)

    layers = [
        replace(
            resized_layer(layer, channels.sizes, sizes, lost),
            arrays={name: kept(f"{layer.name}.{name}", array) for name, array in layer.arrays.items()},
        )
        for layer in graph.layers
    ]
    tensors = {name: replace(tensor, size=sizes[name]) for name, tensor in graph.tensors.items()}
    return replace(graph, tensors=tensors, layers=tuple(layers), levels=())


def mask_graph(graph: Graph, channels: Channels, keep: Keep) -> Graph:
    """The graph of the same shapes in which everything that removed units own is zero."""
    validate_keep(keep, channels)
    arrays = {name: array.copy() for name, array in named_arrays(graph).items()}
    for (name, axis), gone in lost_positions(channels, keep).items():
        if name in arrays:
            np.moveaxis(arrays[name], axis, 0)[gone] = 0.0
    return with_arrays(graph, arrays)
