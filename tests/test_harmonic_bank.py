# SPDX-License-Identifier: MIT
"""The harmonic bank's spectrum: 64 partials where they belong, nothing elsewhere, and ramps without a step."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from cores import CORES, HarmonicBank, Samples, core
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.host import HostSynth
from numpy.typing import NDArray

from lottava import synth
from lottava.synth import PARTIALS, UINT32
from lottava.units import HOP_SAMPLES

PERIOD = 4096
"""Samples after which the pitches below repeat, so that every partial and every alias falls on a bin of its own."""
RAMP = np.arange(HOP_SAMPLES) / HOP_SAMPLES
BINS = [1, 3, 7, 31, 32, 33, 63, 65, 127, 333, 1023, 2047]
"""Pitches as bins of 11.7 Hz: 64 partials reach 750 Hz to Nyquist and, from bin 32 on, beyond it."""


@cache
def head(name: str) -> HarmonicBank:
    return HarmonicBank(core(name))


def random_amplitudes(seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.normal(0.0, 1.0, PARTIALS) * rng.choice([0.0, 0.01, 1.0], PARTIALS)


def rendered(name: str, frames: list[NDArray[np.float64]], increment: int) -> Samples:
    """Whole hops, ramping from silence to each frame's amplitudes in turn."""
    bank = head(name)
    bank.create()
    phase = np.arange(HOP_SAMPLES * len(frames), dtype=np.int64) * increment % UINT32
    parts = []
    for number, amplitudes in enumerate(frames):
        bank.target(amplitudes)
        at = number * HOP_SAMPLES
        parts.append(bank.render(phase[at : at + HOP_SAMPLES].astype(np.uint32), RAMP))
    return np.concatenate(parts)


def exact(frames: list[NDArray[np.float64]], increment: int) -> NDArray[np.float64]:
    """The same as a sum of 64 ramped sines."""
    ends = np.array([np.zeros(PARTIALS), *frames])
    amplitudes = np.concatenate([old + RAMP[:, None] * (new - old) for old, new in itertools.pairwise(ends)])
    n = np.arange(len(amplitudes), dtype=np.int64)
    turns = (n[:, None] * increment * np.arange(1, PARTIALS + 1) % UINT32) / UINT32
    return np.sum(amplitudes * np.sin(2.0 * np.pi * turns), axis=1)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), increment=st.integers(0, UINT32 - 1))
def test_any_ramp_is_a_sum_of_ramped_sines(seed: int, increment: int) -> None:
    frames = [random_amplitudes(seed), random_amplitudes(seed + 1), np.zeros(PARTIALS), random_amplitudes(seed + 2)]
    loudest = max(np.sum(np.abs(frame)) for frame in frames)
    assert np.max(np.abs(rendered("host", frames, increment) - exact(frames, increment))) < 4e-6 * loudest + 1e-7


@pytest.mark.parametrize("seed", range(3))
def test_the_cortex_m7_gives_the_same_bits(seed: int) -> None:
    frames = [random_amplitudes(seed), random_amplitudes(seed + 1)]
    on_host, on_m7 = (rendered(name, frames, 123_456_789 * (seed + 1)) for name in CORES)
    np.testing.assert_array_equal(on_host, on_m7)


def spectrum(amplitudes: NDArray[np.float64], bin_of_f0: int) -> NDArray[np.float64]:
    """[2049] amplitudes at the bins of held partials."""
    increment = bin_of_f0 * UINT32 // PERIOD
    hops = 2 + PERIOD // HOP_SAMPLES + 1
    held = rendered("host", [amplitudes] * hops, increment)[-PERIOD:]
    return 2.0 * np.abs(np.fft.rfft(held.astype(np.float64))) / PERIOD


@pytest.mark.parametrize("bin_of_f0", BINS)
def test_faded_partials_stand_alone_100_db_above_all_else(bin_of_f0: int) -> None:
    """64 partials of equal strength, faded as the synthesiser fades them: no alias, no image of the period's points."""
    k = np.arange(1, PARTIALS + 1)
    amplitudes = synth.nyquist_gain(k * bin_of_f0 * 48_000.0 / PERIOD)
    expected = np.zeros(PERIOD // 2 + 1)
    below = k * bin_of_f0 < PERIOD // 2
    expected[k[below] * bin_of_f0] = amplitudes[below]
    assert np.max(np.abs(spectrum(amplitudes, bin_of_f0) - expected)) < 1e-5


@pytest.mark.parametrize("partial", [1, 2, 17, 32, 63, 64])
def test_a_single_partial_is_110_db_above_what_reading_adds(partial: int) -> None:
    amplitudes = np.zeros(PARTIALS)
    amplitudes[partial - 1] = 1.0
    lines = spectrum(amplitudes, 31)
    assert lines[31 * partial] == pytest.approx(1.0, abs=4e-6)
    assert 20 * np.log10(np.max(np.delete(lines, 31 * partial))) < -110.0


def loud_frame(host: HostSynth, f0_hz: float) -> int:
    """All 64 harmonic controls alike, next to no noise; returns the increment."""
    controls = np.full(synth.CONTROLS, 4096, np.int16)
    controls[1 + PARTIALS :] = -32768
    increment = synth.increment_from_hz(f0_hz)
    host.start_frame(increment, controls)
    return increment


@pytest.mark.parametrize("f0_hz", [375.5, 749.0, 5_000.0, 11_039.0, 12_001.0, 22_079.0, 23_990.0])
def test_no_partial_above_nyquist_has_an_amplitude(f0_hz: float) -> None:
    host = HostSynth()
    loud_frame(host, f0_hz)
    amplitudes, _ = host.levels()
    k = np.arange(1, PARTIALS + 1)
    assert not amplitudes[k * f0_hz >= synth.FADE_END_HZ].any()
    assert np.all(amplitudes[k * f0_hz < synth.FADE_START_HZ] > 0.0)


def aliased(f0_hz: NDArray[np.float64]) -> float:
    """Largest amplitude that any partial has while it sounds above Nyquist, as a share of the frame's loudest partial.

    Amplitudes and pitch ramp on straight lines between frames, so a partial that crosses Nyquist within a hop keeps
    the rest of its ramp."""
    host, worst, before = HostSynth(), 0.0, None
    k = np.arange(1, PARTIALS + 1)
    for pitch in f0_hz:
        increment = loud_frame(host, float(pitch))
        amplitudes, _ = host.levels()
        if before is not None:
            increments = before[0] + RAMP[:, None] * (increment - before[0])
            moving = before[1] + RAMP[:, None] * (amplitudes - before[1])
            worst = max(worst, np.max(moving * (increments * k > UINT32 // 2)) / np.max(amplitudes))
        host.render(HOP_SAMPLES)
        before = increment, amplitudes
    return float(worst)


def test_a_sweep_to_the_top_leaves_only_the_end_of_a_ramp_above_nyquist() -> None:
    """An octave a second, 250 frames: a partial that crosses keeps 1 % of an amplitude for less than 4 ms."""
    assert aliased(np.geomspace(300.0, 23_000.0, int(250 * np.log2(23_000.0 / 300.0)))) < 0.015


def test_a_jump_takes_one_hop_to_silence_what_it_lifts_above_nyquist() -> None:
    """Over a decade, a partial that was 9 % of the loudest folds back while its ramp ends; the next frame is clean."""
    assert 0.05 < aliased(np.array([400.0, 4000.0])) < 0.1
    assert aliased(np.array([4000.0, 4000.0, 4000.0])) == 0.0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), f0_hz=st.floats(20.0, 370.0))
def test_ramps_have_no_step(seed: int, f0_hz: float) -> None:
    """From one sample to the next the sum moves no further than 64 sines at full travel and their ramps allow."""
    frames = [random_amplitudes(seed), np.zeros(PARTIALS), random_amplitudes(seed + 1), random_amplitudes(seed + 2)]
    y = rendered("host", frames, synth.increment_from_hz(f0_hz)).astype(np.float64)
    largest = np.max(np.abs(frames), axis=0)
    turns = 2.0 * np.pi * f0_hz / 48_000.0
    bound = np.sum(largest * np.arange(1, PARTIALS + 1)) * turns + 2.0 * np.sum(largest) / HOP_SAMPLES
    assert np.max(np.abs(np.diff(y, prepend=0.0))) <= bound * (1.0 + 1e-5)
