# SPDX-License-Identifier: MIT
"""What every family of generators owes to training, reduction and export, checked for each of them."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from lottava.training.configs import ConfigError, from_dict, load_config
from lottava.training.generators import FAMILIES
from lottava.training.generators.base import Controls, play
from lottava.training.generators.family import FamilyError, Network, graph_name
from lottava.training.generators.registry import family, family_of, family_of_graph, family_of_state
from lottava.training.slim import model_of, to_graph

from lottava import reference
from lottava.graph import Graph as Network_Graph
from lottava.graph import GraphError, Tensor, graph_hash

KEYS = sorted(FAMILIES)
FRAMES = 3


def nano(key: str, seed: int = 0) -> Network:
    torch.manual_seed(seed)
    return FAMILIES[key].build(FAMILIES[key].configs["nano"])


def played(batch: int) -> Controls:
    generator = torch.Generator().manual_seed(0)
    values = [2 * torch.rand(batch, FRAMES, *size, generator=generator) - 1 for size in ((), (), (4,))]
    return Controls(*values)


def excitation(key: str, batch: int) -> torch.Tensor:
    return torch.as_tensor(FAMILIES[key].excitation(192 * FRAMES * batch)).view(batch, -1)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("config", ["parent", "fit", "nano"])
def test_sizes_survive_json_and_count_what_is_trained(key: str, config: str) -> None:
    kind = FAMILIES[key]
    widths = kind.configs[config]
    assert kind.widths(json.loads(json.dumps(widths.as_dict()))) == widths
    model = kind.build(widths)
    assert model.widths == widths and model.family == key == kind.key
    assert sum(p.numel() for p in model.parameters()) == widths.parameter_count


@pytest.mark.parametrize("key", KEYS)
def test_a_network_its_state_and_its_graph_name_their_family(key: str) -> None:
    model = nano(key)
    kind = FAMILIES[key]
    assert family(key) is family_of(model) is family_of_state(model.state_dict()) is family_of_graph(to_graph(model))
    assert kind.widths_of(model.state_dict()) == model.widths


@pytest.mark.parametrize("key", KEYS)
def test_a_state_makes_the_same_network_again(key: str) -> None:
    model = nano(key).double()
    again = model_of(model.state_dict())
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())
    assert next(again.parameters()).dtype == torch.float64
    assert graph_hash(to_graph(again)) == graph_hash(to_graph(model))


@pytest.mark.parametrize("key", KEYS)
def test_entries_of_a_state_are_arrays_of_the_graph_or_named_as_outside(key: str) -> None:
    kind, model = FAMILIES[key], nano(key)
    shapes = {f"{layer.name}.{name}": a.shape for layer in to_graph(model).layers for name, a in layer.arrays.items()}
    for name, value in model.state_dict().items():
        if name in kind.outside:
            assert graph_name(name) not in shapes
        else:
            assert shapes[graph_name(name)] == tuple(value.shape), name


@pytest.mark.parametrize("key", KEYS)
def test_the_graph_takes_what_the_family_gives_it(key: str) -> None:
    kind, model = FAMILIES[key], nano(key)
    inputs = kind.graph_inputs(model, played(2), excitation(key, 2))
    graph = to_graph(model)
    assert tuple(inputs) == graph.inputs == kind.inputs and graph.outputs == kind.outputs
    for name, columns in reference.run(graph, inputs).items():
        assert columns.shape[0] == 2 and np.all(np.isfinite(columns)), name


@pytest.mark.parametrize("key", KEYS)
def test_a_voice_plays_192_samples_a_frame_and_a_studio_renders_at_the_familys_rate(key: str) -> None:
    kind, model = FAMILIES[key], nano(key)
    with torch.no_grad():
        audio = play(kind.voice(model), excitation(key, 2), played(2), [1, 2])
    assert audio.shape == (2, 192 * FRAMES)
    crops, probes = played(3), 1 if kind.probed else 0
    rendering = kind.studio(0, "cpu")(model, crops, probes, np.random.default_rng(0))
    assert rendering.audio.shape == (3 - probes, FRAMES * kind.rate_hz // 250)
    assert (rendering.before is not None) == kind.probed
    rendering.audio.square().sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize("key", KEYS)
def test_an_axis_that_was_cut_is_not_heard(key: str) -> None:
    kind, model = FAMILIES[key], nano(key)
    kind.cut_axis(model, 2)
    one = played(1)
    other = one._replace(axes=one.axes * torch.tensor([1.0, 1.0, -1.0, 1.0]))
    with torch.no_grad():
        first, second = (play(kind.voice(model), excitation(key, 1), c, [FRAMES]) for c in (one, other))
        heard = play(kind.voice(nano(key)), excitation(key, 1), other, [FRAMES])
        before = play(kind.voice(nano(key)), excitation(key, 1), one, [FRAMES])
    assert torch.equal(first, second) and not torch.equal(heard, before)


@pytest.mark.parametrize("key", KEYS)
def test_narrower_networks_learn_faster(key: str) -> None:
    kind = FAMILIES[key]
    assert 0.1 < kind.rate_scale(kind.configs["parent"]) < kind.rate_scale(kind.configs["nano"]) < 10.0


def test_what_is_of_no_family_is_refused() -> None:
    with pytest.raises(FamilyError, match="no family 'wavenett'"):
        family("wavenett")
    with pytest.raises(FamilyError, match="no family"):
        family_of_state({"weight": torch.zeros(1)})
    graph = to_graph(nano("ddsp"))
    renamed = Network_Graph(
        "f32",
        ("features_in",),
        ("hidden",),
        {name: Tensor(name, graph.tensors[name].size) for name in ("features_in", "hidden")},
        graph.layers[4:5],
    )
    with pytest.raises(GraphError, match="no family"):
        family_of_graph(renamed)
    with pytest.raises(ConfigError, match="no family"):
        from_dict(load_config("nano").as_dict() | {"family": "wavenett"})


def test_the_shapes_of_the_sample_rate_families_load_without_torch() -> None:
    code = "import sys, lottava.training.generators.topologies; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
