# SPDX-License-Identifier: MIT
"""Each kind of layer in float against torch.nn's own, weights handed over, causal padding added."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.nn import functional

from lottava import reference
from lottava.builder import Builder, random_arrays
from lottava.graph import Graph

TICKS = 24
seeds = st.integers(0, 2**32)
sizes = st.integers(1, 6)


def lone(seed: int, kind: str, size: int, out: int | None = None, period: int = 1, **how: int | str) -> Graph:
    builder = Builder(random_arrays(np.random.default_rng(seed)))
    return builder_graph(builder, kind, builder.input("x", size, period), out, **how)


def builder_graph(builder: Builder, kind: str, source: str | list[str], out: int | None, **how: int | str) -> Graph:
    return builder.graph(builder.layer("y", kind, source, out, **how))  # type: ignore[arg-type]


def outputs(graph: Graph, x: NDArray, **more: NDArray) -> NDArray:
    return reference.run(graph, {"x": x, **more})["y"]


def tensor(graph: Graph, name: str) -> torch.Tensor:
    return torch.from_numpy(graph.layers[-1].arrays[name].astype(np.float64))


def signal(seed: int, *shape: int) -> NDArray:
    return np.random.default_rng(seed).normal(size=shape)


def causal_conv(x: NDArray, weight: torch.Tensor, bias: torch.Tensor, dilation: int, groups: int = 1) -> NDArray:
    """torch's conv1d of [columns, size] with weight [out, kernel, in / groups]: zeros before the start."""
    taps = weight.transpose(1, 2)
    padded = functional.pad(torch.from_numpy(x).T[None], (dilation * (taps.shape[-1] - 1), 0))
    return functional.conv1d(padded, taps, bias, dilation=dilation, groups=groups)[0].T.numpy()


def same(got: NDArray, expected: NDArray) -> None:
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@given(seeds, sizes, sizes, st.integers(1, 5), st.integers(1, 6), st.sampled_from([1, 2, 3, 4]), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_conv1d(seed: int, cin: int, cout: int, kernel: int, dilation: int, groups: int, stride: int) -> None:
    graph = lone(
        seed, "conv1d", cin * groups, cout * groups, kernel=kernel, dilation=dilation, groups=groups, stride=stride
    )
    x = signal(seed, TICKS, cin * groups)
    expected = causal_conv(x, tensor(graph, "weight"), tensor(graph, "bias"), dilation, groups)
    same(outputs(graph, x), expected[::stride])


@given(seeds, sizes, sizes, st.integers(1, 4), st.integers(0, 6))
@settings(max_examples=30, deadline=None)
def test_conv_transpose1d(seed: int, cin: int, cout: int, stride: int, more: int) -> None:
    graph = lone(seed, "conv_transpose1d", cin, cout, period=stride, kernel=stride + more, stride=stride)
    x = signal(seed, TICKS, cin)
    weight = tensor(graph, "weight").permute(2, 0, 1)
    full = functional.conv_transpose1d(torch.from_numpy(x).T[None], weight, tensor(graph, "bias"), stride=stride)
    same(outputs(graph, x), full[0].T.numpy()[: TICKS * stride])


@given(seeds, sizes, sizes, st.sampled_from(["gru", "lstm"]))
@settings(max_examples=30, deadline=None)
def test_recurrent_layers(seed: int, cin: int, hidden: int, kind: str) -> None:
    graph = lone(seed, kind, cin, hidden)
    module = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[kind](cin, hidden, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(module, f"{name}_l0").copy_(tensor(graph, name))
        x = signal(seed, TICKS, cin)
        expected, _ = module(torch.from_numpy(x)[None])
    same(outputs(graph, x), expected[0].numpy())


@given(seeds, sizes, sizes, st.integers(1, 4), st.integers(1, 4), st.sampled_from([None, 1, 5]))
@settings(max_examples=30, deadline=None)
def test_gated_conv1d(seed: int, cin: int, half: int, kernel: int, dilation: int, period: int | None) -> None:
    builder = Builder(random_arrays(np.random.default_rng(seed)))
    source: list[str] = [builder.input("x", cin)]
    more, shift = {}, np.zeros(())
    if period:
        source.append(builder.input("condition", 2 * half, period))
        more["condition"] = signal(seed + 1, reference.columns_in(TICKS, period), 2 * half)
        shift = np.repeat(more["condition"], period, axis=0)[:TICKS]
    graph = builder_graph(builder, "gated_conv1d", source, half, kernel=kernel, dilation=dilation)
    x = signal(seed, TICKS, cin)
    z = torch.from_numpy(causal_conv(x, tensor(graph, "weight"), tensor(graph, "bias"), dilation) + shift)
    same(outputs(graph, x, **more), (torch.tanh(z[:, :half]) * torch.sigmoid(z[:, half:])).numpy())


FUNCTIONS = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "hard_tanh": functional.hardtanh,
    "softsign": functional.softsign,
    "elu": functional.elu,
    "leaky_relu": functional.leaky_relu,
    "exp2": lambda x: torch.exp2(x).clamp(max=16.0),
    "relu": lambda x: functional.relu(x).clamp(max=8.0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations(name: str) -> None:
    x = np.linspace(-7.9, 7.9, 300).reshape(100, 3)
    same(outputs(lone(0, "activation", 3, activation=name), x), FUNCTIONS[name](torch.from_numpy(x)).numpy())


@given(seeds, sizes, sizes)
@settings(max_examples=10, deadline=None)
def test_dense(seed: int, cin: int, cout: int) -> None:
    graph, x = lone(seed, "dense", cin, cout), signal(seed, TICKS, cin)
    expected = functional.linear(torch.from_numpy(x), tensor(graph, "weight"), tensor(graph, "bias"))
    same(outputs(graph, x), expected.numpy())


@given(seeds, sizes, st.integers(2, 9))
@settings(max_examples=10, deadline=None)
def test_interpolation_is_a_line_one_column_late(seed: int, size: int, steps: int) -> None:
    graph, x = lone(seed, "interpolate", size, period=steps), signal(seed, 6, size)
    late = torch.from_numpy(np.concatenate([np.zeros((1, size)), x])).T[None]
    expected = functional.interpolate(late, size=6 * steps + 1, mode="linear", align_corners=True)[0].T.numpy()
    same(outputs(graph, x), expected[:-1])


def test_linear_interpolation_and_repetition_by_hand() -> None:
    x = np.array([[4.0], [8.0]])
    line = outputs(lone(0, "interpolate", 1, period=4), x)
    np.testing.assert_array_equal(line[:, 0], [0, 1, 2, 3, 4, 5, 6, 7])
    held = outputs(lone(0, "broadcast", 1, 2, period=4), x)
    np.testing.assert_array_equal(held, np.repeat([[4.0, 4.0], [8.0, 8.0]], 4, axis=0))
