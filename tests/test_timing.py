# SPDX-License-Identifier: MIT
"""The pipeline model, rule by rule: snippets go through the real assembler and their steady state is counted."""

from __future__ import annotations

import pytest
from lottava.emulator import Machine, build_image
from lottava.emulator.cases import case_timings
from lottava.emulator.decode import decode
from lottava.emulator.machine import Timing
from lottava.emulator.timing import Pipeline
from lottava.emulator.timing_history import Cache
from lottava.emulator.timing_rules import ERROR_BAND, RULES
from snippets import assemble

DTCM, AXI, D2 = 0x20000000, 0x24000000, 0x30000000


def steady(text: str, *, addresses: tuple[int, ...] = (), pessimistic: bool = False, taken: bool = False) -> float:
    """Cycles of one pass of a snippet that is repeated without end; addresses go to its memory accesses in turn."""
    snippet = assemble(text)
    pipeline = Pipeline(pessimistic=pessimistic)
    marks = []
    for _ in range(60):
        data = list(addresses)
        for instruction in snippet:
            uses = instruction.kind in ("load", "store", "float_load", "float_store") and data
            pipeline.step(instruction, data.pop(0) if uses else None, taken=taken and instruction.jumps)
        marks.append(pipeline.cycles)
    return (marks[-1] - marks[19]) / 40


PAIRS = {
    "two adds": ("add.w r0,r1,r2; add.w r3,r4,r5", 1),
    "add that needs the add before goes to the late ALU": ("add.w r0,r1,r2; add.w r3,r0,r5", 1),
    "two MACs": ("smlad r0,r4,r5,r0; smlad r1,r4,r5,r1", 2),
    "MAC and store": ("smlad r0,r4,r5,r0; str.w r6,[r7]", 2),
    "MAC and load": ("smlad r0,r4,r5,r0; ldr.w r6,[r7]", 1),
    "two bitfield instructions": ("sxtb16 r0,r1; sxtb16 r2,r3", 2),
    "bitfield, then add": ("sxtb16 r0,r1; add.w r4,r5,r6", 1),
    "MAC and bitfield": ("sxtb16 r2,r3; smlad r0,r4,r5,r0", 1),
    "two inline shifts": ("add.w r0,r1,r2,lsl #3; add.w r3,r4,r5,lsl #3", 2),
    "two stores": ("str.w r0,[r7]; str.w r1,[r8]", 2),
    "store and load": ("str.w r0,[r7]; ldr.w r1,[r8]", 1),
    "load multiple of six": ("ldmia.w r7,{r0,r1,r2,r3,r4,r5}", 3),
    "two float operations": ("vadd.f32 s0,s1,s2; vadd.f32 s3,s4,s5", 2),
    "float and integer": ("vadd.f32 s0,s1,s2; add.w r0,r1,r2", 1),
    "float divide": ("vdiv.f32 s0,s1,s2", 16),
}

CHAINS = {
    "SMLAD on one accumulator": ("smlad r0,r4,r5,r0", 1),
    "SMLAD on its own product": ("smlad r0,r0,r5,r6", 2),
    "VFMA on one accumulator": ("vfma.f32 s0,s4,s5", 3),
    "VFMA on three accumulators": ("vfma.f32 s0,s4,s5; vfma.f32 s1,s4,s5; vfma.f32 s2,s4,s5", 3),
    "VFMA on its own product": ("vfma.f32 s0,s0,s5", 5),
    "VADD chain": ("vadd.f32 s0,s0,s1", 3),
    "adds one after the other": ("eor.w r0,r0,r1", 1),
    "saturation": ("ssat r0,#16,r0", 3),
}


@pytest.mark.parametrize(("snippet", "cycles"), PAIRS.values(), ids=PAIRS)
def test_what_pairs(snippet: str, cycles: float) -> None:
    assert steady(snippet, addresses=(DTCM, DTCM + 4)) == cycles


@pytest.mark.parametrize(("snippet", "cycles"), CHAINS.values(), ids=CHAINS)
def test_latency_of_chains(snippet: str, cycles: float) -> None:
    assert steady(snippet) == cycles


def test_loads_pair_only_across_banks() -> None:
    loads = "ldr.w r0,[r7]; ldr.w r1,[r8]"
    assert steady(loads, addresses=(DTCM, DTCM + 4)) == 1
    assert steady(loads, addresses=(DTCM, DTCM + 8)) == 2


def test_load_to_use() -> None:
    """A word reaches the ALU in the next cycle, a MAC or an address one later, a byte one later still."""
    followed = "ldr.w {0},[r7]; nop.w; {1}; {2}"
    to_alu = steady("ldr.w r0,[r0]", addresses=(DTCM,))
    assert to_alu == 2
    assert steady("ldrb.w r0,[r0]", addresses=(DTCM,)) == 3
    mac = steady(followed.format("r0", "smlad r1,r0,r2,r3", "eor.w r7,r7,r1"), addresses=(DTCM,))
    alu = steady(followed.format("r0", "eor.w r1,r0,r2", "eor.w r7,r7,r1"), addresses=(DTCM,))
    assert mac > alu


def test_a_predicted_branch_ends_the_group_and_pessimism_adds_a_cycle() -> None:
    loop = "add.w r0,r0,#1; b.w ."
    assert steady(loop, taken=True) == 1
    assert steady(loop, taken=True, pessimistic=True) == 2


def test_misprediction_costs_more_when_the_flags_are_late() -> None:
    def cost(filler: str) -> float:
        snippet = assemble(f"cmp r0,r1; {filler}; bne .")
        pipeline = Pipeline()
        for number in range(40):
            for instruction in snippet:
                pipeline.step(instruction, taken=instruction.jumps and number < 39)
            if number == 38:
                before = pipeline.cycles
        assert pipeline.mispredictions == 1
        return pipeline.cycles - before

    late, early = cost("nop.w"), cost("; ".join(["nop.w"] * 8))
    assert late - 9 >= RULES["mispredict_early_flags"].best - 8
    assert early - 5 == RULES["mispredict_early_flags"].best


DOT_4_ROWS = """ldr.w r4,[r0]; ldr.w r5,[r0,#4]; ldr.w r6,[r1]; ldr.w r7,[r1,#4]
sxtb16 r8,r6; smlad r9,r8,r4,r9; sxtb16 r8,r6,ror #8; smlad r9,r8,r5,r9
sxtb16 r8,r7; smlad r10,r8,r4,r10; sxtb16 r8,r7,ror #8; smlad r10,r8,r5,r10"""


def test_a_dot_product_is_within_the_range_of_the_reference() -> None:
    """8 MAC: between the ceiling of 2 MAC a cycle and the compiler's 0.62 (reference kernels)."""
    cycles = steady(DOT_4_ROWS, addresses=(DTCM, DTCM + 4, DTCM + 8, DTCM + 12))
    assert 4 <= cycles <= 13


@pytest.mark.parametrize("snippet", [text for text, _ in (*PAIRS.values(), *CHAINS.values())])
def test_pessimistic_is_never_quicker(snippet: str) -> None:
    addresses = (DTCM, DTCM + 4)
    assert steady(snippet, addresses=addresses, pessimistic=True) >= steady(snippet, addresses=addresses)


def test_memory_behind_the_caches_costs() -> None:
    load = "ldr.w r0,[r7]"
    assert steady(load, addresses=(DTCM,)) == steady(load, addresses=(AXI,)) == 1
    assert steady(load, addresses=(D2,)) >= RULES["uncached_load"].best
    assert steady(load, addresses=(0x58020010,)) >= RULES["peripheral_load"].best


def test_cache_keeps_as_many_lines_as_it_has_ways() -> None:
    cache_of_4 = Cache(4)
    way_bytes = 16384 // 4
    lines = [AXI + n * way_bytes for n in range(5)]
    assert all(cache_of_4.misses(line) for line in lines[:4])
    assert not any(cache_of_4.misses(line + 31) for line in lines[:4])
    assert cache_of_4.misses(lines[4])
    assert cache_of_4.misses(lines[0])


CASES = {
    **{"add_add": 1, "add_chain": 2, "smlad_smlad": 2, "smlad_one_sum": 2, "smlad_own_product": 2, "smlad_store": 2},
    **{"smlad_load": 1, "smlad_sxtb16": 1, "smmulr_ssat": 3, "sxtb16_sxtb16": 2, "ssat_chain": 3, "two_shifted": 2},
    **{"load_other_bank": 1, "load_same_bank": 2, "load_store": 1, "load_to_address": 2, "load_to_add": 2},
    **{"load_to_smlad": 4, "byte_to_add": 3, "load_six": 3, "vadd_vadd": 2, "vadd_chain": 3, "vfma_one_sum": 3},
    **{"vfma_three_sums": 3, "vfma_own_product": 5, "vfma_vldr": 4, "vdiv": 16, "branch_taken": 1},
    **{"branch_not_taken": 2, "cached_load_hit": 1},
    "cached_load_miss": 1 + RULES["axi_line"].best,
}
"""Snippet of firmware/bench/cases.c -> cycles of one pass: the rules, as a board can be asked for them."""


@pytest.fixture(scope="module")
def timings() -> dict[str, Timing]:
    return case_timings(Machine(build_image("bench")))


@pytest.mark.parametrize(("name", "cycles"), CASES.items(), ids=CASES)
def test_the_rules_as_a_board_runs_them(timings: dict[str, Timing], name: str, cycles: float) -> None:
    assert (timings[name].cycles - timings["nothing"].cycles) / 256 == pytest.approx(cycles, abs=0.2)


def test_a_branch_by_noise_is_mispredicted_half_the_time(timings: dict[str, Timing]) -> None:
    penalty = (timings["branch_by_noise"].cycles - timings["nothing"].cycles) / 256 - 6
    assert 0.3 * RULES["mispredict_early_flags"].best < penalty < 0.7 * RULES["mispredict_late_flags"].best


def test_every_case_is_short_and_has_its_figure(timings: dict[str, Timing]) -> None:
    kernels = {"matmul_8x32", "matmul_8x32_2_columns", "lookup_64", "gru_cell_16"}
    assert set(timings) == {*CASES, *kernels, "nothing", "branch_by_noise"}
    assert max(timing.cycles_pessimistic for timing in timings.values()) < 10_000


def test_memories_cost_what_they_are() -> None:
    """A line from AXI SRAM, flash or QSPI costs once, then comes from the cache; both TCMs cost nothing."""
    (load,) = assemble("ldr.w r0,[r7]")
    for base, rule in ((AXI, "axi_line"), (0x08010000, "flash_line"), (0x90000000, "qspi_line")):
        pipeline = Pipeline()
        pipeline.step(load, base)
        assert pipeline.cycles == 1 + RULES[rule].best
        pipeline.step(load, base + 28)
        assert pipeline.cycles == 2 + RULES[rule].best
    for base in (DTCM, 0x100):
        pipeline = Pipeline()
        pipeline.step(load, base)
        assert pipeline.cycles == 1


def test_rules_name_their_sources() -> None:
    assert all(rule.source for rule in RULES.values())
    assert ERROR_BAND == (-0.03, 0.10)


def test_unknown_encodings_count_as_one_instruction() -> None:
    assert decode(b"\xff\xff\xff\xff", 0).kind == "alu"
