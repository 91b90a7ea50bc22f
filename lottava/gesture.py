# SPDX-License-Identifier: MIT
"""A gesture: what a player does at the panel, as voltages, knobs and a gate, one row per 48-sample block."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

BLOCK_RATE_HZ = 1000
"""Rows per second: 48 kHz in blocks of 48 samples (nominal; the module's clock is 0.03 % fast)."""

CV_JACKS = ("v_oct", "level", "z1", "z2", "z3", "z4", "morph")
KNOBS = (
    *("bright", "breath", "body", "wild"),
    *("bright_att", "breath_att", "body_att", "wild_att"),
    *("pitch", "level", "contour", "morph"),
)
"""Both in the order of the firmware's Inputs: a row of a gesture is a row of the module's inputs."""

NOON = 0.5
RAIL_VOLTS = 12.0
LONGEST_S = 600.0
A3_VOLTS = -0.25


class GestureError(ValueError):
    """A gesture that can't be played: says which column and row, and what to do."""


@dataclass(frozen=True, eq=False)
class Gesture:
    """volts [blocks, 7] at the jacks, knobs [blocks, 12] from 0 (CCW) to 1 (CW), gate [blocks].

    gate_patched: False where no cable is in GATE, which makes a voice drone.
    """

    name: str
    volts: Curve
    knobs: Curve
    gate: NDArray[np.bool_]
    gate_patched: bool = True

    def __post_init__(self) -> None:
        blocks = len(self.gate)
        if self.volts.shape != (blocks, len(CV_JACKS)) or self.knobs.shape != (blocks, len(KNOBS)):
            raise GestureError(f"gesture {self.name!r}: volts, knobs and gate differ in length")
        if not 1 <= blocks <= LONGEST_S * BLOCK_RATE_HZ:
            raise GestureError(f"gesture {self.name!r} lasts {self.seconds:g} s; take 1 ms to {LONGEST_S:g} s")

    @property
    def seconds(self) -> float:
        """Length in seconds at the nominal block rate."""
        return len(self.gate) / BLOCK_RATE_HZ


def from_columns(name: str, columns: Mapping[str, NDArray], blocks: int) -> Gesture:
    """Gesture from curves by column name ('v_oct', 'knob_bright', 'gate'); what is missing rests at 0 V or noon.

    Without a `gate` column nothing is in the GATE jack: the voice drones.
    """
    volts, knobs = np.zeros((blocks, len(CV_JACKS))), np.full((blocks, len(KNOBS)), NOON)
    for index, jack in enumerate(CV_JACKS):
        volts[:, index] = columns.get(jack, 0.0)
    for index, knob in enumerate(KNOBS):
        knobs[:, index] = columns.get(f"knob_{knob}", NOON)
    gate = np.broadcast_to(columns.get("gate", np.zeros(blocks)), blocks) >= 0.5
    return Gesture(name, volts, knobs, gate.copy(), gate_patched="gate" in columns)


@dataclass(frozen=True)
class Note:
    """One note of a phrase. level_volts: 0..5 at the LEVEL jack; the pitch slides in over glide_s."""

    start_s: float
    length_s: float
    pitch_volts: float
    level_volts: float = 4.0
    glide_s: float = 0.0


def phrase(name: str, notes: Sequence[Note], seconds: float, **points: Sequence[tuple[float, float]]) -> Gesture:
    """Notes on V/OCT, LEVEL and GATE, and further columns as break points (second, value), joined by straight lines."""
    time = np.arange(round(seconds * BLOCK_RATE_HZ)) / BLOCK_RATE_HZ
    pitch, level = np.full(time.size, notes[0].pitch_volts), np.full(time.size, notes[0].level_volts)
    gate = np.zeros(time.size)
    before = notes[0].pitch_volts
    for note in notes:
        since = time >= note.start_s
        ramp = np.clip((time - note.start_s) / note.glide_s, 0, 1) if note.glide_s else 1.0
        pitch = np.where(since, before + (note.pitch_volts - before) * ramp, pitch)
        level[since] = note.level_volts
        gate[since & (time < note.start_s + note.length_s)] = 1
        before = note.pitch_volts
    columns = {key: np.interp(time, *np.transpose(pairs)) for key, pairs in points.items()}
    columns["level"] = columns.get("level", level)
    return from_columns(name, {"v_oct": pitch, "gate": gate} | columns, time.size)


def _demo() -> Gesture:
    """Eight seconds: a line that rises, swells and falls, then one held note while each axis is turned in its turn."""
    semitone = 1 / 12
    notes = [
        Note(0.10, 0.40, -9 * semitone, 3.0),
        Note(0.55, 0.30, -5 * semitone, 3.4),
        Note(0.90, 0.30, -2 * semitone, 3.8),
        Note(1.25, 0.85, 3 * semitone, 4.6, glide_s=0.05),
        Note(2.20, 0.30, 0 * semitone, 3.6),
        Note(2.55, 0.30, -2 * semitone, 2.8),
        Note(2.90, 0.80, -9 * semitone, 2.2),
        Note(3.90, 3.90, -5 * semitone, 4.0),
    ]
    swing = ((0, 0.5), (1, 1.0), (2, 0.0), (3, 0.5))
    turn = {
        knob: [(0.0, NOON), *((4.1 + 1.15 * index + at * 1.15 / 3, value) for at, value in swing)]
        for index, knob in enumerate(("knob_bright", "knob_breath", "knob_body"))
    }
    return phrase("demo", notes, 8.2, knob_level=[(0.0, 0.15)], **turn)


def _scale() -> Gesture:
    """Two octaves of C major from C3, 0.3 s a note."""
    steps = [12 * octave + step for octave in range(2) for step in (0, 2, 4, 5, 7, 9, 11)] + [24]
    notes = [Note(0.1 + 0.35 * i, 0.3, step / 12 - 1) for i, step in enumerate(steps)]
    return phrase("scale", notes, 0.1 + 0.35 * len(steps) + 0.4)


def _sweep() -> Gesture:
    """Gate held, V/OCT gliding over five octaves from -2 V to +3 V in 6 s."""
    return phrase("sweep", [Note(0.1, 6.0, -2.0), Note(0.15, 6.1, 3.0, glide_s=6.0)], 6.6)


def _hold() -> Gesture:
    """A3 for two seconds, every knob at noon."""
    return phrase("hold", [Note(0.1, 2.0, A3_VOLTS)], 2.5)


NAMED: Mapping[str, Callable[[], Gesture]] = {"demo": _demo, "scale": _scale, "sweep": _sweep, "hold": _hold}


def load(name_or_path: str) -> Gesture:
    """A built-in gesture by name, or a CSV file by path. Raises GestureError, OSError."""
    if name_or_path in NAMED:
        return NAMED[name_or_path]()
    if name_or_path.lower().endswith(".csv"):
        return load_csv(Path(name_or_path))
    raise GestureError(f"no gesture is called {name_or_path!r}: take one of {', '.join(NAMED)}, or a .csv file")


def load_csv(path: Path) -> Gesture:
    """Curves from a CSV with a header: `time_s`, then any of the jacks in volts, `knob_*` 0..1 and `gate` 0/1.

    Lines are joined straight, the gate steps; without `gate` the voice drones.
    Raises GestureError naming column and row, OSError.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            rows = [row for row in csv.reader(file) if row]
        except (csv.Error, UnicodeDecodeError) as error:
            raise GestureError(f"{path.name} is not a CSV text file: {error}") from error
    if len(rows) < 3:
        raise GestureError(f"{path.name} needs a header and at least two rows; it has {len(rows)} in all")
    header = [cell.strip().lower() for cell in rows[0]]
    table = _numbers(path.name, header, rows[1:])
    _validate(path.name, header, table)
    time = table[:, header.index("time_s")]
    blocks = round(float(time[-1] - time[0]) * BLOCK_RATE_HZ)
    if not 1 <= blocks <= LONGEST_S * BLOCK_RATE_HZ:
        raise GestureError(f"{path.name} spans {time[-1] - time[0]:g} s; take 1 ms to {LONGEST_S:g} s")
    now = time[0] + np.arange(blocks) / BLOCK_RATE_HZ
    columns = {name: np.interp(now, time, table[:, index]) for index, name in enumerate(header)}
    if "gate" in header:
        held = np.searchsorted(time, now, side="right") - 1
        columns["gate"] = table[held, header.index("gate")]
    return from_columns(path.stem, columns, blocks)


def _numbers(where: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Curve:
    table = np.empty((len(rows), len(header)))
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise GestureError(f"{where} row {number} has {len(row)} cells, the header has {len(header)}")
        for index, cell in enumerate(row):
            try:
                table[number - 2, index] = float(cell)
            except ValueError as error:
                raise GestureError(
                    f"{where} row {number}, {header[index]}: {cell.strip()!r} is not a number"
                ) from error
    return table


def _validate(where: str, header: Sequence[str], table: Curve) -> None:
    known = {"time_s", "gate", *CV_JACKS, *(f"knob_{knob}" for knob in KNOBS)}
    if unknown := sorted(set(header) - known):
        raise GestureError(f"{where} has unknown columns {unknown}; known are {', '.join(sorted(known))}")
    if len(set(header)) != len(header) or "time_s" not in header:
        raise GestureError(f"{where} must have each column once, and time_s among them")
    if np.any(np.diff(table[:, header.index("time_s")]) <= 0):
        raise GestureError(f"{where}: time_s must increase from row to row")
    for index, name in enumerate(header):
        low, high = (0.0, 1.0) if name == "gate" or name.startswith("knob_") else (-RAIL_VOLTS, RAIL_VOLTS)
        if name == "time_s":
            low, high = -np.inf, np.inf
        wrong = ~(np.isfinite(table[:, index]) & (table[:, index] >= low) & (table[:, index] <= high))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise GestureError(
                f"{where} row {row + 2}, {name}: {table[row, index]:g} lies outside {low:g}..{high:g}; "
                "jacks are in volts, knobs and gate run from 0 to 1"
            )
