# SPDX-License-Identifier: MIT
"""Root sheet: a box for every block where the signal meets it, from the panel's inputs to its outputs."""

from __future__ import annotations

from collections.abc import Mapping

from ..schematic.drawing import Arrow, Sheet, SubSheet
from ..schematic.geometry import Box, Point
from ..schematic.library import Symbol

_WIDTH, _HEIGHT = 36, 12
_LEFT, _MIDDLE, _RIGHT = 18, 92, 166
_ROWS = (24, 44, 64, 84, 104)
BOXES = (
    ("power", "Power", _MIDDLE, 4),
    ("seed", "Daisy Seed", _MIDDLE, 1),
    ("reference", "Reference and normalling", _LEFT, 4),
    ("cv_inputs", "CV inputs", _LEFT, 0),
    ("pots_mux", "Pots and multiplexers", _LEFT, 1),
    ("gates", "Gates", _LEFT, 2),
    ("audio_in", "Audio in", _LEFT, 3),
    ("audio_out", "Audio out", _RIGHT, 0),
    ("cv_outputs", "CV outputs", _RIGHT, 1),
    ("leds_buttons", "LEDs and buttons", _RIGHT, 2),
    ("usb_oled", "USB and display", _RIGHT, 3),
)
"""File stem, title, left edge and row, in the order of the pages."""
_FLOWS = {
    "cv_inputs": "7 CV, to the converter",
    "pots_mux": "2 multiplexed lines, address",
    "gates": "GATE, FREEZE; gate out",
    "audio_in": "FOLLOW IN, to the codec",
    "audio_out": "OUT, AUX, mute",
    "cv_outputs": "2 DAC lines",
    "leds_buttons": "serial data, brightness; ladder",
    "usb_oled": "USB, VBUS sense, I2C",
}


def _arrow(sheet: Sheet, points: tuple[Point, ...]) -> None:
    """A line with a head at its last point, which it reaches from the left or from below."""
    end = points[-1]
    sheet.arrows.append(Arrow(points))
    if points[-2].y == end.y:
        sheet.arrows.append(Arrow((end.moved(-1.2, -0.7), end, end.moved(-1.2, 0.7))))
    else:
        sheet.arrows.append(Arrow((end.moved(-0.7, 1.2), end, end.moved(0.7, 1.2))))


def draw(symbols: Mapping[str, Symbol]) -> Sheet:
    """The sheet."""
    sheet = Sheet("lottava", "lottava: 14 HP module around a Daisy Seed", symbols, 0)
    seed = Box(_MIDDLE, _ROWS[0], _MIDDLE + _WIDTH, _ROWS[3] + _HEIGHT)
    for name, title, left, row in BOXES:
        box = seed if name == "seed" else Box(left, _ROWS[row], left + _WIDTH, _ROWS[row] + _HEIGHT)
        sheet.sub_sheets.append(SubSheet(title, f"{name}.kicad_sch", box))
        if name in _FLOWS:
            y = box.top + _HEIGHT / 2
            start, end = (box.right, seed.left) if left == _LEFT else (seed.right, box.left)
            _arrow(sheet, (Point(start, y), Point(end, y)))
            sheet.note(_FLOWS[name], Point(start + 2, y - 1.2))
    low = _ROWS[4] + _HEIGHT / 2
    middle = _MIDDLE + _WIDTH / 2
    _arrow(sheet, (Point(_LEFT + _WIDTH, low), Point(_LEFT + _WIDTH + 10, low)))
    sheet.note("to the contacts", Point(_LEFT + _WIDTH + 12, low - 1))
    sheet.note("of all input jacks", Point(_LEFT + _WIDTH + 12, low + 1))
    _arrow(sheet, (Point(middle, _ROWS[4]), Point(middle, seed.bottom)))
    sheet.note("VIN", Point(middle + 1.5, _ROWS[4] - 3))
    _arrow(sheet, (Point(_MIDDLE + _WIDTH, low), Point(_MIDDLE + _WIDTH + 10, low)))
    sheet.note("+12 V, -12 V, to all blocks", Point(_MIDDLE + _WIDTH + 12, low))
    sheet.heading("How to read this", Point(_LEFT, 132))
    sheet.notes(
        Point(_LEFT, 135),
        "Flags name nets on all sheets; NAME_JACK is at the jack, NAME_NORM at its contact,",
        "NAME_ADC, NAME_DAC, NAME_CODEC at the Seed; _N is low while the jack is high.",
        "Designators: power 1xx, Seed 2xx, reference 3xx, CV inputs 4xx, pots 5xx, gates 6xx,",
        "audio in 7xx, audio out 8xx, CV outputs 9xx, LEDs 10xx, USB 11xx; TP: pads to measure at.",
    )
    return sheet
