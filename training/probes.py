# SPDX-License-Identifier: MIT
"""Axis probes: knobs are turned at random during training, and each must move its own descriptor and nothing else.

The descriptors of lottava's data are computed here from the decoded controls, without making a sound, so that
they have a gradient. Only differences between two settings of the knobs are used: offsets between what the
controls say and what a recording measures drop out.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from .data.features import BODY_PARTIALS, CLEAR_OF_NOISE, HIGHEST_HZ, a_weighting
from .synth import NOISE_BANDS, PARTIALS, pitch_to_hz

NYQUIST_HZ = 24_000.0
WEIGHTING_STEP_HZ = 4.0
WHITE_POWER = 1.0 / 3.0
"""Mean square of noise that is uniform in [-1, 1)."""

FLOOR = 1e-10
LOUDNESS_SPAN_DB = 3.0
"""A loudness shift of 3 dB counts as much as a full knob's worth of descriptor error."""


class Descriptors(NamedTuple):
    """Per frame [batch, frames]: centroid in log2 Hz; noise to harmonics, odd to even, and A-weighted level in dB."""

    bright: Tensor
    breath: Tensor
    body: Tensor
    loudness: Tensor


def _decibel(power: Tensor) -> Tensor:
    return (10 / math.log(10)) * torch.log(power + FLOOR)


def _density_at(bands: Tensor, frequency_hz: Tensor) -> Tensor:
    """Noise power per hertz at frequencies [batch, frames, n] from band magnitudes [batch, frames, 17]."""
    position = (frequency_hz * ((NOISE_BANDS - 1) / NYQUIST_HZ)).clamp(0, NOISE_BANDS - 1 - 1e-3)
    low = position.long()
    left, right = bands.gather(-1, low), bands.gather(-1, low + 1)
    return torch.lerp(left, right, position - low).square() * (WHITE_POWER / NYQUIST_HZ)


@cache
def _weighting_table(device: torch.device) -> Tensor:
    frequency_hz = np.arange(0.0, NYQUIST_HZ + WEIGHTING_STEP_HZ, WEIGHTING_STEP_HZ)
    return torch.as_tensor(a_weighting(frequency_hz), dtype=torch.float32, device=device)


def _weighting(frequency_hz: Tensor) -> Tensor:
    """A-weighting at the nearest table entry; all partials of a note in tune are within 0.1 dB of the curve."""
    nearest = (frequency_hz.clamp(0, NYQUIST_HZ) / WEIGHTING_STEP_HZ).round().long()
    return _weighting_table(frequency_hz.device)[nearest]


def measure_controls(amplitudes: Tensor, bands: Tensor, pitch: Tensor) -> Descriptors:
    """Descriptors of amplitudes [batch, frames, 64] and bands [batch, frames, 17] at pitch [batch, frames]."""
    f0 = pitch_to_hz(pitch)[..., None]
    number = torch.arange(1, PARTIALS + 1, device=pitch.device, dtype=pitch.dtype)
    partial_hz = f0 * number
    power = torch.where(partial_hz + f0 / 2 <= HIGHEST_HZ, amplitudes.square() / 2, 0.0)
    with torch.no_grad():
        hidden_by_noise = power <= (CLEAR_OF_NOISE - 1) * f0 * _density_at(bands, partial_hz)
    audible = amplitudes.masked_fill(hidden_by_noise | (power == 0), 0.0) + FLOOR
    centroid = (audible * number).sum(dim=-1) / audible.sum(dim=-1)
    grid = torch.linspace(0, HIGHEST_HZ, 65, device=pitch.device, dtype=pitch.dtype)
    density = _density_at(bands, grid.expand(*pitch.shape, -1))
    spacing = HIGHEST_HZ / 64
    harmonic = power.sum(dim=-1)
    odd, even = power[..., 0:BODY_PARTIALS:2].sum(dim=-1), power[..., 1:BODY_PARTIALS:2].sum(dim=-1)
    weighted = (power * _weighting(partial_hz)).sum(dim=-1) + (density * _weighting(grid)).sum(dim=-1) * spacing
    return Descriptors(
        bright=torch.log2(f0[..., 0] * centroid),
        breath=_decibel(density.sum(dim=-1) * spacing) - _decibel(harmonic),
        body=_decibel(odd) - _decibel(even),
        loudness=_decibel(weighted),
    )


def probe_loss(
    before: Descriptors, after: Descriptors, turned: Tensor, half_ranges: Tensor, learnable: Tensor
) -> Tensor:
    """Error (quadratic to half a knob, then linear) of the descriptor changes against those that the knobs command.

    before, after: the same crops at the measured and at the probed axes; turned [batch, frames, 3]: change of the
    knobs; half_ranges [3]: descriptor units per unit of knob; learnable [3]: 1 where the axis is taught. Averaged
    over each crop first: a knob sets a mean, the recording's own flutter stays free.
    """
    moved = torch.stack([b - a.detach() for a, b in zip(before[:3], after[:3], strict=True)], dim=-1)
    error = (moved / half_ranges - turned).mean(dim=1) * learnable
    level = (after.loudness - before.loudness.detach()).mean(dim=1) / LOUDNESS_SPAN_DB
    off = torch.cat((error, level[:, None]), dim=1)
    return smooth_l1_loss(off, torch.zeros_like(off), beta=0.5)
