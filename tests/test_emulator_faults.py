# SPDX-License-Identifier: MIT
"""The emulator's watchdog, backup SRAM and fault exceptions on their own, with a few instructions of code."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lottava.emulator import EmulatorError, Seed
from lottava.emulator.faults import garbage, load_from, patch
from lottava.emulator.frontend import FrontEnd
from lottava.emulator.nvic import BUS_FAULT, HARD_FAULT, MEMORY_FAULT, USAGE_FAULT
from lottava.emulator.panel import CV_CHANNELS
from lottava.emulator.timeline import Timeline
from lottava.emulator.watchdog import FEED, LSI_HZ, PRESCALER, RELOAD, START, STATUS, UNLOCK, Watchdog
from unicorn import arm_const

CORE_HZ = 480e6
SHCSR, CFSR, HFSR, MMFAR, BFAR = 0xD24, 0xD28, 0xD2C, 0xD34, 0xD38


class Dog:
    """A watchdog, and when it bit."""

    def __init__(self) -> None:
        self.timeline = Timeline()
        self.bites: list[float] = []
        self.watchdog = Watchdog(self.timeline, CORE_HZ, lambda: self.bites.append(self.timeline.now))

    def key(self, value: int) -> None:
        self.watchdog.write(0, value)

    def set_time(self, prescaler: int, reload: int) -> None:
        self.key(UNLOCK)
        self.watchdog.write(PRESCALER, prescaler)
        self.watchdog.write(RELOAD, reload)

    def wait(self, cycles: float) -> None:
        """As Cpu.run_until does: from event to event."""
        end = self.timeline.now + cycles
        while not self.bites:
            self.timeline.now = max(self.timeline.now, min(end, self.timeline.next_time))
            self.timeline.run_due()
            if self.timeline.now >= end:
                break


@given(prescaler=st.integers(0, 7), reload=st.integers(1, 0xFFF), waits=st.lists(st.floats(0.0, 0.999), max_size=8))
def test_a_watchdog_that_is_fed_in_time_never_bites_and_then_on_time(
    prescaler: int, reload: int, waits: list[float]
) -> None:
    dog = Dog()
    dog.key(START)
    dog.set_time(prescaler, reload)
    timeout = (reload + 1) * min(4 << prescaler, 256) / LSI_HZ * CORE_HZ
    assert dog.watchdog.timeout_cycles == pytest.approx(timeout)
    dog.key(FEED)
    for share in waits:
        dog.wait(share * timeout)
        assert not dog.bites
        dog.key(FEED)
    fed = dog.timeline.now
    dog.wait(2 * timeout)
    assert dog.bites[0] == pytest.approx(fed + timeout)


def test_a_watchdog_takes_values_over_slowly_and_only_with_the_key() -> None:
    dog = Dog()
    dog.wait(CORE_HZ)
    assert not dog.watchdog.running
    with pytest.raises(EmulatorError, match="without the key"):
        dog.watchdog.write(RELOAD, 5)
    dog.set_time(2, 100)
    assert dog.watchdog.read(STATUS) == 3
    with pytest.raises(EmulatorError, match="poll IWDG_SR"):
        dog.watchdog.write(RELOAD, 5)
    dog.timeline.now += 5 / LSI_HZ * CORE_HZ
    assert dog.watchdog.read(STATUS) == 0
    dog.key(FEED)
    assert not dog.watchdog.running, "a feed doesn't start it"


PROBE = """
.syntax unified
.cpu cortex-m7
.thumb
.section .vectors,"a"
.word 0x20001000, main+1, 0, hard+1, memory+1, bus+1, usage+1, 0, 0, 0, 0, call+1
.text
{functions}
"""
FUNCTION = ".thumb_func;.type {name},%function;.global {name};{name}: {body};.size {name},.-{name};"
NAMES = ("hard", "memory", "bus", "usage", "call")


def probe(folder: Path, main: str, **handlers: str) -> Seed:
    """A module whose image does this, with handlers that stay where they are unless told otherwise; faults are real."""
    source, elf, script = folder / "p.S", folder / "p.elf", folder / "p.ld"
    bodies = {"main": main} | {name: handlers.get(name, "b .") for name in NAMES}
    functions = "".join(FUNCTION.format(name=name, body=body).replace(";", "\n") for name, body in bodies.items())
    source.write_text(PROBE.format(functions=functions))
    script.write_text("SECTIONS { . = 0x08000000; .vectors : { KEEP(*(.vectors)) } .text : { *(.text) } }")
    flags = ["-nostdlib", "-Wl,--no-warn-rwx-segments", "-T", str(script)]
    subprocess.run(["arm-none-eabi-gcc", *flags, str(source), "-o", str(elf)], check=True)
    seed = Seed(elf, real_faults=True)
    seed.nvic.values[0xD08] = 0x08000000
    return seed


def run(seed: Seed) -> list[int]:
    """Exceptions that are active after a while."""
    seed.cpu.run_until(10_000)
    return seed.nvic.active


ENABLE = "ldr r2,=0xE000ED24; mov r3,#0x70000; str r3,[r2]; "
CASES = [
    ("ldr r0,=0x60000000; ldr r1,[r0]; b .", BUS_FAULT, 0x8200, 0x60000000),
    ("ldr r0,=0x08000100; str r1,[r0]; b .", BUS_FAULT, 0x8200, 0x08000100),
    ("ldr r0,=0x40013000; str r1,[r0]; b .", BUS_FAULT, 0x8200, 0x40013000),
    ("ldr r0,=0x60000001; bx r0; b .", BUS_FAULT, 0x0100, None),
    ("udf #0; b .", USAGE_FAULT, 0x10000, None),
]


@pytest.mark.parametrize(("code", "exception", "status", "address"), CASES)
def test_what_is_wrong_becomes_its_fault(
    tmp_path: Path, code: str, exception: int, status: int, address: int | None
) -> None:
    seed = probe(tmp_path, ENABLE + code)
    assert run(seed) == [exception]
    assert seed.nvic.values[CFSR] == status
    assert address in (None, seed.nvic.values[BFAR])


@pytest.mark.parametrize(("code", "exception", "status", "address"), CASES)
def test_a_fault_that_is_not_enabled_is_a_hard_one(
    tmp_path: Path, code: str, exception: int, status: int, address: int | None
) -> None:
    seed = probe(tmp_path, code)
    assert run(seed) == [HARD_FAULT]
    assert (seed.nvic.values[CFSR], seed.nvic.values[HFSR]) == (status, 1 << 30)


def test_the_frame_says_where(tmp_path: Path) -> None:
    seed = probe(tmp_path, ENABLE + "ldr r0,=0x60000000; nop; ldr r1,[r0]; b .", bus="ldr r7,[sp,#24]; b .")
    assert run(seed) == [BUS_FAULT]
    at = seed.cpu.uc.reg_read(arm_const.UC_ARM_REG_R7)
    assert seed.image.symbol_at(at) == "main"
    assert bytes(seed.cpu.uc.mem_read(at, 2)) == b"\x01\x68"


def test_a_region_that_forbids_is_a_memory_fault(tmp_path: Path) -> None:
    """The MPU says no access where there is nothing, either: the fault is the MPU's."""
    region = "ldr r2,=0xE000ED94; mov r3,#0; str r3,[r2,#4]; ldr r3,=0x60000000; str r3,[r2,#8]; ldr r3,=0x10000037; "
    on = "str r3,[r2,#12]; mov r3,#5; str r3,[r2]; "
    seed = probe(tmp_path, ENABLE + region + on + "ldr r0,=0x60000040; ldr r1,[r0]; b .")
    assert run(seed) == [MEMORY_FAULT]
    assert (seed.nvic.values[CFSR], seed.nvic.values[MMFAR]) == (0x82, 0x60000040)


def test_a_breakpoint_without_a_debugger_and_a_call(tmp_path: Path) -> None:
    seed = probe(tmp_path, "bkpt #0; b .")
    assert run(seed) == [HARD_FAULT]
    assert seed.nvic.values[HFSR] == 1 << 31
    assert run(probe(tmp_path, "svc #0; b .")) == [11]


def test_a_fault_in_the_last_handler_locks_up(tmp_path: Path) -> None:
    seed = probe(tmp_path, "udf #0; b .", hard="udf #0; b .")
    assert run(seed) == [HARD_FAULT]
    assert seed.cpu.locked_up


def test_backup_sram_needs_clock_and_key_and_survives_a_reset_only(tmp_path: Path) -> None:
    write = (
        "ldr r0,=0x58024800; mov r1,#0x100; str r1,[r0]; ldr r0,=0x580244E0; mov r1,#0x10000000; str r1,[r0]; "
        "ldr r0,=0x38800000; ldr r6,[r0]; mov r1,#0x55; str r1,[r0]; "
        "ldr r0,=0xE000ED0C; ldr r1,=0x05FA0004; str r1,[r0]; b ."
    )
    seed = probe(tmp_path, write)
    seed.run_seconds(1e-5)
    assert seed.resets >= 1
    seed.cpu.run_until(200)
    assert seed.cpu.uc.reg_read(arm_const.UC_ARM_REG_R6) == 0x55
    assert seed.rcc.values[0xD0] >> 24 & 1
    seed.reboot()
    seed.cpu.run_until(200)
    assert seed.cpu.uc.reg_read(arm_const.UC_ARM_REG_R6) == 0xA5A5A5A5
    assert seed.rcc.values[0xD0] >> 23 & 1
    for missing in ("ldr r0,=0x38800000; ldr r1,[r0]; b .", write.replace("mov r1,#0x100;", "mov r1,#0;")):
        assert run(probe(tmp_path, missing)) == [HARD_FAULT]


def test_a_converter_sticks_where_it_is_told() -> None:
    frontend = FrontEnd.ideal()
    channel = next(channel for channel, name in CV_CHANNELS.items() if name == "Z2")
    clean = int(frontend.scan([channel], 0)[0])
    frontend.stick("z2", 77)
    assert int(frontend.scan([channel], 0)[0]) == 77
    frontend.stick("z2", None)
    assert int(frontend.scan([channel], 0)[0]) == clean
    frontend.set_noise(0.01)
    assert len({int(frontend.scan([channel], 0)[0]) for _ in range(20)}) > 5
    with pytest.raises(ValueError, match="no CV jack or knob"):
        frontend.stick("nose", 1)


def test_patches_need_one_function(tmp_path: Path) -> None:
    seed = probe(tmp_path, "b .")
    with pytest.raises(EmulatorError, match="0 functions"):
        patch(seed, "nowhere", b"")
    assert patch(seed, "usage", load_from(0x6000_0000)) == seed.image.symbols["usage"]


@given(seed=st.integers(0, 1000), count=st.integers(0, 300))
def test_garbage_has_its_length(seed: int, count: int) -> None:
    assert len(garbage(random.Random(seed), count)) == count
