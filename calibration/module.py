# SPDX-License-Identifier: MIT
"""The module as an object: a short method a command, values in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from lottava import messages as say
from lottava import record as records
from lottava import settings as kept
from lottava.messages import BLOCKS_PER_SECOND, POINT_BLOCKS, PROTOCOL_VERSION, Command, Route
from lottava.record import Record
from lottava.settings import Settings

from .link import Link, LinkError, RefusedError

STORE_SECONDS = 3.0
"""A commit waits for the flash: an erase takes up to 0.3 s, and one that another write holds up twice that."""


@dataclass(frozen=True)
class Reading:
    """An averaged CV input. Codes are of the ADC, 0..65535."""

    code: float
    deviation_codes: float
    lowest: int
    highest: int
    count: int


class Module:
    """A module on a link. Methods raise LinkError and its kin."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def hello(self) -> say.HelloReply:
        """Who is there. Raises LinkError for another protocol version."""
        reply = cast(say.HelloReply, self.link.ask(Command.HELLO, say.Empty()))
        if reply.protocol != PROTOCOL_VERSION:
            raise LinkError(
                f"the module speaks protocol {reply.protocol}, this program {PROTOCOL_VERSION}; update the older"
            )
        return reply

    def identify(self, seconds: int = 5) -> None:
        """Blink."""
        self.link.ask(Command.IDENTIFY, say.IdentifyRequest(seconds))

    def monitor(self) -> say.MonitorReply:
        """What it reads and does now."""
        return cast(say.MonitorReply, self.link.ask(Command.MONITOR, say.Empty()))

    def bench_case(self, number: int) -> say.BenchCaseReply:
        """Cycles of one of the small programs that pin the timing model, by the core's own counter."""
        return cast(say.BenchCaseReply, self.link.ask(Command.BENCH_CASE, say.BenchCaseRequest(number)))

    def begin(self, route: Route = Route.SOURCE) -> None:
        """Start a calibration."""
        self.link.ask(Command.CALIBRATE_BEGIN, say.CalibrateBeginRequest(route))

    def abort(self) -> None:
        """Leave a calibration; nothing changes."""
        self.link.ask(Command.CALIBRATE_ABORT, say.Empty())

    def read_point(self, index: int, blocks: int = POINT_BLOCKS) -> Reading:
        """Average `blocks` readings of CV input `index`, a millisecond each."""
        request = say.CalibratePointRequest(blocks, index)
        seconds = 1.0 + 2.0 * blocks / BLOCKS_PER_SECOND
        reply = cast(say.CalibratePointReply, self.link.ask(Command.CALIBRATE_POINT, request, seconds=seconds))
        return Reading(reply.mean / 256, reply.deviation / 256, reply.lowest, reply.highest, reply.blocks)

    def drive(self, output: int, code: float) -> None:
        """Hold a CV output at a DAC code (in steps of 1/16) until the calibration ends."""
        full = say.DRIVE_FULL_SCALE
        self.link.ask(Command.CALIBRATE_DRIVE, say.CalibrateDriveRequest(min(max(round(16 * code), 0), full), output))

    def drive_contacts(self, high: bool) -> None:
        """Hold the switch contacts of jacks without a cable at the reference, or at 0 V."""
        level = say.DRIVE_FULL_SCALE if high else 0
        self.link.ask(Command.CALIBRATE_DRIVE, say.CalibrateDriveRequest(level, say.CONTACTS))

    def selftest(self) -> say.SelftestReply:
        """What every node reads, and what the module itself finds good or bad."""
        return cast(say.SelftestReply, self.link.ask(Command.SELFTEST, say.Empty()))

    def bench(self) -> say.BenchReply:
        """Cycles of a block of the voice that plays."""
        return cast(say.BenchReply, self.link.ask(Command.BENCH, say.Empty()))

    def commit(self, record: Record) -> int:
        """Store a record and use it; returns its sequence number once it was read back. A refusal changes nothing."""
        request = say.CalibrateCommitRequest(records.pack(record))
        try:
            reply = self.link.ask(Command.CALIBRATE_COMMIT, request, seconds=STORE_SECONDS)
        except RefusedError as error:
            fault = {one.value: one.name for one in records.RecordFault}.get(error.reply.detail)
            if error.reply.code != say.ErrorCode.RECORD_REFUSED or fault is None:
                raise
            sentence = f"{error} ({fault.lower().replace('_', ' ')}, number {error.reply.index})"
            raise RefusedError(sentence, error.reply) from error
        return cast(say.StoredReply, reply).sequence

    def undo(self) -> int:
        """Go back to the record before; undo again returns. Gives the new sequence number."""
        reply = self.link.ask(Command.CALIBRATE_UNDO, say.Empty(), seconds=STORE_SECONDS)
        return cast(say.StoredReply, reply).sequence

    def read_record(self) -> tuple[Record, int | None]:
        """The record in use, and its slot; None for the built-in defaults."""
        reply = cast(say.CalibrateReadReply, self.link.ask(Command.CALIBRATE_READ, say.Empty()))
        try:
            record = records.unpack(reply.record)
        except records.RecordError as error:
            raise LinkError(f"the module sent a calibration that can't be used: {error}") from error
        return record, None if reply.slot == say.NO_SLOT else reply.slot

    def read_settings(self) -> tuple[Settings, int | None]:
        """The settings in use, and their slot; None where they are not stored."""
        reply = cast(say.SettingsGetReply, self.link.ask(Command.SETTINGS_GET, say.Empty()))
        try:
            settings = kept.unpack(reply.settings)
        except records.RecordError as error:
            raise LinkError(f"the module sent settings that can't be used: {error}") from error
        return settings, None if reply.slot == say.NO_SLOT else reply.slot

    def write_settings(self, settings: Settings) -> int:
        """Store settings and use them; returns their sequence number once they were read back."""
        request = say.SettingsPutRequest(kept.pack(settings))
        reply = self.link.ask(Command.SETTINGS_PUT, request, seconds=STORE_SECONDS)
        return cast(say.StoredReply, reply).sequence

    def reboot(self, *, loader: bool = False) -> None:
        """Start anew, or go to the loader in ROM; the port may go away for a moment."""
        self.link.ask(Command.REBOOT_DFU if loader else Command.REBOOT, say.Empty())

    def factory(self) -> None:
        """Settings back to their defaults; the calibration stays."""
        self.link.ask(Command.FACTORY, say.Empty())
