# SPDX-License-Identifier: MIT
"""The MPU regions of the running image: null pointers and overflowing stacks fault instead of running on."""

from __future__ import annotations

from pathlib import Path

import pytest
from instrument import hello, make_playing
from lottava.emulator import EmulatorError, Seed, build_image
from lottava.emulator.faults import patch
from lottava.emulator.nvic import BUS_FAULT, MEMORY_FAULT

BOOT_BLOCKS = 60
FAULT = 3
LOAD_FROM_NULL = b"\x04\x20\x00\x68"  # movs r0, #4; ldr r0, [r0]
STORE_TO_NULL = b"\x1c\x20\x00\x60"  # movs r0, #28; str r0, [r0]
CALL_NULL = b"\x01\x20\x80\x47"  # movs r0, #1; blx r0
RECURSE = b"\x1f\xb5\xff\xf7\xfd\xff"  # push {r0-r4, lr}; bl to the push: 24 bytes a turn
STORE_INTO_GUARD = b"\x4f\xf0\x00\x50\x00\x60"  # mov.w r0, #0x20000000; str r0, [r0]


@pytest.fixture(scope="module")
def image() -> Path:
    return build_image()


@pytest.mark.parametrize(
    ("code", "status", "access"),
    [(LOAD_FROM_NULL, 0x82, 4), (STORE_TO_NULL, 0x82, 28), (CALL_NULL, 0x01, 0), (STORE_INTO_GUARD, 0x82, 0x20000000)],
)
def test_what_the_mpu_forbids_is_a_memory_fault(image: Path, code: bytes, status: int, access: int) -> None:
    seed = make_playing(image, real_faults=True)
    patch(seed, "7Console7ProcessE", code)
    seed.run_blocks(BOOT_BLOCKS)
    told = hello(seed)
    assert (told.reset_cause, told.fault_exception) == (FAULT, MEMORY_FAULT)
    assert (told.fault_status, told.fault_access) == (status, access)
    assert seed.resets == 1


def test_a_stack_that_runs_into_its_guard_faults(image: Path) -> None:
    """A call without end, in the main loop: either its push or the frame of an interrupt meets the guard.

    unicorn finishes the push before it stops, so the frame of the fault may then end below the memory.
    """
    seed = make_playing(image, real_faults=True)
    patch(seed, "7Console7ProcessE", RECURSE)
    seed.run_blocks(BOOT_BLOCKS)
    told = hello(seed)
    assert told.reset_cause == FAULT and told.fault_exception in (MEMORY_FAULT, BUS_FAULT)
    assert told.fault_status & (1 << 1 | 1 << 4)
    assert told.fault_access < 0x20000020
    assert seed.resets == 1


def test_a_call_of_null_is_refused_without_real_faults_too(image: Path) -> None:
    seed = make_playing(image)
    patch(seed, "7Console7ProcessE", CALL_NULL)
    with pytest.raises(EmulatorError, match=r"0x00000000.*protected"):
        seed.run_blocks(2)


def test_the_regions_are_those_of_the_memories(image: Path) -> None:
    """Number, base, attributes: permission, TEX, S, C, B and the size of each."""
    seed = Seed(image)
    seed.run_blocks(4)
    no_execute, full, read_only = 1 << 28, 3 << 24, 6 << 24
    assert seed.nvic.mpu_regions == {
        0: (0x30000000, full | 1 << 19 | 1 << 18 | 14 << 1 | 1),
        1: (0x90000000, no_execute | 27 << 1 | 1),
        2: (0x90000000, no_execute | read_only | 1 << 17 | 22 << 1 | 1),
        3: (0xC0000000, no_execute | full | 1 << 17 | 1 << 16 | 25 << 1 | 1),
        4: (0x00000000, no_execute | 4 << 1 | 1),
        5: (0x20000000, no_execute | 4 << 1 | 1),
    }
    assert seed.nvic.values[0xD94] == 5, "on, with the default map below"
