# SPDX-License-Identifier: MIT
"""Pitch: right to a few cents from 60 Hz to 2 kHz, whatever the spectrum; noise has none; two notes are not one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.data import pitch as pitch_module
from lottava.training.data import yin
from lottava.training.data.pitch import track
from lottava.training.data.polyphony import POLYPHONIC_SHARE, polyphonic_share
from sounds import chord, midi_hz, noise, silence, tone


def cents(found_hz, true_hz):
    return 1200 * np.log2(np.asarray(found_hz) / true_hz)


@settings(max_examples=40, deadline=None)
@given(
    octaves=st.floats(-2.9, 2.2),
    rolloff_db=st.floats(3.0, 15.0),
    even_db=st.floats(-20.0, 12.0),
    noise_db=st.floats(-60.0, -20.0),
    peak=st.floats(0.003, 0.9),
    seed=st.integers(0, 1000),
)
def test_steady_notes_are_found_within_five_cents(octaves, rolloff_db, even_db, noise_db, peak, seed):
    f0_hz = 440.0 * 2**octaves
    found = track(tone(f0_hz, 0.6, rolloff_db=rolloff_db, even_db=even_db, noise_db=noise_db, peak=peak, seed=seed))
    middle = slice(len(found.f0_hz) // 5, -len(found.f0_hz) // 5)
    assert found.dependable
    assert found.voiced[middle].mean() > 0.95
    assert np.abs(np.median(cents(found.f0_filled_hz[middle], f0_hz))) < 5


def test_vibrato_is_followed():
    audio = tone(330.0, 1.5, vibrato_cents=40.0)
    found = track(audio)
    time = np.arange(len(found.f0_hz)) / 250
    expected = 330.0 * 2 ** (40 / 1200 * np.sin(2 * np.pi * 5.5 * time))
    inner = slice(25, -25)
    assert np.percentile(np.abs(cents(found.f0_filled_hz[inner], expected[inner])), 95) < 12


def test_frames_are_one_a_hop_and_unvoiced_ones_are_filled():
    audio = np.concatenate([tone(220.0, 0.5), silence(0.3), tone(440.0, 0.5)])
    found = track(audio)
    assert len(found.f0_hz) == len(audio) // 192
    assert np.array_equal(found.voiced, found.f0_hz > 0)
    assert not found.voiced[140:180].any()
    assert np.all(found.f0_filled_hz > 200)
    assert cents(found.f0_hz[60], 220.0) == pytest.approx(0, abs=5)
    assert cents(found.f0_hz[270], 440.0) == pytest.approx(0, abs=5)


@pytest.mark.parametrize("sound", [silence(0.5), noise(0.5), noise(0.5, seed=1) * 0.01, np.zeros(100), np.zeros(0)])
def test_noise_and_silence_have_no_pitch(sound):
    found = track(sound)
    assert len(found.f0_hz) == len(sound) // 192
    assert found.voiced.mean() < 0.1 if len(found.voiced) else True


class LyingSwift:
    """A first estimator that answers with a multiple of the truth, full of confidence."""

    def __init__(self, answer_hz: float):
        self.answer_hz = answer_hz

    def detect(self, audio, rate_hz):
        frames = len(audio) // yin.HOP

        class Answer:
            pitch_hz = np.full(frames, self.answer_hz)
            confidence = np.ones(frames)

        return Answer()


@pytest.mark.parametrize("multiple", [0.5, 2.0, 4.0, 1.5, 3.0])
def test_the_vote_overrules_a_first_estimator_that_errs(monkeypatch, multiple):
    monkeypatch.setattr(pitch_module, "_swift", lambda: LyingSwift(349.2 * multiple))
    found = track(tone(349.2, 0.6))
    assert found.disagreed > 0.9
    assert found.dependable
    assert cents(np.median(found.f0_hz[found.voiced]), 349.2) == pytest.approx(0, abs=5)


def test_a_disagreement_that_the_vote_cannot_settle_is_reported(monkeypatch):
    monkeypatch.setattr(pitch_module, "_swift", lambda: LyingSwift(1000.0))
    found = track(noise(0.6))
    assert not found.dependable
    assert not found.voiced[20:-20].all()


@settings(max_examples=25, deadline=None)
@given(low=st.integers(45, 76), interval=st.sampled_from([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 16]))
def test_two_notes_at_once_never_pass_for_one(low, interval):
    audio = chord(midi_hz(low), midi_hz(low + interval), seconds=0.8)
    found = track(audio)
    assert polyphonic_share(audio, found) > POLYPHONIC_SHARE or not found.dependable


@settings(max_examples=25, deadline=None)
@given(
    note=st.floats(38, 92),
    rolloff_db=st.floats(3.0, 12.0),
    even_db=st.floats(-25.0, 12.0),
    noise_db=st.floats(-60.0, -25.0),
    vibrato_cents=st.floats(0, 30.0),
)
def test_one_note_is_not_two(note, rolloff_db, even_db, noise_db, vibrato_cents):
    audio = tone(
        midi_hz(note), 0.8, rolloff_db=rolloff_db, even_db=even_db, noise_db=noise_db, vibrato_cents=vibrato_cents
    )
    assert polyphonic_share(audio, track(audio)) < POLYPHONIC_SHARE
