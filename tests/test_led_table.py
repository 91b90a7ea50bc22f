# SPDX-License-Identifier: MIT
"""The manual's table of lights is what firmware/app/leds.cc shows, row by row."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import panel_library
import pytest

ROOT = Path(__file__).resolve().parents[1]
GREEN, RED, ONBOARD = 0x00FF, 0xFF00, 1 << 24
SECOND = 1000
AFTER_SWEEP = 400


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return panel_library.build(tmp_path_factory.mktemp("leds"))


def fault(number: int) -> Callable[[Callable], bool]:
    """`number` blinks of all red lights, then a pause that is longer than any of them."""

    def check(show: Callable) -> bool:
        runs = [(lit, len(list(run))) for lit, run in groupby(show(fault=number)[: number * 400 + 1200])]
        return [lit for lit, _ in runs] == [RED, 0] * number and runs[-1][1] > 2 * max(n for _, n in runs[:-1])

    return check


def changes(lit: list[int]) -> list[int]:
    """What is shown, one after the other."""
    return [one for one, _ in groupby(lit)]


CHECKS: dict[str, Callable[[Callable], bool]] = {
    "green runs from 1 to 8, once, 0.4 s": lambda show: (
        changes(show(start=0)[:AFTER_SWEEP]) == [1 << n for n in range(8)] and show(start=0)[AFTER_SWEEP] == 1
    ),
    "one green": lambda show: set(show(slot=5)) == {1 << 5},
    "the same, broken off twice a second": lambda show: changes(show(slot=2, held=1)[:SECOND]).count(0) == 2,
    "red runs from 1 to 8, over and over": lambda show: set(show(calibrating=1)) == {256 << n for n in range(8)},
    "green and red in turn, four times a second": lambda show: (
        sorted(set(show(identify=1))) == [GREEN, RED] and changes(show(identify=1)[:SECOND]).count(RED) == 4
    ),
    "all red, 1 blink, a pause": fault(1),
    "all red, 2 blinks, a pause, for ten seconds": fault(2),
    "all red, 3 blinks, a pause, for ten seconds": fault(3),
    "on the Seed: a beat a second": lambda show: sum(show.beats(bench=1)[:SECOND]) == 1,  # type: ignore[attr-defined]
    "nothing": lambda _show: True,
}


def test_every_row_is_what_is_shown(library: ctypes.CDLL) -> None:
    names = ("slot", "identify", "calibrating", "held", "bench", "fault")

    def pattern(start: int = 4 * SECOND, **state: int) -> list[int]:
        packed = bytes(state.get(name, 0) for name in names)
        return [library.led_pattern(start + block, packed) for block in range(4 * SECOND)]

    def show(start: int = 24 * 10 * SECOND, **state: int) -> list[int]:
        return [one & 0xFFFF for one in pattern(start, **state)]

    def beats(**state: int) -> list[bool]:
        lit = [bool(one & ONBOARD) for one in pattern(**state)]
        return [now and not before for before, now in zip([False, *lit], lit, strict=False)]

    show.beats = beats  # type: ignore[attr-defined]
    text = (
        (ROOT / "docs" / "recover.md").read_text(encoding="utf-8").split("## What the lights say")[1].split("\n## ")[0]
    )
    rows = re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", text, re.M)[1:]
    assert rows == list(CHECKS)
    for row, check in CHECKS.items():
        assert check(show), row


def test_every_fault_has_its_row() -> None:
    header = (ROOT / "firmware" / "app" / "leds.h").read_text(encoding="utf-8")
    (kinds,) = re.findall(r"enum class LedFault : uint8_t \{([^}]*)\}", header)
    numbers = [int(number) for number in re.findall(r"= (\d+)", kinds)]
    assert [row for row in CHECKS if row.startswith("all red")] == [
        row for number in numbers if number for row in CHECKS if row.startswith(f"all red, {number} ")
    ]
    assert len(numbers) - 1 == sum(row.startswith("all red") for row in CHECKS)
