# SPDX-License-Identifier: MIT
"""CV inputs: seven alike, each turning ±8 V (V/OCT: -3 ... +7 V) at the jack into what the converter can read.

An inverting stage on 3V3_A around a bias that follows 3V3_A: it clamps by itself, and ±12 V at the jack drive 120 µA.
"""

from __future__ import annotations

from collections.abc import Mapping

from lottava.hardware.parts import capacitor_key

from lottava.board import BOARD, PITCH_STAGE, CvInput, Stage

from ..schematic.drawing import Sheet
from ..schematic.geometry import Point
from ..schematic.library import Symbol
from .common import DECOUPLING, decoupling, input_jack, lying, op_amp, op_amp_power, resistor, shunt, standing

OP_AMP = "MCP6004 SOIC-14"
FEEDBACK_FARADS = {True: 3.3e-9, False: 4.7e-9}
"""V/OCT: 30.1k, 1.60 kHz; the others: 18.7k, 1.81 kHz. A step is within 0.1 % after 0.7 ms; it is read after 1 ms."""
ADC_OHMS, ADC_FARADS = 330.0, 10e-9
"""The converter's 4 pF, charged by another channel before, take 0.003 % of the difference from this: 0.3 cents.

With 1 kΩ it would be three times that. 48 kHz; the capacitor is what the sampling capacitor is filled from.
"""
_COLUMNS, _ROWS = (22, 132), (31, 58, 85, 112)


def _bias_net(stage: Stage) -> str:
    return "V_OCT_BIAS" if stage is PITCH_STAGE else "CV_BIAS"


def _channel(sheet: Sheet, index: int, cv: CvInput, at: Point) -> None:
    number = 410 + 10 * index
    stage = cv.stage
    line = input_jack(sheet, number, cv.name, at)
    sheet.wire(line, line.moved(9))
    right = lying(sheet, f"R{number}", resistor(stage.input_ohms, stage.tolerance), line.moved(9))
    node = right.moved(4)
    amp = op_amp(sheet, f"U{401 + index // 4}", OP_AMP, index % 4 + 1, node.moved(2))
    output = amp.pin("~").moved(3)
    sheet.wire(right, node, amp.pin("-"))
    sheet.wire(amp.pin("~"), output)
    bias = amp.pin("+").moved(-2, 4)
    sheet.wire(amp.pin("+"), amp.pin("+").moved(-2), bias)
    sheet.net(_bias_net(stage), bias, "left", "input")
    farads = FEEDBACK_FARADS[stage is PITCH_STAGE]
    feedback = (
        (f"R{number + 1}", resistor(stage.feedback_ohms, stage.tolerance), "R", -6),
        (f"C{number}", capacitor_key(farads, "C0G"), "C", -12),
    )
    for reference, key, symbol, up in feedback:
        start = node.moved(5, up)
        end = lying(sheet, reference, key, start, symbol)
        sheet.wire(node, node.moved(0, up), start)
        sheet.wire(end, Point(output.x, end.y), output)
    end = lying(sheet, f"R{number + 2}", resistor(ADC_OHMS), output.moved(3))
    sheet.wire(output, output.moved(3))
    sheet.wire(end, end.moved(12))
    shunt(sheet, f"C{number + 1}", capacitor_key(ADC_FARADS, "C0G"), end.moved(2))
    sheet.test_point(f"TP{number}", f"{cv.name}_ADC", end.moved(8))
    sheet.net(f"{cv.name}_ADC", end.moved(12), shape="output")


def _bias(sheet: Sheet, number: int, stage: Stage, at: Point) -> None:
    sheet.power("+3V3A", at)
    node = standing(sheet, f"R{number}", resistor(stage.bias.top_ohms, stage.tolerance), at).moved(0, 1)
    sheet.wire(node.moved(0, -1), node, node.moved(18))
    shunt(sheet, f"R{number + 1}", resistor(stage.bias.bottom_ohms, stage.tolerance), node, "R")
    shunt(sheet, f"C{number}", DECOUPLING, node.moved(8))
    sheet.test_point(f"TP{number}", _bias_net(stage), node.moved(14))
    sheet.net(_bias_net(stage), node.moved(18), shape="output")


def _spare(sheet: Sheet, at: Point) -> None:
    """The eighth amplifier follows the bias."""
    amp = op_amp(sheet, "U402", OP_AMP, 4, at)
    output, top = amp.pin("~").moved(2), at.moved(-1, -5)
    sheet.wire(amp.pin("-"), at.moved(-1), top, Point(output.x, top.y), output, amp.pin("~"))
    sheet.wire(amp.pin("+"), amp.pin("+").moved(-2))
    sheet.net("CV_BIAS", amp.pin("+").moved(-2), "left", "input")


def _explain(sheet: Sheet, at: Point) -> None:
    sheet.heading("At the converter: bias * (1 + Rf/Rin) - Rf/Rin * jack", at)
    for row, stage in enumerate((PITCH_STAGE, BOARD.cv_inputs[1].stage)):
        low, high = next(cv.jack.range_volts for cv in BOARD.cv_inputs if cv.stage is stage)
        values = (stage.output_volts(high), stage.output_volts(0.0), stage.output_volts(low))
        name = "V_OCT" if stage is PITCH_STAGE else "others"
        sheet.note(
            f"{name}: bias {stage.bias.volts:.3f} V; {high:+g} V, 0 V, {low:+g} V read as "
            + ", ".join(f"{volts:.3f} V" for volts in values),
            at.moved(0, 3 + 2 * row),
        )


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("cv_inputs", "CV inputs", symbols, 400)
    for index, cv in enumerate(BOARD.cv_inputs):
        column, row = divmod(index, 4)
        _channel(sheet, index, cv, Point(_COLUMNS[column], _ROWS[row]))
    left, top = _COLUMNS[1] - 16, _ROWS[3] - 7
    _bias(sheet, 401, PITCH_STAGE, Point(left, top))
    _bias(sheet, 403, BOARD.cv_inputs[1].stage, Point(left + 37, top))
    for index, reference in enumerate(("U401", "U402")):
        at = Point(left + 76 + 20 * index, top)
        op_amp_power(sheet, reference, OP_AMP, "+3V3A", "GND", at)
        decoupling(sheet, f"C{405 + index}", "+3V3A", at.moved(5, 3))
    _spare(sheet, Point(left - 16, top + 32))
    _explain(sheet, Point(14, 142))
    return sheet
