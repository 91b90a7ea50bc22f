# SPDX-License-Identifier: MIT
"""Each rule of a streaming layer, tripped once: options, sizes, periods, scales; and the shifts derived from scales."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from graphs import random_layer_graph, random_streaming_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from streaming import KINDS

from lottava import graph as graphs
from lottava import layers
from lottava.builder import Builder, random_arrays
from lottava.graph import Graph, GraphError, Layer, Tensor


def made(kind: str, *inputs: tuple[int, int], size: int | None = None, **how: Any) -> Graph:
    """One float layer on inputs a, b, … of (size, period)."""
    builder = Builder(random_arrays(np.random.default_rng(0)))
    names = [builder.input("abcdef"[i], *shape) for i, shape in enumerate(inputs)]
    builder.layer("y", kind, names, size, **how)
    builder.input("tick", 1)
    return builder.graph("y")


def changed(graph: Graph, tensor: str | None = None, options: dict[str, Any] | None = None, **fields: Any) -> Graph:
    """The graph with one tensor's fields replaced, or the layer's."""
    if tensor:
        return replace(graph, tensors=dict(graph.tensors) | {tensor: replace(graph.tensors[tensor], **fields)})
    layer = graph.layers[-1]
    options = dict(layer.options) | (options or {})
    return replace(graph, layers=(*graph.layers[:-1], replace(layer, options=options, **fields)))


CONV = made("conv1d", (6, 1), size=4, kernel=3, dilation=2, groups=2)
GATED = made("gated_conv1d", (3, 1), (8, 6), size=4, kernel=2)
UP = made("conv_transpose1d", (3, 4), size=2, kernel=8, stride=4)

BROKEN: dict[str, tuple[Callable[[], Graph], str]] = {
    "an unknown option": (lambda: changed(CONV, options={"padding": 1}), "no options \\['padding'\\]; it takes"),
    "an option of another kind": (lambda: changed(UP, options={"dilation": 2}), "no options"),
    "no kernel": (lambda: replace(CONV, layers=(replace(CONV.layers[0], options={}),)), "kernel is None"),
    "a kernel of 65": (lambda: changed(CONV, options={"kernel": 65}), "kernel is 65, should be 1..64"),
    "a kernel that is no integer": (lambda: changed(CONV, options={"kernel": 3.0}), "kernel is 3.0"),
    "a kernel that is a bool": (lambda: changed(CONV, options={"kernel": True}), "kernel is True"),
    "dilation 0": (lambda: changed(CONV, options={"dilation": 0}), "dilation is 0"),
    "groups that don't divide": (lambda: changed(CONV, options={"groups": 4}), "groups don't divide 6 inputs and 4"),
    "weights of another kernel": (lambda: changed(CONV, options={"kernel": 4}), "weight is \\(4, 3, 3\\), should be"),
    "a stride the period denies": (lambda: changed(CONV, options={"stride": 2}), "period is 1, should be 2"),
    "a fan-in above 4096": (lambda: made("conv1d", (100, 1), size=1, kernel=64), "sums 6400 products"),
    "a history of 2 million": (
        lambda: made("conv1d", (512, 1), size=1, kernel=2, dilation=4096),
        "remember 2097664 values",
    ),
    "a kernel shorter than its stride": (
        lambda: made("conv_transpose1d", (3, 4), size=2, kernel=3, stride=4),
        "kernel of 3 is shorter than its stride of 4",
    ),
    "an upsampler of another period": (lambda: changed(UP, options={"stride": 2}), "period is 1, should be 4 / 2"),
    "a condition of another size": (lambda: made("gated_conv1d", (3, 1), (7, 1), size=4, kernel=1), "not the 8 of"),
    "a condition of a period between": (
        lambda: replace(
            changed(GATED, "b", period=3),
            tensors=dict(changed(GATED, "b", period=3).tensors) | {"slow": Tensor("slow", 1, None, 6)},
            inputs=("a", "b", "tick", "slow"),
        ),
        "condition's period is 3, should be 1 or the graph's largest, 6",
    ),
    "three inputs of a gate": (lambda: made("gated_conv1d", (3, 1), (8, 1), (8, 1), size=4, kernel=1), "1..2 inputs"),
    "an lstm with relu": (lambda: changed(made("lstm", (2, 1), size=3), activation="relu"), "lstm can't have"),
    "an activation without function": (lambda: made("activation", (2, 1)), "can't have the activation 'none'"),
    "an activation that resizes": (lambda: made("activation", (2, 1), size=3, activation="tanh"), "of one size"),
    "an add of one": (lambda: made("add", (2, 1)), "takes 2..4 inputs, not 1"),
    "an add of five": (lambda: made("add", *[(2, 1)] * 5), "takes 2..4 inputs, not 5"),
    "an add of two sizes": (lambda: made("add", (2, 1), (3, 1)), "of one size"),
    "an add of two rates": (lambda: made("add", (2, 1), (2, 2)), "have the periods \\[1, 2\\]"),
    "a concat of two rates": (lambda: made("concat", (2, 2), (2, 4)), "have the periods"),
    "a product of three": (lambda: made("multiply", (2, 1), (2, 1), (2, 1)), "takes 2..2 inputs, not 3"),
    "a split beyond the end": (lambda: made("split", (5, 1), size=3, offset=3), "channels 3..5 are not among 5"),
    "a split from nowhere": (lambda: changed(made("split", (5, 1), size=3, offset=2), options={"offset": -1}), "is -1"),
    "a broadcast to no multiple": (lambda: made("broadcast", (2, 1), size=3), "2 channels don't repeat to 3"),
    "a broadcast to a slower rate": (lambda: made("broadcast", (2, 2), period=4), "should be a divisor of 2"),
    "an interpolation of nothing": (lambda: made("interpolate", (2, 4), period=4), "should be 4 over 2..4096"),
    "an interpolation over 8192": (lambda: made("interpolate", (2, 8192)), "should be 8192 over 2..4096"),
    "a dense of another rate": (lambda: changed(made("dense", (2, 2), size=2), "y", period=1), "should be 2"),
    "period 0": (lambda: changed(CONV, "a", period=0), "period 0, should be 1..32768"),
    "a period that is a bool": (lambda: changed(CONV, "a", period=True), "period True"),
    "no tensor at every tick": (
        lambda: replace(
            made("dense", (2, 2), size=2),
            inputs=("a",),
            tensors={"a": Tensor("a", 2, None, 2), "y": Tensor("y", 2, None, 2)},
        ),
        "shortest period is 2, should be 1",
    ),
    "periods that never meet": (
        lambda: replace(
            made("dense", (2, 2), size=2),
            inputs=("a", "tick", "odd"),
            tensors={
                "a": Tensor("a", 2, None, 2),
                "y": Tensor("y", 2, None, 2),
                "tick": Tensor("tick", 1),
                "odd": Tensor("odd", 1, None, 3),
            },
        ),
        "period 2, which does not divide the largest, 3",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_guard(what: str) -> None:
    change, match = BROKEN[what]
    with pytest.raises(GraphError, match=match) as caught:
        change()
    assert "\n" not in str(caught.value)


def joined(kind: str, scales: tuple[float, ...], out: float, **how: Any) -> Graph:
    """An integer layer without arrays over inputs of these scales."""
    names = "abcd"[: len(scales)]
    size = 2 if kind != "concat" else 2 * len(scales)
    tensors = {name: Tensor(name, 2, scale) for name, scale in zip(names, scales, strict=True)}
    tensors["y"] = Tensor("y", size, out)
    return Graph("s8s16", tuple(names), ("y",), tensors, (Layer("y", kind, tuple(names), "y", **how),))


BROKEN_SCALES: dict[str, tuple[Callable[[], Graph], str]] = {
    "an add of other than powers of two": (lambda: joined("add", (1.0, 3.0), 1.0), "not powers of two of each other"),
    "an add to other than a power of two": (lambda: joined("add", (1.0, 1.0), 3.0), "not powers of two"),
    "parts too far apart": (lambda: joined("add", (1.0, 2.0**15), 2.0**15), "too far apart"),
    "three parts a little too far apart": (lambda: joined("add", (1.0, 1.0, 2.0**14), 2.0**14), "too far apart"),
    "an output too fine": (lambda: joined("add", (1.0, 1.0), 2.0**-15), "too far apart"),
    "an output too coarse": (lambda: joined("add", (1.0, 1.0), 2.0**16), "too far apart"),
    "a product as fine as its factors": (lambda: joined("multiply", (2.0**-12, 2.0**-15), 2.0**-27), "2\\^1..2\\^30"),
    "a product beyond 2^30": (lambda: joined("multiply", (2.0**-12, 2.0**-15), 2.0**4), "2\\^1..2\\^30"),
    "a product of thirds": (lambda: joined("multiply", (3.0, 1.0), 2.0), "2\\^1..2\\^30"),
    "a split of another scale": (lambda: joined("split", (1.0,), 2.0, options={"offset": 0}), "of its input, 1.0"),
    "a hold of another scale": (lambda: joined("broadcast", (1.0,), 0.5), "should be that of its input"),
    "a tanh of 2^-11": (lambda: joined("activation", (2.0**-11,), 2.0**-15, activation="tanh"), "put a scale layer"),
    "a tanh into 2^-12": (lambda: joined("activation", (2.0**-12,), 2.0**-12, activation="tanh"), "tanh has 2\\^-15"),
    "an exp2 into 2^-12": (lambda: joined("activation", (2.0**-12,), 2.0**-12, activation="exp2"), "exp2 has 2\\^-11"),
    "an elu into 2^-15": (lambda: joined("activation", (2.0**-12,), 2.0**-15, activation="elu"), "elu has 2\\^-12"),
}


@pytest.mark.parametrize("what", BROKEN_SCALES)
def test_scale_guard(what: str) -> None:
    change, match = BROKEN_SCALES[what]
    with pytest.raises(GraphError, match=match) as caught:
        change()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("scales", "out", "left", "right"),
    [
        ((1.0, 1.0), 1.0, (0, 0), 0),
        ((1.0, 4.0), 2.0, (0, 2), 1),
        ((4.0, 2.0, 2.0), 1.0, (2, 1, 1), 0),
        ((1.0, 2.0**14), 2.0**15, (0, 14), 15),
        ((1.0, 1.0, 2.0, 2.0**13), 2.0**13, (0, 0, 1, 13), 13),
    ],
)
def test_add_shifts(scales: tuple[float, ...], out: float, left: tuple[int, ...], right: int) -> None:
    graph = joined("add", scales, out)
    assert graphs.add_shifts(graph.tensors, graph.layers[0]) == (left, right)


def test_multiply_shift() -> None:
    graph = joined("multiply", (2.0**-12, 2.0**-15), 2.0**-11)
    assert graphs.multiply_shift(graph.tensors, graph.layers[0]) == 16


def test_scales_of_gates_states_and_conditions_are_fixed() -> None:
    for kind in ("gru", "lstm", "gated_conv1d"):
        graph = random_layer_graph(3, kind, integer=True)
        with pytest.raises(GraphError, match="recurrent state or gate has 2\\^-15"):
            changed(graph, graph.layers[-1].output, scale=2.0**-14)
    gated = next(g for g in (random_layer_graph(i, "gated_conv1d", integer=True) for i in range(20)) if g.layers[1:])
    with pytest.raises(GraphError, match="gates read 2\\^-12"):
        changed(gated, gated.layers[-1].inputs[1], scale=2.0**-11)


def test_options_at_their_default_are_dropped() -> None:
    plain = Layer("y", "conv1d", ("x",), "y", options={"kernel": 3})
    stated = Layer("y", "conv1d", ("x",), "y", options={"stride": 1, "groups": 1, "dilation": 1, "kernel": 3})
    assert plain.options == stated.options == {"kernel": 3}
    assert [stated.option(name) for name in ("kernel", "dilation", "groups", "stride")] == [3, 1, 1, 1]


@pytest.mark.parametrize(
    ("kind", "options", "columns"),
    [
        ("conv1d", {"kernel": 3, "dilation": 4}, 9),
        ("gated_conv1d", {"kernel": 1}, 1),
        ("conv_transpose1d", {"kernel": 7, "stride": 3}, 3),
        ("interpolate", {}, 2),
        ("gru", {}, 0),
    ],
)
def test_history_columns(kind: str, options: dict[str, int], columns: int) -> None:
    assert layers.history_columns(Layer("y", kind, ("x",), "y", options=options)) == columns


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=5, deadline=None)
def test_random_graphs_hold_their_kind(kind: str, seed: int, integer: bool) -> None:
    graph = random_layer_graph(seed, kind, integer=integer, wild=True)
    assert graph.layers[-1].kind == kind
    assert random_streaming_graph(seed, integer=integer, kinds=(kind,)).is_integer == integer
