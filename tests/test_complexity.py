# SPDX-License-Identifier: MIT
"""The row of costs: counted by hand on a chain, and the same facts that the budget and the timing model tell."""

import json

import numpy as np
import pytest
from graphs import PARENT, Widths, random_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.export import complexity as measures
from lottava.export.budget import BudgetError, budget_of
from lottava.export.complexity import complexity, peak_activation_bytes, traffic_bytes, units
from lottava.training.generators.topologies import nsf_graph

from lottava.builder import Builder, random_arrays
from lottava.cost import graph_cycles, macs_per_sample

SMALL = Widths(8, 8, 8, 16, 8)


def chain(*sizes):
    builder = Builder(random_arrays(np.random.default_rng(0)))
    name = builder.input("x", sizes[0])
    for number, size in enumerate(sizes[1:]):
        name = builder.layer(f"layer{number}", "dense", name, size)
    return builder.graph(name)


def test_a_chain_counted_by_hand():
    graph = chain(3, 10, 6, 2)
    assert units(graph) == 16
    assert peak_activation_bytes(graph) == 2 * (10 + 6) and peak_activation_bytes(graph, 5) == 5 * 2 * 16
    assert traffic_bytes(graph) == 2 * ((30 + 3 + 10) + (60 + 10 + 6) + (12 + 6 + 2))


def test_what_is_read_later_is_kept():
    builder = Builder(random_arrays(np.random.default_rng(0)))
    builder.input("x", 4)
    builder.layer("wide", "dense", "x", 20)
    builder.layer("narrow", "dense", "wide", 2)
    builder.layer("y", "concat", ["narrow", "x"])
    assert peak_activation_bytes(builder.graph("y")) == 2 * (4 + 20 + 2)


@settings(max_examples=10, deadline=None)
@given(st.builds(Widths, *[st.integers(1, 24)] * 5))
def test_a_decoder_s_row_agrees_with_budget_and_model(widths):
    graph = random_graph(0, widths)
    row = complexity(graph, graph)
    lines = {line.name: line for line in budget_of(graph).lines}
    assert json.loads(json.dumps(row, allow_nan=False)) == row and row["schema"] == "complexity/v1"
    assert row["params"] == graph.parameter_count and row["macs_per_sample"] == macs_per_sample(graph)
    assert row["cycles_per_sample"]["network_modelled"] == pytest.approx(graph_cycles(graph) / 192)
    assert row["flash_bytes"] == lines["flash"].used and row["ram_bytes"]["dtcm"] == lines["DTCM"].used
    assert set(row["removed"].values()) == {0.0}
    assert row["energy_nj_per_sample"] == pytest.approx(
        measures.NJ_PER_CYCLE * row["cycles_per_sample"]["network_modelled"]
    )


def test_bounds_and_shares_of_the_parent():
    parent, small = random_graph(0, PARENT), random_graph(0, SMALL)
    whole, row = complexity(parent), complexity(small, parent, measured_cycles=55.0)
    assert row["real_time"] and row["embeddable"] and not whole["embeddable"] and whole["removed"] is None
    assert row["removed"]["weights"] == pytest.approx(1 - row["params"] / whole["params"])
    assert all(0.5 < share < 1 for share in row["removed"].values())
    assert row["cycles_per_sample"]["network_measured"] == 55.0
    assert whole["energy_nj_per_sample"] > measures.NJ_PER_CYCLE * whole["cycles_per_sample"]["network_modelled"]


def test_a_network_of_samples_has_a_row_in_samples_of_48_khz():
    graph = nsf_graph()
    row = complexity(graph)
    assert row["use"] == "NSF" and row["state_bytes"] > 0
    assert row["cycles_per_sample"]["network_modelled"] == pytest.approx(graph_cycles(graph, block=24) / 2)
    assert row["cycles_per_sample"]["voice_mean"] > row["cycles_per_sample"]["network_modelled"]


def test_a_graph_that_nothing_feeds_is_refused():
    with pytest.raises(BudgetError):
        complexity(chain(3, 4, 2))
