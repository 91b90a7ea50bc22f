# SPDX-License-Identifier: MIT
"""A few seconds of the soak: no fault, no missed block, no sample over full scale, no lost setting."""

from __future__ import annotations

import pytest
from lottava.emulator import build_image
from lottava.emulator.faults import BRANCH_TO_SELF, patch
from lottava.emulator.soak import Soak, run_soak

from lottava.settings import Settings


@pytest.mark.parametrize("number", range(2))
def test_a_rough_time_loses_nothing(number: int) -> None:
    report = run_soak(build_image(), 3.0, number)
    assert report.losses == []
    assert report.power_cuts >= 1
    assert report.settings_sent >= 5
    assert report.garbage_bytes > 500
    assert report.peak > 1000


def test_it_notices_what_is_lost() -> None:
    soak = Soak(build_image(), 0)
    soak.known = Settings(slot=7)
    soak.look_at_settings()
    assert "settings lost" in soak.report.losses[0]
    soak.play(5)
    patch(soak.seed, "7OnBlockE", BRANCH_TO_SELF)
    soak.play(80)
    soak.ask()
    assert any("started by cause 3" in loss for loss in soak.report.losses)
