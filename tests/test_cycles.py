# SPDX-License-Identifier: MIT
"""Cycles by coefficients: within 5 % of the timing model on whole graphs, and plausible from unit to unit."""

from __future__ import annotations

import pytest
from graphs import random_streaming_graph
from hypothesis import given
from hypothesis import strategies as st
from lottava.emulator import Machine, build_image, fit
from lottava.emulator.bench_graphs import decoder_graph, layer_graph

from lottava import cycles
from lottava.verbs import _bench

BOUND = 0.05


@pytest.mark.parametrize("name", ["NSF fit", "WaveNet fit", "DDSP fit"])
def test_cost_is_within_five_percent_of_the_model(name: str) -> None:
    """None of the three is among the graphs of the fit."""
    figures = cycles.stored()["graphs"][name]
    cost = cycles.graph_cycles(_bench.proof_graph(name), block=int(figures["block"]))
    assert cost == pytest.approx(figures["cycles"], rel=BOUND)


def test_the_stored_figure_of_the_decoder_is_what_the_model_says_today() -> None:
    """After a kernel has changed: lottava bench coefficients --write."""
    if _bench.compiler_version() != cycles.stored()["compiler"]:
        pytest.skip("the coefficients belong to another compiler")
    machine = Machine(build_image("bench"))
    measured = fit.measure(machine, _bench.blob_of, decoder_graph(), 1)
    assert cycles.graph_cycles(decoder_graph()) == pytest.approx(measured, rel=BOUND)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 7, 16, 48]))
def test_a_graph_is_its_layers_and_what_the_runner_does(seed: int, block: int) -> None:
    graph = random_streaming_graph(seed)
    whole = cycles.graph_cycles(graph, block=block)
    layers = sum(
        cycles.layer_cycles(graph, layer, block=block) / graph.tensors[layer.output].period for layer in graph.layers
    )
    assert 0 <= layers <= whole
    assert whole == pytest.approx(cycles.cycles_with_sizes(graph, {}, block=block))


@given(st.integers(1, 60), st.integers(1, 60))
def test_a_unit_less_never_costs_more(inputs: int, outputs: int) -> None:
    graph = layer_graph("dense", inputs, outputs + 1)
    assert cycles.cycles_with_sizes(graph, {"y": outputs}) <= cycles.graph_cycles(graph)


def test_longer_calls_cost_no_more_a_tick() -> None:
    graph = layer_graph("conv1d", 16, 16, kernel=3)
    costs = [cycles.graph_cycles(graph, block=block) for block in (1, 2, 4, 16, 48)]
    assert costs == sorted(costs, reverse=True)
