# SPDX-License-Identifier: MIT
"""Costs against counts by hand."""

from __future__ import annotations

import ctypes
from dataclasses import replace

import streaming
from graphs import PARENT, Widths, random_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.host import HostNetwork
from lottava.export import VoiceParameters, blob

from lottava import cost
from lottava.arena import arena_bytes
from lottava.graph import named_arrays


def test_fit_and_parent_by_hand() -> None:
    fit = random_graph(0, Widths(), integer=True)
    dense = 32 + 32 + 4 * 32 + (48 + 64) * 32 + 32 * 82
    assert cost.macs_per_frame(fit) == dense + 144 * (96 + 48)
    assert cost.macs_per_sample(fit) == cost.macs_per_frame(fit) / 192
    assert cost.macs_per_frame(random_graph(0, PARENT)) == 257_024


@given(st.builds(Widths, *[st.integers(1, 9)] * 5))
@settings(max_examples=20)
def test_bytes_are_those_of_the_arrays_and_formats_agree(widths: Widths) -> None:
    integer, real = random_graph(0, widths, integer=True), random_graph(0, widths)
    assert cost.weight_bytes(integer) == sum(array.nbytes for array in named_arrays(integer).values())
    assert cost.weight_bytes(real) == cost.weight_bytes(integer)
    assert cost.macs_per_frame(real) == cost.macs_per_frame(integer)


@given(st.builds(Widths, *[st.integers(1, 40)] * 5))
@settings(max_examples=20, deadline=None)
def test_ram_is_what_the_firmware_takes_but_for_the_size_of_pointers(widths: Widths) -> None:
    graph = random_graph(0, widths, integer=True)
    used = HostNetwork(blob.to_bytes(graph, VoiceParameters())).used
    assert arena_bytes(graph, pointer_bytes=ctypes.sizeof(ctypes.c_void_p)) == used
    assert used[0] - 2048 < cost.ram_bytes(graph) < used[0]


@given(seed=st.integers(0, 2**31), block=st.sampled_from([1, 7, 16, 48]), data=st.data())
@settings(max_examples=60, deadline=None)
def test_so_it_is_for_all_kinds_rates_blocks_and_places(seed: int, block: int, data: st.DataObject) -> None:
    graph = streaming.random_streaming_graph(seed, integer=True)
    graph = replace(graph, outputs=graph.outputs[:1])
    memory = {layer.name: data.draw(st.integers(0, 1)) for layer in graph.layers}
    network = HostNetwork(blob.to_bytes(graph, VoiceParameters(), block=block, memory=memory), 1 << 22, 1 << 22)
    pointer_bytes = ctypes.sizeof(ctypes.c_void_p)
    assert arena_bytes(graph, block=block, memory=memory, pointer_bytes=pointer_bytes) == network.used
    assert cost.weight_bytes(graph) == sum(array.nbytes for array in named_arrays(graph).values())
