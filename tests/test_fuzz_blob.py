# SPDX-License-Identifier: MIT
"""Damaged blobs: the C loader and the Python side take and refuse the same graphs, and what is taken runs cleanly."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from blob_reader import is_sound, read, tables
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.host import HostError, HostNetwork
from lottava.emulator.library import build
from lottava.export import BlobError, VoiceParameters, blob
from mutations import damaged_records
from nested import some_nested
from streaming import KINDS, random_layer_graph, random_streaming_graph

from lottava.graph import Graph, graph_hash

SEEDS = st.integers(0, 2**32 - 1)
ROOMY = 1 << 21
ROUNDS = 250
AFTER = blob.HEADER.itemsize
BYTES = (0, 1, 127, 128, 129, 255)


def some_blob(seed: int) -> bytes:
    """A graph of any kinds, of one output, that the module can hold."""
    for attempt in range(seed, seed + 100):
        kind = KINDS[attempt % len(KINDS)]
        wild = attempt % 3 == 0
        graph = (
            random_layer_graph(attempt, kind, integer=True, wild=wild)
            if attempt % 2
            else random_streaming_graph(attempt, integer=True, wild=wild, layers=3)
        )
        try:
            return blob.to_bytes(graph, VoiceParameters(), block=1 + attempt % blob.MAX_BLOCK)
        except BlobError:
            continue
    raise AssertionError("no seed gave a graph for the module")


def sealed(data: bytes) -> bytes:
    crc = zlib.crc32(data[blob.CRC_START :]).to_bytes(4, "little")
    return data[: blob.CRC_START - 4] + crc + data[blob.CRC_START :]


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """One field of one record is another, or one byte of the arrays."""
    header, tensors, layers = tables(data)
    end = np.frombuffer(data, np.uint8).size
    first = end if not len(layers) else int(layers.ctypes.data - np.frombuffer(data, np.uint8).ctypes.data)
    places = {0: (np.array(header), 0), 1: (tensors, blob.HEADER.itemsize), 2: (layers, first)}
    what = int(rng.choice([0, 1, 1, 1, 2, 2, 2, 3]))
    if what == 3:
        at = int(rng.integers(first, len(data)))
        return data[:at] + bytes([int(rng.choice(BYTES))]) + data[at + 1 :]
    table, start = places[what]
    changed = damaged_records(table, rng).tobytes()
    return data[:start] + changed + data[start + len(changed) :]


def firmware_takes(data: bytes) -> bool:
    """Or would if its memories were larger."""
    try:
        HostNetwork(data, ROOMY, ROOMY)
    except HostError as refusal:
        return "arena too small" in str(refusal)
    return True


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_blob_read_back_is_the_graph(seed: int) -> None:
    data = some_blob(seed)
    content = read(data)
    assert blob.to_bytes(content.graph, VoiceParameters(), block=content.block)[AFTER:] == data[AFTER:]
    assert is_sound(data) and firmware_takes(data)


@given(SEEDS, st.integers(1, 2))
@settings(max_examples=600, deadline=None)
def test_firmware_and_exporter_refuse_the_same_graphs(seed: int, changes: int) -> None:
    rng, data = np.random.default_rng(seed), some_blob(seed % 400)
    for _ in range(changes):
        try:
            data = damaged(data, rng)
        except ValueError:  # a count that was changed leads out of the blob
            break
    data = sealed(data)
    assert firmware_takes(data) == is_sound(data)


@pytest.mark.parametrize("scale", [0.0, -(2.0**-12), np.nan, np.inf, 2.0**15])
def test_scales_that_are_none_are_refused_by_both(scale: float) -> None:
    data = bytearray(some_blob(1))
    data[blob.HEADER.itemsize : blob.HEADER.itemsize + 4] = np.float32(scale).tobytes()
    assert not firmware_takes(sealed(bytes(data)))
    assert not is_sound(sealed(bytes(data)))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("magic", 0, "not a voice blob"),
        ("version", blob.VERSION + 1, "unknown version"),
        ("length", 1 << 30, "wrong length"),
        ("layer_count", 0, "too many layers or tensors"),
        ("layer_count", blob.MAX_LAYERS + 1, "too many layers or tensors"),
        ("tensor_count", 255, "too many layers or tensors"),
        ("block", 0, "too many layers or tensors"),
    ],
)
def test_each_kind_of_wrong_header_has_its_words(field: str, value: int, words: str) -> None:
    data = some_blob(1)
    header = np.frombuffer(data, blob.HEADER, 1).copy()
    header[field] = value
    with pytest.raises(HostError, match=words):
        HostNetwork(sealed(header.tobytes() + data[blob.HEADER.itemsize :]), ROOMY, ROOMY)


def test_an_unknown_layer_and_a_checksum_have_theirs() -> None:
    data = some_blob(1)
    with pytest.raises(HostError, match="CRC does not match"):
        HostNetwork(data[:-1] + bytes([data[-1] ^ 1]), ROOMY, ROOMY)
    _, _, layers = tables(data)
    first = int(layers.ctypes.data - np.frombuffer(data, np.uint8).ctypes.data)
    with pytest.raises(HostError, match="bad layer"):
        HostNetwork(sealed(data[:first] + b"\xc8" + data[first + 1 :]), ROOMY, ROOMY)


def test_sanitizers_find_nothing_in_loader_and_runner(tmp_path: Path) -> None:
    """Every kind is in the corpus, and levels; most damaged blobs are refused, some run."""
    paths, seen = [], set()
    graphs: list[Graph] = [some_nested(seed)[0] for seed in range(len(KINDS))]
    for seed in range(3 * len(KINDS)):
        graphs.append(random_layer_graph(seed, KINDS[seed % len(KINDS)], integer=True, wild=seed % 3 == 0))
    for seed, graph in enumerate(graphs):
        try:
            data = blob.to_bytes(graph, VoiceParameters(), block=1 + 7 * seed % blob.MAX_BLOCK)
        except BlobError:
            continue
        seen |= {layer.kind for layer in graph.layers}
        path = tmp_path / f"{graph_hash(graph)[:12]}.blob"
        path.write_bytes(data)
        paths.append(path)
    assert seen == set(KINDS)
    program = build("check") / "check" / "fuzz_graph"
    done = subprocess.run([program, str(ROUNDS), *map(str, paths)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    accepted, *refused = map(int, done.stdout.split())
    assert accepted > ROUNDS and sum(refused) > ROUNDS
    assert sum(count > 0 for count in refused) >= 8, "the damage reached most of the loader's checks"
