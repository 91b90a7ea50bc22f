# SPDX-License-Identifier: MIT
"""From power to the first sound, on each revision of the Seed and whatever is at its USB sockets.

`python -m lottava.emulator.poweron` prints the table for build/seed/lottava-seed.elf and fails above a second, or where
USB makes it later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lottava.board import BOARD
from lottava.units import BLOCK_SAMPLES

from .build import build_image
from .codec import REVISIONS
from .errors import EmulatorError
from .frontend import FrontEnd
from .measure import LSB_16
from .seed import Seed
from .usb_core import UsbCore
from .usb_host import UsbHost

LIMIT_SECONDS = 1.0
SLOT_1_GREEN = 1
PATIENCE_BLOCKS = 1000


class _Charger:
    """A cable with power and nobody at its other end."""

    def connect(self, core: UsbCore) -> None:
        """Says nothing."""


def _nothing(_seed: Seed) -> None:
    """No cable."""


def _charge(seed: Seed) -> None:
    seed.usb_cables |= {"seed": _Charger(), "panel": _Charger()}


def _host(seed: Seed) -> None:
    UsbHost(seed).plug()


def _deaf_host(seed: Seed) -> None:
    host = UsbHost(seed, "panel")
    host.deaf = True
    host.plug()


SOCKETS: dict[str, Callable[[Seed], None]] = {
    "no cable": _nothing,
    "power only": _charge,
    "a host": _host,
    "a host that never reads": _deaf_host,
}


@dataclass(frozen=True)
class Start:
    """Seconds from power. computed: the first sample above 1 LSB of 16 bits; heard: that, or the end of the mute."""

    name: str
    computed: float
    heard: float
    leds: int

    def row(self) -> str:
        """A line of the table."""
        return f"{self.name:<34}{1000 * self.computed:10.1f}{1000 * self.heard:10.1f}"


HEADING = f"{'ms from power':<34}{'computed':>10}{'heard':>10}"


def measure_start(image: Path, revision: str = "rev4", socket: str = "no cable", *, bare: bool = False) -> Start:
    """A module without a cable in any jack, everything at noon; bare: a Seed without a board, nothing muted.

    Raises EmulatorError where it stays silent.
    """
    seed = Seed(image, revision=revision, frontend=FrontEnd.bare() if bare else None)
    if not bare:
        seed.unplug(*(cv.name for cv in BOARD.cv_inputs), "GATE", "FREEZE")
    SOCKETS[socket](seed)
    computed = None
    for _ in range(PATIENCE_BLOCKS):
        sent = np.flatnonzero(np.abs(seed.run_blocks(1)).max(axis=1) > LSB_16)
        if computed is None and len(sent):
            computed = seed.seconds - (BLOCK_SAMPLES - sent[0]) / seed.sample_rate_hz
        if computed is not None and len(sent) and (bare or not seed.output_muted):
            name = "bare Seed" if bare else f"{revision}, {socket}"
            return Start(name, computed, computed if bare else seed.seconds, seed.leds)
    raise EmulatorError(f"{revision}, {socket}: no sound within {PATIENCE_BLOCKS} blocks")


def failures(starts: list[Start]) -> list[str]:
    """What is late, in words. The first start is the one without USB."""
    late = [f"{start.name}: first sound after {start.heard:.2f} s" for start in starts if start.heard > LIMIT_SECONDS]
    waits = [start.name for start in starts if start.computed > starts[0].computed + 1e-3]
    return late + [f"{name}: the boot waits" for name in waits]


if __name__ == "__main__":
    elf = build_image()
    print(HEADING)
    found = []
    for socket in SOCKETS:
        found.append(measure_start(elf, socket=socket))
        print(found[-1].row(), flush=True)
    wrong = failures(found)
    others = [measure_start(elf, revision) for revision in REVISIONS[1:]] + [measure_start(elf, bare=True)]
    for start in others:
        print(start.row(), flush=True)
        wrong += failures([start])
    print(f"asked: heard <= {1000 * LIMIT_SECONDS:.0f}, and USB makes no difference")
    sys.exit("not met: " + "; ".join(wrong) if wrong else 0)
