# SPDX-License-Identifier: MIT
"""Wiring of small graphs whose measures are known, and ranks of matrices whose ranks are known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.analysis import spectra, topology
from lottava.training.analysis.structure import activity, structure
from lottava.training.analysis.topology import Wiring, wiring
from lottava.training.reduction.graph_trim import mask_graph, trim_graph, with_arrays
from lottava.training.reduction.groups import channel_groups
from reduction_tasks import decoder_graph, filter_graph
from streaming import random_layer_graph, random_streaming_graph

from lottava.builder import Builder, random_arrays
from lottava.graph import named_arrays
from lottava.layers import PRODUCTS

SEEDS = st.integers(0, 10_000)


def chain(*widths, seed=0):
    builder = Builder(random_arrays(np.random.default_rng(seed)))
    name = builder.input("x", widths[0])
    for number, width in enumerate(widths[1:]):
        name = builder.layer(f"layer{number}", "dense", name, width, activation="relu")
    return builder.graph(name)


def plain(hears):
    """Wiring of a matrix alone; its first unit is the input, its last the output."""
    count = len(hears)
    return Wiring(np.array(hears, float), np.array(hears) > 0, {}, np.array([0]), np.array([count - 1]))


def test_dense_random_weights_are_dense():
    wired = wiring(chain(8, 64, 48, 4))
    assert topology.density(wired) > 0.98
    degrees = topology.degrees(wired)
    assert (
        degrees.dead == 0 and degrees.most_in == 64 and degrees.mean_in == pytest.approx((8 * 64 + 64 * 48) / 112, 0.02)
    )


@pytest.mark.parametrize("leaves", [1, 3, 10])
def test_gini_of_a_star(leaves):
    """Degrees n, 1 … 1 over n + 1 nodes: (n − 1) / (2 (n + 1))."""
    assert topology.gini(np.array([leaves] + [1] * leaves)) == pytest.approx((leaves - 1) / (2 * (leaves + 1)))


def test_gini_of_equals_and_of_nothing():
    assert topology.gini(np.full(5, 3.0)) == pytest.approx(0) and topology.gini(np.zeros(4)) == 0


@pytest.mark.parametrize("make", [decoder_graph, filter_graph])
def test_masked_units_are_dead_and_trimmed_ones_gone(make):
    graph = make()
    channels = channel_groups(graph)
    name, group = max(channels.free.items(), key=lambda item: item[1].size)
    keep = {name: np.arange(2, group.size)}
    whole = topology.degrees(wiring(graph)).dead
    hidden = wiring(graph).hidden.sum()
    assert topology.degrees(wiring(mask_graph(graph, channels, keep))).dead == pytest.approx(whole + 2 / hidden)
    trimmed, masked = trim_graph(graph, channels, keep), mask_graph(graph, channels, keep)
    assert wiring(trimmed).hidden.sum() == hidden - 2
    assert wiring(trimmed).hears.sum() == pytest.approx(wiring(masked).hears.sum())
    assert topology.path_norm(trimmed) == pytest.approx(topology.path_norm(masked))
    assert topology.minimum_cut(wiring(trimmed)) == topology.minimum_cut(wiring(masked))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=3, max_size=6))
def test_the_minimum_cut_of_a_chain_is_its_least_hidden_width(widths):
    """Every edge of a random chain counts, but for an end that has fewer edges than any layer has units."""
    graph = chain(*widths)
    arrays = {f"{layer.name}.weight": np.ones_like(layer.arrays["weight"]) for layer in graph.layers}
    inner = widths[1:-1]
    expected = min([*inner, widths[0] * inner[0], inner[-1] * widths[-1]])
    assert topology.minimum_cut(wiring(with_arrays(graph, arrays))) == expected


def test_what_falls_apart_has_no_algebraic_connectivity():
    star = np.zeros((6, 6))
    star[1:, 0] = 1
    assert topology.algebraic_connectivity(plain(star)) == pytest.approx(1)
    bipartite = np.zeros((7, 7))
    bipartite[3:, :3] = 1
    assert topology.algebraic_connectivity(plain(bipartite)) == pytest.approx(1)
    apart = np.zeros((6, 6))
    apart[1, 0] = apart[2, 1] = apart[4, 3] = apart[5, 4] = 1
    assert topology.algebraic_connectivity(plain(apart)) == pytest.approx(0, abs=1e-12)
    path = np.zeros((3, 3))
    path[1, 0] = path[2, 1] = 1
    assert topology.algebraic_connectivity(plain(path)) == pytest.approx(1)
    assert topology.algebraic_connectivity(plain(np.zeros((3, 3)))) == 0
    assert topology.minimum_cut(plain(apart)) == 0 and topology.minimum_cut(plain(path)) == 1


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_path_norm_of_two_layers(seed):
    graph = chain(3, 5, 2, seed=seed)
    first, second = (np.abs(np.asarray(layer.arrays["weight"], np.float64)) for layer in graph.layers)
    assert topology.path_norm(graph) == pytest.approx((second @ first).sum(), rel=1e-12)
    doubled = with_arrays(graph, {"layer0.weight": 2 * graph.layers[0].arrays["weight"]})
    assert topology.path_norm(doubled) == pytest.approx(2 * topology.path_norm(graph))


@pytest.mark.parametrize("kind", sorted(PRODUCTS))
def test_every_kind_has_wiring_and_a_path_norm(kind):
    graph = random_layer_graph(3, kind)
    wired = wiring(graph)
    assert 0 <= topology.density(wired) <= 1 and topology.path_norm(graph) > 0
    assert topology.minimum_cut(wired) >= 0 and 0 <= topology.algebraic_connectivity(wired) <= 2


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_every_edge_has_weights_behind_it(seed):
    wired = wiring(random_streaming_graph(seed))
    assert np.all(wired.possible[wired.edges]) and np.all((wired.hears > 0) <= wired.possible)


def test_widths_beside_the_parent_s():
    parent = channel_groups(chain(3, 8, 16, 2))
    half, quarter = channel_groups(chain(3, 4, 8, 2)), channel_groups(chain(3, 8, 4, 2))
    shares, entropy = topology.width_profile(half, parent)
    assert set(shares.values()) == {0.5} and entropy == pytest.approx(math.log(2))
    shares, entropy = topology.width_profile(quarter, parent)
    assert sorted(shares.values()) == [0.25, 1.0] and entropy < math.log(2)


@pytest.mark.parametrize("size", [1, 4, 9])
def test_ranks_of_identities_and_of_one_direction(size):
    assert spectra.matrix_ranks(np.eye(size)) == pytest.approx((size, size))
    assert spectra.matrix_ranks(np.outer(np.arange(1, size + 1), [1.0, 2.0])) == pytest.approx((1, 1))
    assert spectra.matrix_ranks(np.zeros((size, 2))) == (0, 0)


def test_ranks_of_a_graph_s_weights_and_of_what_it_computes():
    graph = with_arrays(chain(4, 4, 4), {"layer0.weight": np.eye(4), "layer1.weight": np.ones((4, 4))})
    ranks = spectra.weight_ranks(graph)
    assert ranks["layer0.weight"] == pytest.approx((4, 4)) and ranks["layer1.weight"] == pytest.approx((1, 1), rel=1e-4)
    rng = np.random.default_rng(0)
    turned = np.linalg.qr(rng.normal(size=(6, 6)))[0][:3]
    made = spectra.activation_ranks({"y": rng.normal(size=(4, 20_000, 3)) @ turned})
    assert made["y"] == pytest.approx((3, 3), rel=0.05)


def test_alignment_and_redundancy():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20_000, 4))
    turned = 3 * x @ np.linalg.qr(rng.normal(size=(4, 4)))[0] + 1
    assert spectra.linear_cka(x, turned) == pytest.approx(1)
    assert spectra.linear_cka(x, rng.normal(size=x.shape)) < 0.01
    assert spectra.redundancy(np.repeat(x[:, :1], 3, axis=1)[None]) == pytest.approx(1)
    assert spectra.redundancy(x[None]) < 0.01 and spectra.redundancy(x[None, :, :1]) == 0
    assert spectra.redundancy(x[None, :, :2]) == pytest.approx(spectra.linear_cka(x[:, :1], x[:, 1:2]))
    still = np.concatenate((x[:, :2], np.zeros((len(x), 2))), axis=1)
    assert spectra.redundancy(still[None]) < 0.01 and spectra.silent_share(still[None]) == 0.5


@pytest.mark.parametrize("make", [decoder_graph, filter_graph])
def test_a_graph_has_one_row_of_structure(make):
    graph = make()
    row = structure(graph)
    assert all(np.isfinite(list(row.values()))) and row["density"] > 0.9 and row["dead_units"] == 0
    assert 0 < row["stable_rank"] <= row["effective_rank"] <= 1
    gone = with_arrays(graph, {name: np.zeros_like(value) for name, value in named_arrays(graph).items()})
    nothing = structure(gone)
    assert nothing["density"] == 0 and nothing["dead_units"] == 1 and nothing["log10_path_norm"] == -300


def test_activity_of_tensors():
    x = np.random.default_rng(0).normal(size=(2, 5_000, 4))
    still = x * np.array([1.0, 1.0, 0.0, 0.0])
    row = activity({"x": x, "still": still, "audio": x[..., :1]})
    assert row["activation_rank"] == pytest.approx(0.75, rel=0.01) and row["silent_units"] == 0.25
    assert row["redundancy"] < 0.01
