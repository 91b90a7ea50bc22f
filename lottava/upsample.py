# SPDX-License-Identifier: MIT
"""From a model's 24 or 16 kHz to 48 kHz: the filter, its figures, and the oracle that the firmware equals bit for bit.

Between two input samples lie factor - 1 new ones. Each is the straight line between its neighbours plus a sum over 32
input samples, 16 on either side; the input samples themselves pass unchanged (an Nyquist filter: halfband for factor 2,
third-band for 3). Taking the straight line apart halves what the integer sum has to hold, so that 32 bits are enough
for any input with taps of almost 16 bits.

    factor  passband         ripple      images and above  latency
    2       0 .. 10.08 kHz   0.0016 dB   -80.7 dB          31 samples of 48 kHz (0.65 ms)
    3       0 .. 6.72 kHz    0.0020 dB   -81.4 dB          47 samples of 48 kHz (0.98 ms)
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

HALF = 16
"""Input samples on either side of a new one. 15 would save two samples and reach -78 dB only."""
WINDOW = 2 * HALF
FACTORS = (2, 3)
EDGE = 0.42
"""End of the passband as a share of the input rate; its image, 1 - EDGE, begins the stopband."""

TAP_SUM_LIMIT = 65_535
"""Of the magnitudes of one sum's taps: times 32768, the largest input, it is below 2^31."""
ROUNDS = 60
GRID = 800


def latency_samples(factor: int) -> int:
    """Delay in output samples, the same at all frequencies (the filter is symmetric)."""
    return factor * HALF - 1


@cache
def prototype(factor: int) -> Array:
    """[2 * factor * HALF - 1] symmetric impulse response at the output rate, its middle 1 and every factor-th tap 0.

    Least squares over the stopband, reweighted by the error until its peaks are level (Lawson 1961); the passband
    follows, because the images of a Nyquist filter add up to what it lacks of 1. Raises ValueError for a factor that
    is neither 2 nor 3.
    """
    if factor not in FACTORS:
        raise ValueError(f"upsampling by {factor} is not built; a model runs at 24 kHz (2) or 16 kHz (3)")
    distance = np.array([n for n in range(1, factor * HALF) if n % factor])
    frequency = np.linspace(1.0 - EDGE, factor / 2.0, GRID)
    cosines = 2.0 * np.cos(2.0 * np.pi / factor * frequency[:, None] * distance)
    weight, best, side = np.ones(GRID), np.inf, np.zeros(distance.size)
    for _ in range(ROUNDS):
        root = np.sqrt(weight)
        solved = np.linalg.lstsq(cosines * root[:, None], -root, rcond=None)[0]
        error = np.abs(1.0 + cosines @ solved)
        if error.max() < best:
            best, side = error.max(), solved
        weight *= error / error.max()
        weight = weight / weight.mean() + 1e-9
    centre = factor * HALF - 1
    impulse = np.zeros(2 * centre + 1)
    impulse[centre] = 1.0
    impulse[centre + distance] = impulse[centre - distance] = side
    return impulse


def line_weights(factor: int) -> NDArray[np.int64]:
    """[factor - 1, 2] of the older and newer neighbour of each new sample; they add up to `factor`."""
    p = np.arange(1, factor)
    return np.stack([factor - p, p], axis=1)


@cache
def taps(factor: int) -> tuple[NDArray[np.int16], int]:
    """[factor - 1, 32] integer taps, oldest input first, and how many steps make 1; the straight line is taken off."""
    impulse = prototype(factor)
    # Newest first in the impulse response; new sample p stands p / factor behind the older neighbour.
    sums = np.stack([impulse[p - 1 :: factor][:WINDOW][::-1] for p in range(1, factor)])
    sums[:, HALF - 1 : HALF + 1] -= line_weights(factor) / factor
    steps = int((TAP_SUM_LIMIT - WINDOW) / np.abs(sums).sum(axis=1).max())
    return np.rint(sums * steps).astype(np.int16), steps


def impulse_response(factor: int) -> Array:
    """[2 * factor * HALF - 1] of the filter as built, with its integer taps; gain `factor` at 0 Hz."""
    codes, steps = taps(factor)
    columns = codes / steps
    columns[:, HALF - 1 : HALF + 1] += line_weights(factor) / factor
    unchanged = np.zeros(WINDOW)
    unchanged[HALF] = 1.0
    return np.vstack([columns, unchanged])[:, ::-1].T.reshape(-1)[: 2 * factor * HALF - 1]


def silence() -> NDArray[np.int16]:
    """[31] the inputs before the first one."""
    return np.zeros(WINDOW - 1, dtype=np.int16)


def upsample(
    codes: ArrayLike, factor: int, history: NDArray[np.int16] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """[n] s16 at 2^-15 → [factor * n] float32, full scale 1.0 and up to 2.4 between extreme inputs, and the history.

    Rounded where the firmware rounds: the sum to float32, its product and the line's, and their sum.
    """
    integer_taps = taps(factor)[0]
    inputs = np.concatenate([silence() if history is None else history, np.asarray(codes, dtype=np.int16)])
    count = inputs.size - (WINDOW - 1)
    windows = inputs.astype(np.int64)[np.arange(count)[:, None] + np.arange(WINDOW)]
    sums = (windows @ integer_taps.T.astype(np.int64)).astype(np.float32)
    lines = (windows[:, HALF - 1 : HALF + 1] @ line_weights(factor).T).astype(np.float32)
    new = sums * sum_unit(factor) + lines * line_unit(factor)
    unchanged = windows[:, HALF : HALF + 1].astype(np.float32) * np.float32(2.0**-15)
    return np.hstack([new, unchanged]).reshape(-1), inputs[count:]


def sum_unit(factor: int) -> np.float32:
    """What a step of the integer sum is worth."""
    return np.float32(2.0**-15 / taps(factor)[1])


def line_unit(factor: int) -> np.float32:
    """What a step of the weighed neighbours is worth."""
    return np.float32(2.0**-15 / factor)
