# SPDX-License-Identifier: MIT
"""The manual's simulated figures: those nearest to their limits, and the check that sees when they are old."""

from __future__ import annotations

from pathlib import Path

import pytest
from lottava.hardware.spice import check, summary
from lottava.hardware.spice.rows import Row

ROWS = [Row(name, subject, value, "V", 0, 10) for name in summary.SHOWN for subject, value in (("a", 5), ("b", 9))]


def test_the_figure_nearest_to_its_limit_is_shown() -> None:
    assert "| 9 V | b | 0 … 10 V |" in summary.table(ROWS)
    assert summary.room(Row("x", "", 40, "dB", 38, None)) < summary.room(Row("x", "", 60, "dB", 38, None))
    assert summary.room(Row("x", "", 1, "%", None, 2)) == 0.5


def test_old_figures_and_broken_limits_are_complaints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(check, "DOCS", tmp_path)
    monkeypatch.setattr(check, "check_schematic", lambda _: ROWS)
    page = tmp_path / check.SIMULATED
    page.write_text(summary.table(ROWS), encoding="utf-8")
    assert check.complaints(Path()) == []
    page.write_text("nothing", encoding="utf-8")
    assert [one.split(":")[0] for one in check.complaints(Path())] == ["docs/hardware.md"]
    rows = [*ROWS, Row("Phase margin", "U9 A", 11, "V", 0, 10)]
    page.write_text(summary.table(rows), encoding="utf-8")
    monkeypatch.setattr(check, "check_schematic", lambda _: rows)
    assert check.complaints(Path()) == ["Phase margin, U9 A: 11 V, 0 … 10 is allowed"]
