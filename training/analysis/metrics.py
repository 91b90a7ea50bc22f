# SPDX-License-Identifier: MIT
"""How far a rendered sound is from a recording: spectra, pitch, loudness. Every figure is 0 for identical sounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from lottava.units import HOP_SAMPLES, SAMPLE_RATE_HZ

from ..data.features import a_weighting

FloatArray = NDArray[np.float64]

MRSTFT_SIZES = (2048, 1024, 512, 256, 128, 64)
LOG_EPSILON = 1e-5

LOUDNESS_SIZE, LOUDNESS_HOP, LOUDNESS_FLOOR_DB = 1024, 256, -80.0

PITCH_SIZE = 4096
"""85 ms: harmonics of 60 Hz and above stand apart."""
PITCH_STRIDE_FRAMES = 4
ADVANCE_SAMPLES = 64
"""Between the two windows whose phases are compared; short enough that no partial below 375 Hz * n wraps unseen."""
SEARCH_CENTS = np.arange(-1500.0, 1501.0, 10.0)
COMB_PARTIALS = 12
GROSS_CENTS = 50.0
AUDIBLE_DB = 50.0
"""Frames this far below the loudest carry no pitch worth judging."""


def _spectra(audio: NDArray, size: int, hop: int) -> NDArray:
    """Hann spectra [windows, size // 2 + 1] of audio [samples] in its precision, zero-padded to at least one window."""
    padded = np.pad(audio, (0, max(0, size - len(audio))))
    view = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    return scipy.fft.rfft(view * np.hanning(size + 1)[:-1].astype(audio.dtype))


def mrstft(reference: ArrayLike, estimate: ArrayLike, sizes: Sequence[int] = MRSTFT_SIZES) -> float:
    """Multi-resolution STFT distance (reference §5.3) of two mono sounds [samples]; the longer one is cut.

    Mean over sizes of ‖S − Ŝ‖_F / ‖S‖_F + mean |log(S + 1e-5) − log(Ŝ + 1e-5)|, Hann windows, hop a quarter.
    """
    x, y = (sound.astype(np.float32) for sound in _same_length(reference, estimate))
    total = 0.0
    for size in sizes:
        s, t = (np.abs(_spectra(sound, size, size // 4)) for sound in (x, y))
        convergence = float(np.linalg.norm(s - t)) / max(float(np.linalg.norm(s)), LOG_EPSILON)
        total += convergence + float(np.mean(np.abs(np.log(s + LOG_EPSILON) - np.log(t + LOG_EPSILON))))
    return float(total / len(sizes))


def _same_length(reference: ArrayLike, estimate: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, y = np.asarray(reference, dtype=np.float64), np.asarray(estimate, dtype=np.float64)
    if x.ndim != 1 or y.ndim != 1 or min(len(x), len(y)) == 0:
        raise ValueError(f"two mono sounds are needed, not shapes {x.shape} and {y.shape}")
    length = min(len(x), len(y))
    return x[:length], y[:length]


def frame_levels_db(audio: ArrayLike) -> FloatArray:
    """A-weighted level of windows of 1024 every 256 samples, in dB re full scale, at least -80."""
    power = np.square(np.abs(_spectra(np.asarray(audio, dtype=np.float64), LOUDNESS_SIZE, LOUDNESS_HOP)))
    scale = 2.0 / (LOUDNESS_SIZE * np.square(np.hanning(LOUDNESS_SIZE + 1)[:-1]).sum())
    weighted = power @ a_weighting(scipy.fft.rfftfreq(LOUDNESS_SIZE, 1 / SAMPLE_RATE_HZ)) * scale
    return np.maximum(10 * np.log10(weighted + 1e-30), LOUDNESS_FLOOR_DB)


def loudness_error_db(reference: ArrayLike, estimate: ArrayLike) -> float:
    """Mean absolute difference of A-weighted frame levels."""
    x, y = _same_length(reference, estimate)
    return float(np.mean(np.abs(frame_levels_db(x) - frame_levels_db(y))))


@dataclass(frozen=True)
class PitchError:
    """rmse and median (signed) over frames that are right within 50 cents; gross_rate: share of those that are not."""

    rmse_cents: float
    median_cents: float
    gross_rate: float
    frames: int


def measure_pitch_hz(audio: ArrayLike, near_hz: ArrayLike) -> FloatArray:
    """Sounding pitch at every 4th frame [frames // 4] of audio [192 * frames], within 15 semitones of near_hz.

    A comb (harmonics count for a candidate, half-way points against it, so neither octave wins by containing the
    other) finds the pitch within 10 cents; the phase advance of its harmonics refines it.
    """
    near = np.asarray(near_hz, dtype=np.float64)[::PITCH_STRIDE_FRAMES]
    half = PITCH_SIZE // 2
    padded = np.pad(np.asarray(audio, dtype=np.float64), (half, half + ADVANCE_SAMPLES))
    starts = np.arange(len(near)) * HOP_SAMPLES * PITCH_STRIDE_FRAMES
    starts = starts[starts + PITCH_SIZE + ADVANCE_SAMPLES <= len(padded)]
    near = near[: len(starts)]
    view = np.lib.stride_tricks.sliding_window_view(padded, PITCH_SIZE)
    window = np.hanning(PITCH_SIZE + 1)[:-1]
    first, second = (scipy.fft.rfft(view[starts + shift] * window) for shift in (0, ADVANCE_SAMPLES))
    return _refine(first, second, _comb(np.abs(first), near))


def _at(magnitude: FloatArray, frequency_hz: FloatArray) -> FloatArray:
    """Magnitudes [frames, bins] between bins, 0 above Nyquist, at frequencies [frames, candidates]."""
    position = frequency_hz * (PITCH_SIZE / SAMPLE_RATE_HZ)
    low = np.minimum(position.astype(np.int64), magnitude.shape[1] - 2)
    rows = np.arange(len(magnitude))[:, None]
    value = magnitude[rows, low] + (magnitude[rows, low + 1] - magnitude[rows, low]) * (position - low)
    return np.where(position < magnitude.shape[1] - 1, value, 0.0)


def _comb(magnitude: FloatArray, near: FloatArray) -> FloatArray:
    candidates = near[:, None] * 2 ** (SEARCH_CENTS / 1200)
    root = np.sqrt(magnitude)
    score = np.zeros_like(candidates)
    for number in range(1, COMB_PARTIALS + 1):
        score += (_at(root, number * candidates) - _at(root, (number - 0.5) * candidates)) / np.sqrt(number)
    return candidates[np.arange(len(near)), np.argmax(score, axis=1)]


def _refine(first: NDArray, second: NDArray, pitch_hz: FloatArray) -> FloatArray:
    """Energy-weighted phase advance of the partials between two windows; twice, the second time from closer by."""
    spacing = SAMPLE_RATE_HZ / PITCH_SIZE
    rows = np.arange(len(first))[:, None]
    number = np.arange(1, COMB_PARTIALS + 1)
    for _ in range(2):
        partial_hz = pitch_hz[:, None] * number
        bins = np.minimum(np.rint(partial_hz / spacing).astype(np.int64), first.shape[1] - 1)
        turn = second[rows, bins] * np.conj(first[rows, bins])
        expected = np.exp(-2j * np.pi * partial_hz * ADVANCE_SAMPLES / SAMPLE_RATE_HZ)
        deviation_hz = np.angle(turn * expected) * SAMPLE_RATE_HZ / (2 * np.pi * ADVANCE_SAMPLES)
        weight = np.abs(turn) * number**2 * (partial_hz < SAMPLE_RATE_HZ / 2)
        shift = (weight * deviation_hz / number).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-30)
        pitch_hz = pitch_hz + shift
    return pitch_hz


def pitch_error(audio: ArrayLike, commanded_hz: ArrayLike, voiced: ArrayLike | None = None) -> PitchError:
    """Sounding against commanded pitch [frames], on voiced frames (all by default), off the ends and not near silence.

    audio: [192 * frames]. Figures are nan where no frame is left to judge.
    """
    commanded = np.asarray(commanded_hz, dtype=np.float64)
    sound = np.asarray(audio, dtype=np.float64)[: HOP_SAMPLES * len(commanded)]
    measured = measure_pitch_hz(sound, np.maximum(commanded, 20.0))
    frame = np.arange(len(measured)) * PITCH_STRIDE_FRAMES
    levels = frame_levels_db(np.pad(sound, (LOUDNESS_SIZE // 2, LOUDNESS_SIZE)))
    level = levels[np.minimum(frame * HOP_SAMPLES // LOUDNESS_HOP, len(levels) - 1)]
    centre = frame * HOP_SAMPLES
    inside = (centre >= PITCH_SIZE // 2) & (centre <= len(sound) - PITCH_SIZE // 2 - ADVANCE_SAMPLES)
    judged = inside & (level > levels.max() - AUDIBLE_DB) & (commanded[frame] > 0)
    if voiced is not None:
        judged &= np.asarray(voiced, dtype=bool)[frame]
    if not judged.any():
        return PitchError(float("nan"), float("nan"), float("nan"), 0)
    cents = 1200 * np.log2(measured[judged] / commanded[frame][judged])
    fine = cents[np.abs(cents) <= GROSS_CENTS]
    rmse = float(np.sqrt(np.mean(fine**2))) if len(fine) else float("nan")
    median = float(np.median(cents))
    return PitchError(rmse, median, 1 - len(fine) / len(cents), len(cents))


@dataclass(frozen=True)
class Scores:
    """Means over held-out notes. f0_cents: root mean square over all judged frames; f0_gross_rate: > 50 cents off."""

    mrstft: float
    f0_cents: float
    f0_gross_rate: float
    loudness_db: float

    def as_dict(self) -> dict[str, float]:
        """Field names and values, for JSON."""
        return asdict(self)


def score(pairs: Iterable[tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]]) -> Scores:
    """Scores of (recording, rendered, commanded f0 in Hz per frame, voiced per frame), one entry a note.

    Raises ValueError without any note.
    """
    distances, loudness, pitches = [], [], []
    for recording, rendered, commanded_hz, voiced in pairs:
        distances.append(mrstft(recording, rendered))
        loudness.append(loudness_error_db(recording, rendered))
        pitches.append(pitch_error(rendered, commanded_hz, voiced))
    if not distances:
        raise ValueError("there is no held-out note to score")
    frames = np.array([p.frames for p in pitches], dtype=np.float64)
    known = frames > 0
    fine = np.array([p.frames * (1 - p.gross_rate) if p.frames else 0.0 for p in pitches])
    squares = np.nan_to_num([p.rmse_cents**2 for p in pitches])
    cents = float(np.sqrt((fine * squares).sum() / fine.sum())) if fine.sum() else float("nan")
    gross = float(1 - fine.sum() / frames.sum()) if known.any() else float("nan")
    return Scores(float(np.mean(distances)), cents, gross, float(np.mean(loudness)))
