# SPDX-License-Identifier: MIT
"""A serial port as requests and replies: opening, waiting, repeating, and saying what went wrong."""

from __future__ import annotations

import errno
import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from lottava import wire
from lottava.board import BOARD
from lottava.layout import Layout
from lottava.messages import REPLY_FLAG, Command, ErrorCode, ErrorReply

BAUD = 115_200
"""Of the USART console; USB serial ignores it."""
READ_SECONDS = 0.02
REPLY_SECONDS = 0.5
ATTEMPTS = 3


class LinkError(RuntimeError):
    """The port or the module behind it does not work with us: one sentence with what to do."""


class NoAnswerError(LinkError):
    """Nothing that fits came back in time."""


class RefusedError(LinkError):
    """The module answered with an error. `reply` says which."""

    def __init__(self, sentence: str, reply: ErrorReply) -> None:
        super().__init__(sentence)
        self.reply = reply


class Transport(Protocol):
    """What a link needs of a port; a pyserial port is one. read returns what came within the port's own timeout."""

    def read(self, size: int) -> bytes: ...
    def write(self, data: bytes) -> Any: ...
    def close(self) -> None: ...


REFUSALS = {
    ErrorCode.UNKNOWN_COMMAND: "the module doesn't know {command}; update its firmware",
    ErrorCode.UNSUPPORTED: "this module's firmware or board can't do {command}",
    ErrorCode.BAD_LENGTH: "the module did not understand {command}; module and program differ in version",
    ErrorCode.BAD_VALUE: "the module refused a value in {command}",
    ErrorCode.BUSY: "the module is busy; try again",
    ErrorCode.NOT_CALIBRATING: "the module is not calibrating; begin first",
    ErrorCode.RECORD_REFUSED: "the module refused the calibration; it keeps the one it has",
    ErrorCode.STORAGE_FAILED: "the module could not write its flash; it keeps what it had",
    ErrorCode.NOTHING_TO_UNDO: "there is no earlier calibration to go back to",
    ErrorCode.JACK_PATCHED: "{jack} is patched and must be free; pull its cable and try again",
}


def refusal(reply: ErrorReply) -> RefusedError:
    """The error reply as a sentence."""
    known = {code.value for code in ErrorCode}
    command = Command(reply.command).name.lower().replace("_", " ") if reply.command in set(Command) else "that"
    sentence = REFUSALS[ErrorCode(reply.code)] if reply.code in known else f"the module gave error {reply.code}"
    jack = BOARD.jacks[reply.index].name if reply.index < len(BOARD.jacks) else "a jack"
    return RefusedError(sentence.format(command=f"'{command}'", jack=jack), reply)


class Link:
    """Requests out, replies in, over any transport. Not for two threads."""

    def __init__(self, transport: Transport, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._clock = clock
        self._decoder = wire.Decoder()
        self._sequence = random.randrange(256)
        transport.write(b"\0")  # whatever was half sent before ends here

    def __enter__(self) -> Link:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the port."""
        self._transport.close()

    def ask(
        self, command: Command, message: Layout, *, seconds: float = REPLY_SECONDS, attempts: int = ATTEMPTS
    ) -> Layout:
        """The reply to a request. A repeat has the same sequence number, so that the module can tell it from a new one.

        Raises NoAnswerError after the last attempt, RefusedError for an error reply, LinkError when the port is gone.
        """
        self._sequence = (self._sequence + 1) % 256
        data = wire.request(command, self._sequence, message)
        for _ in range(attempts):
            try:
                self._transport.write(data)
                answer = self._wait(command, self._clock() + seconds)
            except OSError as error:  # pyserial's SerialException is one
                raise LinkError(f"the port is gone ({error}); plug the module in and try again") from error
            if isinstance(answer, ErrorReply):
                raise refusal(answer)
            if answer is not None:
                return answer
        name = command.name.lower().replace("_", " ")
        raise NoAnswerError(
            f"no answer to '{name}' in {attempts} tries of {seconds:g} s; is this the module's port, is it powered?"
        )

    def _wait(self, command: Command, deadline: float) -> Layout | None:
        while True:
            for frame in self._decoder.feed(self._transport.read(512)):
                answer = self._match(command, frame)
                if answer is not None:
                    return answer
            if self._clock() > deadline:
                return None

    def _match(self, command: Command, frame: wire.Frame) -> Layout | None:
        """The message of a frame that answers us; None for one that answers somebody else."""
        error = Command.ERROR | REPLY_FLAG
        if frame.sequence != self._sequence or frame.command not in (command | REPLY_FLAG, error):
            return None
        try:
            _, message = wire.parse_reply(frame)
        except wire.WireError as bad:
            raise LinkError(f"the module answers in another protocol ({bad}); update firmware or program") from bad
        if isinstance(message, ErrorReply) and message.command != command:
            return None
        return message


def open_port(port: str) -> Link:
    """A link over a serial port: a device file, COMn, or a pyserial URL such as socket://host:port.

    Raises LinkError when the port is missing, busy, or not ours to open. DTR and RTS are left alone.
    """
    import serial

    try:
        transport = serial.serial_for_url(port, BAUD, timeout=READ_SECONDS, write_timeout=2.0, do_not_open=True)
        if hasattr(transport, "exclusive") and "://" not in port:
            transport.exclusive = True
        transport.open()
    except (serial.SerialException, ValueError) as error:
        raise LinkError(_why_not_open(port, error)) from error
    transport.reset_input_buffer()
    return Link(transport)


def _why_not_open(port: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return (
            f"{port}: no such port; is the module plugged in? `python -m serial.tools.list_ports` lists what is there"
        )
    if number in (errno.EACCES, errno.EPERM):
        return f"{port}: not allowed; add yourself to the group that owns it (often dialout) and log in again"
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(error):
        return f"{port}: in use by another program; close it and try again"
    if number in (errno.ENOTTY, errno.EISDIR, errno.EINVAL) or "Inappropriate ioctl" in str(error):
        return f"{port}: not a serial port; `python -m serial.tools.list_ports` lists what is there"
    return f"{port}: can't be opened ({error})"
