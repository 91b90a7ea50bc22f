# SPDX-License-Identifier: MIT
"""The firmware's console in C: the same bytes as Python, the whole procedure, and a flash that fails."""

from __future__ import annotations

import ctypes
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from console_library import ERASED, ConsoleModule, build, compile_console
from fake import HELLO, NOISE_CODES, Clock, FakeFrontEnd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lottava.calibration.link import Link, NoAnswerError, RefusedError
from lottava.calibration.module import Module
from lottava.calibration.procedure import calibrate, default_plan
from wire_values import FRAMES, message, plausible

from lottava import messages as say
from lottava import record as records
from lottava import wire
from lottava.layout import Layout
from lottava.messages import Capability, Command, Empty, ErrorCode, ErrorReply
from lottava.record import RECORD_BYTES, Record, RecordError, RecordFault
from lottava.wire import Frame

FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
ALL = replace(
    HELLO,
    capabilities=int(Capability.SETTINGS * 2 - 1 | Capability.CALIBRATE_SOURCE | Capability.BENCH_CASE),
)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build(tmp_path_factory.mktemp("console"))


@pytest.fixture
def console(library: ctypes.CDLL) -> ConsoleModule:
    return ConsoleModule(library, hello=ALL.pack())


def said(console: ConsoleModule) -> list[tuple[Command, Layout]]:
    return [wire.parse_reply(frame) for frame in wire.Decoder().feed(console.transmit())]


def ask(console: ConsoleModule, command: int, payload: bytes = b"", sequence: int = 1) -> list[tuple[Command, Layout]]:
    console.write(wire.encode(Frame(command, sequence, payload)))
    return said(console)


def test_cases_are_measured_where_there_are_some(library: ctypes.CDLL, console: ConsoleModule) -> None:
    module = Module(Link(console, clock=Clock()))
    assert module.bench_case(0) == say.BenchCaseReply(1000, 2, b"first".ljust(24, b"\0"))
    assert module.bench_case(1) == say.BenchCaseReply(1001, 2, b"a_name_of_all_24_letters")
    with pytest.raises(RefusedError, match="refused a value"):
        module.bench_case(2)
    none = ConsoleModule(library)
    assert ask(none, Command.BENCH_CASE, say.BenchCaseRequest(0).pack()) == error(
        Command.BENCH_CASE, ErrorCode.UNSUPPORTED
    )


def error(command: int, code: ErrorCode, detail: int = 0, index: int = 0) -> list[tuple[Command, Layout]]:
    return [(Command.ERROR, ErrorReply(command, code, detail, index))]


@given(frame=FRAMES)
def test_both_encode_the_same_bytes(library: ctypes.CDLL, frame: Frame) -> None:
    out = ctypes.create_string_buffer(wire.MAX_ENCODED)
    payload = frame.payload
    size = library.wire_encode(frame.command, frame.sequence, payload, ctypes.c_size_t(len(payload)), out)
    assert out.raw[:size] == wire.encode(frame)
    assert library.wire_crc16(payload, ctypes.c_size_t(len(payload))) == wire.crc16(payload)


@given(pieces=st.lists(st.one_of(FRAMES.map(wire.encode), st.binary(max_size=300), st.just(b"\0")), max_size=6))
def test_both_decode_the_same_frames(library: ctypes.CDLL, pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    out = ctypes.create_string_buffer(2 * len(data) + 600)
    size = library.wire_decode(data, ctypes.c_size_t(len(data)), out)
    found, place = [], 0
    while place < size:
        command, sequence, count = (
            out.raw[place],
            out.raw[place + 1],
            int.from_bytes(out.raw[place + 2 : place + 4], "little"),
        )
        found.append(Frame(command, sequence, out.raw[place + 4 : place + 4 + count]))
        place += 4 + count
    assert found == wire.Decoder().feed(data)


def unpack(library: ctypes.CDLL, data: bytes) -> tuple[RecordFault, int, bytes]:
    out = ctypes.create_string_buffer(RECORD_BYTES)
    verdict = library.record_unpack(data, ctypes.c_size_t(len(data)), out)
    return RecordFault(verdict & 0xFF), verdict >> 8, out.raw


@given(record=plausible())
def test_both_pack_identical_records(library: ctypes.CDLL, record: Record) -> None:
    image = records.pack(record)
    assert unpack(library, image) == (RecordFault.NONE, 0, image)


def test_both_have_the_same_defaults(library: ctypes.CDLL) -> None:
    out = ctypes.create_string_buffer(RECORD_BYTES)
    library.record_defaults(out)
    assert out.raw == records.pack(Record())


@given(
    record=plausible(),
    place=st.integers(0, RECORD_BYTES - 5),
    value=st.binary(min_size=1, max_size=4),
    seal=st.booleans(),
    size=st.integers(0, RECORD_BYTES),
)
@settings(max_examples=300)
def test_both_refuse_the_same_records_for_the_same_reason(
    library: ctypes.CDLL, record: Record, place: int, value: bytes, seal: bool, size: int
) -> None:
    image = bytearray(records.pack(record))
    image[place : place + len(value)] = value
    if seal:
        image[-4:] = zlib.crc32(image[:-4]).to_bytes(4, "little")
        size = RECORD_BYTES
    fault, index = RecordFault.NONE, 0
    try:
        records.unpack(bytes(image[:size]))
    except RecordError as refused:
        fault, index = refused.fault, refused.index
    assert unpack(library, bytes(image[:size]))[:2] == (fault, index)


def test_the_whole_procedure_over_the_real_console(library: ctypes.CDLL) -> None:
    random = np.random.default_rng(3)
    gain, offset = list(random.uniform(0.97, 1.03, 7)), list(random.uniform(-0.1, 0.1, 7))
    front_end = FakeFrontEnd(gain, offset, NOISE_CODES, bend_volts=4e-3)
    console = ConsoleModule(library, front_end, ALL.pack())
    nominal = console.calibration()
    assert nominal is not None
    report = calibrate(Module(Link(console, clock=Clock())), front_end.source, default_plan())
    assert report.jacks[0].cents_before > 20.0 > 2.5 > report.jacks[0].cents_after
    used = console.calibration()
    assert used is not None
    assert not np.array_equal(used, nominal)
    assert console.calibration() is None
    console.reboot()
    assert np.array_equal(console.calibration(), used)
    stored, slot = Module(Link(console, clock=Clock())).read_record()
    assert (stored.sequence, slot, stored.serial) == (1, 0, HELLO.serial)
    assert np.allclose(used[-11:], stored.v_oct_knots, atol=1e-9)


def test_points_are_averaged_exactly(console: ConsoleModule) -> None:
    console.front_end = FakeFrontEnd(noise_codes=40.0, random=np.random.default_rng(5))
    twin = FakeFrontEnd(noise_codes=40.0, random=np.random.default_rng(5))
    console.blocks_per_read = 100
    module = Module(Link(console, clock=Clock()))
    module.begin()
    reading = module.read_point(3, 100)
    codes = twin.codes(100)[:, 3].astype(float)
    assert reading.code == pytest.approx(codes.mean(), abs=1 / 256)
    assert reading.deviation_codes == pytest.approx(codes.std(), abs=0.02)
    assert (reading.lowest, reading.highest, reading.count) == (codes.min(), codes.max(), 100)


def test_monitor_and_hello_tell_what_main_knows(console: ConsoleModule) -> None:
    console.front_end.volts["Z2"] = 4.0
    console.blocks(5)
    module = Module(Link(console, clock=Clock()))
    assert module.hello() == replace(ALL, protocol=1, record_version=1)
    reading = module.monitor()
    assert reading.blocks == 5
    assert reading.cv_volts[3] == pytest.approx(4.0, abs=1e-3)
    assert reading.cv_codes[3] == round(console.front_end.clean_codes()[3])


def test_identify_counts_down(console: ConsoleModule) -> None:
    assert ask(console, Command.IDENTIFY, b"\2") == [(Command.IDENTIFY, Empty())]
    assert console.identify_blocks() == 2000
    console.blocks(1999)
    assert console.identify_blocks() == 1
    console.blocks(5)
    assert console.identify_blocks() == 0


@pytest.mark.parametrize(("command", "action"), [(Command.REBOOT, 1), (Command.REBOOT_DFU, 2), (Command.FACTORY, 3)])
def test_actions_wait_for_the_reply_and_keep_the_record(console: ConsoleModule, command: Command, action: int) -> None:
    module = Module(Link(console, clock=Clock()))
    module.begin()
    module.commit(Record())
    console.write(wire.request(command, 9, Empty()))
    assert console.action() == 0
    assert said(console) == [(command, Empty())]
    assert console.action() == action
    assert console.action() == 0
    assert records.latest(console.slots[:RECORD_BYTES], console.slots[RECORD_BYTES:])[0].sequence == 1


def test_what_it_cannot_do_is_refused_with_a_code(library: ctypes.CDLL, console: ConsoleModule) -> None:
    assert ask(console, Command.BANK_LIST, b"\0") == error(Command.BANK_LIST, ErrorCode.UNSUPPORTED)
    assert ask(console, 0x6E) == error(0x6E, ErrorCode.UNKNOWN_COMMAND)
    assert ask(console, Command.HELLO, b"x") == error(Command.HELLO, ErrorCode.BAD_LENGTH)
    assert ask(console, Command.CALIBRATE_BEGIN, b"\3") == error(Command.CALIBRATE_BEGIN, ErrorCode.BAD_VALUE)
    assert ask(console, Command.CALIBRATE_BEGIN, b"\1") == error(Command.CALIBRATE_BEGIN, ErrorCode.UNSUPPORTED)
    point = say.CalibratePointRequest(1, 0).pack()
    assert ask(console, Command.CALIBRATE_POINT, point) == error(Command.CALIBRATE_POINT, ErrorCode.NOT_CALIBRATING)
    assert ask(console, Command.CALIBRATE_UNDO) == error(Command.CALIBRATE_UNDO, ErrorCode.NOTHING_TO_UNDO)
    assert ask(console, Command.HELLO | 0x80) == []
    deaf = ConsoleModule(library, hello=replace(HELLO, capabilities=0).pack())
    assert ask(deaf, Command.MONITOR) == error(Command.MONITOR, ErrorCode.UNSUPPORTED)


@pytest.mark.parametrize("values", [(0, 0), (4097, 0), (1, 8)])
def test_points_out_of_range_are_refused(console: ConsoleModule, values: tuple[int, int]) -> None:
    ask(console, Command.CALIBRATE_BEGIN, b"\0")
    point = say.CalibratePointRequest(*values).pack()
    assert ask(console, Command.CALIBRATE_POINT, point) == error(Command.CALIBRATE_POINT, ErrorCode.BAD_VALUE)


def test_one_slow_request_at_a_time(console: ConsoleModule) -> None:
    ask(console, Command.CALIBRATE_BEGIN, b"\0")
    point = say.CalibratePointRequest(10, 0).pack()
    assert ask(console, Command.CALIBRATE_POINT, point, 5) == []
    assert ask(console, Command.CALIBRATE_POINT, point, 5) == []  # a repeat waits for the same reply
    assert ask(console, Command.CALIBRATE_POINT, point, 6) == error(Command.CALIBRATE_POINT, ErrorCode.BUSY)
    assert ask(console, Command.HELLO, sequence=7)[0][0] is Command.HELLO
    console.blocks(10)
    (frame,) = wire.Decoder().feed(console.transmit())
    assert (frame.command, frame.sequence) == (Command.CALIBRATE_POINT | 0x80, 5)
    assert ask(console, Command.CALIBRATE_POINT, point, 8) == []
    assert ask(console, Command.CALIBRATE_ABORT) == [(Command.CALIBRATE_ABORT, Empty())]
    console.blocks(20)
    assert said(console) == []


def commit_frame(record: Record, sequence: int = 3) -> bytes:
    message = say.CalibrateCommitRequest(records.pack(record))
    return wire.request(Command.CALIBRATE_COMMIT, sequence, message)


def test_a_commit_is_answered_after_reading_back_and_a_repeat_writes_nothing(console: ConsoleModule) -> None:
    ask(console, Command.CALIBRATE_BEGIN, b"\0")
    console.write(commit_frame(Record()))
    assert said(console) == []
    console.write(commit_frame(Record()))
    console.blocks(10)
    assert said(console) == [(Command.CALIBRATE_COMMIT, say.StoredReply(1, 0))]
    console.write(commit_frame(Record()))
    assert said(console) == [(Command.CALIBRATE_COMMIT, say.StoredReply(1, 0))]
    assert console.writes == 1
    ask(console, Command.HELLO)
    console.write(commit_frame(Record()))
    assert said(console) == error(Command.CALIBRATE_COMMIT, ErrorCode.NOT_CALIBRATING)


@pytest.mark.parametrize("fault", [1, 2, 3, 4])
def test_a_flash_that_fails_leaves_the_old_record_in_use(console: ConsoleModule, fault: int) -> None:
    module = Module(Link(console, clock=Clock()))
    module.begin()
    module.commit(replace(Record(), created_unix=1))
    used = console.calibration()
    console.fault(fault)
    module.begin()
    changed = replace(Record(), created_unix=2, v_oct_knots=(0.01,) * 11)
    console.write(commit_frame(changed))
    console.blocks(2100)
    assert said(console) == error(Command.CALIBRATE_COMMIT, ErrorCode.STORAGE_FAILED)
    assert used is not None
    assert console.calibration() is None
    assert records.unpack(console.slots[:RECORD_BYTES]).created_unix == 1
    console.reboot()
    kept = Module(Link(console, clock=Clock())).read_record()[0].created_unix
    assert kept in ((1, 2) if fault == 3 else (1,))  # a write that ended unseen is as good as the old one


@pytest.mark.parametrize("fault", list(RecordFault)[RecordFault.MAGIC : RecordFault.SETTING])
def test_a_refused_record_names_its_fault(console: ConsoleModule, fault: RecordFault) -> None:
    image = bytearray(records.pack(Record()))
    place = {RecordFault.MAGIC: 0, RecordFault.VERSION: 4, RecordFault.LENGTH: 7, RecordFault.INPUT_GAIN: 35}
    place |= {
        RecordFault.INPUT_OFFSET: 62,
        RecordFault.OUTPUT_GAIN: 91,
        RecordFault.OUTPUT_OFFSET: 98,
        RecordFault.KNOT: 105,
    }
    if fault is RecordFault.NOT_FINITE:
        image[32:36] = b"\xff" * 4
    else:
        image[place.get(fault, 188)] ^= 0x40
    if fault is not RecordFault.CHECKSUM:
        image[-4:] = zlib.crc32(image[:-4]).to_bytes(4, "little")
    ask(console, Command.CALIBRATE_BEGIN, b"\0")
    answer = ask(console, Command.CALIBRATE_COMMIT, bytes(image))
    assert answer == error(Command.CALIBRATE_COMMIT, ErrorCode.RECORD_REFUSED, fault)
    assert console.writes == 0


def test_undo_goes_back_and_forth_and_survives_a_reboot(console: ConsoleModule) -> None:
    module = Module(Link(console, clock=Clock()))
    for knot in (0.01, 0.02):
        module.begin()
        module.commit(replace(Record(), v_oct_knots=(knot,) * 11))
    for sequence, knot in ((3, 0.01), (4, 0.02), (5, 0.01)):
        assert module.undo() == sequence
        console.reboot()
        assert module.read_record()[0].v_oct_knots[0] == pytest.approx(knot)


def test_undo_of_the_first_returns_to_the_defaults(console: ConsoleModule) -> None:
    module = Module(Link(console, clock=Clock()))
    module.begin()
    module.commit(replace(Record(), v_oct_knots=(0.01,) * 11))
    module.undo()
    assert module.read_record()[0].v_oct_knots == (0.0,) * 11
    console.create(console.slots[:RECORD_BYTES] + b"\7" * RECORD_BYTES)
    with pytest.raises(RefusedError, match="no earlier"):
        module.undo()


def test_power_up_takes_the_newer_good_slot(library: ctypes.CDLL, console: ConsoleModule) -> None:
    def slot(sequence: int) -> bytes:
        return records.pack(replace(Record(), sequence=sequence, created_unix=sequence))

    blank = ERASED[:RECORD_BYTES]
    cases = {(blank, blank): None, (slot(1), blank): 0, (slot(1), slot(2)): 1, (slot(0), slot(2**32 - 1)): 0}
    for (first, second), expected in cases.items():
        console.create(first + second)
        assert Module(Link(console, clock=Clock())).read_record()[1] == expected == records.latest(first, second)[1]


@given(data=st.lists(st.one_of(st.binary(max_size=300), message().map(lambda one: one.pack()[:256])), max_size=6))
@FIXTURE
def test_any_bytes_leave_it_answering(console: ConsoleModule, data: list[bytes]) -> None:
    for piece in data:
        console.write(piece)
        for command in (Command.CALIBRATE_BEGIN, Command.CALIBRATE_POINT, Command.CALIBRATE_COMMIT):
            console.write(wire.encode(Frame(command, len(piece) % 256, piece[:256])))
        console.blocks(1)
    console.write(b"\0")
    console.transmit()
    assert ask(console, Command.HELLO)[0][0] is Command.HELLO
    assert records.latest(console.slots[:RECORD_BYTES], console.slots[RECORD_BYTES:]) == (Record(), None)


def test_a_reader_that_never_reads_costs_nothing(console: ConsoleModule) -> None:
    for sequence in range(200):
        console.write(wire.request(Command.MONITOR, sequence, Empty()))
    frames = wire.Decoder().feed(console.transmit())
    assert [frame.sequence for frame in frames] == list(range(len(frames)))
    assert 2 <= len(frames) <= 5
    assert ask(console, Command.HELLO)[0][0] is Command.HELLO


def test_a_dead_transport_is_no_answer(console: ConsoleModule) -> None:
    console.read = lambda size: b""  # type: ignore[method-assign]
    with pytest.raises(NoAnswerError):
        Module(Link(console, clock=Clock())).hello()


def test_frames_of_all_kinds_under_the_sanitizers(tmp_path: Path) -> None:
    fuzz = compile_console(tmp_path, "fuzz_console.cc", "fuzz", "-fsanitize=address,undefined")
    done = subprocess.run([str(fuzz), "20000"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("20000 rounds, records ")
    words = done.stdout.split()
    assert int(words[3]) > 50, "commits got through"
    assert int(words[5]) > 100, "settings got through"
    assert int(words[7]) > 1000, "outputs and contacts were held"
