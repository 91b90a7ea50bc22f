# SPDX-License-Identifier: MIT
"""The torch synthesiser equals the oracle: decoding, phase to the last bit, audio to float32 rounding."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.synth import (
    CropSynth,
    decode_controls,
    filter_noise,
    frame_phases,
    init_state,
    pitch_to_increment,
    render,
)

from lottava import synth as oracle
from lottava.units import HOP_SAMPLES, volts_to_hz

TOLERANCE = 1e-4
"""64 partials of a float32 phase: sin(64 x) is off by 64 * 2^-25 turns at worst, that is 1.2e-5 each."""


def random_performance(frames: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Raw controls [frames, 82] and pitch in volts [frames], leaping about."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 3, (frames, oracle.CONTROLS)), rng.uniform(-3, 4, frames)


def play_oracle(controls: np.ndarray, increments: list[int]) -> np.ndarray:
    frames = [oracle.frame_from_controls(c, i) for c, i in zip(controls, increments, strict=True)]
    return oracle.render([(frame, HOP_SAMPLES) for frame in frames])[0]


@given(st.integers(1, 12), st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_audio_equals_the_oracle(frames: int, seed: int) -> None:
    controls, pitch = random_performance(frames, seed)
    increment = pitch_to_increment(torch.tensor(pitch)[None])
    white = torch.tensor(oracle.xorshift32(oracle.NOISE_SEED, frames * HOP_SAMPLES)[0], dtype=torch.float32)
    amplitudes, bands = decode_controls(*(torch.tensor(x, dtype=torch.float32)[None] for x in (controls, pitch)))
    audio, _ = render(amplitudes, bands, increment, white[None], init_state(increment[:, 0]))
    np.testing.assert_allclose(audio[0], play_oracle(controls, increment[0].tolist()), rtol=0, atol=TOLERANCE)


@given(st.integers(0, 999))
@settings(max_examples=20, deadline=None)
def test_decoding_equals_the_oracle(seed: int) -> None:
    controls, pitch = random_performance(5, seed)
    mine = decode_controls(torch.tensor(controls), torch.tensor(pitch))
    for torch_value, value in zip(mine, oracle.decode_controls(controls, volts_to_hz(pitch)), strict=True):
        np.testing.assert_allclose(torch_value, value, rtol=1e-9, atol=1e-12)


@given(st.lists(st.floats(-3, 6), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_phase_equals_the_oracle_bit_for_bit(pitch: list[float], phase: int) -> None:
    increment = pitch_to_increment(torch.tensor([pitch], dtype=torch.float64))
    mine, end = frame_phases(increment, increment[:, 0], torch.tensor([phase]))
    previous, expected = int(increment[0, 0]), []
    for target in increment[0].tolist():
        step = oracle.increment_step(previous, target)
        samples, phase = oracle.phases(phase, previous, step, HOP_SAMPLES)
        expected.append(samples)
        previous = target
    assert np.array_equal(mine[0].numpy(), np.stack(expected))
    assert int(end) == phase


@given(st.floats(-4, 6))
@settings(max_examples=30, deadline=None)
def test_increment_is_the_oracles(pitch: float) -> None:
    expected = oracle.increment_from_hz(float(volts_to_hz(pitch)))
    assert abs(int(pitch_to_increment(torch.tensor(pitch, dtype=torch.float64))) - expected) <= 1


def test_band_noise_is_the_noise_matrix() -> None:
    impulse = torch.zeros(1, 63 + 64)
    impulse[0, 63] = 1.0
    np.testing.assert_allclose(filter_noise(impulse)[0].T, oracle.NOISE_MATRIX, atol=1e-7)


def test_a_training_crop_is_the_steady_part_of_a_performance() -> None:
    """CropSynth starts on its first frame's targets; with constant controls it is the oracle after the first frame."""
    controls, pitch = (np.repeat(x[:1], 4, axis=0) for x in random_performance(1, 5))
    amplitudes, _ = decode_controls(*(torch.tensor(x, dtype=torch.float32)[None] for x in (controls, pitch)))
    silent = torch.zeros(1, 4, oracle.NOISE_BANDS)
    crop = CropSynth(4 * HOP_SAMPLES + 9, 0, "cpu")(amplitudes, silent, torch.tensor(pitch)[None], [3])
    increment = pitch_to_increment(torch.tensor(pitch))
    wanted = [
        oracle.SynthFrame(int(i), a.numpy().astype(np.float64), np.zeros(oracle.NOISE_BANDS))
        for i, a in zip(increment, amplitudes[0], strict=True)
    ]
    audio = oracle.render([(frame, HOP_SAMPLES) for frame in wanted])[0]
    np.testing.assert_allclose(crop[0, HOP_SAMPLES:], audio[HOP_SAMPLES:], rtol=0, atol=TOLERANCE)


def test_gradients_are_those_of_a_difference_quotient() -> None:
    torch.manual_seed(0)
    amplitudes, bands = torch.rand(1, 3, 64), torch.rand(1, 3, 17)
    pitch = torch.tensor([[0.1, 0.3, 0.2]])
    weigh = torch.randn(1, 3 * HOP_SAMPLES)
    amplitudes.requires_grad_()
    bands.requires_grad_()
    voice = CropSynth(3 * HOP_SAMPLES, 0, "cpu")
    (voice(amplitudes, bands, pitch, [0]) * weigh).sum().backward()
    with torch.no_grad():
        nudged_a, nudged_b = amplitudes.clone(), bands.clone()
        nudged_a[0, 1, 4] += 1
        nudged_b[0, 2, 6] += 1
        base = (voice(amplitudes, bands, pitch, [0]) * weigh).sum()
        by_a = (voice(nudged_a, bands, pitch, [0]) * weigh).sum() - base
        by_b = (voice(amplitudes, nudged_b, pitch, [0]) * weigh).sum() - base
    assert amplitudes.grad is not None and bands.grad is not None
    torch.testing.assert_close(amplitudes.grad[0, 1, 4], by_a, rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(bands.grad[0, 2, 6], by_b, rtol=1e-2, atol=1e-3)
