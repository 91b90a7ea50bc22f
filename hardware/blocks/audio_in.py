# SPDX-License-Identifier: MIT
"""Audio in: FOLLOW IN, ±10 V at the jack become 2 Vpp at the codec, inverted."""

from __future__ import annotations

from collections.abc import Mapping

from lottava.hardware.parts import capacitor_key

from lottava.board import BOARD

from ..schematic.drawing import Sheet
from ..schematic.geometry import Point
from ..schematic.library import Symbol
from .common import decoupling, input_jack, lying, op_amp, op_amp_power, resistor

OP_AMP = "OPA1679 SOIC-14"
INPUT_OHMS, FEEDBACK_OHMS, FEEDBACK_FARADS = 100e3, 10e3, 220e-12
"""A tenth, up to 72 kHz (-0.3 dB at 20 kHz); ±12 V at the jack drive 120 µA into a virtual ground."""
COUPLING, CODEC_OHMS = "C 10u X5R 25V 0805", 1e3


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("audio_in", "Audio in", symbols, 700)
    (jack,) = BOARD.audio_inputs
    sheet.heading("FOLLOW IN: -0.1 times, up to 72 kHz; ±10 V become ∓1 V at the codec", Point(14, 24))
    sheet.heading("Supply of the audio op-amp", Point(14, 80))
    line = input_jack(sheet, 701, jack.name, Point(34, 48))
    sheet.wire(line, line.moved(17))
    node = lying(sheet, "R701", resistor(INPUT_OHMS), line.moved(17)).moved(6)
    amp = op_amp(sheet, "U801", OP_AMP, 1, node.moved(4))
    output = amp.pin("~").moved(4)
    sheet.wire(node.moved(-6), node, amp.pin("-"))
    sheet.wire(amp.pin("+"), amp.pin("+").moved(-2), amp.pin("+").moved(-2, 3))
    sheet.power("GND", amp.pin("+").moved(-2, 3))
    for reference, key, symbol, up in (
        ("R702", resistor(FEEDBACK_OHMS), "R", -7),
        ("C702", capacitor_key(FEEDBACK_FARADS, "C0G"), "C", -14),
    ):
        end = lying(sheet, reference, key, node.moved(7, up), symbol)
        sheet.wire(node, node.moved(0, up), node.moved(7, up))
        sheet.wire(end, Point(output.x, end.y), output)
    sheet.wire(amp.pin("~"), output, output.moved(6))
    end = lying(sheet, "C703", COUPLING, output.moved(6), "C")
    sheet.wire(end, end.moved(4))
    end = lying(sheet, "R703", resistor(CODEC_OHMS), end.moved(4))
    sheet.wire(end, end.moved(4))
    sheet.net(f"{jack.name}_CODEC", end.moved(4), shape="output")
    op_amp_power(sheet, "U801", OP_AMP, "+12V", "-12V", Point(32, 90))
    decoupling(sheet, "C704", "+12V", Point(46, 93))
    decoupling(sheet, "C705", "-12V", Point(62, 93))
    return sheet
