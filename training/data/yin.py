# SPDX-License-Identifier: MIT
"""Our own pitch estimator: YIN proposes periods, a harmonic sum over the spectrum scores them, a path is drawn.

YIN: de Cheveigné and Kawahara 2002, steps 1-5. The score follows SWIPE (Camacho and Harris 2008): amplitude at the
harmonics minus amplitude half-way between them, so that half and double the true pitch both lose.
All at 16 kHz in frames of 256 samples (16 ms), frame i centred on sample 256*i, as swift-f0 has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

RATE_HZ = 16_000
HOP = 256
LOWEST_HZ, HIGHEST_HZ = 46.0, 2300.0

WINDOW = 512
"""Samples that each difference sums over: 32 ms, one and a half periods of the lowest pitch."""
LONGEST_LAG = int(RATE_HZ / LOWEST_HZ) + 2
EARLIEST, DEEPEST = 3, 3
"""Periods proposed per frame: the earliest dips nearly as deep as the deepest (YIN's own choice is the first),
and the deepest. A steady note dips alike at every multiple of its period, so the deepest alone may miss the first."""
NEARLY = 0.15

SOFTEN = np.array([1, 4, 6, 4, 1]) / 16
"""Low-pass (-12 dB at 4 kHz) before YIN: rounds the dips of bright notes, which a parabola then hits better."""

SPECTRUM_WINDOW = 2048
HARMONICS = 20
HIGHEST_HARMONIC_HZ = 6_500.0


def _framed(audio: ArrayLike, frames: int, length: int) -> FloatArray:
    """[frames, length] windows centred on samples 256*i, zeros outside."""
    padded = np.pad(np.asarray(audio, dtype=np.float64), (length // 2, length))
    view = np.lib.stride_tricks.sliding_window_view(padded, length)[::HOP]
    return view[:frames]


def _parabola(left: FloatArray, middle: FloatArray, right: FloatArray) -> FloatArray:
    """Offset of the extremum of three equidistant points, within ±0.5 of the middle one."""
    curvature = left - 2 * middle + right
    safe = np.where(np.abs(curvature) > 1e-12, curvature, 1.0)
    return np.where(np.abs(curvature) > 1e-12, np.clip((left - right) / (2 * safe), -0.5, 0.5), 0.0)


def difference(audio: ArrayLike, frames: int) -> FloatArray:
    """YIN's squared difference [frames, lags 0..LONGEST_LAG], each frame divided by the energy of its window."""
    segments = _framed(audio, frames, WINDOW + LONGEST_LAG + 1)
    size = scipy.fft.next_fast_len(segments.shape[1])
    spectrum = scipy.fft.rfft(segments, size)
    head = scipy.fft.rfft(segments[:, :WINDOW], size)
    products = scipy.fft.irfft(np.conj(head) * spectrum, size)[:, : LONGEST_LAG + 1]
    energy = np.cumsum(np.pad(np.square(segments), ((0, 0), (1, 0))), axis=1)
    lagged = energy[:, WINDOW:] - energy[:, : energy.shape[1] - WINDOW]
    lagged = lagged[:, : LONGEST_LAG + 1]
    return np.maximum(lagged[:, :1] + lagged - 2 * products, 0.0) / (lagged[:, :1] + 1e-9)


def _refine(normalised: FloatArray, lag: FloatArray) -> FloatArray:
    """Sharper periods [frames, candidates] by following each dip to its multiples, up to 12 ms away.

    The dip at m periods locates the period m times as finely; m doubles, so no step can slip by a period.
    """
    rows = np.arange(len(normalised))[:, None]
    best, multiple = lag, np.ones_like(lag)
    while True:
        target = np.rint(best * multiple * 2).astype(np.int64)
        inside = (target < 200) & (lag > 0)
        if not inside.any():
            return best
        target = np.where(inside, target, 4)
        around = normalised[rows[..., None], target[..., None] + np.arange(-2, 3)]
        centre = target + np.argmin(around, axis=-1) - 2
        offset = _parabola(*(normalised[rows, centre + step] for step in (-1, 0, 1)))
        sharper = (centre + offset) / (multiple * 2)
        best = np.where(inside & (np.abs(sharper / np.maximum(best, 1) - 1) < 0.03), sharper, best)
        multiple = np.where(inside, multiple * 2, multiple)


def propose(audio: ArrayLike, frames: int) -> tuple[FloatArray, FloatArray]:
    """Candidate pitches in Hz and their aperiodicities (0 periodic, 1 noise), both [frames, 6]; 0 Hz = none."""
    squared = difference(np.convolve(np.asarray(audio, dtype=np.float64), SOFTEN, mode="same"), frames)
    lags = np.arange(squared.shape[1])
    mean = np.cumsum(squared, axis=1) / np.maximum(lags, 1)
    normalised = np.where(lags > 0, squared / np.maximum(mean, 1e-9), 1.0)
    middle = normalised[:, 1:-1]
    dip = (middle < normalised[:, :-2]) & (middle <= normalised[:, 2:])
    dip[:, : int(RATE_HZ / HIGHEST_HZ) - 2] = False
    depth = np.where(dip, middle, np.inf)
    late = np.where(depth < depth.min(axis=1, keepdims=True) + NEARLY, lags[1:-1], LONGEST_LAG + depth)
    order = np.concatenate([np.argsort(late, axis=1)[:, :EARLIEST], np.argsort(depth, axis=1)[:, :DEEPEST]], axis=1)
    rows = np.arange(frames)[:, None]
    found = dip[rows, order]
    lag = order + 1 + _parabola(*(normalised[rows, order + step] for step in (0, 1, 2)))
    lag = _refine(squared, np.where(found, lag, 0.0))
    pitch_hz = np.where(found, RATE_HZ / np.maximum(lag, 1.0), 0.0)
    return pitch_hz, np.where(found, normalised[rows, order + 1], 1.0)


def spectra(audio: ArrayLike, frames: int) -> FloatArray:
    """Square roots of magnitude [frames, bins] (2048-sample Hann windows), each row scaled to unit mean square."""
    window = np.hanning(SPECTRUM_WINDOW + 1)[:-1].astype(np.float32)
    segments = _framed(audio, frames, SPECTRUM_WINDOW).astype(np.float32) * window
    root = np.sqrt(np.abs(scipy.fft.rfft(segments))).astype(np.float64)
    return root / (np.sqrt(np.mean(np.square(root), axis=1, keepdims=True)) + 1e-9)


def harmonic_sum(root_spectra: FloatArray, pitch_hz: ArrayLike) -> FloatArray:
    """Score of each candidate [frames, candidates] against its frame's spectrum; higher is better, 0 Hz scores -1."""
    pitch = np.asarray(pitch_hz, dtype=np.float64)
    number = np.arange(1, HARMONICS + 1)
    bins = RATE_HZ / SPECTRUM_WINDOW
    rows = np.arange(len(pitch))[:, None, None]

    def sample(frequency: FloatArray) -> FloatArray:
        position = np.clip(frequency / bins, 0, root_spectra.shape[1] - 2)
        low = position.astype(np.int64)
        part = position - low
        return root_spectra[rows, low] * (1 - part) + root_spectra[rows, low + 1] * part

    weight = 1 / np.sqrt(number) * (pitch[..., None] * number < HIGHEST_HARMONIC_HZ)
    hits = sample(pitch[..., None] * number)
    gaps = sample(pitch[..., None] * (np.arange(HARMONICS + 1) + 0.5))
    score = (weight * (hits - 0.5 * (gaps[..., :-1] + gaps[..., 1:]))).sum(axis=-1)
    norm = np.sqrt(np.square(weight).sum(axis=-1))
    return np.where(pitch > 0, score / np.maximum(norm, 1e-9), -1.0)


@dataclass(frozen=True)
class Vote:
    """The path drawn through the candidates. All [frames]: pitch in Hz (0 = none), its score, YIN's aperiodicity."""

    pitch_hz: FloatArray
    score: FloatArray
    aperiodicity: FloatArray


JUMP_COST = 6.0
"""Score that a jump of an octave or more between frames must earn (clear notes score 12 to 19); less far, less."""


def draw_path(pitch_hz: FloatArray, score: FloatArray) -> NDArray[np.int64]:
    """Viterbi: index of the candidate per frame whose total score less jump costs is the greatest."""
    octaves = np.log2(np.maximum(pitch_hz, 1.0))
    total = score[0].copy()
    origin = np.zeros(pitch_hz.shape, dtype=np.int64)
    columns = np.arange(pitch_hz.shape[1])
    for frame in range(1, len(pitch_hz)):
        moves = np.minimum(np.abs(octaves[frame][:, None] - octaves[frame - 1][None, :]), 1.0)
        arrived = total[None, :] - JUMP_COST * moves
        origin[frame] = np.argmax(arrived, axis=1)
        total = score[frame] + arrived[columns, origin[frame]]
    path = np.zeros(len(pitch_hz), dtype=np.int64)
    path[-1] = int(np.argmax(total))
    for frame in range(len(pitch_hz) - 1, 0, -1):
        path[frame - 1] = origin[frame, path[frame]]
    return path


def vote(audio: ArrayLike, frames: int, others_hz: ArrayLike, root_spectra: FloatArray) -> Vote:
    """Best path through YIN's candidates and `others_hz` [frames, any] (another estimator's, with its octaves)."""
    own_hz, aperiodicity = propose(audio, frames)
    others = np.asarray(others_hz, dtype=np.float64)
    others = np.where((others >= LOWEST_HZ) & (others <= HIGHEST_HZ), others, 0.0)
    candidates = np.concatenate([own_hz, others], axis=1)
    score = harmonic_sum(root_spectra, candidates)
    path = draw_path(candidates, score)
    rows = np.arange(frames)
    return Vote(candidates[rows, path], score[rows, path], aperiodicity.min(axis=1))
