# SPDX-License-Identifier: MIT
"""Reference and normalling: 0 V or 2.5 V on the switch contacts of every CV jack, a logic level on those of the others.

A plug that stays half in can put its tip on a contact: 1 kΩ or 10 kΩ and a pair of diodes stand ±12 V for any time.
"""

from __future__ import annotations

from collections.abc import Mapping

from lottava.board import BOARD

from ..schematic.drawing import Sheet
from ..schematic.geometry import Point
from ..schematic.library import Symbol
from .common import decoupling, lying, resistor, shunt

CV_CONTACT, GATE_CONTACT_OHMS = "R 1k 1% 0.25W 0603", 10e3
"""1 kΩ as behind a usual output, so what is measured is what a cable gives. -12 V against 2.5 V: 0.21 W."""
PROBE_OHMS = 1e3
"""The probe reaches gates as logic, not as 2.5 V: through 10 kΩ and 100 kΩ their stage wants 2.7 V at -10 °C."""
REFERENCE, SWITCH, CLAMP = "LM4132A-2.5 SOT-23-5", "74LVC1G3157 SOT-23-6", "BAT54S SOT-23"
MICROFARAD = "C 1u X7R 25V 0603"


def _clamp(sheet: Sheet, reference: str, rail: str, at: Point) -> None:
    """Two diodes from a net to ground and to a rail."""
    diodes = sheet.place(
        reference, CLAMP, "BAT54S", at.moved(0, 2), pin="COM", mirror="x", names=(Point(-3, 2.2), "left")
    )
    sheet.wire(at, diodes.pin("COM"))
    sheet.power(rail, diodes.pin("K"))
    sheet.power("GND", diodes.pin("A"))


def _reference(sheet: Sheet, at: Point) -> Point:
    """The reference; where its output goes on."""
    part = sheet.place("U301", REFERENCE, "LM4132xMF-2.5", at, names=(Point(1.5, 5.4), "left"), is_simulated=False)
    supply, enable, output = part.pin("VIN"), part.pin("EN"), part.pin("VREF")
    rail = supply.moved(-14)
    sheet.power("+3V3A", rail)
    sheet.wire(rail, supply)
    sheet.wire(enable, enable.moved(-3), supply.moved(-3))
    shunt(sheet, "C301", MICROFARAD, supply.moved(-11))
    sheet.power("GND", part.pin("GND"))
    end = output.moved(22)
    sheet.wire(output, end)
    shunt(sheet, "C302", MICROFARAD, output.moved(5))
    sheet.test_point("TP301", "VREF_2V5", output.moved(11))
    sheet.wire(output.moved(20), output.moved(20, -2))
    sheet.power("VREF_2V5", output.moved(20, -2))
    return end


def _switch(sheet: Sheet, reference_at: Point) -> Point:
    """Ground or reference onto the bus, by the probe."""
    switch = sheet.place(
        "U302",
        SWITCH,
        "74LVC1G3157",
        reference_at.moved(6),
        pin=1,
        mirror="y",
        is_simulated=False,
        names=(Point(-3, -9.6), "left"),
    )
    sheet.wire(reference_at, switch.pin(1))
    sheet.power("GND", switch.pin(3).moved(-2))
    sheet.wire(switch.pin(3), switch.pin(3).moved(-2))
    probe = switch.pin(6)
    turn = probe.moved(1)
    corner = Point(turn.x, turn.y + 4)
    left = Point(switch.pin(3).x - 12, corner.y)
    sheet.wire(probe, turn, corner, left)
    sheet.net("NORMALLING_PROBE", left, "left", "input")
    shunt(sheet, "R301", resistor(100e3), left.moved(5), "R")
    return switch.pin(4)


def _fan_out(sheet: Sheet, bus: Point) -> None:
    node = bus.moved(32)
    sheet.wire(bus, node)
    sheet.test_point("TP302", "NORMALLING_NODE", bus.moved(4))
    _clamp(sheet, "D301", "+3V3A", bus.moved(18))
    sheet.wire(bus.moved(11), bus.moved(11, -8))
    sheet.net("NORMALLING_NODE", bus.moved(11, -8), shape="output")
    rows = [-18 + 6 * index for index in range(len(BOARD.cv_inputs))]
    sheet.wire(node.moved(0, rows[0]), node.moved(0, rows[-1]))
    for index, (cv, row) in enumerate(zip(BOARD.cv_inputs, rows, strict=True)):
        start = node.moved(0, row)
        sheet.wire(start, start.moved(4))
        end = lying(sheet, f"R{311 + index}", CV_CONTACT, start.moved(4))
        sheet.wire(end, end.moved(3))
        sheet.net(f"{cv.name}_NORM", end.moved(3), shape="output")


def _gate_probe(sheet: Sheet, at: Point) -> None:
    sheet.net("NORMALLING_PROBE", at, "left", "input")
    sheet.wire(at, at.moved(4))
    end = lying(sheet, "R302", resistor(PROBE_OHMS), at.moved(4))
    node = end.moved(26)
    sheet.wire(end, node)
    _clamp(sheet, "D302", "+3V3D", end.moved(8))
    jacks = (*BOARD.gate_inputs, *BOARD.audio_inputs)
    rows = [6 * index - 6 for index in range(len(jacks))]
    sheet.wire(node.moved(0, rows[0]), node.moved(0, rows[-1]))
    for index, (jack, row) in enumerate(zip(jacks, rows, strict=True)):
        start = node.moved(0, row)
        sheet.wire(start, start.moved(4))
        end = lying(sheet, f"R{321 + index}", resistor(GATE_CONTACT_OHMS), start.moved(4))
        sheet.wire(end, end.moved(3))
        sheet.net(f"{jack.name}_NORM", end.moved(3), shape="output")


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("reference", "Reference and normalling", symbols, 300)
    sheet.heading("Reference, 2.5 V", Point(14, 27))
    sheet.heading("0 V or 2.5 V to the contacts of the CV jacks", Point(84, 20))
    sheet.heading("Logic level to the contacts of gates and audio", Point(84, 86))
    output = _reference(sheet, Point(40, 42))
    bus = _switch(sheet, output)
    _fan_out(sheet, bus)
    supply = sheet.place(
        "U302", SWITCH, "74LVC1G3157", Point(30, 100), unit=2, is_simulated=False, names=(Point(2.6, -0.8), "left")
    )
    sheet.power("+3V3A", supply.pin("VCC"))
    sheet.power("GND", supply.pin("GND"))
    decoupling(sheet, "C303", "+3V3A", Point(46, 95))
    _gate_probe(sheet, Point(106, 102))
    sheet.notes(
        Point(14, 124),
        "The probe is high or low at random; a jack whose reading follows has no cable.",
        "NORMALLING_NODE is read by the multiplexer too: gain and offset of each input",
        "are measured against the reference (0.05 %) through the input's own resistors.",
    )
    return sheet
