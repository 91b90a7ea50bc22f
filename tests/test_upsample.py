# SPDX-License-Identifier: MIT
"""The upsampler keeps its figures, is the oracle bit for bit on both cores, and does not care how blocks are cut."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from cores import CORES, Codes, Samples, Upsampler, core
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.export.upsampling import packed_taps
from numpy.typing import NDArray

from lottava import upsample

factors = pytest.mark.parametrize("factor", upsample.FACTORS)
FFT = 1 << 15


@cache
def head(name: str, factor: int) -> Upsampler:
    return Upsampler(core(name), factor)


def played(name: str, factor: int, codes: Codes, cuts: list[int]) -> Samples:
    """From a new start, in pieces that end at `cuts`."""
    upsampler = head(name, factor)
    upsampler.create()
    return np.concatenate([upsampler.process(piece) for piece in np.split(codes, cuts) if piece.size])


def response(factor: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies as shares of the input rate, and magnitudes, 1 = passed unchanged."""
    magnitudes = np.abs(np.fft.rfft(upsample.impulse_response(factor), FFT)) / factor
    return np.arange(magnitudes.size) * factor / FFT, magnitudes


@factors
def test_passband_and_stopband_are_as_stated(factor: int) -> None:
    frequency, magnitude = response(factor)
    passband = 20 * np.log10(magnitude[frequency <= upsample.EDGE])
    stopband = 20 * np.log10(np.max(magnitude[frequency >= 1.0 - upsample.EDGE]))
    assert np.ptp(passband) < 0.002
    assert np.max(np.abs(passband)) < 0.0015
    assert stopband < {2: -80.6, 3: -81.4}[factor]
    assert np.interp(0.5, frequency, magnitude) == pytest.approx(0.5, rel=1e-3)


@factors
def test_the_filter_is_symmetric_and_delays_by_what_it_says(factor: int) -> None:
    impulse = upsample.impulse_response(factor)
    np.testing.assert_allclose(impulse, impulse[::-1], atol=1e-12)
    assert np.argmax(impulse) == upsample.latency_samples(factor) == {2: 31, 3: 47}[factor]
    codes = np.zeros(2 * upsample.WINDOW, np.int16)
    codes[0] = 1 << 14
    y, _ = upsample.upsample(codes, factor)
    np.testing.assert_allclose(y[: impulse.size], 0.5 * impulse, atol=1e-7)
    assert not y[impulse.size :].any()


@factors
def test_input_samples_pass_unchanged(factor: int) -> None:
    codes = np.random.default_rng(1).integers(-(1 << 15), 1 << 15, 200).astype(np.int16)
    y, _ = upsample.upsample(codes, factor)
    np.testing.assert_array_equal(y[upsample.latency_samples(factor) :: factor] * 2.0**15, codes[: -upsample.HALF + 1])


@factors
def test_no_input_overflows_32_bits(factor: int) -> None:
    codes, _ = upsample.taps(factor)
    worst = np.abs(codes.astype(np.int64)).sum(axis=1) * (1 << 15)
    assert np.all(worst < 1 << 31)
    for row in codes:
        against = np.where(row > 0, -(1 << 15), (1 << 15) - 1).astype(np.int16)
        for signs in (against, -1 - against):
            exact, _ = upsample.upsample(signs, factor)
            np.testing.assert_array_equal(played("host", factor, signs, []), exact)
            assert np.max(np.abs(exact)) < 2.5


def test_packed_taps_are_the_taps_twice() -> None:
    for factor in upsample.FACTORS:
        codes, _ = upsample.taps(factor)
        words = packed_taps(factor)
        halves = np.stack([words & 0xFFFF, words >> 16], axis=-1).astype(np.uint16).view(np.int16)
        forms = halves.transpose(0, 2, 1, 3).reshape(factor - 1, 2, -1)
        np.testing.assert_array_equal(forms[:, 0, :-2], codes)
        np.testing.assert_array_equal(forms[:, 1, 1:-1], codes)
        assert not forms[:, 0, -2:].any()
        assert not forms[:, 1, [0, -1]].any()


def test_other_factors_are_refused() -> None:
    with pytest.raises(ValueError, match="upsampling by 4 is not built"):
        upsample.taps(4)


def random_codes(seed: int, count: int) -> Codes:
    """Anything, the rails included."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(-(1 << 15), 1 << 15, count)
    rails = rng.choice([-(1 << 15), (1 << 15) - 1, 0], count)
    return np.where(rng.random(count) < rng.choice([0.0, 0.5, 1.0]), rails, codes).astype(np.int16)


@factors
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**31), cuts=st.lists(st.integers(0, 150), max_size=8))
def test_any_split_gives_the_oracles_bits(factor: int, seed: int, cuts: list[int]) -> None:
    codes = random_codes(seed, 150)
    exact, _ = upsample.upsample(codes, factor)
    np.testing.assert_array_equal(played("host", factor, codes, sorted(cuts)), exact)
    first, history = upsample.upsample(codes[:70], factor)
    second, _ = upsample.upsample(codes[70:], factor, history)
    np.testing.assert_array_equal(np.concatenate([first, second]), exact)


@factors
@pytest.mark.parametrize("block", [1, 7, 16, 48])
def test_the_cortex_m7_gives_the_same_bits(factor: int, block: int) -> None:
    codes = random_codes(block, 250)
    exact, _ = upsample.upsample(codes, factor)
    np.testing.assert_array_equal(played("cortex-m7", factor, codes, list(range(block, 250, block))), exact)


@factors
@pytest.mark.parametrize("name", CORES)
def test_a_new_start_is_silent_and_forgets(factor: int, name: str) -> None:
    played(name, factor, random_codes(3, 100), [])
    assert not played(name, factor, np.zeros(60, np.int16), []).any()


@factors
def test_a_model_that_stops_leaves_no_click(factor: int) -> None:
    """A sine cut off in the middle: past its image, there is 75 dB less of the cut than below."""
    n = np.arange(2000)
    codes = np.rint(20_000 * np.sin(2 * np.pi * 0.031 * n) * (n < 1003)).astype(np.int16)
    y = played("host", factor, codes, [500, 1003, 1010])
    spectrum = np.abs(np.fft.rfft(y * np.hanning(y.size)))
    frequency = np.arange(spectrum.size) * factor / y.size
    below = spectrum[(frequency > 0.1) & (frequency < upsample.EDGE)].max()
    above = spectrum[(frequency > 1.0 - upsample.EDGE) & (frequency < 0.9)].max()
    assert 20 * np.log10(above / below) < -75.0
