# SPDX-License-Identifier: MIT
"""The neural source-filter in torch: equal to its graph, to the source's oracle and to itself block by block."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from lottava.training.generators.base import Controls, play
from lottava.training.generators.nsf import NSF
from lottava.training.generators.nsf_graph import NsfShape, shape_from_dict, uniform
from lottava.training.generators.nsf_voice import (
    FIT,
    NANO,
    PARENT,
    NSFFamily,
    NSFVoice,
    conditions,
    double_rate,
    increments,
    render_source,
    silent_source,
)
from lottava.training.reduction.blocks import blocks, without
from lottava.training.slim import from_graph, model_of, to_graph

from lottava import nsf_source, reference, upsample
from lottava.graph import Graph, GraphError, graph_hash

HOP = 192
FAMILY = NSFFamily()
SMALL = uniform(hidden=4, blocks=1, layers=2, noise_layers=1)


def network(shape: NsfShape = NANO, seed: int = 0) -> NSF:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NSF(shape)


def controls_of(batch: int, frames: int, seed: int) -> Controls:
    generator = torch.Generator().manual_seed(seed)
    pitch = 4 * torch.rand(batch, frames, generator=generator) - 2
    loudness = 2 * torch.rand(batch, frames, generator=generator) - 1
    axes = 2 * torch.rand(batch, frames, 4, generator=generator) - 1
    return Controls(pitch, loudness, axes)


def excitation_of(batch: int, frames: int) -> torch.Tensor:
    return torch.as_tensor(FAMILY.excitation(batch * frames * HOP)).view(batch, -1)


def test_parameter_counts_are_those_of_the_specification() -> None:
    assert FIT.parameter_count == 7_789
    assert PARENT.parameter_count == 86_281
    for shape in (FIT, PARENT, NANO, SMALL):
        assert sum(p.numel() for p in network(shape).parameters()) == shape.parameter_count


def test_fit_and_parent_share_what_is_never_trimmed() -> None:
    graphs = [to_graph(network(shape)) for shape in (FIT, PARENT)]
    for name in ("source", "noise", "condition", "trunk", "audio", "harmonic0_bottleneck", "breath_bottleneck"):
        assert len({graph.tensors[name].size for graph in graphs}) == 1
    assert {layer.name for layer in graphs[0].layers} < {layer.name for layer in graphs[1].layers}


@settings(deadline=None, max_examples=6)
@given(seed=st.integers(0, 999), activation=st.sampled_from(["tanh", "hard_tanh"]))
def test_oracle_on_the_graph_equals_torch(seed: int, activation: str) -> None:
    model = network(uniform(5, 2, 3, 1, 7, activation), seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    inputs = FAMILY.graph_inputs(model, controls_of(1, 3, seed), excitation_of(1, 3))
    expected = reference.run(to_graph(model), {name: value[0] for name, value in inputs.items()})["audio"]
    with torch.no_grad():
        source, noise, condition = (torch.as_tensor(value) for value in inputs.values())
        audio, _ = model(source[..., 0], noise[..., 0], condition)
    np.testing.assert_allclose(audio[0].numpy(), expected[:, 0], rtol=0, atol=1e-5)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 999))
def test_source_and_noise_are_the_oracles(seed: int) -> None:
    model, played = network(SMALL, seed), controls_of(1, 6, seed)
    with torch.no_grad():
        model.merge.weight.normal_(0.0, 3.0)
        step = increments(played.pitch)
        source, noise, _ = render_source(
            model.merge, step, excitation_of(1, 6), silent_source(step[:, 0], torch.float32)
        )
    merge = nsf_source.Merge(model.merge.weight.detach().double().numpy(), float(model.merge.bias.detach()))
    frames = [(nsf_source.SourceFrame(int(one), 1.0), 96) for one in step[0]]
    expected, expected_noise, _ = nsf_source.render(frames, merge)
    np.testing.assert_allclose(source[0].numpy(), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(noise[0].numpy(), expected_noise, rtol=0, atol=1e-6)


def test_doubling_is_the_oracles_but_for_rounding() -> None:
    codes = np.random.default_rng(0).integers(-(2**15), 2**15, 300).astype(np.int16)
    expected, _ = upsample.upsample(codes, 2)
    audio = torch.as_tensor(codes * 2.0**-15, dtype=torch.float32)[None]
    silence = torch.zeros(1, upsample.WINDOW - 1)
    whole, _ = double_rate(audio, silence)
    np.testing.assert_allclose(whole[0].numpy(), expected, rtol=0, atol=1e-5)
    first, history = double_rate(audio[:, :7], silence)
    second, _ = double_rate(audio[:, 7:], history)
    torch.testing.assert_close(torch.cat((first, second), dim=1), whole, atol=1e-6, rtol=0)


@settings(deadline=None, max_examples=5)
@given(blocks=st.lists(st.integers(1, 7), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_streaming_equals_offline(blocks: list[int], seed: int) -> None:
    frames = sum(blocks)
    voice, played, excitation = NSFVoice(network(SMALL, seed)), controls_of(2, frames, seed), excitation_of(2, frames)
    with torch.no_grad():
        offline = play(voice, excitation, played, [frames])
        torch.testing.assert_close(play(voice, excitation, played, blocks), offline, atol=1e-5, rtol=0)


@settings(deadline=None, max_examples=4)
@given(frame=st.integers(0, 9))
def test_the_past_never_hears_the_future(frame: int) -> None:
    one, other = controls_of(1, 10, 3), controls_of(1, 10, 4)
    changed = Controls(*(torch.cat((a[:, :frame], b[:, frame:]), dim=1) for a, b in zip(one, other, strict=True)))
    with torch.no_grad():
        first, second = (play(NSFVoice(network(SMALL)), excitation_of(1, 10), c, [10]) for c in (one, changed))
    assert torch.equal(first[:, : frame * HOP], second[:, : frame * HOP])


def test_a_new_pitch_is_reached_at_the_end_of_its_frame_as_on_the_module() -> None:
    model, steady = network(), controls_of(1, 8, 0)
    steady = steady._replace(pitch=torch.zeros(1, 8))
    with torch.no_grad():
        step = increments(steady.pitch)
        sines = 2 * np.pi * np.cumsum(np.full(8 * 96, int(step[0, 0]) / 2**32))
        source, _, _ = render_source(
            model.merge, step, torch.zeros(1, 8 * HOP), silent_source(step[:, 0], torch.float32)
        )
    found = np.corrcoef(source[0, 96:].numpy(), np.sin(sines - sines[0])[96:])[0, 1]
    assert found > 0.7, "the first sine stands out"


def test_free_run_is_finite_and_bounded_at_extreme_weights() -> None:
    model = network()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(30.0)
        audio = play(NSFVoice(model), excitation_of(1, 100), controls_of(1, 100, 1), [100])
    assert torch.isfinite(audio).all() and audio.abs().max() < 5.0


def test_conditions_fit_their_codes_at_any_controls() -> None:
    wild = Controls(*(torch.full(shape, 9.0) for shape in ((1, 2), (1, 2), (1, 2, 4))))
    found = conditions(wild)
    assert found.shape == (1, 2, 10) and found.abs().max() < 2.0


def assert_equals_its_graph(model: NSF, graph: Graph, seed: int) -> None:
    inputs = FAMILY.graph_inputs(model, controls_of(1, 1, seed), excitation_of(1, 1))
    expected = reference.run(graph, {name: value[0] for name, value in inputs.items()})["audio"]
    with torch.no_grad():
        source, noise, condition = (torch.as_tensor(value) for value in inputs.values())
        audio, _ = model(source[..., 0], noise[..., 0], condition)
    np.testing.assert_allclose(audio[0].numpy(), expected[:, 0], rtol=0, atol=1e-5)


@settings(deadline=None, max_examples=10, phases=[Phase.generate])
@given(seed=st.integers(0, 99), data=st.data())
def test_layers_and_blocks_may_go_whole(seed: int, data: st.DataObject) -> None:
    model = network(uniform(4, 2, 3, 2), seed)
    graph = to_graph(model)
    for _ in range(data.draw(st.integers(1, 4))):
        names = [layer.name for layer in graph.layers if "_bend" in layer.name]
        ends = [layer.name for layer in graph.layers if layer.name.endswith("_shape")]
        names += ends if len(ends) > 1 else []
        part = data.draw(st.sampled_from(names)) if names else None
        found = [block for block in blocks(graph).values() if part in block.layers and part is not None]
        graph = without(graph, min(found, key=lambda block: len(block.layers))) if found else graph
    outside = {name: value for name, value in model.state_dict().items() if name in FAMILY.outside}
    left = from_graph(graph, outside)
    assert_equals_its_graph(left, graph, seed)
    assert shape_from_dict(left.widths.as_dict()) == left.widths == FAMILY.widths_of(left.state_dict())
    assert left.widths.parameter_count == sum(p.numel() for p in left.parameters())
    again = model_of(left.state_dict())
    assert graph_hash(to_graph(again)) == graph_hash(to_graph(left))


def test_a_layer_may_go_with_its_context() -> None:
    model = network(uniform(4, 1, 3, 1))
    left = model_of({name: value for name, value in model.state_dict().items() if name != "harmonic0_conv1.weight"})
    assert left.widths.harmonic[0].layers == (0, 2) and left.widths.harmonic[0].held == ()
    assert_equals_its_graph(left, to_graph(left), 0)


def test_there_and_back_keeps_every_weight() -> None:
    model = network(uniform(4, 1, 2, 1, activation="hard_tanh"))
    graph = to_graph(model, parent="0" * 64)
    outside = {name: value for name, value in model.state_dict().items() if name in FAMILY.outside}
    back = from_graph(graph, outside)
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in back.state_dict().items())
    assert graph_hash(to_graph(back, parent="0" * 64)) == graph_hash(graph)
    with pytest.raises(GraphError, match="not one of the family 'nsf'"):
        from_graph(graph)
