# SPDX-License-Identifier: MIT
"""Nested widths: a level is a slice of one set of weights, and the firmware runs the same network at each."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator import Machine
from lottava.emulator.build import build_image
from lottava.emulator.host import HostError, HostNetwork
from lottava.emulator.network import MachineNetwork
from lottava.export import BlobError, VoiceParameters, blob
from lottava.training.reduction.graph_trim import trim_graph
from lottava.training.reduction.groups import channel_groups
from lottava.training.reduction.nest import index_of, level_table, ordered, ranking, shares, with_levels
from nested import some_nested
from reduction_tasks import decoder_graph, filter_graph
from streaming import KINDS, random_columns, random_streaming_graph

from lottava import reference
from lottava.arena import arena_bytes
from lottava.graph import Graph, GraphError, from_manifest, graph_hash, named_arrays, to_manifest
from lottava.levels import at_level, level_count, segment_places

SEEDS = st.integers(0, 2**32 - 1)
ROOMY = 1 << 21
TICKS = 33


def blob_of(graph: Graph, **options: int) -> bytes | None:
    """None for a graph that the module can't hold, or whose level needs more memory than the one before."""
    try:
        return blob.to_bytes(graph, VoiceParameters(), **options)
    except BlobError:
        return None


def fed(network: HostNetwork, graph: Graph, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """All columns of the output, in calls of the blob's block."""
    found, tick = [], 0
    while tick < TICKS:
        ticks = min(network.block, TICKS - tick)
        periods = [graph.tensors[name].period for name in graph.inputs]
        due = [slice(-(-tick // p), -(-(tick + ticks) // p)) for p in periods]
        found.append(
            network.run_ticks(ticks, [inputs[name][part] for name, part in zip(graph.inputs, due, strict=True)])
        )
        tick += ticks
    return np.concatenate(found)


@given(SEEDS)
@settings(max_examples=80, deadline=None)
def test_a_level_is_what_trimming_the_last_units_gives(seed: int) -> None:
    """By the rules of reduction, which know nothing of segments."""
    graph, widths = some_nested(seed, integer=False)
    channels = channel_groups(replace(graph, levels=()))
    for level, kept in enumerate(widths):
        trimmed = trim_graph(graph, channels, {name: np.arange(width) for name, width in kept.items()})
        assert graph_hash(at_level(graph, level)) == graph_hash(trimmed)


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_levels_lie_within_one_another(seed: int) -> None:
    graph, _ = some_nested(seed)
    whole = named_arrays(graph)
    assert named_arrays(at_level(graph, 0)).keys() == whole.keys()
    for name, array in named_arrays(at_level(graph, 0)).items():
        assert array is whole[name]
    for wider, narrower in zip(range(level_count(graph)), range(1, level_count(graph)), strict=False):
        before, after = at_level(graph, wider), at_level(graph, narrower)
        for name, array in named_arrays(after).items():
            assert all(n <= w for n, w in zip(array.shape, named_arrays(before)[name].shape, strict=True))
        for name, tensor in after.tensors.items():
            assert tensor.scale == before.tensors[name].scale and tensor.size <= before.tensors[name].size


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_a_manifest_keeps_the_levels(seed: int) -> None:
    graph, _ = some_nested(seed)
    again = from_manifest(to_manifest(graph), named_arrays(graph))
    assert again.levels == graph.levels and graph_hash(again) == graph_hash(graph)
    plain = replace(graph, levels=())
    assert "levels" not in to_manifest(plain) and graph_hash(plain) != graph_hash(graph)


def test_every_kind_is_narrowed() -> None:
    seen: set[str] = set()
    for seed in range(120):
        graph, _ = some_nested(seed)
        narrow = at_level(graph, level_count(graph) - 1)
        for layer, before in zip(narrow.layers, graph.layers, strict=True):
            names = (*layer.inputs, layer.output)
            if any(narrow.tensors[name].size < graph.tensors[name].size for name in names):
                seen.add(layer.kind)
                if layer.kind == "conv1d" and before.option("groups") > 1:
                    seen.add("depthwise" if layer.options != before.options else "grouped")
    assert seen >= {*KINDS, "depthwise", "grouped"}


@given(SEEDS, st.integers(1, blob.MAX_BLOCK))
@settings(max_examples=40, deadline=None)
def test_the_firmware_runs_each_level_as_the_oracle_does(seed: int, block: int) -> None:
    """And back and forth in the same memories, of the size that the whole network takes, as if loaded afresh."""
    graph, _ = some_nested(seed)
    data = blob_of(graph, block=block) if len(graph.outputs) == 1 else None
    if data is None:
        return
    whole = HostNetwork(data, ROOMY, ROOMY)
    network = HostNetwork(data, *whole.used)
    inputs = random_columns(graph, seed, TICKS)
    for level in [*range(level_count(graph)), *reversed(range(level_count(graph)))]:
        network.load(data, level)
        expected = reference.run(at_level(graph, level), inputs)[graph.outputs[0]]
        np.testing.assert_array_equal(fed(network, graph, inputs), expected)
        own = arena_bytes(at_level(graph, level), block=block, pointer_bytes=8)
        assert HostNetwork(data, ROOMY, ROOMY, level=level).used == own


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_a_level_that_there_is_not_is_the_narrowest(seed: int) -> None:
    graph, _ = some_nested(seed)
    data = blob_of(graph) if len(graph.outputs) == 1 else None
    if data is not None:
        last = level_count(graph) - 1
        used = [HostNetwork(data, ROOMY, ROOMY, level=level).used for level in (last, last + 1, 200)]
        assert used[0] == used[1] == used[2]


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_without_levels_the_blob_has_no_table(seed: int) -> None:
    graph, _ = some_nested(seed)
    if len(graph.outputs) != 1 or (data := blob_of(graph)) is None:
        return
    plain = blob_of(replace(graph, levels=()))
    sections = {section.name: section for section in blob.sections(graph, VoiceParameters())}
    assert plain is not None and len(plain) < len(data)
    header = np.frombuffer(plain, blob.HEADER, 1)[0]
    assert header["level_count"] == 0 and sections["header"].values["level_count"] == level_count(graph) - 1
    assert (
        plain[blob.HEADER.itemsize : sections["layers"].offset]
        == data[blob.HEADER.itemsize : sections["layers"].offset]
    )


def test_memory_of_the_levels_falls() -> None:
    graph = nested_decoder()
    needs = [arena_bytes(at_level(graph, level)) for level in range(level_count(graph))]
    assert needs == sorted(needs, reverse=True) and needs[0] > needs[-1]


def nested_decoder() -> Graph:
    from lottava.export.quantise import quantise_at

    from lottava.scales import tensor_scales

    graph = decoder_graph(hidden=16, features=16)
    channels = channel_groups(graph)
    with_them = with_levels(graph, channels, shares(channels, [0.75, 0.5, 0.25]))
    return quantise_at(with_them, tensor_scales(graph, {"x": 1.0}))


def damaged(data: bytes, rng: np.random.Generator, section: blob.Section) -> bytes:
    values = section.values.copy()
    at = int(rng.integers(values.size))
    values[at] = rng.choice([0, 1, values[at] + 1, values[at] - 1, 4, 16, 65, 65535]) & 0xFFFF
    body = data[: section.offset] + values.tobytes() + data[section.offset + values.nbytes :]
    return body[:12] + zlib.crc32(body[blob.CRC_START :]).to_bytes(4, "little") + body[blob.CRC_START :]


@given(SEEDS)
@settings(max_examples=120, deadline=None)
def test_firmware_and_exporter_refuse_the_same_tables(seed: int) -> None:
    graph, _ = some_nested(seed)
    data = blob_of(graph) if len(graph.outputs) == 1 else None
    if data is None:
        return
    section = next(part for part in blob.sections(graph, VoiceParameters()) if part.name == "levels")
    broken = damaged(data, np.random.default_rng(seed), section)
    try:
        taken = bool(HostNetwork(broken, ROOMY, ROOMY))
    except HostError:
        taken = False
    table = np.frombuffer(broken, "<u2", section.values.size, section.offset)
    assert taken == _is_table(graph, table.tolist())


def _is_table(graph: Graph, values: list[int]) -> bool:
    order, count = blob.tensor_order(graph), level_count(graph)
    runs, widths = values[: len(order)], values[len(order) :]
    if len(widths) != count * sum(runs) or not all(1 <= run <= blob.MAX_RUNS for run in runs):
        return False
    levels = []
    for level in range(count):
        at = level * sum(runs) + np.cumsum([0, *runs])
        levels.append({name: tuple(widths[at[i] : at[i + 1]]) for i, name in enumerate(order)})
    try:
        replace(graph, levels=tuple(levels))
    except GraphError:
        return False
    return True


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        (({"h": (8,)},), "has 2..8"),
        (({"h": (8,)}, {"h": (9,)}), "is not within"),
        (({"h": (8,)}, {"h": (0,)}), "not numbers of channels"),
        (({"h": (7,)}, {"h": (4,)}), "adds up to 7"),
        (({"h": (8,)}, {"g": (4,)}), "doesn't name"),
        (({"y": (2,)}, {"y": (1,)}), "input or output"),
        (({"memory": (8,)}, {"memory": (4,)}), "keeps"),
    ],
)
def test_levels_that_are_none_are_refused(levels: tuple[dict, ...], words: str) -> None:
    graph = decoder_graph()
    renamed = tuple({{"h": "features"}.get(name, name): widths for name, widths in level.items()} for level in levels)
    with pytest.raises(GraphError, match=words):
        replace(graph, levels=renamed)


def test_a_level_that_there_is_not_is_refused() -> None:
    with pytest.raises(GraphError, match="no level 1"):
        at_level(decoder_graph(), 1)


def test_segments_keep_their_first_channels() -> None:
    assert segment_places((4, 2), (3, 1)).tolist() == [0, 1, 2, 4]


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_units_in_another_order_compute_the_same(seed: int) -> None:
    graph = (decoder_graph, filter_graph)[seed % 2](seed=seed % 1000)
    channels, rng = channel_groups(graph), np.random.default_rng(seed)
    order = {name: rng.permutation(group.size) for name, group in channels.free.items()}
    inputs = random_columns(graph, seed, graph.largest_period)
    expected, found = reference.run(graph, inputs), reference.run(ordered(graph, channels, order), inputs)
    for name in graph.outputs:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-9)
    assert all(sorted(index) == list(range(len(index))) for index in index_of(channels, order).values())


def test_the_worthiest_units_come_first() -> None:
    channels = channel_groups(decoder_graph())
    scores = {name: np.arange(group.size, dtype=float) for name, group in channels.free.items()}
    assert all(order.tolist() == list(range(len(order)))[::-1] for order in ranking(scores, channels).values())


def test_shares_are_widths_in_fours() -> None:
    channels = channel_groups(decoder_graph(hidden=18, features=6))
    half, quarter = shares(channels, [0.5, 0.25])
    assert set(half.values()) == {8, 4} and set(quarter.values()) == {4}
    with pytest.raises(ValueError, match="each below"):
        shares(channels, [0.5, 0.5])


def test_no_levels_are_no_table() -> None:
    graph = random_streaming_graph(3)
    assert level_table(channel_groups(graph), []) == ()


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine(build_image("bench"))


@given(SEEDS, st.sampled_from((1, 7, 48)))
@settings(max_examples=12, deadline=None)
def test_the_cortex_m7_runs_each_level_as_the_oracle_does(machine: Machine, seed: int, block: int) -> None:
    graph, _ = some_nested(seed)
    data = blob_of(graph, block=block) if len(graph.outputs) == 1 else None
    if data is None:
        return
    inputs = random_columns(graph, seed, TICKS)
    for level in range(level_count(graph)):
        machine.release()
        narrow = at_level(graph, level)
        found, _ = MachineNetwork(machine, narrow, data, level=level).run(inputs, [block])
        for name, columns in found.items():
            np.testing.assert_array_equal(columns, reference.run(narrow, inputs)[name])
