# SPDX-License-Identifier: MIT
"""The excitation of the source-filter model: laws of the oracle, and the firmware within one code of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from cores import CORES, Codes, NsfSource, core
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lottava import nsf_source
from lottava.nsf_source import MODEL_HOP_SAMPLES, MODEL_RATE_HZ, SINES, Merge, SourceFrame, SourceState

HOP = MODEL_HOP_SAMPLES
Segments = list[tuple[SourceFrame, int]]


@cache
def head(name: str) -> NsfSource:
    return NsfSource(core(name))


def random_merge(rng: np.random.Generator) -> Merge:
    """From almost linear to hard limited; single precision, as the firmware has it."""
    scale = float(rng.choice([0.1, 1.0, 10.0]))
    weights = rng.normal(0.0, scale, SINES) * rng.integers(0, 2, SINES)
    return Merge(weights.astype(np.float32).astype(np.float64), float(np.float32(rng.normal(0.0, 0.3 * scale))))


def random_segments(rng: np.random.Generator, count: int) -> Segments:
    """Jumps and glides at any pitch, voicing on, off and between; full hops and ones cut short."""
    segments = []
    for _ in range(count):
        f0_hz = float(np.exp(rng.uniform(np.log(2.0), np.log(11_999.0))))
        voicing = float(np.float32(rng.choice([0.0, 1.0, rng.random()])))
        length = int(rng.choice([HOP, HOP, 1, 3, 24, int(rng.integers(1, HOP + 1))]))
        segments.append((SourceFrame(nsf_source.increment_from_hz(f0_hz), voicing), length))
    return segments


def play(name: str, merge: Merge, segments: Segments, cuts: tuple[int, ...] = ()) -> tuple[Codes, Codes]:
    """Codes of source and noise; every segment rendered in pieces that end at `cuts`."""
    source = head(name)
    source.create(np.append(merge.weights, merge.bias))
    parts = []
    for frame, length in segments:
        source.frame(frame.increment, frame.voicing)
        edges = sorted({0, length, *(min(cut, length) for cut in cuts)})
        parts += [source.render(end - start) for start, end in itertools.pairwise(edges)]
    sources, noises = zip(*parts, strict=True)
    return np.concatenate(sources), np.concatenate(noises)


def held(f0_hz: float, hops: int, voicing: float = 1.0) -> Segments:
    return [(SourceFrame(nsf_source.increment_from_hz(f0_hz), voicing), HOP)] * hops


def codes_of(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(samples * 2.0**15, -(1 << 15), (1 << 15) - 1)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_any_frames_are_within_a_code_of_the_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    merge, segments = random_merge(rng), random_segments(rng, 5)
    exact_source, exact_noise, _ = nsf_source.render(segments, merge)
    source, noise = play("host", merge, segments)
    # Half a code of rounding, a sixth of tanh's polynomials.
    assert np.max(np.abs(source - codes_of(exact_source))) < 1.0
    assert np.max(np.abs(noise - codes_of(exact_noise))) < 0.51


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), cuts=st.lists(st.integers(0, HOP), max_size=10))
def test_any_split_into_blocks_gives_the_same_codes(seed: int, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    merge, segments = random_merge(rng), random_segments(rng, 3)
    for whole, pieces in zip(play("host", merge, segments), play("host", merge, segments, tuple(cuts)), strict=True):
        np.testing.assert_array_equal(whole, pieces)


@pytest.mark.parametrize("seed", range(4))
def test_the_cortex_m7_gives_the_same_codes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    merge, segments, cuts = random_merge(rng), random_segments(rng, 5), (1, 7, 16, 48)
    merge = replace(merge, weights=merge.weights * 10.0**seed)
    for on_host, on_m7 in zip(play("host", merge, segments), play("cortex-m7", merge, segments, cuts), strict=True):
        np.testing.assert_array_equal(on_host, on_m7)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), cut=st.integers(0, 6))
def test_the_oracle_renders_in_pieces(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    merge, segments = random_merge(rng), random_segments(rng, 6)
    source, noise, end = nsf_source.render(segments, merge)
    first, first_noise, state = nsf_source.render(segments[:cut], merge)
    second, second_noise, state = nsf_source.render(segments[cut:], merge, state)
    np.testing.assert_array_equal(np.concatenate([first, second]), source)
    np.testing.assert_array_equal(np.concatenate([first_noise, second_noise]), noise)
    assert (state.phase, state.increment, state.word) == (end.phase, end.increment, end.word)


def test_draws_are_white_and_nearly_normal() -> None:
    values, word = nsf_source.draw(nsf_source.NOISE_SEED, 60_000)
    first, middle = nsf_source.draw(nsf_source.NOISE_SEED, 20_000)
    rest, end = nsf_source.draw(middle, 40_000)
    np.testing.assert_array_equal(np.concatenate([first, rest]), values)
    assert end == word
    assert abs(values.mean()) < 0.015
    assert values.std() == pytest.approx(1.0, rel=0.01)
    assert np.mean(values**4) == pytest.approx(2.7, abs=0.08)
    assert np.max(np.abs(values)) < 3.46
    source, noise = values[::2], values[1::2]
    lags = range(1, 40)
    assert all(abs(np.mean(source[:-lag] * source[lag:])) < 0.03 for lag in lags)
    assert all(abs(np.mean(noise[:-lag] * noise[lag:])) < 0.03 for lag in lags)
    assert all(abs(np.mean(np.roll(source, lag) * noise)) < 0.03 for lag in range(-20, 20))


@pytest.mark.parametrize("name", CORES)
@pytest.mark.parametrize(("voicing", "std"), [(1.0, 0.003), (0.0, 0.1 / 3.0), (0.5, (0.003 + 0.1 / 3.0) / 2.0)])
def test_noise_is_as_loud_as_the_voicing_says(name: str, voicing: float, std: float) -> None:
    source, noise = play(name, Merge(np.zeros(SINES)), held(100.0, 30, voicing))
    assert np.std(source[HOP:] * 2.0**-15) == pytest.approx(std, rel=0.04)
    assert np.std(noise * 2.0**-15) == pytest.approx(0.1 / 3.0, rel=0.04)


def test_unvoiced_sound_has_no_sines() -> None:
    merge = Merge(np.ones(SINES))
    voiced, _ = play("host", merge, held(333.0, 8, 0.0))
    silent, _ = play("host", Merge(np.zeros(SINES)), held(333.0, 8, 0.0))
    np.testing.assert_array_equal(voiced, silent)


@pytest.mark.parametrize("bin_of_f0", [16, 64, 101, 256, 333, 480, 511])
def test_each_partial_is_there_below_nyquist_and_silent_above(bin_of_f0: int) -> None:
    """With tanh undone (its own harmonics are part of the sound), all but eight lines lies 80 dB below a sine."""
    count = 1024
    f0_hz = bin_of_f0 * MODEL_RATE_HZ / count
    segments = held(f0_hz, 24)
    noise, _ = play("host", Merge(np.zeros(SINES)), segments)
    source, _ = play("host", Merge(np.ones(SINES)), segments)
    merged = np.arctanh((source - noise.astype(np.int64)) * 2.0**-15)
    spectrum = 2.0 * np.abs(np.fft.rfft(merged[-count:])) / count
    expected = np.zeros(count // 2 + 1)
    for k in range(1, SINES + 1):
        if k * bin_of_f0 <= count // 2:
            expected[k * bin_of_f0] = 0.1 * float(nsf_source.fade_gain(k * f0_hz))
    np.testing.assert_allclose(spectrum, expected, atol=1e-5)


@pytest.mark.parametrize("increment", [1 << 31, (1 << 32) - 1])
def test_pitches_from_nyquist_on_have_no_sines(increment: int) -> None:
    segments = [(SourceFrame(increment, 1.0), HOP)] * 4
    source, _ = play("host", Merge(np.ones(SINES)), segments)
    alone, _ = play("host", Merge(np.zeros(SINES)), segments)
    np.testing.assert_array_equal(source, alone)


@pytest.mark.parametrize("f0_hz", [-1.0, 12_000.0, np.nan])
def test_pitches_beyond_the_models_rate_are_refused(f0_hz: float) -> None:
    with pytest.raises(ValueError, match="can't be played"):
        nsf_source.increment_from_hz(f0_hz)


def test_a_segment_longer_than_the_hop_is_refused() -> None:
    with pytest.raises(ValueError, match="97 samples"):
        nsf_source.render(held(100.0, 1)[:0] + [(SourceFrame(1, 1.0), HOP + 1)], Merge(np.ones(SINES)))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), length=st.integers(1, HOP))
def test_ramps_have_no_step_wherever_a_frame_begins(seed: int, length: int) -> None:
    """From one sample to the next the merged sum moves no further than its sines at full travel and its ramps allow."""
    rng = np.random.default_rng(seed)
    merge = Merge(rng.normal(0.0, 1.0, SINES))
    f0_hz = rng.uniform(20.0, 400.0, 4)
    frames = [SourceFrame(nsf_source.increment_from_hz(f), float(v)) for f, v in zip(f0_hz, [1, 0, 1, 1], strict=True)]
    segments = [(frames[0], HOP), (frames[1], length), (frames[2], HOP), (frames[3], HOP)]
    source, _ = play("host", merge, segments)
    alone, _ = play("host", Merge(np.zeros(SINES)), segments)
    steps = np.abs(np.diff((source.astype(np.int64) - alone) * 2.0**-15))
    amplitudes = 0.1 * np.abs(merge.weights)
    turns = 2.0 * np.pi * f0_hz.max() / MODEL_RATE_HZ
    assert steps.max() <= np.sum(amplitudes * np.arange(1, SINES + 1)) * turns + amplitudes.sum() / HOP + 2.0**-14


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), length=st.integers(0, HOP - 1))
def test_a_restart_goes_on_from_where_the_ramps_stood(seed: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    merge = random_merge(rng)
    (old, _), (target, _) = random_segments(rng, 2)
    _, _, start = nsf_source.render([(old, HOP)], merge)
    _, _, cut = nsf_source.render([(target, length)], merge, start)
    amplitudes, std = nsf_source.targets(target, merge)
    share = length / HOP
    np.testing.assert_allclose(cut.amplitudes, (1 - share) * start.amplitudes + share * amplitudes, atol=1e-12)
    assert cut.noise_std == pytest.approx((1 - share) * start.noise_std + share * std)
    assert SourceState().increment is None
