# SPDX-License-Identifier: MIT
"""Small graphs with something to learn, for tests of reduction methods."""

from __future__ import annotations

import numpy as np
import torch
from lottava.training.generators.topologies import NsfWidths, nsf_graph
from lottava.training.reduction.forward import arrays_of, forward
from lottava.training.reduction.graph_trim import with_arrays
from lottava.training.reduction.task import Example, Task

from lottava.builder import Builder, random_arrays
from lottava.graph import Graph


def decoder_graph(hidden: int = 8, features: int = 8, seed: int = 0) -> Graph:
    """A DDSP decoder in little: dense, GRU, concat, dense, at one rate."""
    builder = Builder(random_arrays(np.random.default_rng(seed)))
    builder.input("x", 3)
    builder.layer("features", "dense", "x", features, activation="relu")
    builder.layer("memory", "gru", "features", hidden)
    builder.layer("both", "concat", ["memory", "features"])
    builder.layer("out", "dense", "both", features, activation="relu")
    builder.layer("y", "dense", "out", 2)
    return builder.graph("y")


def filter_graph(seed: int = 0) -> Graph:
    """An NSF in little: two rates, residual dilated blocks."""
    return nsf_graph(NsfWidths(hidden=8, blocks=1, layers=2, noise_layers=1, trunk=8), np.random.default_rng(seed))


def squares(name: str, goal: torch.Tensor):
    return lambda tensors: (tensors[name] - goal).square().mean()


def examples_for(graph: Graph, seed: int, *, count: int = 2, batch: int = 2, pieces: int = 0) -> tuple[Example, ...]:
    """Random inputs, and what a teacher of the same structure but other weights makes of them."""
    rng = np.random.default_rng(seed)
    teacher = {name: 1.2 * value for name, value in arrays_of(decoy(graph, seed + 1)).items()}
    output, found = graph.outputs[0], []
    columns = dict.fromkeys(graph.inputs, (pieces or (8 if graph.largest_period == 1 else 1)) * graph.largest_period)
    for _ in range(count):
        inputs = {
            name: torch.from_numpy(
                rng.normal(0, 0.7, (batch, columns[name] // graph.tensors[name].period, graph.tensors[name].size))
            )
            for name in graph.inputs
        }
        goal = forward(graph, teacher, inputs)[output].detach()
        frames = goal[:, :: graph.largest_period] if graph.largest_period > 1 else goal
        noisy = frames.numpy() + 0.01 * rng.normal(size=frames.shape)
        found.append(Example(inputs, squares(output, goal), noisy))
    return tuple(found)


def decoy(graph: Graph, seed: int) -> Graph:
    """Other random weights of the same shapes."""
    rng = np.random.default_rng(seed)
    arrays = random_arrays(rng)
    layers = [
        layer
        if not layer.arrays
        else type(layer)(
            layer.name,
            layer.kind,
            layer.inputs,
            layer.output,
            layer.activation,
            arrays(layer, {name: array.shape for name, array in layer.arrays.items()}),
            layer.options,
        )
        for layer in graph.layers
    ]
    return type(graph)(graph.number_format, graph.inputs, graph.outputs, graph.tensors, tuple(layers), graph.parent)


def decoder_task(seed: int = 0) -> Task:
    graph = decoder_graph(seed=seed)
    return Task(graph, examples_for(graph, seed))


def filter_task(seed: int = 0) -> Task:
    graph = filter_graph(seed)
    return Task(graph, examples_for(graph, seed, batch=1))


def planted_task(seed: int = 0) -> tuple[Task, int]:
    """One layer whose units read the input that matters, but for one that reads noise."""
    builder = Builder(random_arrays(np.random.default_rng(5)))
    builder.input("x", 2)
    builder.layer("a", "dense", "x", 5)
    builder.layer("y", "dense", "a", 1)
    graph, unit, rng = builder.graph("y"), 3, np.random.default_rng(seed)
    weight = np.zeros((5, 2), np.float32)
    weight[:, 0], weight[unit] = np.linspace(1, 2, 5), (0.0, 5.0)
    inputs = {"x": torch.from_numpy(rng.normal(size=(4, 250, 2)))}
    goal = inputs["x"][..., :1] + 0.1 * torch.from_numpy(rng.normal(size=(4, 250, 1)))
    graph = with_arrays(graph, {"a.weight": weight})
    return Task(graph, (Example(inputs, squares("y", goal), goal.numpy()),)), unit
