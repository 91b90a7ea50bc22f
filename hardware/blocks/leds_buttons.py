# SPDX-License-Identifier: MIT
"""LEDs and buttons: eight two-colour LEDs on two shift registers, two buttons as a resistor ladder.

Sixteen bits, the first shifted out ends at the far end: bit n lights slot n + 1 in green, bit 8 + n in red.
"""

from __future__ import annotations

from collections.abc import Mapping

from lottava.board import BOARD

from ..schematic.drawing import Sheet
from ..schematic.geometry import Point
from ..schematic.library import Symbol
from .common import decoupling, resistor, standing

REGISTER = "74HC595 SOIC-16"
LED_OHMS = "RN 4x470R 5% 1206"
"""(3.3 - 2.1) V / 470 Ω = 2.6 mA: eight in one chip are 20 mA of the 70 mA that it may carry."""
SLOTS = 8
BUTTON_OHMS = BOARD.button_ladder_ohms


def _register(sheet: Sheet, number: int, colour: str, serial: str, at: Point) -> Point:
    """A shift register and its resistors; where its serial output is."""
    part = sheet.place(f"U{number}", REGISTER, "74HC595", at, names=(Point(2.6, 15), "left"), is_simulated=False)
    for name, net in (("SER", serial), ("SRCLK", "LED_CLOCK"), ("RCLK", "LED_LATCH"), ("~{OE}", "LED_BRIGHTNESS")):
        end = part.pin(name)
        sheet.wire(end, end.moved(-3))
        sheet.net(net, end.moved(-3), "left", "input")
    clear = part.pin("~{SRCLR}")
    sheet.wire(clear, clear.moved(-18), clear.moved(-18, -8))
    sheet.power("+3V3D", clear.moved(-18, -8))
    sheet.power("+3V3D", part.pin("VCC"))
    sheet.power("GND", part.pin("GND"))
    for pack in range(2):
        first = part.pin("ABCDEFGH"[4 * pack].join(("Q", "")))
        array = sheet.place(
            f"RN{number + 10 * pack}",
            LED_OHMS,
            "R_Pack04",
            first.moved(4 + 14 * pack),
            pin=1,
            turn=270,
            names=(Point(-1.5, -8.6 if pack == 0 else 4.2), "left"),
        )
        for row in range(4):
            slot = 4 * pack + row + 1
            start, end = array.pin(row + 1), array.pin(8 - row)
            sheet.wire(part.pin(f"Q{'ABCDEFGH'[slot - 1]}"), start)
            sheet.wire(end, end.moved(18 - 14 * pack))
            sheet.net(f"LED_{slot}_{colour}", end.moved(18 - 14 * pack), shape="output")
    return part.pin("QH'")


def _led(sheet: Sheet, slot: int, at: Point) -> None:
    part = sheet.place(
        f"D{1010 + slot}",
        "LED 3mm red/green",
        "LED_Dual_AKA",
        at,
        mirror="y",
        value=f"SLOT_{slot}",
        names=(Point(-3, 4.4), "left"),
        is_simulated=False,
    )
    for number, colour in ((1, "RED"), (3, "GREEN")):
        end = part.pin(number)
        sheet.wire(end, end.moved(-2))
        sheet.net(f"LED_{slot}_{colour}", end.moved(-2), "left", "input")
    sheet.power("GND", part.pin("K"), 90)


def _buttons(sheet: Sheet, at: Point) -> None:
    """Pulled up; each button pulls down through its own resistor, so both down can be told as well."""
    sheet.power("+3V3A", at)
    node = standing(sheet, "R1001", resistor(BUTTON_OHMS["PULL_UP"]), at).moved(0, 2)
    sheet.wire(node.moved(0, -2), node, node.moved(36))
    sheet.net("BUTTONS", node.moved(36), shape="output")
    for index, name in enumerate(("PREVIOUS", "NEXT")):
        top = node.moved(20 * index)
        low = standing(sheet, f"R{1002 + index}", resistor(BUTTON_OHMS[name]), top)
        switch = sheet.place(
            f"SW{1001 + index}",
            "Button 6mm",
            "SW_Push",
            low,
            pin=1,
            turn=270,
            value=name,
            names=(Point(3.2, -0.8), "left"),
            is_simulated=False,
        )
        sheet.power("GND", switch.pin(2))


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("leds_buttons", "LEDs and buttons", symbols, 1000)
    sheet.heading("Green: bits 0 to 7", Point(14, 18))
    sheet.heading("Red: bits 8 to 15", Point(14, 64))
    sheet.heading("Slots 1 to 8: red and green, cathodes joined", Point(124, 18))
    sheet.heading("Buttons: a ladder to one converter input", Point(112, 94))
    chain = _register(sheet, 1001, "GREEN", "LED_DATA", Point(56, 38))
    sheet.wire(chain, chain.moved(3))
    sheet.net("LED_CHAIN", chain.moved(3), shape="output")
    last = _register(sheet, 1002, "RED", "LED_CHAIN", Point(56, 84))
    sheet.leave_open(last)
    for index in range(SLOTS):
        _led(sheet, index + 1, Point(150 + 42 * (index // 4), 28 + 17 * (index % 4)))
    for index in range(2):
        decoupling(sheet, f"C{1001 + index}", "+3V3D", Point(24 + 16 * index, 118))
    top = Point(56, 118)
    sheet.power("+3V3D", top)
    low = standing(sheet, "R1004", resistor(10e3), top)
    sheet.wire(low, low.moved(4))
    sheet.net("LED_BRIGHTNESS", low.moved(4))
    _buttons(sheet, Point(122, 102))
    return sheet
