# SPDX-License-Identifier: MIT
"""CV outputs: PITCH CV and ENV CV from the Seed's two converters.

PITCH CV is fed back from the jack, so it is true at any load; ENV CV has 1 kΩ behind its feedback (board.source_ohms).
"""

from __future__ import annotations

from collections.abc import Mapping

from lottava.hardware.parts import capacitor_key

from lottava.board import BOARD, CvOutput

from ..schematic.drawing import Sheet
from ..schematic.geometry import Point
from ..schematic.library import Symbol
from .common import (
    DECOUPLING,
    OUTPUT_OHMS,
    decoupling,
    lying,
    op_amp,
    op_amp_power,
    output_jack,
    resistor,
    shunt,
    spare_op_amp,
    standing,
)

OP_AMP = "OPA1679 SOIC-14"
"""2 µV/K times a noise gain of 4: 0.2 cents over 20 K."""
FEEDBACK_FARADS = 1e-9
"""From the op-amp's pin: a cable of 1 nF behind 1 kΩ isn't in that path. 1.6 kHz with 100 kΩ, smooths the steps."""


def _channel(sheet: Sheet, number: int, unit: int, cv: CvOutput, at: Point) -> None:
    stage = cv.stage
    sheet.net(f"{cv.name}_DAC", at, "left", "input")
    sheet.wire(at, at.moved(4))
    end = lying(sheet, f"R{number}", resistor(stage.input_ohms, stage.tolerance), at.moved(4))
    node = end.moved(22)
    amp = op_amp(sheet, "U901", OP_AMP, unit, node.moved(4))
    output = amp.pin("~").moved(4)
    sheet.wire(end, node, amp.pin("-"))
    plus = amp.pin("+").moved(-2)
    top = Point(at.x + 8, plus.y + 4)
    sheet.power("+3V3A", top)
    bias = standing(sheet, f"R{number + 1}", resistor(stage.bias.top_ohms, stage.tolerance), top)
    shunt(sheet, f"R{number + 2}", resistor(stage.bias.bottom_ohms, stage.tolerance), bias, "R")
    shunt(sheet, f"C{number}", DECOUPLING, bias.moved(12))
    sheet.wire(bias, Point(plus.x, bias.y), plus, amp.pin("+"))
    line = lying(sheet, f"R{number + 4}", OUTPUT_OHMS, output.moved(5))
    sheet.wire(amp.pin("~"), output, output.moved(5))
    end = lying(sheet, f"C{number + 1}", capacitor_key(FEEDBACK_FARADS, "C0G"), node.moved(7, -7), "C")
    sheet.wire(node, node.moved(0, -7), node.moved(7, -7))
    sheet.wire(end, Point(output.x, end.y), output)
    end = lying(sheet, f"R{number + 3}", resistor(stage.feedback_ohms, stage.tolerance), node.moved(7, -13))
    sheet.wire(node, node.moved(0, -13), node.moved(7, -13))
    sensed = line.moved(2) if cv.source_ohms == 0 else output
    sheet.wire(end, Point(sensed.x, end.y), sensed)
    sheet.wire(line, line.moved(2))
    output_jack(sheet, number, cv.name, line.moved(2))


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("cv_outputs", "CV outputs", symbols, 900)
    for row, cv in enumerate(BOARD.cv_outputs):
        low, middle, high = (cv.stage.output_volts(volts) for volts in (3.3, 1.65, 0.0))
        sheet.heading(
            f"{cv.name}: 0, 1.65, 3.3 V of the converter become {high:.2f}, {middle:.2f}, {low:.2f} V",
            Point(14, 18 + 45 * row),
        )
    sheet.heading("Supply of this op-amp, which also drives GATE OUT", Point(14, 110))
    for index, cv in enumerate(BOARD.cv_outputs):
        _channel(sheet, 910 + 10 * index, 1 + index, cv, Point(34, 38 + 45 * index))
    op_amp_power(sheet, "U901", OP_AMP, "+12V", "-12V", Point(32, 120))
    decoupling(sheet, "C901", "+12V", Point(46, 123))
    decoupling(sheet, "C902", "-12V", Point(62, 123))
    spare_op_amp(sheet, "U901", OP_AMP, 4, Point(94, 124))
    return sheet
