# SPDX-License-Identifier: MIT
"""Programme loudness of a mono sound after ITU-R BS.1770-4, to set every voice to the same level."""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.typing import ArrayLike

from lottava.units import SAMPLE_RATE_HZ

SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
"""Tables 1 and 2 of BS.1770-4, for 48 kHz."""

BLOCK_S, STEP_S = 0.4, 0.1
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0


def measure_lufs(audio: ArrayLike) -> float:
    """Integrated loudness of audio [samples] at 48 kHz in LUFS; -70 for silence or less than 0.4 s of sound."""
    weighted = np.asarray(audio, dtype=np.float64)
    for numerator, denominator in (SHELF, HIGH_PASS):
        weighted = scipy.signal.lfilter(numerator, denominator, weighted)
    size, step = round(BLOCK_S * SAMPLE_RATE_HZ), round(STEP_S * SAMPLE_RATE_HZ)
    if len(weighted) < size:
        return ABSOLUTE_GATE_LUFS
    power = np.square(np.lib.stride_tricks.sliding_window_view(weighted, size)[::step]).mean(axis=1)
    loud = power[_lufs(power) > ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return ABSOLUTE_GATE_LUFS
    gated = loud[_lufs(loud) > _lufs(loud.mean()) + RELATIVE_GATE_LU]
    return float(_lufs(gated.mean()))


def _lufs(power: ArrayLike) -> np.ndarray:
    return -0.691 + 10 * np.log10(np.maximum(power, 1e-12))
