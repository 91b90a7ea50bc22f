# SPDX-License-Identifier: MIT
"""Training: the same bits after a kill, checkpoints that can't be half written, refusals in plain words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.checkpoint import TrainingError, load_checkpoint
from lottava.training.configs import ConfigError, TrainConfig, from_dict, load_config
from lottava.training.crops import Crops, draws
from lottava.training.data.dataset import Dataset
from lottava.training.data.features import measure_descriptors, measure_loudness_db
from lottava.training.generators import FAMILIES
from lottava.training.generators.ddsp import DDSP, FIT, NANO, Widths
from lottava.training.probes import measure_controls, probe_loss
from lottava.training.synth import decode_controls, pitch_to_increment, render
from lottava.training.synth import init_state as synth_state
from lottava.training.train import LATEST, REWIND, Progress, learning_rate, new_model, train
from lottava.training.wild import encode_clip, kl_nats, measure_wild, sample_axis
from small_dataset import small_dataset

NANO_CONFIG = load_config("nano")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return small_dataset()


class Killed(Exception):
    """Stands for the power going at some step."""


def run(dataset: Dataset, config: TrainConfig, folder: Path, kill_at: int | None = None) -> dict[str, torch.Tensor]:
    def progress(done: Progress) -> None:
        if done.step == kill_at:
            raise Killed

    model, encoder = new_model(config, dataset)
    return train(model, encoder, dataset, config, folder, progress=progress).model


def assert_same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> None:
    for key, value in one.items():
        assert torch.equal(value, two[key]), key


@pytest.fixture(scope="module")
def whole(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    run(dataset, NANO_CONFIG, folder)
    return folder


@pytest.mark.parametrize("kill_at", [1, 4, 11])
def test_a_killed_run_resumes_with_the_same_bits(dataset: Dataset, whole: Path, tmp_path: Path, kill_at: int) -> None:
    with pytest.raises(Killed):
        run(dataset, NANO_CONFIG, tmp_path, kill_at)
    assert_same(run(dataset, NANO_CONFIG, tmp_path), load_checkpoint(whole / LATEST).model)
    rewinds = [load_checkpoint(folder / REWIND) for folder in (whole, tmp_path)]
    assert rewinds[0].step == NANO_CONFIG.rewind_step == 3
    assert_same(*(rewind.model for rewind in rewinds))


def test_a_finished_run_is_not_trained_again(dataset: Dataset, whole: Path) -> None:
    before = load_checkpoint(whole / LATEST).model
    assert_same(run(dataset, NANO_CONFIG, whole, kill_at=NANO_CONFIG.steps), before)


def test_ctrl_c_saves_and_a_rerun_goes_on(dataset: Dataset, whole: Path, tmp_path: Path) -> None:
    def interrupt(done: Progress) -> None:
        if done.step == 5:
            os.kill(os.getpid(), signal.SIGINT)

    model, encoder = new_model(NANO_CONFIG, dataset)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(model, encoder, dataset, NANO_CONFIG, tmp_path, progress=interrupt)
    assert load_checkpoint(tmp_path / LATEST).step == 5
    assert signal.getsignal(signal.SIGINT) is before
    assert_same(run(dataset, NANO_CONFIG, tmp_path), load_checkpoint(whole / LATEST).model)


def test_a_rewound_network_trains_from_its_step(dataset: Dataset, whole: Path, tmp_path: Path) -> None:
    rewind = load_checkpoint(whole / REWIND)
    steps = []
    model, encoder = rewind.build()
    train(
        model,
        encoder,
        dataset,
        NANO_CONFIG,
        tmp_path,
        first_step=rewind.step,
        progress=lambda done: steps.append(done.step),
    )
    assert steps == list(range(rewind.step + 1, NANO_CONFIG.steps + 1))
    assert not (tmp_path / REWIND).exists()


def test_training_brings_the_loss_down(dataset: Dataset, tmp_path: Path) -> None:
    losses = []
    config = replace(NANO_CONFIG, steps=40, save_every=100)
    model, encoder = new_model(config, dataset)
    train(model, encoder, dataset, config, tmp_path, progress=lambda done: losses.append(done.loss))
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:5])


def test_a_checkpoint_of_something_else_is_refused(dataset: Dataset, whole: Path) -> None:
    with pytest.raises(TrainingError, match="another configuration"):
        run(dataset, replace(NANO_CONFIG, seed=2), whole)
    with pytest.raises(TrainingError, match="another data"):
        run(replace(dataset, sha256="0"), NANO_CONFIG, whole)
    with pytest.raises(TrainingError, match="another network"):
        run(dataset, replace(NANO_CONFIG, parent=Widths(4, 4, 4, 4, 4)), whole)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(TrainingError, match=r"broken\.pt is not a readable checkpoint"):
        load_checkpoint(tmp_path / "broken.pt")


def test_a_loss_that_is_not_a_number_stops_and_keeps_the_checkpoint(dataset: Dataset, tmp_path: Path) -> None:
    model, encoder = new_model(NANO_CONFIG, dataset)

    def poison(done: Progress) -> None:
        if done.step == 4:
            with torch.no_grad():
                model.head.bias.fill_(float("nan"))

    with pytest.raises(TrainingError, match="broke down at step 4"):
        train(model, encoder, dataset, NANO_CONFIG, tmp_path, progress=poison)
    saved = load_checkpoint(tmp_path / LATEST)
    assert saved.step == 3 and torch.isfinite(saved.model["head.bias"]).all()


def test_an_axis_that_the_data_cannot_teach_has_no_say(dataset: Dataset, tmp_path: Path) -> None:
    deaf = replace(dataset, axis_learnable=(True, False, True))
    weights = run(deaf, NANO_CONFIG, tmp_path)["axes_mlp.weight"]
    assert (weights[:, 1] == 0).all() and (weights[:, 0] != 0).any()


@given(st.integers(0, 2**31), st.integers(0, 100_000))
@settings(max_examples=20, deadline=None)
def test_draws_depend_on_seed_and_step_alone(seed: int, step: int) -> None:
    assert draws(seed, step).random() == draws(seed, step).random() != draws(seed, step + 1).random()


def test_crops_hold_what_the_clips_hold_and_never_a_held_out_note(dataset: Dataset) -> None:
    crops = Crops.from_dataset(dataset, 20, "cpu")
    batch = crops.batch(draws(0, 0), 8)
    sounds = [clip.audio for clip in dataset.train]
    for audio, pitch in zip(batch.audio, batch.pitch, strict=True):
        found = [s for s in sounds if any(np.array_equal(s[i : i + 3840], audio) for i in range(0, len(s) - 3839, 192))]
        assert len(found) == 1
        assert len(torch.unique(pitch)) == 1


def test_clips_shorter_than_a_crop_end_in_silence(dataset: Dataset) -> None:
    crops = Crops.from_dataset(dataset, 400, "cpu")
    batch = crops.batch(draws(0, 0), 2)
    assert (batch.audio[:, 160 * 192 :] == 0).all() and (batch.loudness[:, 160:] == -1).all()


def test_nothing_to_train_on_is_said(dataset: Dataset) -> None:
    with pytest.raises(ValueError, match="all are held out"):
        Crops.from_dataset(replace(dataset, clips=dataset.heldout), 20, "cpu")


def test_learning_rate_rises_then_falls() -> None:
    config = load_config("demo")
    rates = [learning_rate(config, step) for step in range(config.steps + 1)]
    peak = int(np.argmax(rates))
    assert peak <= config.warmup_steps and rates[-1] == pytest.approx(config.final_learning_rate)
    assert np.all(np.diff(rates[:peak]) > 0) and np.all(np.diff(rates[peak:]) < 0)
    quarter = FAMILIES["ddsp"].rate_scale(Widths.uniform(32))
    assert learning_rate(config, 99, scale=quarter) == pytest.approx(2 * learning_rate(config, 99))


@pytest.mark.parametrize("name", ["demo", "factory", "full", "nano", "nsf", "nsf-wide", "nsf-full", "nsf-nano"])
def test_shipped_configurations_load_and_survive_a_round_trip(name: str) -> None:
    config = load_config(name)
    assert from_dict(config.as_dict() | {"parent": config.parent.as_dict()}) == config
    assert config.name == name


def test_parents_are_those_of_the_specification() -> None:
    assert load_config("demo").parent.parameter_count == 258_386
    assert FIT.parameter_count == 27_634 and load_config("nano").parent == NANO
    assert load_config("full").parent == FAMILIES["ddsp"].configs["parent"]
    for name, size in (("nsf", "fit"), ("nsf-full", "parent"), ("nsf-nano", "nano")):
        assert load_config(name).parent == FAMILIES["nsf"].configs[size]


def test_bad_configurations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration 'dmeo'"):
        load_config("dmeo")
    (tmp_path / "odd.toml").write_text("steps = ")
    with pytest.raises(ConfigError, match=r"odd\.toml is not valid TOML"):
        load_config(tmp_path / "odd.toml")
    with pytest.raises(ConfigError, match="lacks or does not know"):
        from_dict({"name": "x"})
    with pytest.raises(ConfigError, match="steps must be above 0"):
        replace(NANO_CONFIG, steps=0)
    with pytest.raises(ConfigError, match="probes must lie in"):
        replace(NANO_CONFIG, probes=3)


@given(st.floats(-3, 3), st.floats(-3, 3))
@settings(max_examples=20, deadline=None)
def test_kl_is_zero_only_for_the_prior(mean: float, log_variance: float) -> None:
    value = float(kl_nats(torch.tensor([mean]), torch.tensor([log_variance])))
    assert value >= -1e-6
    assert float(kl_nats(torch.zeros(1), torch.zeros(1))) == 0


def test_wild_is_at_noon_where_it_is_not_kept() -> None:
    drawn = sample_axis(torch.tensor([3.0, 3.0]), torch.zeros(2), torch.zeros(2), torch.tensor([1.0, 0.0]))
    assert drawn.tolist() == [1.0, 0.0]


def test_wild_is_reported_dead_where_it_says_nothing(dataset: Dataset) -> None:
    _, encoder = new_model(NANO_CONFIG, dataset)
    alive = measure_wild(encoder, dataset)
    assert -1 <= alive.low <= encode_clip(encoder, dataset.train[0]) <= alive.high <= 1
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.zero_()
    assert measure_wild(encoder, dataset).dead


def test_descriptors_of_controls_agree_with_those_of_the_sound() -> None:
    """Differences between two timbres, as the probes use them, are the same in the controls and in the audio."""
    number = torch.arange(1, 65)
    frames, pitch = 100, torch.full((1, 100), 0.2)
    increment = pitch_to_increment(pitch)
    white = 2 * torch.rand(1, frames * 192, generator=torch.Generator().manual_seed(0)) - 1

    def measure(slope: float, even: float, hiss: float) -> tuple[np.ndarray, np.ndarray]:
        shares = 0.1 * number**-slope * torch.where(number % 2 == 0, even, 1.0) * (number * 314 < 22_000)
        amplitudes, bands = shares.expand(1, frames, -1), torch.full((1, frames, 17), hiss)
        audio = render(amplitudes, bands, increment, white, synth_state(increment[:, 0]))[0][0].numpy()
        f0 = np.full(frames, 261.6255653 * 2**0.2)
        loudness = measure_loudness_db(audio)
        heard = np.column_stack((measure_descriptors(audio, f0, loudness), loudness))[20:80].mean(axis=0)
        return torch.stack(measure_controls(amplitudes, bands, pitch), dim=-1)[0, 50].numpy(), heard

    (said_a, heard_a), (said_b, heard_b) = measure(1.0, 1.0, 1e-3), measure(1.5, 0.5, 4e-3)
    off = np.abs((said_b - said_a) - (heard_b - heard_a))
    assert np.all(off < [0.1, 1.0, 0.5, 0.3]), off


def test_probe_loss_is_zero_where_the_controls_obey() -> None:
    controls, pitch = torch.randn(2, 5, 82), torch.zeros(2, 5)
    before = measure_controls(*decode_controls(controls, pitch), pitch)
    ranges = torch.tensor([0.5, 5.0, 7.0])
    turned = torch.rand(2, 5, 3) - 0.5
    moved = [b + t * r for b, t, r in zip(before[:3], turned.unbind(-1), ranges, strict=True)]
    after = type(before)(*moved, before.loudness)
    assert probe_loss(before, after, turned, ranges, torch.ones(3)) < 1e-8
    assert probe_loss(before, before, turned, ranges, torch.ones(3)) > 1e-3
    assert probe_loss(before, before, turned, ranges, torch.zeros(3)) == 0


def test_gradients_reach_every_parameter() -> None:
    model = DDSP(NANO)
    controls, _ = model(torch.rand(1, 9), torch.rand(1, 9), torch.rand(1, 9, 4))
    controls.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_training_needs_torch_numpy_and_scipy_alone() -> None:
    """A machine that only trains, from a stored data set, has no sound codecs and no pitch tracker."""
    blocked = ("soundfile", "soxr", "swift_f0", "onnxruntime", "jax", "matplotlib", "typer", "rich")
    program = f"""
import sys
sys.modules |= dict.fromkeys({blocked!r})
import lottava.training.analysis.axes, lottava.training.analysis.render, lottava.training.train
from lottava.training.data.store import load
"""
    subprocess.run([sys.executable, "-c", program], check=True)
