# SPDX-License-Identifier: MIT
"""The wire: what goes in comes out; what is damaged is dropped, and the next frame is found again."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_values import FRAMES, SHAPES, message

from lottava import messages, wire
from lottava.board import BOARD
from lottava.layout import Layout, LayoutError
from lottava.messages import EXCHANGES, Command, ErrorReply
from lottava.wire import Frame


@given(st.binary(max_size=1100))
def test_cobs_is_inverted_and_leaves_no_zero(data: bytes) -> None:
    encoded = wire.cobs_encode(data)
    assert 0 not in encoded
    assert len(encoded) <= len(data) + len(data) // 254 + 1
    assert wire.cobs_decode(encoded) == data


@pytest.mark.parametrize("size", [0, 1, 253, 254, 255, 508, 509])
@pytest.mark.parametrize("end", [b"", b"\0", b"\0\0", b"\1"])
def test_cobs_at_the_length_of_a_run(size: int, end: bytes) -> None:
    assert wire.cobs_decode(wire.cobs_encode(b"\7" * size + end)) == b"\7" * size + end


@given(FRAMES)
def test_frames_are_inverted(frame: Frame) -> None:
    data = wire.encode(frame)
    assert len(data) <= wire.MAX_ENCODED
    assert data[-1] == 0
    assert wire.decode(data[:-1]) == frame


@given(message())
def test_messages_are_inverted(value: Layout) -> None:
    assert type(value).unpack(value.pack()) == value


@given(st.lists(FRAMES, max_size=4), st.binary(max_size=400), st.integers(1, 50))
def test_a_decoder_finds_every_frame_behind_garbage_in_any_pieces(
    frames: list[Frame], garbage: bytes, piece: int
) -> None:
    data = garbage + b"\0" + b"".join(map(wire.encode, frames))
    decoder = wire.Decoder()
    found = [frame for at in range(0, len(data), piece) for frame in decoder.feed(data[at : at + piece])]
    assert found[len(found) - len(frames) :] == frames


def some_frames() -> Iterator[bytes]:
    random = np.random.default_rng(7)
    for size in (0, 1, 16, 64, 116, 192, 256):
        yield wire.encode(Frame(0x21, 200, random.bytes(size)))


def test_no_flipped_bit_passes() -> None:
    for data in some_frames():
        for bit in range(8 * len(data)):
            damaged = bytearray(data)
            damaged[bit // 8] ^= 1 << bit % 8
            assert wire.Decoder().feed(bytes(damaged) + b"\0") == []


def test_no_truncation_passes_and_the_next_frame_is_found() -> None:
    whole = wire.encode(Frame(1, 2, b"next"))
    for data in some_frames():
        for cut in range(len(data) - 1):
            assert wire.Decoder().feed(data[:cut] + b"\0" + whole) == [Frame(1, 2, b"next")]


def test_a_decoder_counts_what_it_drops_and_keeps_little() -> None:
    decoder = wire.Decoder()
    assert decoder.feed(b"\1" * 100_000) == []
    assert len(decoder._pending) <= wire.MAX_ENCODED
    assert decoder.feed(b"\0") == []
    assert decoder.bad_frames == 1
    assert decoder.feed(b"\0\0\0" + wire.encode(Frame(1, 1))) == [Frame(1, 1)]
    assert decoder.bad_frames == 1


@given(st.binary(max_size=300))
def test_decode_refuses_or_gives_what_encodes_to_the_same(data: bytes) -> None:
    try:
        frame = wire.decode(data)
    except wire.WireError:
        return
    assert wire.decode(wire.encode(frame)[:-1]) == frame


def test_too_long_is_refused() -> None:
    with pytest.raises(wire.WireError, match="256"):
        wire.encode(Frame(1, 1, bytes(257)))


@pytest.mark.parametrize("command", EXCHANGES)
def test_requests_and_replies_come_back_as_they_went(command: Command) -> None:
    asked, answered = (shape.unpack(bytes(shape.size())) for shape in EXCHANGES[command])
    (frame,) = wire.Decoder().feed(wire.request(command, 9, asked))
    assert frame.sequence == 9
    assert wire.parse_request(frame) == (command, asked)
    (frame,) = wire.Decoder().feed(wire.reply(command, 9, answered))
    assert wire.parse_reply(frame) == (command, answered)


def test_errors_travel_under_their_own_command() -> None:
    error = ErrorReply(Command.BANK_PUT, messages.ErrorCode.UNSUPPORTED)
    (frame,) = wire.Decoder().feed(wire.reply(Command.BANK_PUT, 3, error))
    assert wire.parse_reply(frame) == (Command.ERROR, error)


def test_what_is_no_request_or_no_reply_is_refused() -> None:
    with pytest.raises(wire.WireError, match="0x6F"):
        wire.parse_request(Frame(0x6F, 0))
    with pytest.raises(wire.WireError, match="HELLO"):
        wire.parse_request(Frame(Command.HELLO, 0, b"more"))
    with pytest.raises(wire.WireError, match="no reply"):
        wire.parse_reply(Frame(Command.HELLO, 0))
    with pytest.raises(wire.WireError, match="MONITOR"):
        wire.parse_reply(Frame(Command.MONITOR | 0x80, 0, bytes(115)))
    with pytest.raises(wire.WireError, match="takes"):
        wire.request(Command.HELLO, 0, messages.IdentifyRequest(1))
    with pytest.raises(wire.WireError, match="answered"):
        wire.reply(Command.HELLO, 0, messages.Empty())


def test_replies_may_grow_at_their_end() -> None:
    stored = messages.StoredReply(5, 1)
    frame = Frame(Command.CALIBRATE_COMMIT | 0x80, 0, stored.pack() + b"from the future")
    assert wire.parse_reply(frame)[1] == stored


def test_values_that_do_not_fit_are_refused_by_name() -> None:
    with pytest.raises(LayoutError, match=r"IdentifyRequest\.seconds"):
        messages.IdentifyRequest(256).pack()
    with pytest.raises(LayoutError, match="3 bytes"):
        messages.StoredReply(0, 0, b"12345").pack()
    bad = bytearray(messages.MonitorReply.size())
    struct.pack_into("<f", bad, 4, float("nan"))
    with pytest.raises(LayoutError, match="cv_volts"):
        messages.MonitorReply.unpack(bytes(bad))


def test_every_message_fits_a_frame_and_numbers_are_unique() -> None:
    assert max(shape.size() for shape in SHAPES) <= wire.MAX_PAYLOAD
    assert set(EXCHANGES) == set(Command) - {Command.ERROR}
    assert all(0 < command < 0x80 for command in Command)
    counts = {item.name: item.count for item in messages.MonitorReply.items()}
    assert counts["cv_codes"] == counts["cv_volts"] == len(BOARD.cv_inputs)
    assert counts["pot_codes"] == len(BOARD.pots)
    assert len(BOARD.jacks) <= 32
