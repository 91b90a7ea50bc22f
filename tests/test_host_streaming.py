# SPDX-License-Identifier: MIT
"""Graphs of any kinds and rates on the C runner equal the oracle bit for bit, however a run is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import streaming
import worst_case
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.host import HostNetwork
from lottava.export import VoiceParameters, blob

from lottava import reference
from lottava.graph import Graph

TICKS = 53
"""More than a block, odd, and more than three of the longest periods."""

BLOCKS = (1, 7, 16, 48)


def single(graph: Graph) -> Graph:
    """The same with one output, as the runner wants it; every tensor is compared anyway."""
    return replace(graph, outputs=graph.outputs[:1])


def network_of(graph: Graph, block: int, memory: dict[str, int] | None = None) -> HostNetwork:
    return HostNetwork(blob.to_bytes(graph, VoiceParameters(), block=block, memory=memory), 1 << 22, 1 << 20)


def play(network: HostNetwork, graph: Graph, inputs: dict[str, np.ndarray], cuts: Sequence[int]) -> dict:
    """Every tensor's columns over runs of so many ticks each."""
    order = blob.tensor_order(graph)
    found: dict[str, list[np.ndarray]] = {name: [] for name in order}
    taken = dict.fromkeys(graph.inputs, 0)
    for ticks in cuts:
        due = {name: network.due(i, ticks) for i, name in enumerate(order)}
        parts = [inputs[name][taken[name] : taken[name] + due[name]] for name in graph.inputs]
        output = network.run_ticks(ticks, parts)
        for i, name in enumerate(order):
            columns = network.columns(i, due[name])
            assert not columns[:, graph.tensors[name].size :].any(), "padding is zero"
            found[name].append(columns[:, : graph.tensors[name].size])
        np.testing.assert_array_equal(output, found[graph.outputs[0]][-1])
        taken = {name: taken[name] + due[name] for name in taken}
    return {name: np.concatenate(columns) for name, columns in found.items()}


def cuts_of(block: int, ticks: int = TICKS) -> list[int]:
    return [block] * (ticks // block) + ([ticks % block] if ticks % block else [])


def assert_equal(graph: Graph, seed: int, network: HostNetwork, cuts: Sequence[int]) -> None:
    inputs = streaming.random_columns(graph, seed, sum(cuts))
    wanted = reference.run(graph, inputs, blob.tensor_order(graph))
    found = play(network, graph, inputs, cuts)
    for name in blob.tensor_order(graph):
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)


seeds = st.integers(0, 2**31)


@pytest.mark.parametrize("kind", streaming.KINDS)
@settings(max_examples=12, deadline=None)
@given(seed=seeds, wild=st.booleans(), block=st.sampled_from(BLOCKS))
def test_every_kind_of_layer_equals_the_oracle(kind: str, seed: int, wild: bool, block: int) -> None:
    graph = single(streaming.random_layer_graph(seed, kind, integer=True, wild=wild))
    assert_equal(graph, seed, network_of(graph, block), cuts_of(block))


@settings(max_examples=40, deadline=None)
@given(seed=seeds, wild=st.booleans(), data=st.data())
def test_graphs_of_several_rates_equal_the_oracle_however_they_are_cut(
    seed: int, wild: bool, data: st.DataObject
) -> None:
    graph = single(streaming.random_streaming_graph(seed, integer=True, wild=wild))
    block = data.draw(st.sampled_from(BLOCKS))
    cuts = data.draw(st.lists(st.integers(1, block), min_size=1, max_size=12))
    memory = {layer.name: data.draw(st.integers(0, 1)) for layer in graph.layers}
    assert_equal(graph, seed, network_of(graph, block, memory), cuts)


@pytest.mark.parametrize("name", worst_case.CASES)
def test_claims_of_32_bits_hold_for_the_inputs_that_strain_them_most(name: str) -> None:
    graph, inputs = worst_case.worst_case(name, 1)
    table = next(s.values for s in blob.sections(graph, VoiceParameters(), block=16) if s.name == "layers")
    assert not table["wide"].any(), "the claim is made"
    network = network_of(graph, 16)
    ticks = len(inputs["x"]) * graph.tensors["x"].period
    found = play(network, graph, inputs, cuts_of(16, ticks))
    np.testing.assert_array_equal(found["y"], reference.run(graph, inputs)["y"])


@settings(max_examples=20, deadline=None)
@given(seed=seeds, cut=st.integers(1, 30))
def test_reset_begins_anew_at_any_tick(seed: int, cut: int) -> None:
    graph = single(streaming.random_streaming_graph(seed, integer=True))
    network, inputs = network_of(graph, 16), streaming.random_columns(graph, seed, 48)
    play(network, graph, inputs, cuts_of(16, cut))
    network.reset()
    assert_equal(graph, seed, network, cuts_of(16, 48))


def test_calls_outside_the_block_do_nothing_and_columns_are_counted() -> None:
    graph = single(streaming.random_layer_graph(3, "gated_conv1d", integer=True))
    network = network_of(graph, 7)
    for ticks in (0, 8):
        with pytest.raises(ValueError, match=r"laid out for 1\.\.7"):
            network.run_ticks(ticks, [np.zeros((network.due(i, ticks), n)) for i, n in enumerate(network.input_sizes)])
    with pytest.raises(ValueError, match="columns"):
        network.run_ticks(3, [np.zeros((2, size)) for size in network.input_sizes])
