# SPDX-License-Identifier: MIT
"""First sound within a second of power, and a boot that waits for nobody at USB."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lottava.emulator import build_image
from lottava.emulator.poweron import LIMIT_SECONDS, SLOT_1_GREEN, SOCKETS, Start, failures, measure_start


@pytest.fixture(scope="module")
def alone() -> Start:
    """Without a cable."""
    return measure_start(build_image())


def test_a_held_tone_within_a_second_of_power(alone: Start) -> None:
    assert failures([alone]) == []
    assert alone.computed < alone.heard < LIMIT_SECONDS
    assert alone.leds == SLOT_1_GREEN


@pytest.mark.parametrize("socket", [name for name in SOCKETS if name not in ("no cable", "a host")])
def test_the_boot_waits_for_nobody_at_usb(alone: Start, socket: str) -> None:
    start = measure_start(build_image(), socket=socket)
    assert failures([alone, start]) == []
    assert (start.computed, start.heard) == pytest.approx((alone.computed, alone.heard), abs=1e-4)


def test_a_bare_seed_plays_at_once() -> None:
    start = measure_start(build_image(), bare=True)
    assert start.heard == start.computed < LIMIT_SECONDS


def test_what_is_late_is_said(alone: Start) -> None:
    late = replace(alone, name="x", computed=alone.computed + 0.5, heard=1.2)
    assert failures([alone, late]) == ["x: first sound after 1.20 s", "x: the boot waits"]
