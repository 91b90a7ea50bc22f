# SPDX-License-Identifier: MIT
"""A trained torch decoder as a float Graph, and back: one mapping of names, used in both directions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lottava.graph import Graph, GraphError, Layer, Tensor, named_arrays

from .generators.ddsp import DDSP, Widths

AXES = 4
"""BRIGHT, BREATH, BODY, WILD."""

_LAYERS = (
    ("pitch_mlp", "dense", ("pitch",), "pitch_features", "relu"),
    ("loudness_mlp", "dense", ("loudness",), "loudness_features", "relu"),
    ("axes_mlp", "dense", ("axes",), "axes_features", "relu"),
    ("features_in", "concat", ("pitch_features", "loudness_features", "axes_features"), "features_in", "none"),
    ("memory", "gru", ("features_in",), "hidden", "none"),
    ("features_out", "concat", ("hidden", "pitch_features", "loudness_features"), "features_out", "none"),
    ("out_mlp", "dense", ("features_out",), "out_features", "relu"),
    ("head", "dense", ("out_features",), "controls", "none"),
)
"""Name, kind, inputs, output and activation of each layer, in execution order."""

_GRU_ARRAYS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def graph_name(parameter: str) -> str:
    """Name in a Graph of a torch parameter: 'memory.weight_ih_l0' → 'memory.weight_ih'."""
    return parameter.removesuffix("_l0")


def torch_name(array: str) -> str:
    """Inverse of graph_name."""
    return f"{array}_l0" if array.split(".")[-1] in _GRU_ARRAYS else array


def to_graph(model: DDSP, parent: str | None = None) -> Graph:
    """The model's weights (as float32, copied) in a Graph; parent is the SHA-256 of what it was trained from."""
    arrays: dict[str, dict[str, np.ndarray]] = {name: {} for name, *_ in _LAYERS}
    for name, value in model.state_dict().items():
        layer, array = graph_name(name).split(".")
        arrays[layer][array] = value.detach().cpu().numpy().astype(np.float32)
    sizes = {"pitch": 1, "loudness": 1, "axes": AXES}
    layers = []
    for name, kind, inputs, output, activation in _LAYERS:
        if kind == "dense":
            sizes[output] = arrays[name]["bias"].shape[0]
        elif kind == "gru":
            sizes[output] = arrays[name]["bias_hh"].shape[0] // 3
        else:
            sizes[output] = sum(sizes[source] for source in inputs)
        layers.append(Layer(name, kind, inputs, output, activation, arrays[name]))
    tensors = {name: Tensor(name, size) for name, size in sizes.items()}
    return Graph("f32", ("pitch", "loudness", "axes"), ("controls",), tensors, tuple(layers), parent)


def widths_of(graph: Graph) -> Widths:
    """Widths of a Graph that to_graph wrote. Raises GraphError where its layers are not those of the decoder."""
    shape = [(layer.name, layer.kind, layer.inputs, layer.output, layer.activation) for layer in graph.layers]
    if shape != list(_LAYERS):
        raise GraphError("the graph is not a DDSP decoder: its layers differ from those training writes")
    names = ("pitch_features", "loudness_features", "axes_features", "hidden", "out_features")
    return Widths(*(graph.tensors[name].size for name in names))


def from_graph(graph: Graph) -> DDSP:
    """The torch model that a float Graph describes, float32, weights copied. Raises GraphError for any other graph."""
    if graph.number_format != "f32":
        raise GraphError(f"a {graph.number_format} graph can't be trained; give the float one")
    widths_of(graph)
    return model_of({torch_name(k): torch.tensor(v) for k, v in named_arrays(graph).items()})


def state_widths(state: Mapping[str, torch.Tensor]) -> Widths:
    """Widths of the decoder whose state_dict this is."""
    pitch, loudness, axes, out = (
        state[f"{name}.bias"].shape[0] for name in ("pitch_mlp", "loudness_mlp", "axes_mlp", "out_mlp")
    )
    return Widths(pitch, loudness, axes, state["memory.weight_hh_l0"].shape[1], out)


def model_of(state: Mapping[str, torch.Tensor]) -> DDSP:
    """The decoder whose state_dict this is: widths from the shapes, dtype and device from the tensors."""
    with torch.random.fork_rng(devices=[]):
        model = DDSP(state_widths(state))
    model.to(device=state["head.bias"].device, dtype=state["head.bias"].dtype)
    model.load_state_dict(state)
    return model
