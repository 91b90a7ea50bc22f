# SPDX-License-Identifier: MIT
"""The flash image itself: size, what it must not contain, the registers it leaves, and its sound against the host's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lottava.emulator import Seed, build_image
from lottava.emulator.host import HostModule
from lottava.emulator.measure import measure_latency, trace_blocks

from lottava.board import BOARD
from lottava.units import BLOCK_SAMPLES, HOP_SAMPLES

FLASH_BYTES = 128 << 10
BOOT_BLOCKS = 2
"""Two silent halves leave before the first one that was computed."""
ENTRY_SAMPLES = 3
"""Samples from the start of a ramp out of silence until it exceeds 1 LSB of 16 bits."""
FULL_SCALE = (1 << 23) - 1

EXPECTED = {
    "RCC PLLCKSELR": (0x58024428, 0x00601042),
    "RCC PLLCFGR": (0x5802442C, 0x016F0599),
    "RCC PLL1DIVR": (0x58024430, 0x010402EF),
    "RCC PLL2DIVR": (0x58024438, 0x00010E0B),
    "RCC PLL2FRACR": (0x5802443C, 0x00008000),
    "RCC PLL3DIVR": (0x58024440, 0x1F031F26),
    "RCC CFGR": (0x58024410, 0x00000003),
    "RCC D1CFGR": (0x58024418, 0x00000048),
    "RCC D2CFGR": (0x5802441C, 0x00000440),
    "RCC D3CFGR": (0x58024420, 0x00000040),
    "RCC D3CCIPR": (0x58024458, 0x00010000),
    "FLASH ACR": (0x52002000, 0x00000034),
    "SYSCFG PWRCR": (0x5800042C, 0x00000001),
    "PWR D3CR": (0x58024818, 0x0000E000),
    "SAI1 ACR2": (0x40015808, 0x00000001),
    "SAI1 AFRCR": (0x4001580C, 0x00031F3F),
    "SAI1 ASLOTR": (0x40015810, 0xFFFF0180),
    "SAI1 ACR1": (0x40015804, 0x004302C0),
    "SAI1 BCR1": (0x40015824, 0x000306C3),
    "SAI1 BFRCR": (0x4001582C, 0x00031F3F),
    "SAI1 BSLOTR": (0x40015830, 0xFFFF0180),
    "DMA1 S0CR": (0x40020010, 0x00025541),
    "DMA1 S1CR": (0x40020028, 0x00025519),
    "DMA1 S2CR": (0x40020040, 0x00002D11),
    "DMA1 S0PAR": (0x40020018, 0x40015820),
    "DMA1 S1PAR": (0x40020030, 0x40015840),
    "DMA1 S2PAR": (0x40020048, 0x40022040),
    "DMAMUX1 C0-C2": (0x40020800, 0x00000057),
    "ADC1 CFGR": (0x4002200C, 0x00002003),
    "ADC1 CFGR2": (0x40022010, 0x000F0081),
    "ADC1 CCR": (0x40022308, 0x00040000),
    "QUADSPI CR": (0x52005000, 0x01000001),
    "QUADSPI DCR": (0x52005004, 0x00160100),
    "QUADSPI CCR": (0x52005014, 0x0F18EDEB),
}
"""Final values. Those of a working start-up of a Seed Rev4 (AK4556, ADC and DAC running) but for DIFFERENCES."""

DIFFERENCES = {
    "SAI1 ACR2": (0x00000000, "FIFO threshold a quarter instead of empty: one burst more of slack for the DMA"),
    "SAI1 BCR1": (0x004306C3, "the master divider of a synchronous slave is not used"),
    "DMA1 S0CR": (0x0002555F, "one interrupt a block is enough: the receiving stream's; no error interrupts"),
    "DMA1 S1CR": (0x0002551F, "no error interrupts: nothing could answer them"),
    "DMA1 S2CR": (0x00002D1F, "interrupt at the end of a scan only"),
    "ADC1 CFGR2": (0x001F00A1, "16 instead of 32 conversions a code: nine channels in 0.4 ms, so every block is fresh"),
    "QUADSPI CR": (0x01400001, "APMS belongs to automatic polling, which isn't used"),
    "QUADSPI CCR": (0x1F18EDEB, "SIOO off: the chip stays out of continuous read and takes commands"),
}
"""Register → value in the reference start-up, and why ours is another."""


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


@pytest.mark.parametrize("name", EXPECTED)
def test_register(running: Seed, name: str) -> None:
    address, expected = EXPECTED[name]
    reference, reason = DIFFERENCES.get(name, (expected, ""))
    assert running.bus.registers()[address] == expected
    assert (reference == expected) == (not reason)


def test_qspi_window_is_guarded(running: Seed) -> None:
    """Region 1 forbids everything behind the controller; region 2 opens the chip for reading while it is mapped."""
    regions = running.nvic.mpu_regions
    assert regions[1][0] == regions[2][0] == 0x90000000
    assert regions[1][1] >> 24 & 7 == 0
    assert regions[2][1] & 1
    assert regions[0][0] == 0x30000000


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
    """A phrase: silence, a note from its edge, release. Panel constant, so that both read the same codes."""
    twins = Twins(image)
    twins.seed.set_volts("level", 4.0)
    twins.seed.set_pot("level", 0.9)
    twins.seed.set_volts("v_oct", -0.25)
    twins.seed.run_blocks(1)
    heard, computed = [], []
    for gate, blocks in ((False, 9), (True, 150), (False, 60)):
        edge = gate and not twins.gate
        twins.gate = gate
        twins.seed.set_gate(gate)
        heard.append(twins.seed.run_blocks(blocks))
        computed.append(twins.host_blocks(blocks, edge))
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
