# SPDX-License-Identifier: MIT
"""An instruction as the timing model sees it: which stage needs which register, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

import capstone
from capstone import arm

from . import timing_rules as rules

Registers = tuple[str, ...]


def _words(text: str) -> set[str]:
    return set(text.split())


_CONDITIONS = _words("eq ne hs lo cs cc mi pl vs vc hi ls ge lt gt le")
_IGNORED = {"cpsr", "itstate", "fpscr", "apsr_nzcv", "pc"}
_FLAG_SETTERS = _words("cmp cmn tst teq adds subs ands eors orrs movs lsls lsrs asrs rsbs adcs sbcs muls bics mvns")

_disassembler = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
_disassembler.detail = True


@dataclass(frozen=True, eq=False)
class Instruction:
    """Register names by the stage that consumes them.

    early: early ALU or shifter; address: address generation; late: late ALU; accumulate: MAC's second stage;
    stored: store data. moved: registers of a multiple transfer.
    """

    address_at: int
    size: int
    text: str
    kind: str
    early: Registers = ()
    address: Registers = ()
    late: Registers = ()
    accumulate: Registers = ()
    stored: Registers = ()
    writes: Registers = ()
    write_back: Registers = ()
    moved: int = 1
    narrow: bool = False
    early_capable: bool = False
    plain_shift: bool = False
    uses_shifter: bool = False
    saturates: bool = False
    double: bool = False
    sets_flags: bool = False
    conditional: bool = False
    jumps: bool = False

    @property
    def end(self) -> int:
        """Address of the instruction behind."""
        return self.address_at + self.size


class _Operands:
    """capstone's answer, reduced to names."""

    def __init__(self, instruction: capstone.CsInsn) -> None:
        self.raw = instruction
        name = instruction.reg_name
        read, written = instruction.regs_access()
        self.read = tuple(name(r) for r in read if name(r) not in _IGNORED)
        self.written = tuple(name(r) for r in written if name(r) not in _IGNORED)
        self.writes_pc = any(name(r) == "pc" for r in written)
        self.sets_flags = any(name(r) == "cpsr" for r in written)
        self.registers = tuple(name(o.reg) for o in instruction.operands if o.type == arm.ARM_OP_REG)
        memory = [o for o in instruction.operands if o.type == arm.ARM_OP_MEM]
        self.base = name(memory[0].mem.base) if memory and memory[0].mem.base else ""
        self.index = name(memory[0].mem.index) if memory and memory[0].mem.index else ""
        shifted = [o for o in instruction.operands if o.type == arm.ARM_OP_REG and o.shift.type and o.shift.value]
        self.shifted = name(shifted[-1].reg) if shifted else ""
        self.immediates = [o.imm for o in instruction.operands if o.type == arm.ARM_OP_IMM]


def _is_shifted_constant(value: int) -> bool:
    """True for an immediate that is neither 12 bits nor a pattern of repeated bytes."""
    value &= 0xFFFFFFFF
    if value < 4096:
        return False
    a, b, c, d = value.to_bytes(4, "little")
    return not (a == b == c == d or (b == d == 0 and a == c) or (a == c == 0 and b == d))


def decode(code: bytes, address: int) -> Instruction:
    """Decode the instruction at the start of `code`; what capstone doesn't know becomes one ALU instruction."""
    raw = next(_disassembler.disasm(code, address), None)
    if raw is None:
        wide = len(code) > 1 and code[1] >> 3 in (0b11101, 0b11110, 0b11111)
        return Instruction(address, 4 if wide else 2, "?", "alu")
    mnemonic = raw.mnemonic.split(".")[0]
    conditional = raw.cc not in (0, arm.ARM_CC_AL)
    if conditional and mnemonic not in ("cbz", "cbnz") and mnemonic[-2:] in _CONDITIONS:
        mnemonic = mnemonic[:-2]
    operands = _Operands(raw)
    fields = _classify(mnemonic, operands)
    return Instruction(
        address,
        raw.size,
        f"{raw.mnemonic} {raw.op_str}",
        double=".f64" in raw.mnemonic,
        sets_flags=operands.sets_flags or mnemonic in _FLAG_SETTERS,
        conditional=conditional or mnemonic in ("cbz", "cbnz"),
        jumps=mnemonic in rules.BRANCHES or operands.writes_pc,
        **fields,  # type: ignore[arg-type]
    )


def _classify(mnemonic: str, operands: _Operands) -> dict[str, object]:
    if mnemonic.startswith("v"):
        return _float(mnemonic, operands)
    if mnemonic in rules.MACS:
        return _mac(mnemonic, operands)
    if mnemonic in rules.BRANCHES:
        indirect = mnemonic in ("bx", "blx")
        early = operands.read if mnemonic in ("cbz", "cbnz", "tbb", "tbh") else ()
        return {"kind": "branch", "address": operands.read if indirect else (), "early": early}
    if mnemonic in rules.MULTIPLES:
        return _multiple(mnemonic, operands)
    if mnemonic.startswith(("ldr", "str", "pld")):
        return _memory(mnemonic, operands)
    if mnemonic in ("sdiv", "udiv"):
        return {"kind": "divide", "late": operands.read, "writes": operands.written}
    if mnemonic in rules.BITFIELD:
        return _bitfield(mnemonic, operands)
    return _alu(mnemonic, operands)


def _float(mnemonic: str, operands: _Operands) -> dict[str, object]:
    registers, address = operands.registers, (operands.base,) if operands.base not in ("", "pc") else ()
    if mnemonic == "vldr":
        return {
            "kind": "float_load",
            "address": address,
            "writes": registers[:1],
            "moved": 1 + registers[0].startswith("d"),
        }
    if mnemonic == "vstr":
        return {
            "kind": "float_store",
            "address": address,
            "stored": registers[:1],
            "moved": 1 + registers[0].startswith("d"),
        }
    if mnemonic in rules.FLOAT_MULTIPLES:
        words = sum(2 if r.startswith("d") else 1 for r in registers if r[0] in "sd" and r != "sp")
        base = operands.registers[0] if mnemonic not in ("vpush", "vpop") else "sp"
        loaded = operands.written if mnemonic in ("vpop", "vldmia", "vldm", "vldmdb") else ()
        return {"kind": "multiple", "address": (base,), "writes": loaded, "moved": max(1, words)}
    if mnemonic in rules.FLOAT_MACS:
        return {"kind": "float_mac", "accumulate": registers[:1], "late": registers[1:], "writes": registers[:1]}
    kind = (
        "float_divide"
        if mnemonic in ("vdiv", "vsqrt")
        else "float_move"
        if mnemonic in ("vmov", "vmrs", "vmsr")
        else "float_alu"
    )
    return {"kind": kind, "late": operands.read, "writes": operands.written}


def _mac(mnemonic: str, operands: _Operands) -> dict[str, object]:
    registers = operands.registers
    fields: dict[str, object] = {"kind": "mac", "writes": operands.written, "late": operands.read}
    if mnemonic in rules.LONG_MACS:
        fields |= {"accumulate": registers[:2], "late": registers[2:]}
    elif mnemonic in ("smull", "umull"):
        fields |= {"late": registers[2:]}
    elif len(registers) == 4:
        fields |= {"accumulate": registers[3:], "late": registers[1:3]}
    return fields


def _multiple(mnemonic: str, operands: _Operands) -> dict[str, object]:
    implicit_base = mnemonic in ("push", "pop")
    base = operands.base or ("sp" if implicit_base else operands.registers[0])
    count = len(operands.registers) - (0 if implicit_base or operands.base else 1)
    loads = mnemonic.startswith(("ldm", "pop", "ldrd"))
    return {
        "kind": "multiple",
        "address": (base,),
        "stored": () if loads else tuple(r for r in operands.read if r != base),
        "writes": tuple(r for r in operands.written if r != base),
        "write_back": (base,) if base in operands.written else (),
        "moved": max(1, count),
    }


def _memory(mnemonic: str, operands: _Operands) -> dict[str, object]:
    registers, base = operands.registers, operands.base
    address = tuple(r for r in (base, operands.index) if r not in ("", "pc")) + registers[1:]
    stores = mnemonic.startswith("str")
    moved_base = base in operands.written and (stores or not registers or base != registers[0])
    return {
        "kind": "store" if stores else "load",
        "address": address,
        "stored": registers[:1] if stores else (),
        "writes": () if stores else tuple(r for r in registers[:1] if r != "pc"),
        "write_back": (base,) if moved_base else (),
        "narrow": mnemonic[3:4] in ("b", "h", "s"),
    }


def _bitfield(mnemonic: str, operands: _Operands) -> dict[str, object]:
    early: Registers = ()
    if mnemonic in rules.BITFIELD_ALL_EARLY:
        early = operands.registers[1:]  # capstone leaves out what ssat and a shifted pkhtb read
    elif mnemonic in rules.BITFIELD_LAST_EARLY:
        early = operands.registers[-1:]
    return {
        "kind": "bitfield",
        "early": early,
        "late": tuple(r for r in operands.read if r not in early),
        "writes": operands.written,
        "uses_shifter": mnemonic in rules.BITFIELD_SHIFTER,
        "saturates": mnemonic in rules.SATURATING,
    }


def _alu(mnemonic: str, operands: _Operands) -> dict[str, object]:
    fields: dict[str, object] = {"kind": "alu", "late": operands.read, "writes": operands.written}
    moves = mnemonic in ("mov", "movs")
    if mnemonic in rules.SHIFTS or (operands.shifted and moves):
        return fields | {"early_capable": True, "plain_shift": True}
    if operands.shifted:
        late = tuple(r for r in operands.read if r != operands.shifted)
        return fields | {"early": (operands.shifted,), "late": late, "uses_shifter": True}
    wide_constant = mnemonic in ("movw", "movt", "addw", "subw")
    shifted = bool(operands.immediates) and not wide_constant and _is_shifted_constant(operands.immediates[-1])
    return fields | {"early_capable": mnemonic in rules.EARLY_CAPABLE and not shifted, "uses_shifter": shifted}
