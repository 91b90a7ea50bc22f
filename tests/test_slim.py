# SPDX-License-Identifier: MIT
"""The decoder as a Graph: same output, same weights, there and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.generators.ddsp import DDSP, Widths
from lottava.training.slim import from_graph, model_of, to_graph

from lottava import reference
from lottava.graph import Graph, GraphError, Tensor, graph_hash


def decoder(widths: Widths, seed: int = 0) -> DDSP:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return DDSP(widths)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(1, 9), min_size=5, max_size=5), st.integers(0, 1000))
def test_oracle_on_the_graph_equals_torch(sizes, seed):
    model = decoder(Widths(*sizes), seed)
    rng = np.random.default_rng(seed)
    inputs = {name: rng.uniform(-1, 1, (25, size)) for name, size in (("pitch", 1), ("loudness", 1), ("axes", 4))}
    expected = reference.run(to_graph(model), inputs)["controls"]
    with torch.no_grad():
        controls, _ = model(*(torch.tensor(value, dtype=torch.float32)[None] for value in inputs.values()))
    assert np.allclose(controls[0].numpy(), expected, rtol=0, atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(1, 9), min_size=5, max_size=5))
def test_there_and_back_keeps_every_weight(sizes):
    model = decoder(Widths(*sizes))
    graph = to_graph(model, parent="0" * 64)
    back = from_graph(graph)
    assert back.widths == model.widths
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in back.state_dict().items())
    assert graph_hash(to_graph(back, parent="0" * 64)) == graph_hash(graph)


def test_a_graph_counts_the_same_parameters_and_does_not_share_memory():
    model = decoder(Widths.uniform(8))
    graph = to_graph(model)
    before = graph_hash(graph)
    with torch.no_grad():
        model.head.weight.zero_()
    assert graph.parameter_count == model.widths.parameter_count
    assert graph_hash(graph) == before


def test_model_of_keeps_the_number_type():
    model = decoder(Widths.uniform(4)).double()
    assert model_of(model.state_dict()).head.weight.dtype == torch.float64


def test_another_graph_is_refused():
    head = to_graph(decoder(Widths.uniform(4))).layers[-1]
    sizes = {"out_features": 4, "controls": 82}
    tensors = {name: Tensor(name, size) for name, size in sizes.items()}
    graph = Graph("f32", ("out_features",), ("controls",), tensors, (head,))
    with pytest.raises(GraphError, match="no family"):
        from_graph(graph)
