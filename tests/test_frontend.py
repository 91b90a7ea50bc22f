# SPDX-License-Identifier: MIT
"""The emulated front end: nominal parts follow the board, random ones stay within what their tolerances allow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator import FrontEnd
from lottava.emulator.panel import CV_CHANNELS, MUX_CHANNELS, port_and_pin
from lottava.emulator.parts import INL_VOLTS, NOISE_VOLTS

from lottava.board import (
    ADC_FULL_SCALE,
    BOARD,
    DAC_FULL_SCALE,
    GAIN_LIMIT,
    OFFSET_LIMIT_VOLTS,
    SUPPLY_TOLERANCE,
    SUPPLY_VOLTS,
)

CHANNELS = tuple(CV_CHANNELS)
volts = st.floats(-12, 12)


def codes_at(frontend: FrontEnd, jack_volts: float, scans: int = 1) -> np.ndarray:
    """Mean codes [7] of all inputs at one voltage, in the order of the inputs."""
    for cv in BOARD.cv_inputs:
        frontend.set_volts(cv.name, jack_volts)
    return np.mean([frontend.scan(CHANNELS, 0) for _ in range(scans)], axis=0)


@given(volts)
def test_nominal_parts_give_the_codes_of_the_board(jack_volts: float) -> None:
    codes = codes_at(FrontEnd.ideal(), jack_volts)
    for code, cv in zip(codes, BOARD.cv_inputs, strict=True):
        if 0.02 < cv.stage.output_volts(jack_volts) < SUPPLY_VOLTS - 0.03:
            assert abs(code - cv.code(jack_volts)) <= 0.51


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_random_boards_can_be_calibrated(seed: int) -> None:
    """Gain and offset of every drawn input lie within what a record may hold."""
    frontend = FrontEnd.random(seed)
    low, high = codes_at(frontend, -2.0, 8), codes_at(frontend, 3.0, 8)
    for index, cv in enumerate(BOARD.cv_inputs):
        gain = 5.0 / (high[index] - low[index]) * ADC_FULL_SCALE
        offset = -2.0 - gain * low[index] / ADC_FULL_SCALE
        at_zero = offset + gain * cv.code(0.0) / ADC_FULL_SCALE
        assert abs(gain / cv.nominal_gain - 1) < GAIN_LIMIT
        assert abs(at_zero) < OFFSET_LIMIT_VOLTS
    assert abs(frontend.parts.supply_volts / SUPPLY_VOLTS - 1) <= SUPPLY_TOLERANCE


def test_the_same_seed_is_the_same_board_and_another_is_not() -> None:
    first, again, other = (FrontEnd.random(seed) for seed in (4, 4, 5))
    scans = [[frontend.scan(CHANNELS, 0).tolist() for _ in range(5)] for frontend in (first, again, other)]
    assert scans[0] == scans[1] != scans[2]


def test_noise_has_the_stated_strength() -> None:
    frontend = FrontEnd.random(1)
    codes = np.array([frontend.scan(CHANNELS, 0) for _ in range(4000)], float)
    expected = NOISE_VOLTS / frontend.parts.supply_volts * ADC_FULL_SCALE
    np.testing.assert_allclose(codes.std(axis=0), expected, rtol=0.1)
    assert not np.diff([FrontEnd.ideal().scan(CHANNELS, 0) for _ in range(9)], axis=0).any()


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_the_converter_bends_by_no_more_than_stated(seed: int, share: float) -> None:
    """A pot is ratiometric, so all that is left of its error is the curve (and a few sigma of noise)."""
    frontend = FrontEnd.random(seed)
    frontend.set_pot("bright", share)
    mux_a = next(channel for channel, mux in MUX_CHANNELS.items() if mux == "A")
    code = np.mean([float(frontend.scan([mux_a], 0)[0]) for _ in range(32)])
    limit = (INL_VOLTS + NOISE_VOLTS) / frontend.parts.supply_volts * ADC_FULL_SCALE + 1
    assert abs(code - share * ADC_FULL_SCALE) <= limit


def test_outputs_follow_the_board() -> None:
    frontend = FrontEnd.ideal()
    for code in (0, 1000, DAC_FULL_SCALE):
        expected = [cv.nominal_gain * code / DAC_FULL_SCALE + cv.nominal_offset for cv in BOARD.cv_outputs]
        np.testing.assert_allclose(frontend.output_volts([code, code]), expected, atol=1e-9)


def test_every_pot_is_on_its_own_node() -> None:
    for pot in BOARD.pots:
        frontend = FrontEnd.ideal()
        frontend.set_pot(pot.name, 1.0)
        channel = next(c for c, mux in MUX_CHANNELS.items() if mux == pot.mux)
        assert frontend.scan([channel], pot.mux_input)[0] == ADC_FULL_SCALE


def test_pins_are_read_from_the_board() -> None:
    assert port_and_pin("D26") == (3, 11)
    assert port_and_pin("D25") == (0, 0)


def test_what_does_not_exist_is_refused() -> None:
    frontend = FrontEnd.ideal()
    with pytest.raises(ValueError, match="no CV jack 'Z9'; there are V_OCT"):
        frontend.set_volts("z9", 0.0)
    with pytest.raises(ValueError, match="no knob"):
        frontend.set_pot("volume", 0.5)
    with pytest.raises(ValueError, match="positions go from 0 to 1"):
        frontend.set_pot("bright", 1.5)
