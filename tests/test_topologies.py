# SPDX-License-Identifier: MIT
"""The NSF and WaveNet fit graphs: parameters of the specification, signals that live, slow controls that matter."""

from __future__ import annotations

import numpy as np
import pytest
from lottava.training.generators import nsf_graph as layers
from lottava.training.generators import topologies
from lottava.training.generators.topologies import NsfWidths, WavenetWidths, nsf_graph, wavenet_graph

from lottava import reference, scales
from lottava.graph import Graph

GRAPHS = {"nsf": nsf_graph(), "wavenet": wavenet_graph(), "wavenet, one skip": wavenet_graph(one_skip=True)}


def weights(graph: Graph) -> dict[str, int]:
    return {layer.name: layer.arrays["weight"].size for layer in graph.layers if "weight" in layer.arrays}


@pytest.mark.parametrize("widths", [NsfWidths(), NsfWidths(hidden=5, blocks=1, layers=3, noise_layers=1, trunk=7)])
def test_nsf_has_the_parameters_of_its_formula(widths: NsfWidths) -> None:
    graph = nsf_graph(widths)
    biases = sum(np.count_nonzero(layer.arrays["bias"]) for layer in graph.layers if layer.arrays)
    inside = sum(weights(graph).values()) + biases - 2 * layers.SPLIT_TAPS
    assert inside + layers.SOURCE_MERGE_PARAMETERS == topologies.nsf_parameter_count(widths)


@pytest.mark.parametrize("widths", [WavenetWidths(), WavenetWidths(3, 5, 7, 2)])
def test_wavenet_has_the_parameters_of_its_formula(widths: WavenetWidths) -> None:
    assert wavenet_graph(widths).parameter_count == topologies.wavenet_parameter_count(widths)


def test_the_counts_are_those_of_the_specification() -> None:
    assert topologies.nsf_parameter_count() == 7_789
    assert topologies.wavenet_parameter_count() == 10_038
    assert topologies.wavenet_parameter_count(WavenetWidths(32, 32, 32)) == 69_862


@pytest.mark.parametrize("name", GRAPHS)
def test_signals_live_through_the_whole_graph(name: str) -> None:
    graph = GRAPHS[name]
    inputs = topologies.playing_inputs(graph, 300, np.random.default_rng(1))
    values = reference.run(graph, inputs, graph.tensors)
    for tensor, value in values.items():
        assert np.all(np.isfinite(value))
        assert 1e-3 < np.std(value) < 30.0, tensor
    peaks = {tensor: float(np.max(np.abs(value))) for tensor, value in values.items()}
    chosen = scales.tensor_scales(graph, peaks)
    assert all(np.log2(scale).is_integer() for scale in chosen.values())
    assert not {tensor for tensor, peak in peaks.items() if peak > chosen[tensor] * 2**15}


@pytest.mark.parametrize("name", GRAPHS)
def test_another_condition_changes_nothing_before_its_column(name: str) -> None:
    graph = GRAPHS[name]
    period = graph.tensors["condition"].period
    inputs = topologies.playing_inputs(graph, 2 * period, np.random.default_rng(2))
    other = dict(inputs) | {"condition": inputs["condition"] * [[1.0], [-1.0]]}
    a, b = (reference.run(graph, x)[graph.outputs[0]] for x in (inputs, other))
    np.testing.assert_array_equal(a[:period], b[:period])
    assert np.any(a[period:] != b[period:])


def test_split_filters_add_up_to_a_delay() -> None:
    low, high = layers.split_filters()
    np.testing.assert_allclose(low + high, np.eye(layers.SPLIT_TAPS)[layers.SPLIT_TAPS // 2], atol=1e-6)
    assert low.sum() == pytest.approx(1.0, abs=1e-6)


def test_one_skip_is_the_sum_of_skips() -> None:
    many, one = wavenet_graph(WavenetWidths(4, 4, 4, 5)), wavenet_graph(WavenetWidths(4, 4, 4, 5), one_skip=True)
    arrays = {layer.name: dict(layer.arrays) for layer in many.layers}
    skips = [arrays[f"skip{j}"] for j in range(5)]
    arrays["skip"] = {"weight": np.concatenate([s["weight"] for s in skips], axis=1)}
    arrays["skip"]["bias"] = np.sum([s["bias"] for s in skips], axis=0, dtype=np.float32)
    for layer in one.layers:
        for name, array in layer.arrays.items():
            array[:] = arrays[layer.name][name]
    inputs = topologies.playing_inputs(one, 100, np.random.default_rng(0))
    np.testing.assert_allclose(
        reference.run(one, inputs)["mixture"], reference.run(many, inputs)["mixture"], rtol=1e-5, atol=1e-6
    )
