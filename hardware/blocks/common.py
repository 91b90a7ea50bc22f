# SPDX-License-Identifier: MIT
"""Pieces that several sheets draw alike: parts in a row, parts to ground, jacks with their protection."""

from __future__ import annotations

from lottava.hardware.parts import resistor_key

from ..schematic.drawing import Placed, Sheet
from ..schematic.geometry import Point

ESD = "PESD15VL1BA SOD-323"
"""Stands off 15 V both ways, so ±12 V on a jack never reaches it; clamps a spark at the metal of the jack."""
OUTPUT_OHMS = "R 1k 1% 0.66W 1206"
"""±12 V against an output at the other rail: 23.5 V over 1 kΩ are 0.55 W, for any time (resistor rated 0.66 W)."""
DECOUPLING = "C 100n X7R 50V 0603"


def resistor(ohms: float, tolerance: float = 0.01) -> str:
    """Catalogue key of a 0603 resistor."""
    return resistor_key(ohms, tolerance)


def lying(sheet: Sheet, reference: str, key: str, left: Point, symbol: str = "R", turn: int = 90) -> Point:
    """A part of two pins in a row, its first pin at `left`; where its other pin is."""
    part = sheet.place(reference, key, symbol, left, pin=1, turn=turn)
    return part.pin(2)


def standing(sheet: Sheet, reference: str, key: str, top: Point, symbol: str = "R", is_fitted: bool = True) -> Point:
    """A part of two pins that hangs from `top`; where its other pin is. Drawn lying in the library or not."""
    turn = 0 if symbol not in ("D_TVS", "D_Zener", "D", "D_Schottky", "LED") else 270
    part = sheet.place(reference, key, symbol, top, pin=1, turn=turn, is_fitted=is_fitted)
    return part.pin(2)


def shunt(sheet: Sheet, reference: str, key: str, top: Point, symbol: str = "C", net: str = "GND") -> None:
    """A part from `top` down to ground or a negative rail."""
    sheet.power(net, standing(sheet, reference, key, top, symbol))


def decoupling(sheet: Sheet, reference: str, rail: str, top: Point, key: str = DECOUPLING) -> None:
    """A capacitor from a rail to ground, on its own."""
    if rail.startswith("-"):
        sheet.power("GND", top, 180)
        sheet.power(rail, standing(sheet, reference, key, top, "C"))
    else:
        sheet.power(rail, top)
        shunt(sheet, reference, key, top)


def input_jack(sheet: Sheet, number: int, name: str, at: Point) -> Point:
    """A jack whose tip is at `at`, with its contact's net, its own and a spark gap; where the line goes on."""
    jack = sheet.place(
        f"J{number}",
        "PJ398SM",
        "AudioJack2_SwitchT",
        at,
        pin="T",
        mirror="x",
        value=name,
        names=(Point(-5, -6.8), "left"),
        is_simulated=False,
    )
    sleeve, contact = jack.pin("S"), jack.pin("TN")
    sheet.wire(sleeve, sleeve.moved(1), sleeve.moved(1, 2))
    sheet.power("GND", sleeve.moved(1, 2))
    sheet.wire(contact, contact.moved(1), contact.moved(1, -4))
    sheet.net(f"{name}_NORM", contact.moved(1, -4), shape="input")
    line = at.moved(7)
    sheet.wire(at, line)
    sheet.wire(at.moved(3), at.moved(3, -3))
    sheet.net(f"{name}_JACK", at.moved(3, -3))
    shunt(sheet, f"D{number}", ESD, line, "D_TVS")
    return line


def output_jack(sheet: Sheet, number: int, name: str, line: Point) -> None:
    """A jack at the end of a line, with a spark gap and its net's name; its switch contact stays open."""
    shunt(sheet, f"D{number}", ESD, line.moved(4), "D_TVS")
    sheet.wire(line.moved(9), line.moved(9, -6))
    sheet.net(f"{name}_JACK", line.moved(9, -6))
    tip = line.moved(22)
    sheet.wire(line, tip)
    jack = sheet.place(
        f"J{number}",
        "PJ398SM",
        "AudioJack2_SwitchT",
        tip,
        pin="T",
        turn=180,
        value=name,
        names=(Point(-2, 5), "left"),
        is_simulated=False,
    )
    sleeve = jack.pin("S")
    sheet.wire(sleeve, sleeve.moved(-1), sleeve.moved(-1, 2))
    sheet.power("GND", sleeve.moved(-1, 2))
    sheet.leave_open(jack.pin("TN"))


def op_amp(sheet: Sheet, reference: str, key: str, unit: int, minus: Point, *, is_inverting: bool = True) -> Placed:
    """A quarter of a quad op-amp with its inverting input, drawn above, at `minus`; else the other one above there."""
    symbol = key.split()[0]
    return sheet.place(
        reference,
        key,
        symbol,
        minus,
        pin="-" if is_inverting else "+",
        mirror="x" if is_inverting else "",
        unit=unit,
        names=(Point(-2, 4.9), "left"),
    )


def spare_op_amp(sheet: Sheet, reference: str, key: str, unit: int, minus: Point) -> None:
    """A quarter that nobody needs: it follows ground."""
    amp = op_amp(sheet, reference, key, unit, minus)
    output, ground = amp.pin("~").moved(2), amp.pin("+").moved(-2)
    sheet.wire(minus, minus.moved(-2), minus.moved(-2, -5), Point(output.x, minus.y - 5), output, amp.pin("~"))
    sheet.wire(amp.pin("+"), ground, ground.moved(0, 3))
    sheet.power("GND", ground.moved(0, 3))


def op_amp_power(sheet: Sheet, reference: str, key: str, positive: str, negative: str, top: Point) -> None:
    """The supply pins of a quad op-amp, rails at its ends."""
    part = sheet.place(reference, key, key.split()[0], top, pin="V+", unit=5, names=(Point(-3.2, -0.8), "right"))
    sheet.power(positive, part.pin("V+"))
    sheet.power(negative, part.pin("V-"))
