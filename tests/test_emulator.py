# SPDX-License-Identifier: MIT
"""The emulated Seed, with a small image that exercises the board, and its parts on their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lottava.emulator import EmulatorError, FrontEnd, Pty, Seed, build_image
from lottava.emulator.norflash import (
    CHIP_BYTES,
    ERASE_SECONDS,
    PAGE_BYTES,
    PAGE_PROGRAM,
    READ_STATUS,
    SECTOR_BYTES,
    SECTOR_ERASE,
    WRITE_ENABLE,
    NorFlash,
)
from lottava.emulator.nvic import Nvic
from lottava.emulator.timeline import Timeline

from lottava.board import BOARD, DAC_FULL_SCALE


@pytest.fixture(scope="module")
def tone() -> Path:
    """The image of firmware/test/seed_tone.cc."""
    return build_image("seed-tone")


@pytest.fixture
def seed(tone: Path) -> Seed:
    """A module with nominal parts that has just begun to sound."""
    module = Seed(tone)
    module.run_blocks(2)
    return module


def test_clocks_are_those_of_the_seed(seed: Seed) -> None:
    assert seed.rcc.core_hz == pytest.approx(480e6)
    assert seed.sample_rate_hz == pytest.approx(48_014.3, abs=0.1)
    assert seed.rcc.apb2_hz == pytest.approx(120e6)
    assert seed.adc.scan_seconds == pytest.approx(9 * 44.3e-6, rel=1e-3)


def test_boots_within_a_second_and_keeps_time(seed: Seed) -> None:
    assert seed.seconds < 0.2
    before = seed.seconds
    audio = seed.run_blocks(100)
    assert audio.shape == (4800, 2)
    assert seed.seconds - before == pytest.approx(4800 / seed.sample_rate_hz, rel=1e-6)


def test_gate_is_heard_after_the_double_buffer(seed: Seed) -> None:
    """An edge just before an interrupt sounds one block later: 48 silent samples, then the tone."""
    assert not seed.run_blocks(3)[:, 0].any()
    seed.set_gate(True)
    audio = seed.run_blocks(3)[:, 0]
    assert not audio[:48].any()
    assert audio[48:].all()
    assert seed.gate_out


def test_a_pulse_between_two_interrupts_counts_once(seed: Seed) -> None:
    """0.2 ms, no interrupt of the audio while it lasts: the edge is an event."""
    seed.set_gate(True, after_samples=10)
    seed.set_gate(False, after_samples=20)
    audio = seed.run_blocks(4)
    assert not audio[:, 0].any()
    assert audio[-1, 1] >> 16 == 1


def test_codes_reach_the_program(seed: Seed) -> None:
    """V/OCT goes through ADC, DMA and audio interrupt to the DAC; a knob through its multiplexer."""
    seed.set_volts("v_oct", 1.0)
    seed.set_pot("wild", 0.25)
    audio = seed.run_blocks(12)
    assert audio[-1, 1] & 0xFFFF == round(0.25 * 65535)
    pitch = BOARD.cv_outputs[0]
    code = int(BOARD.cv_inputs[0].code(1.0)) >> 4
    expected = pitch.nominal_gain * code / DAC_FULL_SCALE + pitch.nominal_offset
    assert seed.output_volts[0] == pytest.approx(expected, abs=0.01)


def test_serial_port_echoes_at_its_speed(seed: Seed) -> None:
    message = bytes(range(32))
    seed.send(message)
    seed.run_blocks(2)
    assert len(seed.receive()) < len(message)
    seed.run_blocks(5)
    assert seed.usart.received[-1] == message[-1] + 1


def test_a_byte_written_to_flash_survives_a_reboot(seed: Seed) -> None:
    seed.send(b"wZ")
    seed.run_blocks(int(1000 * ERASE_SECONDS) + 30)
    assert seed.receive() == b"w"
    assert seed.qspi[:2] == b"Z\xff"
    seed.reboot()
    seed.run_blocks(2)
    seed.send(b"r")
    seed.run_blocks(3)
    assert seed.receive() == b"Z"


def test_two_modules_with_the_same_panel_give_the_same_samples(tone: Path) -> None:
    def play() -> np.ndarray:
        module = Seed(tone, frontend=FrontEnd.random(3))
        module.run_blocks(2)
        module.set_gate(True, after_samples=17.5)
        return module.run_blocks(20)

    np.testing.assert_array_equal(play(), play())


def test_a_host_tool_talks_through_the_pty(seed: Seed) -> None:
    import serial

    with Pty(seed) as pty, serial.Serial(pty.port, 115_200, timeout=0) as port:
        port.write(b"hello")
        answer = b""
        for _ in range(20):
            pty.pump()
            seed.run_blocks(1)
            pty.pump()
            answer += port.read(64)
        assert answer == b"ifmmp"


def test_the_pty_serves_from_a_thread_and_hands_over_its_error(seed: Seed) -> None:
    import serial

    with Pty(seed) as pty:
        pty.start()
        with serial.Serial(pty.port, 115_200, timeout=10) as port:
            port.write(b"a")
            assert port.read(1) == b"b"
        pty.stop()
    seed.cpu.uc.mem_write(seed.image.symbols["_ZN7lottava4seed9UsartReadEv"], b"\x00\xbe")
    seed.cpu.uc.ctl_flush_tb()
    with Pty(seed) as pty:
        pty.start()
        while pty.alive:
            pass
        with pytest.raises(EmulatorError, match="UsartRead"):
            pty.stop()


PROBE = """
.syntax unified; .cpu cortex-m7; .thumb
.section .vectors,"a"
.word 0x20001000, main+1
.text; .thumb_func; .type main,%function; .global main
main: ldr r0,={address}; {access}; b .
.size main,.-main
"""


def probe(folder: Path, address: int, access: str) -> Seed:
    """A module with an image that does one access."""
    source, elf, script = folder / "p.S", folder / "p.elf", folder / "p.ld"
    source.write_text(PROBE.format(address=address, access=access).replace(";", "\n"))
    script.write_text("SECTIONS { . = 0x08000000; .vectors : { KEEP(*(.vectors)) } .text : { *(.text) } }")
    flags = ["-nostdlib", "-Wl,--no-warn-rwx-segments", "-T", str(script)]
    subprocess.run(["arm-none-eabi-gcc", *flags, str(source), "-o", str(elf)], check=True)
    return Seed(elf)


@pytest.mark.parametrize(
    ("address", "access", "words"),
    [
        (0x40003C00, "ldr r1,[r0]", "read of 0x40003c00 at pc .*main.*no peripheral"),
        (0x58024404, "str r1,[r0]", "write of 0x58024404 at pc .*main.*RCC has no register at offset 0x4"),
        (0x40007400, "str r1,[r0]", "write of 0x40007400.*DAC1 is used before its clock"),
        (0x90000000, "ldr r1,[r0]", "access of 0x90000000.*main"),
        (0x08000100, "str r1,[r0]", "access of 0x08000100.*main"),
        (0x60000000, "ldr r1,[r0]", "access of 0x60000000.*main"),
        (0, "bkpt #0", "breakpoint.*main"),
    ],
)
def test_what_the_model_does_not_know_is_an_error(tmp_path: Path, address: int, access: str, words: str) -> None:
    with pytest.raises(EmulatorError, match=words):
        probe(tmp_path, address, access).run_blocks(1)


def test_an_image_that_hangs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lottava.emulator.seed.BOOT_SECONDS", 0.05)
    with pytest.raises(EmulatorError, match=r"no sound for 0\.05 s; the image hangs in main"):
        probe(tmp_path, 0, "nop").run_blocks(1)


def test_files_that_are_no_image_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="does not exist; build it"):
        Seed(tmp_path / "none.elf")
    (tmp_path / "text.elf").write_text("hello")
    with pytest.raises(EmulatorError, match="not an ELF file"):
        Seed(tmp_path / "text.elf")


class Chip:
    """A flash chip whose time is at hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.content = bytearray(b"\xff") * CHIP_BYTES
        self.flash = NorFlash(self.content)
        self.flash.follow(lambda: self.now)

    def write(self, code: int, address: int, data: bytes = b"") -> None:
        """With write enable before and patience after."""
        self.flash.command(WRITE_ENABLE)
        self.flash.command(code, address, data)
        self.now += 1.0


@given(st.integers(0, 4 * PAGE_BYTES), st.binary(min_size=1, max_size=PAGE_BYTES), st.binary(min_size=1, max_size=9))
def test_programming_only_clears_bits_within_a_page(address: int, first: bytes, second: bytes) -> None:
    chip = Chip()
    expected = bytearray(b"\xff") * 8192
    for data in (first, second):
        chip.write(PAGE_PROGRAM, address, data)
        for index, byte in enumerate(data):
            expected[address // PAGE_BYTES * PAGE_BYTES + (address + index) % PAGE_BYTES] &= byte
    assert chip.content[:8192] == expected


@given(st.integers(0, 3 * SECTOR_BYTES - 1))
def test_erase_takes_a_whole_sector_and_nothing_else(address: int) -> None:
    chip = Chip()
    chip.content[: 3 * SECTOR_BYTES] = bytes(3 * SECTOR_BYTES)
    chip.write(SECTOR_ERASE, address)
    start = address // SECTOR_BYTES * SECTOR_BYTES
    erased = chip.content[start : start + SECTOR_BYTES]
    assert erased == b"\xff" * SECTOR_BYTES
    assert chip.content[: 3 * SECTOR_BYTES].count(0) == 2 * SECTOR_BYTES


def test_the_chip_is_busy_while_it_erases() -> None:
    chip = Chip()
    chip.flash.command(WRITE_ENABLE)
    chip.flash.command(SECTOR_ERASE, 0)
    assert chip.flash.command(READ_STATUS, read_bytes=1)[0] & 1
    with pytest.raises(EmulatorError, match="busy"):
        chip.flash.command(WRITE_ENABLE)
    chip.now = ERASE_SECONDS
    assert not chip.flash.command(READ_STATUS, read_bytes=1)[0] & 1
    with pytest.raises(EmulatorError, match="without write enable"):
        chip.flash.command(PAGE_PROGRAM, 0, b"x")


@given(st.lists(st.floats(0, 100), max_size=20))
def test_events_come_in_order_and_time_never_goes_back(delays: list[float]) -> None:
    timeline, seen = Timeline(), []
    for delay in delays:
        timeline.after(delay, lambda: seen.append(timeline.now))
    while timeline.next_time < float("inf"):
        timeline.now = max(timeline.now, timeline.next_time)
        timeline.run_due()
    assert seen == sorted(delays)


@given(st.dictionaries(st.integers(0, 63), st.integers(0, 15), min_size=1, max_size=8))
def test_the_most_urgent_interrupt_goes_first_and_only_a_more_urgent_one_preempts(priorities: dict[int, int]) -> None:
    nvic = Nvic(Timeline())
    for irq, priority in priorities.items():
        nvic.write_bytes(0x400 + irq, priority << 4, 1)
        nvic.write(0x100 + 4 * (irq // 32), 1 << irq % 32)
        nvic.write(0x200 + 4 * (irq // 32), 1 << irq % 32)
    order = sorted(priorities, key=lambda irq: (priorities[irq], irq))
    for irq in order:
        assert nvic.next_exception() == 16 + irq
        nvic.enter(16 + irq)
        assert nvic.next_exception() is None
        nvic.leave()
    assert nvic.next_exception() is None
