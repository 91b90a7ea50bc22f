# SPDX-License-Identifier: MIT
"""The module's random numbers, from its seed on: what voices are played with where they are to sound as there."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lottava.synth import NOISE_SEED, xorshift32

FloatArray = NDArray[np.float32]

NOISE_CHUNK = 1 << 19
"""Eleven seconds of noise at a time: xorshift runs sample by sample, so what was made once is kept."""


@lru_cache(maxsize=2)
def _white(samples: int) -> FloatArray:
    return xorshift32(NOISE_SEED, samples)[0].astype(np.float32)


def white_noise(samples: int) -> FloatArray:
    """The device's noise from its seed: [samples] in [-1, 1)."""
    return _white(-(-samples // NOISE_CHUNK) * NOISE_CHUNK)[:samples]
