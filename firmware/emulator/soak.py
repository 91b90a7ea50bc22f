# SPDX-License-Identifier: MIT
"""A long rough time for the flash image: cables, knobs, gates, MIDI, garbage, requests and power cuts at random.

`lottava soak SECONDS` plays it. Left out: REBOOT_DFU, which ends in the ROM's loader, and FACTORY.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lottava import record as records
from lottava import settings as kept
from lottava import wire
from lottava.board import BOARD
from lottava.layout import Layout
from lottava.messages import (
    CalibrateBeginRequest,
    CalibrateCommitRequest,
    CalibrateDriveRequest,
    CalibratePointRequest,
    Command,
    Empty,
    HelloReply,
    MonitorReply,
    Route,
    SettingsPutRequest,
)
from lottava.record import RECORD_BYTES, Record
from lottava.settings import SETTINGS_BYTES, Settings

from .errors import EmulatorError
from .faults import cut_power, garbage
from .norflash import SECTOR_BYTES
from .seed import Seed
from .usb_host import UsbHost

FULL_SCALE = (1 << 23) - 1
POWER_CUTS_A_SECOND = 0.7
BLOCKS_A_SECOND = 1000
_QUESTIONS = (
    Command.HELLO,
    Command.MONITOR,
    Command.SETTINGS_GET,
    Command.CALIBRATE_READ,
    Command.CALIBRATE_ABORT,
    Command.SELFTEST,
)


@dataclass
class SoakReport:
    """What happened; `losses` is empty when nothing went wrong."""

    seconds: float = 0.0
    power_cuts: int = 0
    settings_sent: int = 0
    settings_kept: int = 0
    calibrations_sent: int = 0
    calibrations_kept: int = 0
    requests: int = 0
    midi_messages: int = 0
    garbage_bytes: int = 0
    peak: int = 0
    losses: list[str] = field(default_factory=list)


class Soak:
    """A module under way, and what is known of it."""

    def __init__(self, image: Path, number: int) -> None:
        self.seed = Seed(image)
        self.draw = random.Random(number)
        self.report = SoakReport()
        self.known = Settings()  # stored for certain
        self.sent: list[Settings] = []  # since then; each may get stored or not
        self.known_record, self.sent_records = _values(Record()), list[Record]()
        self.usb = UsbHost(self.seed) if "tud_task_ext" in self.seed.image.symbols else None
        if self.usb is not None:
            self.usb.plug()

    def play(self, blocks: int) -> None:
        """Let blocks pass and look at them."""
        resets = self.seed.resets
        samples = self.seed.run_blocks(blocks)
        self.report.seconds += blocks / BLOCKS_A_SECOND
        self.report.peak = max(self.report.peak, int(np.abs(samples).max()))
        if self.seed.resets != resets or not self.seed.flash_chip.busy:
            self.look_at_settings()
            self.look_at_calibration()

    def _stored(self, sector: int, length: int) -> list[bytes]:
        return [bytes(self.seed.qspi[n * SECTOR_BYTES :][:length]) for n in (sector, sector + 1)]

    def look_at_settings(self) -> None:
        """What the flash holds is what it held, or one of those sent since; from now on it is that one."""
        found = replace(kept.latest(*self._stored(kept.SECTOR, SETTINGS_BYTES))[0], sequence=0)
        self.report.settings_kept += self._is_new("settings", found, self.known, self.sent)
        self.known = found

    def look_at_calibration(self) -> None:
        """As look_at_settings."""
        found = _values(records.latest(*self._stored(records.SECTOR, RECORD_BYTES))[0])
        self.report.calibrations_kept += self._is_new("calibration", found, self.known_record, self.sent_records)
        self.known_record = found

    def _is_new(self, what: str, found: object, known: object, sent: list) -> bool:
        """False for what is known. Older ones than what is found can't come back."""
        if found == known:
            return False
        if found in sent:
            del sent[: sent.index(found) + 1]
        else:
            self.report.losses.append(f"{what} lost after {self.report.seconds:.1f} s: {found}")
        return True

    def act(self) -> None:
        """One thing that people and cables do."""
        seed, draw = self.seed, self.draw
        kind = draw.randrange(10)
        if kind == 0:
            seed.set_volts(draw.choice(BOARD.cv_inputs).name, draw.uniform(-10, 10))
        elif kind == 1:
            seed.set_pot(draw.choice(BOARD.pots).name, draw.random())
        elif kind in (2, 3):
            seed.set_gate(True, after_samples=draw.random() * 40)
            seed.set_gate(draw.random() < 0.5, after_samples=50 + draw.random() * 200)
        elif kind == 4:
            seed.set_freeze(draw.random() < 0.3)
        elif kind == 5:
            noise = garbage(draw, draw.randrange(1, 200))
            self.report.garbage_bytes += len(noise)
            if self.usb is not None and draw.random() < 0.5:
                self.usb.write(noise)
            else:
                seed.send(noise)
        elif kind == 6:
            self.request(draw.choice(_QUESTIONS), Empty())
        elif kind == 7:
            self.calibrate()
        elif kind == 8:
            self.play_midi()
        else:
            self.put_settings()

    def request(self, command: Command, message: Layout) -> None:
        """A whole frame, behind whatever garbage went before."""
        self.report.requests += 1
        self.seed.send(b"\0" + wire.request(command, self.draw.randrange(256), message))

    def play_midi(self) -> None:
        """A note, a controller or anything, once the host has found the module."""
        if self.usb is None or not self.usb.ready:
            return
        self.report.midi_messages += 1
        status = self.draw.choice((0x80, 0x90, 0x90, 0xB0, 0xE0)) | self.draw.randrange(16)
        self.usb.midi(bytes([status, self.draw.randrange(128), self.draw.randrange(128)]))

    def calibrate(self) -> None:
        """Begin, perhaps hold an output or the contacts, perhaps take a point and wait for it, and commit or abort."""
        draw = self.draw
        self.request(Command.CALIBRATE_BEGIN, CalibrateBeginRequest(draw.choice((Route.SOURCE, Route.SOURCE, *Route))))
        if draw.random() < 0.5:
            self.request(Command.CALIBRATE_DRIVE, CalibrateDriveRequest(draw.randrange(65_521), draw.randrange(3)))
        if draw.random() < 0.5:
            self.request(Command.CALIBRATE_POINT, CalibratePointRequest(draw.randrange(1, 40), draw.randrange(7)))
            self.play(draw.randrange(1, 100))
        if draw.random() < 0.3:
            self.request(Command.CALIBRATE_ABORT, Empty())
            return
        self.report.calibrations_sent += 1
        sent = Record(v_oct_knots=tuple(draw.randrange(-2000, 2000) * 20e-6 for _ in Record().v_oct_knots))
        self.sent_records.append(_values(sent))
        self.request(Command.CALIBRATE_COMMIT, CalibrateCommitRequest(records.pack(sent)))

    def put_settings(self) -> None:
        self.report.settings_sent += 1
        settings = Settings(
            slot=self.draw.randrange(32), root_octave=self.draw.randrange(-3, 4), hold=self.draw.randrange(2)
        )
        self.sent.append(settings)
        self.request(Command.SETTINGS_PUT, SettingsPutRequest(kept.pack(settings)))

    def ask(self) -> None:
        """No fault, no missed block."""
        self.seed.receive()
        self.seed.send(b"\0" + wire.request(Command.HELLO, 1, Empty()) + wire.request(Command.MONITOR, 2, Empty()))
        self.play(60)
        answers = [wire.parse_reply(frame)[1] for frame in wire.Decoder().feed(b"\0" + self.seed.receive())]
        for answer in answers:
            if isinstance(answer, HelloReply) and (answer.reset_cause or answer.fault_exception):
                self.report.losses.append(f"started by cause {answer.reset_cause}, {answer}")
            if isinstance(answer, MonitorReply) and answer.missed_blocks:
                self.report.losses.append(f"{answer.missed_blocks} missed blocks")
        if not any(isinstance(answer, MonitorReply) for answer in answers):
            self.report.losses.append(f"no answer after {self.report.seconds:.1f} s")


def _values(record: Record) -> Record:
    """Without what the module sets itself, and as it reads what it stored."""
    bare = replace(record, sequence=0, serial=bytes(12), board_revision=0, seed_revision=0)
    return records.unpack(records.pack(bare))


def run_soak(
    image: Path, seconds: float, number: int = 0, progress: Callable[[float], object] = lambda _done: None
) -> SoakReport:
    """Play `seconds` of virtual time with the draws of `number`; the same number does the same.

    progress: told the seconds that are done. Ctrl-C ends it early, with what was found until then.
    """
    soak = Soak(image, number)
    try:
        _play(soak, seconds, progress)
    except EmulatorError as error:
        soak.report.losses.append(f"stopped after {soak.report.seconds:.1f} s: {error}")
    except KeyboardInterrupt:
        pass
    if soak.report.peak > FULL_SCALE:
        soak.report.losses.append(f"a sample of {soak.report.peak}, over full scale")
    return soak.report


def _play(soak: Soak, seconds: float, progress: Callable[[float], object]) -> None:
    soak.play(10)
    cut_at = soak.draw.expovariate(POWER_CUTS_A_SECOND)
    while soak.report.seconds < seconds:
        soak.act()
        if soak.report.seconds > cut_at:
            soak.report.power_cuts += 1
            cut_power(soak.seed, soak.draw.random() * 0.02)
            soak.play(60)
            cut_at = soak.report.seconds + soak.draw.expovariate(POWER_CUTS_A_SECOND)
        soak.play(soak.draw.randrange(1, 40))
        if soak.draw.random() < 0.05:
            soak.ask()
        progress(soak.report.seconds)
    soak.ask()
    if soak.seed.resets != soak.report.power_cuts:
        soak.report.losses.append(f"{soak.seed.resets} starts after {soak.report.power_cuts} power cuts")
