# SPDX-License-Identifier: MIT
"""The flash image calibrates: it reads what the analogue model says, holds what it is told, and is not heard."""

from __future__ import annotations

import numpy as np
import pytest
from instrument import ask
from lottava.emulator import FrontEnd, Seed, build_image
from lottava.emulator.parts import REFERENCE_VOLTS

from lottava.board import ADC_FULL_SCALE, BOARD, SUPPLY_VOLTS
from lottava.messages import (
    CONTACTS,
    DRIVE_FULL_SCALE,
    REFERENCE_NODE,
    CalibrateBeginRequest,
    CalibrateCommitRequest,
    CalibrateDriveRequest,
    CalibratePointReply,
    CalibratePointRequest,
    Command,
    MonitorReply,
    Route,
    SelftestReply,
)
from lottava.record import Record, pack
from lottava.verbs._trial import INPUT_NAMES, AnalogueModule

BLOCKS = 16
BOARD_NUMBER = 7
TOLERANCE_CODES = 7.0
"""Four times the noise of a mean of 16 readings, and rounding; at V/OCT 1.2 mV."""


def begin(seed: Seed, route: Route) -> None:
    ask(seed, Command.CALIBRATE_BEGIN, CalibrateBeginRequest(route))


def drive(seed: Seed, output: int, code: int) -> None:
    ask(seed, Command.CALIBRATE_DRIVE, CalibrateDriveRequest(code, output))


def point(seed: Seed, index: int) -> float:
    reply = ask(seed, Command.CALIBRATE_POINT, CalibratePointRequest(BLOCKS, index), blocks=4 * BLOCKS)
    assert isinstance(reply, CalibratePointReply)
    return reply.mean / 256


def make_free(board: FrontEnd) -> Seed:
    """A module without any cable, its patch known."""
    seed = Seed(build_image(), frontend=board)
    seed.unplug(*INPUT_NAMES, "GATE", "FREEZE")
    seed.set_pot("level", 1.0)
    seed.run_blocks(110)
    return seed


def test_the_image_reads_what_the_analogue_model_says() -> None:
    seed = make_free(FrontEnd.random(BOARD_NUMBER))
    twin = FrontEnd.random(BOARD_NUMBER)
    twin.unplug(*INPUT_NAMES)
    model = AnalogueModule(twin, 0)
    begin(seed, Route.REFERENCE)
    for high in (True, False):
        drive(seed, CONTACTS, DRIVE_FULL_SCALE * high)
        twin.probe = high
        for index in (0, 6, REFERENCE_NODE):
            expected = model.front_end.mean_code(*model._pins[index])
            assert abs(point(seed, index) - expected) < TOLERANCE_CODES, (high, index)
    ask(seed, Command.CALIBRATE_ABORT)
    seed.frontend.connect("PITCH_CV", "V_OCT")
    twin.connect("PITCH_CV", "V_OCT")
    seed.run_blocks(60)
    begin(seed, Route.OUTPUT)
    for code in (900.0, 2048.5):
        drive(seed, 0, round(16 * code))
        model.drive(0, code)
        expected = twin.mean_code(*model._pins[0])
        assert abs(point(seed, 0) - expected) < TOLERANCE_CODES, code
    with pytest.raises(AssertionError, match=r"code=10, detail=0, index=0"):
        begin(seed, Route.REFERENCE)


def test_a_calibration_is_not_heard() -> None:
    """The same samples with and without one, until it is committed."""
    quiet, busy = make_free(FrontEnd.ideal()), make_free(FrontEnd.ideal())
    expected = quiet.run_blocks(150)
    heard: list[np.ndarray] = []
    run, busy.run_blocks = busy.run_blocks, lambda count: heard.append(run(count)) or heard[-1]  # type: ignore
    begin(busy, Route.REFERENCE)
    drive(busy, CONTACTS, DRIVE_FULL_SCALE)
    assert abs(point(busy, 0) - BOARD.cv_inputs[0].code(2.5)) < 1
    drive(busy, CONTACTS, 0)
    begin(busy, Route.OUTPUT)
    drive(busy, 1, 16 * 1000)
    busy.run_blocks(10)
    assert busy.output_volts[1] == pytest.approx(busy.frontend.output_volts([0, 1000])[1])
    played = np.concatenate(heard)[:150]
    assert np.array_equal(played, expected[: len(played)])
    assert np.abs(played).max() > 1000


def test_buttons_never_calibrate() -> None:
    seed = make_free(FrontEnd.ideal())
    for down in (("PREVIOUS",), ("NEXT",), ("PREVIOUS", "NEXT")):
        seed.frontend.press(*down)
        seed.run_blocks(300)
        seed.frontend.press()
        seed.run_blocks(10)
    with pytest.raises(AssertionError, match="code=6"):
        drive(seed, 0, 0)
    reply = ask(seed, Command.SELFTEST)
    assert isinstance(reply, SelftestReply)
    assert reply.bad == 0
    assert reply.good == 0x7F | 1 << 20 | 1 << 22 | 1 << 23
    assert reply.codes[20] == pytest.approx(BOARD.revisions[-1].board_id.fraction * ADC_FULL_SCALE, abs=2)


def test_a_supply_that_drifts_is_followed() -> None:
    """0.4 % of 3V3_A, 24 cents at 5 V: a third is made up for in 0.8 s, the rest in its turn."""
    seed = make_free(FrontEnd.ideal())
    begin(seed, Route.SOURCE)
    record = Record(reference_code=round(REFERENCE_VOLTS / SUPPLY_VOLTS * ADC_FULL_SCALE))
    ask(seed, Command.CALIBRATE_COMMIT, CalibrateCommitRequest(pack(record)), blocks=400)
    seed.set_volts("v_oct", 2.0)
    seed.frontend.set_supply(1.004 * SUPPLY_VOLTS)
    errors = []
    for blocks in (60, 800):
        seed.run_blocks(blocks)
        reply = ask(seed, Command.MONITOR)
        assert isinstance(reply, MonitorReply)
        errors.append(2.0 - reply.cv_volts[0])
    assert errors[0] == pytest.approx(2.0 - 2.0 / 1.004, abs=0.0008)
    assert 0.5 * errors[0] < errors[1] < 0.72 * errors[0]
