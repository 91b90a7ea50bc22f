# SPDX-License-Identifier: MIT
"""From points to gain, offset and knots: pure least squares that refuses, in volts, what no working board gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lottava.board import (
    ADC_FULL_SCALE,
    DAC_FULL_SCALE,
    GAIN_LIMIT,
    OFFSET_LIMIT_VOLTS,
    SUPPLY_VOLTS,
    CvInput,
    CvOutput,
)
from lottava.record import KNOT_VOLTS

MIN_SPAN_VOLTS = 1.0
"""Two points nearer than this amplify a source's own error: 1 mV over 1 V is already 1.2 cents an octave."""
MAX_NOISE_CODES = 60.0
"""Ten times the 6 codes that 0.3 mV rms at the ADC are."""
DEAD_CODES_PER_VOLT = 100.0
"""A working input moves by 3700 (Z1-Z4) or 6000 (V/OCT) codes a volt."""
RAIL_CODES = 0.02 * ADC_FULL_SCALE
"""Nearer than 66 mV to ground or supply the input op-amps clip."""
RESIDUAL_LIMIT_VOLTS = 0.05
"""Ten times the converter's curve: a point beyond it was taken with the wrong voltage."""
SMOOTHING = 0.02
"""Weight of the knots' second differences against the points': keeps what is measured, carries it straight on."""


class FitError(ValueError):
    """Points that give no calibration: which jack, what was seen in volts, what to do."""


@dataclass(frozen=True)
class Point:
    """One reading: what the source says it gave, and the averaged ADC code with its standard deviation."""

    volts: float
    code: float
    deviation_codes: float = 0.0


@dataclass(frozen=True)
class Fit:
    """volts = gain * (code / 65535) + offset + knots at -3 .. +7 V (zeros for all but V/OCT)."""

    gain: float
    offset: float
    knots: tuple[float, ...]
    residual_volts: tuple[float, ...]

    def volts(self, code: float) -> float:
        """Volts at the jack."""
        linear = self.gain * (code / ADC_FULL_SCALE) + self.offset
        return linear + float(np.interp(linear, KNOT_VOLTS, self.knots))


def _seen(cv: CvInput, point: Point) -> str:
    return f"{point.volts:+.3f} V reads as {cv.volts(point.code):+.3f} V"


def check_point(cv: CvInput, point: Point) -> None:
    """Refuse a single reading: NaN, outside the jack's range, noisy, or at a rail. Raises FitError."""
    if not all(map(math.isfinite, (point.volts, point.code, point.deviation_codes))):
        raise FitError(f"{cv.name}: a reading is not a number (volts {point.volts}, code {point.code})")
    low, high = cv.jack.range_volts
    if not low <= point.volts <= high:
        raise FitError(f"{cv.name}: {point.volts:+.3f} V is outside its range of {low:+g} to {high:+g} V")
    if not 0 <= point.code <= ADC_FULL_SCALE:
        raise FitError(f"{cv.name}: code {point.code:g} is none of a 16-bit converter")
    if point.deviation_codes > MAX_NOISE_CODES:
        noise = point.deviation_codes * abs(cv.nominal_gain) / ADC_FULL_SCALE
        raise FitError(f"{cv.name}: {noise:.3f} V rms of noise at {point.volts:+.3f} V; check the cable and the source")
    if not RAIL_CODES <= point.code <= ADC_FULL_SCALE - RAIL_CODES:
        pin = point.code / ADC_FULL_SCALE * SUPPLY_VOLTS
        raise FitError(
            f"{cv.name}: stuck at a rail ({pin:.2f} V at the ADC) with {point.volts:+.3f} V; check its stage"
        )


def check_points(cv: CvInput, points: Sequence[Point]) -> None:
    """Refuse a set of readings: too few, equal, dead, swapped, not monotone. Raises FitError."""
    for point in points:
        check_point(cv, point)
    if len(points) < 2:
        raise FitError(f"{cv.name}: two points are needed, not {len(points)}")
    ordered = sorted(points, key=lambda point: point.volts)
    first, last = ordered[0], ordered[-1]
    span = last.volts - first.volts
    if span < MIN_SPAN_VOLTS:
        raise FitError(f"{cv.name}: the points span {span:.3f} V; take them at least {MIN_SPAN_VOLTS:g} V apart")
    slope = (last.code - first.code) / span
    both = f"{_seen(cv, first)}, {_seen(cv, last)}"
    if abs(slope) < DEAD_CODES_PER_VOLT:
        raise FitError(f"{cv.name}: does not move ({both}); is the cable in this jack, is the source on?")
    if slope > 0:
        raise FitError(f"{cv.name}: falls where it should rise ({both}); were two points swapped?")
    for before, after in pairwise(ordered):
        if after.volts > before.volts and after.code >= before.code:
            raise FitError(f"{cv.name}: {_seen(cv, after)}, no higher than {_seen(cv, before)}; take these two again")


def _straight_line(
    name: str, share: NDArray[np.float64], volts: NDArray[np.float64]
) -> tuple[float, float, NDArray[np.float64]]:
    """Gain, offset and what is left of each point, by least squares. Raises FitError for a point far off the line."""
    gain, offset = (float(value) for value in np.polyfit(share, volts, 1))
    residual = volts - (gain * share + offset)
    worst = int(np.argmax(np.abs(residual)))
    if abs(residual[worst]) > RESIDUAL_LIMIT_VOLTS:
        raise FitError(
            f"{name}: {volts[worst]:+.3f} V is {residual[worst]:+.3f} V off the line through the others; take it again"
        )
    return gain, offset, residual


def fit_input(
    cv: CvInput, points: Sequence[Point], *, with_knots: bool, known_knots: Sequence[float] | None = None
) -> Fit:
    """Gain and offset by least squares, knots from what is left. Raises FitError for anything implausible.

    known_knots: of an earlier calibration; two points show no bend, so with them these are kept.
    """
    check_points(cv, points)
    share = np.array([point.code for point in points]) / ADC_FULL_SCALE
    volts = np.array([point.volts for point in points])
    kept = known_knots if with_knots and known_knots is not None and len(points) == 2 else None
    if kept is not None:
        volts = volts - np.interp(volts, KNOT_VOLTS, kept)
    gain, offset, residual = _straight_line(cv.name, share, volts)
    _check_plausible(cv, gain, offset)
    knots = np.zeros(len(KNOT_VOLTS)) if kept is None else np.asarray(kept)
    if with_knots and len(points) > 2:
        knots = _fit_knots(volts - residual, residual)
    fitted = Fit(gain, offset, tuple(float(knot) for knot in knots), ())
    left = tuple(point.volts - fitted.volts(point.code) for point in points)
    return Fit(gain, offset, fitted.knots, left)


@dataclass(frozen=True)
class OutputFit:
    """volts = gain * (code / 4095) + offset, and what is left at each point."""

    gain: float
    offset: float
    residual_volts: tuple[float, ...]

    def volts(self, code: float) -> float:
        """Volts at the jack."""
        return self.gain * (code / DAC_FULL_SCALE) + self.offset

    def code(self, volts: float) -> float:
        """DAC code, neither rounded nor clipped."""
        return (volts - self.offset) / self.gain * DAC_FULL_SCALE


def fit_output(cv: CvOutput, points: Sequence[Point]) -> OutputFit:
    """Gain and offset of an output by least squares; codes are the DAC's. Raises FitError for anything implausible."""
    share = np.array([point.code for point in points]) / DAC_FULL_SCALE
    volts = np.array([point.volts for point in points])
    if len(points) < 2 or np.ptp(volts) < MIN_SPAN_VOLTS:
        span = f"{np.ptp(volts):.3f} V" if len(points) else "nothing"
        raise FitError(f"{cv.name}: moves by {span}; is the cable or the meter in this jack?")
    gain, offset, residual = _straight_line(cv.name, share, volts)
    error = gain / cv.nominal_gain - 1.0
    if abs(error) > GAIN_LIMIT:
        raise FitError(
            f"{cv.name}: moves by {1 + error:.3f} V where 1 V is meant, {100 * abs(error):.1f} % off where "
            f"{100 * GAIN_LIMIT:g} % is the limit; check what was read, then the output's resistors"
        )
    at_zero = offset - gain * cv.nominal_offset / cv.nominal_gain
    if abs(at_zero) > OFFSET_LIMIT_VOLTS:
        raise FitError(f"{cv.name}: gives {at_zero:+.3f} V where 0 V is meant; ±{OFFSET_LIMIT_VOLTS:g} V is the limit")
    return OutputFit(gain, offset, tuple(float(value) for value in residual))


def _check_plausible(cv: CvInput, gain: float, offset: float) -> None:
    error = gain / cv.nominal_gain - 1.0
    if abs(error) > GAIN_LIMIT:
        raise FitError(
            f"{cv.name}: 1 V of the source reads as {1 / (1 + error):.3f} V, {100 * abs(error):.1f} % off where "
            f"{100 * GAIN_LIMIT:g} % is the limit; check the source's voltages, then the input's resistors"
        )
    at_zero = offset - gain * cv.nominal_offset / cv.nominal_gain
    if abs(at_zero) > OFFSET_LIMIT_VOLTS:
        raise FitError(
            f"{cv.name}: 0 V reads {-at_zero:+.3f} V where ±{OFFSET_LIMIT_VOLTS:g} V is the limit; "
            "check the source's ground"
        )


def _fit_knots(linear_volts: NDArray[np.float64], residual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Knots k minimising |W k - residual|^2 + SMOOTHING |second differences of k|^2; W interpolates linearly."""
    count = len(KNOT_VOLTS)
    weights = np.stack([np.interp(linear_volts, KNOT_VOLTS, row) for row in np.eye(count)], axis=1)
    bend = np.diff(np.eye(count), n=2, axis=0) * math.sqrt(SMOOTHING)
    system = np.concatenate([weights, bend])
    target = np.concatenate([residual, np.zeros(len(bend))])
    return np.linalg.lstsq(system, target, rcond=None)[0]
