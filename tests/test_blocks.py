# SPDX-License-Identifier: MIT
"""Whole blocks: found from the graph's sums, and removed without a trace but their silence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from graphs import random_columns, random_streaming_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.generators.topologies import NsfWidths, WavenetWidths, nsf_graph, wavenet_graph
from lottava.training.reduction.blocks import Block, blocks, without
from lottava.training.reduction.forward import arrays_of, forward
from lottava.training.reduction.groups import channel_groups

from lottava.builder import Builder, random_arrays
from lottava.graph import Graph, GraphError, Layer

NSF = nsf_graph(NsfWidths(hidden=4, blocks=2, layers=3, noise_layers=2, trunk=4))
WAVENET = wavenet_graph(WavenetWidths(residual=4, gate=3, skip=4, layers=4))


def only_carried(layer: Layer, block: Block) -> Layer:
    """A sum that is passed over, as the identity of what it carries."""
    if layer.name != block.source:
        return layer
    (carried,) = [part for part in layer.inputs if (layer.name, part) not in block.edges]
    return Layer(layer.name, "split", (carried,), layer.output, options={"offset": 0})


def assert_gone_is_silent(graph: Graph, block: Block, seed: int) -> None:
    """Removed, the block leaves what it leaves where its parts of the sums are multiplied by 0."""
    inputs = {
        name: torch.from_numpy(value)
        for name, value in random_columns(graph, seed, 3 * graph.largest_period, batch=(1,)).items()
    }
    small = without(graph, block)
    gates = {part: torch.zeros(graph.tensors[part].size, dtype=torch.float64) for _, part in block.edges}
    whole = graph
    if not block.silent:
        whole, gates = replace(graph, layers=tuple(only_carried(layer, block) for layer in graph.layers)), {}
    slim, masked = forward(small, arrays_of(small), inputs), forward(whole, arrays_of(whole), inputs, gates)
    for name in graph.outputs:
        assert torch.allclose(slim[name], masked[name], rtol=0, atol=1e-6)
    assert {layer.name for layer in small.layers}.isdisjoint(block.layers)


@pytest.mark.parametrize("graph", [NSF, WAVENET], ids=["nsf", "wavenet"])
def test_a_generator_without_a_block_is_one_whose_block_is_silent(graph):
    for seed, block in enumerate(blocks(graph).values()):
        assert_gone_is_silent(graph, block, seed)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6))
def test_so_it_is_with_any_graph(seed):
    graph = random_streaming_graph(seed, layers=12, kinds=("dense", "conv1d", "add", "activation", "multiply", "gru"))
    for block in list(blocks(graph).values())[:3]:
        assert_gone_is_silent(graph, block, seed)


def test_a_layer_of_wavenet_goes_with_its_gate_residual_and_skip():
    block = blocks(WAVENET)["gate1"]
    assert {"gate1", "condition1", "residual1", "skip1", "hidden1"} <= set(block.layers)
    small = without(WAVENET, block)
    assert len(channel_groups(small).free) == len(channel_groups(WAVENET).free) - 1


def test_layers_and_blocks_of_nsf_go_whole():
    found = blocks(NSF)
    assert set(found["harmonic0_conv1"].layers) == {"harmonic0_conv1", "harmonic0_bend1"}
    whole = next(
        block for block in found.values() if "harmonic1_out" in block.layers and "harmonic0_out" not in block.layers
    )
    assert {layer.name for layer in NSF.layers if layer.name.startswith("harmonic1")} == set(whole.layers)


def test_a_head_of_several_goes_but_the_last_stays():
    builder = Builder(random_arrays(np.random.default_rng(0)))
    builder.input("x", 2)
    for number in range(2):
        builder.layer(f"wide{number}", "dense", "x", 4, activation="relu")
        builder.layer(f"head{number}", "dense", f"wide{number}", 3)
    builder.layer("sum", "add", ["head0", "head1"])
    builder.layer("y", "dense", "sum", 1)
    graph = builder.graph("y")
    found = blocks(graph)
    assert {tuple(block.layers) for block in found.values()} == {("wide0", "head0", "sum"), ("wide1", "head1", "sum")}
    assert blocks(without(graph, found["wide0"])) == {}
    with pytest.raises(GraphError, match="wide1"):
        without(without(graph, found["wide0"]), found["wide1"])
