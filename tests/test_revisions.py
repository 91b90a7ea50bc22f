# SPDX-License-Identifier: MIT
"""One image on the three revisions of the Seed: straps, codecs, SDRAM, output mute, and what the models refuse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from instrument import hello
from lottava.emulator import EmulatorError, FrontEnd, Seed, build_image
from lottava.emulator.codec import REVISIONS, Ak4556, Pcm3060, Wm8731, make_codec
from lottava.emulator.faults import UNDEFINED, patch
from lottava.emulator.fmc import Fmc
from lottava.emulator.memory import SDRAM, Sdram
from lottava.emulator.replay import Recorder
from lottava.emulator.seed import CORE_HZ
from unicorn import UC_PROT_READ

from lottava.board import BOARD

MUTED_SECONDS = 0.5
DAC_LINES = {"rev4": "A", "1.1": "B", "2dfm": "A"}
ACR1, BCR1 = 0x40015804, 0x40015824
SETTINGS = (
    (15, 0x00), (6, 0x72), (0, 0x17), (1, 0x17), (2, 0), (3, 0),
    (4, 0x12), (5, 0), (7, 0x09), (8, 0), (9, 1), (6, 0x62),
)  # fmt: skip
"""The WM8731's data sheet: reset, power but for the outputs, everything else, active, outputs."""


@pytest.fixture(scope="module")
def image() -> Path:
    return build_image()


@pytest.fixture(scope="module")
def tone() -> Path:
    return build_image("seed-tone")


@pytest.fixture(scope="module", params=REVISIONS)
def playing(request: pytest.FixtureRequest, image: Path) -> tuple[Seed, np.ndarray]:
    """The factory image on one revision, and its first blocks after a gate."""
    seed = Seed(image, revision=request.param)
    seed.set_volts("level", 4.0)
    seed.set_pot("level", 0.9)
    seed.run_blocks(9)
    seed.set_gate(True)
    return seed, seed.run_blocks(120)


def test_names_are_the_boards() -> None:
    assert tuple(one.name.lower().replace(" ", "") for one in BOARD.seed_revisions) == REVISIONS
    assert [make_codec(name).name for name in REVISIONS] == [one.codec for one in BOARD.seed_revisions]
    with pytest.raises(EmulatorError, match=r"rev4, 1\.1, 2dfm"):
        make_codec("rev5")


def test_all_revisions_give_the_same_samples(playing: tuple[Seed, np.ndarray], image: Path) -> None:
    _, heard = playing
    reference = Seed(image)
    reference.set_volts("level", 4.0)
    reference.set_pot("level", 0.9)
    reference.run_blocks(9)
    reference.set_gate(True)
    assert np.abs(heard).max() > 1000
    np.testing.assert_array_equal(heard, reference.run_blocks(120))


def test_the_sai_sends_on_the_line_that_is_wired_to_the_converter(playing: tuple[Seed, np.ndarray]) -> None:
    seed, _ = playing
    a, b = seed.bus.registers()[ACR1], seed.bus.registers()[BCR1]
    sends_on_a = DAC_LINES[seed.revision] == "A"
    assert (a & 3, b & 3) == ((0, 3) if sends_on_a else (1, 2))
    assert a & ~3 == 0x004302C0 and b & ~3 == 0x000306C0
    requests = [seed.bus.read(0x40020800 + 4 * stream, 4) for stream in (0, 1)]
    assert requests == ([87, 88] if sends_on_a else [88, 87])


def test_the_output_is_muted_until_the_codec_has_settled(playing: tuple[Seed, np.ndarray]) -> None:
    seed, _ = playing
    assert seed.output_muted
    while seed.output_muted:
        seed.run_blocks(1)
    assert MUTED_SECONDS < seed.seconds < 0.7
    seed.reboot()
    assert seed.output_muted


def test_hello_tells_the_revision(playing: tuple[Seed, np.ndarray]) -> None:
    seed, _ = playing
    assert hello(seed).seed_revision == REVISIONS.index(seed.revision)


def test_a_fault_mutes_the_output_before_the_reset(image: Path) -> None:
    seed = Seed(image, real_faults=True)
    seed.run_blocks(540)
    assert not seed.output_muted
    patch(seed, "7OnBlockE", UNDEFINED)
    seed.run_seconds(0.0014)
    assert (seed.output_muted, seed.resets) == (True, 0)
    seed.run_seconds(0.01)
    assert (seed.output_muted, seed.resets) == (True, 1)


def test_the_wm8731_is_set_up_as_its_data_sheet_says(tone: Path) -> None:
    seed, written = Seed(tone, revision="1.1"), []
    take = seed.codec.receive
    seed.codec.receive = lambda data: (written.append((data[0] >> 1, (data[0] & 1) << 8 | data[1])), take(data))[1]  # type: ignore[method-assign]
    seed.run_blocks(2)
    assert tuple(written) == SETTINGS


@pytest.mark.parametrize("missing", range(1, len(SETTINGS)))
def test_a_wm8731_with_a_step_left_out_is_silent_or_refuses(missing: int) -> None:
    """But for gains and mutes, whose defaults sound as well."""
    codec = Wm8731()
    codec.power_up()
    number = SETTINGS[missing][0]
    samples = np.ones((4, 2), np.int32)
    try:
        for index, (register, value) in enumerate(SETTINGS):
            if index != missing:
                codec.receive(bytes([register << 1 | value >> 8, value & 255]))
        silent = not codec.play(samples).any()
    except EmulatorError:
        silent = True
    assert silent or number in (0, 1, 2, 3, 8) or missing == 1


@pytest.mark.parametrize("data", [b"\x12", b"\x12\x01\x00", b"\x16\x00", b"\x13\xff", b"\x1e\x01", b"\x0c\x62"])
def test_the_wm8731_refuses_wrong_writes(data: bytes) -> None:
    codec = Wm8731()
    codec.power_up()
    with pytest.raises(EmulatorError):
        codec.receive(data)


def test_settings_of_a_running_wm8731_are_not_changed() -> None:
    codec = Wm8731()
    codec.power_up()
    codec.receive(b"\x12\x01")
    with pytest.raises(EmulatorError, match="while the interface is active"):
        codec.receive(b"\x0e\x09")


def test_codecs_without_a_port_follow_their_pin() -> None:
    samples = np.ones((4, 2), np.int32)
    reset, hardware = Ak4556(), Pcm3060()
    for codec in (reset, hardware):
        codec.power_up()
        with pytest.raises(EmulatorError, match="no control port"):
            codec.receive(b"\x00\x00")
    reset.pin(True)
    assert not reset.play(samples).any()
    reset.pin(False)
    reset.pin(True)
    assert reset.play(samples).all()
    with pytest.raises(EmulatorError, match="de-emphasises"):
        hardware.play(samples)
    hardware.pin(False)
    assert hardware.play(samples).all()


def test_a_codec_that_does_not_answer_leaves_the_module_running(tone: Path) -> None:
    seed = Seed(tone, revision="1.1")
    seed.codec.i2c_address = None
    seed.set_gate(True)
    assert not seed.run_blocks(10).any()
    seed.send(b"a")
    seed.run_blocks(3)
    assert seed.receive() == b"b"


def write_with(seed: Seed, address: int, value: int) -> None:
    """A register write as if a program had done it."""
    seed.bus.write(address, value, 4)


@pytest.fixture
def booted(tone: Path) -> Seed:
    seed = Seed(tone, revision="1.1")
    seed.run_blocks(2)
    return seed


I2C = 0x40005800


def test_i2c_refuses_what_the_bus_would_not_stand(booted: Seed) -> None:
    for address, value, why in (
        (I2C + 0x10, 0, "while the peripheral is off"),
        (I2C + 0x28, 0, "didn't ask for"),
        (I2C + 0x18, 0, "I2C_ICR"),
        (I2C + 0x04, 1 << 13 | 2 << 16 | 0x34, "end by themselves"),
        (I2C + 0x04, 1 << 13 | 1 << 25 | 1 << 10 | 2 << 16 | 0x34, "end by themselves"),
    ):
        with pytest.raises(EmulatorError, match=why):
            write_with(booted, address, value)
    write_with(booted, I2C, 0)
    write_with(booted, I2C + 0x10, 0x00000101)
    write_with(booted, I2C, 1)
    with pytest.raises(EmulatorError, match="400 kHz"):
        write_with(booted, I2C + 0x04, 1 << 13 | 1 << 25 | 2 << 16 | 0x34)


def test_a_byte_takes_its_time_on_the_bus(booted: Seed) -> None:
    start = booted.seconds
    write_with(booted, I2C + 0x04, 1 << 13 | 1 << 25 | 2 << 16 | 0x34)
    while not booted.bus.read(I2C + 0x18, 4) & 2:
        booted.cpu.run_until(booted.timeline.now + 1e-6 * CORE_HZ)
    assert booted.seconds - start == pytest.approx(9 / 100e3, rel=0.15)


FMC = 0x52004000


SDRAM_START = (
    (FMC + 0x140, 0x19E9, 0.0), (FMC + 0x148, 0x09F27361, 0.0), (FMC, 0x800030DA, 0.0), (FMC + 0x150, 0x11, 0.0),
    (FMC + 0x150, 0x12, 110e-6), (FMC + 0x150, 0x73, 0.0), (FMC + 0x150, 0x46414, 0.0), (FMC + 0x154, 761 << 1, 0.0),
)  # fmt: skip
"""Register, value, and the seconds that pass before it is written."""


def run_writes(seed: Seed, writes: Sequence[tuple[int, int, float]]) -> None:
    for address, value, seconds in writes:
        seed.timeline.now += seconds * CORE_HZ
        write_with(seed, address, value)


@pytest.fixture
def clocked(booted: Seed) -> Seed:
    """A Seed whose FMC has clock and pins and has forgotten the rest."""
    booted.cpu.uc.mem_unmap(SDRAM.base, SDRAM.size)
    booted.bus.attach(Fmc(booted.rcc, booted.timeline, Sdram(booted.cpu.uc).show, lambda: True))
    return booted


def readable(seed: Seed) -> bool:
    regions = seed.cpu.uc.mem_regions()
    return any(start <= 0xC0000000 <= end and protection & UC_PROT_READ for start, end, protection in regions)


def test_the_sdram_is_there_after_its_start(clocked: Seed) -> None:
    assert not readable(clocked)
    run_writes(clocked, SDRAM_START)
    assert readable(clocked)


@pytest.mark.parametrize("missing", range(8))
def test_the_sdram_does_not_start_with_a_step_left_out(clocked: Seed, missing: int) -> None:
    writes = list(SDRAM_START)
    del writes[missing]
    if missing == 1:
        run_writes(clocked, writes)  # reset leaves the longest times, which the chip stands
        return
    try:
        run_writes(clocked, writes)
    except EmulatorError:
        return
    assert not readable(clocked)


def test_the_sdram_needs_its_100_us_and_its_refresh(clocked: Seed) -> None:
    writes = [(address, value, 0.0) for address, value, _ in SDRAM_START]
    with pytest.raises(EmulatorError, match="100 us"):
        run_writes(clocked, writes)


def test_the_refresh_of_the_reference_would_lose_data(clocked: Seed) -> None:
    with pytest.raises(EmulatorError, match=r"20\.7\d us"):
        run_writes(clocked, [*SDRAM_START[:-1], (FMC + 0x154, 0x100C, 0)])


def test_blocks_that_start_in_another_order_are_refused(booted: Seed) -> None:
    booted.sai._running = False
    for block, value in ((0x04, 0x2C1), (0x24, 0x6C2)):
        write_with(booted, 0x40015800 + block, value)
    with pytest.raises(EmulatorError, match="before the receiving one"):
        write_with(booted, 0x40015824, 0x306C2)
    write_with(booted, 0x40015804, 0x4302C1)
    with pytest.raises(EmulatorError, match="empty FIFO"):
        write_with(booted, 0x40015824, 0x106C2)


def voice_of(seed: Seed) -> bytes:
    """The blob in the image; its length is in its third word."""
    at = seed.image.symbols["lottava_voice"]
    return bytes(seed.cpu.uc.mem_read(at, int.from_bytes(seed.cpu.uc.mem_read(at + 8, 4), "little")))


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_moving_panel_gives_the_bits_of_the_host_build(image: Path, revision: str) -> None:
    """Voltages, knobs and gates move in every block; the host is given what the converters made of them."""
    seed = Seed(image, frontend=FrontEnd.random(5), revision=revision)
    recorder = Recorder(seed)
    for block in range(200):
        seed.set_volts("level", 3 + block % 7 / 4)
        seed.set_volts("v_oct", block // 20 / 12)
        seed.set_pot("bright", block / 200)
        seed.set_gate(block % 50 > 20)
        sent = recorder.run_block()
    assert np.abs(sent).max() > 1000
    blob = voice_of(seed)
    assert recorder.differing_samples(blob) == 0
    recorder._inputs[60].cv_codes[1] += 3000
    assert recorder.differing_samples(blob) > 1000


def test_a_replay_begins_with_the_power(image: Path) -> None:
    seed = Seed(image)
    seed.run_blocks(1)
    with pytest.raises(EmulatorError, match="power-up"):
        Recorder(seed)
