# SPDX-License-Identifier: MIT
"""ViSQOL, Google's guess at a listener's mark: 1 (bad) to 4.73 (the recording itself), of music at 48 kHz.

It comes as the optional package visqol-python (Apache-2.0). Without Numba it takes about as long as the sound lasts,
so a note is judged by its loudest two seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from lottava.units import SAMPLE_RATE_HZ

EXCERPT_SAMPLES, LEAST_SAMPLES = 2 * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ


def available() -> bool:
    """Whether the package is there."""
    return find_spec("visqol") is not None


def loudest(recording: NDArray, samples: int = EXCERPT_SAMPLES) -> slice:
    """The stretch of so many samples that holds most energy; all of a shorter recording."""
    energy = np.cumsum(np.pad(np.square(recording, dtype=np.float64), (1, 0)))
    if len(recording) <= samples:
        return slice(0, len(recording))
    start = int(np.argmax(energy[samples:] - energy[:-samples]))
    return slice(start, start + samples)


def visqol(pairs: Sequence[tuple[NDArray, NDArray]]) -> float:
    """Mean MOS-LQO of (recording, rendering) [samples] that last a second or more; nan where none does.

    Raises ImportError without the package.
    """
    from visqol import VisqolApi

    judge, marks = VisqolApi(), []
    judge.create(mode="audio")
    for recording, rendering in (pair for pair in pairs if len(pair[0]) >= LEAST_SAMPLES):
        part = loudest(recording)
        heard, made = (np.asarray(sound[part], dtype=np.float64) for sound in (recording, rendering))
        marks.append(float(judge.measure_from_arrays(heard, made, SAMPLE_RATE_HZ).moslqo))
    return float(np.mean(marks)) if marks else float("nan")
