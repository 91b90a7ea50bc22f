# SPDX-License-Identifier: MIT
"""What a meter should read at each test point, from the board's values: the table of docs/build.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lottava.board import BOARD, PITCH_STAGE, SUPPLY_TOLERANCE, SUPPLY_VOLTS, Stage

from .sheetfile import Part

RACK_VOLTS = (11.4, 12.6)
"""A rack's rail may be anywhere here: 5 %."""
DIODE_VOLTS = (0.2, 0.5)
"""Lost in diode, fuse and ferrite between 20 and 150 mA."""
VIN_DROP_VOLTS = (0.6, 1.8)
"""Lost in 10 Ω and the coil with a Seed that takes 60 to 150 mA."""
REFERENCE_VOLTS = 2.5
METER_SHARE = 0.005
"""A usual meter is this exact."""
OP_AMP_VOLTS = 0.01
"""Offset behind the stages, rounded up."""


@dataclass(frozen=True)
class Reading:
    """Volts at a test point; before: without the Seed; after: with a Seed that runs, inputs at 0 V; lows and highs."""

    designator: str
    net: str
    before: tuple[float, float] | None
    after: tuple[float, float] | None
    words: str = ""


def _around(volts: float, share: float, more: float = 0.0) -> tuple[float, float]:
    spread = abs(volts) * share + more
    return volts - spread, volts + spread


def _rail() -> tuple[float, float]:
    return RACK_VOLTS[0] - DIODE_VOLTS[1], RACK_VOLTS[1] - DIODE_VOLTS[0]


def _bias(stage: Stage) -> tuple[float, float]:
    return _around(stage.bias.volts, SUPPLY_TOLERANCE + 2 * stage.tolerance)


def _volts(net: str) -> tuple[tuple[float, float] | None, tuple[float, float] | None, str]:
    """Before, after and words of a net. Raises KeyError for a net that nothing is known of."""
    low, high = _rail()
    supply = _around(SUPPLY_VOLTS, SUPPLY_TOLERANCE)
    pins = {
        f"{cv.name}_ADC": _around(cv.stage.output_volts(0.0), SUPPLY_TOLERANCE + 4 * cv.stage.tolerance, OP_AMP_VOLTS)
        for cv in BOARD.cv_inputs
    }
    off = (0.0, 0.0)
    known: dict[str, tuple[tuple[float, float] | None, tuple[float, float] | None, str]] = {
        "+12V": ((low, high), (low, high), ""),
        "-12V": ((-high, -low), (-high, -low), ""),
        "VIN": ((low, high), (low - VIN_DROP_VOLTS[1], high - VIN_DROP_VOLTS[0]), "the Seed's supply"),
        "GND": (off, off, "the meter's black lead"),
        "+3V3A": (off, supply, "from the Seed"),
        "+3V3D": (off, supply, "from the Seed"),
        "VREF_2V5": (off, _around(REFERENCE_VOLTS, METER_SHARE), ""),
        "NORMALLING_NODE": (off, None, "0 V and 2.5 V by turns: a meter shows something between"),
        "V_OCT_BIAS": (off, _bias(PITCH_STAGE), f"{PITCH_STAGE.bias.fraction:.3f} of +3V3A"),
        "CV_BIAS": (off, _bias(BOARD.cv_inputs[1].stage), f"{BOARD.cv_inputs[1].stage.bias.fraction:.3f} of +3V3A"),
        **{net: (off, volts, "a plug with tip and sleeve joined in the jack") for net, volts in pins.items()},
        **{f"MUX_{name}": (off, None, "steps that follow the pots") for name in BOARD.mux_pins},
    }
    return known[net]


def readings(parts: Iterable[Part]) -> list[Reading]:
    """Every test point of the schematic, in the order of designators. Raises KeyError for one of an unknown net."""
    points = sorted((part for part in parts if part.reference.startswith("TP")), key=lambda one: int(one.reference[2:]))
    return [Reading(point.reference, point.value, *_volts(point.value)) for point in points]


def _span(volts: tuple[float, float] | None) -> str:
    if volts is None:
        return "–"
    low, high = volts
    return f"{low:.0f} V" if low == high else f"{low:.2f} … {high:.2f} V"


def table(parts: Iterable[Part]) -> str:
    """Rows of Markdown."""
    head = "| test point | net | without the Seed | with the Seed | |\n|---|---|---|---|---|\n"
    rows = (
        f"| {one.designator} | {one.net} | {_span(one.before)} | {_span(one.after)} | {one.words} |"
        for one in readings(parts)
    )
    return head + "\n".join(rows)
