# SPDX-License-Identifier: MIT
"""Audio out: OUT and AUX: a mute, then a two-pole low-pass of 40 kHz that gives ten times the codec's volts.

Multiple feedback, Butterworth: f0 = 1/(2 pi sqrt(100k * 4.02k * 1n * 39p)) = 40.2 kHz, Q 0.70: -0.27 dB at 20 kHz,
-40 dB at 400 kHz, where a PCM3060's noise shaping begins to matter.
"""

from __future__ import annotations

from collections.abc import Mapping

from lottava.hardware.parts import capacitor_key

from lottava.board import BOARD, Jack

from ..schematic.drawing import Sheet
from ..schematic.geometry import Point
from ..schematic.library import Symbol
from .common import DECOUPLING, OUTPUT_OHMS, lying, op_amp, output_jack, resistor, shunt, spare_op_amp, standing

OP_AMP, SWITCH = "OPA1679 SOIC-14", "2N7002 SOT-23"
INPUT_OHMS = 4.99e3
"""Twice: the mute pulls their middle to ground. It carries half the codec's volts, ±0.75 V at most."""
FEEDBACK_OHMS, INNER_OHMS, GROUND_FARADS, FEEDBACK_FARADS = 100e3, 4.02e3, 1e-9, 39e-12
PULL_UP_OHMS, GATE_OHMS = 47e3, 10e3
"""A Seed in reset mutes. 10 kΩ and 100 nF: 1 ms, so that muting doesn't click."""


def _mute(sheet: Sheet, number: int, at: Point) -> None:
    """Two transistors back to back, as one alone would conduct in the negative half: -47 dB."""
    upper = sheet.place(f"Q{number}", SWITCH, "2N7002", at, pin="D", names=(Point(4, -0.8), "left"))
    lower = sheet.place(
        f"Q{number + 1}", SWITCH, "2N7002", upper.pin("S"), pin="S", mirror="x", names=(Point(4, -0.8), "left")
    )
    sheet.power("GND", lower.pin("D"))
    gates = upper.pin("G"), lower.pin("G")
    ends = gates[0].moved(-1), gates[1].moved(-1)
    sheet.wire(gates[0], ends[0], ends[1], gates[1])
    middle = Point(ends[0].x, (ends[0].y + ends[1].y) / 2)
    sheet.wire(middle, middle.moved(-3))
    sheet.net("MUTE", middle.moved(-3), "left", "input")


def _channel(sheet: Sheet, number: int, unit: int, jack: Jack, at: Point) -> None:
    sheet.net(f"{jack.name}_CODEC", at, "left", "input")
    sheet.wire(at, at.moved(3))
    end = lying(sheet, f"R{number}", resistor(INPUT_OHMS), at.moved(3))
    middle = end.moved(5)
    sheet.wire(end, middle, middle.moved(8))
    _mute(sheet, number, middle)
    end = lying(sheet, f"R{number + 1}", resistor(INPUT_OHMS), middle.moved(8))
    inner = end.moved(5)
    sheet.wire(end, inner, inner.moved(9))
    shunt(sheet, f"C{number}", capacitor_key(GROUND_FARADS, "C0G"), inner)
    end = lying(sheet, f"R{number + 2}", resistor(INNER_OHMS), inner.moved(9))
    node = end.moved(4)
    amp = op_amp(sheet, "U801", OP_AMP, unit, node.moved(4))
    output = amp.pin("~").moved(3)
    sheet.wire(end, node, amp.pin("-"))
    sheet.wire(amp.pin("+"), amp.pin("+").moved(-2), amp.pin("+").moved(-2, 3))
    sheet.power("GND", amp.pin("+").moved(-2, 3))
    for reference, key, symbol, start, up in (
        (f"C{number + 1}", capacitor_key(FEEDBACK_FARADS, "C0G"), "C", node, -7),
        (f"R{number + 3}", resistor(FEEDBACK_OHMS), "R", inner, -13),
    ):
        left = Point(node.x + 6, node.y + up)
        end = lying(sheet, reference, key, left, symbol)
        sheet.wire(start, Point(start.x, left.y), left)
        sheet.wire(end, Point(output.x, end.y), output)
    sheet.wire(amp.pin("~"), output, output.moved(4))
    line = lying(sheet, f"R{number + 4}", OUTPUT_OHMS, output.moved(4))
    output_jack(sheet, number, jack.name, line)


def _mute_drive(sheet: Sheet, at: Point) -> None:
    sheet.net("OUTPUT_MUTE", at, "left", "input")
    up = at.moved(4, -6)
    sheet.power("+3V3D", up)
    standing(sheet, "R801", resistor(PULL_UP_OHMS), up)
    sheet.wire(at, at.moved(12))
    end = lying(sheet, "R802", resistor(GATE_OHMS), at.moved(12))
    sheet.wire(end, end.moved(12))
    shunt(sheet, "C801", DECOUPLING, end.moved(4))
    sheet.net("MUTE", end.moved(12), shape="output")


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("audio_out", "Audio out", symbols, 800)
    sheet.heading("OUT and AUX: -10 times, two poles at 40 kHz (-0.3 dB at 20 kHz, -40 dB at 400 kHz)", Point(14, 19))
    sheet.heading("Mute: high mutes, and so does a Seed in reset", Point(14, 108))
    for index, jack in enumerate(BOARD.audio_outputs):
        _channel(sheet, 810 + 10 * index, 2 + index, jack, Point(34, 40 + 42 * index))
    _mute_drive(sheet, Point(34, 124))
    spare_op_amp(sheet, "U801", OP_AMP, 4, Point(96, 126))
    return sheet
