# SPDX-License-Identifier: MIT
"""What a frame of sound measures: A-weighted loudness and the three descriptors behind BRIGHT, BREATH and BODY.

The same functions measure recordings before training and rendered audio afterwards. Frame n describes sample 192*n.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from lottava.units import HOP_SAMPLES, SAMPLE_RATE_HZ, hz_to_volts

FloatArray = NDArray[np.float64]

LOUDNESS_WINDOW = 2048
"""43 ms Hann: short enough for attacks, three periods of the lowest sax note."""

DESCRIPTOR_WINDOW = 4096
"""85 ms Hann: its lobes (±23 Hz) stand apart from 47 Hz upwards, so noise shows between the harmonics."""

CHUNK_FRAMES = 512
FLOOR_DB = -120.0
PARTIALS = 64
BODY_PARTIALS = 20
"""BODY compares odd and even partials up to this one; above, noise decides."""
HIGHEST_HZ = 20_000.0
GAP_HALF_WIDTH = 0.12, 0.25
"""Noise is read half-way between harmonics, over ±0.12 to ±0.25 of their spacing ..."""
LOBE_HZ = 47.0
"""... as far as it keeps 47 Hz (twice the Hann lobe) away from them: more bins, a steadier figure."""
CLEAR_OF_NOISE = 3.0
"""A partial enters the centroid where its band holds this many times the noise's power (5 dB)."""
DESCRIPTOR_LIMIT_DB = 60.0
SMOOTHING_FRAMES = 13
"""52 ms: a knob's speed, not a waveform's."""
QUIET_DB = 45.0
"""Frames this far below the loudest one don't tell timbre from background."""


def _power_spectra(audio: FloatArray, window_samples: int) -> Iterator[tuple[slice, FloatArray]]:
    """Chunks of frames with their power spectra [frames, bins], scaled so that a row sums to the mean square."""
    frames = len(audio) // HOP_SAMPLES
    half = window_samples // 2
    padded = np.pad(audio.astype(np.float32), (half, half))
    window = np.hanning(window_samples + 1)[:-1].astype(np.float32)
    view = np.lib.stride_tricks.sliding_window_view(padded, window_samples)[::HOP_SAMPLES]
    scale = 2.0 / (window_samples * np.square(window, dtype=np.float64).sum())
    for start in range(0, frames, CHUNK_FRAMES):
        part = slice(start, min(start + CHUNK_FRAMES, frames))
        spectrum = scipy.fft.rfft(view[part] * window)
        yield part, (np.square(spectrum.real) + np.square(spectrum.imag)) * np.float32(scale)


def a_weighting(frequency_hz: ArrayLike) -> FloatArray:
    """Power weight of IEC 61672-1's A curve, 1 at 1 kHz (annex E: poles 20.6, 107.7, 737.9, 12194 Hz)."""
    square = np.square(np.asarray(frequency_hz, dtype=np.float64))
    top = 12194.0**2 * np.square(square)
    bottom = (square + 20.6**2) * np.sqrt((square + 107.7**2) * (square + 737.9**2)) * (square + 12194.0**2)
    return np.square(top / bottom) * 10**0.2


def measure_loudness_db(audio: ArrayLike) -> FloatArray:
    """A-weighted level [n // 192] of audio [n] at 48 kHz, dB re full scale: a 1 kHz sine of amplitude 1 reads -3."""
    sound = np.asarray(audio, dtype=np.float64)
    loudness = np.full(len(sound) // HOP_SAMPLES, FLOOR_DB)
    weight = a_weighting(scipy.fft.rfftfreq(LOUDNESS_WINDOW, 1 / SAMPLE_RATE_HZ)).astype(np.float32)
    for part, power in _power_spectra(sound, LOUDNESS_WINDOW):
        loudness[part] = 10 * np.log10(power @ weight + 10 ** (FLOOR_DB / 10))
    return loudness


def _measure_chunk(power: FloatArray, f0_hz: FloatArray) -> FloatArray:
    """Centroid (log2 Hz), noise-to-harmonic ratio (dB), odd-to-even balance (dB) [frames, 3] of power spectra."""
    spacing = SAMPLE_RATE_HZ / DESCRIPTOR_WINDOW
    below = np.cumsum(np.pad(power, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    rows = np.arange(len(power))[:, None]

    def power_below(frequency_hz: FloatArray) -> FloatArray:
        position = np.clip(np.minimum(frequency_hz, HIGHEST_HZ) / spacing + 0.5, 0, power.shape[1] - 1)
        low = position.astype(np.int64)
        left = below[rows, low]
        return left + (below[rows, low + 1] - left) * (position - low)

    number = np.arange(1, PARTIALS + 1)
    gap_centre = f0_hz[:, None] * (np.arange(PARTIALS + 1) + 0.5)
    narrow, wide = GAP_HALF_WIDTH
    width = np.clip(0.5 * f0_hz - LOBE_HZ, narrow * f0_hz, wide * f0_hz)[:, None]
    density = (power_below(gap_centre + width) - power_below(gap_centre - width)) / (2 * width)
    edges = power_below(gap_centre)
    noise = f0_hz[:, None] * 0.5 * (density[:, 1:] + density[:, :-1])
    inside = f0_hz[:, None] * (number + 0.5) <= HIGHEST_HZ
    noise = np.where(inside, noise, 0.0)
    tonal = np.where(inside, np.diff(edges, axis=1) - noise, 0.0)
    harmonic = np.maximum(tonal, 0.0)
    floor = 1e-14
    whole = power_below(np.full((len(power), 1), HIGHEST_HZ))[:, 0]
    count = inside.sum(axis=1)
    last = np.arange(len(power)), count
    above = np.where(
        count == PARTIALS, whole - edges[last], density[last] * np.maximum(HIGHEST_HZ - gap_centre[last], 0.0)
    )
    total_noise = noise.sum(axis=1) + above
    total_tonal = np.maximum(tonal.sum(axis=1), 1e-3 * total_noise)
    amplitude = np.sqrt(np.where(harmonic > (CLEAR_OF_NOISE - 1) * noise, harmonic, 0.0)) + floor
    centroid = f0_hz * (amplitude * number).sum(axis=1) / amplitude.sum(axis=1)
    breath = 10 * np.log10((total_noise + floor) / (total_tonal + floor))
    odd, even = harmonic[:, 0:BODY_PARTIALS:2].sum(axis=1), harmonic[:, 1:BODY_PARTIALS:2].sum(axis=1)
    body = 10 * np.log10((odd + floor) / (even + floor))
    limited = np.clip(np.stack([breath, body], axis=1), -DESCRIPTOR_LIMIT_DB, DESCRIPTOR_LIMIT_DB)
    return np.concatenate([np.log2(centroid)[:, None], limited], axis=1)


@dataclass(frozen=True)
class BrightFit:
    """What pitch and loudness predict of the centroid: log2 Hz = coefficients . (1, v, v^2, l, v*l).

    v: volts from C4 and l: loudness in 10 dB, both clamped to the ranges that the fit saw.
    """

    coefficients: tuple[float, ...]
    pitch_range_volts: tuple[float, float]
    loudness_range_db: tuple[float, float]

    def predict(self, f0_hz: ArrayLike, loudness_db: ArrayLike) -> FloatArray:
        """Expected centroid [frames] in log2 Hz."""
        volts = np.clip(hz_to_volts(np.asarray(f0_hz, dtype=np.float64)), *self.pitch_range_volts)
        tens = np.clip(np.asarray(loudness_db, dtype=np.float64), *self.loudness_range_db) / 10
        return _bright_terms(volts, tens) @ np.array(self.coefficients)


def _bright_terms(volts: FloatArray, tens: FloatArray) -> FloatArray:
    return np.stack([np.ones_like(volts), volts, volts**2, tens, volts * tens], axis=-1)


def fit_bright(centroid: ArrayLike, f0_hz: ArrayLike, loudness_db: ArrayLike) -> BrightFit:
    """Ridge regression of the centroid [frames] on pitch and loudness; ranges are the 1 and 99 % points."""
    volts = hz_to_volts(np.asarray(f0_hz, dtype=np.float64))
    loudness = np.asarray(loudness_db, dtype=np.float64)
    pitch_range, loudness_range = np.percentile(volts, [1, 99]), np.percentile(loudness, [1, 99])
    terms = _bright_terms(np.clip(volts, *pitch_range), np.clip(loudness, *loudness_range) / 10)
    ridge = 1e-4 * len(terms) * np.eye(terms.shape[1])
    solution = np.linalg.solve(terms.T @ terms + ridge, terms.T @ np.asarray(centroid, dtype=np.float64))
    return BrightFit(
        tuple(float(value) for value in solution),
        (float(pitch_range[0]), float(pitch_range[1])),
        (float(loudness_range[0]), float(loudness_range[1])),
    )


def _smooth(values: FloatArray, valid: NDArray[np.bool_]) -> FloatArray:
    """Moving mean of [frames, 3] over the valid frames; what is not valid is interpolated from what is."""
    kernel = np.ones(SMOOTHING_FRAMES)
    weight = np.convolve(valid, kernel, mode="same")
    known = np.flatnonzero(valid)
    out = np.empty_like(values)
    for column, raw in enumerate(values.T):
        mean = np.convolve(np.where(valid, raw, 0.0), kernel, mode="same")[known] / weight[known]
        out[:, column] = np.interp(np.arange(len(raw)), known, mean)
    return out


def measure_descriptors(
    audio: ArrayLike, f0_hz: ArrayLike, loudness_db: ArrayLike, bright_fit: BrightFit | None = None
) -> FloatArray:
    """Raw BRIGHT (octaves), BREATH (dB), BODY (dB) per frame [n // 192, 3] of audio [n] at 48 kHz.

    f0_hz [frames]: 0 or below where unvoiced; those frames and very quiet ones are interpolated. Without bright_fit
    the first column is the centroid itself in log2 Hz. A sound with no voiced frame measures 0 throughout.
    Raises ValueError where f0_hz or loudness_db don't have one value a frame.
    """
    sound = np.asarray(audio, dtype=np.float64)
    f0, loudness = np.asarray(f0_hz, dtype=np.float64), np.asarray(loudness_db, dtype=np.float64)
    frames = len(sound) // HOP_SAMPLES
    if f0.shape != (frames,) or loudness.shape != (frames,):
        raise ValueError(
            f"{frames} frames of audio need as many f0 and loudness values, not {f0.shape} {loudness.shape}"
        )
    valid = f0 > 0
    if not valid.any():
        return np.zeros((frames, 3))
    valid &= loudness > loudness[valid].max() - QUIET_DB
    raw = np.zeros((frames, 3))
    for part, power in _power_spectra(sound, DESCRIPTOR_WINDOW):
        raw[part] = _measure_chunk(power, np.where(valid[part], f0[part], 440.0))
    smoothed = _smooth(raw, valid)
    if bright_fit is not None:
        known = np.flatnonzero(valid)
        filled = 2.0 ** np.interp(np.arange(frames), known, np.log2(f0[known]))
        smoothed[:, 0] -= bright_fit.predict(filled, loudness)
    return smoothed
