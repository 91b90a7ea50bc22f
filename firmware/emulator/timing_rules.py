# SPDX-License-Identifier: MIT
"""What is known of the Cortex-M7's pipeline, as data: each number with its source and its pessimistic twin.

Sources: JNK = jnk0le/random, "pipeline cycle test/doc/cortex_m7.md", measured on an STM32H743; QUI = quinapalus.com
cm7cycles.html, STM32H730; LLVM = ARMScheduleM7.td; TRM = Arm Cortex-M7 technical reference manual; EST = estimated
from the bus clocks of this board, not measured.
"""

from __future__ import annotations

from dataclasses import dataclass

ERROR_BAND = (-0.03, 0.10)
"""Of the model against hardware for code and data in TCM or cache. Against published cycle counts of the same traces
(slothy's Keccak on a Cortex-M7): -0.7, -3.3 and -1.0 %; the upper end is how far the pessimistic variant lies above."""


@dataclass(frozen=True)
class Rule:
    """A cost in cycles: as measured, and as assumed in the pessimistic variant."""

    best: float
    pessimistic: float
    source: str


RULES = {
    "early_alu": Rule(1, 0, "JNK: add, sub, mov and shifts can execute a stage earlier; 0 switches that off"),
    "taken_branch": Rule(0, 1, "JNK: a predicted taken branch costs nothing more; alignment can cost one"),
    "mispredict_late_flags": Rule(8, 8, "JNK: flags set less than 3 cycles before the branch"),
    "mispredict_early_flags": Rule(6, 6, "JNK: flags set 3 cycles or more before the branch"),
    "load_word": Rule(1, 1, "JNK: a word is there for the late ALU in the next cycle"),
    "load_narrow": Rule(2, 2, "JNK: bytes and halves take a cycle more"),
    "mac_result": Rule(2, 2, "JNK: one cycle of extra result latency"),
    "mac_accumulate": Rule(1, 1, "JNK: accumulators chain every cycle"),
    "saturate_result": Rule(2, 2, "QUI: ssat, usat, qadd and kin"),
    "integer_divide": Rule(6, 12, "QUI: 2-12 cycles by operand; a usual and the longest one"),
    "float_alu": Rule(3, 3, "JNK: vadd and vmul as operands"),
    "float_mac_result": Rule(5, 5, "JNK: vfma as multiplicand"),
    "float_mac_accumulate": Rule(3, 3, "JNK: vfma to vfma accumulator"),
    "float_mac_shadow": Rule(3, 3, "JNK: no vadd, and no vldr in the younger slot, for 3 cycles after vfma"),
    "float_load": Rule(1, 1, "JNK"),
    "float_load_accumulate": Rule(3, 3, "JNK: as vfma accumulator"),
    "float_store_forward": Rule(
        2, 2, "JNK: vstr takes vadd's result after 1 instead of 3, vfma's after 3 instead of 5"
    ),
    "float_divide": Rule(16, 16, "JNK: vdiv; vsqrt 14"),
    "float_to_core": Rule(1, 1, "JNK: vmov rX, sX"),
    "core_to_float": Rule(3, 3, "JNK: vmov sX, rX"),
    "double_add": Rule(2, 3, "JNK"),
    "double_multiply": Rule(5, 5, "JNK"),
    "double_mac": Rule(7, 10, "JNK"),
    "double_divide": Rule(30, 30, "JNK"),
    "unaligned_load": Rule(3, 4, "JNK: as older, as younger instruction"),
    "exception": Rule(24, 42, "TRM: 12 in, 12 out; with the lazily stacked float registers 18 more (EST)"),
    "axi_line": Rule(20, 25, "EST: 32-byte line fill from AXI SRAM at 240 MHz"),
    "flash_line": Rule(22, 30, "EST: 32-byte line fill from flash with 4 wait states"),
    "qspi_line": Rule(260, 340, "EST: 32-byte line fill over four wires at 120 MHz, command and address first"),
    "uncached_load": Rule(20, 30, "EST: D2 SRAM across two bus matrices"),
    "uncached_store": Rule(4, 10, "EST: behind the store buffer"),
    "peripheral_load": Rule(20, 40, "EST: AHB4 and APB registers"),
    "peripheral_store": Rule(4, 10, "EST: behind the store buffer"),
}

CACHE_BYTES, CACHE_LINE_BYTES = 16384, 32
INSTRUCTION_WAYS, DATA_WAYS = 2, 4
"""Of the STM32H750 (RM0433 2.3, PM0253 4.8)."""


def _words(text: str) -> set[str]:
    return set(text.split())


def _halves(*stems: str) -> set[str]:
    return {stem + a + b for stem in stems for a in "bt" for b in "bt"}


MACS = {
    *_words("mul muls mla mls smull umull smlal umlal umaal smmul smmulr smmla smmlar smmls smmlsr"),
    *_words("smlad smladx smlsd smlsdx smuad smuadx smusd smusdx smlald smlaldx smlsld smlsldx"),
    *_words("smulwb smulwt smlawb smlawt"),
    *_halves("smul", "smla", "smlal"),
}
"""One a cycle, none with a store (JNK)."""

LONG_MACS = {"smlal", "umlal", "umaal", "smlald", "smlaldx", "smlsld", "smlsldx", *_halves("smlal")}
"""Accumulate into their first two operands."""

BITFIELD = {
    *_words("sxtb sxth uxtb uxth sxtb16 uxtb16 sxtab sxtah uxtab uxtah sxtab16 uxtab16 ubfx sbfx bfi bfc"),
    *_words("rev rev16 revsh rbit clz pkhbt pkhtb ssat usat ssat16 usat16 sel usad8 usada8 qadd qsub qdadd qdsub"),
    *(p + o for p in ("s", "u", "q", "uq", "sh", "uh") for o in _words("add16 add8 sub16 sub8 asx sax")),
}
"""One a cycle, in the older slot only (JNK)."""

BITFIELD_ALL_EARLY = _words("ubfx sbfx rbit rev rev16 revsh ssat usat pkhtb")
"""All sources are needed a cycle earlier (JNK; ssat and usat QUI)."""

BITFIELD_LAST_EARLY = _words("bfi bfc sxtab sxtah uxtab uxtah sxtab16 uxtab16 pkhbt")
"""The extracted or shifted source is needed a cycle earlier (JNK)."""

BITFIELD_SHIFTER = (BITFIELD_ALL_EARLY - {"ssat", "usat"}) | BITFIELD_LAST_EARLY
"""Don't pair with an inline shifted operand (JNK)."""

SATURATING = _words("ssat usat qadd qsub qdadd qdsub usad8 usada8")
SHIFTS = _words("lsl lsls lsr lsrs asr asrs ror rors rrx")
EARLY_CAPABLE = _words("add adds addw sub subs subw mov movs movw movt")
FLOAT_MACS = _words("vfma vfms vfnma vfnms vmla vmls vnmla vnmls")
FLOAT_MULTIPLES = _words("vpush vpop vldmia vstmia vldm vstm vldmdb vstmdb")
MULTIPLES = _words("ldm ldmia stm stmia ldmdb stmdb push pop ldrd strd")
BRANCHES = _words("b bl bx blx cbz cbnz tbb tbh")
