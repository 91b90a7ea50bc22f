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
CENTS_PER_VOLT = 1200.0
"""1 V an octave: a volt at the V/OCT jack is 1200 cents."""


def volts_to_hz(pitch_volts: ArrayLike) -> NDArray[np.float64]:
    """1 V an octave, 0 V = C4."""
    return C4_HZ * 2.0 ** np.asarray(pitch_volts, dtype=np.float64)


def hz_to_volts(frequency_hz: ArrayLike) -> NDArray[np.float64]:
    """1 V an octave, 0 V = C4."""
    return np.log2(np.asarray(frequency_hz, dtype=np.float64) / C4_HZ)


def cents(frequency_hz: ArrayLike, reference_hz: ArrayLike) -> NDArray[np.float64]:
    """Interval from reference_hz up to frequency_hz."""
    ratio = np.asarray(frequency_hz, dtype=np.float64) / np.asarray(reference_hz, dtype=np.float64)
    return CENTS_PER_VOLT * np.log2(ratio)


def db_to_gain(decibels: ArrayLike) -> NDArray[np.float64]:
    """Amplitude ratio of a level difference."""
    return 10.0 ** (np.asarray(decibels, dtype=np.float64) / 20.0)


def gain_to_db(gain: ArrayLike) -> NDArray[np.float64]:
    """Level difference of a positive amplitude ratio."""
    return 20.0 * np.log10(np.asarray(gain, dtype=np.float64))
