# SPDX-License-Identifier: MIT
"""Modelled cycles of a layer, of a graph, and of a unit more or less: linear in what the kernels do.

    cycles of a tick = sum over features of amount * coefficient

Amounts follow from shapes alone (a float graph counts as quantised). Coefficients are fitted to the timing model by
`lottava bench coefficients --write`, weights and state in DTCM. Sizes count in fours, as the kernels take them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files

from .graph import Graph, Layer, Tensor

COEFFICIENTS = "cost_coefficients.json"
Amounts = dict[str, float]
Product = tuple[int, int, int]
"""Matrices of one shape: their number, groups of four rows, groups of four columns."""


@cache
def stored() -> dict[str, Mapping[str, float]]:
    """The committed file: `coefficients` by feature, modelled figures of whole `graphs`, `compiler`."""
    return json.loads(files("lottava").joinpath(COEFFICIENTS).read_text(encoding="utf-8"))


def _fours(size: int) -> int:
    return -(-size // 4)


class _Shape:
    """A layer as it runs in calls of `block` ticks: how often, and how many columns each time."""

    def __init__(self, layer: Layer, tensors: Mapping[str, Tensor], block: int) -> None:
        self.layer, self.out, self.source = layer, tensors[layer.output], tensors[layer.inputs[0]]
        self.parts = [tensors[name] for name in layer.inputs]
        self.columns = 1.0 / self.out.period
        # A layer runs in a call in which it has a column to take or to make.
        self.executions = 1.0 / max(block, min(self.out.period, self.source.period))
        self.size, self.width = _fours(self.out.size), _fours(self.source.size)

    def products(self) -> list[Product]:
        """Matrices that each output column meets (each input column of a transposed convolution)."""
        layer, kind = self.layer, self.layer.kind
        if kind in ("gru", "lstm"):
            rows = _fours((3 if kind == "gru" else 4) * self.out.size)
            return [(1, rows, self.width), (1, rows, self.size)]
        if kind == "dense":
            return [(1, self.size, self.width)]
        kernel = layer.option("kernel")
        if kind == "conv_transpose1d":
            stride = layer.option("stride")
            taps = [-(-(kernel - phase) // stride) for phase in range(stride)]
            return [(1, self.size, count * self.width) for count in taps]
        if kind == "gated_conv1d":
            return [(1, _fours(2 * self.out.size), kernel * self.width)]
        groups = layer.option("groups")
        if groups > 1 and not (self.source.size // groups) % 4 and not (self.out.size // groups) % 4:
            return [(groups, self.out.size // groups // 4, kernel * (self.source.size // groups // 4))]
        return [(1, self.size, kernel * self.width)]

    @property
    def is_depthwise(self) -> bool:
        return self.layer.kind == "conv1d" and 1 < self.layer.option("groups") == self.source.size == self.out.size


def _product_amounts(shape: _Shape, amounts: Amounts) -> None:
    """The kernel takes two columns at a time; recurrent layers give it one."""
    kind = shape.layer.kind
    recurrent = kind in ("gru", "lstm")
    columns = shape.columns / (shape.layer.option("stride") if kind == "conv_transpose1d" else 1)
    calls = columns if recurrent else min(columns, shape.executions)
    pairs = calls * ((columns / calls) // 2)
    for matrices, rows, fours in shape.products():
        for name, runs in (("pair", pairs * matrices), ("single", (columns - 2 * pairs) * matrices)):
            amounts[f"product.{name}.groups"] += runs * rows * fours
            amounts[f"product.{name}.odd"] += runs * rows * (fours % 2)
            amounts[f"product.{name}.rows"] += runs * rows
            amounts[f"product.{name}"] += runs
        amounts["product.call"] += matrices * calls


def _window_amounts(shape: _Shape, amounts: Amounts) -> None:
    """Past columns: kept in a line, or gathered from a ring where taps lie apart."""
    layer, inputs = shape.layer, 1.0 / shape.source.period
    taps = layer.option("kernel")
    if taps == 1:
        return
    way = "ring" if layer.kind != "conv_transpose1d" and layer.option("dilation") > 1 else "line"
    amounts[f"{way}.call"] += shape.executions
    amounts[f"{way}.pushed"] += inputs * shape.width
    if way == "ring":
        amounts["ring.windows"] += shape.columns
        amounts["ring.taps"] += shape.columns * taps
        amounts["ring.gathered"] += shape.columns * taps * shape.width
    else:
        amounts["line.settled"] += shape.executions * (taps - 1) * shape.width


def _pointwise_amounts(shape: _Shape, amounts: Amounts) -> None:
    layer, kind = shape.layer, shape.layer.kind
    if kind == "activation":
        kind = "relu" if layer.activation == "relu" else "table"
    parts = len(shape.parts)
    amounts[f"{kind}.columns"] += shape.columns * (parts if kind == "concat" else 1)
    amounts[f"{kind}.values"] += shape.columns * shape.size
    if kind == "add":
        amounts["add.parts"] += shape.columns * shape.size * (parts - 2)


def layer_amounts(layer: Layer, tensors: Mapping[str, Tensor], block: int = 1) -> Amounts:
    """Amounts of each feature per tick, in calls of `block` ticks."""
    shape = _Shape(layer, tensors, block)
    amounts: Amounts = defaultdict(float)
    kind = layer.kind
    amounts[f"{kind}.call"] += shape.executions
    if shape.is_depthwise or kind == "scale":
        taps = 1 if kind == "scale" else layer.option("kernel")
        amounts["depthwise.columns"] += shape.columns
        amounts["depthwise.rows"] += shape.columns * shape.size
        amounts["depthwise.taps"] += shape.columns * shape.size * taps
        return amounts
    if kind in ("dense", "conv1d", "gated_conv1d", "conv_transpose1d", "gru", "lstm"):
        _product_amounts(shape, amounts)
    if kind in ("conv1d", "gated_conv1d", "conv_transpose1d"):
        _window_amounts(shape, amounts)
    if kind in ("gru", "lstm", "gated_conv1d"):
        amounts[f"{kind}.values"] += shape.columns * shape.size
        amounts[f"{kind}.columns"] += shape.columns
        if kind == "gated_conv1d":
            amounts["gated_conv1d.conditioned"] += shape.columns * shape.size * (len(shape.parts) - 1)
    elif kind not in ("dense", "conv1d", "conv_transpose1d"):
        _pointwise_amounts(shape, amounts)
    return amounts


def graph_amounts(graph: Graph, block: int = 1, tensors: Mapping[str, Tensor] | None = None) -> Amounts:
    """All layers together, with what the runner itself does in each call."""
    total: Amounts = defaultdict(float)
    for layer in graph.layers:
        for name, amount in layer_amounts(layer, tensors or graph.tensors, block).items():
            total[name] += amount
    total["run.call"] += 1 / block
    total["run.layers"] += len(graph.layers) / block
    return total


def evaluate(amounts: Amounts, coefficients: Mapping[str, float] | None = None) -> float:
    """Cycles of these amounts, by the stored coefficients where none are given."""
    known = stored()["coefficients"] if coefficients is None else coefficients
    return sum(known.get(name, 0.0) * amount for name, amount in amounts.items())


def layer_cycles(graph: Graph, layer: Layer, *, block: int = 1) -> float:
    """Cycles of one execution of a layer, averaged over the columns that calls of `block` ticks make."""
    amounts = layer_amounts(layer, graph.tensors, block)
    return evaluate(amounts) * graph.tensors[layer.output].period


def graph_cycles(graph: Graph, *, block: int = 1) -> float:
    """Cycles of a tick of the whole graph, the mean over its largest period, in calls of `block` ticks."""
    return evaluate(graph_amounts(graph, block))


def cycles_with_sizes(graph: Graph, sizes: Mapping[str, int], *, block: int = 1) -> float:
    """graph_cycles, some tensors having another size: what a unit more or less costs is the difference.

    Kernels take four at a time, so one unit may cost nothing, or as much as four.
    """
    tensors = {name: replace(tensor, size=sizes.get(name, tensor.size)) for name, tensor in graph.tensors.items()}
    return evaluate(graph_amounts(graph, block, tensors))
