# SPDX-License-Identifier: MIT
"""Fake-quant graphs of every kind and rate: forward equals the oracle's integers, gradients reach every parameter."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from graphs import random_columns, random_layer_graph, random_streaming_graph
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lottava.export.quantise import QuantisationError, quantise, quantise_at
from lottava.training.generators import topologies
from lottava.training.qat import FakeQuantGraph
from streaming import random_peaks

from lottava import reference
from lottava.fixedpoint import quantise_s16
from lottava.graph import PRODUCTS, Graph, GraphError
from lottava.scales import tensor_scales

BATCH = 2


def tensors(inputs: dict[str, np.ndarray], gradient: bool = False) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value, requires_grad=gradient) for name, value in inputs.items()}


def crop(graph: Graph, seed: int, ticks: int = 24) -> dict[str, np.ndarray]:
    """Real inputs over a whole number of the largest period."""
    whole = -(-ticks // graph.largest_period) * graph.largest_period
    return random_columns(graph, seed, whole, batch=(BATCH,))


def check(graph: Graph, seed: int, scales: dict[str, float]) -> None:
    inputs = crop(graph, seed)
    try:
        integer = quantise_at(graph, scales)
    except QuantisationError:
        assume(False)
    codes = {name: quantise_s16(value, scales[name]) for name, value in inputs.items()}
    expected = reference.run(integer, codes)
    with torch.no_grad():
        outputs, _ = FakeQuantGraph(graph, scales)(tensors(inputs))
    for name in graph.outputs:
        np.testing.assert_array_equal(outputs[name].numpy() / scales[name], expected[name])


@pytest.mark.parametrize("kind", PRODUCTS)
@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1e-3, 1.0, 4.0]))
def test_every_kind_equals_the_integer_oracle_bit_for_bit(kind: str, seed: int, spread: float) -> None:
    graph = random_layer_graph(seed, kind, spread=spread)
    check(graph, seed, tensor_scales(graph, random_peaks(graph, np.random.default_rng(seed))))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.3, 1.0, 2.5]))
def test_networks_of_several_rates_equal_the_integer_oracle(seed: int, spread: float) -> None:
    graph = random_streaming_graph(seed, spread=spread)
    check(graph, seed, tensor_scales(graph, random_peaks(graph, np.random.default_rng(seed))))


@pytest.mark.parametrize("make", [topologies.nsf_graph, topologies.wavenet_graph])
def test_fit_networks_equal_the_integer_oracle(make) -> None:  # type: ignore[no-untyped-def]
    graph = make()
    playing = topologies.playing_inputs(graph, graph.largest_period, np.random.default_rng(0))
    inputs = {name: value[None] for name, value in playing.items()}
    integer, _ = quantise(graph, inputs, correct_bias=False)
    scales = {name: tensor.scale or 0.0 for name, tensor in integer.tensors.items()}
    expected = reference.run(integer, {name: quantise_s16(value, scales[name]) for name, value in inputs.items()})
    outputs, _ = FakeQuantGraph(graph, scales)(tensors(inputs))
    for name in graph.outputs:
        np.testing.assert_array_equal(outputs[name].detach().numpy() / scales[name], expected[name])


@pytest.mark.parametrize("kind", PRODUCTS)
@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32))
def test_gradients_are_finite_and_reach_all_that_is_read(kind: str, seed: int) -> None:
    graph = random_layer_graph(seed, kind)
    inputs = tensors(crop(graph, seed), gradient=True)
    model = FakeQuantGraph(graph, tensor_scales(graph, dict.fromkeys(graph.tensors, 4.0)))
    outputs, _ = model(inputs)
    sum(
        ((value - 0.1) * torch.sin(1.0 + torch.arange(value.numel()).reshape(value.shape))).sum()
        for value in outputs.values()
    ).backward()
    read = {name for layer in graph.layers for name in layer.inputs}
    reached = [*model.parameters(), *(value for name, value in inputs.items() if name in read)]
    for value in reached:
        assert value.grad is not None and torch.all(torch.isfinite(value.grad)) and torch.any(value.grad != 0)


@pytest.mark.parametrize("kind", ["gru", "lstm"])
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.3, 2.0))
def test_gradients_of_cells_point_where_those_of_torch_do(kind: str, seed: int, spread: float) -> None:
    graph = random_layer_graph(seed, kind, spread=spread)
    (layer,), size = graph.layers, graph.tensors[graph.outputs[0]].size
    cell = (torch.nn.GRU if kind == "gru" else torch.nn.LSTM)(graph.tensors["x"].size, size, batch_first=True).double()
    cell.load_state_dict({f"{name}_l0": torch.tensor(array) for name, array in layer.arrays.items()})
    model = FakeQuantGraph(graph, tensor_scales(graph, {"x": 4.0}))
    codes, target = crop(graph, seed), torch.sin(torch.arange(24.0 * size)).reshape(24, size)
    inputs, gradients = {name: np.clip(np.rint(value * 2**12) / 2**12, -3.9, 3.9) for name, value in codes.items()}, []
    for run, parameters in (
        (lambda x: cell(x)[0], [dict(cell.named_parameters())[f"{name}_l0"] for name in layer.arrays]),
        (lambda x: model({"x": x})[0][graph.outputs[0]], [model.arrays[f"{layer.name}:{n}"] for n in layer.arrays]),
    ):
        x = torch.tensor(inputs["x"], requires_grad=True)
        (run(x)[:, :24] - target).square().sum().backward()
        gradients.append(torch.cat([value.grad.double().flatten() for value in (*parameters, x)]))
    exact, straight = gradients
    assert (exact - straight).norm() <= 0.05 * exact.norm()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_crops_follow_each_other_as_one(seed: int) -> None:
    graph = random_streaming_graph(seed)
    model, period = FakeQuantGraph(graph, tensor_scales(graph, dict.fromkeys(graph.tensors, 4.0))), graph.largest_period
    inputs = tensors(random_columns(graph, seed, 5 * period, batch=(BATCH,)))

    def between(start: int, stop: int) -> dict[str, torch.Tensor]:
        steps = {name: period // graph.tensors[name].period for name in inputs}
        return {name: value[:, start * steps[name] : stop * steps[name]] for name, value in inputs.items()}

    whole, _ = model(inputs)
    first, memory = model(between(0, 2))
    second, _ = model(between(2, 5), memory)
    for name in graph.outputs:
        assert torch.equal(torch.cat((first[name], second[name]), dim=1), whole[name])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["dense", "conv1d", "conv_transpose1d", "gated_conv1d", "gru", "lstm"]))
def test_snapped_weights_survive_quantising(seed: int, kind: str) -> None:
    graph = random_layer_graph(seed, kind)
    scales = tensor_scales(graph, dict.fromkeys(graph.tensors, 4.0))
    snapped = FakeQuantGraph(graph, scales).snapped()
    for before, after in zip(quantise_at(graph, scales).layers, quantise_at(snapped, scales).layers, strict=True):
        for name in (name for name in before.arrays if name.startswith("weight")):
            np.testing.assert_array_equal(before.arrays[name], after.arrays[name])


def test_a_few_steps_lower_the_integer_loss() -> None:
    graph = random_streaming_graph(11, layers=4)
    model = FakeQuantGraph(graph, tensor_scales(graph, dict.fromkeys(graph.tensors, 4.0)))
    inputs, optimiser, losses = tensors(crop(graph, 0)), torch.optim.Adam(model.parameters(), lr=2e-2), []
    for _ in range(15):
        optimiser.zero_grad()
        outputs, _ = model(inputs)
        loss = torch.stack([(value - 0.25).square().mean() for value in outputs.values()]).sum()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_what_can_not_be_trained_is_refused() -> None:
    with pytest.raises(GraphError, match="float parent"):
        FakeQuantGraph(random_layer_graph(0, "gru", integer=True))
    graph = random_streaming_graph(5)
    model = FakeQuantGraph(graph, tensor_scales(graph, dict.fromkeys(graph.tensors, 4.0)))
    inputs = tensors(crop(graph, 0))
    with pytest.raises(GraphError, match=r"inputs \['x'\] are missing"):
        model({"held": inputs["held"]})
    with pytest.raises(GraphError, match="same multiple"):
        model(inputs | {"x": inputs["x"][:, :-1]})
