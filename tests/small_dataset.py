# SPDX-License-Identifier: MIT
"""A few made-up notes as a data set, for tests that train: harmonics and hiss whose share differs from note to note."""

from __future__ import annotations

import numpy as np
from lottava.training.data.dataset import Clip, Dataset, assemble
from lottava.training.data.features import measure_descriptors, measure_loudness_db

from lottava.units import HOP_SAMPLES, SAMPLE_RATE_HZ


def note_clip(note: int, frames: int, heldout: bool, rng: np.random.Generator) -> Clip:
    """One swelling note whose brightness, breath and odd/even balance are drawn at random."""
    time = np.arange(frames * HOP_SAMPLES) / SAMPLE_RATE_HZ
    f0 = 440.0 * 2 ** ((note - 69) / 12)
    number = np.arange(1, min(40, int(20_000 / f0)) + 1)
    amplitude = number ** -rng.uniform(0.8, 2.0) * np.where(number % 2 == 0, 10 ** rng.uniform(-1, 0), 1.0)
    sound = (amplitude[:, None] * np.sin(2 * np.pi * f0 * number[:, None] * time)).sum(axis=0)
    sound = 0.2 * sound / np.abs(sound).max() + 10 ** rng.uniform(-4, -2) * rng.uniform(-1, 1, len(time))
    audio = (sound * np.linspace(0.2, 1.0, len(time))).astype(np.float32)
    track = np.full(frames, f0, dtype=np.float32)
    loudness = measure_loudness_db(audio)
    return Clip(
        name=f"note{note}",
        source=f"note{note}.wav",
        audio=audio,
        f0_hz=track,
        f0_filled_hz=track,
        voiced=np.ones(frames, dtype=bool),
        loudness_db=loudness.astype(np.float32),
        descriptors=measure_descriptors(audio, track, loudness).astype(np.float32),
        axes=np.zeros((frames, 3), dtype=np.float32),
        heldout=heldout,
        note=note,
    )


def small_dataset(notes: int = 6, frames: int = 150, seed: int = 0) -> Dataset:
    """Whole tones up from C4; every third note is held out."""
    rng = np.random.default_rng(seed)
    clips = [note_clip(60 + 2 * i, frames, i % 3 == 2, rng) for i in range(notes)]
    return assemble(clips, sha256=f"{seed:064x}")
