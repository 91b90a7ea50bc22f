# SPDX-License-Identifier: MIT
"""The bill of materials: every designator once, the same everywhere; carts and costs follow from it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("skip", reason="the bill of materials is read by kicad-skip: install lottava[hardware]")

from lottava.hardware import bom, cost
from lottava.hardware.parts import PARTS, find
from lottava.hardware.schematic.project import KICAD
from lottava.hardware.sheetfile import Part, load_project

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def parts() -> list[Part]:
    return [part for sheet in load_project(KICAD / "lottava.kicad_sch") for part in sheet.parts]


@pytest.fixture(scope="module")
def found(parts: list[Part]) -> list[cost.Line]:
    return bom.lines(parts)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def small_part(reference: str, key: str, *, is_fitted: bool = True) -> Part:
    part = find(key)
    return Part(reference, "lottava:R", 1, 0, False, is_fitted, True, {"Value": part.value, **part.fields}, {})


def test_every_designator_is_on_one_line(parts: list[Part], found: list[cost.Line]) -> None:
    listed = [name for line in found for name in line.designators]
    drawn = {part.reference for part in parts if part.is_in_bom and not part.is_power}
    assert len(listed) == len(set(listed)) and set(listed) == drawn


def test_assembler_and_hands_share_the_fitted_parts(found: list[cost.Line]) -> None:
    fitted = {name for line in found if line.is_fitted for name in line.designators}
    machine, hands = (bom.designators(found, by_hand=by_hand) for by_hand in (False, True))
    assert machine | hands == fitted and not machine & hands
    for text, wanted in ((bom.assembler_csv(found), machine), (bom.hand_csv(found), hands)):
        assert {name for row in rows(text) for name in row["Designator"].split(",")} == wanted


def test_numbers_in_the_assemblers_table_are_numbers(found: list[cost.Line]) -> None:
    table = rows(bom.assembler_csv(found))
    assert list(table[0]) == ["Comment", "Designator", "Footprint", "LCSC", "MPN"]
    assert all(row["LCSC"] == "" or row["LCSC"][0] == "C" for row in table)
    assert sum(row["LCSC"] != "" for row in table) > 15


def test_nearly_every_line_has_a_second_source(found: list[cost.Line]) -> None:
    assert sum(line.part.second is not None for line in found) >= 0.95 * len(found)


def test_the_catalogue_holds_nothing_that_is_not_used(found: list[cost.Line]) -> None:
    """Series of values apart: the resistors and small capacitors of a maker's numbering scheme."""
    used = {line.part.key for line in found}
    assert {key for key in PARTS if not re.match(r"[RC] .* 0603$", key)} <= used


def test_equal_parts_are_one_line_and_unfitted_ones_another() -> None:
    key = "R 1k 1% 0603"
    lines = bom.lines([small_part("R10", key), small_part("R9", key), small_part("R11", key, is_fitted=False)])
    assert [(line.designators, line.is_fitted) for line in lines] == [(("R9", "R10"), True), (("R11",), False)]


def test_a_number_outside_the_catalogue_is_refused() -> None:
    part = small_part("R1", "R 1k 1% 0603")
    odd = Part(**{**part.__dict__, "fields": {**part.fields, "MPN": "ABC"}})
    with pytest.raises(KeyError, match="R1: the catalogue has no ABC"):
        bom.lines([odd])


def test_carts_cover_every_fitted_line_once(found: list[cost.Line]) -> None:
    fitted = {line.part.first.mpn for line in found if line.is_fitted}
    elsewhere = {line.part.first.mpn for line in found if line.is_fitted and line.part.key in bom.ELSEWHERE}
    assert {row["Mfr Part Number"] for row in rows(bom.mouser_csv(found))} == fitted - elsewhere
    assert {row["Manufacturer Part Number"] for row in rows(bom.digikey_csv(found))} == fitted - elsewhere
    bought = " ".join(row["Part"] for row in rows(bom.elsewhere_csv(found)))
    assert all(mpn in bought for mpn in elsewhere)


@pytest.mark.parametrize("units", [1, 10])
def test_carts_buy_enough(found: list[cost.Line], units: int) -> None:
    need = {line.part.first.mpn: line.quantity * units for line in found if line.is_fitted}
    for row in rows(bom.mouser_csv(found, units)):
        assert int(row["Quantity"]) >= need[row["Mfr Part Number"]]


def test_shops_know_only_parts_of_the_catalogue() -> None:
    assert all(find(key) for key in bom.ELSEWHERE)


def test_files_are_written(parts: list[Part], tmp_path: Path) -> None:
    written = bom.write(parts, tmp_path / "bom")
    assert sorted(path.name for path in written) == sorted(bom.FILES)
    assert all(len(path.read_text().splitlines()) > 5 for path in written)


def test_ten_cost_less_each_than_one(found: list[cost.Line]) -> None:
    one, ten = (cost.cost(found, units) for units in (1, 10))
    assert ten.each < one.each < ten.total
    with pytest.raises(KeyError):
        cost.cost(found, 3)


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_more_is_never_dearer_each(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert 1.0 >= cost._price((1.0, 0.4), low) >= cost._price((1.0, 0.4), high) >= 0.4 - 1e-9


def test_the_manual_shows_this_cost(found: list[cost.Line]) -> None:
    assert cost.cost_table(found) in (ROOT / "docs" / "order.md").read_text(encoding="utf-8")
