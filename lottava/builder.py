# SPDX-License-Identifier: MIT
"""Writes float graphs down layer by layer: sizes, periods and shapes of arrays follow from what is already there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from .graph import ARRAYS, Graph, Layer, Tensor, array_shapes

Shapes = Mapping[str, tuple[int, ...]]
ArrayMaker = Callable[[Layer, Shapes], dict[str, NDArray]]


def random_arrays(rng: np.random.Generator, spread: float = 1.0) -> ArrayMaker:
    """Normal weights of standard deviation spread / sqrt(fan-in), biases a fifth of spread: signals keep their size."""

    def make(_: Layer, shapes: Shapes) -> dict[str, NDArray]:
        return {
            name: rng.normal(
                0.0, 0.2 * spread if name.startswith("bias") else spread / math.sqrt(math.prod(shape[1:])), shape
            ).astype(np.float32)
            for name, shape in shapes.items()
        }

    return make


class Builder:
    """Collects inputs and layers of a float graph. arrays: makes a layer's float32 arrays from their shapes."""

    def __init__(self, arrays: ArrayMaker) -> None:
        self.arrays = arrays
        self.inputs: list[str] = []
        self.tensors: dict[str, Tensor] = {}
        self.layers: list[Layer] = []

    def input(self, name: str, size: int, period: int = 1) -> str:
        """Declare an input; returns its name."""
        self.inputs.append(name)
        self.tensors[name] = Tensor(name, size, period=period)
        return name

    def layer(
        self,
        name: str,
        kind: str,
        inputs: str | Iterable[str],
        size: int | None = None,
        *,
        activation: str = "none",
        period: int | None = None,
        **options: int,
    ) -> str:
        """Append a layer that writes the tensor `name`; returns that name.

        size: of its output; left out, that of the first input, of all together for a concat. period: of its output,
        where the kind doesn't tell (broadcast, interpolate); left out, 1 there.
        """
        sources = (inputs,) if isinstance(inputs, str) else tuple(inputs)
        layer = Layer(name, kind, sources, name, activation, {}, options)
        if size is None:
            sizes = [self.tensors[source].size for source in sources]
            size = sum(sizes) if kind == "concat" else sizes[0]
        self.tensors[name] = Tensor(name, size, period=self._period(layer, period))
        shapes = array_shapes(layer, self.tensors)
        arrays = self.arrays(layer, {array: shapes[array] for array in ARRAYS[kind]["f32"]})
        self.layers.append(Layer(name, kind, sources, name, activation, arrays, options))
        return name

    def _period(self, layer: Layer, stated: int | None) -> int:
        first = self.tensors[layer.inputs[0]].period
        if layer.kind == "conv1d":
            return first * layer.option("stride")
        if layer.kind == "conv_transpose1d":
            return first // layer.option("stride")
        if layer.kind in ("broadcast", "interpolate"):
            return stated or 1
        return first

    def graph(self, *outputs: str) -> Graph:
        """The float graph with these outputs. Raises GraphError as validate does."""
        return Graph("f32", tuple(self.inputs), outputs, dict(self.tensors), tuple(self.layers))
