# SPDX-License-Identifier: MIT
"""Whatever a voice file holds, Python refuses it in one sentence or runs it; nothing else ever happens."""

from __future__ import annotations

import json

import numpy as np
from cards import example_card
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damaged_arrays, damaged_json
from streaming import random_columns, random_streaming_graph

from lottava import graph as graphs
from lottava import reference, voicefile
from lottava.graph import Graph, GraphError
from lottava.voicefile import Voice, VoiceFileError

SEEDS = st.integers(0, 2**32 - 1)


def loaded(manifest: object, arrays: dict[str, np.ndarray]) -> Graph | None:
    """The graph, or None where it was refused in one sentence."""
    try:
        return graphs.from_manifest(manifest, arrays)  # type: ignore[arg-type]
    except GraphError as error:
        reason = str(error)
    assert len(reason) > 10 and "\n" not in reason
    return None


def runs(graph: Graph) -> None:
    """What is accepted has to run: three ticks, warnings are errors."""
    columns = random_columns(graph, 1, 3)
    outputs = reference.run(graph, columns)
    assert all(outputs[name].shape[-1] == graph.tensors[name].size for name in graph.outputs)


@given(SEEDS, st.booleans(), st.integers(1, 3))
@settings(max_examples=300, deadline=None)
def test_any_manifest_is_refused_in_words_or_runs(seed: int, integer: bool, changes: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_streaming_graph(seed % 50, integer=integer, layers=5)
    manifest = json.loads(json.dumps(graphs.to_manifest(graph)))
    changed = loaded(damaged_json(manifest, rng, changes), graphs.named_arrays(graph))
    if changed is not None:
        runs(changed)
        again = graphs.from_manifest(json.loads(json.dumps(graphs.to_manifest(changed))), graphs.named_arrays(changed))
        assert graphs.graph_hash(again) == graphs.graph_hash(changed)


@given(SEEDS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_arrays_are_refused_in_words_or_run(seed: int, integer: bool) -> None:
    graph = random_streaming_graph(seed % 50, integer=integer, layers=5)
    arrays = graphs.named_arrays(graph)
    if not arrays:
        return
    changed = loaded(graphs.to_manifest(graph), damaged_arrays(arrays, np.random.default_rng(seed)))
    if changed is not None:
        runs(changed)


@given(SEEDS, st.integers(0, 255), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_a_file_of_any_graph_with_flipped_bytes_is_refused_or_the_same(seed: int, mask: int, changes: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_streaming_graph(seed % 20, integer=True, layers=4)
    voice = Voice(graph, example_card(graph))
    data = bytearray(voicefile.to_bytes(voice))
    for _ in range(changes):
        data[rng.integers(len(data))] ^= mask
    left = data[: rng.integers(len(data) + 1)] if rng.random() < 0.2 else data
    reason = ""
    try:
        again = voicefile.from_bytes(bytes(left), "it")
    except VoiceFileError as error:
        reason = str(error)
    if reason:
        assert reason.startswith("it: ") and "\n" not in reason
    else:
        assert graphs.graph_hash(again.graph) == graphs.graph_hash(graph) and again.card == voice.card
