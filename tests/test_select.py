# SPDX-License-Identifier: MIT
"""Selection by cycles: at most the target, as near as widths in fours come, the least worthy units first."""

from __future__ import annotations

import numpy as np
import pytest
from graphs import Widths, random_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.generators.topologies import NsfWidths, nsf_graph
from lottava.training.reduction.graph_trim import trim_graph
from lottava.training.reduction.groups import Channels, Limit, Span, channel_groups
from lottava.training.reduction.select import (
    BudgetError,
    Cost,
    cycle_cost,
    select,
    select_at,
    steps_of,
)
from lottava.training.reduction.trim import widths

from lottava.builder import Builder, random_arrays
from lottava.cycles import graph_cycles


def parameter_cost(channels: Channels) -> Cost:
    """Weights and biases by widths: a cost that is no cycle model."""
    return lambda widths: float(channels.parameter_count(widths))


GRAPHS = {
    "ddsp": random_graph(0, Widths(16, 18, 12, 24, 20)),
    "nsf": nsf_graph(NsfWidths(hidden=16, blocks=2, layers=2, noise_layers=1, trunk=12)),
}
CHANNELS = {name: channel_groups(graph) for name, graph in GRAPHS.items()}
SCOPES = ("global", "local", "hybrid", "cost")


def drawn(name: str, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {group: rng.random(each.size) for group, each in CHANNELS[name].free.items()}


def full(name: str) -> dict[str, int]:
    return {group: each.size for group, each in CHANNELS[name].free.items()}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("block", [1, 16])
def test_cost_is_that_of_the_trimmed_graph(name, block):
    graph, channels = GRAPHS[name], CHANNELS[name]
    cost = cycle_cost(graph, channels, block=block)
    for seed in range(4):
        keep = select_at(drawn(name, seed), channels, {n: max(1, s - 3 * seed) for n, s in full(name).items()})
        expected = graph_cycles(trim_graph(graph, channels, keep), block=block)
        assert np.isclose(cost(widths(keep)), expected, rtol=1e-12)


def test_cost_of_a_depthwise_layer_follows_its_groups():
    builder = Builder(random_arrays(np.random.default_rng(0)))
    builder.input("x", 3)
    builder.layer("a", "dense", "x", 16)
    builder.layer("b", "conv1d", "a", 16, kernel=3, groups=16)
    builder.layer("y", "dense", "b", 2)
    graph = builder.graph("y")
    channels = channel_groups(graph)
    keep = {name: np.arange(8) for name in channels.free}
    expected = graph_cycles(trim_graph(graph, channels, keep))
    assert np.isclose(cycle_cost(graph, channels)(widths(keep)), expected, rtol=1e-12)


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(sorted(GRAPHS)), st.sampled_from(SCOPES), st.floats(0.3, 1.0), st.integers(0, 10**6))
def test_the_result_is_within_the_target_and_no_step_more_fits(name, scope, share, seed):
    channels, cost = CHANNELS[name], cycle_cost(GRAPHS[name], CHANNELS[name])
    least = cost({group: steps_of(each)[-1] for group, each in channels.free.items()})
    target = least + share * (cost(full(name)) - least)
    chosen = select(drawn(name, seed), channels, cost, target, scope=scope)
    left = widths(chosen.keep)
    assert cost(left) == chosen.cost <= target and chosen.distance == target - chosen.cost >= 0
    for group, width in left.items():
        steps = steps_of(channels.groups[group])
        assert width in steps and (width % 4 == 0 or width == channels.groups[group].size)
        if width != steps[0]:
            wider = left | {group: steps[steps.index(width) - 1]}
            assert cost(wider) > target, group


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(SCOPES), st.integers(0, 10**6))
def test_the_best_units_of_each_group_stay(scope, seed):
    channels, scores = CHANNELS["ddsp"], drawn("ddsp", seed)
    keep = select(scores, channels, parameter_cost(channels), 3_000, scope=scope).keep
    for name, kept in keep.items():
        gone = np.setdiff1d(np.arange(channels.groups[name].size), kept)
        assert len(gone) == 0 or scores[name][gone].max() <= scores[name][kept].min()


def test_a_target_of_the_whole_keeps_everything():
    channels, cost = CHANNELS["nsf"], cycle_cost(GRAPHS["nsf"], CHANNELS["nsf"])
    chosen = select(drawn("nsf", 0), channels, cost, cost(full("nsf")))
    assert widths(chosen.keep) == full("nsf") and chosen.distance == 0


def test_a_local_scope_takes_the_same_share_of_each_group():
    channels = CHANNELS["ddsp"]
    for target in (6_000, 3_000):
        left = widths(
            select(drawn("ddsp", 1), channels, parameter_cost(channels), target, scope="local", fill=False).keep
        )
        assert all(abs(width / full("ddsp")[name] - sum(left.values()) / 90) < 0.35 for name, width in left.items())


def test_cheap_units_stay_under_the_cost_scope():
    channels, cost = CHANNELS["ddsp"], cycle_cost(GRAPHS["ddsp"], CHANNELS["ddsp"])
    scores = {name: np.ones(group.size) for name, group in channels.free.items()}
    left = widths(select(scores, channels, cost, 0.9 * cost(full("ddsp")), scope="cost", fill=False).keep)
    savings = {n: cost(full("ddsp")) - cost(full("ddsp") | {n: steps_of(g)[1]}) for n, g in channels.free.items()}
    per_unit = {n: savings[n] / (full("ddsp")[n] - steps_of(channels.groups[n])[1]) for n in savings}
    assert left[max(per_unit, key=per_unit.__getitem__)] < full("ddsp")[max(per_unit, key=per_unit.__getitem__)]


def test_limits_hold_in_selection():
    graph = GRAPHS["ddsp"]
    channels = channel_groups(graph, [Limit(Span("controls", 0, 1, 64), "suffix")])
    cost = cycle_cost(graph, channels)
    scores = {name: np.random.default_rng(0).random(group.size) for name, group in channels.free.items()}
    keep = select(scores, channels, cost, 0.5 * cost({})).keep
    (name,) = [n for n, group in channels.free.items() if group.suffix]
    assert len(keep[name]) < 64 and np.array_equal(keep[name], np.arange(len(keep[name])))


def test_what_cannot_be_selected_is_refused():
    channels = CHANNELS["ddsp"]
    with pytest.raises(BudgetError, match="least widths"):
        select(drawn("ddsp", 0), channels, parameter_cost(channels), 10)
    with pytest.raises(ValueError, match="one number"):
        select({}, channels, parameter_cost(channels), 10_000)
    scores = {name: np.full(size, np.nan) for name, size in full("ddsp").items()}
    with pytest.raises(ValueError, match="NaN"):
        select(scores, channels, parameter_cost(channels), 10_000)
