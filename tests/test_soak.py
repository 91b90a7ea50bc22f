# SPDX-License-Identifier: MIT
"""A few seconds of the soak: no fault, no missed block, no sample over full scale, no lost setting."""

from __future__ import annotations

from lottava.emulator import build_image
from lottava.emulator.faults import BRANCH_TO_SELF, patch
from lottava.emulator.soak import Soak, run_soak

from lottava.record import Record
from lottava.settings import Settings


def test_what_was_sent_first_does_not_come_back() -> None:
    soak = Soak(build_image(), 0)
    sent = [Settings(slot=n) for n in range(4)]
    assert soak._is_new("settings", Settings(slot=2), Settings(), sent)
    assert sent == [Settings(slot=3)]
    assert not soak._is_new("settings", Settings(slot=2), Settings(slot=2), sent)
    assert soak.report.losses == []
    assert soak._is_new("settings", Settings(slot=1), Settings(slot=2), sent)
    assert "settings lost" in soak.report.losses[0]


def test_a_rough_time_loses_nothing() -> None:
    report = run_soak(build_image(), 3.0, 1)
    assert report.losses == []
    assert report.power_cuts >= 1
    assert report.settings_sent >= 3
    assert report.garbage_bytes > 200
    assert report.calibrations_sent >= 1
    assert report.requests > 10
    assert report.peak > 1000


def test_it_notices_what_is_lost() -> None:
    soak = Soak(build_image(), 0)
    soak.known = Settings(slot=7)
    soak.known_record = Record(created_unix=1)
    soak.look_at_settings()
    soak.look_at_calibration()
    assert [loss.split(" after")[0] for loss in soak.report.losses] == ["settings lost", "calibration lost"]
    soak.play(5)
    patch(soak.seed, "7OnBlockE", BRANCH_TO_SELF)
    soak.play(80)
    soak.ask()
    assert any("started by cause 3" in loss for loss in soak.report.losses)
