# SPDX-License-Identifier: MIT
"""The Seed's image computes graphs as the oracle does, on the emulated Cortex-M7: all kinds, NSF and WaveNet whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import streaming
import worst_case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lottava.emulator import Machine, build_image
from lottava.emulator.network import MachineNetwork
from lottava.export import VoiceParameters, blob
from lottava.training.generators.topologies import nsf_graph, wavenet_graph

from lottava import reference
from lottava.arena import arena_bytes
from lottava.graph import Graph

ARENAS = (("_ZN12_GLOBAL__N_15dtcm_E", 80 << 10), ("_ZN12_GLOBAL__N_14axi_E", 448 << 10))


@pytest.fixture(scope="module")
def image() -> Machine:
    return Machine(build_image())


def load(image: Machine, graph: Graph, block: int, memory: dict[str, int] | None = None) -> MachineNetwork:
    """The graph in the memories that the image keeps for voices, which start out as rubbish."""
    arenas = [(image.address(symbol), size) for symbol, size in ARENAS]
    for address, size in arenas:
        image.write(address, np.full(size, 0xA5, np.uint8))
    image.release()
    data = blob.to_bytes(graph, VoiceParameters(), block=block, memory=memory)
    return MachineNetwork(image, graph, data, arenas=arenas)


def assert_equal(network: MachineNetwork, seed: int, ticks: int, cuts: list[int]) -> None:
    inputs = streaming.random_columns(network.graph, seed, ticks)
    found, _ = network.run(inputs, cuts, ticks=ticks)
    wanted = reference.run(network.graph, inputs)
    for name, columns in wanted.items():
        np.testing.assert_array_equal(found[name], columns, err_msg=name)


seeds = st.integers(0, 2**31)
on_the_image = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.parametrize("kind", streaming.KINDS)
@settings(on_the_image, max_examples=10)
@given(seed=seeds, wild=st.booleans(), block=st.sampled_from((1, 7, 16, 48)))
def test_every_kind_of_layer_equals_the_oracle(image: Machine, kind: str, seed: int, wild: bool, block: int) -> None:
    graph = streaming.random_layer_graph(seed, kind, integer=True, wild=wild)
    assert_equal(load(image, replace(graph, outputs=graph.outputs[:1]), block), seed, 29, [block])


@on_the_image
@given(seed=seeds, wild=st.booleans(), data=st.data())
def test_graphs_of_several_rates_equal_the_oracle_in_both_memories(
    image: Machine, seed: int, wild: bool, data: st.DataObject
) -> None:
    graph = streaming.random_streaming_graph(seed, integer=True, wild=wild)
    graph = replace(graph, outputs=(data.draw(st.sampled_from(graph.outputs)),))
    block = data.draw(st.sampled_from((1, 7, 16)))
    memory = {layer.name: data.draw(st.integers(0, 1)) for layer in graph.layers}
    network = load(image, graph, block, memory)
    assert network.used == arena_bytes(graph, block=block, memory=memory)
    assert_equal(network, seed, 29, data.draw(st.lists(st.integers(1, block), min_size=1, max_size=6)))


@pytest.mark.parametrize("name", worst_case.CASES)
def test_claims_of_32_bits_hold_for_the_inputs_that_strain_them_most(image: Machine, name: str) -> None:
    graph, inputs = worst_case.worst_case(name, 2)
    placed = {"layer": 1}  # 16-bit weights of 512 columns and all their past leave DTCM little room
    network = load(image, graph, 16, placed)
    found, _ = network.run(inputs, [16])
    np.testing.assert_array_equal(found["y"], reference.run(graph, inputs)["y"])


@pytest.mark.parametrize(("build", "block", "ticks"), [(nsf_graph, 16, 230), (wavenet_graph, 1, 130)])
def test_nsf_and_wavenet_run_whole_in_dtcm(image: Machine, build, block: int, ticks: int) -> None:
    graph = streaming.with_random_integers(build(rng=np.random.default_rng(5)), np.random.default_rng(5))
    network = load(image, graph, block)
    assert network.used[0] <= ARENAS[0][1]
    assert_equal(network, 5, ticks, [block])
