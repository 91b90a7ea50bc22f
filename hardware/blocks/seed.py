# SPDX-License-Identifier: MIT
"""Daisy Seed, its sockets, every pin's net, its supplies, the console; BOOT, RESET, SWD, USB are on the Seed itself."""

from __future__ import annotations

from collections.abc import Mapping

from ..schematic.drawing import Placed, Sheet
from ..schematic.geometry import Point
from ..schematic.library import Symbol
from .common import decoupling
from .nets import SUPPLY_PINS, header_pin, seed_nets

BULK = "C 10u X5R 25V 0805"
_SEED = Point(84, 66)


def _signals(sheet: Sheet, seed: Placed) -> None:
    nets = {header_pin(pin): net for pin, net in seed_nets().items()}
    for pin in seed.symbol.pins:
        number = int(pin.number)
        at = seed.pin_at(pin)
        side = -1 if pin.x < 0 else 1
        if number in SUPPLY_PINS.values():
            continue
        if number in nets:
            end = at.moved(4 * side)
            sheet.wire(at, end)
            sheet.net(nets[number], end, "left" if side < 0 else "right", "bidirectional")
        elif number == 17:
            sheet.power("GND", at, 270)
        else:
            sheet.leave_open(at)


def _supplies(sheet: Sheet, seed: Placed) -> None:
    analogue, digital, supply = (seed.pin(SUPPLY_PINS[name]) for name in ("3V3_A", "3V3_D", "VIN"))
    sheet.wire(supply, supply.moved(0, -3), supply.moved(-6, -3))
    sheet.net("VIN", supply.moved(-6, -3), "left", "input")
    sheet.wire(digital, digital.moved(0, -5))
    sheet.power("+3V3D", digital.moved(0, -5))
    sheet.wire(analogue, analogue.moved(0, -2), analogue.moved(5, -2))
    sheet.power("+3V3A", analogue.moved(5, -2))
    for name in ("AGND", "DGND"):
        ground = seed.pin(SUPPLY_PINS[name])
        sheet.wire(ground, ground.moved(0, 2))
        sheet.power("GND", ground.moved(0, 2))


def _rail(sheet: Sheet, number: int, rail: str, at: Point) -> None:
    """Capacitors and a test point of one of the Seed's own supplies."""
    decoupling(sheet, f"C{number}", rail, at, BULK)
    decoupling(sheet, f"C{number + 1}", rail, at.moved(13))
    sheet.wire(at.moved(26), at.moved(26, 2))
    sheet.power(rail, at.moved(26))
    sheet.wire(at.moved(26, 2), at.moved(30, 2))
    sheet.test_point(f"TP{number}", rail, at.moved(30, 2))


def _console(sheet: Sheet, at: Point) -> None:
    header = sheet.place("J201", "Header 1x4", "Conn_01x04", at, value="CONSOLE", is_fitted=False, is_simulated=False)
    ends = [header.pin(number) for number in (1, 2, 3, 4)]
    for end, net in zip(ends[1:3], ("CONSOLE_TX", "CONSOLE_RX"), strict=True):
        sheet.wire(end, end.moved(-4))
        sheet.net(net, end.moved(-4), "left", "bidirectional")
    sheet.wire(ends[0], ends[0].moved(-2), ends[0].moved(-2, -3))
    sheet.power("+3V3D", ends[0].moved(-2, -3))
    sheet.wire(ends[3], ends[3].moved(-2), ends[3].moved(-2, 2))
    sheet.power("GND", ends[3].moved(-2, 2))


def _sockets(sheet: Sheet, at: Point) -> None:
    """To be bought; they stand in the Seed's own footprint."""
    for index, pins in enumerate(("PINS_1_20", "PINS_21_40")):
        sheet.place(
            f"J{202 + index}",
            "Socket 1x20",
            "Housing",
            at.moved(26 * index),
            value=pins,
            names=(Point(4, -0.8), "left"),
            is_simulated=False,
            is_on_board=False,
        )


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("seed", "Daisy Seed", symbols, 200)
    seed = sheet.place(
        "A201",
        "Daisy Seed",
        "Electrosmith_Daisy_Seed_Rev4",
        _SEED,
        names=(Point(10, -29.4), "left"),
        is_simulated=False,
    )
    sheet.heading("The Seed's own supplies: 3.3 V, analogue and digital", Point(152, 20))
    sheet.heading("Console, 115200 baud, not fitted", Point(152, 70))
    _signals(sheet, seed)
    _supplies(sheet, seed)
    _rail(sheet, 201, "+3V3A", Point(160, 30))
    _rail(sheet, 203, "+3V3D", Point(160, 52))
    _console(sheet, Point(182, 80))
    sheet.heading("Sockets, low: in the Seed's own holes", Point(152, 98))
    _sockets(sheet, Point(160, 106))
    sheet.notes(
        Point(14, 118),
        "In J202 and J203, its parts away from the panel: BOOT, RESET, USB and the SWD",
        "pads of the Seed are reached from behind. D28 is spare, AUDIO_IN_2 is grounded.",
        "AGND and DGND meet in the ground plane under the Seed.",
    )
    return sheet
