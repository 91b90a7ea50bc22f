# SPDX-License-Identifier: MIT
"""The figure of each kind that comes nearest to its limit: the table in docs/hardware.md."""

from __future__ import annotations

from collections.abc import Iterable

from .rows import Row

SHOWN = (
    "CV input: gain off nominal",
    "CV input: 0 V off nominal",
    "CV input: converter at -12 V",
    "CV input: converter at +12 V",
    "CV input: left after 1 ms of a step",
    "Gain by the contacts, off a cable's",
    "CV output: off the board's law",
    "Gate trips",
    "Gate output, logic 3.3 V",
    "Audio in: 20 Hz - 20 kHz",
    "Audio out: 20 Hz - 20 kHz",
    "Audio out: 400 kHz is down by",
    "Audio out: the mute takes",
    "Phase margin",
    "Header turned: rail",
    "Header turned: taken",
    "±12 V: hardest-pressed resistor",
    "Taken from +12 V",
    "Taken from -12 V",
    "Gain off nominal, 200 boards",
    "Volts read at 0 V, 200 boards",
)
"""Kinds of figure that are worth a line, in order."""


def room(row: Row) -> float:
    """How far a figure is inside its limits, as a share of their width or, with one limit, of that."""
    if row.low is not None and row.high is not None:
        return min(row.value - row.low, row.high - row.value) / (row.high - row.low)
    if row.low is not None:
        return (row.value - row.low) / abs(row.low)
    if row.high is not None:
        return (row.high - row.value) / abs(row.high)
    return float("inf")


def _value(row: Row) -> str:
    """Three digits; what is tiny beside its limit is rounding of the simulator's and only said to be small."""
    largest = max(abs(one) for one in (row.low, row.high) if one is not None)
    if abs(row.value) < largest / 100:
        return f"below {largest / 100:g} {row.unit}"
    return f"{row.value:.3g} {row.unit}"


def table(rows: Iterable[Row]) -> str:
    """Rows of Markdown. Raises KeyError for a kind that no simulation gave."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row.check, []).append(row)
    head = "| figure | nearest to its limit | where | limit |\n|---|---|---|---|\n"
    # Rounded, so that of channels that are alike the first is named, whatever the last digit says.
    nearest = (min(kinds[name], key=lambda row: round(room(row), 2)) for name in SHOWN)
    return head + "\n".join(
        f"| {row.check} | {_value(row)} | {row.subject} | {row.limits} {row.unit} |" for row in nearest
    )
