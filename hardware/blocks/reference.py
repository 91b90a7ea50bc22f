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

CV_CONTACT_OHMS, GATE_CONTACT_OHMS = 1e3, 10e3
"""1 kΩ is the source resistance of a usual output, so the measured offset is the one that a cable gives."""
PROBE_OHMS = 1e3
"""The probe reaches gates as logic, not as 2.5 V: through 10 kΩ and 100 kΩ their stage wants 2.7 V at -10 °C."""
REFERENCE, SWITCH, CLAMP = "LM4132A-2.5 SOT-23-5", "74LVC1G3157 SOT-23-6", "BAT54S SOT-23"
MICROFARAD = "C 1u X7R 25V 0603"


def _clamp(sheet: Sheet, reference: str, rail: str, at: Point) -> None:
    """Two diodes from a net to ground and to a rail."""
    diodes = sheet.place(
        reference, CLAMP, "BAT54S", at, pin="COM", turn=90, mirror="y", names=(Point(1.8, -0.8), "left")
    )
    sheet.power(rail, diodes.pin("K"))
    sheet.power("GND", diodes.pin("A"))


def _reference(sheet: Sheet, at: Point) -> Point:
    """The reference; where its output goes on."""
    part = sheet.place("U301", REFERENCE, "LM4132xMF-2.5", at, names=(Point(1.5, 5.4), "left"), is_simulated=False)
    supply, enable, output = part.pin("VIN"), part.pin("EN"), part.pin("VREF")
    rail = supply.moved(-12)
    sheet.power("+3V3A", rail)
    sheet.wire(rail, supply)
    sheet.wire(enable, enable.moved(-3), supply.moved(-3))
    shunt(sheet, "C301", MICROFARAD, supply.moved(-9))
    sheet.power("GND", part.pin("GND"))
    end = output.moved(16)
    sheet.wire(output, end)
    shunt(sheet, "C302", MICROFARAD, output.moved(5))
    sheet.test_point("TP301", "VREF_2V5", output.moved(10))
    sheet.wire(output.moved(14), output.moved(14, -2))
    sheet.power("VREF_2V5", output.moved(14, -2))
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
        names=(Point(-2, -7.8), "left"),
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
    node = bus.moved(26)
    sheet.wire(bus, node)
    sheet.test_point("TP302", "NORMALLING_NODE", bus.moved(4))
    _clamp(sheet, "D301", "+3V3A", bus.moved(8, 0))
    sheet.wire(bus.moved(17), bus.moved(17, -9))
    sheet.net("NORMALLING_NODE", bus.moved(17, -9), "up", "output")
    rows = [-18 + 6 * index for index in range(len(BOARD.cv_inputs))]
    sheet.wire(node.moved(0, rows[0]), node.moved(0, rows[-1]))
    for index, (cv, row) in enumerate(zip(BOARD.cv_inputs, rows, strict=True)):
        start = node.moved(0, row)
        sheet.wire(start, start.moved(4))
        end = lying(sheet, f"R{311 + index}", resistor(CV_CONTACT_OHMS), start.moved(4))
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
    output = _reference(sheet, Point(46, 42))
    bus = _switch(sheet, output)
    _fan_out(sheet, bus)
    supply = sheet.place(
        "U302", SWITCH, "74LVC1G3157", Point(30, 92), unit=2, is_simulated=False, names=(Point(2.6, -0.8), "left")
    )
    sheet.power("+3V3A", supply.pin("VCC"))
    sheet.power("GND", supply.pin("GND"))
    decoupling(sheet, "C303", "+3V3A", Point(48, 89))
    _gate_probe(sheet, Point(114, 102))
    return sheet
