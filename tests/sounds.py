# SPDX-License-Identifier: MIT
"""Test sounds made on the spot: notes with a chosen spectrum, noise and chords, and files of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 48_000
FloatArray = NDArray[np.float32]


def midi_hz(note: float) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)


def tone(
    f0_hz: float,
    seconds: float = 1.0,
    *,
    peak: float = 0.3,
    rolloff_db: float = 6.0,
    even_db: float = 0.0,
    noise_db: float | None = None,
    vibrato_cents: float = 0.0,
    partials: int = 40,
    seed: int = 0,
) -> FloatArray:
    """A sustained note: partials falling by so many dB an octave, even ones raised, white noise under its power."""
    n = round(seconds * RATE_HZ)
    time = np.arange(n) / RATE_HZ
    pitch_hz = f0_hz * 2 ** (vibrato_cents / 1200 * np.sin(2 * np.pi * 5.5 * time))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    rng = np.random.default_rng(seed)
    sound = np.zeros(n)
    for k in range(1, partials + 1):
        if k * f0_hz < 0.45 * RATE_HZ:
            gain = k ** (-rolloff_db / 6.0206) * (10 ** (even_db / 20) if k % 2 == 0 else 1.0)
            sound += gain * np.sin(k * phase + rng.uniform(0, 2 * np.pi))
    if noise_db is not None:
        sound += rng.standard_normal(n) * np.sqrt(np.mean(sound**2)) * 10 ** (noise_db / 20)
    ramp = np.minimum(1.0, np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.02 * RATE_HZ))
    return (sound / np.abs(sound).max() * peak * ramp).astype(np.float32)


def chord(*f0s_hz: float, seconds: float = 1.0) -> FloatArray:
    parts = [tone(f0, seconds, seed=index) for index, f0 in enumerate(f0s_hz)]
    return np.sum(parts, axis=0, dtype=np.float32) / np.float32(len(parts))


def noise(seconds: float = 1.0, *, peak: float = 0.3, seed: int = 0) -> FloatArray:
    sound = np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))
    return (sound / np.abs(sound).max() * peak).astype(np.float32)


def silence(seconds: float = 1.0) -> FloatArray:
    return np.zeros(round(seconds * RATE_HZ), dtype=np.float32)


def write_sound(path: Path, audio: FloatArray, rate_hz: int = RATE_HZ) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, rate_hz)
    return path


def write_scale(folder: Path, notes: range, seconds: float = 0.8) -> Path:
    """A file per MIDI note with brightness, breath and loudness that vary; names that lie about the pitch."""
    for index, note in enumerate(notes):
        loud, soft = (0.5, 0.1) if index % 2 else (0.15, 0.4)
        first = tone(
            midi_hz(note), seconds / 2, peak=loud, rolloff_db=4 + index % 3 * 3, noise_db=-50, even_db=index % 4 * 3
        )
        second = tone(midi_hz(note), seconds / 2, peak=soft, rolloff_db=9, noise_db=-25, even_db=-index % 5 * 3)
        write_sound(folder / f"note{len(notes) - index:02d} C4.wav", np.concatenate([first, second]))
    return folder
