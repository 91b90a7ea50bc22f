# SPDX-License-Identifier: MIT
"""Short pulses into GATE while garbage and requests come by USART and USB: how many are missed, where each is heard.

`python -m lottava.emulator.pulses [PULSES] [SEED]` plays 10 000 of them to build/seed/lottava-seed.elf in two minutes,
and fails where one is missed or put at another sample.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lottava import wire
from lottava.messages import Command, Empty, MonitorReply
from lottava.units import BLOCK_SAMPLES, SAMPLE_RATE_HZ

from .build import build_image
from .errors import EmulatorError
from .faults import garbage
from .library import Inputs
from .seed import Seed
from .usb_host import UsbHost

PULSE_SAMPLES = 9.6
"""0.2 ms, the shortest that counts (instrument.md 2)."""
GAP_SAMPLES = (49.0, 144.0)
"""From edge to edge, 1 to 3 ms, so that a block never holds two."""
SETTLE_BLOCKS = 80
"""A USB host has found the module, and the module its cables."""
USART_BYTES_A_BLOCK = 11
"""115 200 baud without a pause."""
USB_BYTES_A_BLOCK = 64


@dataclass
class PulseReport:
    """What became of the pulses. errors: sample of the note's start less that of the edge, one a pulse."""

    pulses: int = 0
    counted: int = 0
    heard: int = 0
    errors: list[float] = field(default_factory=list)
    blocks: int = 0
    garbage_bytes: int = 0
    answers: int = 0
    missed_blocks: int = 0

    @property
    def worst_error(self) -> float:
        """Farthest from its edge, in samples."""
        return float(np.abs(self.errors).max(initial=0.0))

    def failures(self) -> list[str]:
        """What went wrong, in words."""
        found = []
        if self.counted != self.pulses or self.heard != self.pulses:
            found.append(f"{self.pulses} pulses, {self.counted} counted by the interrupt, {self.heard} played")
        if self.worst_error > 1:
            found.append(f"a note begins {self.worst_error:.2f} samples from its edge")
        if self.missed_blocks or not self.answers:
            found.append(f"{self.missed_blocks} missed blocks, {self.answers} answers")
        return found

    def summary(self) -> str:
        """Figures in a few lines."""
        spread = 1000 * float(np.std(self.errors)) / SAMPLE_RATE_HZ
        return (
            f"{self.pulses - self.heard} of {self.pulses} pulses of 0.2 ms missed in {self.blocks / 1000:.1f} s\n"
            f"their notes begin at most {self.worst_error:.2f} samples from the edge, sd {spread:.4f} ms\n"
            f"meanwhile {self.garbage_bytes} bytes of garbage, {self.answers} requests answered, "
            f"{self.missed_blocks} missed blocks"
        )


class _Load:
    """Serial traffic on both lines, as much as they carry."""

    def __init__(self, seed: Seed, draw: random.Random) -> None:
        self.seed, self.draw, self.bytes = seed, draw, 0
        self.usb = UsbHost(seed) if "tud_task_ext" in seed.image.symbols else None
        if self.usb is not None:
            self.usb.plug()
        self._monitor = b"\0" + wire.request(Command.MONITOR, 1, Empty())

    def send(self) -> None:
        """A block's worth."""
        noise = [garbage(self.draw, size) for size in (USART_BYTES_A_BLOCK, USB_BYTES_A_BLOCK)]
        self.bytes += len(noise[0])
        self.seed.send(noise[0] if self.draw.random() < 0.98 else self._monitor)
        if self.usb is not None:
            self.bytes += len(noise[1])
            self.usb.write(noise[1] if self.draw.random() < 0.8 else self._monitor)

    def answers(self) -> list[MonitorReply]:
        """To the requests so far."""
        lines = [self.seed.receive(), self.usb.read() if self.usb is not None else b""]
        found = [wire.parse_reply(frame)[1] for line in lines for frame in wire.Decoder().feed(b"\0" + line)]
        return [answer for answer in found if isinstance(answer, MonitorReply)]


def play_pulses(
    image: Path, pulses: int, number: int = 0, progress: Callable[[int], object] = lambda _done: None
) -> PulseReport:
    """Pulses at random places with the draws of `number`. Raises EmulatorError for an image without the instrument."""
    seed, draw, report = Seed(image), random.Random(number), PulseReport(pulses)
    load, places, heard = _Load(seed, draw), _Places(seed), list[float]()
    seed.run_blocks(SETTLE_BLOCKS)
    counted, wanted, edge = places.counted(), list[float](), draw.uniform(*GAP_SAMPLES)
    while len(wanted) < pulses or report.blocks * BLOCK_SAMPLES < wanted[-1] + 3 * BLOCK_SAMPLES:
        start = report.blocks * BLOCK_SAMPLES
        if edge < start + BLOCK_SAMPLES and len(wanted) < pulses:
            seed.set_gate(True, after_samples=edge - start)
            seed.set_gate(False, after_samples=edge - start + PULSE_SAMPLES)
            wanted.append(edge)
            edge += draw.uniform(*GAP_SAMPLES)
        load.send()
        seed.run_blocks(1)
        inputs = places.inputs()  # of the interrupt at the start of this block, which read the one before
        if inputs.gate_edge:
            heard.append(start - BLOCK_SAMPLES + inputs.gate_offset)
        report.blocks += 1
        progress(len(wanted))
    answers = load.answers()
    report.counted, report.heard = places.counted() - counted, len(heard)
    report.errors = [at - edge for at, edge in zip(heard, wanted, strict=False)]
    report.garbage_bytes, report.answers = load.bytes, len(answers)
    report.missed_blocks = max((answer.missed_blocks for answer in answers), default=0)
    return report


class _Places:
    """Where the running image keeps its edges and what the instrument was given."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._lines, self._inputs = self._find("6lines_E"), self._find("7inputs_E")

    def _find(self, ending: str) -> int:
        found = [at for name, at in self._seed.image.symbols.items() if name.endswith(ending)]
        if len(found) != 1:
            raise EmulatorError(f"{len(found)} symbols end in {ending}; is it the image of boards/daisy_seed/main.cc?")
        return found[0]

    def counted(self) -> int:
        """Edges of GATE that the interrupt has counted."""
        return int.from_bytes(self._seed.cpu.uc.mem_read(self._lines, 4), "little")

    def inputs(self) -> Inputs:
        """For the latest block."""
        return Inputs.from_buffer_copy(bytes(self._seed.cpu.uc.mem_read(self._inputs, len(bytes(Inputs())))))


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    draws = int(sys.argv[2]) if len(sys.argv) > 2 else 0

    def tell(done: int) -> None:
        """On one line."""
        if done % 100 == 0:
            print(f"\r{done} of {wanted}", end="", file=sys.stderr, flush=True)

    found = play_pulses(build_image(), wanted, draws, tell)
    print(f"\n{found.summary()}", flush=True)
    sys.exit("not met: " + "; ".join(found.failures()) if found.failures() else 0)
