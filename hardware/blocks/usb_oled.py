# SPDX-License-Identifier: MIT
"""USB-C on the panel (data only, the module takes no power from it) and, as an option, a display's header."""

from __future__ import annotations

from collections.abc import Mapping

from lottava.hardware.parts import capacitor_key

from ..schematic.drawing import Sheet
from ..schematic.geometry import Point
from ..schematic.library import Symbol
from .common import DECOUPLING, resistor, shunt, standing

CC_OHMS = 5.1e3
"""On both: the module is a device, whichever way up the plug is."""
SENSE_OHMS = (68e3, 100e3)
"""5.5 V of VBUS are 3.27 V at the pin, 4.4 V are 2.6 V: above its 2.3 V."""
PULL_UP_OHMS = 4.7e3
DISPLAY_ORDERS = (("GND", "+3V3D", "I2C_SCL", "I2C_SDA"), ("+3V3D", "GND", "I2C_SCL", "I2C_SDA"))
"""Display modules with four pins come in both."""


def _receptacle(sheet: Sheet, at: Point) -> None:
    part = sheet.place(
        "J1101",
        "USB-C vertical",
        "USB_C_Receptacle_USB2.0_16P",
        at,
        value="USB",
        names=(Point(-8, -16.6), "left"),
        is_simulated=False,
    )
    sheet.power("GND", part.pin("A1"))
    sheet.wire(part.pin("S1"), part.pin("A1"))
    for pin, net in (("A4", "VBUS"), ("CC1", "USB_CC1"), ("CC2", "USB_CC2")):
        sheet.wire(part.pin(pin), part.pin(pin).moved(3))
        sheet.net(net, part.pin(pin).moved(3))
    sheet.leave_open(part.pin("SBU1"), part.pin("SBU2"))
    minus, plus = part.pin("B7"), part.pin("A6")
    guard = sheet.place(
        "U1101",
        "USBLC6-2SC6 SOT-23-6",
        "USBLC6-2SC6",
        minus.moved(16),
        pin=1,
        names=(Point(2.6, -4), "left"),
        is_simulated=False,
    )
    for line, twin, pins, net in ((minus, "A7", (1, 6), "USB_DM"), (plus, "B6", (3, 4), "USB_DP")):
        sheet.wire(part.pin(twin), part.pin(twin).moved(2), line.moved(2))
        sheet.wire(line, line.moved(2), guard.pin(pins[0]))
        end = guard.pin(pins[1]).moved(4)
        sheet.wire(guard.pin(pins[1]), end)
        sheet.net(net, end, shape="bidirectional")
    sheet.wire(guard.pin("VBUS"), guard.pin("VBUS").moved(0, -2))
    sheet.net("VBUS", guard.pin("VBUS").moved(0, -2), "up")
    sheet.power("GND", guard.pin("GND"))


def _pull_downs(sheet: Sheet, at: Point) -> None:
    for index in range(2):
        start = at.moved(24 * index)
        sheet.net(f"USB_CC{index + 1}", start, "left")
        sheet.wire(start, start.moved(3))
        shunt(sheet, f"R{1101 + index}", resistor(CC_OHMS), start.moved(3), "R")


def _sense(sheet: Sheet, at: Point) -> None:
    sheet.net("VBUS", at, "left")
    sheet.wire(at, at.moved(14))
    shunt(sheet, "C1101", DECOUPLING, at.moved(4))
    node = standing(sheet, "R1103", resistor(SENSE_OHMS[0]), at.moved(14)).moved(0, 1)
    sheet.wire(node.moved(0, -1), node, node.moved(16))
    shunt(sheet, "R1104", resistor(SENSE_OHMS[1]), node, "R")
    shunt(sheet, "C1102", capacitor_key(10e-9, "X7R"), node.moved(9))
    sheet.net("VBUS_SENSE", node.moved(16), shape="output")


def _display(sheet: Sheet, number: int, order: tuple[str, ...], at: Point) -> None:
    header = sheet.place(
        f"J{number}",
        "Socket 1x4",
        "Conn_01x04",
        at,
        names=(Point(-1, -5.8), "left"),
        is_fitted=False,
        is_simulated=False,
    )
    for pin, net in enumerate(order, start=1):
        end = header.pin(pin)
        if net == "GND":
            sheet.wire(end, end.moved(-2))
            sheet.power("GND", end.moved(-2), 270)
        elif net.startswith("+"):
            sheet.wire(end, end.moved(-2))
            sheet.power(net, end.moved(-2), 90)
        else:
            sheet.wire(end, end.moved(-4))
            sheet.net(net, end.moved(-4), "left", "bidirectional")


def _pull_ups(sheet: Sheet, at: Point) -> None:
    for index, net in enumerate(("I2C_SCL", "I2C_SDA")):
        top = at.moved(22 * index)
        sheet.power("+3V3D", top)
        low = standing(sheet, f"R{1105 + index}", resistor(PULL_UP_OHMS), top, is_fitted=False)
        sheet.wire(low, low.moved(0, 2), low.moved(3, 2))
        sheet.net(net, low.moved(3, 2), shape="bidirectional")


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("usb_oled", "USB and display", symbols, 1100)
    sheet.heading("USB on the panel: data only", Point(14, 18))
    sheet.heading("VBUS tells that a computer is there", Point(14, 90))
    sheet.heading("Display, SSD1306: an option", Point(124, 18))
    _receptacle(sheet, Point(34, 42))
    _pull_downs(sheet, Point(36, 75))
    _sense(sheet, Point(30, 98))
    for index, order in enumerate(DISPLAY_ORDERS):
        _display(sheet, 1102 + index, order, Point(150 + 36 * index, 40))
    _pull_ups(sheet, Point(142, 62))
    sheet.notes(
        Point(124, 24),
        "Not fitted. J1102 or J1103, by the order of your module's pins;",
        "R1105 and R1106 only where the module has no pull-ups.",
    )
    return sheet
