# SPDX-License-Identifier: MIT
"""Random graphs of any kinds and rates, float and integer, and inputs for them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lottava.activations import FUNCTIONS
from lottava.builder import Builder, random_arrays
from lottava.fixedpoint import MULTIPLIER_MAX, MULTIPLIER_MIN
from lottava.graph import PRODUCTS, Graph, Layer, array_shapes
from lottava.reference import columns_in
from lottava.scales import tensor_scales

KINDS = tuple(PRODUCTS)
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16)
PERIODS = (1, 2, 3, 4, 6, 8, 12, 16)
MAX_WIDTH = 40
EXTREMES = (-(1 << 15), -1, 0, 1, (1 << 15) - 1)


def divisors(number: int) -> list[int]:
    return [d for d in range(1, number + 1) if number % d == 0]


class RandomBuilder(Builder):
    """A builder that draws sizes, options and connections. longest: the largest period that it may reach."""

    def __init__(self, rng: np.random.Generator, longest: int, spread: float = 1.0) -> None:
        super().__init__(random_arrays(rng, spread))
        self.rng, self.longest = rng, longest

    def draw(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def choose(self, values: list[int] | tuple[int, ...]) -> int:
        return int(self.rng.choice(values))

    def flip(self) -> bool:
        return bool(self.rng.random() < 0.5)

    def of_period(self, period: int) -> list[str]:
        return [name for name, tensor in self.tensors.items() if tensor.period == period]

    def name(self, kind: str) -> str:
        return f"{kind}_{len(self.layers)}"

    def linear(self, source: str, size: int) -> str:
        """A layer without activation between: its scale is free, so that tables and gates may read it."""
        return self.layer(self.name("linear"), "dense", source, size)

    def relu(self) -> str:
        return "relu" if self.flip() else "none"

    def append(self, kind: str, source: str) -> str:
        """A layer of this kind on a tensor; an interpolation needs a source of a period above 1."""
        own = getattr(self, f"append_{kind}", None)
        return own(source) if own else self.layer(self.name(kind), kind, source)

    def append_dense(self, source: str) -> str:
        return self.layer(self.name("dense"), "dense", source, self.choose(SIZES), activation=self.relu())

    def append_conv1d(self, source: str) -> str:
        tensor = self.tensors[source]
        groups = self.choose(divisors(tensor.size)) if self.flip() else 1
        size = groups * self.draw(1, 3) if groups > 1 else self.choose(SIZES)
        options = {"groups": groups, "stride": self.choose(divisors(self.longest // tensor.period))}
        options |= {"kernel": self.draw(1, 5), "dilation": self.choose((1, 1, 2, 3, 9))}
        return self.layer(self.name("conv"), "conv1d", source, size, activation=self.relu(), **options)

    def append_gated_conv1d(self, source: str) -> str:
        size, period, inputs = self.choose(SIZES), self.tensors[source].period, [source]
        slow = self.of_period(self.longest)
        if self.flip():
            held = slow if slow and self.flip() else self.of_period(period)
            inputs.append(self.linear(str(self.rng.choice(held)), 2 * size))
        options = {"kernel": self.draw(1, 4), "dilation": self.choose((1, 2, 5))}
        return self.layer(self.name("gated"), "gated_conv1d", inputs, size, **options)

    def append_conv_transpose1d(self, source: str) -> str:
        stride = self.choose(divisors(self.tensors[source].period))
        options = {"kernel": stride + self.draw(0, 2 * stride), "stride": stride}
        name, size = self.name("up"), self.choose(SIZES)
        return self.layer(name, "conv_transpose1d", source, size, activation=self.relu(), **options)

    def append_gru(self, source: str) -> str:
        return self.layer(self.name("gru"), "gru", source, self.choose(SIZES))

    def append_lstm(self, source: str) -> str:
        return self.layer(self.name("lstm"), "lstm", source, self.choose(SIZES))

    def _siblings(self, source: str, count: int) -> list[str]:
        """Tensors of the source's size and period, made where there is none."""
        tensor, found = self.tensors[source], [source]
        for _ in range(count - 1):
            other = str(self.rng.choice(self.of_period(tensor.period)))
            found.append(other if self.tensors[other].size == tensor.size else self.linear(other, tensor.size))
        return found

    def append_add(self, source: str) -> str:
        parts = self._siblings(source, self.draw(2, 4))
        return self.layer(self.name("add"), "add", parts)

    def append_multiply(self, source: str) -> str:
        pair = self._siblings(source, 2)
        return self.layer(self.name("multiply"), "multiply", pair)

    def append_concat(self, source: str) -> str:
        others = self.rng.choice(self.of_period(self.tensors[source].period), self.draw(0, 2))
        return self.layer(self.name("concat"), "concat", [source, *map(str, others)])

    def append_split(self, source: str) -> str:
        size = self.draw(1, self.tensors[source].size)
        offset = self.draw(0, self.tensors[source].size - size)
        return self.layer(self.name("split"), "split", source, size, offset=offset)

    def append_broadcast(self, source: str) -> str:
        tensor = self.tensors[source]
        size = tensor.size * self.draw(1, 3)
        return self.layer(
            self.name("broadcast"), "broadcast", source, size, period=self.choose(divisors(tensor.period))
        )

    def append_interpolate(self, source: str) -> str:
        period = self.choose(divisors(self.tensors[source].period)[:-1])
        return self.layer(self.name("interpolate"), "interpolate", source, period=period)

    def append_activation(self, source: str) -> str:
        function = str(self.rng.choice(sorted(FUNCTIONS)))
        free = source if source in self.inputs else self.linear(source, self.tensors[source].size)
        return self.layer(self.name("activation"), "activation", free, activation=function)


def random_peaks(graph: Graph, rng: np.random.Generator) -> dict[str, float]:
    """Peaks that spread the scales of a graph over 2^-18..2^-11."""
    return {name: 2.0 ** rng.uniform(-3.5, 3.0) for name in graph.tensors}


def integer_arrays(
    rng: np.random.Generator, suffix: str, shape: tuple[int, ...], wild: bool = False
) -> dict[str, NDArray]:
    """Any legal arrays. Tame: products fill a part of the s16 range; wild: extremes and saturation everywhere."""
    rows = shape[0]
    weight = rng.integers(-127, 128, shape)
    bias = rng.integers(-(1 << 17), 1 << 17, rows)
    shift = rng.integers(-11, -7, rows)
    if wild:
        weight = np.where(rng.random(shape) < 0.5, rng.choice([-127, 127], shape), weight)
        bias = rng.choice([-(2**31), -1, 0, 1, 2**31 - 1], rows)
        shift = rng.integers(-16, 0, rows)
    multiplier = rng.integers(MULTIPLIER_MIN, MULTIPLIER_MAX, rows, endpoint=True)
    multiplier = np.where(rng.random(rows) < 0.1, MULTIPLIER_MAX, multiplier)
    return {
        "weight" + suffix: weight.astype(np.int8),
        "bias" + suffix: bias.astype(np.int32),
        "multiplier" + suffix: multiplier.astype(np.int32),
        "shift" + suffix: shift.astype(np.int32),
    }


def _integer_layer(layer: Layer, shapes: Mapping[str, tuple[int, ...]], rng: np.random.Generator, wild: bool) -> Layer:
    arrays: dict[str, NDArray] = {}
    for suffix in PRODUCTS[layer.kind]:
        arrays |= integer_arrays(rng, suffix, shapes["weight" + suffix], wild)
    return replace(layer, arrays=arrays)


def with_random_integers(graph: Graph, rng: np.random.Generator, *, wild: bool = False) -> Graph:
    """A graph of the same structure in s8s16: legal scales, any legal arrays."""
    scales = tensor_scales(graph, random_peaks(graph, rng))
    return Graph(
        "s8s16",
        graph.inputs,
        graph.outputs,
        {name: replace(tensor, scale=scales[name]) for name, tensor in graph.tensors.items()},
        tuple(_integer_layer(layer, array_shapes(layer, graph.tensors), rng, wild) for layer in graph.layers),
    )


def random_layer_graph(
    seed: int, kind: str, *, integer: bool = False, wild: bool = False, spread: float = 1.0
) -> Graph:
    """A graph around one layer of a kind: random sizes, options and connections on inputs `x` and `held`.

    A gate's condition, an add and a multiply may bring dense layers that make their other inputs.
    """
    rng = np.random.default_rng(seed)
    longest = int(rng.choice(PERIODS[kind == "interpolate" :]))
    builder = RandomBuilder(rng, longest, spread)
    rising = kind in ("conv_transpose1d", "broadcast", "interpolate")
    builder.input("x", builder.choose(SIZES), longest if rising else 1)
    if kind == "gated_conv1d" or (rising and longest > 1):
        builder.input("held", builder.choose(SIZES), 1 if rising else longest)
    graph = builder.graph(builder.append(kind, "x"))
    return with_random_integers(graph, rng, wild=wild) if integer else graph


def random_streaming_graph(
    seed: int,
    *,
    integer: bool = False,
    wild: bool = False,
    spread: float = 1.0,
    layers: int = 8,
    kinds: tuple[str, ...] = KINDS,
) -> Graph:
    """A small random DAG of several rates on inputs `x` (period 1) and `held` (the largest period).

    layers: draws of a kind; each may bring a dense layer or two of its own. Outputs are the tensors that nothing reads.
    """
    rng = np.random.default_rng(seed)
    builder = RandomBuilder(rng, int(rng.choice(PERIODS)), spread)
    builder.input("x", builder.choose(SIZES))
    builder.input("held", builder.choose(SIZES), builder.longest)
    for _ in range(layers):
        kind = str(rng.choice(kinds))
        fit = [
            name
            for name, tensor in builder.tensors.items()
            if tensor.size <= MAX_WIDTH // 3 and (kind != "interpolate" or tensor.period > 1)
        ]
        if fit:
            builder.append(kind, fit[int(len(fit) * math.sqrt(rng.random()))])
    if not builder.layers:
        builder.append("dense", "x")
    read = {name for layer in builder.layers for name in layer.inputs}
    outputs = [name for name in builder.tensors if name not in read and name not in builder.inputs]
    graph = builder.graph(*outputs)
    return with_random_integers(graph, rng, wild=wild) if integer else graph


def random_columns(graph: Graph, seed: int, ticks: int, *, batch: tuple[int, ...] = ()) -> dict[str, NDArray]:
    """Inputs [*batch, ceil(ticks / period), size] of any graph: normal numbers, or any s16 codes, extremes often."""
    rng, inputs = np.random.default_rng(seed), {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        shape = (*batch, columns_in(ticks, tensor.period), tensor.size)
        if not graph.is_integer:
            inputs[name] = rng.normal(0.0, 1.0, shape)
            continue
        codes = rng.integers(-(1 << 15), 1 << 15, shape)
        inputs[name] = np.where(rng.random(shape) < 0.3, rng.choice(EXTREMES, shape), codes).astype(np.int16)
    return inputs
