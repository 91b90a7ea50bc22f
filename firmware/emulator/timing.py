# SPDX-License-Identifier: MIT
"""The Cortex-M7's pipeline in order, two instructions a cycle: cycles of a trace, best and pessimistic.

`older` is the instruction that has issued alone in the current cycle; the next one joins it as the younger, when the
rules allow and its operands are there, or else waits. Times are cycles at which a stage may take the register.
"""

from __future__ import annotations

from .decode import Instruction
from .timing_history import NO_ACCESS, STALLS, Branch, History
from .timing_rules import RULES

State = tuple[object, ...]
_FLOAT_ARITHMETIC = {"float_mac", "float_alu", "float_divide", "float_move"}
_LOADS, _STORES = {"load", "float_load"}, {"store", "float_store"}
_WORD_LOAD, _NARROW_LOAD = 1, 2
_LONG_AGO = -9.0
"""Further back than any rule looks."""


class Pipeline:
    """Feed instructions with `step` in the order of execution; `cycles` is the time so far.

    Who keeps a History of their own, to share it or to remember what follows from it, feeds `advance` instead.
    """

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
        self._older_access = NO_ACCESS
        self._last_flags = self._last_float_mac = _LONG_AGO
        self._history = History()
        self.instructions = self.pairs = self.mispredictions = 0

    @property
    def cycles(self) -> float:
        """Cycles until everything so far has issued."""
        return self._now + (1 if self._older is not None else 0)

    def step(self, instruction: Instruction, address: int | None = None, *, taken: bool = False) -> None:
        """One instruction; `address` is the first that it touches, `taken` says that it jumped."""
        history = self._history
        fetch_misses = history.fetch_misses(instruction.address_at)
        access = history.access(instruction, address)
        branch = history.branch(instruction, taken) if instruction.jumps else Branch.NOT_TAKEN
        self.advance(instruction, access, branch, fetch_misses)

    def advance(self, instruction: Instruction, access: int, branch: int, fetch_misses: bool) -> None:
        """One instruction; what a History says of it decides the rest."""
        self.instructions += 1
        if fetch_misses:
            self._stall(self._cost["flash_line"])
        younger = self._issue(instruction, access)
        issued = self._now
        self._retire(instruction, younger)
        if instruction.sets_flags:
            self._last_flags = issued
        if instruction.jumps:
            self._jump(branch)
        if younger:
            self._now = max(self._now, issued + 1)
        if access > 1:
            self._stall(self._cost[STALLS[access >> 1]])

    def take_exception(self) -> None:
        """An exception is entered, and will be returned from."""
        self._stall(self._cost["exception"])

    def state(self) -> State:
        """All that decides what comes, relative to now; equal states continue alike."""
        now = self._now
        late = tuple(sorted((r, t - now, self._loaded[r]) for r, t in self._late.items() if t + 1 > now))
        times = [
            tuple(sorted((r, t - now) for r, t in table.items() if t > now))
            for table in (self._early, self._chain, self._float, self._float_chain)
        ]
        recent = (max(_LONG_AGO, time - now) for time in (self._last_flags, self._last_float_mac))
        access = self._older_access if self._older is not None else NO_ACCESS
        return (late, *times, *recent, self._older, access)

    def restore(self, state: State) -> None:
        """Go on from a state, at time 0."""
        late, early, chain, floats, float_chain, flags, float_mac, older, access = state
        self._now = 0.0
        self._late = {register: time for register, time, _ in late}  # type: ignore[attr-defined]
        self._loaded = {register: loaded for register, _, loaded in late}  # type: ignore[attr-defined]
        self._early, self._chain = dict(early), dict(chain)  # type: ignore[call-overload]
        self._float, self._float_chain = dict(floats), dict(float_chain)  # type: ignore[call-overload]
        self._last_flags, self._last_float_mac = flags, float_mac  # type: ignore[assignment]
        self._older, self._older_access = older, access  # type: ignore[assignment]

    def _stall(self, cycles: float) -> None:
        self._now = self.cycles + cycles
        self._older = None

    def _issue(self, instruction: Instruction, access: int) -> bool:
        """Advance to the cycle in which the instruction issues; True when it is the younger of a pair."""
        ready = self._ready(instruction)
        if self._older is not None and ready <= self._now and self._can_pair(self._older, instruction, access):
            self.pairs += 1
            self._older = None
            return True
        self._now = max(self.cycles, ready)
        self._older, self._older_access = instruction, access
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

    def _can_pair(self, older: Instruction, younger: Instruction, access: int) -> bool:
        a, b = older.kind, younger.kind
        if "multiple" in (a, b) or "divide" in (a, b) or a == "branch" or b in ("bitfield", "float_divide"):
            return False
        if {a, b} == {"mac"} or {a, b} == {"mac", "store"} or (a in _STORES and b in _STORES):
            return False
        if a in _LOADS and b in _LOADS:
            both_known = access != NO_ACCESS and self._older_access != NO_ACCESS
            return not both_known or (access ^ self._older_access) & 1 != 0
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

    def _jump(self, branch: int) -> None:
        """A taken branch ends the group; a wrong guess costs more when the flags came late."""
        penalty, taken = 0.0, branch & Branch.TAKEN
        if branch & Branch.NOT_TAKEN_MISPREDICTED:
            self.mispredictions += 1
            early = self._now - self._last_flags >= 3
            penalty = self._cost["mispredict_early_flags" if early else "mispredict_late_flags"]
        if taken:
            penalty += self._cost["taken_branch"]
        if taken or penalty:
            self._hold(self._now + 1 + penalty)
