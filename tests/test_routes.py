# SPDX-License-Identifier: MIT
"""Calibration by its three routes on random boards: how far out of tune they end, and what is refused."""

from __future__ import annotations

import ctypes
import json

import numpy as np
import pytest
from console_library import ConsoleModule, build
from fake import HELLO, INPUTS
from hypothesis import given, settings
from hypothesis import strategies as st
from live_console import ALL, LiveConsole, bench, free
from lottava.calibration.fit import FitError, Point, fit_input, fit_output
from lottava.calibration.link import RefusedError
from lottava.calibration.procedure import ProcedureError, calibrate, default_plan
from lottava.calibration.sweep import matching_code
from lottava.emulator import FrontEnd
from typer.testing import CliRunner

from lottava import cli
from lottava.board import ADC_FULL_SCALE, BOARD, DAC_FULL_SCALE, USUAL_SOURCE_OHMS
from lottava.messages import CONTACTS, REFERENCE_NODE, Capability, ErrorCode, Route
from lottava.record import MEASURED_OUTPUTS, PITCH_INPUT, Record
from lottava.verbs import _trial

UNITS = 20
SELF_LIMIT_CENTS, SOURCE_LIMIT_CENTS = 7.0, 3.5
WAYS = {way.name: way for way in _trial.ways()}


@pytest.mark.parametrize(
    ("way", "limit"),
    [
        ("self, then one cable", SELF_LIMIT_CENTS),
        ("source at 1 V and 3 V, then one cable", SOURCE_LIMIT_CENTS),
        ("source at each volt, -2 .. 6 V", SOURCE_LIMIT_CENTS),
        ("meter at the outputs, then one cable", SOURCE_LIMIT_CENTS),
    ],
)
def test_every_route_ends_in_tune(way: str, limit: float) -> None:
    found = [_trial.calibrate_unit(WAYS[way], seed) for seed in range(UNITS)]
    assert max(one.input_cents for one in found) < limit
    assert max(one.output_cents or 0.0 for one in found) < limit


def test_two_points_leave_the_converters_bend() -> None:
    """1.5 mV at its pin are 5 mV at the jack, twice or three times that where it is carried on to."""
    for way in ("self, nothing patched", "source at 1 V and 3 V"):
        found = [_trial.calibrate_unit(WAYS[way], seed).input_cents for seed in range(UNITS)]
        assert SELF_LIMIT_CENTS < max(found) < 25.0


def test_an_output_that_bends_is_not_trusted() -> None:
    """A DAC may bend by 4 codes, twice what the input does: V/OCT then stays as its own points have it."""
    plain = [_trial.calibrate_unit(WAYS["source at 1 V and 3 V"], seed).input_cents for seed in range(UNITS)]
    bent = [_trial.calibrate_unit(WAYS["source at 1 V and 3 V, then one cable"], seed, 4.0) for seed in range(UNITS)]
    kept = [abs(one.input_cents - alone) < 2.0 for one, alone in zip(bent, plain, strict=True)]
    assert sum(kept) >= 0.8 * UNITS


def test_the_bench_prints_and_logs(tmp_path) -> None:  # type: ignore[no-untyped-def]
    log = tmp_path / "log.jsonl"
    shown = CliRunner().invoke(cli.build(), ["bench", "calibration", "--units", "2", "--write", str(log)])
    assert shown.exit_code == 0, shown.output
    assert all(name in shown.stdout for name in WAYS)
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["way"] for row in rows] == list(WAYS)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build(tmp_path_factory.mktemp("console"))


def test_self_reference_and_a_cable_over_the_real_console(library: ctypes.CDLL) -> None:
    board = free(FrontEnd.random(3))
    console = LiveConsole(library, board)

    def cable(output: str, jack: str) -> bool:
        board.connect(output, jack)
        return True

    report = calibrate(bench(console), None, default_plan(route=Route.REFERENCE), route=Route.REFERENCE, cable=cable)
    stored, _ = bench(console).read_record()
    assert stored.measured == 2**INPUTS - 1 | 0b11 << MEASURED_OUTPUTS
    assert [output.name for output in report.outputs] == ["PITCH_CV", "ENV_CV"]
    assert not (console.calibrating or console.is_holding)
    module = _trial.AnalogueModule(board, 0)
    module.record = stored
    board.set_volts("V_OCT", 0.0)
    assert _trial.input_cents(module) < SELF_LIMIT_CENTS
    assert _trial.output_cents(module) < SELF_LIMIT_CENTS
    expected = board.parts.reference_volts / board.parts.supply_volts * ADC_FULL_SCALE
    assert abs(stored.reference_code - expected) < 35  # the converter's curve, and noise
    env = [board.output_volts([0, float(code)])[1] for code in stored.output_code(1, [0.5, 4.0, 7.5])]
    assert env == pytest.approx([0.5, 4.0, 7.5], abs=0.02)


@pytest.mark.parametrize("jack", [cv.name for cv in BOARD.cv_inputs])
def test_a_cable_where_none_may_be_is_named(library: ctypes.CDLL, jack: str) -> None:
    console = LiveConsole(library, free(FrontEnd.ideal(), jack))
    console.blocks(1)
    with pytest.raises(RefusedError, match=f"^{jack} is patched and must be free; pull its cable") as refused:
        bench(console).begin(Route.REFERENCE)
    assert (refused.value.reply.code, BOARD.jacks[refused.value.reply.index].name) == (ErrorCode.JACK_PATCHED, jack)
    assert not console.calibrating
    bench(console).begin(Route.SOURCE)
    assert console.calibrating


def test_a_cable_put_in_meanwhile_is_named_and_changes_nothing(library: ctypes.CDLL) -> None:
    board = free(FrontEnd.random(1))
    console = LiveConsole(library, board)
    seen: list[str] = []

    def progress(done: int, total: int, words: str) -> None:
        seen.append(words)
        if words.startswith("MORPH +2.5"):
            board.set_volts("MORPH", 2.5)

    with pytest.raises(RefusedError, match="MORPH is patched"):
        calibrate(bench(console), None, default_plan(route=Route.REFERENCE), route=Route.REFERENCE, progress=progress)
    assert (console.writes, console.is_holding) == (0, False)


def test_a_source_in_the_wrong_jack_is_named(library: ctypes.CDLL) -> None:
    board = free(FrontEnd.random(1), "Z1")
    with pytest.raises(FitError, match="V_OCT: no cable is in this jack"):
        calibrate(bench(LiveConsole(library, board)), lambda jack, volts: volts, default_plan(["V_OCT"]))


def test_what_is_held_is_held_by_its_route_only(library: ctypes.CDLL) -> None:
    console = LiveConsole(library, free(FrontEnd.ideal()))
    console.blocks(1)
    module = bench(console)
    with pytest.raises(RefusedError, match="not calibrating"):
        module.drive(0, 100.0)
    module.begin(Route.REFERENCE)
    with pytest.raises(RefusedError, match="refused a value"):
        module.drive(0, 100.0)
    module.drive_contacts(True)
    assert module.read_point(2, 20).code == pytest.approx(BOARD.cv_inputs[2].code(2.5), abs=1)
    assert module.read_point(REFERENCE_NODE, 20).code == pytest.approx(2.5 / 3.3 * ADC_FULL_SCALE, abs=1)
    module.drive_contacts(False)
    assert module.read_point(2, 20).code == pytest.approx(BOARD.cv_inputs[2].code(0.0), abs=1)
    module.begin(Route.OUTPUT)
    assert not console.is_holding
    with pytest.raises(RefusedError, match="refused a value"):
        module.drive(CONTACTS + 1, 0.0)
    module.drive(1, 4095.0)
    assert console.is_holding
    console.blocks_per_read = 1
    module.abort()
    assert not console.is_holding


def test_a_tool_that_went_away_is_given_up(library: ctypes.CDLL) -> None:
    console = ConsoleModule(library, hello=ALL.pack())
    module = bench(console)
    module.begin(Route.OUTPUT)
    module.drive(0, 2000.0)
    codes, volts = bytes(2 * INPUTS), bytes(4 * INPUTS)
    for _ in range(599_000):
        library.console_block(console._memory, codes, volts)
    module.drive(0, 2001.0)
    for _ in range(599_000):
        library.console_block(console._memory, codes, volts)
    assert library.console_calibrating(console._memory)
    for _ in range(2000):
        library.console_block(console._memory, codes, volts)
    assert not library.console_calibrating(console._memory)


def test_a_cable_without_volts_is_refused() -> None:
    module = _trial.AnalogueModule(FrontEnd.ideal(), 0)
    for route, jack in ((Route.REFERENCE, "Z1"), (Route.OUTPUT, "ENV_CV")):
        with pytest.raises(ProcedureError, match="tells no volts by itself"):
            calibrate(module, None, default_plan([jack], route), route=route, cable=lambda *_: True)  # type: ignore[arg-type]
    with pytest.raises(ProcedureError, match="no CV output is called V_OCT; there are PITCH_CV, ENV_CV"):
        default_plan(["V_OCT"], Route.OUTPUT)


def test_a_declined_cable_leaves_its_part_out() -> None:
    front_end = free(FrontEnd.random(2))
    module = _trial.AnalogueModule(front_end, 0)
    plan = default_plan(route=Route.REFERENCE)
    report = calibrate(module, None, plan, route=Route.REFERENCE, cable=lambda *_: False)  # type: ignore[arg-type]
    assert report.outputs == ()
    assert module.record.measured == 2**INPUTS - 1
    assert module.record.output_gain == Record().output_gain


def test_a_cable_that_is_not_there_is_noticed() -> None:
    front_end = free(FrontEnd.random(2))
    module = _trial.AnalogueModule(front_end, 0)

    def cable(output: str, jack: str) -> bool:
        front_end.set_volts("V_OCT", 0.0)
        return True

    with pytest.raises(FitError, match="does not follow PITCH_CV"):
        calibrate(  # type: ignore[misc]
            module,  # type: ignore[arg-type]
            None,
            default_plan(route=Route.REFERENCE),
            route=Route.REFERENCE,
            cable=cable,
        )
    assert module.record == Record()


def test_a_supply_that_moved_is_carried_over() -> None:
    """Z1 was calibrated at another 3V3_A than V/OCT is now: its old volts are brought to today's."""
    front_end = free(FrontEnd.random(5))
    module = _trial.AnalogueModule(front_end, 0)
    plan = default_plan(route=Route.REFERENCE)
    calibrate(module, None, plan, route=Route.REFERENCE)  # type: ignore[arg-type]
    front_end.set_supply(1.004 * front_end.parts.supply_volts)
    calibrate(  # type: ignore[misc]
        module,  # type: ignore[arg-type]
        lambda jack, volts: (front_end.set_volts(jack, volts), volts)[1],
        default_plan(["V_OCT"]),
        check_volts=(),
    )
    front_end.set_volts("Z1", 5.0)
    code = front_end.mean_code(*module._pins[2])
    assert float(module.record.input_volts(2, code)) == pytest.approx(5.0, abs=0.015)


@given(st.floats(-3, 7), st.floats(0, 10e3))
def test_what_reads_the_same_goes_both_ways(volts: float, ohms: float) -> None:
    jack = BOARD.cv_inputs[PITCH_INPUT]
    there = jack.same_reading(volts, USUAL_SOURCE_OHMS, ohms)
    assert jack.same_reading(there, ohms, USUAL_SOURCE_OHMS) == pytest.approx(volts)


@settings(max_examples=50)
@given(st.floats(0.96, 1.04), st.floats(-0.2, 0.2), st.lists(st.floats(0, DAC_FULL_SCALE), min_size=2, max_size=9))
def test_an_output_is_found_from_any_points(gain: float, shift: float, codes: list[float]) -> None:
    cv = BOARD.cv_outputs[0]
    offset = gain * cv.nominal_offset + shift
    points = [Point(gain * cv.nominal_gain * code / DAC_FULL_SCALE + offset, code) for code in codes]
    if np.ptp([point.volts for point in points]) < 1.0:
        with pytest.raises(FitError, match="PITCH_CV: moves by"):
            fit_output(cv, points)
        return
    line = fit_output(cv, points)
    assert line.gain == pytest.approx(gain * cv.nominal_gain, rel=1e-6)
    assert line.volts(line.code(1.5)) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([], "moves by nothing"),
        ([Point(-4, 3700), Point(-3.99, 400)], "moves by 0.010 V"),
        ([Point(-4, 400), Point(4, 3700)], "5 % is the limit"),
        ([Point(-4, 3700), Point(0.2, 2055), Point(4, 410)], "off the line"),
        ([Point(-3.6, 3700), Point(4.4, 410)], "where 0 V is meant"),
    ],
)
def test_an_implausible_output_is_refused(points: list[Point], words: str) -> None:
    with pytest.raises(FitError, match=f"^PITCH_CV: .*{words}"):
        fit_output(BOARD.cv_outputs[0], points)


def test_two_points_keep_a_bend_that_is_known() -> None:
    cv = BOARD.cv_inputs[PITCH_INPUT]
    knots = tuple(5e-3 * np.sin(np.arange(11)))
    nine = [Point(float(v), cv.code(v - float(np.interp(v, np.arange(-3, 8), knots)))) for v in range(-2, 7)]
    fitted = fit_input(cv, [nine[3], nine[5]], with_knots=True, known_knots=knots)
    assert fitted.knots == pytest.approx(knots)
    assert [fitted.volts(point.code) for point in nine] == pytest.approx([point.volts for point in nine], abs=1e-4)


def test_a_code_beyond_the_sweep_is_refused() -> None:
    sweep = [Point(100.0, 20_000.0), Point(3000.0, 50_000.0)]
    assert matching_code(sweep, 35_000.0) == pytest.approx(1550.0)
    with pytest.raises(FitError, match="does not reach"):
        matching_code(sweep, 10_000.0)


def test_firmware_that_cannot_is_told(library: ctypes.CDLL) -> None:
    console = ConsoleModule(library)
    with pytest.raises(Exception, match="can't calibrate from a reference"):
        calibrate(bench(console), None, default_plan(route=Route.REFERENCE), route=Route.REFERENCE)
    assert not HELLO.capabilities & Capability.CALIBRATE_REFERENCE
