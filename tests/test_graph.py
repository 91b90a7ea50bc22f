# SPDX-License-Identifier: MIT
"""Each guard of a graph, tripped once; the manifest round trip; the hash as identity."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from graphs import Widths, random_graph
from hypothesis import given, settings
from hypothesis import strategies as st

from lottava import graph as graphs
from lottava.graph import Graph, GraphError, Layer, Tensor

TINY = Widths(2, 3, 2, 4, 3)
FLOAT, INTEGER = random_graph(0, TINY), random_graph(0, TINY, integer=True)


def with_layer(graph: Graph, which: str, /, **changes: Any) -> Graph:
    layers = [replace(layer, **changes) if layer.name == which else layer for layer in graph.layers]
    return replace(graph, layers=tuple(layers))


def with_array(graph: Graph, layer: str, name: str, change: Callable[[np.ndarray], np.ndarray]) -> Graph:
    arrays = {entry.name: dict(entry.arrays) for entry in graph.layers}[layer]
    return with_layer(graph, layer, arrays=arrays | {name: change(arrays[name].copy())})


def with_tensor(graph: Graph, name: str, **changes: Any) -> Graph:
    return replace(graph, tensors=dict(graph.tensors) | {name: replace(graph.tensors[name], **changes)})


def filled(value: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda array: np.full_like(array, value)


BROKEN: dict[str, Callable[[], Graph]] = {
    "number format": lambda: replace(FLOAT, number_format="f16"),
    "no layers": lambda: replace(FLOAT, layers=()),
    "too many layers": lambda: replace(FLOAT, layers=FLOAT.layers * 17),
    "no inputs": lambda: replace(FLOAT, inputs=()),
    "no outputs": lambda: replace(FLOAT, outputs=()),
    "an output twice": lambda: replace(FLOAT, outputs=("controls", "controls")),
    "an unknown input": lambda: replace(FLOAT, inputs=(*FLOAT.inputs, "breath")),
    "an unwritten output": lambda: replace(FLOAT, outputs=("sound",)),
    "a tensor nobody writes": lambda: replace(FLOAT, tensors=dict(FLOAT.tensors) | {"idle": Tensor("idle", 1)}),
    "a layer name twice": lambda: with_layer(FLOAT, "head", name="out_mlp"),
    "a layer name with a slash": lambda: with_layer(FLOAT, "head", name="../head"),
    "a tensor name with a space": lambda: replace(FLOAT, tensors=dict(FLOAT.tensors) | {"a b": Tensor("a b", 1)}),
    "a key that is not the name": lambda: replace(FLOAT, tensors=dict(FLOAT.tensors) | {"other": Tensor("x", 1)}),
    "a parent that is no hash": lambda: replace(FLOAT, parent="yesterday"),
    "an unknown kind": lambda: with_layer(FLOAT, "head", kind="conv"),
    "an unknown activation": lambda: with_layer(FLOAT, "head", activation="tanh"),
    "a gru with relu": lambda: with_layer(FLOAT, "memory", activation="relu"),
    "an unknown tensor": lambda: with_layer(FLOAT, "head", inputs=("nothing",)),
    "a dense of two inputs": lambda: with_layer(FLOAT, "head", inputs=("hidden", "out_features")),
    "a concat of no inputs": lambda: with_layer(FLOAT, "features_in", inputs=()),
    "a concat that does not add up": lambda: with_layer(FLOAT, "features_in", inputs=("pitch_features",)),
    "reading too early": lambda: replace(FLOAT, layers=FLOAT.layers[::-1]),
    "writing twice": lambda: replace(FLOAT, layers=(*FLOAT.layers, replace(FLOAT.layers[0], name="again"))),
    "size 0": lambda: with_tensor(FLOAT, "hidden", size=0),
    "size True": lambda: with_tensor(FLOAT, "pitch", size=True),
    "size 4097": lambda: with_tensor(FLOAT, "hidden", size=4097),
    "a scale in a float graph": lambda: with_tensor(FLOAT, "hidden", scale=1.0),
    "a missing array": lambda: with_layer(FLOAT, "head", arrays={"weight": np.zeros((82, 3), np.float32)}),
    "a mis-shaped array": lambda: with_array(FLOAT, "head", "weight", lambda a: a.T),
    "float64 weights": lambda: with_array(FLOAT, "head", "weight", lambda a: a.astype(np.float64)),
    "NaN": lambda: with_array(FLOAT, "head", "bias", filled(np.nan)),
    "infinity": lambda: with_array(FLOAT, "memory", "weight_hh", filled(np.inf)),
    "no scale": lambda: with_tensor(INTEGER, "pitch", scale=None),
    "scale NaN": lambda: with_tensor(INTEGER, "pitch", scale=float("nan")),
    "scale 0": lambda: with_tensor(INTEGER, "pitch", scale=0.0),
    "a relu not at 2^-12": lambda: with_tensor(INTEGER, "out_features", scale=2.0**-11),
    "a state not at 2^-15": lambda: with_tensor(INTEGER, "hidden", scale=2.0**-14),
    "a concat not at its largest scale": lambda: with_tensor(INTEGER, "features_in", scale=2.0**-11),
    "a concat scale that is no power of two": lambda: with_tensor(INTEGER, "features_in", scale=3 * 2.0**-13),
    "a concat scale below an input's": lambda: with_tensor(INTEGER, "features_out", scale=2.0**-15),
    "s16 weights": lambda: with_array(INTEGER, "head", "weight", lambda a: a.astype(np.int16)),
    "weight -128": lambda: with_array(INTEGER, "head", "weight", filled(-128)),
    "s64 bias": lambda: with_array(INTEGER, "memory", "bias_ih", lambda a: a.astype(np.int64)),
    "multiplier 0": lambda: with_array(INTEGER, "head", "multiplier", filled(0)),
    "multiplier below 2^30": lambda: with_array(INTEGER, "memory", "multiplier_hh", filled(2**30 - 1)),
    "shift 0": lambda: with_array(INTEGER, "head", "shift", filled(0)),
    "shift -17": lambda: with_array(INTEGER, "memory", "shift_ih", filled(-17)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_guard(what: str) -> None:
    with pytest.raises(GraphError) as caught:
        BROKEN[what]()
    assert "\n" not in str(caught.value)


def test_concat_shifts_bound_the_ratio() -> None:
    def joined(scale: float) -> Graph:
        tensors = {"a": Tensor("a", 1, 1.0), "b": Tensor("b", 1, scale), "c": Tensor("c", 2, 1.0)}
        return Graph("s8s16", ("a", "b"), ("c",), tensors, (Layer("join", "concat", ("a", "b"), "c"),))

    assert graphs.concat_shifts(joined(2.0**-15).tensors, joined(2.0**-15).layers[0]) == (0, 15)
    for scale in (2.0**-16, 5e-324, 0.3):
        with pytest.raises(GraphError, match="scale"):
            joined(scale)


widths = st.builds(Widths, *[st.integers(1, 9)] * 5)


@given(st.integers(0, 2**32), widths, st.booleans())
@settings(max_examples=30)
def test_manifest_round_trip_keeps_the_hash(seed: int, widths: Widths, integer: bool) -> None:
    graph = random_graph(seed, widths, integer=integer)
    manifest = json.loads(json.dumps(graphs.to_manifest(graph)))
    again = graphs.from_manifest(manifest, graphs.named_arrays(graph))
    assert graphs.to_manifest(again) == graphs.to_manifest(graph)
    assert graphs.graph_hash(again) == graphs.graph_hash(graph)


def test_hash_sees_every_array_and_name() -> None:
    hashes = {graphs.graph_hash(FLOAT), graphs.graph_hash(replace(FLOAT, parent="0" * 64))}
    for key in graphs.named_arrays(INTEGER):
        layer, name = key.split(".")
        low = {"m": -1, "s": -1}.get(name[0], 1)

        def nudge(array: np.ndarray, low: int = low) -> np.ndarray:
            array.flat[0] += low if array.flat[0] + low != -17 and abs(int(array.flat[0]) + low) != 128 else -low
            return array

        hashes.add(graphs.graph_hash(with_array(INTEGER, layer, name, nudge)))
    assert len(hashes) == 2 + len(graphs.named_arrays(INTEGER))


@pytest.mark.parametrize("key", ["number_format", "inputs", "outputs", "tensors", "layers", "parent"])
@pytest.mark.parametrize("value", [None, 3, "x", [], [[]], {"a": 1}, [{"name": []}]])
def test_malformed_manifest_is_a_graph_error(key: str, value: object) -> None:
    manifest = graphs.to_manifest(FLOAT)
    if key == "parent" and value is None:
        manifest.pop(key)
    else:
        manifest[key] = value
    with pytest.raises(GraphError):
        graphs.from_manifest(manifest, graphs.named_arrays(FLOAT))


def test_manifest_refuses_two_tensors_of_one_name_and_arrays_of_no_layer() -> None:
    manifest = graphs.to_manifest(FLOAT)
    manifest["tensors"].append(manifest["tensors"][0])
    with pytest.raises(GraphError, match="share a name"):
        graphs.from_manifest(manifest, graphs.named_arrays(FLOAT))
    arrays = graphs.named_arrays(FLOAT) | {"head.extra": np.zeros(1)}
    with pytest.raises(GraphError, match="belong to no layer"):
        graphs.from_manifest(graphs.to_manifest(FLOAT), arrays)


def test_parameter_counts_are_those_of_the_specification() -> None:
    assert random_graph(0, Widths(128, 128, 128, 128, 128)).parameter_count == 258_386
    assert random_graph(0, Widths(), integer=True).parameter_count == 27_634
