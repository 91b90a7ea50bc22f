# SPDX-License-Identifier: MIT
"""GATE's events on the running image: none is missed, however short, whatever the serial port brings."""

from __future__ import annotations

import numpy as np
from lottava.emulator import Seed, build_image
from lottava.emulator.library import Inputs

from lottava import wire
from lottava.messages import Command, Empty
from lottava.units import BLOCK_SAMPLES

PULSES = 150
"""With 10_000 it takes ten minutes."""
PULSE_SAMPLES = 9.6
"""0.2 ms."""


def address(seed: Seed, ending: str) -> int:
    """Where the one symbol lies whose name ends so."""
    (found,) = (at for name, at in seed.image.symbols.items() if name.endswith(ending))
    return found


def events(seed: Seed) -> int:
    """Edges of GATE that the interrupt has counted."""
    return int.from_bytes(seed.cpu.uc.mem_read(address(seed, "6lines_E"), 4), "little")


def block_inputs(seed: Seed) -> Inputs:
    """What the instrument was given for its latest block."""
    return Inputs.from_buffer_copy(bytes(seed.cpu.uc.mem_read(address(seed, "7inputs_E"), len(bytes(Inputs())))))


def test_no_short_pulse_is_missed_under_serial_load() -> None:
    random = np.random.default_rng(4)
    seed = Seed(build_image())
    seed.run_blocks(60)
    request = wire.request(Command.MONITOR, 1, Empty())
    seen = before = events(seed)
    heard = 0
    for _ in range(PULSES):
        start = random.uniform(0, BLOCK_SAMPLES - 1)
        seed.set_gate(True, after_samples=start)
        seed.set_gate(False, after_samples=start + PULSE_SAMPLES)
        seed.send(request + random.bytes(8))
        for _ in range(3):
            seed.run_blocks(1)
            heard += block_inputs(seed).gate_edge
        seen = events(seed)
    assert seen - before == PULSES
    assert heard == PULSES


def test_a_short_freeze_lasts_a_block() -> None:
    seed = Seed(build_image())
    seed.run_blocks(60)
    seed.set_freeze(True, after_samples=10)
    seed.set_freeze(False, after_samples=10 + PULSE_SAMPLES)
    frozen = []
    for _ in range(4):
        seed.run_blocks(1)
        frozen.append(block_inputs(seed).freeze)
    assert sum(frozen) == 1
