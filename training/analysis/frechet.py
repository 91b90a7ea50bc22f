# SPDX-License-Identifier: MIT
"""Fréchet distance between two heaps of sounds: how far their normal distributions lie apart, beside its own floor.

The distance of few samples from one source is far from 0, the more so the fewer they are. So both sides always have
the same number, and beside every distance stands what two halves of the recordings are from each other. A, B: every
other note, all of as many samples.

    distance   F(real, made), the same notes on both sides, all samples: ranks networks, 0 for the recordings themselves
    halves     ½ (F(real A, made B) + F(real B, made A)): no note meets itself, a perfect voice lands on the floor
    floor      F(real A, real B)

None is comparable to any published FAD.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..crops import log_mel

Array = NDArray[np.float64]

SHRINKAGE = 1e-3
"""Share of the covariance that is replaced by its mean variance in every direction (reference §5.3)."""

PCA_DIMS = 64
DELTA_FRAMES = 4
"""16 ms either way: the slope of a mel band, not its flutter."""


@dataclass(frozen=True)
class Normal:
    """mean [dims] and covariance [dims, dims] of some samples."""

    mean: Array
    covariance: Array


def fit_normal(samples: Array, shrinkage: float = SHRINKAGE) -> Normal:
    """The normal distribution of samples [n, dims], shrunk. Raises ValueError for fewer than two."""
    if samples.ndim != 2 or len(samples) < 2:
        raise ValueError(f"a distribution needs two samples or more, [n, dims], not {samples.shape}")
    covariance = np.atleast_2d(np.cov(samples, rowvar=False))
    level = np.trace(covariance) / len(covariance)
    return Normal(samples.mean(axis=0), (1 - shrinkage) * covariance + shrinkage * level * np.eye(len(covariance)))


def frechet_distance(a: Normal, b: Normal) -> float:
    """‖μ−μ̂‖² + Tr(Σ + Σ̂ − 2 (Σ Σ̂)^½): squared 2-Wasserstein distance of two normal distributions."""
    root = _root(a.covariance)
    shared = np.linalg.eigvalsh(root @ b.covariance @ root)
    apart = float(np.sum((a.mean - b.mean) ** 2))
    spread = float(np.trace(a.covariance) + np.trace(b.covariance) - 2 * np.sqrt(np.maximum(shared, 0.0)).sum())
    return apart + max(spread, 0.0)


def _root(covariance: Array) -> Array:
    values, axes = np.linalg.eigh(covariance)
    rooted: Array = (axes * np.sqrt(np.maximum(values, 0.0))) @ axes.T
    return rooted


def _thinned(samples: Array, count: int) -> Array:
    """So many rows, evenly spread."""
    return samples[np.linspace(0, len(samples) - 1, count).round().astype(int)]


def distances(real: Sequence[Array], made: Sequence[Array], shrinkage: float = SHRINKAGE) -> tuple[float, float, float]:
    """(distance, halves, floor) as above of features [n, dims] a note; the same notes on both sides, by pitch.

    Raises ValueError for fewer than two notes, or unequal numbers of notes or samples.
    """
    if [len(note) for note in real] != [len(note) for note in made] or len(real) < 2:
        raise ValueError(f"two notes or more are needed, the same of both: {len(real)} recorded, {len(made)} made")
    halves = [np.concatenate(notes[start::2]) for notes in (real, made) for start in (0, 1)]
    count = min(map(len, halves))
    real_a, real_b, made_a, made_b = (fit_normal(_thinned(half, count), shrinkage) for half in halves)
    same = (fit_normal(np.concatenate(notes), shrinkage) for notes in (real, made))
    across = 0.5 * (frechet_distance(real_a, made_b) + frechet_distance(real_b, made_a))
    return frechet_distance(*same), across, frechet_distance(real_a, real_b)


@dataclass(frozen=True, eq=False)
class MelSpace:
    """Principal components of log-mel frames and their slopes: mean [80], axes [80, dims]."""

    mean: Array
    axes: Array

    @classmethod
    def of(cls, sounds: Sequence[NDArray], dims: int = PCA_DIMS) -> MelSpace:
        """The space of these sounds [samples]: recordings that train, so that all networks are seen in one."""
        frames = np.concatenate([mel_frames(sound) for sound in sounds])
        mean = frames.mean(axis=0)
        _, axes = np.linalg.eigh(np.cov(frames - mean, rowvar=False))
        return cls(mean, axes[:, ::-1][:, :dims])

    def features(self, sound: NDArray) -> Array:
        """Frames [n // 192, dims] of a sound [n]."""
        return (mel_frames(sound) - self.mean) @ self.axes


def mel_frames(sound: NDArray) -> Array:
    """Log-mel bands and their slopes per second [n // 192, 80] of a sound [n] at 48 kHz."""
    mel = log_mel(torch.as_tensor(np.asarray(sound, dtype=np.float32))).double().numpy()
    padded = np.pad(mel, ((DELTA_FRAMES, DELTA_FRAMES), (0, 0)), mode="edge")
    slope = (padded[2 * DELTA_FRAMES :] - padded[: -2 * DELTA_FRAMES]) / (2 * DELTA_FRAMES)
    return np.concatenate((mel, slope), axis=1)
