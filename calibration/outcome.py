# SPDX-License-Identifier: MIT
"""What a calibration has found so far: points in, a record and a report out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lottava import record as records
from lottava.board import BOARD
from lottava.messages import HelloReply
from lottava.record import MEASURED_OUTPUTS, PITCH_INPUT, Record

from .fit import Fit, OutputFit, Point, fit_input, fit_output
from .report import OutputReport, Report, jack_report
from .sweep import (
    BEND_LIMIT_VOLTS,
    ENV_OUTPUT,
    FEW_POINTS,
    PITCH_OUTPUT,
    bend_volts,
    input_from_line,
    line_from_anchors,
)

PITCH = BOARD.cv_inputs[PITCH_INPUT].name
OUTPUT_NAMES = tuple(cv.name for cv in BOARD.cv_outputs)


class Outcome:
    """before: the record in use. inputs and outputs: points by jack; an output's codes are the DAC's.

    reference_code: what the 2.5 V reference read; 0 = unknown.
    """

    def __init__(self, before: Record, created_unix: int) -> None:
        self.before, self.created_unix = before, created_unix
        self.inputs: Mapping[str, tuple[Point, ...]] = {}
        self.outputs: Mapping[str, tuple[Point, ...]] = {}
        self.reference_code = 0
        self.bend_volts: float | None = None
        self._fits: dict[str, Fit] = {}
        self._lines: dict[str, OutputFit] = {}

    def take_sweep(self, sweep: Sequence[Point], matches: Sequence[Point]) -> None:
        """PITCH CV at V/OCT: gives the output where no meter did, and the input where its own points are too few.

        matches: readings next to those of V/OCT's own points. Volts of both are DAC codes.
        """
        name, anchors = OUTPUT_NAMES[PITCH_OUTPUT], self.inputs.get(PITCH, ())
        if name in self.outputs:
            line = fit_output(BOARD.cv_outputs[PITCH_OUTPUT], self.outputs[name])
        else:
            line = line_from_anchors(anchors, [*sweep, *matches])
        self._lines[name] = line
        self.bend_volts = bend_volts(sweep)
        is_straight = self.bend_volts <= BEND_LIMIT_VOLTS
        if not anchors or (len(anchors) < FEW_POINTS and is_straight):
            self._fits[PITCH], points = input_from_line(line, sweep, with_knots=is_straight)
            self.inputs = {**self.inputs, PITCH: points}

    def take_envelope(self, readings: Sequence[Point]) -> None:
        """ENV CV at V/OCT, which is calibrated by now; the readings' volts are DAC codes."""
        fit = self._input_fit(PITCH)
        points = [Point(fit.volts(point.code), point.volts) for point in readings]
        self._lines[OUTPUT_NAMES[ENV_OUTPUT]] = fit_output(BOARD.cv_outputs[ENV_OUTPUT], points)

    def _input_fit(self, name: str) -> Fit:
        if name not in self._fits:
            index = BOARD.input_index(name)
            with_knots, known = index == PITCH_INPUT, self.before.v_oct_knots
            self._fits[name] = fit_input(
                BOARD.cv_inputs[index], self.inputs[name], with_knots=with_knots, known_knots=known
            )
        return self._fits[name]

    def _output_fit(self, index: int) -> OutputFit | None:
        name = OUTPUT_NAMES[index]
        if name not in self._lines and name in self.outputs:
            self._lines[name] = fit_output(BOARD.cv_outputs[index], self.outputs[name])
        return self._lines.get(name)

    def record(self) -> Record:
        """The record in use with all that was measured in it. Raises FitError, RecordError.

        What was not measured belongs to the 3V3_A of its own time, and is brought to that of now.
        """
        drift = self.before.reference_code / self.reference_code if self.reference_code else 1.0
        drift = drift if self.before.reference_code else 1.0
        listed = (self.before.input_gain, self.before.input_offset, self.before.output_gain, self.before.output_offset)
        in_gain, in_offset, out_gain, out_offset = (list(np.multiply(values, drift)) for values in listed)
        knots, measured = self.before.v_oct_knots, self.before.measured
        for name in self.inputs:
            index, fit = BOARD.input_index(name), self._input_fit(name)
            in_gain[index], in_offset[index] = fit.gain, fit.offset
            measured |= 1 << index
            knots = fit.knots if index == PITCH_INPUT else knots
        for index in range(len(OUTPUT_NAMES)):
            line = self._output_fit(index)
            if line is not None:
                out_gain[index], out_offset[index] = line.gain, line.offset
                measured |= 1 << MEASURED_OUTPUTS + index
        after = replace(
            self.before,
            input_gain=tuple(map(float, in_gain)),
            input_offset=tuple(map(float, in_offset)),
            output_gain=tuple(map(float, out_gain)),
            output_offset=tuple(map(float, out_offset)),
            v_oct_knots=knots,
            measured=measured,
            created_unix=self.created_unix,
            reference_code=self.reference_code,
        )
        records.validate(after)
        return after

    def report(self, hello: HelloReply, sequence: int, used: Record, checked: Mapping[str, Sequence[Point]]) -> Report:
        """What was found, with the record that is in use now."""
        outputs = []
        for index, cv in enumerate(BOARD.cv_outputs):
            line = self._output_fit(index)
            if line is not None:
                gain_percent = 100.0 * (line.gain / cv.nominal_gain - 1.0)
                at_zero = line.offset - line.gain * cv.nominal_offset / cv.nominal_gain
                outputs.append(OutputReport(cv.name, gain_percent, at_zero, line.residual_volts))
        return Report(
            serial=hello.serial.hex(),
            firmware=".".join(map(str, hello.firmware)),
            board_revision=hello.board_revision,
            created_unix=self.created_unix,
            sequence=sequence,
            jacks=tuple(
                jack_report(BOARD.input_index(name), points, checked.get(name, ()), self.before, used)
                for name, points in self.inputs.items()
            ),
            outputs=tuple(outputs),
            bend_volts=self.bend_volts,
        )
