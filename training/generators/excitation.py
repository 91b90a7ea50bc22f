# SPDX-License-Identifier: MIT
"""The module's random numbers, from its seed on: what voices are played with where they are to sound as there."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lottava.nsf_source import BYTES_MEAN, BYTES_STD
from lottava.synth import NOISE_SEED, xorshift32

FloatArray = NDArray[np.float32]

NOISE_CHUNK = 1 << 19
"""Eleven seconds of noise at a time: xorshift runs sample by sample, so what was made once is kept."""


@lru_cache(maxsize=2)
def _words(samples: int) -> NDArray[np.int32]:
    return (xorshift32(NOISE_SEED, samples)[0] * 2.0**31).astype(np.int32)


def _first_words(samples: int) -> NDArray[np.int32]:
    return _words(-(-samples // NOISE_CHUNK) * NOISE_CHUNK)[:samples]


def white_noise(samples: int) -> FloatArray:
    """The device's noise from its seed: [samples] in [-1, 1)."""
    return (_first_words(samples) * 2.0**-31).astype(np.float32)


def nearly_normal(samples: int) -> FloatArray:
    """What nsf_source.draw gives from the seed: [samples] of mean 0 and deviation 1."""
    return normal_of_bytes(_first_words(samples).view(np.uint8).reshape(-1, 4))


def normal_of_bytes(four: NDArray[np.uint8]) -> FloatArray:
    """Sums of four random bytes [n, 4], as deviations."""
    return ((four.sum(axis=1, dtype=np.int64) - BYTES_MEAN) / BYTES_STD).astype(np.float32)
