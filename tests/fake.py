# SPDX-License-Identifier: MIT
"""A module that is not there: the wire protocol in Python, in front of an analogue front end of any error."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lottava import messages as say
from lottava import record as records
from lottava import wire
from lottava.board import ADC_FULL_SCALE, BOARD
from lottava.layout import Layout
from lottava.messages import Capability, Command, ErrorCode

INPUTS = len(BOARD.cv_inputs)
CAPABILITIES = Capability.IDENTIFY | Capability.MONITOR | Capability.REBOOT | Capability.CALIBRATE_SOURCE
HELLO = say.HelloReply(1, 1, 1, 0, int(CAPABILITIES), (0, 1, 0), serial=bytes(range(12)))


NOISE_CODES = 6.0
"""0.3 mV rms at the ADC."""


class Clock:
    """A clock that moves only when it is looked at, so that nothing waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.1
        return self.now


@dataclass
class FakeFrontEnd:
    """Codes of the jacks' voltages. gain, offset_volts: error of each input against nominal; dead: inputs at 0 V."""

    gain: list[float] = field(default_factory=lambda: [1.0] * INPUTS)
    offset_volts: list[float] = field(default_factory=lambda: [0.0] * INPUTS)
    noise_codes: float = 0.0
    bend_volts: float = 0.0
    dead: frozenset[str] = frozenset()
    volts: dict[str, float] = field(default_factory=lambda: {cv.name: 0.0 for cv in BOARD.cv_inputs})
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def source(self, jack: str, volts: float) -> float:
        """Exact volts at a jack: a procedure's source."""
        self.volts[jack] = volts
        return volts

    def clean_codes(self) -> NDArray[np.float64]:
        """Codes before noise; the bend is a slow sine over the converter's range, in volts at the jack."""
        codes = []
        for index, cv in enumerate(BOARD.cv_inputs):
            jack = 0.0 if cv.name in self.dead else self.volts[cv.name]
            code = cv.code(jack * self.gain[index] + self.offset_volts[index])
            bend = self.bend_volts * np.sin(4 * np.pi * code / ADC_FULL_SCALE + 1.0)
            codes.append(code + bend / cv.nominal_gain * ADC_FULL_SCALE)
        return np.array(codes)

    def codes(self, count: int = 1) -> NDArray[np.uint16]:
        """Codes [count, inputs] as the converter gives them."""
        noisy = self.clean_codes() + self.random.normal(0.0, 1.0, (count, INPUTS)) * self.noise_codes
        return np.clip(np.rint(noisy), 0, ADC_FULL_SCALE).astype(np.uint16)


class FakeModule:
    """A transport behind which a module answers. Records survive `reboot()`. lose: how many replies vanish."""

    def __init__(self, front_end: FakeFrontEnd | None = None, hello: say.HelloReply = HELLO) -> None:
        self.front_end = front_end or FakeFrontEnd()
        self.hello = hello
        self.slots = [b"\xff" * records.RECORD_BYTES] * 2
        self.lose = 0
        self.garbage = b""
        self.commits = 0
        self.closed = False
        self._last: tuple[wire.Frame, bytes] | None = None
        self.reboot()

    def reboot(self) -> None:
        """Start anew from the slots."""
        self._decoder = wire.Decoder()
        self._out: deque[bytes] = deque()
        self.calibrating = False
        self.record, self.slot = records.latest(*self.slots)

    def read(self, size: int) -> bytes:
        """One reply at a time, as a port with a short timeout gives it."""
        return self._out.popleft() if self._out else b""

    def write(self, data: bytes) -> int:
        """Take bytes, answer at once."""
        for frame in self._decoder.feed(data):
            if self._last is not None and self._last[0] == frame:
                answer = self._last[1]
            else:
                command, message = wire.parse_request(frame)
                answer = wire.reply(command, frame.sequence, self._answer(command, message))
                self._last = (frame, answer) if command in (Command.CALIBRATE_COMMIT, Command.CALIBRATE_UNDO) else None
            if self.lose:
                self.lose -= 1
            else:
                self._out.append(self.garbage + answer)
        return len(data)

    def close(self) -> None:
        """As a port."""
        self.closed = True

    def _answer(self, command: Command, message: Layout) -> Layout:
        handler = getattr(self, f"_{command.name.lower()}", None)
        if handler is None:
            return say.ErrorReply(command, ErrorCode.UNSUPPORTED)
        return handler(message)

    def _hello(self, _: Layout) -> Layout:
        return self.hello

    def _identify(self, _: Layout) -> Layout:
        return say.Empty()

    def _monitor(self, _: Layout) -> Layout:
        codes = self.front_end.codes()[0]
        volts = tuple(float(self.record.input_volts(index, code)) for index, code in enumerate(codes))
        axes, pots = (0.5, -0.5, 0.0, 1.0), (0,) * 12
        return say.MonitorReply(7, volts, volts[0], -30.0, axes, tuple(map(int, codes)), pots, 1, 0, 0, 9, 10, 0, 0)

    def _reboot(self, _: Layout) -> Layout:
        self.reboot()
        return say.Empty()

    def _calibrate_begin(self, _: Layout) -> Layout:
        self.calibrating = True
        return say.Empty()

    def _calibrate_abort(self, _: Layout) -> Layout:
        self.calibrating = False
        return say.Empty()

    def _calibrate_point(self, message: Layout) -> Layout:
        assert isinstance(message, say.CalibratePointRequest)
        if not self.calibrating:
            return say.ErrorReply(Command.CALIBRATE_POINT, ErrorCode.NOT_CALIBRATING)
        codes = self.front_end.codes(message.blocks)[:, message.input].astype(float)
        spread = (int(codes.min()), int(codes.max()), message.blocks, message.input)
        return say.CalibratePointReply(round(256 * codes.mean()), int(256 * codes.std()), *spread)

    def _calibrate_read(self, _: Layout) -> Layout:
        return say.CalibrateReadReply(records.pack(self.record), say.NO_SLOT if self.slot is None else self.slot)

    def _calibrate_commit(self, message: Layout) -> Layout:
        assert isinstance(message, say.CalibrateCommitRequest)
        if not self.calibrating:
            return say.ErrorReply(Command.CALIBRATE_COMMIT, ErrorCode.NOT_CALIBRATING)
        try:
            return self._store(records.unpack(message.record))
        except records.RecordError as error:
            return say.ErrorReply(Command.CALIBRATE_COMMIT, ErrorCode.RECORD_REFUSED, error.fault, error.index)

    def _calibrate_undo(self, _: Layout) -> Layout:
        if self.slot is None:
            return say.ErrorReply(Command.CALIBRATE_UNDO, ErrorCode.NOTHING_TO_UNDO)
        other = self.slots[1 - self.slot]
        return self._store(records.Record() if other == b"\xff" * len(other) else records.unpack(other))

    def _store(self, record: records.Record) -> Layout:
        self.commits += 1
        slot = 1 if self.slot == 0 else 0
        record = replace(record, sequence=self.record.sequence + 1, serial=self.hello.serial)
        self.slots[slot] = records.pack(record)
        self.record, self.slot = records.latest(*self.slots)
        self.calibrating = False
        return say.StoredReply(record.sequence, slot)
