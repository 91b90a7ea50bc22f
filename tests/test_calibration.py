# SPDX-License-Identifier: MIT
"""The bench: the whole procedure against modules of any sane error, and against everything that goes wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake import HELLO, INPUTS, NOISE_CODES, Clock, FakeFrontEnd, FakeModule
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.calibration import link as links
from lottava.calibration.fit import FitError
from lottava.calibration.link import Link, LinkError, NoAnswerError, RefusedError, open_port
from lottava.calibration.module import Module
from lottava.calibration.procedure import PITCH_VOLTS, ProcedureError, calibrate, default_plan
from lottava.calibration.report import save

from lottava.board import BOARD
from lottava.messages import Capability, Command, Empty
from lottava.record import PITCH_INPUT, Record


def bench(fake: FakeModule) -> Module:
    return Module(Link(fake, clock=Clock()))


def pitch_cents(fake: FakeModule, low: float = -2.0, high: float = 6.0) -> float:
    """Worst V/OCT error of the record in use, without noise."""
    errors = []
    for volts in np.linspace(low, high, 49):
        fake.front_end.volts["V_OCT"] = float(volts)
        errors.append(float(fake.record.input_volts(PITCH_INPUT, fake.front_end.clean_codes()[PITCH_INPUT])) - volts)
    return 1200 * max(map(abs, errors))


@given(
    gain=st.lists(st.floats(0.96, 1.04), min_size=INPUTS, max_size=INPUTS),
    offset=st.lists(st.floats(-0.15, 0.15), min_size=INPUTS, max_size=INPUTS),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=30, deadline=None)
def test_any_sane_module_ends_within_2_cents(gain: list[float], offset: list[float], seed: int) -> None:
    front_end = FakeFrontEnd(gain, offset, NOISE_CODES, random=np.random.default_rng(seed))
    fake = FakeModule(front_end)
    report = calibrate(bench(fake), front_end.source, default_plan())
    assert pitch_cents(fake, -3.0, 7.0) < 2.0
    assert fake.record.measured == 2**INPUTS - 1
    assert report.sequence == fake.record.sequence == 1
    pitch = report.jacks[PITCH_INPUT]
    assert pitch.cents_after is not None
    assert pitch.cents_after < 2.0
    assert all(jack.fitted.worst_after_volts < 0.005 for jack in report.jacks)
    assert not fake.calibrating


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_a_converter_that_bends_ends_within_4_cents(seed: int) -> None:
    front_end = FakeFrontEnd(noise_codes=NOISE_CODES, bend_volts=5e-3, random=np.random.default_rng(seed))
    fake = FakeModule(front_end)
    assert pitch_cents(fake) > 4.0
    calibrate(bench(fake), front_end.source, default_plan(["V_OCT"]))
    assert pitch_cents(fake) < 2.5


@pytest.mark.parametrize("name", [cv.name for cv in BOARD.cv_inputs])
def test_a_dead_channel_is_named_and_the_old_record_stays(name: str) -> None:
    front_end = FakeFrontEnd(noise_codes=NOISE_CODES, dead=frozenset({name}))
    fake = FakeModule(front_end)
    with pytest.raises(FitError, match=f"^{name}: does not move"):
        calibrate(bench(fake), front_end.source, default_plan())
    assert (fake.record, fake.commits, fake.calibrating) == (Record(), 0, False)


def test_a_noisy_channel_is_named() -> None:
    front_end = FakeFrontEnd(noise_codes=200.0)
    with pytest.raises(FitError, match="V rms of noise"):
        calibrate(bench(FakeModule(front_end)), front_end.source, default_plan())


@pytest.mark.parametrize("error", [KeyboardInterrupt, FitError])
def test_whatever_happens_at_the_source_leaves_the_module_as_it_was(error: type[BaseException]) -> None:
    fake = FakeModule()

    def source(jack: str, volts: float) -> float:
        if volts > 1:
            raise error
        return fake.front_end.source(jack, volts)

    with pytest.raises(error):
        calibrate(bench(fake), source, default_plan())
    assert (fake.record, fake.commits, fake.calibrating) == (Record(), 0, False)


def test_one_jack_keeps_the_others() -> None:
    front_end = FakeFrontEnd(gain=[1.02] * INPUTS)
    fake = FakeModule(front_end)
    calibrate(bench(fake), front_end.source, default_plan(["LEVEL"]))
    level = fake.record
    calibrate(bench(fake), front_end.source, default_plan(["V_OCT"]))
    assert fake.record.input_gain[1] == level.input_gain[1] != Record().input_gain[1]
    assert fake.record.input_gain[2:] == Record().input_gain[2:]
    assert fake.record.measured == 0b11
    with pytest.raises(ProcedureError, match="V_OCT, LEVEL"):
        default_plan(["Z9"])


def test_undo_returns_and_undo_again_brings_back() -> None:
    front_end = FakeFrontEnd(gain=[1.02] * INPUTS)
    fake = FakeModule(front_end)
    module = bench(fake)
    with pytest.raises(RefusedError, match="no earlier calibration"):
        module.undo()
    calibrate(module, front_end.source, default_plan(["V_OCT"]))
    found = fake.record
    module.undo()
    assert replace(module.read_record()[0], sequence=0, serial=bytes(12)) == Record()
    module.undo()
    assert replace(module.read_record()[0], sequence=1) == found
    fake.reboot()
    assert fake.record.input_gain == found.input_gain


def test_a_meter_may_disagree_with_what_was_asked() -> None:
    fake = FakeModule(FakeFrontEnd(noise_codes=NOISE_CODES))

    def rough_source(jack: str, volts: float) -> float:
        return fake.front_end.source(jack, volts * 1.03 + 0.01)

    calibrate(bench(fake), rough_source, default_plan(["V_OCT"]))
    assert pitch_cents(fake) < 2.0


def test_the_report_is_kept_by_serial_number(tmp_path: Path) -> None:
    fake = FakeModule(FakeFrontEnd(gain=[1.02] * INPUTS))
    said: list[tuple[int, int, str]] = []
    report = calibrate(
        bench(fake),
        fake.front_end.source,
        default_plan(),
        created_unix=1_700_000_000,
        progress=lambda *words: said.append(words),
    )
    path = save(report, tmp_path / "new" / "folder")
    assert path.name == "000102030405060708090a0b-0001.json"
    stored = json.loads(path.read_text())
    assert stored["jacks"][0]["cents_before"] > 40.0 > 1.0 > stored["jacks"][0]["cents_after"]
    assert stored["jacks"][1]["gain_percent"] == pytest.approx(-2.0, abs=0.1)
    assert fake.record.created_unix == stored["created_unix"] == 1_700_000_000
    assert [done for done, _, _ in said] == list(range(said[-1][1] + 1))
    assert "cents_after" not in stored["jacks"][1]
    assert [path] == list(path.parent.iterdir())


def test_lost_replies_are_asked_for_again_and_nothing_is_stored_twice() -> None:
    fake = FakeModule()
    module = bench(fake)
    fake.lose = 2
    assert module.hello() == HELLO
    module.begin()
    fake.lose = 1
    assert module.commit(Record()) == 1
    assert fake.commits == 1
    fake.lose = 3
    with pytest.raises(NoAnswerError, match="no answer to 'hello' in 3 tries"):
        module.hello()


def test_garbage_before_a_reply_is_skipped() -> None:
    fake = FakeModule()
    fake.garbage = b"boot message\r\n\x00\x05\x01\x00"
    assert bench(fake).hello() == HELLO


def test_another_protocol_is_named() -> None:
    with pytest.raises(LinkError, match="speaks protocol 2"):
        bench(FakeModule(hello=replace(HELLO, protocol=2))).hello()
    without = int(HELLO.capabilities) & ~int(Capability.CALIBRATE_SOURCE)
    with pytest.raises(LinkError, match="can't calibrate"):
        calibrate(bench(FakeModule(hello=replace(HELLO, capabilities=without))), lambda *_: 0.0, default_plan())


def test_a_module_that_lacks_a_command_says_so() -> None:
    with pytest.raises(RefusedError, match="can't do 'selftest'"):
        bench(FakeModule()).link.ask(Command.SELFTEST, Empty())


def test_a_refused_record_says_what_and_changes_nothing() -> None:
    fake = FakeModule()
    module = bench(fake)
    with pytest.raises(RefusedError, match="not calibrating"):
        module.commit(Record())
    module.begin()
    bad = replace(Record(), input_gain=(-12.0, *Record().input_gain[1:]))
    with pytest.raises(RefusedError, match=r"refused the calibration.*input gain, number 0"):
        module.commit(bad)
    assert fake.record == Record()


def test_a_missing_port_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="no such port"):
        open_port(str(tmp_path / "ttyNONE"))
    with pytest.raises(LinkError, match="can't be opened"):
        open_port("nonsense://port")


@pytest.mark.parametrize(
    ("number", "words"), [(2, "no such port"), (13, "group"), (16, "in use"), (5, "can't be opened")]
)
def test_each_way_not_to_open_has_its_words(number: int, words: str) -> None:
    assert words in links._why_not_open("/dev/x", OSError(number, "why"))


def test_a_port_that_vanishes_is_named() -> None:
    fake = FakeModule()
    module = bench(fake)

    def gone(size: int) -> bytes:
        raise OSError("device disconnected")

    fake.read = gone  # type: ignore[method-assign]
    with pytest.raises(LinkError, match="the port is gone"):
        module.hello()


def test_link_closes_its_port() -> None:
    fake = FakeModule()
    with Link(fake, clock=Clock()) as link:
        assert Module(link).monitor().axes == (0.5, -0.5, 0.0, 1.0)
    assert fake.closed


def test_the_default_plan_stays_inside_the_jacks() -> None:
    for name, voltages in default_plan().items():
        low, high = BOARD.cv_inputs[BOARD.input_index(name)].jack.range_volts
        assert all(low <= volts <= high for volts in voltages)
    assert default_plan()["V_OCT"] == PITCH_VOLTS
