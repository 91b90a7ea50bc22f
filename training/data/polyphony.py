# SPDX-License-Identifier: MIT
"""Two notes at once: partials that the found pitch doesn't explain, or a pitch that is only their common divisor.

Measured on pairs of the 32 sax notes, mixed at equal and half level: 2-12 semitones apart 15-55 % of the peak
amplitude is unexplained, single notes leave 0 % (sax) to 10 % (high violin with vibrato). Octaves and twelfths can't
be seen this way: every partial of the upper note is one of the lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from lottava.units import HOP_SAMPLES, SAMPLE_RATE_HZ

from .audio import resample
from .pitch import PitchTrack

FloatArray = NDArray[np.float64]

RATE_HZ = 16_000
WINDOW = 2048
"""128 ms Hann at 16 kHz: partials 32 Hz apart stand alone."""
HOP = 512
BIN_HZ = RATE_HZ / WINDOW
FRAMES_PER_HOP = HOP * SAMPLE_RATE_HZ // RATE_HZ // HOP_SAMPLES

HIGHEST_PARTIAL_HZ = 5_000.0
PEAK_RANGE_DB = 30.0
"""Peaks weaker than this against the frame's strongest don't count."""
QUIET_DB = 30.0
"""Frames this far below the loudest don't count."""

EXPLAINED_SHARE, EXPLAINED_HZ = 0.03, 12.0
"""A peak within 3 % (half a semitone) or 12 Hz of a harmonic is explained, but not beyond a quarter of the spacing."""
UNEXPLAINED_LIMIT = 0.13
"""A frame with more of its peak amplitude unexplained holds another note."""

DIVISORS = ((2, 3), (3, 4), (4, 5), (5, 6), (3, 5), (2, 5), (5, 8))
"""Two notes in these ratios (fifth, fourth, thirds, sixths, tenth) may look like one with such partials."""
STRAY_LIMIT, BOTH_LEAST = 0.04, 0.08
"""Then multiples of neither hold less than this share of the amplitude, and those of only one at least that."""

POLYPHONIC_SHARE = 0.35
"""A file is polyphonic with more than this share of such frames: single notes reach 27 % (a cello E2), pairs 90 %."""


@dataclass(frozen=True)
class _Peaks:
    """Spectral peaks of all frames in one list: the frame, frequency in Hz and amplitude of each."""

    frame: NDArray[np.int64]
    frequency_hz: FloatArray
    amplitude: FloatArray


def _find_peaks(power: FloatArray) -> _Peaks:
    """Local maxima over two bins either side in power spectra [frames, bins], their frequencies by a log parabola."""
    middle = power[:, 2:-2]
    peak = (middle > power[:, 1:-3]) & (middle >= power[:, 3:-1]) & (middle > power[:, :-4]) & (middle > power[:, 4:])
    peak &= middle > middle.max(axis=1, keepdims=True) * 10 ** (-PEAK_RANGE_DB / 10)
    frame, index = np.nonzero(peak)
    left, centre, right = (np.log(power[frame, index + step] + 1e-20) for step in (1, 2, 3))
    curvature = np.minimum(left - 2 * centre + right, -1e-9)
    offset = np.clip((left - right) / (2 * curvature), -0.5, 0.5)
    return _Peaks(frame, (index + 2 + offset) * BIN_HZ, np.sqrt(middle[frame, index]))


def _find_second(peaks: _Peaks, f0_hz: FloatArray) -> NDArray[np.bool_]:
    """True per frame where the peaks hold a second note besides f0_hz [frames], or f0_hz is a divisor of two notes."""
    expected_hz = f0_hz[peaks.frame]
    number = np.rint(peaks.frequency_hz / expected_hz)
    tolerance = np.minimum(np.maximum(EXPLAINED_HZ, EXPLAINED_SHARE * peaks.frequency_hz), 0.25 * expected_hz)
    stray = np.abs(peaks.frequency_hz - number * expected_hz) > tolerance

    def amplitude_of(chosen: NDArray[np.bool_]) -> FloatArray:
        weights = peaks.amplitude * chosen
        return np.bincount(peaks.frame, weights=weights, minlength=len(f0_hz)).astype(np.float64)

    total = amplitude_of(number >= 0) + 1e-12
    second = amplitude_of(stray) / total > UNEXPLAINED_LIMIT
    for first, other in DIVISORS:
        of_first, of_other = (number % first == 0) & ~stray, (number % other == 0) & ~stray
        both = np.minimum(amplitude_of(of_first & ~of_other), amplitude_of(of_other & ~of_first))
        neither = amplitude_of(~of_first & ~of_other & ~stray)
        second |= (neither < STRAY_LIMIT * total) & (both > BOTH_LEAST * total)
    return second


def polyphonic_share(audio: ArrayLike, pitch: PitchTrack) -> float:
    """Share of the loud frames of mono audio [n] at 48 kHz that hold partials of a second note; 0 without any pitch."""
    if not np.any(pitch.f0_filled_hz > 0):
        return 0.0
    low = resample(np.asarray(audio, dtype=np.float32), SAMPLE_RATE_HZ, RATE_HZ)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(low, WINDOW // 2), WINDOW)[::HOP]
    spectrum = scipy.fft.rfft(windows * np.hanning(WINDOW + 1)[:-1].astype(np.float32))
    power = np.square(np.abs(spectrum[:, : int(HIGHEST_PARTIAL_HZ / BIN_HZ)])).astype(np.float64)
    level = power.sum(axis=1)
    loud = level > level.max() * 10 ** (-QUIET_DB / 10)
    if not loud.any():
        return 0.0
    f0_hz = pitch.f0_filled_hz[np.minimum(np.arange(len(power)) * FRAMES_PER_HOP, len(pitch.f0_filled_hz) - 1)]
    return float(_find_second(_find_peaks(power[loud]), f0_hz[loud]).mean())
