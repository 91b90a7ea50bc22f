# SPDX-License-Identifier: MIT
"""PITCH CV between the converter's codes: its pattern's mean and what the output's pole leaves of its ripple."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator import Seed, build_image
from lottava.emulator.panel import DAC_CHANNELS

from lottava.board import BOARD, DAC_FULL_SCALE

POLE_HZ, RATE_HZ = 1600.0, 192_000.0
PITCH = BOARD.cv_outputs[0]
CENTS_A_CODE = 1200 * abs(PITCH.nominal_gain) / DAC_FULL_SCALE
PITCH_CHANNEL = DAC_CHANNELS[0]


@pytest.fixture(scope="module")
def seed() -> Seed:
    board = Seed(build_image())
    board.run_blocks(4)
    return board


def ripple(codes: np.ndarray) -> float:
    """Peak to peak behind the pole, in codes, once it has settled."""
    share = 1 - np.exp(-2 * np.pi * POLE_HZ / RATE_HZ)
    level, levels = float(codes.mean()), []
    for _ in range(100):
        for code in codes:
            level += share * (code - level)
            levels.append(level)
    return float(np.ptp(levels[-len(codes) :]))


def test_timer_steps_at_192_khz(seed: Seed) -> None:
    assert seed.dac._timer.rate_hz == RATE_HZ
    assert seed.dac.pattern.shape == (16, 2)


@settings(max_examples=15, deadline=None)
@given(volts=st.floats(-1.9, 3.9))
def test_any_held_pitch_is_a_mean_of_codes_without_ripple(seed: Seed, volts: float) -> None:
    """Held, the codes repeat from block to block, with a ripple below half a cent."""
    seed.set_volts("V_OCT", volts)
    seed.run_blocks(16)  # a small step goes through a mean of eight blocks (dsp/smoothing.h)
    patterns = []
    for _ in range(3):
        seed.run_blocks(1)
        codes = seed.dac.pattern[:, PITCH_CHANNEL].astype(float)
        patterns.append(codes)
        assert ripple(codes) * CENTS_A_CODE < 0.5
        assert np.ptp(codes) <= 1
        assert seed.dac.codes[PITCH_CHANNEL] == codes.mean()
    np.testing.assert_array_equal(patterns[1], patterns[2])
