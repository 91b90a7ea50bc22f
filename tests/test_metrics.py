# SPDX-License-Identifier: MIT
"""Laws of the metrics: identity is 0, a detuned sound is off by its cents, a quieter one by its decibels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.analysis.metrics import (
    loudness_error_db,
    measure_pitch_hz,
    mrstft,
    pitch_error,
    score,
)

RATE = 48_000
FRAMES = 150


def tone(f0_hz: float, seed: int = 0, partials: int = 20, hiss: float = 1e-3) -> np.ndarray:
    """A steady tone of random timbre with a little hiss."""
    rng = np.random.default_rng(seed)
    number = np.arange(1, min(partials, int(20_000 / f0_hz)) + 1)
    amplitude = rng.uniform(0.2, 1.0, len(number)) / number
    phase = rng.uniform(0, 2 * np.pi, len(number))
    time = np.arange(FRAMES * 192) / RATE
    sound = (amplitude[:, None] * np.sin(2 * np.pi * f0_hz * number[:, None] * time + phase[:, None])).sum(axis=0)
    return 0.1 * sound + hiss * rng.uniform(-1, 1, len(time))


@given(st.floats(80, 1000), st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_a_sound_is_at_no_distance_from_itself(f0_hz: float, seed: int) -> None:
    sound = tone(f0_hz, seed)
    assert mrstft(sound, sound) == 0
    assert loudness_error_db(sound, sound) == 0
    assert pitch_error(sound, np.full(FRAMES, f0_hz)).rmse_cents < 1.0


@given(st.floats(100, 900), st.integers(0, 99), st.sampled_from([-50.0, -20.0, 7.0, 50.0]))
@settings(max_examples=10, deadline=None)
def test_detuning_is_measured_in_cents(f0_hz: float, seed: int, cents: float) -> None:
    error = pitch_error(tone(f0_hz * 2 ** (cents / 1200), seed), np.full(FRAMES, f0_hz))
    assert error.median_cents == pytest.approx(cents, abs=0.5)


@given(st.floats(150, 800), st.integers(0, 99), st.sampled_from([-1200.0, -400.0, 300.0, 1200.0]))
@settings(max_examples=10, deadline=None)
def test_a_wrong_note_is_a_gross_error(f0_hz: float, seed: int, cents: float) -> None:
    error = pitch_error(tone(f0_hz * 2 ** (cents / 1200), seed), np.full(FRAMES, f0_hz))
    assert error.gross_rate == 1.0
    assert error.median_cents == pytest.approx(cents, abs=30)


def test_pitch_follows_a_glide() -> None:
    time = np.arange(FRAMES * 192) / RATE
    f0 = 300 * 2 ** (time / time[-1] / 3)
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    sound = sum(0.2 / k * np.sin(k * phase) for k in range(1, 8))
    middle = slice(12, -12)
    cents = 1200 * np.log2(measure_pitch_hz(sound, f0[::192]) / f0[:: 4 * 192])[middle]
    assert np.abs(cents).max() < 5


@given(st.floats(-20, 20), st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_gain_is_measured_in_decibels(gain_db: float, seed: int) -> None:
    sound = tone(220, seed)
    assert loudness_error_db(sound, sound * 10 ** (gain_db / 20)) == pytest.approx(abs(gain_db), abs=1e-3)


def test_half_the_amplitude_is_6_db() -> None:
    assert loudness_error_db(tone(440), 0.5 * tone(440)) == pytest.approx(6.0206, abs=1e-3)


def test_silence_is_at_distance_one_and_more() -> None:
    sound = tone(330)
    assert mrstft(sound, np.zeros_like(sound)) > 1
    assert pitch_error(np.zeros(FRAMES * 192), np.full(FRAMES, 330.0)).frames >= 0


def test_unvoiced_frames_are_not_judged() -> None:
    sound, commanded = tone(250), np.full(FRAMES, 250.0)
    commanded[:100] = 0.0
    assert 0 < pitch_error(sound, commanded).frames < 15
    nothing = pitch_error(sound, commanded, np.zeros(FRAMES, dtype=bool))
    assert nothing.frames == 0 and np.isnan(nothing.rmse_cents)


def test_scores_are_means_over_notes() -> None:
    voiced = np.ones(FRAMES, dtype=bool)
    notes = [(tone(f), 0.5 * tone(f), np.full(FRAMES, f), voiced) for f in (200.0, 300.0)]
    scores = score(notes)
    assert scores.loudness_db == pytest.approx(6.02, abs=0.01)
    assert scores.mrstft == pytest.approx(np.mean([mrstft(a, b) for a, b, *_ in notes]))
    assert scores.f0_cents < 1 and scores.f0_gross_rate == 0
    with pytest.raises(ValueError, match="no held-out note"):
        score([])


def test_shapes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="mono"):
        mrstft(np.zeros((2, 10)), np.zeros(10))
