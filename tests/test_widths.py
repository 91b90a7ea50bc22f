# SPDX-License-Identifier: MIT
"""Groups of any graph can become narrower, each on its own, and what is left is a legal graph."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.export.widths import narrowed, width_groups
from streaming import random_streaming_graph

from lottava.builder import Builder, random_arrays


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**31), st.booleans())
def test_any_widths_leave_a_legal_graph_of_those_widths(seed: int, integer: bool) -> None:
    graph, rng = random_streaming_graph(seed, integer=integer), np.random.default_rng(seed)
    widths = {group.name: int(rng.integers(1, group.width + 1)) for group in width_groups(graph)}
    less = narrowed(graph, widths)
    left = {group.name: group.width for group in width_groups(less)}
    assert left | widths == left, "a depthwise layer of one channel is no longer one, so there may be more groups"
    for group in width_groups(graph):
        for tensor, values in group.members.items():
            assert graph.tensors[tensor].size == group.width * values
            assert less.tensors[tensor].size == widths[group.name] * values


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31))
def test_inputs_and_outputs_keep_their_sizes(seed: int) -> None:
    graph = random_streaming_graph(seed)
    less = narrowed(graph, {group.name: 1 for group in width_groups(graph)})
    for name in (*graph.inputs, *graph.outputs):
        assert less.tensors[name].size == graph.tensors[name].size
    assert less.parameter_count <= graph.parameter_count


@pytest.mark.parametrize("units", [1, 5, 8])
def test_a_condition_goes_with_its_gate_and_both_branches_with_their_sum(units: int) -> None:
    builder = Builder(random_arrays(np.random.default_rng(0)))
    builder.input("sample", 1)
    builder.input("held", 3, 64)
    builder.layer("first", "dense", "sample", 12)
    builder.layer("condition", "dense", "held", 16)
    builder.layer("gated", "gated_conv1d", ("first", "condition"), 8, kernel=2, dilation=4)
    builder.layer("branch", "dense", "gated", 12)
    builder.layer("sum", "add", ("first", "branch"))
    builder.layer("out", "dense", "sum", 6)
    graph = builder.graph("out")
    groups = {group.name: (group.width, dict(group.members)) for group in width_groups(graph)}
    assert groups["first"] == (12, {"first": 1, "sum": 1, "branch": 1})
    assert groups["condition"] == (8, {"condition": 2, "gated": 1})
    less = narrowed(graph, {"first": units, "condition": units})
    sizes = {name: less.tensors[name].size for name in ("first", "branch", "sum", "condition", "gated")}
    assert sizes == {"first": units, "branch": units, "sum": units, "condition": 2 * units, "gated": units}
