# SPDX-License-Identifier: MIT
"""Power: from the keyed header to +12 V, -12 V and the Seed's VIN, through fuse, diode, clamp and ferrite.

A header put in the wrong way round meets two diodes that block; ±12 V swapped, or a short, meets a fuse that recovers.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..currents import totals_ma
from ..schematic.drawing import Sheet
from ..schematic.geometry import Point
from ..schematic.library import Symbol
from .common import DECOUPLING, lying, resistor, shunt, standing

FUSE, DIODE, CLAMP, FERRITE = "F 500mA 30V 1812", "B5819W SOD-123", "SMBJ15A SMB", "FB 600R 0805"
BULK = "C 22u X5R 25V 1206"
VIN_OHMS = "R 10R 1% 0.5W 1206"
"""With 110 µF behind it 145 Hz: what the Seed draws once a block (1 kHz) reaches +12 V 17 dB down; 1.2 V, 0.14 W."""
VIN_HENRY, VIN_ELECTROLYTIC, VIN_CERAMIC = "L 10u 1A 4x4", "C 100u ELEC 25V 6.3x7.7", "C 10u X5R 25V 0805"
"""The inductor keeps the edges of the Seed's own switching regulator off the rail."""


def _header(sheet: Sheet, at: Point) -> None:
    """1, 2: -12 V (red stripe), 3-8 ground, 9, 10: +12 V."""
    header = sheet.place("J101", "IDC 2x5 shrouded", "Conn_02x05_Odd_Even", at, is_simulated=False)
    for side, numbers in ((-1, (1, 3, 5, 7, 9)), (1, (2, 4, 6, 8, 10))):
        ends = [header.pin(number) for number in numbers]
        grounds = [end.moved(2 * side) for end in ends[1:4]]
        for end, ground in zip(ends[1:4], grounds, strict=True):
            sheet.wire(end, ground)
        below = grounds[2].moved(0, 8)
        sheet.wire(*grounds, below)
        sheet.power("GND", below)
        direction = "left" if side < 0 else "right"
        for end, net in ((ends[0], "MINUS_12V_RAW"), (ends[4], "PLUS_12V_RAW")):
            sheet.wire(end, end.moved(4 * side))
            sheet.net(net, end.moved(4 * side), direction)


def _rail(sheet: Sheet, number: int, raw: str, rail: str, at: Point) -> None:
    """raw → fuse → diode → (clamp) → ferrite → (capacitors) → rail; everything the other way round for -12 V."""
    is_negative = rail.startswith("-")
    sheet.net(raw, at, "left", "input")
    fused = lying(sheet, f"F{number}", FUSE, at.moved(3), "Polyfuse")
    sheet.wire(at, at.moved(3))
    diode = sheet.place(
        f"D{number}",
        DIODE,
        "D_Schottky",
        fused.moved(3),
        pin="K" if is_negative else "A",
        turn=0 if is_negative else 180,
    )
    sheet.wire(fused, fused.moved(3))
    behind = diode.pin("A" if is_negative else "K")
    clamp = sheet.place(
        f"D{number + 1}",
        CLAMP,
        "D_Zener",
        behind.moved(4),
        pin="A" if is_negative else "K",
        turn=90 if is_negative else 270,
    )
    sheet.power("GND", clamp.pin("K" if is_negative else "A"))
    start = behind.moved(18)
    sheet.wire(behind, start)
    end = lying(sheet, f"FB{number}", FERRITE, start, "FerriteBead")
    for index, key in enumerate((BULK, BULK, DECOUPLING)):
        shunt(sheet, f"C{number + index}", key, end.moved(5 + 10 * index))
    point, flag, last = (end.moved(offset) for offset in (32, 41, 45))
    sheet.wire(end, last)
    sheet.test_point(f"TP{number}", rail, point)
    sheet.power("PWR_FLAG", flag)
    sheet.power(rail, last.moved(0, 2) if is_negative else last.moved(0, -2))
    sheet.wire(last, last.moved(0, 2 if is_negative else -2))
    _lamp(sheet, number, rail, end.moved(55, 1))


def _lamp(sheet: Sheet, number: int, rail: str, at: Point) -> None:
    """An LED at 1 mA on the back: this rail is there."""
    is_negative = rail.startswith("-")
    first, last = ("GND", rail) if is_negative else (rail, "GND")
    sheet.power(first, at, 180 if first == "GND" else 0)
    middle = standing(sheet, f"R{number}", resistor(10e3), at)
    lamp = sheet.place(f"D{number + 2}", "LED green 0603", "LED", middle.moved(0, 1), pin="A", turn=90)
    sheet.wire(middle, middle.moved(0, 1))
    sheet.wire(lamp.pin("K"), lamp.pin("K").moved(0, 1))
    sheet.power(last, lamp.pin("K").moved(0, 1))


def _seed_supply(sheet: Sheet, at: Point) -> None:
    sheet.power("+12V", at.moved(0, -2))
    sheet.wire(at.moved(0, -2), at, at.moved(3))
    end = lying(sheet, "R120", VIN_OHMS, at.moved(3))
    sheet.wire(end, end.moved(4))
    end = lying(sheet, "L120", VIN_HENRY, end.moved(4), "L")
    for index, (key, symbol) in enumerate(((VIN_ELECTROLYTIC, "C_Polarized"), (VIN_CERAMIC, "C"), (DECOUPLING, "C"))):
        shunt(sheet, f"C{120 + index}", key, end.moved(5 + 10 * index), symbol)
    last = end.moved(45)
    sheet.wire(end, last)
    sheet.test_point("TP120", "VIN", end.moved(33))
    sheet.net("VIN", last, shape="output")
    sheet.power("PWR_FLAG", end.moved(41))


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("power", "Power", symbols, 100)
    _header(sheet, Point(38, 42))
    _rail(sheet, 101, "PLUS_12V_RAW", "+12V", Point(82, 34))
    _rail(sheet, 110, "MINUS_12V_RAW", "-12V", Point(82, 62))
    _seed_supply(sheet, Point(84, 94))
    sheet.heading("From the bus: 10 pins, keyed", Point(14, 24))
    sheet.heading("Rails: a fuse that recovers, reversal, surges, hash", Point(82, 24))
    sheet.heading("Supply of the Seed, away from the audio's", Point(82, 86))
    plus_ma, minus_ma = totals_ma()
    sheet.notes(
        Point(14, 112),
        "At the test points, of 12.0 V at the header (expected, not yet measured):",
        "TP101 +11.5 ... 11.7 V, TP110 -11.5 ... -11.7 V, TP120 10.2 ... 11.2 V.",
        f"Current (estimate): +12 V {plus_ma:g} mA, -12 V {minus_ma:g} mA.",
        "The fuses hold 0.5 A at 23 C and 0.3 A at 60 C.",
    )
    ground = Point(30, 84)
    sheet.power("GND", ground)
    sheet.wire(ground, ground.moved(4), ground.moved(9))
    sheet.power("PWR_FLAG", ground.moved(4))
    sheet.test_point("TP130", "GND", ground.moved(9))
    return sheet
