# SPDX-License-Identifier: MIT
"""The placement table: where every part lies that the panel doesn't place, in mm from its top left corner.

Between the rows of jack pins lie strips 9.9 mm high and free of pins; each holds the parts of the jacks around it.
A block is filled column by column, from its upper left corner as seen from the front; "R101:0" overrides the turn.
"""

from __future__ import annotations

from dataclasses import dataclass

from .fiducials import FIDUCIALS
from .geometry import Spot

STRIP_A, STRIP_B, STRIP_C, STRIP_D, STRIP_E = (69.5, 74.85), (77.2, 87.0), (89.4, 99.2), (101.6, 111.4), (113.8, 117.75)
STRIP_F = (112.1, 117.75)
"""Around the legs of the panel's USB, below the power header."""


@dataclass(frozen=True)
class Block:
    """Parts in the order of filling, in a box; gap between courtyards."""

    name: str
    left: float
    right: float
    strip: tuple[float, float]
    parts: str
    turn: int = 90
    gap: float = 0.2


def _cv(name: str, left: float, channel: int, contact: int) -> Block:
    """A CV input, all alike: protection and contact resistor, the stage, its way to the ADC."""
    k = f"4{channel}"
    parts = f"D{k}0 R{contact} R{k}0 R{k}1 C{k}0 R{k}2 C{k}1"
    return Block(name, left, left + 5.7, STRIP_B, parts)


def _gate(name: str, left: float, channel: int, contact: int) -> Block:
    k = f"6{channel}"
    return Block(name, left, left + 8.6, STRIP_C, f"D{k}0 D{k}1 R{k}0 R{k}1 R{contact} Q{k}0 R{k}2:0 R{k}3:0")


def _audio_out(name: str, left: float, channel: int) -> Block:
    k = f"8{channel}"
    return Block(name, left, left + 7.0, STRIP_D, f"R{k}2 C{k}1 R{k}3 R{k}0 R{k}1 C{k}0 Q{k}0 Q{k}1")


def _cv_out(name: str, left: float, strip: tuple[float, float], channel: int) -> Block:
    k = f"9{channel}"
    return Block(name, left, left + 5.8, strip, f"R{k}4 D{k}0 R{k}3 C{k}1 R{k}0 R{k}1 R{k}2 C{k}0")


FIXED = FIDUCIALS | {
    "A201": Spot(34.72, 19.27),
    "J101": Spot(16.68, 108.34, 270),
    "J201": Spot(2.8, 48.6),
    "J1102": Spot(68.0, 30.7),
    "J1103": Spot(68.0, 48.7),
    "U401": Spot(15.9, 82.1),
    "U402": Spot(51.3, 82.1),
    "U521": Spot(42.3, 39.4, 90),
    "U522": Spot(53.4, 39.4, 90),
    "U801": Spot(37.9, 106.5),
    "U901": Spot(56.5, 94.3),
    "U1001": Spot(42.3, 21.6, 90),
    "U1002": Spot(53.4, 21.6, 90),
}
"""Parts with a place of their own, all on the back but the marks."""

BLOCKS = (
    _cv("V/OCT", 1.0, 1, 311),
    _cv("LEVEL", 6.5, 2, 312),
    _cv("Z1", 19.9, 3, 313),
    _cv("Z2", 25.4, 4, 314),
    _cv("Z3", 36.4, 5, 315),
    _cv("Z4", 41.9, 6, 316),
    _cv("MORPH", 55.3, 7, 317),
    Block("bias", 31.0, 36.2, STRIP_B, "R401 R402 C401 C405 C406 C403 R403 R404"),
    Block("test points of the supply", 61.4, 66.0, STRIP_B, "TP130 TP201 TP203", gap=1.0),
    Block(
        "test points",
        1.4,
        69.5,
        (69.6, 71.7),
        "TP410 TP420 TP430 TP440 TP450 TP460 TP470 TP401 TP403 TP521 TP522 TP301 TP302",
        gap=3.2,
    ),
    Block("+12 V", 0.95, 16.1, STRIP_C, "F101:0 D101:0 FB101:0 D102:0 C101:0 C102:0 C103 R101 D103"),
    Block("-12 V", 16.2, 31.4, STRIP_C, "F110:0 D110:0 FB110:0 D111:0 C110:0 C111:0 C112 R110 D112"),
    _gate("FREEZE", 31.5, 2, 322),
    _gate("GATE", 40.2, 1, 321),
    Block("gate out", 49.0, 52.6, STRIP_C, "R630 R631 R632 C901 C902"),
    _cv_out("PITCH CV", 60.4, STRIP_C, 1),
    Block("FOLLOW IN", 24.8, 33.9, STRIP_D, "D701 R323 R701 R702 C702 R703 C703 C704 C705"),
    _audio_out("AUX", 41.7, 2),
    _audio_out("OUT", 48.7, 1),
    Block("mute", 55.8, 58.9, STRIP_D, "R801 R802 C801"),
    _cv_out("ENV CV", 59.0, STRIP_D, 2),
    Block("supply test points", 66.0, 69.9, STRIP_D, "TP101 TP110 TP120", gap=1.0),
    Block("USB", 14.6, 19.5, (113.2, 117.75), "U1101:180"),
    Block("USB's current", 8.7, 12.4, STRIP_F, "C1101:0 R1101:0 R1102:0"),
    Block("USB's sense", 0.95, 4.4, STRIP_F, "R1103:0 R1104:0 C1102:0"),
    Block("gate out's jack", 24.0, 35.0, STRIP_E, "R633:0 D630:0", 0),
    Block("AUX's jack", 36.4, 47.0, STRIP_E, "R824:0 D820:0", 0),
    Block("OUT's jack", 57.4, 67.0, STRIP_E, "R814:0 D810:0", 0),
    Block("Seed's supply", 0.95, 17.6, (17.9, 25.3), "C120:0 L120:0 R120:0 C121 C122"),
    Block("3V3D", 13.5, 17.6, (28.8, 33.4), "C203 C204"),
    Block("3V3A", 13.5, 17.6, (62.7, 67.5), "C201 C202"),
    Block("reference", 36.7, 66.4, (62.7, 67.5), "U301 C301 C302 U302 C303 D301 D302 R301 R302"),
    Block("multiplexers", 58.8, 66.5, (35.6, 43.2), "R521 C521 R522 C522 C531 C532"),
    Block("board ID, +12 V / 10", 47.4, 56.6, (46.7, 51.4), "R541 R542 R543 R544"),
    Block("LED resistors", 37.2, 66.5, (28.8, 33.5), "RN1001 RN1011 C1001 C1002 R1004 RN1002 RN1012", 0),
    Block("buttons", 59.0, 66.5, (18.0, 25.3), "R1001 R1002 R1003 R1105 R1106"),
)
