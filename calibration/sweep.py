# SPDX-License-Identifier: MIT
"""One cable from PITCH CV to V/OCT: the output is set to what the input has seen before, then shows the input its bend.

    anchor: volts that V/OCT has read as a code    sweep: DAC codes and what V/OCT reads of each
    the DAC code that reads the same as an anchor gives that anchor's volts, whatever the converter's curve
    -> the output's line -> volts of the whole sweep -> V/OCT with knots

ADC and DAC share 3V3_A, so the cable alone says nothing of volts; the anchors do. What it takes on trust is that the
DAC is straight; where both bend by more than the ADC can, it is not, and the input keeps its own points.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lottava.board import ADC_FULL_SCALE, BOARD, USUAL_SOURCE_OHMS
from lottava.record import PITCH_INPUT

from .fit import Fit, FitError, OutputFit, Point, fit_input, fit_output

PITCH_OUTPUT, ENV_OUTPUT = 0, 1
SWEEP_VOLTS = tuple(-2.5 + 0.5 * step for step in range(16))
"""-2.5 .. +5 V at PITCH CV, nominally: what both it and V/OCT reach."""
ENV_VOLTS = (0.5, 2.5, 4.5, 6.5)
FEW_POINTS = 5
"""With fewer, V/OCT's own points show nothing of its bend."""
BEND_LIMIT_VOLTS = 0.006
"""What V/OCT's converter can bend a straight sweep by: 1.5 mV at its pin, and noise. More is the DAC's own bend."""
MIN_SWEEP_CODES = 1000.0
"""V/OCT's codes move by 44 850 over a sweep."""


def nominal_codes(output: int, volts: Sequence[float]) -> tuple[float, ...]:
    """DAC codes for about these volts."""
    cv = BOARD.cv_outputs[output]
    nominal = OutputFit(cv.nominal_gain, cv.nominal_offset, ())
    return tuple(nominal.code(value) for value in volts)


def matching_code(sweep: Sequence[Point], code: float) -> float:
    """DAC code at which V/OCT reads `code`. sweep: `volts` are DAC codes here. Raises FitError outside the sweep."""
    ordered = sorted(sweep, key=lambda point: point.code)
    read = [point.code for point in ordered]
    if read[-1] - read[0] < MIN_SWEEP_CODES:
        raise FitError("V_OCT does not follow PITCH_CV; is the cable from PITCH CV in V/OCT?")
    if not read[0] <= code <= read[-1]:
        raise FitError("V_OCT was calibrated at volts that PITCH_CV does not reach")
    return float(np.interp(code, read, [point.volts for point in ordered]))


def line_from_anchors(anchors: Sequence[Point], sweep: Sequence[Point]) -> OutputFit:
    """PITCH CV from volts that V/OCT has seen. Raises FitError."""
    jack, output = BOARD.cv_inputs[PITCH_INPUT], BOARD.cv_outputs[PITCH_OUTPUT]
    read = [point.code for point in sweep]
    within = [anchor for anchor in anchors if min(read) <= anchor.code <= max(read)]
    points = [
        Point(jack.same_reading(anchor.volts, USUAL_SOURCE_OHMS, output.source_ohms), matching_code(sweep, anchor.code))
        for anchor in within
    ]
    return fit_output(output, points)


def bend_volts(sweep: Sequence[Point]) -> float:
    """How far the sweep is off a straight line, at worst, in volts at V/OCT: both converters' bends together."""
    codes = np.array([point.code for point in sweep])
    driven = np.array([point.volts for point in sweep])
    off = codes - np.polyval(np.polyfit(driven, codes, 1), driven)
    return float(np.abs(off).max()) * abs(BOARD.cv_inputs[PITCH_INPUT].nominal_gain) / ADC_FULL_SCALE


def input_from_line(
    line: OutputFit, sweep: Sequence[Point], *, with_knots: bool = True
) -> tuple[Fit, tuple[Point, ...]]:
    """V/OCT from what the output gives it, and its points. Raises FitError."""
    jack, output = BOARD.cv_inputs[PITCH_INPUT], BOARD.cv_outputs[PITCH_OUTPUT]
    points = tuple(
        Point(
            jack.same_reading(line.volts(point.volts), output.source_ohms, USUAL_SOURCE_OHMS),
            point.code,
            point.deviation_codes,
        )
        for point in sweep
    )
    return fit_input(jack, points, with_knots=with_knots), points
