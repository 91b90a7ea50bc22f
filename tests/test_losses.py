# SPDX-License-Identifier: MIT
"""Laws of the training loss and of the hand-written gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.generators.recurrence import run_gru
from lottava.training.losses import LOG_FLOOR, multi_scale_spectral, spectra, spectral_targets

SIZES = (128, 64)


def noise(seed: int, samples: int = 700, batch: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, samples, generator=generator, dtype=torch.float64)


def plain_loss(estimate: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The definition, left to automatic differentiation."""
    total = estimate.new_zeros(())
    for size in SIZES:
        s, t = (spectra(x, size).abs().clamp_min(LOG_FLOOR) for x in (estimate, target))
        total = total + (s - t).abs().mean() / t.mean() + (s.log() - t.log()).abs().mean()
    return total / len(SIZES)


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_a_recording_is_at_no_distance_from_itself(seed: int) -> None:
    audio = noise(seed)
    assert multi_scale_spectral(audio, spectral_targets(audio, SIZES), SIZES) == 0


@given(st.integers(0, 1000), st.integers(256, 900))
@settings(max_examples=15, deadline=None)
def test_value_and_gradient_are_those_of_the_definition(seed: int, samples: int) -> None:
    target = noise(seed, samples)
    one, two = (noise(seed + 1, samples).requires_grad_() for _ in range(2))
    loss = multi_scale_spectral(one, spectral_targets(target, SIZES), SIZES)
    expected = plain_loss(two, target)
    (3 * loss).backward()
    (3 * expected).backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(one.grad, two.grad)


@given(st.floats(0.05, 20.0))
@settings(max_examples=15, deadline=None)
def test_loudness_of_the_pair_does_not_matter_above_the_floor(gain: float) -> None:
    target, estimate = noise(1), noise(2)
    loss = multi_scale_spectral(estimate, spectral_targets(target, SIZES), SIZES)
    scaled = multi_scale_spectral(gain * estimate, spectral_targets(gain * target, SIZES), SIZES)
    torch.testing.assert_close(loss, scaled, rtol=1e-3, atol=0)


@pytest.mark.parametrize(("batch", "frames", "size", "inputs"), [(1, 1, 4, 3), (3, 9, 5, 7), (2, 40, 12, 4)])
def test_the_fast_recurrence_is_the_gru(batch: int, frames: int, size: int, inputs: int) -> None:
    torch.manual_seed(frames)
    gru = torch.nn.GRU(inputs, size, batch_first=True, dtype=torch.float64)
    x = torch.randn(batch, frames, inputs, dtype=torch.float64, requires_grad=True)
    state = torch.randn(1, batch, size, dtype=torch.float64, requires_grad=True)
    weigh = torch.randn(batch, frames, size, dtype=torch.float64)
    results = []
    for run in (gru, lambda *arguments: run_gru(gru, *arguments)):
        out, last = run(x, state)
        leaves = [x, state, *gru.parameters()]
        results.append([out, last, *torch.autograd.grad((out * weigh).sum() + 2 * last.sum(), leaves)])
    for plain, fast in zip(*results, strict=True):
        torch.testing.assert_close(plain, fast)
