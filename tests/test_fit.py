# SPDX-License-Identifier: MIT
"""The fit: finds a known gain, offset and bend within the noise; refuses what no working board gives, in volts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lottava.calibration.fit import Fit, FitError, Point, fit_input
from lottava.calibration.procedure import CV_VOLTS, PITCH_VOLTS

from lottava.board import ADC_FULL_SCALE, BOARD, CvInput

PITCH, LEVEL = BOARD.cv_inputs[0], BOARD.cv_inputs[1]
GAINS = st.floats(0.96, 1.04)
OFFSETS = st.floats(-0.2, 0.2)


def readings(cv: CvInput, voltages: tuple[float, ...], gain: float = 1.0, offset: float = 0.0) -> list[Point]:
    return [Point(volts, cv.code(gain * volts + offset), 6.0) for volts in voltages]


@pytest.mark.parametrize(("cv", "voltages"), [(PITCH, PITCH_VOLTS), (LEVEL, CV_VOLTS), (PITCH, (1.0, 3.0))])
@given(gain=GAINS, offset=OFFSETS)
def test_a_straight_input_is_found_exactly(
    cv: CvInput, voltages: tuple[float, ...], gain: float, offset: float
) -> None:
    fit = fit_input(cv, readings(cv, voltages, gain, offset), with_knots=cv is PITCH)
    low, high = cv.jack.range_volts
    for volts in np.linspace(low, high, 21):
        # code law without the converter's ends, where a gain error pushes the last bit of range off
        code = cv.stage.output_volts(gain * volts + offset) / 3.3 * ADC_FULL_SCALE
        assert fit.volts(code) == pytest.approx(volts, abs=1e-6)
    assert max(map(abs, fit.residual_volts)) < 1e-6


@given(gain=GAINS, offset=OFFSETS, seed=st.integers(0, 2**32 - 1))
def test_noise_moves_the_fit_no_more_than_itself(gain: float, offset: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    sigma = 6.0 / 16  # 6 codes, 256 readings
    points = [
        Point(one.volts, one.code + sigma * random.standard_normal(), 6.0)
        for one in readings(PITCH, PITCH_VOLTS, gain, offset)
    ]
    fit = fit_input(PITCH, points, with_knots=True)
    bound = 6 * sigma * abs(PITCH.nominal_gain) / ADC_FULL_SCALE  # 0.45 cents
    for volts in np.linspace(-2, 6, 33):
        assert abs(fit.volts(PITCH.code(gain * volts + offset)) - volts) < bound


@given(phase=st.floats(0, 2 * np.pi), share=st.floats(0, 1))
def test_knots_take_out_the_converters_curve(phase: float, share: float) -> None:
    """5 mV at the jack (6 cents), up to two turns over the converter's range: below 1.5 cents after the fit."""

    def code(volts: float) -> float:
        clean = PITCH.code(volts)
        angle = 2 * np.pi * clean / ADC_FULL_SCALE
        curve = 5e-3 * (share * np.sin(2 * angle + phase) + (1 - share) * np.sin(angle / 2 + phase))
        return float(clean + curve / PITCH.nominal_gain * ADC_FULL_SCALE)

    fit = fit_input(PITCH, [Point(volts, code(volts)) for volts in PITCH_VOLTS], with_knots=True)
    errors = [1200 * (fit.volts(code(volts)) - volts) for volts in np.linspace(-2, 6, 81)]
    assert max(map(abs, errors)) < 1.5


def changed(points: list[Point], place: int, **values: float) -> list[Point]:
    from dataclasses import replace

    return [replace(one, **values) if index == place else one for index, one in enumerate(points)]


GOOD = readings(PITCH, (1.0, 3.0))
MANY = readings(PITCH, PITCH_VOLTS)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (GOOD[:1], "two points are needed"),
        ([GOOD[0], GOOD[0]], "span 0.000 V"),
        (readings(PITCH, (1.0, 1.5)), "span 0.500 V"),
        ([Point(1.0, GOOD[1].code), Point(3.0, GOOD[0].code)], r"\+1.000 V reads as \+3.000 V.*swapped"),
        ([Point(1.0, 30_000.0), Point(3.0, 30_001.0)], "does not move"),
        (changed(GOOD, 0, volts=float("nan")), "not a number"),
        (changed(GOOD, 1, code=float("inf")), "not a number"),
        (changed(GOOD, 1, volts=9.0), r"\+9.000 V is outside its range of -3 to \+7 V"),
        (changed(GOOD, 1, code=70_000.0), "none of a 16-bit converter"),
        (changed(GOOD, 1, code=200.0), r"stuck at a rail \(0.01 V at the ADC\)"),
        (changed(GOOD, 1, deviation_codes=600.0), "0.100 V rms of noise"),
        (readings(PITCH, PITCH_VOLTS, gain=1.07), "1 V of the source reads as 1.070 V"),
        (readings(PITCH, PITCH_VOLTS, offset=0.4), r"0 V reads \+0.400 V"),
        (changed(MANY, 4, code=MANY[2].code), r"no higher than \+1.000 V"),
        (changed(MANY, 4, volts=2.3), r"\+2.300 V is .* off the line"),
    ],
)
def test_implausible_points_are_refused_in_volts(points: list[Point], words: str) -> None:
    with pytest.raises(FitError, match=words) as refused:
        fit_input(PITCH, points, with_knots=True)
    assert str(refused.value).startswith("V_OCT: ")


def test_two_points_give_no_knots() -> None:
    fit = fit_input(PITCH, GOOD, with_knots=True)
    assert fit == Fit(fit.gain, fit.offset, (0.0,) * 11, fit.residual_volts)
