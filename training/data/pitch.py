# SPDX-License-Identifier: MIT
"""Pitch of a sound: swift-f0 against our own estimator, and the rule that decides between them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lottava.units import HOP_SAMPLES, SAMPLE_RATE_HZ

from . import yin
from .audio import resample

FloatArray = NDArray[np.float64]

AGREE_CENTS = 50.0
"""Estimators further apart than this disagree, and the harmonic sum decides."""

CLEAR_SCORE, CLEAR_MARGIN = 3.0, 1.5
"""A vote counts where the winner scores this much, and this much above swift-f0's answer. Clear notes of sax, violin
and cello score 7 to 19; where swift-f0 is an octave off, its answer scores -4 to 1."""

UNRESOLVED_SHARE = 0.2
"""A sound with more unresolved frames than this share of its voiced ones has no dependable pitch."""

OTHER_OCTAVES = (1.0, 0.5, 0.25, 2.0)
"""swift-f0's answer enters the vote with its octaves: on bright sax notes it answers one or two octaves high."""

CONFIDENT = 0.5
"""swift-f0's own threshold for a voiced frame."""

PERIODIC = 0.1
"""YIN's threshold: aperiodicity below this is a voiced frame, whatever swift-f0 says."""

QUIET_DB = 50.0
"""Frames this far below the loudest are not asked for a pitch."""


@dataclass(frozen=True)
class PitchTrack:
    """Pitch per 250 Hz frame. f0_hz is 0 where unvoiced; f0_filled_hz is interpolated there (0 only without any pitch).

    disagreed, unresolved: shares of the voiced estimator frames (16 ms).
    """

    f0_hz: FloatArray
    f0_filled_hz: FloatArray
    voiced: NDArray[np.bool_]
    disagreed: float
    unresolved: float

    @property
    def dependable(self) -> bool:
        """False where the two estimators disagree and the vote can't tell."""
        return self.unresolved <= UNRESOLVED_SHARE


@functools.cache
def _swift() -> Any:
    from swift_f0 import SwiftF0

    return SwiftF0(threads=1, spin=False)


def _cents_apart(a_hz: FloatArray, b_hz: FloatArray) -> FloatArray:
    return 1200 * np.abs(np.log2(np.maximum(a_hz, 1.0) / np.maximum(b_hz, 1.0)))


def _frame_levels_db(audio: NDArray[np.float32], frames: int) -> FloatArray:
    power = np.square(audio[: frames * yin.HOP].reshape(frames, yin.HOP), dtype=np.float64).mean(axis=1)
    return 10 * np.log10(power + 1e-12)


def track(audio: ArrayLike) -> PitchTrack:
    """Pitch track of mono audio [n] at 48 kHz, one value a hop (n // 192 frames), frame i at sample 192*i."""
    sound = np.asarray(audio, dtype=np.float32)
    frames = len(sound) // HOP_SAMPLES
    peak = float(np.max(np.abs(sound), initial=0.0))
    if frames == 0 or peak < 1e-6:
        nothing = np.zeros(frames)
        return PitchTrack(nothing, nothing, nothing > 0, 0.0, 0.0)
    low = resample(sound * np.float32(0.5 / peak), SAMPLE_RATE_HZ, yin.RATE_HZ)
    low = np.pad(low, (0, -len(low) % yin.HOP))
    swift = _swift().detect(low, yin.RATE_HZ)
    count = len(swift.pitch_hz)
    decision = yin.vote(
        low, count, swift.pitch_hz[:, None] * np.array(OTHER_OCTAVES), spectra := yin.spectra(low, count)
    )

    levels = _frame_levels_db(low, count)
    voiced = (swift.confidence >= CONFIDENT) | (decision.aperiodicity < PERIODIC)
    voiced &= (levels > levels.max() - QUIET_DB) & (decision.pitch_hz > 0)
    apart = _cents_apart(decision.pitch_hz, swift.pitch_hz) > AGREE_CENTS
    swift_score = yin.harmonic_sum(spectra, swift.pitch_hz[:, None])[:, 0]
    clear = (decision.score > CLEAR_SCORE) & (decision.score > swift_score + CLEAR_MARGIN)
    resolved = voiced & (~apart | clear)
    total = max(int(voiced.sum()), 1)
    unresolved = float((voiced & ~resolved).sum() / total)
    return _to_frames(decision.pitch_hz, resolved, frames, float((voiced & apart).sum() / total), unresolved)


def _to_frames(
    pitch_hz: FloatArray, voiced: NDArray[np.bool_], frames: int, disagreed: float, unresolved: float
) -> PitchTrack:
    """Estimator frames (16 ms) to control frames (4 ms): pitch linear in octaves, voicing from the nearest."""
    position = np.arange(frames) * (HOP_SAMPLES / SAMPLE_RATE_HZ * yin.RATE_HZ / yin.HOP)
    known = np.flatnonzero(voiced)
    if len(known) == 0:
        return PitchTrack(np.zeros(frames), np.zeros(frames), np.zeros(frames, dtype=bool), disagreed, unresolved)
    filled = 2.0 ** np.interp(position, known, np.log2(pitch_hz[known]))
    nearest = voiced[np.minimum(np.rint(position).astype(np.int64), len(voiced) - 1)]
    return PitchTrack(np.where(nearest, filled, 0.0), filled, nearest, disagreed, unresolved)
