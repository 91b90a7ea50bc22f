# SPDX-License-Identifier: MIT
"""The Cortex-M7's pipeline in order, two instructions a cycle: cycles of a trace, best and pessimistic.

`older` is the instruction that has issued alone in the current cycle; the next one joins it as the younger, when the
rules allow and its operands are there, or else waits. Times are cycles at which a stage may take the register.
"""

from __future__ import annotations

from collections import OrderedDict

from .decode import Instruction
from .memory import AXI, D2, D3, DTCM, FLASH, ITCM
from .timing_rules import CACHE_BYTES, CACHE_LINE_BYTES, DATA_WAYS, INSTRUCTION_WAYS, RULES

_FLOAT_ARITHMETIC = {"float_mac", "float_alu", "float_divide", "float_move"}
_LOADS, _STORES = {"load", "float_load"}, {"store", "float_store"}
_WORD_LOAD, _NARROW_LOAD = 1, 2


class Cache:
    """Tags only, least recently used out."""

    def __init__(self, ways: int) -> None:
        self._ways = ways
        self._sets: list[OrderedDict[int, None]] = [
            OrderedDict() for _ in range(CACHE_BYTES // CACHE_LINE_BYTES // ways)
        ]

    def misses(self, address: int) -> bool:
        """Look a line up, and load it when it isn't there."""
        line = address // CACHE_LINE_BYTES
        lines = self._sets[line % len(self._sets)]
        missing = line not in lines
        lines[line] = None
        lines.move_to_end(line)
        if len(lines) > self._ways:
            lines.popitem(last=False)
        return missing


class Pipeline:
    """Feed instructions with `step` in the order of execution; `cycles` is the time so far."""

    def __init__(self, *, pessimistic: bool = False) -> None:
        self._cost = {name: rule.pessimistic if pessimistic else rule.best for name, rule in RULES.items()}
        self._has_early_alu = bool(self._cost["early_alu"])
        self._late: dict[str, float] = {}
        self._early: dict[str, float] = {}
        self._loaded: dict[str, int] = {}
        self._chain: dict[str, float] = {}
        self._float: dict[str, float] = {}
        self._float_chain: dict[str, float] = {}
        self._now = 0.0
        self._older: Instruction | None = None
        self._older_address: int | None = None
        self._last_flags = self._last_float_mac = -99.0
        self._predictor: dict[int, int] = {}
        self._caches = Cache(INSTRUCTION_WAYS), Cache(DATA_WAYS)
        self.instructions = self.pairs = self.mispredictions = 0

    @property
    def cycles(self) -> float:
        """Cycles until everything so far has issued."""
        return self._now + (1 if self._older is not None else 0)

    def step(self, instruction: Instruction, address: int | None = None, *, taken: bool = False) -> None:
        """One instruction; `address` is the first that it touches, `taken` says that it jumped."""
        self.instructions += 1
        self._fetch(instruction)
        younger = self._issue(instruction, address)
        issued = self._now
        self._retire(instruction, younger)
        if instruction.sets_flags:
            self._last_flags = issued
        if instruction.jumps:
            self._jump(instruction, taken)
        if younger:
            self._now = max(self._now, issued + 1)
        self._access(instruction, address)

    def take_exception(self) -> None:
        """An exception is entered, and will be returned from."""
        self._stall(self._cost["exception"])

    def _stall(self, cycles: float) -> None:
        self._now = self.cycles + cycles
        self._older = None

    def _fetch(self, instruction: Instruction) -> None:
        if FLASH.holds(instruction.address_at) and self._caches[0].misses(instruction.address_at):
            self._stall(self._cost["flash_line"])

    def _access(self, instruction: Instruction, address: int | None) -> None:
        """Stalls of the memory behind an access; both TCMs have none."""
        if address is None or DTCM.holds(address) or ITCM.holds(address):
            if address is not None and address & 3 and instruction.kind == "load" and not instruction.narrow:
                self._stall(self._cost["unaligned_load"])
            return
        way = "store" if instruction.stored else "load"
        if FLASH.holds(address) or AXI.holds(address):
            if self._caches[1].misses(address):
                self._stall(self._cost["flash_line" if FLASH.holds(address) else "axi_line"])
        elif D2.holds(address) or D3.holds(address):
            self._stall(self._cost[f"uncached_{way}"])
        else:
            self._stall(self._cost[f"peripheral_{way}"])

    def _issue(self, instruction: Instruction, address: int | None) -> bool:
        """Advance to the cycle in which the instruction issues; True when it is the younger of a pair."""
        ready = self._ready(instruction)
        if self._older is not None and ready <= self._now and self._can_pair(self._older, instruction, address):
            self.pairs += 1
            self._older = None
            return True
        self._now = max(self.cycles, ready)
        self._older, self._older_address = instruction, address
        return False

    def _ready(self, instruction: Instruction) -> float:
        """Cycle in which all operands can be had."""
        kind, late, time = instruction.kind, self._late, 0.0
        for register in (*instruction.early, *instruction.address):
            time = max(time, self._early.get(register, 0))
        for register in instruction.late:
            if kind in _FLOAT_ARITHMETIC:
                time = max(time, self._float.get(register, late.get(register, 0)))
                continue
            waits = self._loaded.get(register) == _WORD_LOAD and (kind == "mac" or bool(instruction.early))
            time = max(time, late.get(register, 0) + waits)
        for register in instruction.accumulate:
            if kind == "float_mac":
                time = max(time, self._float_chain.get(register, 0))
            else:
                time = max(time, self._chain.get(register, late.get(register, 0) - 1))
        for register in instruction.stored:
            if kind == "float_store":
                time = max(time, self._float.get(register, 0) - self._cost["float_store_forward"])
            else:
                time = max(time, late.get(register, 0) - 1)
        return time

    def _can_pair(self, older: Instruction, younger: Instruction, address: int | None) -> bool:
        a, b = older.kind, younger.kind
        if "multiple" in (a, b) or "divide" in (a, b) or a == "branch" or b in ("bitfield", "float_divide"):
            return False
        if {a, b} == {"mac"} or {a, b} == {"mac", "store"} or (a in _STORES and b in _STORES):
            return False
        if a in _LOADS and b in _LOADS:
            both_known = address is not None and self._older_address is not None
            return not both_known or (address ^ self._older_address) & 4 != 0  # type: ignore[operator]
        if older.uses_shifter and younger.uses_shifter:
            return False
        return self._can_pair_float(older, younger)

    def _can_pair_float(self, older: Instruction, younger: Instruction) -> bool:
        a, b = older.kind, younger.kind
        if a in _FLOAT_ARITHMETIC and b in _FLOAT_ARITHMETIC:
            return False
        if a == "float_mac" and b in ("float_load", "float_store"):
            return False
        in_shadow = self._now - self._last_float_mac <= self._cost["float_mac_shadow"]
        if in_shadow and (b == "float_load" or (b == "float_mac" and a in ("float_load", "float_store"))):
            return False
        if older.double or younger.double:
            return "load" not in (a, b) and b not in _FLOAT_ARITHMETIC
        return True

    def _define(self, register: str, late: float, early: float, loaded: int = 0) -> None:
        self._late[register], self._early[register], self._loaded[register] = late, early, loaded
        self._chain.pop(register, None)

    def _retire(self, instruction: Instruction, younger: bool) -> None:
        """Say when the results can be had, and hold the pipeline for instructions of several cycles."""
        now, cost = self._now, self._cost
        for register in instruction.write_back:
            self._define(register, now, now + 1)
        kind = instruction.kind
        if kind.startswith("float"):
            self._retire_float(instruction)
        elif kind == "multiple":
            self._retire_multiple(instruction)
        elif kind == "divide":
            self._hold(now + cost["integer_divide"])
            for register in instruction.writes:
                self._define(register, self._now + 1, self._now + 2)
        elif kind == "load":
            latency = cost["load_narrow" if instruction.narrow else "load_word"]
            for register in instruction.writes:
                loaded = _NARROW_LOAD if instruction.narrow else _WORD_LOAD
                self._define(register, now + latency, now + latency + 1, loaded)
        elif kind == "mac":
            for register in instruction.writes:
                self._define(register, now + cost["mac_result"], now + cost["mac_result"] + 1)
                self._chain[register] = now + cost["mac_accumulate"]
        elif kind == "bitfield":
            latency = cost["saturate_result"] if instruction.saturates else 1
            for register in instruction.writes:
                self._define(register, now + latency, now + latency + 1)
        else:
            later = 0 if self._executes_early(instruction, younger) else 1
            for register in instruction.writes:
                self._define(register, now + later, now + later + 1)

    def _executes_early(self, instruction: Instruction, younger: bool) -> bool:
        if not self._has_early_alu or not instruction.early_capable or instruction.uses_shifter:
            return False
        if younger and not instruction.plain_shift:
            return False
        return all(self._early.get(register, 0) <= self._now for register in instruction.late)

    def _hold(self, until: float) -> None:
        self._now, self._older = until, None

    def _retire_multiple(self, instruction: Instruction) -> None:
        self._hold(self._now + (instruction.moved + 1) // 2)
        for register in instruction.writes:
            self._define(register, self._now, self._now + 1, _WORD_LOAD)
            self._float[register] = self._now + self._cost["float_load"]
            self._float_chain[register] = self._now + self._cost["float_load_accumulate"]

    def _retire_float(self, instruction: Instruction) -> None:
        now, cost, kind = self._now, self._cost, instruction.kind
        result = {
            "float_load": cost["float_load"],
            "float_mac": cost["float_mac_result"] + (cost["double_mac"] if instruction.double else 0),
            "float_divide": cost["float_divide"],
        }.get(kind, cost["float_alu"])
        chain = {
            "float_load": cost["float_load_accumulate"],
            "float_mac": cost["float_mac_accumulate"] + (cost["double_mac"] if instruction.double else 0),
            "float_divide": cost["float_divide"],
        }.get(kind, cost["float_alu"])
        for register in instruction.writes:
            self._float[register], self._float_chain[register] = now + result, now + chain
            core = cost["float_to_core"] if kind == "float_move" else result
            self._define(register, now + core, now + core + 1)
        if kind in ("float_load", "float_store") and instruction.moved > 1:
            self._hold(now + 1)
        if kind == "float_mac":
            self._last_float_mac = now
            if instruction.double:
                self._hold(now + cost["double_mac"])
        elif kind == "float_divide":
            self._hold(now + cost["double_divide" if instruction.double else "float_divide"])
        elif kind == "float_alu":
            self._retire_float_alu(instruction)

    def _retire_float_alu(self, instruction: Instruction) -> None:
        shadow = self._cost["float_mac_shadow"]
        adds = instruction.text.startswith(("vadd", "vsub"))
        if adds and self._now - self._last_float_mac <= shadow:
            self._now = max(self._now, self._last_float_mac + shadow + 1)
        if instruction.double:
            multiplies = "mul" in instruction.text.split(".")[0]
            self._hold(self._now + self._cost["double_multiply" if multiplies else "double_add"])

    def _jump(self, instruction: Instruction, taken: bool) -> None:
        """Two-bit counters, first guess right; a taken branch ends the group."""
        penalty = 0.0
        if instruction.conditional and instruction.kind == "branch":
            counter = self._predictor.get(instruction.address_at, 2 if taken else 1)
            if (counter >= 2) != taken:
                self.mispredictions += 1
                early = self._now - self._last_flags >= 3
                penalty = self._cost["mispredict_early_flags" if early else "mispredict_late_flags"]
            self._predictor[instruction.address_at] = min(3, counter + 1) if taken else max(0, counter - 1)
        if taken:
            penalty += self._cost["taken_branch"]
        if taken or penalty:
            self._hold(self._now + 1 + penalty)
