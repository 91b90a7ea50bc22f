# SPDX-License-Identifier: MIT
"""The source-filter from training to the module: killed and resumed, in integers, quantised, and on the Cortex-M7."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.export import VoiceParameters, blob
from lottava.export.quantise import quantise, quantise_at
from lottava.training.analysis.integer import IntegerSamples, integer_voice
from lottava.training.analysis.render import graph_scales, render_inputs, representative_inputs, score_model
from lottava.training.checkpoint import Checkpoint
from lottava.training.configs import load_config
from lottava.training.generators import FAMILIES
from lottava.training.generators.base import Controls
from lottava.training.generators.nsf import NSF
from lottava.training.generators.nsf_graph import uniform
from lottava.training.integers import train_integers
from lottava.training.qat import FakeQuantNSF
from lottava.training.slim import model_of, to_graph
from lottava.training.train import new_model, train
from small_dataset import small_dataset

from lottava import reference
from lottava.graph import Graph
from lottava.scales import input_codes

CONFIG = load_config("nsf-nano")
DATASET = small_dataset(notes=4, frames=60)
SMALL = uniform(4, 1, 2, 1)


def network(seed: int, spread: float = 1.0) -> NSF:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = NSF(SMALL)
        with torch.no_grad():
            for name, value in model.named_parameters():
                if not name.startswith("merge"):
                    value.mul_(spread)
    return model


def played(model: NSF, frames: int, seed: int) -> dict[str, np.ndarray]:
    generator = torch.Generator().manual_seed(seed)
    values = [2 * torch.rand(1, frames, *size, generator=generator) - 1 for size in ((), (), (4,))]
    kind = FAMILIES["nsf"]
    return kind.graph_inputs(model, Controls(*values), torch.as_tensor(kind.excitation(frames * 192))[None])


def scales_of(model: NSF, inputs: dict[str, np.ndarray]) -> dict[str, float]:
    from lottava.scales import tensor_scales

    graph = to_graph(model)
    values = reference.run(graph, inputs, graph.tensors)
    return tensor_scales(graph, {name: float(np.abs(value).max()) for name, value in values.items()})


@settings(deadline=None, max_examples=6)
@given(seed=st.integers(0, 999), spread=st.sampled_from([0.5, 1.0, 2.0]))
def test_training_in_integers_computes_what_the_oracle_does(seed: int, spread: float) -> None:
    model = network(seed, spread)
    inputs = played(model, 2, seed)
    scales = scales_of(model, inputs)
    quantised = FakeQuantNSF(model, scales)
    with torch.no_grad():
        source, noise, condition = (torch.as_tensor(value) for value in inputs.values())
        audio, _ = quantised(source[..., 0], noise[..., 0], condition)
        halves = [slice(0, 96), slice(96, None)]
        first, memory = quantised(source[:, halves[0], 0], noise[:, halves[0], 0], condition[:, :1])
        second, _ = quantised(source[:, halves[1], 0], noise[:, halves[1], 0], condition[:, 1:], memory)
    graph = quantise_at(to_graph(quantised.snapped()), scales)
    expected = reference.run(graph, input_codes(inputs))["audio"][..., 0]
    np.testing.assert_array_equal(audio.numpy() * 2.0**15, expected)
    assert torch.equal(torch.cat((first, second), dim=1), audio)


def test_gradients_reach_the_merge_and_every_weight() -> None:
    model = network(0)
    quantised = FakeQuantNSF(model, scales_of(model, played(model, 2, 0)))
    crops = Controls(torch.zeros(1, 4), torch.zeros(1, 4), torch.zeros(1, 4, 4))
    rendering = FAMILIES["nsf"].studio(0, "cpu")(quantised, crops, 0, np.random.default_rng(0))
    rendering.audio.square().sum().backward()
    for name, value in quantised.named_parameters():
        assert value.grad is not None and torch.isfinite(value.grad).all(), name
    assert quantised.merge.weight.grad.abs().sum() > 0


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    model, encoder = new_model(CONFIG, DATASET)
    return train(model, encoder, DATASET, CONFIG, tmp_path_factory.mktemp("nsf"))


def test_a_killed_training_resumes_with_the_same_bits(trained: Checkpoint, tmp_path: Path) -> None:
    def stop(done) -> None:  # type: ignore[no-untyped-def]
        if done.step == 4:
            raise KeyboardInterrupt

    model, encoder = new_model(CONFIG, DATASET)
    with pytest.raises(KeyboardInterrupt):
        train(model, encoder, DATASET, CONFIG, tmp_path, progress=stop)
    model, encoder = new_model(CONFIG, DATASET)
    last = train(model, encoder, DATASET, CONFIG, tmp_path)
    assert all(torch.equal(value, last.model[name]) for name, value in trained.model.items())


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    losses: list[float] = []
    model, encoder = new_model(CONFIG, DATASET)
    train(model, encoder, DATASET, replace(CONFIG, steps=30), tmp_path, progress=lambda now: losses.append(now.loss))
    assert np.mean(losses[-8:]) < 0.9 * np.mean(losses[:4])


@pytest.fixture(scope="module")
def made(trained: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> tuple[NSF, Graph]:
    """The network after a few steps in integers, and its integer graph."""
    short = replace(CONFIG, steps=2)
    model = train_integers(
        model_of(trained.model), trained.encoder, DATASET, short, tmp_path_factory.mktemp("integers")
    )
    graph, report = quantise(to_graph(model), representative_inputs(model, DATASET), correct_bias=False)
    assert report.end_to_end[0].snr_db > 30.0
    assert {name: tensor.scale for name, tensor in graph.tensors.items()} == graph_scales(model, DATASET)
    return model, graph


def test_the_integer_voice_sounds_as_the_float_one(made: tuple[NSF, Graph]) -> None:
    model, graph = made
    clip = DATASET.heldout[0]
    inputs = {"pitch": np.zeros((1, 20, 1)), "loudness": np.zeros((1, 20, 1)), "axes": np.zeros((1, 20, 4))}
    voice = integer_voice(graph, model)
    assert isinstance(voice, IntegerSamples)
    exact, integer = render_inputs(model, inputs), voice.render(inputs)
    assert exact.shape == integer.shape == (1, 20 * 192)
    assert np.sqrt(np.mean((exact - integer) ** 2)) < 0.03 * np.sqrt(np.mean(exact**2))
    whole, scored = score_model(model, DATASET, [clip]), voice.score(DATASET, [clip])
    assert scored.mrstft == pytest.approx(whole.mrstft, rel=0.1)


def test_the_trained_network_is_bit_exact_on_the_cortex_m7(made: tuple[NSF, Graph]) -> None:
    pytest.importorskip("unicorn")
    from lottava.emulator import Machine, build_image
    from lottava.emulator.network import MachineNetwork

    model, graph = made
    codes = {name: value[0] for name, value in input_codes(played(model, 4, 7)).items()}
    image = Machine(build_image())
    arenas = [
        (image.address("_ZN12_GLOBAL__N_15dtcm_E"), 80 << 10),
        (image.address("_ZN12_GLOBAL__N_14axi_E"), 448 << 10),
    ]
    data = blob.to_bytes(graph, VoiceParameters(), block=24)
    found, _ = MachineNetwork(image, graph, data, arenas=arenas).run(codes, [24, 16, 7], ticks=4 * 96)
    np.testing.assert_array_equal(found["audio"], reference.run(graph, codes)["audio"])
