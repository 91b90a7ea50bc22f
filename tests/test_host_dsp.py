# SPDX-License-Identifier: MIT
"""The C++ synthesiser stays within one 16-bit step of the float64 oracle and does not care how blocks are cut."""

from __future__ import annotations

import itertools
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.host import HostSynth
from lottava.emulator.library import host_library
from numpy.typing import NDArray

from lottava import synth

LSB = 2.0**-15
SAMPLES = 20_000

Frames = list[tuple[int, NDArray[np.int16], NDArray[np.float32], int]]


def mapped(name: str, x: NDArray[np.float32]) -> NDArray[np.float64]:
    y = np.empty_like(x)
    getattr(host_library(), f"lottava_dsp_{name}")(x.ctypes.data, y.ctypes.data, x.size)
    return y.astype(np.float64)


def spread(low: float, high: float) -> NDArray[np.float32]:
    return np.concatenate([np.linspace(low, high, SAMPLES), np.rint(np.linspace(low, high, 40))]).astype(np.float32)


def test_exp2_holds_its_stated_error_and_clamps() -> None:
    x = spread(-126.0, 126.0)
    assert np.max(np.abs(mapped("exp2", x) / np.exp2(x.astype(np.float64)) - 1.0)) < 1.5e-7
    low, high, nothing = mapped("exp2", np.array([-1e30, 1e30, np.nan], np.float32))
    assert (low, high, nothing) == (2.0**-126, 2.0**126, 2.0**-126)


def test_the_firmwares_noise_matrix_is_the_oracles() -> None:
    """Made by another formula; each entry rounds to the same float."""
    pairs = np.empty((8, synth.NOISE_BANDS, 4), np.float32)
    host_library().lottava_dsp_noise_pairs(pairs.ctypes.data)
    half = pairs.swapaxes(1, 2).reshape(32, -1)
    taps = np.concatenate([np.zeros((1, synth.NOISE_BANDS)), half[:-1], 2 * half[-1:], half[-2::-1]])
    np.testing.assert_array_equal(taps, synth.NOISE_MATRIX.astype(np.float32))


@pytest.mark.parametrize(("name", "bias"), [("exp_sigmoid", 0.0), ("biased_exp_sigmoid", synth.NOISE_BIAS)])
def test_exp_sigmoid_holds_its_stated_error_at_every_control(name: str, bias: float) -> None:
    codes = np.arange(-(1 << 15), 1 << 15).astype(np.int16)
    y = np.empty(codes.size, np.float32)
    getattr(host_library(), f"lottava_dsp_{name}")(codes.ctypes.data, y.ctypes.data, codes.size)
    assert np.max(np.abs(y / synth.exp_sigmoid(codes * 2.0**-11 - bias) - 1.0)) < 3e-6


def random_controls(rng: np.random.Generator) -> NDArray[np.int16]:
    """From tame to extreme: everything at the rails, or all energy in the highest partial."""
    style = rng.integers(4)
    controls = rng.integers(-9000, 9000, synth.CONTROLS)
    if style == 1:
        controls = rng.choice([-32768, 32767], synth.CONTROLS)
    elif style == 2:
        controls[1 : 1 + synth.PARTIALS] = -32768
        controls[rng.integers(1, 1 + synth.PARTIALS)] = 32767
    elif style == 3:
        controls[0] = -32768
    return controls.astype(np.int16)


def random_frames(seed: int, count: int, *, axes: bool = False) -> Frames:
    """Frames at any pitch, jumps included; full hops and ones cut short."""
    rng, frames = np.random.default_rng(seed), []
    f0_hz = float(np.exp(rng.uniform(np.log(2.0), np.log(15_000.0))))
    for _ in range(count):
        if rng.random() < 0.5:
            f0_hz = float(np.exp(rng.uniform(np.log(2.0), np.log(15_000.0))))
        length = int(rng.choice([192, 192, 1, 3, 48, 144, int(rng.integers(1, 193))]))
        knobs = rng.uniform(-1.0, 1.0, 4) if axes else np.zeros(4)
        frames.append((synth.increment_from_hz(f0_hz), random_controls(rng), knobs.astype(np.float32), length))
    return frames


def play_host(frames: Frames, edits: synth.SynthEdits, gain: float) -> tuple[NDArray, NDArray]:
    host = HostSynth(gain, astuple(edits))
    parts = []
    for increment, controls, axes, length in frames:
        host.start_frame(increment, controls, axes)
        parts.append(host.render(length))
    out, aux = zip(*parts, strict=True)
    return np.concatenate(out), np.concatenate(aux)


def play_oracle(frames: Frames, edits: synth.SynthEdits, gain: float) -> tuple[NDArray, NDArray]:
    segments = [
        (synth.frame_from_controls(controls * 2.0**-11, increment, axes, edits), length)
        for increment, controls, axes, length in frames
    ]
    out, aux, _ = synth.render(segments, gain=gain)
    return out, aux


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_any_frames_sound_as_in_the_oracle(seed: int) -> None:
    frames = random_frames(seed, 5)
    out, aux = play_host(frames, synth.SynthEdits(), 1.0)
    exact_out, exact_aux = play_oracle(frames, synth.SynthEdits(), 1.0)
    assert np.max(np.abs(out - exact_out)) < LSB
    assert np.max(np.abs(aux - exact_aux)) < LSB


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    edits=st.builds(
        synth.SynthEdits,
        tilt=st.just(0.0) | st.floats(-1, 1),
        breath_db=st.floats(0, 12),
        body_db=st.floats(0, 18),
        ripple_db=st.just(0.0) | st.floats(-18, 18),
    ),
)
def test_edits_of_unlearned_axes_sound_as_in_the_oracle(seed: int, edits: synth.SynthEdits) -> None:
    frames = random_frames(seed, 3, axes=True)
    out, aux = play_host(frames, edits, 0.25)
    exact_out, exact_aux = play_oracle(frames, edits, 0.25)
    assert np.max(np.abs(out - exact_out)) < LSB
    assert np.max(np.abs(aux - exact_aux)) < LSB


@pytest.mark.parametrize("f0_hz", [0.0, 0.01, 1.0, 27.5, 375.0, 750.0, 11_999.0, 23_999.0])
def test_held_pitches_at_the_edges_sound_as_in_the_oracle(f0_hz: float) -> None:
    controls = np.full(synth.CONTROLS, 2000, np.int16)
    frames = [(synth.increment_from_hz(f0_hz), controls, np.zeros(4, np.float32), 192)] * 8
    out, _ = play_host(frames, synth.SynthEdits(), 1.0)
    exact, _ = play_oracle(frames, synth.SynthEdits(), 1.0)
    assert np.max(np.abs(out - exact)) < LSB


def test_levels_equal_the_decoded_controls() -> None:
    for increment, controls, axes, _ in random_frames(5, 20):
        host = HostSynth()
        host.start_frame(increment, controls, axes)
        exact = synth.frame_from_controls(controls * 2.0**-11, increment)
        for got, want in zip(host.levels(), (exact.amplitudes, exact.bands), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), cuts=st.lists(st.integers(0, 192), max_size=12))
def test_any_split_into_blocks_gives_the_same_bits(seed: int, cuts: list[int]) -> None:
    whole, pieces = HostSynth(), HostSynth()
    edges = [0, *sorted(cuts), 192]
    for increment, controls, axes, _ in random_frames(seed, 3):
        whole.start_frame(increment, controls, axes)
        pieces.start_frame(increment, controls, axes)
        parts = [pieces.render(end - start) for start, end in itertools.pairwise(edges)]
        for channel, expected in enumerate(whole.render(192)):
            np.testing.assert_array_equal(np.concatenate([part[channel] for part in parts]), expected)
