# SPDX-License-Identifier: MIT
"""The value between sounds and training: clips with their control frames, split by pitch, normalised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lottava.units import FRAME_RATE_HZ, hz_to_volts

from .features import BrightFit, fit_bright

FloatArray = NDArray[np.float32]

AXES = ("BRIGHT", "BREATH", "BODY")

LEARNABLE_SPREAD = (0.2, 4.0, 4.0)
"""Least 5-95 % spread of an axis, beyond what pitch and loudness predict, for a network to learn it: octaves of
centroid, dB of noise, dB of odd against even. A judgement: about three times what a listener just notices."""


class DatasetError(ValueError):
    """Sounds that no voice can be made of: says why and what to do."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One stretch of sound on one side of the split. audio [192*frames]; frame n describes sample 192*n.

    f0_hz is 0 where unvoiced, f0_filled_hz interpolated there. descriptors [frames, 3]: raw BRIGHT (octaves), BREATH
    (dB), BODY (dB); axes: the same in [-1, 1]. note: MIDI number of the median pitch.
    """

    name: str
    source: str
    audio: FloatArray
    f0_hz: FloatArray
    f0_filled_hz: FloatArray
    voiced: NDArray[np.bool_]
    loudness_db: FloatArray
    descriptors: FloatArray
    axes: FloatArray
    heldout: bool
    note: int

    @property
    def frames(self) -> int:
        """Control frames in the clip."""
        return len(self.f0_hz)


@dataclass(frozen=True, eq=False)
class Dataset:
    """All clips of a folder and the scales they share.

    loudness_range_db: 5 and 95 % points of the training notes; axis_ranges: the same of each raw descriptor.
    axis_learnable: False where the recordings hold too little variation (LEARNABLE_SPREAD; axis_spreads tells it).
    sha256: of the files and the analysis version. source: work, author, licence and so on, where known.
    """

    clips: tuple[Clip, ...]
    loudness_range_db: tuple[float, float]
    axis_ranges: tuple[tuple[float, float], ...]
    axis_spreads: tuple[float, ...]
    axis_learnable: tuple[bool, ...]
    bright_fit: BrightFit
    range_hz: tuple[float, float]
    sha256: str
    source: Mapping[str, str] = field(default_factory=dict)

    @property
    def minutes(self) -> float:
        """Sound in all clips."""
        return sum(clip.frames for clip in self.clips) / FRAME_RATE_HZ / 60

    @property
    def train(self) -> tuple[Clip, ...]:
        """Clips that training may see."""
        return tuple(clip for clip in self.clips if not clip.heldout)

    @property
    def heldout(self) -> tuple[Clip, ...]:
        """Clips of the notes that never train."""
        return tuple(clip for clip in self.clips if clip.heldout)


def normalise_axes(descriptors: NDArray, axis_ranges: Sequence[tuple[float, float]]) -> FloatArray:
    """Raw descriptors [frames, 3] to axes in [-1, 1]: the ends of each range are -1 and 1, beyond is clamped."""
    low, high = np.array(axis_ranges, dtype=np.float64).T
    return np.clip(2 * (descriptors - low) / (high - low) - 1, -1, 1).astype(np.float32)


def normalise_loudness(loudness_db: NDArray, loudness_range_db: tuple[float, float]) -> FloatArray:
    """Loudness in dB to the network's [-1, 1], clamped."""
    low, high = loudness_range_db
    return np.clip(2 * (np.asarray(loudness_db) - low) / (high - low) - 1, -1, 1).astype(np.float32)


def network_inputs(clip: Clip, dataset: Dataset) -> dict[str, FloatArray]:
    """What the decoder reads of a clip: pitch [frames, 1] in volts from C4, loudness [frames, 1], axes [frames, 3].

    An axis that the recordings can't teach is held at noon (0).
    """
    learnable = np.array(dataset.axis_learnable, dtype=np.float32)
    return {
        "pitch": hz_to_volts(clip.f0_filled_hz)[:, None].astype(np.float32),
        "loudness": normalise_loudness(clip.loudness_db, dataset.loudness_range_db)[:, None],
        "axes": clip.axes * learnable,
    }


def _spread(values: NDArray, f0_hz: NDArray, loudness_db: NDArray) -> float:
    """5-95 % spread of what pitch and loudness don't predict."""
    residual = values - fit_bright(values, f0_hz, loudness_db).predict(f0_hz, loudness_db)
    low, high = np.percentile(residual, [5, 95])
    return float(high - low)


def _widen(low: float, high: float, least: float) -> tuple[float, float]:
    """A range at least this wide around the same middle, so that nothing divides by zero."""
    middle, half = (low + high) / 2, max(high - low, least) / 2
    return middle - half, middle + half


LEAST_LOUDNESS_SPAN_DB = 6.0


def assemble(clips: Sequence[Clip], sha256: str, source: Mapping[str, str] | None = None) -> Dataset:
    """Fit the scales on the training clips and normalise all; the clips' first descriptor still is the centroid.

    Raises DatasetError without training clips that have a pitch.
    """
    training = [clip for clip in clips if not clip.heldout and clip.voiced.any()]
    if not training:
        raise DatasetError("no sound with a dependable pitch is left to train on; record single sustained notes")
    f0_hz = np.concatenate([clip.f0_hz[clip.voiced] for clip in training]).astype(np.float64)
    loudness_db = np.concatenate([clip.loudness_db[clip.voiced] for clip in training]).astype(np.float64)
    raw = np.concatenate([clip.descriptors[clip.voiced] for clip in training]).astype(np.float64)
    bright_fit = fit_bright(raw[:, 0], f0_hz, loudness_db)
    raw[:, 0] -= bright_fit.predict(f0_hz, loudness_db)
    low, high = np.percentile(raw, [5, 95], axis=0)
    ranges = tuple(_widen(float(a), float(b), least) for a, b, least in zip(low, high, LEARNABLE_SPREAD, strict=True))
    spreads = tuple(_spread(column, f0_hz, loudness_db) for column in raw.T)
    loudness = np.percentile(loudness_db, [5, 95])

    def finish(clip: Clip) -> Clip:
        descriptors = clip.descriptors.copy()
        descriptors[:, 0] -= bright_fit.predict(clip.f0_filled_hz, clip.loudness_db).astype(np.float32)
        return replace(clip, descriptors=descriptors, axes=normalise_axes(descriptors, ranges))

    return Dataset(
        clips=tuple(finish(clip) for clip in clips),
        loudness_range_db=_widen(float(loudness[0]), float(loudness[1]), LEAST_LOUDNESS_SPAN_DB),
        axis_ranges=ranges,
        axis_spreads=spreads,
        axis_learnable=tuple(spread >= least for spread, least in zip(spreads, LEARNABLE_SPREAD, strict=True)),
        bright_fit=bright_fit,
        range_hz=(float(np.percentile(f0_hz, 1)), float(np.percentile(f0_hz, 99))),
        sha256=sha256,
        source=dict(source or {}),
    )
