# SPDX-License-Identifier: MIT
"""What a calibration found, by serial number: JSON to keep, and cents before and after."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lottava.board import BOARD
from lottava.record import PITCH_INPUT, Record
from lottava.units import CENTS_PER_VOLT

from .fit import Point


@dataclass(frozen=True)
class Errors:
    """Reading minus truth at some points, in volts, with the record before and the one after."""

    volts: tuple[float, ...]
    before_volts: tuple[float, ...]
    after_volts: tuple[float, ...]

    @property
    def worst_before_volts(self) -> float:
        """Largest magnitude; 0 without points."""
        return max(map(abs, self.before_volts), default=0.0)

    @property
    def worst_after_volts(self) -> float:
        """Largest magnitude; 0 without points."""
        return max(map(abs, self.after_volts), default=0.0)


@dataclass(frozen=True)
class JackReport:
    """One input. fitted: errors at the points of the fit; checked: at voltages that the fit did not see."""

    name: str
    points: tuple[Point, ...]
    gain_percent: float
    offset_volts: float
    fitted: Errors
    checked: Errors

    @property
    def cents_before(self) -> float | None:
        """Worst pitch error with the old record; None for an input that is no pitch."""
        return self._cents(max(self.fitted.worst_before_volts, self.checked.worst_before_volts))

    @property
    def cents_after(self) -> float | None:
        """Worst pitch error with the new record, checked points included; None for an input that is no pitch."""
        return self._cents(max(self.fitted.worst_after_volts, self.checked.worst_after_volts))

    def _cents(self, volts: float) -> float | None:
        return CENTS_PER_VOLT * volts if self.name == BOARD.cv_inputs[PITCH_INPUT].name else None


@dataclass(frozen=True)
class OutputReport:
    """One output; residual_volts: what its points are off the line."""

    name: str
    gain_percent: float
    offset_volts: float
    residual_volts: tuple[float, ...]


@dataclass(frozen=True)
class Report:
    """A whole calibration. bend_volts: of V/OCT and PITCH CV together, where a cable showed it."""

    serial: str
    firmware: str
    board_revision: int
    created_unix: int
    sequence: int
    jacks: tuple[JackReport, ...]
    outputs: tuple[OutputReport, ...] = ()
    bend_volts: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        plain = asdict(self) | {"format": 1, "kind": "lottava-calibration"}
        for jack, entry in zip(self.jacks, plain["jacks"], strict=True):
            if jack.cents_after is not None:
                entry |= {"cents_before": jack.cents_before, "cents_after": jack.cents_after}
        return plain


def measure_errors(index: int, points: Sequence[Point], before: Record, after: Record) -> Errors:
    """What both records make of the points' codes, minus the truth."""

    def wrong(record: Record) -> tuple[float, ...]:
        return tuple(float(record.input_volts(index, point.code)) - point.volts for point in points)

    return Errors(tuple(point.volts for point in points), wrong(before), wrong(after))


def jack_report(
    index: int, points: Sequence[Point], checks: Sequence[Point], before: Record, after: Record
) -> JackReport:
    """The report of CV input `index`."""
    cv = BOARD.cv_inputs[index]
    gain, offset = after.input_gain[index], after.input_offset[index]
    return JackReport(
        name=cv.name,
        points=tuple(points),
        gain_percent=100.0 * (gain / cv.nominal_gain - 1.0),
        offset_volts=offset - gain * cv.nominal_offset / cv.nominal_gain,
        fitted=measure_errors(index, points, before, after),
        checked=measure_errors(index, checks, before, after),
    )


def save(report: Report, folder: Path) -> Path:
    """Write folder/SERIAL-SEQUENCE.json, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{report.serial}-{report.sequence:04d}.json"
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(report.to_dict(), file, indent=1, allow_nan=False)
    os.replace(temporary, path)
    return path
