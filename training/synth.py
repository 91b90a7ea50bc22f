# SPDX-License-Identifier: MIT
"""The synthesiser in torch: the law of `lottava.synth` at whole frames, differentiable in amplitudes and bands.

Within a frame every partial and every noise band is a fixed signal that only the amplitudes weigh:

    audio = (1 - i/192) * (amplitudes before) @ basis + (i/192) * (amplitudes after) @ basis

so the basis [frames, 64 + 17, 192] carries no gradient, and one batched product does the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv1d, logsigmoid

from lottava.synth import (
    FADE_END_HZ,
    FADE_START_HZ,
    NOISE_BANDS,
    NOISE_BIAS,
    NOISE_MATRIX,
    NOISE_TAPS,
    PARTIALS,
)
from lottava.units import C4_HZ, HOP_SAMPLES, SAMPLE_RATE_HZ

EPSILON = 1e-7
PHASE_TURN = 1 << 32
BASIS_ROWS = PARTIALS + NOISE_BANDS


class SynthState(NamedTuple):
    """What the synthesiser remembers, per batch item: previous targets, phase (integer turns / 2^32), past noise."""

    amplitudes: Tensor
    bands: Tensor
    increment: Tensor
    phase: Tensor
    past_noise: Tensor


def exp_sigmoid(x: Tensor) -> Tensor:
    """2 * sigmoid(x)^ln(10) + 1e-7: positive, at most 2, a decade per ln(10) of slope (arXiv:2001.04643)."""
    return 2 * torch.exp(math.log(10) * logsigmoid(x)) + EPSILON


def pitch_to_hz(pitch: Tensor) -> Tensor:
    """Octaves from C4 to hertz."""
    return C4_HZ * torch.exp2(pitch)


def pitch_to_increment(pitch: Tensor) -> Tensor:
    """Octaves from C4 to the phase increment per sample in 1/2^32 turns (int64)."""
    turns = pitch.double().exp2() * (C4_HZ / SAMPLE_RATE_HZ * PHASE_TURN)
    return turns.round().long()


def decode_controls(controls: Tensor, pitch: Tensor) -> tuple[Tensor, Tensor]:
    """Raw controls [..., 82] at pitch [...] to harmonic amplitudes [..., 64] and noise bands [..., 17]."""
    partial = torch.arange(1, PARTIALS + 1, device=controls.device, dtype=controls.dtype)
    partial_hz = pitch_to_hz(pitch)[..., None] * partial
    audible = ((FADE_END_HZ - partial_hz) / (FADE_END_HZ - FADE_START_HZ)).clamp(0.0, 1.0)
    amplitude, harmonics, bands = controls.split((1, PARTIALS, NOISE_BANDS), dim=-1)
    shares = exp_sigmoid(harmonics) * audible
    total = shares.sum(dim=-1, keepdim=True) + EPSILON
    return exp_sigmoid(amplitude) * shares / total, exp_sigmoid(bands - NOISE_BIAS)


def init_state(increment: Tensor, dtype: torch.dtype = torch.float32) -> SynthState:
    """Silence at phase 0 for a first frame's increment [batch]."""

    def zeros(size: int) -> Tensor:
        return torch.zeros(increment.shape[0], size, device=increment.device, dtype=dtype)

    return SynthState(
        zeros(PARTIALS), zeros(NOISE_BANDS), increment, torch.zeros_like(increment), zeros(NOISE_TAPS - 1)
    )


def frame_phases(increment: Tensor, previous: Tensor, phase: Tensor, hop: int = HOP_SAMPLES) -> tuple[Tensor, Tensor]:
    """Integer phase before every sample of whole frames, [batch, frames, hop], and the phase after the last.

    increment [batch, frames]: the frames' targets; previous, phase [batch]. The increment ramps by whole steps,
    (target - previous) / hop truncated towards zero, and is set to the target at the end of the frame.
    """
    before = torch.cat((previous[:, None], increment[:, :-1]), dim=1)
    step = torch.div(increment - before, hop, rounding_mode="trunc")
    travel = before * hop + step * (hop * (hop - 1) // 2)
    end = phase[:, None] + travel.cumsum(dim=1)
    sample = torch.arange(hop, device=increment.device)
    within = before[..., None] * sample + step[..., None] * (sample * (sample - 1) // 2)
    start = end - travel
    return (start[..., None] + within) % PHASE_TURN, end[:, -1] % PHASE_TURN


def fill_partials(basis: Tensor, phases: Tensor) -> None:
    """Write sin(k * angle) into basis[:, :64] of [frames, 81, 192] from integer phases [frames, 192], in place."""
    partial = torch.arange(1, PARTIALS + 1, device=basis.device, dtype=basis.dtype)
    turns = phases.to(basis.dtype) / PHASE_TURN
    sines = basis[:, :PARTIALS]
    torch.mul(turns[:, None, :], partial[:, None], out=sines)
    sines.frac_().mul_(2 * math.pi).sin_()


def filter_noise(white: Tensor) -> Tensor:
    """White noise [batch, 63 + samples] through the 17 band filters: [batch, 17, samples]."""
    kernels = torch.as_tensor(NOISE_MATRIX.T[:, None, ::-1].copy(), dtype=white.dtype, device=white.device)
    return conv1d(white[:, None, :], kernels)


def mix(basis: Tensor, previous: Tensor, current: Tensor) -> Tensor:
    """Weigh basis [batch * frames, 81, 192] by amplitudes that ramp from previous to current [batch, frames, 81].

    Returns audio [batch, frames * 192].
    """
    weights = torch.stack((previous, current), dim=2).reshape(-1, 2, BASIS_ROWS)
    ramp = torch.arange(HOP_SAMPLES, device=basis.device, dtype=basis.dtype) / HOP_SAMPLES
    before, after = torch.bmm(weights, basis).unbind(dim=1)
    return torch.lerp(before, after, ramp).reshape(current.shape[0], -1)


def render(
    amplitudes: Tensor, bands: Tensor, increment: Tensor, white: Tensor, state: SynthState
) -> tuple[Tensor, SynthState]:
    """Whole frames of audio [batch, frames * 192] and the state after them.

    amplitudes [batch, frames, 64]; bands [batch, frames, 17]; increment [batch, frames] int64;
    white [batch, frames * 192].
    """
    batch, frames = increment.shape
    phases, phase = frame_phases(increment, state.increment, state.phase)
    basis = white.new_empty(batch, frames, BASIS_ROWS, HOP_SAMPLES)
    fill_partials(basis.view(-1, BASIS_ROWS, HOP_SAMPLES), phases.reshape(-1, HOP_SAMPLES))
    noise = torch.cat((state.past_noise, white), dim=1)
    basis[:, :, PARTIALS:] = filter_noise(noise).reshape(batch, NOISE_BANDS, frames, -1).transpose(1, 2)
    current = torch.cat((amplitudes, bands), dim=2)
    first = torch.cat((state.amplitudes, state.bands), dim=1)[:, None]
    audio = mix(basis.view(-1, BASIS_ROWS, HOP_SAMPLES), torch.cat((first, current[:, :-1]), dim=1), current)
    after = SynthState(amplitudes[:, -1], bands[:, -1], increment[:, -1], phase, noise[:, -(NOISE_TAPS - 1) :])
    return audio, after


class CropSynth:
    """Renders training batches: one scratch basis, and a stretch of band-filtered noise to cut excitation from.

    A call overwrites the basis of the one before, so backward must run between two calls.
    """

    def __init__(self, noise_samples: int, seed: int, device: str | torch.device) -> None:
        generator = torch.Generator().manual_seed(seed)
        white = 2 * torch.rand(1, noise_samples + NOISE_TAPS - 1, generator=generator) - 1
        self.noise = filter_noise(white)[0].to(device)
        self.basis = self.noise.new_empty(0)

    def __call__(self, amplitudes: Tensor, bands: Tensor, pitch: Tensor, noise_starts: Sequence[int]) -> Tensor:
        """Audio [batch, frames * 192] of amplitudes [batch, frames, 64] and bands [batch, frames, 17] at pitch.

        noise_starts: where each crop's excitation begins. A crop begins on its first frame's targets.
        """
        batch, frames = pitch.shape
        increment = pitch_to_increment(pitch)
        phases, _ = frame_phases(increment, increment[:, 0], torch.zeros_like(increment[:, 0]))
        if self.basis.shape[:2] != (batch, frames):
            self.basis = self.noise.new_empty(batch, frames, BASIS_ROWS, HOP_SAMPLES)
        flat = self.basis.view(-1, BASIS_ROWS, HOP_SAMPLES)
        fill_partials(flat, phases.view(-1, HOP_SAMPLES))
        for item, start in enumerate(noise_starts):
            excitation = self.noise[:, start : start + frames * HOP_SAMPLES]
            self.basis[item, :, PARTIALS:] = excitation.view(NOISE_BANDS, frames, HOP_SAMPLES).transpose(0, 1)
        current = torch.cat((amplitudes, bands), dim=2)
        return mix(flat, torch.cat((current[:, :1], current[:, :-1]), dim=1), current)
