# SPDX-License-Identifier: MIT
"""Serial frames: bytes in, values out, no port.

    frame on the wire  =  COBS( command u8 | sequence u8 | payload 0..256 bytes | CRC-16 ) 00

COBS leaves no zero inside, so a zero always ends a frame and a reader that lost its place finds it again at the next
one. CRC-16: CCITT polynomial 0x1021, start 0xFFFF, over command, sequence and payload, low byte first. A reply has
its request's sequence number and its command with bit 7 set; a refused request gets ERROR instead. Frames that fail
a check are dropped without an answer: the asker repeats.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass

from .layout import Layout, LayoutError
from .messages import EXCHANGES, REPLY_FLAG, Command, ErrorReply

MAX_PAYLOAD = 256
OVERHEAD = 4
"""Command, sequence and checksum."""
MAX_FRAME = MAX_PAYLOAD + OVERHEAD
MAX_ENCODED = MAX_FRAME + MAX_FRAME // 254 + 2
"""COBS adds a byte for each 254 and one more; the delimiter ends it."""


class WireError(ValueError):
    """Bytes that are no frame, or a frame that is not what it should be."""


@dataclass(frozen=True)
class Frame:
    """One frame, checked: command byte as sent, sequence number, payload."""

    command: int
    sequence: int
    payload: bytes = b""


def crc16(data: bytes) -> int:
    """CRC-16 of `data` (polynomial 0x1021, start 0xFFFF, not reflected)."""
    return binascii.crc_hqx(data, 0xFFFF)


def cobs_encode(data: bytes) -> bytes:
    """`data` without zeros, delimiter not included (Cheshire and Baker, 1999)."""
    out = bytearray()
    chunks = data.split(b"\0")
    for index, chunk in enumerate(chunks):
        while len(chunk) >= 254:
            out += b"\xff" + chunk[:254]
            chunk = chunk[254:]
            if not chunk and index == len(chunks) - 1:
                return bytes(out)
        out.append(len(chunk) + 1)
        out += chunk
    return bytes(out)


def cobs_decode(data: bytes) -> bytes:
    """Inverse of cobs_encode. Raises WireError for a zero inside, an empty text, or a run past the end."""
    out = bytearray()
    place = 0
    if not data or 0 in data:
        raise WireError("not COBS: empty, or a zero inside")
    while place < len(data):
        code = data[place]
        if place + code > len(data):
            raise WireError("not COBS: a run goes past the end")
        out += data[place + 1 : place + code]
        place += code
        if code < 0xFF and place < len(data):
            out.append(0)
    return bytes(out)


def encode(frame: Frame) -> bytes:
    """Bytes on the wire, delimiter included. Raises WireError for a payload that is too long."""
    if len(frame.payload) > MAX_PAYLOAD:
        raise WireError(f"a frame carries at most {MAX_PAYLOAD} bytes, not {len(frame.payload)}")
    body = bytes([frame.command, frame.sequence]) + frame.payload
    return cobs_encode(body + crc16(body).to_bytes(2, "little")) + b"\0"


def decode(data: bytes) -> Frame:
    """The frame in `data`, delimiter not included. Raises WireError when any check fails."""
    if len(data) >= MAX_ENCODED:
        raise WireError(f"{len(data)} bytes are longer than any frame")
    body = cobs_decode(data)
    if not OVERHEAD <= len(body) <= MAX_FRAME:
        raise WireError(f"a frame has {OVERHEAD} to {MAX_FRAME} bytes, not {len(body)}")
    if crc16(body[:-2]) != int.from_bytes(body[-2:], "little"):
        raise WireError("checksum differs")
    return Frame(body[0], body[1], body[2:-2])


class Decoder:
    """A stream of bytes to frames. Anything that fails a check is counted and skipped up to the next zero."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._skipping = False
        self.bad_frames = 0

    def feed(self, data: bytes) -> list[Frame]:
        """Frames that `data` completes, in order. Keeps at most MAX_ENCODED bytes between calls."""
        frames = []
        for byte in data:
            if byte:
                if len(self._pending) < MAX_ENCODED:
                    self._pending.append(byte)
                else:
                    self._skipping = True
                continue
            if self._pending:
                try:
                    if self._skipping:
                        raise WireError("no zero for longer than any frame")
                    frames.append(decode(bytes(self._pending)))
                except WireError:
                    self.bad_frames += 1
            self._pending.clear()
            self._skipping = False
        return frames


def request(command: Command, sequence: int, message: Layout) -> bytes:
    """A request on the wire. Raises WireError when `message` is not what the command takes."""
    expected, _ = EXCHANGES[command]
    if type(message) is not expected:
        raise WireError(f"{command.name} takes {expected.__name__}, not {type(message).__name__}")
    return encode(Frame(command, sequence, message.pack()))


def reply(command: Command, sequence: int, message: Layout) -> bytes:
    """A reply on the wire; an ErrorReply goes out under ERROR whatever the command."""
    expected = ErrorReply if isinstance(message, ErrorReply) else EXCHANGES[command][1]
    if type(message) is not expected:
        raise WireError(f"{command.name} is answered by {expected.__name__}, not {type(message).__name__}")
    sent = Command.ERROR if expected is ErrorReply else command
    return encode(Frame(sent | REPLY_FLAG, sequence, message.pack()))


def parse_request(frame: Frame) -> tuple[Command, Layout]:
    """Command and message. Raises WireError for a command that v1 doesn't have and a payload of another shape."""
    if frame.command not in EXCHANGES:
        raise WireError(f"no command has the number 0x{frame.command:02X}")
    command = Command(frame.command)
    try:
        return command, EXCHANGES[command][0].unpack(frame.payload)
    except LayoutError as error:
        raise WireError(f"{command.name}: {error}") from error


def parse_reply(frame: Frame) -> tuple[Command, Layout]:
    """Command and message of a reply. Raises WireError for anything that is none."""
    number = frame.command & ~REPLY_FLAG
    known = number in EXCHANGES or number == Command.ERROR
    if not frame.command & REPLY_FLAG or not known:
        raise WireError(f"0x{frame.command:02X} is no reply")
    command = Command(number)
    kind = ErrorReply if command is Command.ERROR else EXCHANGES[command][1]
    try:
        return command, kind.unpack(frame.payload, exact=False)
    except LayoutError as error:
        raise WireError(f"{command.name}: {error}") from error
