# SPDX-License-Identifier: MIT
"""Channel groups: every position of every prunable axis belongs to exactly one unit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lottava.training.generators.ddsp import DDSP, Widths
from lottava.training.reduction.groups import RULES, Bond, Channels, Group, Span, channel_groups
from lottava.training.slim import to_graph

from lottava.graph import Graph, GraphError, Layer, Tensor

WIDTHS = Widths(pitch=5, loudness=6, axes=7, gru=8, out=9)


def decoder_channels(widths: Widths = WIDTHS) -> Channels:
    with torch.random.fork_rng(devices=[]):
        return channel_groups(to_graph(DDSP(widths)))


def test_decoder_groups_are_those_of_its_tensors():
    channels = decoder_channels()
    assert {name: group.size for name, group in channels.free.items()} == {
        "pitch_features": 5,
        "loudness_features": 6,
        "axes_features": 7,
        "hidden": 8,
        "out_features": 9,
    }
    assert set(channels.groups) - set(channels.free) == {"pitch", "loudness", "axes", "controls"}


def test_every_position_of_every_parameter_axis_has_exactly_one_owner():
    channels = decoder_channels()
    owners = [
        (member.span.tensor, member.span.axis, index)
        for group in channels.groups.values()
        for member in group.members
        if member.role != "carry"
        for index in member.span.positions()
    ]
    expected = [
        (name, axis, index)
        for name, shape in channels.shapes.items()
        for axis, size in enumerate(shape)
        for index in range(size)
    ]
    assert sorted(owners) == sorted(expected)


def test_gru_unit_owns_three_rows_and_its_recurrent_column():
    members = {(m.span, m.role) for m in decoder_channels().groups["hidden"].members}
    for gate in range(3):
        assert (Span("memory.weight_hh", 0, 8 * gate, 8), "produce") in members
        assert (Span("memory.bias_ih", 0, 8 * gate, 8), "produce") in members
    assert (Span("memory.weight_hh", 1, 0, 8), "recur") in members
    assert (Span("out_mlp.weight", 1, 0, 8), "consume") in members


def test_concat_gives_consumers_their_offset():
    loudness = {(m.span, m.role) for m in decoder_channels().groups["loudness_features"].members}
    assert (Span("memory.weight_ih", 1, 5, 6), "consume") in loudness
    assert (Span("out_mlp.weight", 1, 8 + 5, 6), "consume") in loudness


@given(st.lists(st.integers(1, 12), min_size=5, max_size=5))
def test_parameter_count_of_any_widths_is_that_of_the_smaller_model(sizes):
    small = Widths(*sizes)
    names = ("pitch_features", "loudness_features", "axes_features", "hidden", "out_features")
    channels = decoder_channels(Widths.uniform(12))
    assert channels.parameter_count(dict(zip(names, sizes, strict=True))) == small.parameter_count


def test_parameter_count_of_the_parents():
    assert decoder_channels(Widths.uniform(128)).parameter_count({}) == 258_386


def _dense(name: str, source: int, out: int, inputs: str, output: str) -> Layer:
    arrays = {"weight": np.ones((out, source), np.float32), "bias": np.zeros(out, np.float32)}
    return Layer(name, "dense", (inputs,), output, "none", arrays)


def _graph(layers: list[Layer], sizes: dict[str, int], output: str) -> Graph:
    tensors = {name: Tensor(name, size) for name, size in sizes.items()}
    return Graph("f32", ("x",), (output,), tensors, tuple(layers))


def test_one_tensor_concatenated_twice_stays_one_group_with_two_reads():
    graph = _graph(
        [
            _dense("first", 2, 3, "x", "a"),
            Layer("twice", "concat", ("a", "a"), "aa"),
            _dense("last", 6, 1, "aa", "y"),
        ],
        {"x": 2, "a": 3, "aa": 6, "y": 1},
        "y",
    )
    (group,) = channel_groups(graph).free.values()
    reads = {m.span for m in group.members if m.role == "consume"}
    assert group.size == 3
    assert reads == {Span("last.weight", 1, 0, 3), Span("last.weight", 1, 3, 3)}


def test_a_producer_that_is_also_an_output_is_frozen():
    graph = _graph([_dense("first", 2, 3, "x", "a"), _dense("last", 3, 1, "a", "y")], {"x": 2, "a": 3, "y": 1}, "a")
    assert "a" not in channel_groups(graph).free


def test_a_kind_without_a_rule_is_named(monkeypatch):
    monkeypatch.delitem(RULES, "gru")
    with pytest.raises(GraphError, match="memory"):
        decoder_channels()


CHAIN = [_dense("first", 2, 4, "x", "a"), _dense("middle", 4, 4, "a", "b"), _dense("last", 4, 1, "b", "y")]
CHAIN_SIZES = {"x": 2, "a": 4, "b": 4, "y": 1}


def _with_bond(monkeypatch, layer_name: str, bond: Bond) -> dict[str, Group]:
    """Groups of the chain when the rule of one layer also states this bond."""
    plain = RULES["dense"]

    def rule(layer, sizes):
        yield from plain(layer, sizes)
        if layer.name == layer_name:
            yield bond

    monkeypatch.setitem(RULES, "dense", rule)
    return channel_groups(_graph(CHAIN, CHAIN_SIZES, "y")).free


def test_a_residual_add_merges_both_branches(monkeypatch):
    (group,) = _with_bond(monkeypatch, "middle", Bond(Span("b", 0, 0, 4), Span("a", 0, 0, 4), "carry")).values()
    spans = {m.span for m in group.members if m.role != "carry"}
    assert {Span("first.weight", 0, 0, 4), Span("middle.weight", 0, 0, 4), Span("last.weight", 1, 0, 4)} <= spans


def test_coupled_neighbours_become_units_of_stride_two(monkeypatch):
    bond = Bond(Span("a", 0, 1, 2, stride=2), Span("a", 0, 0, 2, stride=2), "carry")
    group = _with_bond(monkeypatch, "first", bond)["a"]
    rows = {m.span for m in group.members if m.span.tensor == "first.weight"}
    assert group.size == 2 and rows == {Span("first.weight", 0, 0, 2, 2), Span("first.weight", 0, 1, 2, 2)}


def test_a_gated_pair_is_one_unit(monkeypatch):
    bond = Bond(Span("a", 0, 2, 2), Span("a", 0, 0, 2), "carry")
    group = _with_bond(monkeypatch, "first", bond)["a"]
    reads = {m.span for m in group.members if m.role == "consume"}
    assert group.size == 2 and reads == {Span("middle.weight", 1, 0, 2), Span("middle.weight", 1, 2, 2)}
