# SPDX-License-Identifier: MIT
"""A long rough time for the flash image: cables, knobs, gates, garbage, settings and power cuts at random.

`python -m lottava.emulator.soak SECONDS [SEED]` plays build/seed/lottava-seed.elf and ends with 1 on a loss.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lottava import settings as kept
from lottava import wire
from lottava.board import BOARD
from lottava.messages import Command, Empty, HelloReply, MonitorReply, SettingsPutRequest
from lottava.settings import SETTINGS_BYTES, Settings

from .build import build_image
from .faults import cut_power, garbage
from .norflash import SECTOR_BYTES
from .seed import Seed

FULL_SCALE = (1 << 23) - 1
POWER_CUTS_A_SECOND = 0.7
BLOCKS_A_SECOND = 1000


@dataclass
class SoakReport:
    """What happened; `losses` is empty when nothing went wrong."""

    seconds: float
    power_cuts: int
    settings_sent: int
    settings_kept: int
    garbage_bytes: int
    peak: int
    losses: list[str]


class Soak:
    """A module under way, and what is known of it."""

    def __init__(self, image: Path, number: int) -> None:
        self.seed = Seed(image)
        self.draw = random.Random(number)
        self.report = SoakReport(0.0, 0, 0, 0, 0, 0, [])
        self.known = Settings()  # stored for certain
        self.sent: list[Settings] = []  # since then; each may be stored or not

    def play(self, blocks: int) -> None:
        """Let blocks pass and look at them."""
        resets = self.seed.resets
        samples = self.seed.run_blocks(blocks)
        self.report.seconds += blocks / BLOCKS_A_SECOND
        self.report.peak = max(self.report.peak, int(np.abs(samples).max()))
        if self.seed.resets != resets:
            self.look_at_settings()

    def look_at_settings(self) -> None:
        """After a power cut: one of those that can be, and from now on that one."""
        starts = [bytes(self.seed.qspi[n * SECTOR_BYTES :][:SETTINGS_BYTES]) for n in (kept.SECTOR, kept.SECTOR + 1)]
        found = replace(kept.latest(starts[0], starts[1])[0], sequence=0)
        if found not in (self.known, *self.sent):
            self.report.losses.append(f"settings lost after {self.report.seconds:.1f} s: {found}")
        self.report.settings_kept += found != self.known
        self.known, self.sent = found, []

    def act(self) -> None:
        """One thing that people and cables do."""
        seed, draw = self.seed, self.draw
        kind = draw.randrange(7)
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
            seed.send(noise)
        else:
            self.put_settings()

    def put_settings(self) -> None:
        self.report.settings_sent += 1
        settings = Settings(
            slot=self.draw.randrange(32), root_octave=self.draw.randrange(-3, 4), hold=self.draw.randrange(2)
        )
        self.sent.append(settings)
        number = self.draw.randrange(256)
        self.seed.send(b"\0" + wire.request(Command.SETTINGS_PUT, number, SettingsPutRequest(kept.pack(settings))))

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


def run_soak(image: Path, seconds: float, number: int = 0) -> SoakReport:
    """Play `seconds` of virtual time with the draws of `number`; the same number does the same."""
    soak = Soak(image, number)
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
    soak.ask()
    if soak.seed.resets != soak.report.power_cuts:
        soak.report.losses.append(f"{soak.seed.resets} starts after {soak.report.power_cuts} power cuts")
    if soak.report.peak > FULL_SCALE:
        soak.report.losses.append(f"a sample of {soak.report.peak}, over full scale")
    return soak.report


if __name__ == "__main__":
    told = run_soak(build_image(), float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(told)
    sys.exit(bool(told.losses))
