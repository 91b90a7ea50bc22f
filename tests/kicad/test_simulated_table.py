# SPDX-License-Identifier: MIT
"""The manual's simulated figures are what the committed schematic gives today."""

from __future__ import annotations

from lottava.hardware import manual
from lottava.hardware.schematic.project import KICAD
from lottava.hardware.spice import summary
from lottava.hardware.spice.check import check_schematic
from lottava.hardware.spice.rows import Row


def test_the_manual_shows_todays_figures() -> None:
    table = summary.table(check_schematic(KICAD / "lottava.kicad_sch"))
    text = (manual.DOCS / manual.SIMULATED).read_text(encoding="utf-8")
    assert table + "\n" in text, "run python -m lottava.hardware manual"


def test_the_figure_nearest_to_its_limit_is_shown() -> None:
    rows = [Row(name, subject, value, "V", 0, 10) for name in summary.SHOWN for subject, value in (("a", 5), ("b", 9))]
    assert "| 9 V | b | 0 … 10 V |" in summary.table(rows)
    assert summary.room(Row("x", "", 40, "dB", 38, None)) < summary.room(Row("x", "", 60, "dB", 38, None))
    assert summary.room(Row("x", "", 1, "%", None, 2)) == 0.5
