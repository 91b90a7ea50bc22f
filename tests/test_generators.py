# SPDX-License-Identifier: MIT
"""Laws of the generators: exact sizes, streaming equals offline, causality, bounded free run."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.generators.base import Controls, play
from lottava.training.generators.ddsp import DDSP, FIT, NANO, PARENT, DDSPVoice, Widths
from lottava.training.synth import decode_controls

HOP = 192


def random_controls(batch: int, frames: int, seed: int) -> tuple[torch.Tensor, Controls]:
    generator = torch.Generator().manual_seed(seed)
    pitch = 4 * torch.rand(batch, frames, generator=generator) - 2
    loudness = 2 * torch.rand(batch, frames, generator=generator) - 1
    axes = 2 * torch.rand(batch, frames, 4, generator=generator) - 1
    white = 2 * torch.rand(batch, frames * HOP, generator=generator) - 1
    return white, Controls(pitch, loudness, axes)


def nano_voice(seed: int = 0) -> DDSPVoice:
    torch.manual_seed(seed)
    return DDSPVoice(DDSP(NANO))


@pytest.mark.parametrize(("widths", "count"), [(PARENT, 1_008_210), (Widths.uniform(128), 258_386), (FIT, 27_634)])
def test_parameter_counts_are_those_of_the_specification(widths: Widths, count: int) -> None:
    assert sum(p.numel() for p in DDSP(widths).parameters()) == count == widths.parameter_count


@given(st.lists(st.integers(4, 40), min_size=5, max_size=5))
@settings(max_examples=10, deadline=None)
def test_parameter_count_holds_for_any_widths(sizes: list[int]) -> None:
    widths = Widths(*sizes)
    assert sum(p.numel() for p in DDSP(widths).parameters()) == widths.parameter_count


@given(st.lists(st.integers(1, 7), min_size=1, max_size=6), st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_streaming_equals_offline(blocks: list[int], seed: int) -> None:
    white, controls = random_controls(2, sum(blocks), seed)
    with torch.no_grad():
        offline = play(nano_voice(), white, controls, [sum(blocks)])
        torch.testing.assert_close(play(nano_voice(), white, controls, blocks), offline, atol=2e-5, rtol=0)


@pytest.mark.parametrize("block", [1, 7, 16, 48])
def test_streaming_equals_offline_at_the_specified_block_sizes(block: int) -> None:
    white, controls = random_controls(1, 50, block)
    blocks = [block] * (50 // block) + ([50 % block] if 50 % block else [])
    with torch.no_grad():
        offline = play(nano_voice(), white, controls, [50])
        torch.testing.assert_close(play(nano_voice(), white, controls, blocks), offline, atol=2e-5, rtol=0)


@given(st.integers(0, 19))
@settings(max_examples=10, deadline=None)
def test_the_past_never_hears_the_future(frame: int) -> None:
    white, controls = random_controls(1, 20, 3)
    _, other = random_controls(1, 20, 4)
    changed = Controls(*(torch.cat((a[:, :frame], b[:, frame:]), dim=1) for a, b in zip(controls, other, strict=True)))
    with torch.no_grad():
        one, two = (play(nano_voice(), white, c, [20]) for c in (controls, changed))
    assert torch.equal(one[:, : frame * HOP], two[:, : frame * HOP])


def test_blocks_must_cover_the_controls() -> None:
    white, controls = random_controls(1, 4, 0)
    with pytest.raises(ValueError, match="can't play 4 frames"):
        play(nano_voice(), white, controls, [3])


def test_features_are_bounded_and_audio_is_finite_at_extreme_controls() -> None:
    white, controls = random_controls(1, 200, 1)
    voice = nano_voice()
    with torch.no_grad():
        for parameter in voice.decoder.parameters():
            parameter.mul_(50.0)
        audio = play(voice, white, controls, [200])
    assert torch.isfinite(audio).all()


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(4, 64), min_size=5, max_size=5), st.integers(0, 10**6))
def test_a_fresh_decoder_is_quiet_and_darker_upwards(sizes: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    pitch, loudness, axes = torch.zeros(1, 50), torch.linspace(0, 1, 50)[None], torch.zeros(1, 50, 4)
    with torch.no_grad():
        controls, _ = DDSP(Widths(*sizes))(pitch, loudness, axes)
        amplitudes, _ = decode_controls(controls, pitch)
    assert amplitudes.sum(dim=-1).max() < 0.4, "exp_sigmoid(0) is 0.41"
    assert amplitudes[..., :32].sum() > 4 * amplitudes[..., 32:].sum()
