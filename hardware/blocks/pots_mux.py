# SPDX-License-Identifier: MIT
"""Pots and multiplexers: twelve knobs and four voltages that the module reads about itself, on two converter inputs."""

from __future__ import annotations

from collections.abc import Mapping

from lottava.hardware.parts import capacitor_key

from lottava.board import BOARD, Pot

from ..schematic.drawing import Sheet
from ..schematic.geometry import Point
from ..schematic.library import Symbol
from .common import decoupling, lying, resistor, shunt, standing

MUX = "74HC4051 SOIC-16"
OUTPUT_OHMS, OUTPUT_FARADS = 1e3, 2.2e-9
"""Behind the multiplexer, not before it: no knob leaves charge for the next. Slowest: the buttons, 24 µs of 310 µs."""
TENTH_OHMS = (18e3, 2e3)
"""Exactly a tenth; 1.8 kΩ settles like a knob does. 0.6 mA."""


def _pot(sheet: Sheet, index: int, pot: Pot, at: Point) -> None:
    """Counter-clockwise end (1) on ground, the other on 3V3_A."""
    part = sheet.place(
        f"RV{501 + index}",
        "RD901F B10K",
        "R_Potentiometer",
        at,
        mirror="x",
        value=pot.name,
        names=(Point(-1.8, -0.8), "right"),
        is_simulated=False,
    )
    sheet.power("+3V3A", part.pin(3))
    sheet.power("GND", part.pin(1))
    wiper = part.pin(2)
    sheet.wire(wiper, wiper.moved(2))
    sheet.net(f"POT_{pot.name}", wiper.moved(2), shape="output")


def _mux(sheet: Sheet, number: int, name: str, inputs: Mapping[int, str], at: Point) -> None:
    part = sheet.place(
        f"U{number}", MUX, "74HC4051", at, mirror="y", names=(Point(-6, 12), "right"), is_simulated=False
    )
    for position, net in inputs.items():
        end = part.pin(f"A{position}")
        sheet.wire(end, end.moved(-3))
        sheet.net(net, end.moved(-3), "left", "input")
    for bit in range(3):
        end = part.pin(f"S{bit}")
        sheet.wire(end, end.moved(3))
        sheet.net(f"MUX_ADDRESS_{bit}", end.moved(3), shape="input")
    sheet.power("+3V3A", part.pin("VCC"))
    sheet.power("GND", part.pin("GND"))
    sheet.wire(part.pin("VEE"), part.pin("GND"))
    enable = part.pin("~{E}")
    sheet.wire(enable, enable.moved(2), enable.moved(2, 2))
    sheet.power("GND", enable.moved(2, 2))
    common = part.pin("A")
    start = common.moved(1, -8)
    sheet.wire(common, common.moved(1), start, start.moved(3))
    end = lying(sheet, f"R{number}", resistor(OUTPUT_OHMS), start.moved(3))
    sheet.wire(end, end.moved(13))
    shunt(sheet, f"C{number}", capacitor_key(OUTPUT_FARADS, "C0G"), end.moved(3))
    sheet.test_point(f"TP{number}", f"MUX_{name}", end.moved(9))
    sheet.net(f"MUX_{name}", end.moved(13), shape="output")


def _divider(sheet: Sheet, number: int, rail: str, ohms: tuple[float, float], net: str, at: Point) -> None:
    sheet.power(rail, at)
    middle = standing(sheet, f"R{number}", resistor(ohms[0]), at)
    node = middle.moved(0, 1)
    sheet.wire(middle, node)
    shunt(sheet, f"R{number + 1}", resistor(ohms[1]), node, "R")
    sheet.wire(node, node.moved(8))
    sheet.net(net, node.moved(8), shape="output")


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("pots_mux", "Pots and multiplexers", symbols, 500)
    sheet.heading("Twelve pots, 10k linear: axes, attenuverters, others", Point(14, 16))
    sheet.heading("What the module knows about itself", Point(14, 94))
    inputs: dict[str, dict[int, str]] = {name: {} for name in BOARD.mux_pins}
    for index, pot in enumerate(BOARD.pots):
        _pot(sheet, index, pot, Point(29 + 32 * (index % 4), 30 + 23 * (index // 4)))
        inputs[pot.mux][pot.mux_input] = f"POT_{pot.name}"
    inputs["B"].update((position, name) for name, position in BOARD.mux_b_inputs.items())
    for index, name in enumerate(inputs):
        _mux(sheet, 521 + index, name, inputs[name], Point(182, 40 + 46 * index))
        decoupling(sheet, f"C{531 + index}", "+3V3A", Point(130 - 16 * index, 104))
    identity = BOARD.revisions[-1].board_id
    _divider(sheet, 541, "+3V3A", (identity.top_ohms, identity.bottom_ohms), "BOARD_ID", Point(26, 102))
    _divider(sheet, 543, "+12V", TENTH_OHMS, "PLUS_12V_TENTH", Point(66, 102))
    return sheet
