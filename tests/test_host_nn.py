# SPDX-License-Identifier: MIT
"""The C network equals the oracle bit for bit, and its loader refuses everything that it should."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path

import graphs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.host import HostError, HostNetwork
from lottava.emulator.library import Memories, build, check, host_library, memory
from lottava.export import VoiceParameters, blob
from small_nsf import small_blob

from lottava import fixedpoint, reference

SMALL = graphs.Widths(5, 4, 6, 9, 7)
widths = st.builds(graphs.Widths, *(st.integers(1, 40) for _ in range(5)))


def blob_of(seed: int, sizes: graphs.Widths = SMALL, *, wild: bool = False) -> bytes:
    return blob.to_bytes(graphs.random_graph(seed, sizes, integer=True, wild=wild), VoiceParameters())


def frames_of(seed: int, count: int) -> np.ndarray:
    return np.concatenate(list(graphs.random_inputs(seed, count, integer=True).values()), axis=-1)


def oracle(seed: int, sizes: graphs.Widths, count: int, *, wild: bool) -> np.ndarray:
    graph = graphs.random_graph(seed, sizes, integer=True, wild=wild)
    return reference.run(graph, graphs.random_inputs(seed, count, integer=True))["controls"]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), sizes=widths, wild=st.booleans())
def test_network_equals_the_oracle_bit_for_bit(seed: int, sizes: graphs.Widths, wild: bool) -> None:
    got = HostNetwork(blob_of(seed, sizes, wild=wild)).run(frames_of(seed, 6))
    np.testing.assert_array_equal(got, oracle(seed, sizes, 6, wild=wild))


@pytest.mark.parametrize("sizes", [graphs.PARENT, graphs.Widths(), graphs.Widths(1, 1, 1, 1, 1)])
def test_parent_fit_and_the_smallest_network_equal_the_oracle(sizes: graphs.Widths) -> None:
    network = HostNetwork(blob_of(3, sizes))
    np.testing.assert_array_equal(network.run(frames_of(3, 30)), oracle(3, sizes, 30, wild=False))


def test_a_fit_needs_no_more_than_the_80_kb_of_the_seed() -> None:
    assert HostNetwork(blob_of(0, graphs.Widths()), arena_bytes=80 << 10).used[0] < 64 << 10


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(0, 20))
def test_a_run_may_be_split_and_reset_begins_anew(cut: int) -> None:
    frames = frames_of(1, 20)
    network = HostNetwork(blob_of(1))
    whole = network.run(frames)
    network.reset()
    parts = np.concatenate([network.run(frames[:cut]), network.run(frames[cut:])])
    np.testing.assert_array_equal(whole, parts)


multipliers = st.integers(fixedpoint.MULTIPLIER_MIN, fixedpoint.MULTIPLIER_MAX)
shifts = st.integers(fixedpoint.SHIFT_MIN, fixedpoint.SHIFT_MAX)


def ties(multiplier: int, shift: int) -> np.ndarray:
    """Accumulators around the halves that rounding decides."""
    factor = int(fixedpoint.reduce_multiplier(multiplier))
    halves = np.arange(-40, 40) * (1 << (14 - shift)) // factor
    return np.concatenate([halves - 1, halves, halves + 1])


@settings(max_examples=100, deadline=None)
@given(multiplier=multipliers, shift=shifts, seed=st.integers(0, 2**31), wide=st.booleans())
def test_requantise_equals_the_specification(multiplier: int, shift: int, seed: int, wide: bool) -> None:
    limit = 1 << (46 if wide else 31)
    acc = np.random.default_rng(seed).integers(-limit, limit, 500)
    acc = np.concatenate([acc, acc >> 8, acc >> 16, ties(multiplier, shift), [-limit, limit - 1, 0, -1, 1]])
    acc = np.clip(acc, -limit, limit - 1).astype(np.int64)
    got = np.empty(acc.size, np.int16)
    host_library().lottava_nn_requantise(acc.ctypes.data, multiplier, shift, got.ctypes.data, acc.size, wide)
    np.testing.assert_array_equal(got, fixedpoint.requantise(acc, multiplier, shift))


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 30), columns=st.integers(1, 30))
def test_prepacking_is_a_bijection_in_the_stated_order(rows: int, columns: int) -> None:
    padded_rows, padded_columns = -(-rows // 4) * 4, -(-columns // 4) * 4
    index = np.arange(1, rows * columns + 1).reshape(rows, columns)
    found = np.zeros(padded_rows * padded_columns, np.int64)
    for digit in range(2):  # an index does not fit s8: two planes of seven bits
        plane = np.ascontiguousarray(index >> (7 * digit) & 127, dtype=np.int8)
        packed = np.empty(found.size, np.int16)
        host_library().lottava_nn_pack(plane.ctypes.data, rows, columns, packed.ctypes.data)
        found += packed.astype(np.int64) << (7 * digit)
    padded = np.zeros((padded_rows, padded_columns), np.int64)
    padded[:rows, :columns] = index
    groups = padded.reshape(padded_rows // 4, 4, padded_columns // 4, 4).transpose(0, 2, 1, 3)
    np.testing.assert_array_equal(found, groups.ravel())
    assert sorted(found[found > 0]) == list(range(1, rows * columns + 1))


def code_of(data: bytes, arena_bytes: int = 1 << 16) -> int:
    library, arenas = host_library(), Memories(arena_bytes)
    network = memory(library.lottava_nn_size())
    return library.lottava_nn_load(network.ctypes.data, data, len(data), arenas.address)


def sealed(data: bytes) -> bytes:
    return data[:12] + zlib.crc32(data[blob.CRC_START :]).to_bytes(4, "little") + data[blob.CRC_START :]


@settings(max_examples=100, deadline=None)
@given(position=st.integers(0, len(blob_of(2)) - 1), mask=st.integers(1, 255))
def test_any_damaged_byte_is_refused(position: int, mask: int) -> None:
    data = bytearray(blob_of(2))
    data[position] ^= mask
    assert code_of(bytes(data)) != 0


@settings(max_examples=50, deadline=None)
@given(length=st.integers(0, len(blob_of(2)) - 1))
def test_a_truncated_blob_is_refused_and_bytes_behind_one_are_not_its_business(length: int) -> None:
    assert code_of(blob_of(2)[:length]) != 0
    assert code_of(blob_of(2) + bytes(length)) == 0


def rewritten(offset_of: str, value: int, wild: bool = False) -> bytes:
    """A blob whose head layer has one value of an array replaced, the CRC made good."""
    graph = graphs.random_graph(4, SMALL, integer=True, wild=wild)
    section = next(s for s in blob.sections(graph, VoiceParameters()) if s.name == offset_of)
    data = bytearray(blob.to_bytes(graph, VoiceParameters()))
    size = section.values.itemsize
    data[section.offset : section.offset + size] = value.to_bytes(size, "little", signed=True)
    return sealed(bytes(data))


@pytest.mark.parametrize(
    ("array", "value", "code"),
    [
        ("head_weight", -128, 9),
        ("head_multiplier", (1 << 30) - 1, 10),
        ("head_multiplier", -(1 << 31), 10),
        ("head_shift", 0, 10),
        ("head_shift", -17, 10),
        ("head_bias", (1 << 31) - 1, 11),
        ("memory_bias_hh", -(1 << 31), 11),
    ],
)
def test_values_that_the_kernels_can_not_take_are_refused(array: str, value: int, code: int) -> None:
    assert code_of(rewritten(array, value)) == code


def test_a_32_bit_claim_that_the_weights_break_is_refused() -> None:
    graph = graphs.random_graph(4, SMALL, integer=True, wild=True)
    layers = next(s for s in blob.sections(graph, VoiceParameters()) if s.name == "layers")
    data = bytearray(blob.to_bytes(graph, VoiceParameters()))
    assert layers.values["wide"].any()
    for index in range(len(layers.values)):
        data[layers.offset + index * blob.LAYER.itemsize + 2] = 0
    assert code_of(sealed(bytes(data))) == 11


@pytest.mark.parametrize("arena_bytes", [0, 16, 1024])
def test_an_arena_that_is_too_small_is_refused(arena_bytes: int) -> None:
    assert code_of(blob_of(2), arena_bytes) == 12
    with pytest.raises(HostError, match="arena too small"):
        check(12)


def test_sanitizers_find_nothing_in_the_loader_nor_in_random_panels(tmp_path: Path) -> None:
    path = tmp_path / "voice.blob"
    for data, rounds in ((blob_of(1), 2000), (blob_of(2, wild=True), 2000), (small_blob(), 500)):
        path.write_bytes(data)
        fuzz = build("check") / "check" / "fuzz"
        done = subprocess.run([fuzz, path, str(rounds)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
