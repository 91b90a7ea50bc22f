# SPDX-License-Identifier: MIT
"""Quantising to s8 activations: what it costs, what it refuses, and that the result is legal whatever the weights."""

from __future__ import annotations

import numpy as np
import pytest
from graphs import Widths, random_graph, random_inputs
from hypothesis import given
from hypothesis import strategies as st
from lottava.export.cmsis_graph import plan
from lottava.export.quantise import QuantisationError, quantise
from numpy.typing import NDArray

from lottava.graph import Graph, Layer, Tensor

KERNEL = {"kernel": 3, "dilation": 2}


def float_graph(seed: int, spread: float = 1.0, stride: int = 1) -> Graph:
    """conv1d with relu, depthwise conv1d, dense; spread: size of the weights."""
    rng = np.random.default_rng(seed)

    def layer(name: str, kind: str, source: str, shape: tuple[int, ...], activation: str, options: dict) -> Layer:
        weight = spread * rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        arrays = {"weight": weight, "bias": 0.1 * spread * rng.normal(size=shape[0])}
        arrays = {key: value.astype(np.float32) for key, value in arrays.items()}
        return Layer(name, kind, (source,), name, activation, arrays, options)

    layers = (
        layer("mix", "conv1d", "x", (12, 3, 4), "relu", KERNEL),
        layer("filter", "conv1d", "mix", (12, 3, 1), "none", KERNEL | {"groups": 12, "stride": stride}),
        layer("head", "dense", "filter", (5, 12), "none", {}),
    )
    sizes = {"x": (4, 1), "mix": (12, 1), "filter": (12, stride), "head": (5, stride)}
    tensors = {name: Tensor(name, size, None, period) for name, (size, period) in sizes.items()}
    return Graph("f32", ("x",), ("head",), tensors, layers)


def clips(seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(2, 80, 4))


@pytest.mark.parametrize("stride", [1, 3])
def test_a_tame_graph_keeps_its_signal(stride: int) -> None:
    for seed in range(5):
        _, report = quantise(float_graph(seed, stride=stride), {"x": clips(seed)}, number_format="s8s8")
        # 8 bit codes leave some 35 dB a layer for signals whose peak is four times their mean square's root.
        assert all(entry.snr_db > 25 for entry in report.layers)
        assert all(entry.accumulator_bits == 32 and entry.saturated == 0 for entry in report.layers)


@given(seed=st.integers(0, 2**32 - 1), spread=st.sampled_from([0.0, 1e-6, 0.1, 1.0, 30.0]))
def test_any_graph_becomes_one_that_the_kernels_run(seed: int, spread: float) -> None:
    integer, report = quantise(float_graph(seed, spread), {"x": clips(seed)[:1, :16]}, number_format="s8s8")
    assert integer.number_format == "s8s8" and integer.parent == report.parent
    assert all(entry.accumulator_bound < 2**31 for entry in report.layers)
    plan(integer)


def test_other_layers_and_formats_are_refused() -> None:
    with pytest.raises(QuantisationError, match="gru"):
        quantise(random_graph(0, Widths(1, 1, 1, 2, 1)), random_inputs(0, 5), number_format="s8s8")
    with pytest.raises(QuantisationError, match="hold weights beyond"):
        quantise(float_graph(0, 1e4), {"x": clips(0)}, number_format="s8s8")
    with pytest.raises(QuantisationError, match="'s4s8'"):
        quantise(float_graph(0), {"x": clips(0)}, number_format="s4s8")
