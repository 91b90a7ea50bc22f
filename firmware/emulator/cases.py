# SPDX-License-Identifier: MIT
"""The timing model's figures of firmware/bench/cases.h, whose other half is a board's cycle counter."""

from __future__ import annotations

import numpy as np

from .machine import Machine, Timing

SCRATCH_BYTES, CACHED_BYTES = 1024, 32768


def case_timings(machine: Machine) -> dict[str, Timing]:
    """Each case by name, run once before it is counted, as a board does it."""
    memory = np.array([machine.allocate(SCRATCH_BYTES), machine.allocate(CACHED_BYTES, "AXI SRAM")], np.uint32)
    place = machine.place(memory)
    timings = {}
    for number in range(machine.call("bench_case_count")):
        name = machine.read(machine.call("bench_case_name", number), 24).tobytes().split(b"\0")[0].decode()
        machine.call("bench_case_prepare", number, place)
        machine.cool()
        machine.call_timed("bench_case_run", number, place)
        timings[name] = machine.call_timed("bench_case_run", number, place)
    return timings
