# SPDX-License-Identifier: MIT
"""The DSP oracle: from a network's 82 controls and a pitch to samples, in float64, slow enough to be obvious.

A frame of controls is the target that harmonic amplitudes, noise bands and phase increment reach at the end of its
segment: linear over 192 samples, cut short when a gate edge restarts the control hop.

    controls [82] = loudness | 64 harmonics | 17 noise bands  ──decode──▶  amplitudes [64], bands [17]
    amplitudes ──▶ sines of multiples of one wrapped uint32 phase ─┐
    bands ──▶ 64-tap FIR over xorshift32 noise ────────────────────┴─▶ OUT (both), AUX (noise alone)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .units import HOP_SAMPLES, SAMPLE_RATE_HZ

Array = NDArray[np.float64]

PARTIALS = 64
NOISE_BANDS = 17
NOISE_TAPS = 64
CONTROLS = 1 + PARTIALS + NOISE_BANDS

NOISE_SEED = 0x6C6F7474
"""'lott' in ASCII: any non-zero word would do, this one is easy to find in a memory dump."""

NOISE_BIAS = 5.0
"""Taken off every noise control before exp_sigmoid, so that an untrained network is quiet (1e-5) instead of hissing."""

FADE_START_HZ, FADE_END_HZ = 22_080.0, 24_000.0
"""Partials fade out between 0.46 and 0.5 of the sample rate, so that none pops in or aliases when the pitch glides."""

RIPPLE = np.sin(4.0 * np.pi * np.log2(np.arange(1, PARTIALS + 1)))
"""Comb over the partials that WILD's edit deepens: a ripple every half octave, 0 at the fundamental and its octaves.

A ripple in k is a second BODY: over the spectra of 32 saxophone notes and slopes from k^-0.7 to k^-2, ±9 dB of
cos(pi * (k - 1) / 3) shifts odd against even by 4.7 dB and the centroid by 0.29 octaves (means of the worse side).
In octaves k and 2k rise and fall together, and 1.3 dB and 0.14 octaves are left, both less than an axis needs to
count as learned; partials move by 4.5 dB (rms, weighted by amplitude).
"""

NO_AXES = (0.0, 0.0, 0.0, 0.0)
UINT32 = 1 << 32


@dataclass(frozen=True)
class SynthEdits:
    """Strength of the DSP edits that give an axis its travel where the data taught none; 0 = off (axis learned).

    tilt: exponent of k at BRIGHT = ±1; breath_db: noise gain at BREATH = ±1;
    body_db: loss of even partials at BODY = 1; ripple_db: depth of RIPPLE over the partials at WILD = ±1.
    """

    tilt: float = 0.0
    breath_db: float = 0.0
    body_db: float = 0.0
    ripple_db: float = 0.0


@dataclass(frozen=True, eq=False)
class SynthFrame:
    """Where a segment ramps to. increment: uint32 phase step a sample; amplitudes [64], bands [17]: linear gains."""

    increment: int
    amplitudes: Array
    bands: Array


def _silence(size: int) -> Array:
    return np.zeros(size, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class SynthState:
    """All that a later segment needs of the earlier ones. increment is None until a first frame sets it.

    white: the last 63 noise samples, oldest first. A gate restart keeps everything here.
    """

    phase: int = 0
    increment: int | None = None
    amplitudes: Array = field(default_factory=lambda: _silence(PARTIALS))
    bands: Array = field(default_factory=lambda: _silence(NOISE_BANDS))
    noise: int = NOISE_SEED
    white: Array = field(default_factory=lambda: _silence(NOISE_TAPS - 1))


def increment_from_hz(f0_hz: float) -> int:
    """Phase step per sample of a nominal pitch: round(f0 / 48000 * 2^32).

    Raises ValueError outside 0 ≤ f0 < 24000 Hz.
    """
    if not 0 <= f0_hz < SAMPLE_RATE_HZ / 2:
        raise ValueError(f"a pitch of {f0_hz} Hz can't be played at {SAMPLE_RATE_HZ} Hz; give 0 to 24000 Hz")
    return round(f0_hz / SAMPLE_RATE_HZ * UINT32)


def hz_from_increment(increment: ArrayLike) -> Array:
    """Nominal pitch of a phase step: what decoding sees of the pitch, on the module as here."""
    return np.asarray(increment, dtype=np.float64) * SAMPLE_RATE_HZ / UINT32


def exp_sigmoid(x: ArrayLike) -> Array:
    """2 * sigmoid(x)^ln(10) + 1e-7 (DDSP, arXiv 2001.04643, §B.5): positive, 2 at the top, about a decade per 2.3."""
    return 2.0 * np.exp(-np.log(10.0) * np.logaddexp(0.0, -np.asarray(x, dtype=np.float64))) + 1e-7


def nyquist_gain(frequency_hz: ArrayLike) -> Array:
    """1 below 22080 Hz, 0 above 24000 Hz, linear between."""
    return np.clip((FADE_END_HZ - np.asarray(frequency_hz)) / (FADE_END_HZ - FADE_START_HZ), 0.0, 1.0)


def decode_controls(
    controls: ArrayLike, f0_hz: ArrayLike, axes: ArrayLike = NO_AXES, edits: SynthEdits = SynthEdits()
) -> tuple[Array, Array]:
    """Amplitudes [..., 64] and noise bands [..., 17] from real-valued controls [..., 82] at pitch f0_hz [...].

    axes [..., 4]: BRIGHT, BREATH, BODY, WILD in [-1, 1]; they act here only through `edits`.
    """
    values, knobs = np.asarray(controls, dtype=np.float64), np.asarray(axes, dtype=np.float64)
    bright, breath, body, wild = (knobs[..., axis : axis + 1] for axis in range(4))
    k = np.arange(1, PARTIALS + 1)
    shape = exp_sigmoid(values[..., 1 : 1 + PARTIALS]) * nyquist_gain(np.asarray(f0_hz)[..., None] * k)
    shape = shape * k ** (bright * edits.tilt)
    shape = shape * np.where(k % 2 == 0, 10.0 ** (-body * edits.body_db / 20.0), 1.0)
    shape = shape * 10.0 ** (wild * edits.ripple_db / 20.0 * RIPPLE)
    amplitudes = exp_sigmoid(values[..., :1]) * shape / (shape.sum(axis=-1, keepdims=True) + 1e-7)
    bands = exp_sigmoid(values[..., 1 + PARTIALS :] - NOISE_BIAS) * 10.0 ** (breath * edits.breath_db / 20.0)
    return amplitudes, bands


def frame_from_controls(
    controls: ArrayLike, increment: int, axes: ArrayLike = NO_AXES, edits: SynthEdits = SynthEdits()
) -> SynthFrame:
    """One frame from real-valued controls [82] (integer controls times 2^-11) and the phase step of its pitch."""
    return SynthFrame(increment, *decode_controls(controls, hz_from_increment(increment), axes, edits))


def noise_matrix() -> Array:
    """[64 taps, 17 bands]: bands → 33 bin magnitudes (bin b = band b/2, linear) → zero-phase impulse → centred, Hann.

    Linear phase: delay 32 samples, taps[0] = 0, taps[j] = taps[64 - j].
    """
    bins = np.arange(NOISE_TAPS // 2 + 1) / 2.0
    magnitudes = np.stack([np.interp(bins, np.arange(NOISE_BANDS), row) for row in np.eye(NOISE_BANDS)], axis=1)
    impulse = np.roll(np.fft.irfft(magnitudes, n=NOISE_TAPS, axis=0), NOISE_TAPS // 2, axis=0)
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(NOISE_TAPS) / NOISE_TAPS)
    return impulse * hann[:, None]


NOISE_MATRIX = noise_matrix()


def xorshift32(state: int, count: int) -> tuple[Array, int]:
    """`count` white samples in [-1, 1) and the next state: 13 left, 17 right, 5 left (Marsaglia 2003), as int32."""
    words = np.empty(count, dtype=np.uint32)
    for i in range(count):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        words[i] = state
    return words.view(np.int32).astype(np.float64) * 2.0**-31, state


def increment_step(previous: int, target: int, samples: int = HOP_SAMPLES) -> int:
    """Change of the increment a sample: the wrapped int32 difference over a hop, truncated toward zero as C divides."""
    difference = (target - previous + (1 << 31)) % UINT32 - (1 << 31)
    return -(-difference // samples) if difference < 0 else difference // samples


def phases(phase: int, increment: int, step: int, length: int) -> tuple[NDArray[np.int64], int]:
    """Phase before each of `length` samples, uint32 in int64, and the phase after them; exact, wrapped at 2^32."""
    increments = increment + step * np.arange(length, dtype=np.int64)
    total = phase + np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(increments)])
    return total[:-1] % UINT32, int(total[-1] % UINT32)


def _after(state: SynthState, frame: SynthFrame, previous: int, step: int, length: int) -> SynthState:
    """Where the ramps stand after `length` samples: on the target itself after a whole hop."""
    if length == HOP_SAMPLES:
        return replace(state, increment=frame.increment, amplitudes=frame.amplitudes, bands=frame.bands)
    share = length / HOP_SAMPLES
    return replace(
        state,
        increment=(previous + step * length) % UINT32,
        amplitudes=state.amplitudes + share * (frame.amplitudes - state.amplitudes),
        bands=state.bands + share * (frame.bands - state.bands),
    )


def render_segment(frame: SynthFrame, length: int, state: SynthState) -> tuple[Array, Array, SynthState]:
    """Harmonic part [length], noise part [length] and the state after. length: 0..192 samples, ValueError otherwise."""
    if not 0 <= length <= HOP_SAMPLES:
        raise ValueError(f"a segment of {length} samples: the control hop is {HOP_SAMPLES}, split longer ones")
    previous = frame.increment if state.increment is None else state.increment
    step = increment_step(previous, frame.increment)
    phase, next_phase = phases(state.phase, previous, step, length)
    ramp = (np.arange(length) / HOP_SAMPLES)[:, None]

    k = np.arange(1, PARTIALS + 1)
    angle = (phase[:, None] * k % UINT32) * (2.0 * np.pi / UINT32)
    amplitudes = state.amplitudes + ramp * (frame.amplitudes - state.amplitudes)
    harmonic = np.sum(amplitudes * np.sin(angle), axis=1)

    fresh, noise = xorshift32(state.noise, length)
    white = np.concatenate([state.white, fresh])
    taps = (state.bands + ramp * (frame.bands - state.bands)) @ NOISE_MATRIX.T
    newest_last = white[np.arange(length)[:, None] + np.arange(NOISE_TAPS)]
    filtered = np.sum(newest_last * taps[:, ::-1], axis=1)

    state = replace(state, phase=next_phase, noise=noise, white=white[length:])
    return harmonic, filtered, _after(state, frame, previous, step, length)


def render(
    segments: Iterable[tuple[SynthFrame, int]], state: SynthState | None = None, gain: float = 1.0
) -> tuple[Array, Array, SynthState]:
    """OUT [n] = gain * (harmonics + noise), AUX [n] = gain * noise, and the state, for (frame, length ≤ 192) segments.

    Rendering a list in pieces, with the state handed on, gives the same samples. Full scale is 1.0; nothing is clipped.
    """
    state = SynthState() if state is None else state
    harmonics, noises = [np.zeros(0)], [np.zeros(0)]
    for frame, length in segments:
        harmonic, noise, state = render_segment(frame, length, state)
        harmonics.append(harmonic)
        noises.append(noise)
    aux = gain * np.concatenate(noises)
    return gain * np.concatenate(harmonics) + aux, aux, state
