# SPDX-License-Identifier: MIT
"""Sound files of any usual kind to mono float32 at 48 kHz, and where in them the sound is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lottava.units import HOP_SAMPLES, SAMPLE_RATE_HZ

FloatArray = NDArray[np.float32]

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff"})

SILENCE_DBFS = -70.0
"""Below this a 20 ms stretch is silence whatever surrounds it: 16-bit recordings rest at -75 to -90 dBFS."""

SILENCE_BELOW_PEAK_DB = 55.0
"""Silence relative to the loudest 20 ms of the file: keeps natural decays, cuts room tone."""

KEEP_BEFORE_S, KEEP_AFTER_S = 0.05, 0.1
"""Silence kept around the sound, so that attacks start from nothing and releases end in it."""

REST_S = 0.5
"""Silence longer than this inside a file parts two sounds."""


class AudioError(ValueError):
    """A sound file that can't be used: says which file, what is wrong and what to do."""


def find_sounds(folder: Path) -> list[Path]:
    """Sound files below a folder, in a fixed order. Raises AudioError when the folder is missing or holds none."""
    if not folder.is_dir():
        raise AudioError(f"{folder} is not a folder; give a folder of WAV, FLAC, OGG or MP3 files")
    found = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
    visible = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not visible:
        raise AudioError(f"{folder} holds no WAV, FLAC, OGG or MP3 file; put recordings there or name another folder")
    return sorted(visible, key=lambda path: path.relative_to(folder).as_posix())


def resample(audio: FloatArray, from_hz: int, to_hz: int) -> FloatArray:
    """Mono audio [n] at another rate (soxr, high quality)."""
    import soxr  # here, like soundfile below

    return soxr.resample(audio, from_hz, to_hz)


def load_sound(path: Path) -> FloatArray:
    """Samples of one file as mono float32 [n] at 48 kHz, full scale 1. Raises AudioError on anything unreadable."""
    import soundfile  # here: a machine that only trains from a stored data set need not have it

    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise AudioError(f"{path.name} can't be read ({error}); export it again or remove it") from error
    if len(samples) == 0:
        raise AudioError(f"{path.name} holds no samples; export it again or remove it")
    if not np.all(np.isfinite(samples)):
        raise AudioError(f"{path.name} holds NaN or infinite samples; export it again or remove it")
    mono = samples.mean(axis=1, dtype=np.float32)
    if rate_hz != SAMPLE_RATE_HZ:
        mono = resample(mono, rate_hz, SAMPLE_RATE_HZ)
    return np.ascontiguousarray(mono, dtype=np.float32)


def _levels_dbfs(audio: FloatArray, window: int) -> NDArray[np.float64]:
    windows = len(audio) // window
    power = np.square(audio[: windows * window].reshape(windows, window), dtype=np.float64).mean(axis=1)
    return 10 * np.log10(power + 1e-12)


STEADY_DB, UNDER_DB = 3.0, 25.0
"""The quietest parts are background, not a decay, where they hold within 3 dB and lie 25 dB under the loudest."""


def noise_floor_db(audio: FloatArray) -> float | None:
    """Level of the background in [n] samples re the loudest 20 ms; None where no rest lets it be heard."""
    levels = _levels_dbfs(audio, SAMPLE_RATE_HZ // 50)
    if len(levels) < 20:
        return None
    low, floor, high = np.percentile(levels, [2, 5, 8])
    if high - low > STEADY_DB or levels.max() - floor < UNDER_DB:
        return None
    return float(floor - levels.max())


def find_sounding(audio: FloatArray) -> list[tuple[int, int]]:
    """Sounding stretches of [n] samples as (start, stop), whole hops long, separated by rests of 0.5 s or more."""
    window = SAMPLE_RATE_HZ // 50
    levels = _levels_dbfs(audio, window)
    if len(levels) == 0 or levels.max() < SILENCE_DBFS + 10:
        return []
    active = np.flatnonzero(levels > max(levels.max() - SILENCE_BELOW_PEAK_DB, SILENCE_DBFS))
    breaks = np.flatnonzero(np.diff(active) * window > REST_S * SAMPLE_RATE_HZ)
    stretches = []
    for run in np.split(active, breaks + 1):
        start = max(0, int(run[0] * window - KEEP_BEFORE_S * SAMPLE_RATE_HZ))
        stop = min(len(audio), int((run[-1] + 1) * window + KEEP_AFTER_S * SAMPLE_RATE_HZ))
        start -= start % HOP_SAMPLES
        stretches.append((start, start + (stop - start) // HOP_SAMPLES * HOP_SAMPLES))
    return stretches
