# SPDX-License-Identifier: MIT
"""A figure, its limits, and whether it keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One checked figure; low and high are inclusive, None is no limit."""

    check: str
    subject: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None

    @property
    def passes(self) -> bool:
        """True inside the limits; not-a-number is outside."""
        above = self.value >= self.low if self.low is not None else self.value == self.value
        below = self.value <= self.high if self.high is not None else self.value == self.value
        return above and below

    @property
    def limits(self) -> str:
        """ "0.1 … 3.2", "≥ 38" or "≤ 20"."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} … {self.high:g}"
        return f"≥ {self.low:g}" if self.low is not None else f"≤ {self.high:g}" if self.high is not None else ""


def table(rows: Iterable[Row]) -> str:
    """Rows as aligned text, failed ones marked."""
    cells = [
        (
            row.check,
            row.subject,
            f"{row.value:.5g} {row.unit}",
            f"{row.limits} {row.unit}",
            "" if row.passes else "FAILS",
        )
        for row in rows
    ]
    widths = [max((len(cell[column]) for cell in cells), default=0) for column in range(5)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(cell, widths, strict=True)).rstrip() for cell in cells
    )
