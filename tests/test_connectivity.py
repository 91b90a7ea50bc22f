# SPDX-License-Identifier: MIT
"""Lines between networks: the four laws of linear mode connectivity, and the float graph in JAX beneath them."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.analysis import floats
from lottava.training.analysis.connectivity import batched, one_by_one, path, weights_of
from lottava.training.reduction.groups import channel_groups
from reduction_tasks import decoder_graph, decoder_task, filter_graph
from streaming import random_columns, random_layer_graph, random_streaming_graph

from lottava import reference
from lottava.layers import PRODUCTS

SEEDS = st.integers(0, 10_000)


def compare(graph, seed):
    ticks = graph.largest_period * max(1, 6 // graph.largest_period)
    inputs = random_columns(graph, seed, ticks, batch=(2,))
    truth = reference.run(graph, inputs)
    with floats.double():
        found = floats.tensors_of(graph, floats.arrays_of(graph), {n: jax.numpy.asarray(v) for n, v in inputs.items()})
        for name, value in truth.items():
            np.testing.assert_allclose(np.asarray(found[name]), value, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", sorted(PRODUCTS))
def test_each_kind_of_layer_is_the_oracle_s(kind):
    compare(random_layer_graph(0, kind), 1)


@settings(max_examples=2, deadline=None)
@given(SEEDS)
def test_any_float_graph_is_the_oracle_s(seed):
    compare(random_streaming_graph(seed, layers=4), seed)


@pytest.fixture(scope="module", params=["decoder", "filter"])
def nets(request):
    """A graph, a loss that is 0 at its own weights, those weights and others."""
    graph = decoder_graph() if request.param == "decoder" else filter_graph()
    rng = np.random.default_rng(3)
    inputs = random_columns(graph, 4, graph.largest_period if graph.largest_period > 1 else 12, batch=(2,))
    with floats.double():
        heard = {name: jax.numpy.asarray(value) for name, value in inputs.items()}
        made = floats.tensors_of(graph, floats.arrays_of(graph), heard)
        loss = floats.square_loss(graph, inputs, {name: np.asarray(made[name]) for name in graph.outputs})
        own = {name: np.asarray(value) for name, value in floats.arrays_of(graph).items()}
    return graph, batched(loss), own, {name: value + rng.normal(0, 0.2, value.shape) for name, value in own.items()}


def test_a_network_has_no_barrier_to_itself(nets):
    _, energy, own, other = nets
    for weights in (own, other):
        line = path(energy, weights, weights)
        assert len(line.losses) == 11
        assert line.barrier == pytest.approx(0, abs=1e-12) and line.barrier_linear == pytest.approx(0, abs=1e-12)
    assert path(energy, other, other).connected


def test_the_way_back_mirrors_the_way_there(nets):
    _, energy, own, other = nets
    there, back = path(energy, own, other), path(energy, other, own)
    np.testing.assert_allclose(there.losses, back.losses[::-1], rtol=1e-9)
    assert there.barrier == pytest.approx(back.barrier, rel=1e-9)
    assert there.barrier_linear == pytest.approx(back.barrier_linear, rel=1e-9)


def test_units_in_another_order_stand_behind_a_barrier(nets):
    """The same function, the same loss, but not the same basin."""
    graph, energy, own, _ = nets
    group = max(channel_groups(graph).free.values(), key=lambda each: each.size)
    order = np.roll(np.arange(group.size), 1)
    shuffled = {name: value.copy() for name, value in own.items()}
    for (name, axis), owned in group.places.items():
        if name in shuffled:
            moved, source = np.moveaxis(shuffled[name], axis, 0), np.moveaxis(own[name], axis, 0)
            for unit, places in enumerate(owned):
                moved[list(places)] = source[list(owned[order[unit]])]
    line = path(energy, own, shuffled)
    assert line.losses[0] == pytest.approx(0, abs=1e-12) and line.losses[-1] == pytest.approx(0, abs=1e-12)
    assert line.barrier_linear > 1e-6 and line.barrier > 1e-6 and not line.connected


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_a_convex_loss_never_rises_over_the_line(seed):
    rng = np.random.default_rng(seed)
    inputs, goal, (a, b) = rng.normal(size=(40, 6)), rng.normal(size=40), rng.normal(size=(2, 6))
    line = path(lambda w: np.mean((inputs @ w["w"].T - goal[:, None]) ** 2, axis=0), {"w": a}, {"w": b})
    assert line.barrier_linear <= 1e-6


def test_a_task_of_real_sound_has_a_path_too():
    task = decoder_task()
    own = weights_of(task)
    line = path(one_by_one(task), own, {name: 0.5 * value for name, value in own.items()}, points=3)
    assert line.losses[-1] == pytest.approx(task.value(), rel=1e-9) and line.losses[0] != line.losses[-1]


def test_networks_of_different_widths_have_no_line_between_them():
    with pytest.raises(ValueError, match="same widths"):
        path(lambda w: np.zeros(11), {"w": np.zeros(3)}, {"w": np.zeros(4)})
