# SPDX-License-Identifier: MIT
"""Looking known cases up gives the same cycles as stepping through every instruction."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator import Machine, build_image
from lottava.emulator.decode import Instruction, decode
from lottava.emulator.timing import Pipeline
from lottava.emulator.trace import EXCEPTION, TraceModel
from snippets import machine_code

PROGRAM = """ldr.w r4,[r0]; smlad r9,r8,r4,r9; ldr.w r5,[r0,#4]; ldrh.w r6,[r1]; add.w r3,r0,r1,lsl #3; cmp r3,r4; bne .
vldr s0,[r2]; vfma.f32 s1,s0,s3; vadd.f32 s2,s1,s0; vstr s2,[r2]; subs r0,r0,#1; ssat r7,#16,r9; beq .
ldmia.w r0!,{r4,r5,r6}; sxtb16 r4,r5; smmulr r6,r4,r5; pkhbt r6,r6,r4,lsl #16; strd r6,r7,[r1]; sdiv r1,r2,r3
vmov r0,s3; add.w r0,r0,#1; eor.w r1,r0,r2; str.w r1,[r3]; vdiv.f32 s4,s5,s6; ldrb.w r2,[r3]; vmla.f64 d1,d2,d3
add.w r1,r1,r2; smlad r9,r9,r4,r9; mov.w r2,r1; lsl.w r3,r2,#2; ldr.w r4,[r3]; tbh [r3,r4,lsl #1]"""
DATA = (0x20000000, 0x20000004, 0x20000006, 0x00000100, 0x24000000, 0x24001000, 0x90000000, 0x30000000, 0x58020010)


def stepwise(trace: list[int], pipeline: Pipeline, fetch) -> float:  # type: ignore[no-untyped-def]
    """The definition: every instruction through the pipeline."""
    before = pipeline.cycles
    decoded: dict[int, Instruction] = {}
    index, end = 0, len(trace)
    while index < end:
        address = trace[index]
        index += 1
        if address == EXCEPTION:
            pipeline.take_exception()
            continue
        if address not in decoded:
            decoded[address] = decode(fetch(address), address)
        instruction = decoded[address]
        data = ~trace[index] if index < end and trace[index] < 0 else None
        while index < end and trace[index] < 0:
            index += 1
        taken = index < end and trace[index] not in (instruction.end, EXCEPTION)
        pipeline.step(instruction, data, taken=taken)
    return pipeline.cycles - before


def walk(code: bytes, base: int, choose: random.Random, length: int) -> list[int]:
    """A trace of a program whose branches go anywhere, some of whose accesses fail, and which is interrupted."""
    instructions, at = [], base
    while at < base + len(code):
        instructions.append(decode(code[at - base : at - base + 4], at))
        at += instructions[-1].size
    trace, index = [], 0
    for _ in range(length):
        instruction = instructions[index]
        trace.append(instruction.address_at)
        if (instruction.kind == "multiple" or "[" in instruction.text) and choose.random() < 0.9:
            trace += [~choose.choice(DATA)] * choose.choice((1, 1, 3))
        if choose.random() < 0.02:
            trace.append(EXCEPTION)
        jumps = instruction.jumps and (not instruction.conditional or choose.random() < 0.7)
        index = choose.randrange(len(instructions)) if jumps else (index + 1) % len(instructions)
    return trace


@given(st.integers(0, 2**32 - 1), st.sampled_from((0x100, 0x08000100)))
@settings(max_examples=25, deadline=None)
def test_remembering_changes_nothing(seed: int, base: int) -> None:
    code, choose = machine_code(PROGRAM), random.Random(seed)

    def fetch(address: int) -> bytes:
        return code[address - base : address - base + 4]

    model = TraceModel(fetch, str)
    best, pessimistic = Pipeline(), Pipeline(pessimistic=True)
    for length in (300, 1, 2000):
        trace = walk(code, base, choose, length)
        cost = model.cost(trace)
        assert cost.instructions == sum(0 <= item < EXCEPTION for item in trace)
        assert cost.cycles == stepwise(trace, best, fetch)
        assert cost.cycles_pessimistic == stepwise(trace, pessimistic, fetch)


@pytest.mark.parametrize("memory", ["DTCM", "AXI SRAM"])
def test_a_real_function_takes_what_it_takes_step_by_step(memory: str) -> None:
    machine = Machine(build_image())
    content = machine.allocate(600, memory)
    trace = machine.trace("nn_crc32", content, 600)[0]
    machine.cool()
    timing = machine.call_timed("nn_crc32", content, 600)

    def fetch(address: int) -> bytes:
        return machine.read(address, 4).tobytes()

    assert timing.cycles == stepwise(trace, Pipeline(), fetch)
    assert timing.cycles_pessimistic == stepwise(trace, Pipeline(pessimistic=True), fetch)
