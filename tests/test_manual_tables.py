# SPDX-License-Identifier: MIT
"""Numbers of the hardware's manual are those that the code gives."""

from __future__ import annotations

import pytest

pytest.importorskip("skip", reason="the schematic is read by kicad-skip: install lottava[hardware]")

from lottava.hardware import bom, cost, currents, depth, manual
from lottava.hardware.cost import EXTRAS
from lottava.hardware.parts import PARTS
from lottava.hardware.schematic.project import KICAD
from lottava.hardware.sheetfile import Part, load_project


@pytest.fixture(scope="module")
def parts() -> list[Part]:
    return [part for sheet in load_project(KICAD / "lottava.kicad_sch") for part in sheet.parts]


@pytest.mark.parametrize("name", sorted(manual.TABLES))
def test_tables_are_up_to_date(parts: list[Part], name: str) -> None:
    text = (manual.DOCS / name).read_text(encoding="utf-8")
    assert manual.rewritten(name, parts) == text, "run python -m lottava.hardware manual"


def test_an_old_table_is_replaced_and_a_missing_one_named() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |"
    old = "x\n\n| a | b |\n|---|---|\n| 0 | 0 |\n| 3 | 3 |\n\ny\n"
    assert manual.with_table(old, table) == f"x\n\n{table}\n\ny\n"
    with pytest.raises(ValueError, match=r"\| a \| b \|"):
        manual.with_table("none here\n", table)


def test_currents_in_words_are_the_sums() -> None:
    text = " ".join((manual.DOCS / "build.md").read_text(encoding="utf-8").split())
    for without_seed in (True, False):
        plus, minus = currents.totals_ma(without_seed=without_seed)
        assert f"about {plus:g} mA from +12 V and {minus:g} mA from −12 V (calculated" in text
    assert "{:g} mA and {:g} mA are safe".format(*currents.PLAN_MA) in (manual.DOCS / "hardware.md").read_text("utf-8")


def test_the_readme_says_how_deep_how_hungry_how_dear(parts: list[Part]) -> None:
    text = " ".join((manual.DOCS.parent / "README.md").read_text(encoding="utf-8").split())
    found = bom.lines(parts)
    one, ten = (cost.cost(found, units).each for units in (1, 10))
    plus, minus = currents.totals_ma()
    assert f"14 HP, {depth.depth_mm():.0f} mm deep, {plus:g} mA from +12 V and {minus:g} mA from −12 V" in text
    assert f"about {round(sum(line.quantity for line in found if line.is_fitted), -1)} parts" in text
    assert f"one costs about {round(one, -1):.0f} $ to make, ten about {round(ten, -1):.0f} $ each" in text


def test_the_changelog_says_how_deep() -> None:
    text = (manual.DOCS.parent / "hardware" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"({depth.depth_mm():.1f} mm calculated)" in text


def test_the_manual_cuts_the_pins_as_the_sockets_want() -> None:
    text = " ".join((manual.DOCS / "build.md").read_text(encoding="utf-8").split())
    low, high = depth.PIN_LENGTHS_MM
    assert f"take {low:g} to {high:g} mm of them" in text
    assert low < 2.5 < high and "at 2.5 mm below their plastic" in text


def test_every_doubt_is_on_the_list(parts: list[Part]) -> None:
    listed = manual.doubts(parts)
    assert all(part.unverified in listed for part in PARTS.values())


def test_the_whole_list_ends_with_what_is_on_no_schematic(parts: list[Part]) -> None:
    rows = bom.full_csv(bom.lines(parts)).splitlines()
    assert len(rows) == 1 + len(bom.lines(parts)) + len(EXTRAS)
    assert all(extra.name in row for extra, row in zip(EXTRAS, rows[-len(EXTRAS) :], strict=True))


def test_sockets_are_bought_but_have_no_place_of_their_own(parts: list[Part]) -> None:
    by_hand = bom.hand_csv(bom.lines(parts))
    assert '"J202,J203"' in by_hand and "SLW-120-01-G-S" in by_hand
    assert "J202" not in bom.assembler_csv(bom.lines(parts))
