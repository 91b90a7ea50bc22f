# SPDX-License-Identifier: MIT
"""The flash image itself: size, what it must not contain, and its sound against the host's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lottava.emulator import Seed, build_image
from lottava.emulator.host import HostModule
from lottava.emulator.leap import NEVER
from lottava.emulator.measure import measure_latency, trace_blocks

from lottava.board import BOARD
from lottava.units import BLOCK_SAMPLES, HOP_SAMPLES

FLASH_BYTES = 128 << 10
BOOT_BLOCKS = 2
"""Two silent halves leave before the first one that was computed."""
ENTRY_SAMPLES = 3
"""Samples from the start of a ramp out of silence until it exceeds 1 LSB of 16 bits."""
FULL_SCALE = (1 << 23) - 1


@pytest.fixture(scope="module")
def image() -> Path:
    """The image that is flashed, with the voice of firmware/generated."""
    return build_image()


@pytest.fixture(scope="module")
def running(image: Path) -> Seed:
    """A module that sounds; tests only read from it."""
    seed = Seed(image)
    seed.run_blocks(8)
    return seed


def test_image_fits_into_flash(running: Seed) -> None:
    assert sum(len(data) for _, data in running.image.segments) < FLASH_BYTES


def test_code_and_tables_are_unpacked_to_where_they_run(running: Seed) -> None:
    for address, data in running.image.resident:
        stored = data.rstrip(b"\0")
        if address < 0x08000000:
            assert bytes(running.cpu.uc.mem_read(address, len(stored))) == stored and len(stored) > 16_384
    flashed = b"".join(data for _, data in running.image.segments)
    assert len(flashed) == build_image().with_suffix(".bin").stat().st_size


def test_unpacking_without_a_count_takes_the_time_of_its_instructions(image: Path, running: Seed) -> None:
    """Counted one by one it ends as late, and leaves the same code behind."""
    counted, quick = Seed(image), Seed(image)
    counted.cpu.leap.at = NEVER
    for seed in (counted, quick):
        seed.run_blocks(1)
    assert quick.seconds == pytest.approx(counted.seconds, rel=0.03)
    assert quick.seconds < 0.2
    for name in ("cold", "itcm"):
        start, end = (running.image.symbols[f"_{name}_{side}"] for side in ("start", "end"))
        assert quick.cpu.uc.mem_read(start, end - start) == counted.cpu.uc.mem_read(start, end - start)


class Twins:
    """The image in the emulator and the same voice on the host, fed with the same codes."""

    def __init__(self, image: Path) -> None:
        self.seed = Seed(image)
        voice = self.seed.image.symbols["lottava_voice"]
        length = int.from_bytes(self.seed.cpu.uc.mem_read(voice + 8, 4), "little")
        self.host = HostModule(bytes(self.seed.cpu.uc.mem_read(voice, length)))
        self.gate = False

    def codes(self) -> tuple[list[int], list[int]]:
        """What the nominal front end gives."""
        frontend = self.seed.frontend
        cvs = [int(frontend.scan([BOARD.seed_pins[cv.jack.pin].adc_channel or 0], 0)[0]) for cv in BOARD.cv_inputs]
        channels = {mux: BOARD.seed_pins[pin].adc_channel or 0 for mux, pin in BOARD.mux_pins.items()}
        pots = [int(frontend.scan([channels[pot.mux]], pot.mux_input)[0]) for pot in BOARD.pots]
        return cvs, pots

    def host_blocks(self, count: int, edge: bool) -> np.ndarray:
        """The host's next blocks as 24-bit samples."""
        cvs, pots = self.codes()
        blocks = []
        for number in range(count):
            block = self.host.process(cvs, pots, gate=self.gate, gate_edge=edge and number == 0)
            blocks.append(np.rint(block.audio * FULL_SCALE).astype(np.int32))
        return np.concatenate(blocks)


def test_image_and_host_give_the_same_bits(image: Path) -> None:
    """A phrase: silence, a note from its edge, release. Panel constant, so that both read the same codes.

    The edge comes with the end of the ninth block, so it belongs to the one that begins then.
    """
    twins = Twins(image)
    twins.seed.set_volts("level", 4.0)
    twins.seed.set_pot("level", 0.9)
    twins.seed.set_volts("v_oct", -0.25)
    twins.seed.run_blocks(1)
    heard, computed = [], []
    for gate, blocks, host_blocks in ((False, 9, 10), (True, 150, 149), (False, 60, 60)):
        edge = gate and not twins.gate
        twins.gate = gate
        twins.seed.set_gate(gate)
        heard.append(twins.seed.run_blocks(blocks))
        computed.append(twins.host_blocks(host_blocks, edge))
    sent, expected = np.concatenate(heard), np.concatenate(computed)
    assert np.abs(expected).max() > 1000
    np.testing.assert_array_equal(sent[BLOCK_SAMPLES:], expected[:-BLOCK_SAMPLES])


def make_playing(image: Path) -> Seed:
    """A module turned up, gate low."""
    seed = Seed(image)
    seed.set_volts("level", 5.0)
    seed.set_pot("level", 1.0)
    return seed


def test_gate_to_sound_within_two_blocks_and_a_hop(image: Path) -> None:
    latency = measure_latency(lambda: make_playing(image), settle_blocks=6, phases=4)
    assert latency.worst <= 2 * BLOCK_SAMPLES + HOP_SAMPLES
    assert latency.best >= BLOCK_SAMPLES


def test_cycles_of_a_hop(image: Path) -> None:
    seed = make_playing(image)
    seed.set_gate(True)
    seed.run_blocks(4)
    cost = trace_blocks(seed, 4)
    figures = cost.as_dict()
    assert figures["kind"] == "modelled"
    assert 0 < cost.cpu_share <= cost.worst_cpu_share < 1
    assert all(block.cycles <= block.cycles_pessimistic for block in cost.blocks)
    assert all(0.4 < block.cycles / block.instructions < 3 for block in cost.blocks)
    assert sum(cycles for _, cycles in cost.profile(1000)) == pytest.approx(
        cost.cycles_per_sample * BLOCK_SAMPLES, rel=0.05
    )
