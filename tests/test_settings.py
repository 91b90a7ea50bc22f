# SPDX-License-Identifier: MIT
"""Settings: the same bytes and refusals in Python and C, stored behind the calibration, shared by two ports."""

from __future__ import annotations

import ctypes
import zlib
from dataclasses import replace

import pytest
from console_library import ERASED, ConsoleModule, build
from fake import HELLO, Clock
from hypothesis import given
from hypothesis import strategies as st
from lottava.calibration.link import Link, RefusedError
from lottava.calibration.module import Module

from lottava import messages as say
from lottava import record as records
from lottava import settings as kept
from lottava import wire
from lottava.messages import Capability, Command, ErrorCode
from lottava.record import RECORD_BYTES, Record, RecordError, RecordFault
from lottava.settings import LIMITS, SETTINGS_BYTES, Settings

ALL = replace(HELLO, capabilities=HELLO.capabilities | int(Capability.SETTINGS))
WITHIN = st.builds(
    Settings,
    sequence=st.integers(0, 2**32 - 1),
    **{name: st.integers(limits.low, limits.high) for name, limits in LIMITS.items()},
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build(tmp_path_factory.mktemp("console"))


@pytest.fixture
def console(library: ctypes.CDLL) -> ConsoleModule:
    return ConsoleModule(library, hello=ALL.pack())


def unpack_in_c(library: ctypes.CDLL, data: bytes) -> tuple[RecordFault, int, bytes]:
    out = ctypes.create_string_buffer(SETTINGS_BYTES)
    verdict = library.settings_unpack(data, ctypes.c_size_t(len(data)), out)
    return RecordFault(verdict & 0xFF), verdict >> 8, out.raw


def unpack_in_python(data: bytes) -> tuple[RecordFault, int]:
    try:
        kept.unpack(data)
    except RecordError as refused:
        return refused.fault, refused.index
    return RecordFault.NONE, 0


@given(settings=WITHIN)
def test_both_pack_identical_settings(library: ctypes.CDLL, settings: Settings) -> None:
    image = kept.pack(settings)
    assert kept.unpack(image) == settings
    assert unpack_in_c(library, image) == (RecordFault.NONE, 0, image)


def test_both_have_the_same_defaults(library: ctypes.CDLL) -> None:
    out = ctypes.create_string_buffer(SETTINGS_BYTES)
    library.settings_defaults(out)
    assert out.raw == kept.pack(Settings())


@given(
    settings=WITHIN,
    place=st.integers(0, SETTINGS_BYTES - 5),
    value=st.binary(min_size=1, max_size=4),
    seal=st.booleans(),
    size=st.integers(0, SETTINGS_BYTES),
)
def test_both_refuse_the_same_settings_for_the_same_reason(
    library: ctypes.CDLL, settings: Settings, place: int, value: bytes, seal: bool, size: int
) -> None:
    image = bytearray(kept.pack(settings))
    image[place : place + len(value)] = value
    if seal:
        image[-4:] = zlib.crc32(image[:-4]).to_bytes(4, "little")
        size = SETTINGS_BYTES
    assert unpack_in_c(library, bytes(image[:size]))[:2] == unpack_in_python(bytes(image[:size]))


@pytest.mark.parametrize("name", LIMITS)
def test_each_setting_has_its_limits(library: ctypes.CDLL, name: str) -> None:
    limits, index = LIMITS[name], list(LIMITS).index(name)
    for value in (limits.low, limits.high, limits.default):
        assert unpack_in_python(kept.pack(replace(Settings(), **{name: value}))) == (RecordFault.NONE, 0)
    for value in (limits.low - 1, limits.high + 1):
        image = kept.pack(replace(Settings(), **{name: value}))
        assert unpack_in_python(image) == (RecordFault.SETTING, index)
        assert unpack_in_c(library, image)[:2] == (RecordFault.SETTING, index)


@given(settings=WITHIN, bit=st.integers(0, 8 * SETTINGS_BYTES - 1))
def test_any_flipped_bit_is_refused(settings: Settings, bit: int) -> None:
    image = bytearray(kept.pack(settings))
    image[bit // 8] ^= 1 << bit % 8
    with pytest.raises(RecordError):
        kept.unpack(bytes(image))


def test_put_stores_uses_and_survives_a_reboot(console: ConsoleModule) -> None:
    module = Module(Link(console, clock=Clock()))
    assert module.read_settings() == (Settings(), None)
    assert console.take_settings() == Settings()
    for sequence, octave in enumerate((1, -2, 3), start=1):
        chosen = replace(Settings(), root_octave=octave, tuning=-35, slot=4)
        assert module.write_settings(chosen) == sequence
        stored = replace(chosen, sequence=sequence)
        assert console.take_settings() == stored
        assert console.take_settings() is None
        console.reboot()
        assert module.read_settings() == (stored, (sequence + 1) % 2)
        assert kept.latest(*console.settings_slots) == (stored, (sequence + 1) % 2)
    assert console.slots == ERASED[: 2 * RECORD_BYTES], "the calibration is not touched"


def test_settings_out_of_range_are_refused_with_their_place(console: ConsoleModule) -> None:
    module = Module(Link(console, clock=Clock()))
    with pytest.raises(RefusedError) as refused:
        module.write_settings(replace(Settings(), midi_channel=17))
    assert (refused.value.reply.code, refused.value.reply.detail) == (ErrorCode.RECORD_REFUSED, RecordFault.SETTING)
    assert list(LIMITS)[refused.value.reply.index] == "midi_channel"
    assert console.writes == 0


@pytest.mark.parametrize("fault", [1, 2, 3, 4])
def test_a_flash_that_fails_leaves_the_old_settings_in_use(console: ConsoleModule, fault: int) -> None:
    module = Module(Link(console, clock=Clock()))
    module.write_settings(replace(Settings(), slot=1))
    console.take_settings()
    console.fault(fault)
    with pytest.raises(RefusedError, match="could not write its flash"):
        module.write_settings(replace(Settings(), slot=2))
    assert console.take_settings() is None
    assert module.read_settings()[0].slot == 1
    console.reboot()
    assert module.read_settings()[0].slot in ((1, 2) if fault == 3 else (1,))


def test_the_panel_is_heard_at_once_and_stored_when_it_rests(console: ConsoleModule) -> None:
    """A turn of a knob is many changes and one write."""
    for brightness in range(10, 60):
        console.change(replace(Settings(), led_brightness=brightness))
        assert console.take_settings() == replace(Settings(), led_brightness=brightness)
        console.blocks(20)
    assert console.writes == 0
    console.blocks(1010)
    assert console.writes == 1
    console.reboot()
    assert console.take_settings() == replace(Settings(), sequence=1, led_brightness=59)


def test_a_change_during_a_write_is_not_lost(console: ConsoleModule) -> None:
    console.write(wire.request(Command.SETTINGS_PUT, 1, say.SettingsPutRequest(kept.pack(replace(Settings(), slot=3)))))
    console.blocks(1)
    console.change(replace(Settings(), slot=5))
    console.blocks(1100)
    console.reboot()
    assert console.take_settings() == replace(Settings(), sequence=2, slot=5)


def test_two_ports_of_one_module_agree(console: ConsoleModule) -> None:
    """A commit on one port and a put on the other, at once: one after the other, each answered where it was asked."""
    console.write(wire.request(Command.CALIBRATE_BEGIN, 1, say.CalibrateBeginRequest(0)))
    commit = say.CalibrateCommitRequest(records.pack(replace(Record(), v_oct_knots=(0.01,) * 11)))
    put = wire.request(Command.SETTINGS_PUT, 7, say.SettingsPutRequest(kept.pack(replace(Settings(), hold=1))))
    console.transmit()
    console.write(wire.request(Command.CALIBRATE_COMMIT, 2, commit))
    console.library.second_receive(console._memory, put, ctypes.c_size_t(len(put)))
    console.blocks(40)
    out = ctypes.create_string_buffer(512)
    size = console.library.second_transmit(console._memory, out, ctypes.c_size_t(512))
    answers = [wire.parse_reply(frame) for frame in wire.Decoder().feed(console.transmit() + out.raw[:size])]
    assert answers == [
        (Command.CALIBRATE_COMMIT, say.StoredReply(1, 0)),
        (Command.SETTINGS_PUT, say.StoredReply(1, 0)),
    ]
    console.reboot()
    module = Module(Link(console, clock=Clock()))
    assert module.read_settings()[0].hold == 1
    assert module.read_record()[0].v_oct_knots[0] == pytest.approx(0.01)
