# SPDX-License-Identifier: MIT
"""The training loss: distances between short-time spectra at several resolutions (MSS)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

LOG_FLOOR = 1e-5
"""Least magnitude under the logarithm: the floor of the comparison metric (reference §5.3)."""


def spectra(audio: Tensor, size: int) -> Tensor:
    """Hann-windowed complex spectra [batch, windows, size // 2 + 1] of audio [batch, samples], hop size / 4."""
    window = torch.hann_window(size, device=audio.device, dtype=audio.dtype)
    return torch.fft.rfft(audio.unfold(-1, size, size // 4) * window)


def magnitudes(spectrum: Tensor) -> Tensor:
    """Absolute values, at least LOG_FLOOR; four times as fast as torch's abs of complex numbers."""
    squares = torch.view_as_real(spectrum).square()
    return (squares[..., 0] + squares[..., 1]).sqrt_().clamp_min_(LOG_FLOOR)


class _SpectralDistance(torch.autograd.Function):
    """L1 of magnitudes over the target's mean, plus L1 of their logarithms, at one size.

    The gradient is computed with the value: torch would go back through complex-to-complex transforms twice as
    large, and both terms share the sign of one difference.
    """

    @staticmethod
    def forward(ctx: Any, estimate: Tensor, target: Tensor, size: int) -> Tensor:
        spectrum = spectra(estimate, size)
        magnitude = magnitudes(spectrum)
        scale, count = 1 / target.mean(), target.numel()
        difference = magnitude - target
        value = difference.abs().mean() * scale + (magnitude.log() - target.log()).abs_().mean()
        slope = difference.sign_().mul_(scale + 1 / magnitude).div_(magnitude * (2 * count))
        slope[..., 0] *= 2
        slope[..., -1] *= 2
        window = torch.hann_window(size, device=estimate.device, dtype=estimate.dtype)
        frames = torch.fft.irfft(spectrum * slope, n=size, norm="forward") * window
        ctx.save_for_backward(overlap_add(frames, estimate.shape[-1]))
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return slope * grad, None, None


def overlap_add(frames: Tensor, samples: int) -> Tensor:
    """Adjoint of unfolding at a quarter of the size: [batch, windows, size] to [batch, samples]."""
    batch, windows, size = frames.shape
    hop = size // 4
    quarters = frames.view(batch, windows, 4, hop)
    out = frames.new_zeros(batch, samples)
    body = out[:, : (windows + 3) * hop].view(batch, windows + 3, hop)
    for quarter in range(4):
        body[:, quarter : quarter + windows] += quarters[:, :, quarter]
    return out


def spectral_targets(audio: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    """Magnitudes of the recording at every size, without gradient."""
    with torch.no_grad():
        return [magnitudes(spectra(audio, size)) for size in sizes]


def multi_scale_spectral(estimate: Tensor, targets: Sequence[Tensor], sizes: Sequence[int]) -> Tensor:
    """Mean over sizes of L1 of magnitudes, relative to the recordings' mean magnitude, plus L1 of their logarithms.

    estimate: audio [batch, samples], at least the largest size; targets: from `spectral_targets` of the same sizes.
    Relative, so that a quiet recording teaches as much as a loud one.
    """
    distances = [_SpectralDistance.apply(estimate, t, size) for size, t in zip(sizes, targets, strict=True)]
    return torch.stack(distances).mean()
