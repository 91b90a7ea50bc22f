# SPDX-License-Identifier: MIT
"""What a builder's meter should read follows from the board, and the manual says it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("skip", reason="the schematic is read by kicad-skip: install lottava[hardware]")

from lottava.hardware import readings
from lottava.hardware.schematic.project import KICAD
from lottava.hardware.sheetfile import Part, load_project

from lottava.board import BOARD

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def parts() -> list[Part]:
    return [part for sheet in load_project(KICAD / "lottava.kicad_sch") for part in sheet.parts]


def test_the_manual_has_the_table(parts: list[Part]) -> None:
    assert readings.table(parts) in (ROOT / "docs" / "build.md").read_text(encoding="utf-8")


def test_every_converter_net_and_rail_has_a_test_point(parts: list[Part]) -> None:
    nets = {one.net for one in readings.readings(parts)}
    assert nets >= {f"{cv.name}_ADC" for cv in BOARD.cv_inputs} | {f"MUX_{name}" for name in BOARD.mux_pins}
    assert nets >= {"+12V", "-12V", "VIN", "+3V3A", "+3V3D", "GND", "VREF_2V5", "NORMALLING_NODE"}


def test_nominal_volts_are_inside(parts: list[Part]) -> None:
    known = {one.net: one.after for one in readings.readings(parts)}
    for cv in BOARD.cv_inputs:
        low, high = known[f"{cv.name}_ADC"]
        assert low < cv.stage.output_volts(0.0) < high


def test_an_unknown_test_point_is_named() -> None:
    odd = Part("TP999", "lottava:TestPoint", 1, 0, False, True, False, {"Value": "NEW_NET"}, {})
    with pytest.raises(KeyError, match="NEW_NET"):
        readings.readings([odd])


@pytest.mark.parametrize("manual", ["build.md", "order.md", "hardware.md"])
def test_the_manuals_name_parts_that_exist(parts: list[Part], manual: str) -> None:
    drawn = {part.reference for part in parts}
    text = (ROOT / "docs" / manual).read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:RV|FB|TP|SW|RN|[ACDFJLQRU])\d{3,4}\b", text))
    assert sorted(named - drawn) == []
