# SPDX-License-Identifier: MIT
"""The excitation of the neural source-filter (hn-NSF, arXiv 1904.12088), in float64, slow enough to be obvious.

    source = tanh(b + sum over k = 1..8 of w_k 0.1 v g_k(f0) sin(k phi)) + n s(v)      noise = n' 0.1/3

v is the voicing (1 voiced, 0 unvoiced, between while it ramps), s(v) = 0.003 v + 0.1/3 (1 - v) the standard deviation
of the noise, w and b the learned merge. g_k fades partial k out between 0.46 and 0.5 of the model's 24 kHz. All
partials are multiples of one phase, a wrapped uint32. A frame says what increment, amplitudes w_k 0.1 v g_k and s
reach at the end of its hop; they move on straight lines, as everything in synth.py does. So a partial that a frame
lifts above Nyquist folds back while its ramp ends, 4 ms at most, and the harmonics of tanh itself fold back as the
paper's do.

n and n' are draws of one xorshift32 sequence in turn, n first: the sum of a word's four bytes, less its mean 510, over
its deviation. That is nearly normal (kurtosis 2.7), bounded by 3.45 deviations, and white.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .synth import NOISE_SEED, UINT32, increment_step, phases
from .units import HOP_SAMPLES, SAMPLE_RATE_HZ

Array = NDArray[np.float64]

MODEL_RATE_HZ = SAMPLE_RATE_HZ // 2
MODEL_HOP_SAMPLES = HOP_SAMPLES // 2
"""250 frames a second at the model's rate, too."""

SINES = 8
SINE_AMPLITUDE = 0.1
VOICED_NOISE_STD = 0.003
UNVOICED_NOISE_STD = SINE_AMPLITUDE / 3.0
FADE_START_HZ, FADE_END_HZ = 0.46 * MODEL_RATE_HZ, 0.5 * MODEL_RATE_HZ

BYTES_MEAN = 4 * 127.5
BYTES_STD = float(np.sqrt(4 * (256**2 - 1) / 12))
"""147.8: four bytes, each uniform over 0..255."""


@dataclass(frozen=True, eq=False)
class Merge:
    """The learned layer that makes one signal of eight sines. weights [8]."""

    weights: Array
    bias: float = 0.0


@dataclass(frozen=True)
class SourceFrame:
    """Where a hop ramps to. increment: uint32 phase step a sample of the model's rate; voicing: 0..1."""

    increment: int
    voicing: float


@dataclass(frozen=True, eq=False)
class SourceState:
    """All that later samples need of the earlier ones. increment is None until a first frame sets it."""

    phase: int = 0
    increment: int | None = None
    amplitudes: Array = field(default_factory=lambda: np.zeros(SINES))
    noise_std: float = 0.0
    word: int = NOISE_SEED


def increment_from_hz(f0_hz: float) -> int:
    """Phase step per sample of a nominal pitch: round(f0 / 24000 * 2^32).

    Raises ValueError outside 0 ≤ f0 < 12000 Hz.
    """
    if not 0 <= f0_hz < MODEL_RATE_HZ / 2:
        raise ValueError(f"a pitch of {f0_hz} Hz can't be played at {MODEL_RATE_HZ} Hz; give 0 to 12000 Hz")
    return round(f0_hz / MODEL_RATE_HZ * UINT32)


def fade_gain(frequency_hz: ArrayLike) -> Array:
    """1 below 11040 Hz, 0 above 12000 Hz, linear between."""
    return np.clip((FADE_END_HZ - np.asarray(frequency_hz)) / (FADE_END_HZ - FADE_START_HZ), 0.0, 1.0)


def targets(frame: SourceFrame, merge: Merge) -> tuple[Array, float]:
    """Amplitudes [8] of the sines as merged, and the noise's deviation, at the end of a frame's hop."""
    voicing = min(max(frame.voicing, 0.0), 1.0)
    f0_hz = frame.increment * MODEL_RATE_HZ / UINT32
    gains = SINE_AMPLITUDE * voicing * fade_gain(f0_hz * np.arange(1, SINES + 1))
    return merge.weights * gains, voicing * VOICED_NOISE_STD + (1.0 - voicing) * UNVOICED_NOISE_STD


def draw(word: int, count: int) -> tuple[Array, int]:
    """`count` values of mean 0 and deviation 1, and the next state (13 left, 17 right, 5 left, Marsaglia 2003)."""
    words = np.empty(count, dtype="<u4")
    for i in range(count):
        word ^= (word << 13) & 0xFFFFFFFF
        word ^= word >> 17
        word ^= (word << 5) & 0xFFFFFFFF
        words[i] = word
    sums = words.view(np.uint8).reshape(count, 4).sum(axis=1, dtype=np.int64)
    return (sums - BYTES_MEAN) / BYTES_STD, word


def render_segment(
    frame: SourceFrame, length: int, merge: Merge, state: SourceState
) -> tuple[Array, Array, SourceState]:
    """Source [length], noise [length] and the state after. length: 0..96 samples, ValueError otherwise."""
    if not 0 <= length <= MODEL_HOP_SAMPLES:
        raise ValueError(f"a segment of {length} samples: the model's hop is {MODEL_HOP_SAMPLES}, split longer ones")
    previous = frame.increment if state.increment is None else state.increment
    step = increment_step(previous, frame.increment, MODEL_HOP_SAMPLES)
    phase, next_phase = phases(state.phase, previous, step, length)
    amplitudes, noise_std = targets(frame, merge)

    ramp = np.arange(length + 1) / MODEL_HOP_SAMPLES
    moving = state.amplitudes + ramp[:, None] * (amplitudes - state.amplitudes)
    moving_std = state.noise_std + ramp * (noise_std - state.noise_std)
    angle = (phase[:, None] * np.arange(1, SINES + 1) % UINT32) * (2.0 * np.pi / UINT32)
    values, word = draw(state.word, 2 * length)
    source = np.tanh(merge.bias + np.sum(moving[:-1] * np.sin(angle), axis=1)) + moving_std[:-1] * values[::2]

    end = replace(state, phase=next_phase, word=word, amplitudes=moving[-1], noise_std=float(moving_std[-1]))
    reached = length == MODEL_HOP_SAMPLES
    end = replace(end, increment=frame.increment if reached else (previous + step * length) % UINT32)
    return source, UNVOICED_NOISE_STD * values[1::2], end


def render(
    segments: Iterable[tuple[SourceFrame, int]], merge: Merge, state: SourceState | None = None
) -> tuple[Array, Array, SourceState]:
    """Source [n], noise [n] (full scale 1.0; the firmware's codes are these at 2^-15, saturated) and the state."""
    state = SourceState() if state is None else state
    sources, noises = [np.zeros(0)], [np.zeros(0)]
    for frame, length in segments:
        source, noise, state = render_segment(frame, length, merge, state)
        sources.append(source)
        noises.append(noise)
    return np.concatenate(sources), np.concatenate(noises), state
