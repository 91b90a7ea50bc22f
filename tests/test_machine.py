# SPDX-License-Identifier: MIT
"""Functions of the Seed's image, called without booting it: results, cycles, and what is refused."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lottava.emulator import EmulatorError, Machine, build_image
from lottava.emulator.image import load_image


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine(build_image())


def test_every_section_lies_where_it_runs(machine: Machine) -> None:
    for address, data in load_image(build_image()).resident:
        assert machine.read(address, len(data)).tobytes() == data


@given(st.binary(max_size=200))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_call_computes(machine: Machine, content: bytes) -> None:
    machine.write(0x24070000, np.frombuffer(content, np.uint8))
    assert machine.call("nn_crc32", 0x24070000, len(content)) == zlib.crc32(content)


def test_timing_agrees_with_the_call_and_repeats(machine: Machine) -> None:
    place = machine.place(np.arange(64, dtype=np.uint8), "DTCM")
    plain = machine.call("nn_crc32", place, 64)
    machine.cool()
    first = machine.call_timed("nn_crc32", place, 64)
    machine.cool()
    assert machine.call_timed("nn_crc32", place, 64) == first
    assert first.value == plain
    assert first.instructions / 2 <= first.cycles <= first.cycles_pessimistic
    assert first.by_function.keys() == {"nn_crc32"}
    assert sum(first.by_function.values()) == first.cycles


def test_memory_is_given_out_once_and_only_while_there_is_some(machine: Machine) -> None:
    a, b = machine.allocate(100, "AXI SRAM"), machine.allocate(100, "AXI SRAM", alignment=32)
    assert b >= a + 100
    assert a % 16 == b % 32 == 0
    with pytest.raises(EmulatorError, match="DTCM has"):
        machine.allocate(128 * 1024)


def test_what_a_bare_core_refuses(machine: Machine, tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="no symbol 'nn_nothing'"):
        machine.call("nn_nothing")
    with pytest.raises(EmulatorError, match=r"access of 0x70000000 at .*nn_crc32"):
        machine.call("nn_crc32", 0x70000000, 1)
    (tmp_path / "a.elf").write_bytes(b"no image")
    with pytest.raises(EmulatorError, match="not an ELF"):
        Machine(tmp_path / "a.elf")
