# SPDX-License-Identifier: MIT
"""GATE's events on the running image: none is missed, however short, and each is heard at its own sample."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from lottava.emulator import EmulatorError, Seed, build_image
from lottava.emulator.library import Inputs
from lottava.emulator.pulses import PULSE_SAMPLES, PulseReport, play_pulses
from lottava.emulator.replay import Recorder

from lottava.units import BLOCK_SAMPLES

PULSES = 200
"""`python -m lottava.emulator.pulses` plays 10 000."""


@pytest.fixture(scope="module")
def image() -> Path:
    return build_image()


def test_no_short_pulse_is_missed_under_serial_load(image: Path) -> None:
    report = play_pulses(image, PULSES, number=4)
    assert (report.counted, report.heard, len(report.errors)) == (PULSES, PULSES, PULSES)
    assert report.failures() == []
    assert report.worst_error < 0.6
    assert report.garbage_bytes > 10_000 and report.answers > 10


def test_what_went_wrong_is_said() -> None:
    missed = PulseReport(10, counted=10, heard=9, errors=[2.0], missed_blocks=1)
    assert missed.failures() == [
        "10 pulses, 10 counted by the interrupt, 9 played",
        "a note begins 2.00 samples from its edge",
        "1 missed blocks, 0 answers",
    ]
    assert missed.summary().startswith("1 of 10 pulses of 0.2 ms missed")


def test_only_the_instrument_is_given_pulses() -> None:
    with pytest.raises(EmulatorError, match="is it the image of"):
        play_pulses(build_image("seed-tone"), 1)


def test_notes_that_begin_inside_blocks_are_those_of_the_host_build(image: Path) -> None:
    """Edges anywhere, two in a hop or a hop's end and an edge in one block, and a pitch that comes late."""
    seed, draw = Seed(image), random.Random(3)
    voice = seed.image.symbols["lottava_voice"]
    blob = bytes(seed.cpu.uc.mem_read(voice, int.from_bytes(seed.cpu.uc.mem_read(voice + 8, 4), "little")))
    recorder, peak = Recorder(seed), 0
    seed.set_volts("level", 4.0)
    for block in range(300):
        if block > 100 and draw.random() < 0.2:
            at = draw.uniform(0, BLOCK_SAMPLES)
            seed.set_gate(True, after_samples=at)
            seed.set_gate(False, after_samples=at + draw.choice((PULSE_SAMPLES, 200.0)))
        if draw.random() < 0.1:
            seed.set_volts("v_oct", draw.randrange(24) / 12 - 1)
        peak = max(peak, int(np.abs(recorder.run_block()).max()))
    assert peak > 1000
    assert len({inputs.gate_offset for inputs in recorder._inputs}) > 20
    assert recorder.differing_samples(blob) == 0


def test_a_short_freeze_lasts_a_block(image: Path) -> None:
    seed = Seed(image)
    (at,) = (at for name, at in seed.image.symbols.items() if name.endswith("7inputs_E"))
    seed.run_blocks(60)
    seed.set_freeze(True, after_samples=10)
    seed.set_freeze(False, after_samples=10 + PULSE_SAMPLES)
    frozen = []
    for _ in range(4):
        seed.run_blocks(1)
        frozen.append(Inputs.from_buffer_copy(bytes(seed.cpu.uc.mem_read(at, len(bytes(Inputs()))))).freeze)
    assert sum(frozen) == 1
