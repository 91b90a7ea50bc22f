# SPDX-License-Identifier: MIT
"""Units: sample rates and frame sizes, volts, hertz, cents, decibels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

SAMPLE_RATE_HZ = 48_000
"""Nominal sample rate, used everywhere in training."""
TRUE_SAMPLE_RATE_HZ = 49_166_700 / 4 / 256
"""What the Seed's clocks really give: 48 014.3 Hz."""
BLOCK_SAMPLES = 48
HOP_SAMPLES = 192
FRAME_RATE_HZ = SAMPLE_RATE_HZ / HOP_SAMPLES
C4_HZ = 261.6255653


def volts_to_hz(pitch_volts: ArrayLike) -> NDArray[np.float64]:
    """1 V an octave, 0 V = C4."""
    return C4_HZ * 2.0 ** np.asarray(pitch_volts, dtype=np.float64)


def hz_to_volts(frequency_hz: ArrayLike) -> NDArray[np.float64]:
    """1 V an octave, 0 V = C4."""
    return np.log2(np.asarray(frequency_hz, dtype=np.float64) / C4_HZ)
