# SPDX-License-Identifier: MIT
"""Rows sorted into studies: one parent on one data set, whose cells may be set against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .names import CONTROLS, PARENT, SCRATCH, label

Row = Mapping[str, Any]
SAME_TARGET = 1e-6


class ReportError(ValueError):
    """Rows that no report can be made of: says what is missing."""


@dataclass(frozen=True)
class Study:
    """name: family-data, as blocks and files are called; rows: of one configuration, data set and kind of device."""

    name: str
    rows: tuple[Row, ...]

    @property
    def parents(self) -> dict[int, Row]:
        """Seed → the parent's row."""
        return {row["seed"]: row for row in self.rows if row["method"] == PARENT}

    @property
    def cells(self) -> list[Row]:
        """All rows but the parents'."""
        return [row for row in self.rows if row["method"] != PARENT]

    @property
    def targets(self) -> list[float]:
        """Shares of the parent's network cycles, largest first; without the parent's own."""
        found = {round(self.share(row), 6) for row in self.cells}
        return sorted(found, reverse=True)

    def share(self, row: Row) -> float:
        """A row's target as a share of its parent's network cycles."""
        return float(row["target_cycles"]) / float(row["parent_cycles"])

    def at(self, target: float) -> list[Row]:
        """Rows of one target, parents left out."""
        return [row for row in self.cells if abs(self.share(row) - target) < SAME_TARGET]

    def error(self, row: Row) -> float:
        """E: MRSTFT over that of the same seed's parent. Raises ReportError without one."""
        parent = self.parents.get(row["seed"])
        if parent is None or not parent.get("mrstft") or row.get("mrstft") is None:
            raise ReportError(f"{self.name}: rows of seed {row['seed']} have no MRSTFT of their own and their parent's")
        return float(row["mrstft"]) / float(parent["mrstft"])

    def errors(self, rows: Iterable[Row]) -> dict[int, float]:
        """Seed → E."""
        return {row["seed"]: self.error(row) for row in rows}

    def methods(self, target: float) -> dict[str, list[Row]]:
        """Label → rows by seed at a target, lowest mean E first."""
        found = by_label(self.at(target))
        return dict(sorted(found.items(), key=lambda item: (mean(self.error(row) for row in item[1]), item[0])))


def mean(values: Iterable[float]) -> float:
    """Of at least one."""
    found = list(values)
    return sum(found) / len(found)


def name_of(row: Row) -> str:
    """Label of a row's method."""
    return label(row["method"], row["settings"])


def by_label(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Label → its rows in order of seeds."""
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["seed"]):
        found.setdefault(name_of(row), []).append(row)
    return found


def is_control(name: str) -> bool:
    """Whether a label is one of those that a method has to beat."""
    return name.split(" ")[0] in CONTROLS


def is_scratch(name: str) -> bool:
    """Whether a label is a training from fresh weights."""
    return name.split(" ")[0] in SCRATCH


def known(rows: Sequence[Row], key: str) -> list[float]:
    """Values of a figure where rows have it."""
    return [float(row[key]) for row in rows if row.get(key) is not None]


def averaged(rows: Sequence[Row], key: str) -> float | None:
    """Mean of a figure; None where no row has it."""
    found = known(rows, key)
    return mean(found) if found else None


def studies(rows: Sequence[Row]) -> list[Study]:
    """By name; the order of rows in a file decides nothing.

    Raises ReportError where kinds of device are mixed, or a cell is there twice.
    """
    doubled = [key for key, count in Counter(row["key"] for row in rows).items() if count > 1]
    if doubled:
        raise ReportError(f"cell {doubled[0]} is there {Counter(row['key'] for row in rows)[doubled[0]]} times")
    if len(kinds := sorted({str(row["device"]) for row in rows})) > 1:
        raise ReportError(f"the rows were made on {' and '.join(kinds)}; a table holds one kind of device")
    found: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=_place):
        found.setdefault((f"{row['family']}-{row['data']}", str(row["config_sha256"])), []).append(row)
    names = Counter(name for name, _ in found)
    return [
        Study(name if names[name] == 1 else f"{name}-{config[:6]}", tuple(members))
        for (name, config), members in sorted(found.items())
    ]


def _place(row: Row) -> tuple[bool, str, float, int]:
    return (row["method"] != PARENT, name_of(row), -float(row["target"]), int(row["seed"]))
