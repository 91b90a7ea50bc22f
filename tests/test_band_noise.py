# SPDX-License-Identifier: MIT
"""The band noise: each band's power lies where its filter says, at the level it says, and ramps without a step."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from cores import CORES, BandNoise, Samples, core
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lottava import synth
from lottava.synth import NOISE_BANDS, NOISE_TAPS
from lottava.units import BLOCK_SAMPLES, HOP_SAMPLES

RAMP = (np.arange(HOP_SAMPLES) / HOP_SAMPLES).reshape(-1, BLOCK_SAMPLES)
FFT = 512


@cache
def head(name: str) -> BandNoise:
    return BandNoise(core(name))


def rendered(name: str, frames: list[NDArray[np.float64]]) -> Samples:
    """Whole hops, ramping from silence to each frame's bands in turn."""
    noise = head(name)
    noise.create()
    parts = []
    for bands in frames:
        noise.target(bands)
        parts += [noise.render(ramp) for ramp in RAMP]
    return np.concatenate(parts)


def power(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """[257] power spectral density (Welch, Hann), white noise of deviation 1 is 1 everywhere."""
    window = np.hanning(FFT)
    pieces = np.lib.stride_tricks.sliding_window_view(y, FFT)[:: FFT // 2]
    return np.mean(np.abs(np.fft.rfft(pieces * window)) ** 2, axis=0) / np.sum(window**2)


@pytest.mark.parametrize("band", range(NOISE_BANDS))
def test_a_band_sounds_where_its_filter_lets_it(band: int) -> None:
    bands = np.zeros(NOISE_BANDS)
    bands[band] = 0.5
    y = rendered("host", [bands] * 200)[2 * HOP_SAMPLES :].astype(np.float64)
    taps = 0.5 * synth.NOISE_MATRIX[:, band]
    assert np.mean(y**2) == pytest.approx(np.sum(taps**2) / 3.0, rel=0.06)
    measured = power(y)
    centre = np.sum(measured * np.arange(measured.size)) / np.sum(measured)
    assert centre == pytest.approx(band * FFT / (2 * (NOISE_BANDS - 1)), abs=16.0)
    # Beyond the neighbouring bands the Hann window of the filter and of the analysis leave less than -50 dB.
    spacing = FFT // (2 * (NOISE_BANDS - 1))
    far = np.abs(np.arange(measured.size) - band * spacing) > 3 * spacing
    assert 10.0 * np.log10(measured[far].max() / measured.max()) < -50.0


def test_equal_bands_make_white_noise() -> None:
    y = rendered("host", [np.ones(NOISE_BANDS)] * 400)[2 * HOP_SAMPLES :].astype(np.float64)
    np.testing.assert_allclose(power(y), 1.0 / 3.0, rtol=0.35)
    assert np.mean(y**2) == pytest.approx(1.0 / 3.0, rel=0.02)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_ramps_have_no_step(seed: int) -> None:
    """Noise that ramps lies between the noises of both ends, sample by sample: the ramp adds no edge of its own."""
    rng = np.random.default_rng(seed)
    first, second = rng.uniform(0.0, 2.0, (2, NOISE_BANDS)) * rng.choice([0.0, 1.0], (2, NOISE_BANDS))
    moving = rendered("host", [first, first, second])[-HOP_SAMPLES:].astype(np.float64)
    old, new = (rendered("host", [bands] * 3)[-HOP_SAMPLES:].astype(np.float64) for bands in (first, second))
    ramp = RAMP.reshape(-1)
    np.testing.assert_allclose(moving, (1.0 - ramp) * old + ramp * new, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_cortex_m7_gives_the_same_bits(seed: int) -> None:
    bands = list(np.random.default_rng(seed).uniform(0.0, 1.0, (2, NOISE_BANDS)))
    on_host, on_m7 = (rendered(name, bands) for name in CORES)
    np.testing.assert_array_equal(on_host, on_m7)
    assert NOISE_TAPS == 64
