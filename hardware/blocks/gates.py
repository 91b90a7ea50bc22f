# SPDX-License-Identifier: MIT
"""Gates: two inputs by transistor stages that invert, one output of 5 V."""

from __future__ import annotations

from collections.abc import Mapping

from lottava.board import BOARD, Jack

from ..schematic.drawing import Sheet
from ..schematic.geometry import Point
from ..schematic.library import Symbol
from .common import OUTPUT_OHMS, input_jack, lying, op_amp, output_jack, resistor, shunt, standing

BASE_OHMS, GROUND_OHMS, COLLECTOR_OHMS, PIN_OHMS = 100e3, 47e3, 10e3, 1e3
"""Trips at 2.09 V at 25 °C (board.GATE_THRESHOLD_VOLTS); -12 V are 0.49 V at the base, behind a diode."""
GAIN_OHMS = (5.11e3, 10e3)
"""3.3 V * 1.511 = 4.99 V."""
OP_AMP = "OPA1679 SOIC-14"


def _input(sheet: Sheet, number: int, jack: Jack, at: Point) -> None:
    line = input_jack(sheet, number, jack.name, at)
    sheet.wire(line, line.moved(17))
    end = lying(sheet, f"R{number}", resistor(BASE_OHMS), line.moved(17))
    transistor = sheet.place(
        f"Q{number}", "MMBT3904 SOT-23", "MMBT3904", end.moved(30), pin="B", names=(Point(4, -0.8), "left")
    )
    sheet.wire(end, transistor.pin("B"))
    shunt(sheet, f"R{number + 1}", resistor(GROUND_OHMS), end.moved(5), "R")
    shunt(sheet, f"D{number + 1}", "1N4148W SOD-123", end.moved(16), "D")
    sheet.wire(transistor.pin("E"), transistor.pin("E").moved(0, 2))
    sheet.power("GND", transistor.pin("E").moved(0, 2))
    collector = transistor.pin("C")
    node = collector.moved(0, -2)
    rail = node.moved(0, -6)
    sheet.wire(collector, node, node.moved(8))
    sheet.power("+3V3D", rail)
    standing(sheet, f"R{number + 2}", resistor(COLLECTOR_OHMS), rail)
    end = lying(sheet, f"R{number + 3}", resistor(PIN_OHMS), node.moved(8))
    sheet.wire(end, end.moved(4))
    sheet.net(f"{jack.name}_N", end.moved(4), shape="output")


def _output(sheet: Sheet, number: int, jack: Jack, at: Point) -> None:
    sheet.net(f"{jack.name}_LOGIC", at, "left", "input")
    amp = op_amp(sheet, "U901", OP_AMP, 3, at.moved(14), is_inverting=False)
    sheet.wire(at, amp.pin("+"))
    shunt(sheet, f"R{number}", resistor(100e3), at.moved(4), "R")
    output = amp.pin("~").moved(3)
    feedback, node = amp.pin("-").moved(-2), amp.pin("-").moved(-2, 9)
    sheet.wire(amp.pin("-"), feedback, node)
    shunt(sheet, f"R{number + 1}", resistor(GAIN_OHMS[1]), node, "R")
    sheet.wire(node, node.moved(5))
    end = lying(sheet, f"R{number + 2}", resistor(GAIN_OHMS[0]), node.moved(5))
    sheet.wire(end, Point(output.x, end.y), output)
    sheet.wire(amp.pin("~"), output, output.moved(4))
    line = lying(sheet, f"R{number + 3}", OUTPUT_OHMS, output.moved(4))
    output_jack(sheet, number, jack.name, line)


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("gates", "Gates", symbols, 600)
    sheet.heading(
        "Gate inputs: high above 2.1 V, edges are time-stamped; low at the Seed while high at the jack", Point(14, 20)
    )
    sheet.heading("Gate output: 0 or 5 V", Point(14, 102))
    for index, jack in enumerate(BOARD.gate_inputs):
        _input(sheet, 610 + 10 * index, jack, Point(34, 38 + 34 * index))
    for index, jack in enumerate(BOARD.gate_outputs):
        _output(sheet, 630 + 10 * index, jack, Point(46, 110 + 30 * index))
    return sheet
