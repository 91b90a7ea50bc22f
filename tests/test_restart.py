# SPDX-License-Identifier: MIT
"""A network whose slow inputs come early, as a gate brings them: host build and oracle agree, and no line jumps."""

from __future__ import annotations

import numpy as np
import streaming
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.host import HostNetwork
from lottava.export import VoiceParameters, blob

from lottava import reference
from lottava.builder import Builder, random_arrays
from lottava.graph import Graph

Columns = dict[str, list[np.ndarray]]
HOP = 12


def single(graph: Graph) -> Graph:
    return Graph(graph.number_format, graph.inputs, graph.outputs[:1], graph.tensors, graph.layers)


def compare(graph: Graph, pieces: list[list[int]], seed: int) -> None:
    """Runs of so many ticks, restarted between the lists, with random columns, tensor by tensor."""
    rng, order = np.random.default_rng(seed), blob.tensor_order(graph)
    network, state = (
        HostNetwork(blob.to_bytes(graph, VoiceParameters(), block=16), 1 << 22),
        reference.init_state(graph),
    )
    for runs in pieces:
        for ticks in runs:
            due = [network.due(i, ticks) for i in range(len(order))]
            codes = [
                rng.integers(-(1 << 15), 1 << 15, (count, graph.tensors[name].size))
                for name, count in zip(graph.inputs, due, strict=False)
            ]
            network.run_ticks(ticks, codes)
            given = {name: iter(columns) for name, columns in zip(graph.inputs, codes, strict=True)}
            wanted: Columns = {name: [] for name in order}
            for _ in range(ticks):
                now = {name: next(g) for name, g in given.items() if state.tick % graph.tensors[name].period == 0}
                values, state = reference.step_tensors(graph, now, state)
                for name, value in values.items():
                    wanted[name].append(value)
            for i, name in enumerate(order):
                assert len(wanted[name]) == due[i]
                found = network.columns(i, due[i])[:, : graph.tensors[name].size]
                np.testing.assert_array_equal(found, np.array(wanted[name]).reshape(found.shape), err_msg=name)
        network.restart()
        state = reference.restart(graph, state)


pieces_of_runs = st.lists(st.lists(st.integers(1, 16), min_size=1, max_size=3), min_size=2, max_size=5)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), pieces=pieces_of_runs)
def test_any_graph_restarts_as_the_oracle_does(seed: int, pieces: list[list[int]]) -> None:
    compare(single(streaming.random_streaming_graph(seed, integer=True)), pieces, seed)


def line() -> Graph:
    """One straight line over twelve ticks."""
    b = Builder(random_arrays(np.random.default_rng(0)))
    return b.graph(b.layer("line", "interpolate", b.input("condition", 1, HOP)))


@given(lengths=st.lists(st.integers(1, HOP), min_size=2, max_size=8), seed=st.integers(0, 2**31))
def test_a_line_goes_on_from_where_it_stands(lengths: list[int], seed: int) -> None:
    graph, rng = line(), np.random.default_rng(seed)
    state, heard = reference.init_state(graph), [0.0]
    for length in lengths:
        goal = float(rng.uniform(-1.0, 1.0))
        for tick in range(length):
            values, state = reference.step(graph, {"condition": np.array([goal])} if tick == 0 else {}, state)
            heard.append(float(values["line"][0]))
        state = reference.restart(graph, state)
    assert np.max(np.abs(np.diff(heard))) <= 2.001 / HOP
