# SPDX-License-Identifier: MIT
"""The catalogue: makers' numbers say the value they are listed under, keys are found, a miss is named."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lottava.hardware import parts
from lottava.hardware.parts import PARTS, PartType

from lottava.board import BOARD

_LETTERS = {"R": 1.0, "K": 1e3, "M": 1e6}
_SUFFIXES = {"meg": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12}


def spice(text: str) -> float:
    """What SPICE reads: a number and a suffix, in any case."""
    number, suffix = re.fullmatch(r"([0-9.]+)([a-z]*)", text.lower()).groups()
    return float(number) * _SUFFIXES[suffix]


def letter_code(text: str) -> float:
    """ "30K1" → 30100: the letter is the decimal point."""
    letter = next(one for one in text if one in _LETTERS)
    return float(text.replace(letter, ".")) * _LETTERS[letter]


def digit_code(text: str) -> float:
    """ "3012" → 30100: the last digit is a power of ten."""
    return float(text[:-1]) * 10 ** int(text[-1])


def of_kind(kind: str) -> list[PartType]:
    return [part for key, part in PARTS.items() if key.split()[0] == kind]


def test_resistor_numbers_say_the_value() -> None:
    resistors = [part for part in of_kind("R") if " 0.1W " in part.rating]
    assert len(resistors) > 900
    for part in resistors:
        ohms = spice(part.value)
        maker = re.fullmatch(r"R[CT]0603[FB]R[D]?-?07(\w+)L", part.first.mpn)
        assert maker is not None and letter_code(maker[1]) == pytest.approx(ohms), part
        vishay = re.fullmatch(r"CRCW0603(\w{4})FKEA", part.second.mpn)
        panasonic = re.fullmatch(r"ERA-3AEB(\d+)V", part.second.mpn)
        second = letter_code(vishay[1]) if vishay else digit_code(panasonic[1])
        assert second == pytest.approx(ohms), part
        assert part.tolerance == ("0.1%" if panasonic else "1%")


def test_capacitor_numbers_say_the_value() -> None:
    for part in of_kind("C"):
        code = re.match(r"(?:CC0603[JK]R\w{5}BN?B?|CL\d\d[AB])(\d{3})", part.first.mpn)
        if code:
            assert digit_code(code[1]) * 1e-12 == pytest.approx(spice(part.value)), part


@given(st.floats(1e-12, 9.99e8))
def test_values_are_read_back_by_spice(number: float) -> None:
    assert spice(parts.format_value(number)) == pytest.approx(number, rel=1e-3)


def test_every_stage_of_the_board_has_its_resistors() -> None:
    stages = [one.stage for one in (*BOARD.cv_inputs, *BOARD.cv_outputs)]
    for stage in stages:
        for ohms in (stage.input_ohms, stage.feedback_ohms, stage.bias.top_ohms, stage.bias.bottom_ohms):
            part = parts.find(parts.resistor_key(ohms, stage.tolerance))
            assert spice(part.value) == ohms


def test_each_part_can_be_ordered() -> None:
    for key, part in PARTS.items():
        assert part.key == key
        assert all(part.fields.values()), f"{key}: {part.fields}"
        assert re.fullmatch(r"C\d{3,8}|generic", part.lcsc), f"{key}: {part.lcsc}"
        assert re.fullmatch(r"[\w.-]+:[\w.,-]+", part.footprint), f"{key}: {part.footprint}"
        assert 0 < part.price_usd[1] <= part.price_usd[0], key


def test_a_part_without_a_second_source_says_why() -> None:
    assert [key for key, part in PARTS.items() if part.second is None] == ["Button 6mm"]
    assert all(bool(part.single) == (part.second is None) for part in PARTS.values())


def test_second_sources_are_other_makers_parts_or_say_so() -> None:
    same = [key for key, part in PARTS.items() if part.second and part.second.manufacturer == part.first.manufacturer]
    assert sorted(same) == ["Daisy Seed", "LM4132A-2.5 SOT-23-5", "Socket 1x20"]
    assert all(PARTS[key].note for key in same)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(KeyError, match=r"'R 30\.1k 0\.1% 0805'.*R 30\.1k 0\.1% 0603"):
        parts.find("R 30.1k 0.1% 0805")
