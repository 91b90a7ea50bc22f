# SPDX-License-Identifier: MIT
"""Features: loudness and descriptors move as their words say, alone, and by the stated amounts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.data import measure_descriptors, measure_loudness_db
from lottava.training.data.features import FLOOR_DB, a_weighting, fit_bright
from sounds import midi_hz, noise, silence, tone

from lottava.units import FRAME_RATE_HZ, HOP_SAMPLES

INNER = slice(30, -30)
PITCHES = st.floats(40, 88)


def measure(audio, f0_hz):
    """Median centroid, noise ratio and odd-even balance of a steady note."""
    frames = len(audio) // HOP_SAMPLES
    return np.median(measure_descriptors(audio, np.full(frames, f0_hz), measure_loudness_db(audio))[INNER], axis=0)


def test_a_weighting_has_the_values_of_the_standard():
    expected_db = {31.5: -39.4, 100: -19.1, 1000: 0.0, 4000: 1.0, 10_000: -2.5, 16_000: -6.6}
    for frequency_hz, weight_db in expected_db.items():
        assert 10 * np.log10(a_weighting(frequency_hz)) == pytest.approx(weight_db, abs=0.15)


def test_a_full_scale_sine_at_one_kilohertz_reads_minus_three():
    sine = np.sin(2 * np.pi * 1000 * np.arange(24_000) / 48_000)
    assert np.median(measure_loudness_db(sine)) == pytest.approx(-3.01, abs=0.05)


@settings(max_examples=20, deadline=None)
@given(gain_db=st.floats(-50, 0), note=PITCHES)
def test_loudness_follows_gain_decibel_by_decibel(gain_db, note):
    audio = tone(midi_hz(note), 0.4)
    quieter = audio * np.float32(10 ** (gain_db / 20))
    difference = measure_loudness_db(quieter)[INNER] - measure_loudness_db(audio)[INNER]
    assert difference == pytest.approx(gain_db, abs=0.02)


def test_frame_n_describes_sample_192_n():
    audio = np.concatenate([silence(0.5), tone(440.0, 0.5, peak=0.5)])
    loudness = measure_loudness_db(audio)
    assert len(loudness) == len(audio) // HOP_SAMPLES
    rises = np.flatnonzero(loudness > loudness.max() - 6)[0] / FRAME_RATE_HZ
    assert rises == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("samples", [0, 1, 191, 192, 1000])
def test_short_sounds_have_as_many_frames_as_whole_hops(samples):
    audio = np.zeros(samples)
    loudness = measure_loudness_db(audio)
    assert len(loudness) == samples // HOP_SAMPLES
    assert loudness == pytest.approx(FLOOR_DB)
    assert measure_descriptors(audio, loudness * 0, loudness).shape == (samples // HOP_SAMPLES, 3)


@settings(max_examples=20, deadline=None)
@given(note=PITCHES, gain_db=st.floats(-30, 0), even_db=st.floats(-12, 12), noise_db=st.floats(-40, -10))
def test_descriptors_do_not_see_gain(note, gain_db, even_db, noise_db):
    audio = tone(midi_hz(note), 0.5, even_db=even_db, noise_db=noise_db)
    quieter = audio * np.float32(10 ** (gain_db / 20))
    assert measure(quieter, midi_hz(note)) == pytest.approx(measure(audio, midi_hz(note)), abs=0.02)


@settings(max_examples=20, deadline=None)
@given(note=PITCHES, dull_db=st.floats(6, 15), step_db=st.floats(1, 3))
def test_bright_rises_when_the_spectrum_falls_less(note, dull_db, step_db):
    f0_hz = midi_hz(note)
    dull = measure(tone(f0_hz, 0.5, rolloff_db=dull_db, noise_db=-50), f0_hz)
    bright = measure(tone(f0_hz, 0.5, rolloff_db=dull_db - step_db, noise_db=-50), f0_hz)
    assert bright[0] > dull[0]


@settings(max_examples=20, deadline=None)
@given(note=st.floats(45, 88), noise_db=st.floats(-30, -6))
def test_breath_reads_the_noise_in_decibels(note, noise_db):
    f0_hz = midi_hz(note)
    found = measure(tone(f0_hz, 0.6, noise_db=noise_db), f0_hz)
    in_band_db = 10 * np.log10(20_000 / 24_000)
    assert found[1] == pytest.approx(noise_db + in_band_db, abs=2)


@settings(max_examples=20, deadline=None)
@given(note=PITCHES, even_db=st.floats(-15, 15), step_db=st.floats(1, 6))
def test_body_rises_decibel_by_decibel_as_even_partials_fall(note, even_db, step_db):
    f0_hz = midi_hz(note)
    rich = measure(tone(f0_hz, 0.5, even_db=even_db, noise_db=-60), f0_hz)
    hollow = measure(tone(f0_hz, 0.5, even_db=even_db - step_db, noise_db=-60), f0_hz)
    assert hollow[2] - rich[2] == pytest.approx(step_db, abs=0.3)


@pytest.mark.parametrize(("note", "limit_db"), [(36, -26), (40, -38), (45, -38), (57, -44), (69, -55), (84, -55)])
def test_a_clean_note_measures_no_breath(note, limit_db):
    f0_hz = midi_hz(note)
    assert measure(tone(f0_hz, 0.8), f0_hz)[1] < limit_db
    assert measure(noise(0.8), f0_hz)[1] > 10


def test_unvoiced_and_quiet_frames_are_interpolated():
    audio = np.concatenate([tone(220.0, 0.5, even_db=-12), silence(0.3), tone(220.0, 0.5, even_db=12)])
    f0_hz = np.where((np.arange(325) < 125) | (np.arange(325) >= 200), 220.0, 0.0)
    body = measure_descriptors(audio, f0_hz, measure_loudness_db(audio))[:, 2]
    assert np.all(np.isfinite(body))
    assert np.all(np.diff(body[130:195]) < 0.01)
    assert body[60] - body[260] == pytest.approx(24, abs=1)


def test_one_value_a_frame_is_required():
    with pytest.raises(ValueError, match="frames of audio"):
        measure_descriptors(np.zeros(1920), np.zeros(9), np.zeros(10))


@settings(max_examples=20, deadline=None)
@given(slope=st.floats(-1, 1), loud=st.floats(-1, 1), seed=st.integers(0, 100))
def test_the_bright_fit_leaves_nothing_that_pitch_and_loudness_predict(slope, loud, seed):
    rng = np.random.default_rng(seed)
    f0_hz, loudness_db = 440 * 2 ** rng.uniform(-1, 1, 4000), rng.uniform(-40, -10, 4000)
    own = rng.normal(0, 0.2, 4000)
    centroid = 10 + slope * np.log2(f0_hz / 440) + loud * loudness_db / 10 + own
    fit = fit_bright(centroid, f0_hz, loudness_db)
    residual = centroid - fit.predict(f0_hz, loudness_db)
    assert np.abs(np.corrcoef(residual, loudness_db)[0, 1]) < 0.05
    assert np.abs(np.corrcoef(residual, np.log2(f0_hz))[0, 1]) < 0.05
    assert np.corrcoef(residual, own)[0, 1] > 0.97
    assert fit.predict(20_000.0, 0.0) == fit.predict(
        2 ** fit.pitch_range_volts[1] * 261.6255653, fit.loudness_range_db[1]
    )
