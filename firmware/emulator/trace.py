# SPDX-License-Identifier: MIT
"""Cycles of an execution trace: what the timing model makes of the instructions that ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .decode import Instruction, decode
from .timing import Pipeline


@dataclass(frozen=True)
class TraceCost:
    """Of one trace; by_function holds the best variant's cycles."""

    instructions: int
    cycles: float
    cycles_pessimistic: float
    by_function: dict[str, float] = field(repr=False)


class TraceModel:
    """Caches, branch history and what is decoded live on from trace to trace.

    fetch(address) reads the four bytes of an instruction, symbol_at(address) names its function. A trace is a flat
    list: the address of each instruction, and behind it the complements (~address) of the data that it touched.
    """

    def __init__(self, fetch: Callable[[int], bytes], symbol_at: Callable[[int], str]) -> None:
        self._fetch, self._symbol_at = fetch, symbol_at
        self._decoded: dict[int, Instruction] = {}
        self._names: dict[int, str] = {}
        self.cool()

    def cool(self) -> None:
        """Empty the caches and forget the branches."""
        self._best, self._pessimistic = Pipeline(), Pipeline(pessimistic=True)

    def _instruction(self, address: int) -> Instruction:
        found = self._decoded.get(address)
        if found is None:
            found = self._decoded[address] = decode(self._fetch(address), address)
            self._names[address] = self._symbol_at(address)
        return found

    def cost(self, trace: list[int]) -> TraceCost:
        """Cycles from the first instruction's issue to the last one's."""
        best, pessimistic = self._best, self._pessimistic
        start, start_pessimistic = best.cycles, pessimistic.cycles
        profile: Counter[str] = Counter()
        before, count = start, 0
        index, end = 0, len(trace)
        while index < end:
            address = trace[index]
            instruction = self._instruction(address)
            index += 1
            data = ~trace[index] if index < end and trace[index] < 0 else None
            while index < end and trace[index] < 0:
                index += 1
            taken = index < end and trace[index] != instruction.end
            best.step(instruction, data, taken=taken)
            pessimistic.step(instruction, data, taken=taken)
            profile[self._names[address]] += best.cycles - before  # type: ignore[assignment]
            before, count = best.cycles, count + 1
        cycles = best.cycles - start, pessimistic.cycles - start_pessimistic
        return TraceCost(count, *cycles, by_function=dict(profile))
