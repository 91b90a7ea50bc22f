# SPDX-License-Identifier: MIT
"""Slim = mask on any graph: the smaller graph equals the whole one in which the removed units are silenced."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from graphs import Widths, random_columns, random_graph, random_streaming_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.generators.topologies import NsfWidths, WavenetWidths, nsf_graph, wavenet_graph
from lottava.training.reduction.forward import arrays_of, forward
from lottava.training.reduction.graph_trim import mask_graph, trim_graph
from lottava.training.reduction.groups import Limit, Span, channel_groups
from lottava.training.reduction.trim import KeepError, full_keep, select, validate_keep, widths

from lottava.builder import Builder, random_arrays
from lottava.graph import Graph, named_arrays
from lottava.reference import run

NSF = nsf_graph(NsfWidths(hidden=6, blocks=2, layers=2, noise_layers=1, trunk=5))
WAVENET = wavenet_graph(WavenetWidths(residual=6, gate=4, skip=5, layers=3))
QUICK = settings(deadline=None, max_examples=15)


def columns(graph: Graph, seed: int, pieces: int = 3) -> dict[str, torch.Tensor]:
    inputs = random_columns(graph, seed, pieces * graph.largest_period, batch=(1,))
    return {name: torch.from_numpy(value) for name, value in inputs.items()}


def silenced(graph: Graph, keep, inputs) -> dict[str, torch.Tensor]:
    """The whole graph, in which every channel of a removed unit is multiplied by 0 as soon as it is computed."""
    channels, gates = channel_groups(graph), {}
    for name, kept in keep.items():
        for (tensor, _), owned in channels.groups[name].places.items():
            if tensor in graph.tensors:
                gate = gates.setdefault(tensor, torch.ones(graph.tensors[tensor].size, dtype=torch.float64))
                for unit in set(range(len(owned))) - set(kept.tolist()):
                    gate[list(owned[unit])] = 0.0
    return forward(graph, arrays_of(graph), inputs, gates)


def random_keep(graph: Graph, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        name: np.sort(rng.permutation(group.size)[: rng.integers(1, group.size + 1)])
        for name, group in channel_groups(graph).free.items()
    }


def assert_trim_is_mask(graph: Graph, seed: int, pieces: int = 3) -> None:
    keep, channels = random_keep(graph, np.random.default_rng(seed)), channel_groups(graph)
    small, masked, inputs = trim_graph(graph, channels, keep), mask_graph(graph, channels, keep), columns(graph, seed)
    slim = forward(small, arrays_of(small), inputs)
    in_place, gated = forward(masked, arrays_of(masked), inputs), silenced(graph, keep, inputs)
    for name in graph.outputs:
        assert torch.allclose(slim[name], in_place[name], rtol=0, atol=1e-6)
        assert torch.allclose(slim[name], gated[name], rtol=0, atol=1e-6)
    assert small.parameter_count == channels.parameter_count(widths(keep))
    assert {n: t.size for n, t in small.tensors.items()} == channels.tensor_sizes(widths(keep))


@QUICK
@given(st.integers(0, 10**6))
def test_torch_computes_what_the_oracle_computes(seed):
    graph = random_streaming_graph(seed)
    inputs = columns(graph, seed, 2)
    expected = run(graph, {name: value.numpy() for name, value in inputs.items()}, graph.tensors)
    found = forward(graph, arrays_of(graph), inputs)
    for name in graph.tensors:
        assert np.allclose(found[name].numpy(), expected[name], rtol=1e-9, atol=1e-9), name


@QUICK
@given(st.integers(0, 10**6))
def test_trim_is_mask_on_graphs_of_any_kinds(seed):
    assert_trim_is_mask(random_streaming_graph(seed, layers=12), seed)


@pytest.mark.parametrize(
    "graph", [NSF, WAVENET, random_graph(3, Widths(8, 7, 6, 9, 5))], ids=["nsf", "wavenet", "ddsp"]
)
@settings(deadline=None, max_examples=4)
@given(st.integers(0, 10**6))
def test_trim_is_mask_on_whole_generators(graph, seed):
    assert_trim_is_mask(graph, seed, 2)


def built(*layers: tuple) -> Graph:
    """Layers as arguments of Builder.layer on inputs x [3] and slow [2, every 4 ticks]; the last is the output."""
    builder = Builder(random_arrays(np.random.default_rng(7)))
    builder.input("x", 3)
    builder.input("slow", 2, 4)
    for name, kind, inputs, size, options in layers:
        builder.layer(name, kind, inputs, size, **options)
    return builder.graph(layers[-1][0])


LAST = ("y", "dense", "last", 2, {})
ADVERSARIAL = {
    "linear": [("a", "dense", "x", 5, {"activation": "relu"}), ("last", "dense", "a", 4, {})],
    "conv": [("a", "conv1d", "x", 6, {"kernel": 3, "dilation": 2}), ("last", "conv1d", "a", 5, {"kernel": 2})],
    "transposed": [
        ("a", "dense", "slow", 5, {}),
        ("last", "conv_transpose1d", "a", 6, {"kernel": 8, "stride": 4, "activation": "relu"}),
    ],
    "gated": [
        ("a", "dense", "x", 4, {}),
        ("c", "dense", "slow", 10, {}),
        ("last", "gated_conv1d", ["a", "c"], 5, {"kernel": 2, "dilation": 3}),
    ],
    "residual": [
        ("a", "dense", "x", 5, {}),
        ("f", "conv1d", "a", 5, {"kernel": 2}),
        ("b", "add", ["a", "f"], None, {}),
        ("g", "conv1d", "b", 5, {"kernel": 2}),
        ("last", "add", ["b", "g"], None, {}),
    ],
    "skips": [
        ("a", "dense", "x", 4, {}),
        ("s0", "dense", "a", 6, {}),
        ("b", "dense", "a", 5, {}),
        ("s1", "dense", "b", 6, {}),
        ("last", "add", ["s0", "s1"], None, {}),
    ],
    "gru": [("a", "gru", "x", 5, {}), ("last", "gru", "a", 6, {})],
    "lstm": [("a", "lstm", "x", 5, {}), ("last", "lstm", "a", 6, {})],
    "upsampled rows": [("a", "gru", "slow", 5, {}), ("last", "conv_transpose1d", "a", 6, {"kernel": 4, "stride": 4})],
    "concat and split": [
        ("a", "dense", "x", 5, {}),
        ("b", "dense", "x", 4, {}),
        ("ab", "concat", ["a", "b", "a"], None, {}),
        ("last", "split", "ab", 7, {"offset": 3}),
    ],
    "crossed": [
        ("a", "dense", "x", 7, {}),
        ("low", "split", "a", 4, {"offset": 0}),
        ("high", "split", "a", 4, {"offset": 2}),
        ("last", "add", ["low", "high"], None, {}),
    ],
    "conditioning": [
        ("a", "dense", "x", 5, {}),
        ("c", "dense", "slow", 5, {}),
        ("held", "broadcast", "c", 5, {"period": 1}),
        ("last", "add", ["a", "held"], None, {}),
    ],
    "one gain": [
        ("a", "dense", "x", 5, {}),
        ("c", "dense", "slow", 1, {}),
        ("gain", "broadcast", "c", 5, {"period": 1}),
        ("last", "multiply", ["a", "gain"], None, {}),
    ],
    "repeated": [("a", "dense", "x", 3, {}), ("last", "broadcast", "a", 9, {})],
    "interpolated": [("a", "dense", "slow", 5, {}), ("last", "interpolate", "a", None, {"period": 1})],
    "gamma": [("a", "dense", "x", 5, {}), ("last", "scale", "a", None, {})],
    "depthwise": [("a", "dense", "x", 5, {}), ("last", "conv1d", "a", 10, {"kernel": 3, "groups": 5})],
    "grouped": [("a", "dense", "x", 6, {}), ("last", "conv1d", "a", 9, {"kernel": 2, "groups": 3})],
    "not silent at zero": [
        ("a", "dense", "x", 5, {}),
        ("half", "activation", "a", None, {"activation": "sigmoid"}),
        ("last", "activation", "half", None, {"activation": "exp2"}),
    ],
}


@pytest.mark.parametrize("row", ADVERSARIAL)
def test_trim_is_mask_for_every_construct(row):
    graph = built(*ADVERSARIAL[row], LAST)
    assert any(("last", 0) in group.places for group in channel_groups(graph).free.values())
    for seed in range(6):
        assert_trim_is_mask(graph, seed)


def test_nothing_removed_is_the_same_graph():
    channels = channel_groups(WAVENET)
    small = trim_graph(WAVENET, channels, full_keep(channels))
    assert small.tensors == WAVENET.tensors
    assert all(np.array_equal(array, named_arrays(WAVENET)[name]) for name, array in named_arrays(small).items())


def test_generators_have_the_groups_of_the_specification():
    sizes = {name: group.size for name, group in channel_groups(WAVENET).free.items()}
    assert sizes == {"start": 6, "condition0": 4, "condition1": 4, "condition2": 4, "skip0": 5, "head": 5}
    assert sorted(group.size for group in channel_groups(NSF).free.values()) == [4, 4, 4, 5, 6, 6, 6]


def test_a_condition_of_gates_goes_with_its_gate():
    (group,) = [g for g in channel_groups(WAVENET).free.values() if ("gate1.weight", 0) in g.places]
    assert group.places["gate1.weight", 0] == [(j, j + 4) for j in range(4)]
    assert group.places["condition1.weight", 0] == [(j, j + 4) for j in range(4)]


def test_a_state_is_trimmed_as_its_graph():
    channels = channel_groups(NSF)
    keep = random_keep(NSF, np.random.default_rng(0))
    selected = select(arrays_of(NSF, torch.float32), channels, keep)
    for name, array in named_arrays(trim_graph(NSF, channels, keep)).items():
        assert np.array_equal(selected[name].numpy(), array)


def test_a_limit_lets_only_the_last_harmonics_go():
    graph = built(*ADVERSARIAL["linear"], ("y", "dense", "last", 6, {}))
    channels = channel_groups(graph, [Limit(Span("y", 0, 1, 4), "suffix")])
    (name,) = [n for n, g in channels.free.items() if g.suffix]
    assert channels.groups[name].size == 4
    assert trim_graph(graph, channels, {name: np.arange(2)}).tensors["y"].size == 4
    with pytest.raises(KeepError, match="last"):
        validate_keep({name: np.array([0, 2])}, channels)


def test_a_limit_lets_only_dead_latents_go():
    graph = built(*ADVERSARIAL["linear"], LAST)
    channels = channel_groups(graph, [Limit(Span("x", 0, 0, 3), frozenset({1}))])
    assert not channels.groups["x"].frozen
    assert trim_graph(graph, channels, {"x": np.array([0, 2])}).tensors["x"].size == 2
    with pytest.raises(KeepError, match=r"units \[2\]"):
        validate_keep({"x": np.array([0, 1])}, channels)
    assert channel_groups(graph, [Limit(Span("a", 0, 0, 5))]).groups["a"].frozen
