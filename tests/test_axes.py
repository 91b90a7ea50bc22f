# SPDX-License-Identifier: MIT
"""Axis curves: a knob that moves its descriptor is found monotone, one that does nothing is given an edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, replace

import numpy as np
import pytest
from graphs import Widths, random_graph
from hypothesis import given
from hypothesis import strategies as st
from lottava.training.analysis.axes import choose_edits, spearman, sweep_axes, sweep_axis, sweep_edited
from lottava.training.analysis.integer import IntegerVoice
from lottava.training.analysis.render import clip_inputs, render_inputs, score_model
from lottava.training.configs import load_config
from lottava.training.generators.excitation import white_noise
from lottava.training.train import new_model
from small_dataset import small_dataset

from lottava.synth import NOISE_SEED, SynthEdits, xorshift32
from lottava.units import volts_to_hz

DATASET = replace(small_dataset(), axis_learnable=(True, True, True))


def obedient(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """A voice whose knobs do what they say: tilt, hiss, and level of the even partials."""
    rng, sounds = np.random.default_rng(0), []
    for pitch, axes in zip(inputs["pitch"], inputs["axes"], strict=True):
        samples = len(pitch) * 192
        bright, breath, body, _ = axes[0]
        f0 = float(volts_to_hz(pitch[0, 0]))
        number = np.arange(1, int(20_000 / f0) + 1)[:, None]
        amplitude = number ** (bright - 1.5) * np.where(number % 2 == 0, 10 ** (-body * 0.4), 1.0)
        tone = (amplitude * np.sin(2 * np.pi * f0 * number * np.arange(samples) / 48_000)).sum(axis=0)
        sounds.append(0.1 * tone + 10 ** (breath - 3) * rng.uniform(-1, 1, samples))
    return np.stack(sounds)


def deaf(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """A voice that ignores its knobs."""
    return obedient(dict(inputs) | {"axes": np.zeros_like(inputs["axes"])})


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=20, unique_by=lambda x: round(x, 6)))
def test_spearman_sees_order_alone(values: list[float]) -> None:
    assert spearman(values, np.exp(np.array(values) / 50).tolist()) == pytest.approx(1.0)
    assert spearman(values, (-np.array(values)).tolist()) == pytest.approx(-1.0)
    assert spearman(values, [1.0] * len(values)) == 0.0


def test_knobs_that_obey_are_learned() -> None:
    curves = sweep_axes(obedient, DATASET)
    assert [curve.axis for curve in curves] == ["BRIGHT", "BREATH", "BODY"]
    for curve in curves:
        assert curve.spearman == pytest.approx(1.0) and curve.travel > 0.1 and curve.learned
        assert len(curve.per_note) == len(DATASET.heldout) and len(curve.mean) == len(curve.positions)
    assert choose_edits(curves, wild_dead=False) == SynthEdits()


def test_knobs_that_do_nothing_are_given_edits() -> None:
    curves = sweep_axes(deaf, DATASET)
    assert not any(curve.learned for curve in curves)
    untaught = sweep_axes(obedient, replace(DATASET, axis_learnable=(True, False, True)))
    assert [curve.learned for curve in untaught] == [True, False, True]
    assert choose_edits(untaught, wild_dead=False) == SynthEdits(breath_db=12.0)
    assert min(astuple(choose_edits(curves, wild_dead=True))) > 0
    assert choose_edits(sweep_axes(obedient, DATASET), wild_dead=True) == SynthEdits(ripple_db=9.0)


def test_an_edit_changes_its_own_axis_alone() -> None:
    plain = sweep_axes(deaf, DATASET)
    edited = sweep_edited(obedient, DATASET, plain, SynthEdits(breath_db=12.0))
    assert edited[0] is plain[0] and edited[2] is plain[2]
    assert edited[1].travel > 1 > abs(plain[1].travel)
    graph, notes = random_graph(0, Widths(8, 8, 8, 8, 8), integer=True), DATASET.heldout[:1]
    whole = sweep_axes(IntegerVoice(graph, SynthEdits(tilt=0.5)).render, DATASET, notes)
    without = sweep_axes(IntegerVoice(graph).render, DATASET, notes)
    assert whole[1:] == without[1:] and whole[0] != without[0]


def test_no_notes_is_said() -> None:
    with pytest.raises(ValueError, match="held-out notes"):
        sweep_axis(obedient, (), DATASET, 0)


def test_the_noise_is_the_devices() -> None:
    np.testing.assert_allclose(white_noise(500), xorshift32(NOISE_SEED, 500)[0], atol=1e-7)


def test_an_untrained_voice_is_scored_on_held_out_notes() -> None:
    model, encoder = new_model(load_config("nano"), DATASET)
    scores = score_model(model, DATASET)
    assert scores.mrstft > 0.5 and scores.f0_cents < 5
    assert np.isfinite(list(scores.as_dict().values())).all()
    assert scores != score_model(model, DATASET, noon=True)
    assert scores != score_model(model, DATASET, encoder=encoder)


def test_clips_are_played_with_their_own_axes_or_at_noon() -> None:
    clip = DATASET.heldout[0]
    measured, noon = clip_inputs(clip, DATASET, wild=0.5), clip_inputs(clip, DATASET, noon=True)
    assert (measured["axes"][0, :, 3] == 0.5).all() and np.abs(measured["axes"][0, :, :3]).max() > 0
    assert (noon["axes"] == 0).all()
    model, _ = new_model(load_config("nano"), DATASET)
    assert render_inputs(model, measured).shape == (1, clip.frames * 192)
