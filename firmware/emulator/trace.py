# SPDX-License-Identifier: MIT
"""Cycles of an execution trace: what the timing model makes of the instructions that ran.

Code repeats: a short run of instructions that meets the pipeline in a state it was met in before, with the same banks,
stalls and branches, takes the same cycles and leaves the same state. So each such case is stepped through once and
looked up from then on; the result is the stepwise one, exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .decode import Instruction, decode
from .timing import Pipeline, State
from .timing_history import NO_ACCESS, Branch, History

EXCEPTION = 1 << 40
"""Stands in a trace where an exception is entered."""

LONGEST_RUN = 12
"""Instructions: short enough that the banks of a table's look-ups make few cases, long enough to be worth a look-up."""

Events = tuple[int, ...]


@dataclass(frozen=True)
class TraceCost:
    """Of one trace; by_function holds the best variant's cycles."""

    instructions: int
    cycles: float
    cycles_pessimistic: float
    by_function: dict[str, float] = field(repr=False)


class _Run:
    """Instructions that follow each other up to a jump; `memory`: positions of those that may touch data."""

    def __init__(self, instructions: list[Instruction], function: str, cached: bool) -> None:
        self.instructions, self.function, self.cached = instructions, function, cached
        self.length, self.last = len(instructions), instructions[-1]
        self.memory = [(at, i) for at, i in enumerate(instructions) if i.kind == "multiple" or "[" in i.text]


class _Core:
    """A pipeline that remembers: `state` is the number of its present state."""

    def __init__(self, *, pessimistic: bool) -> None:
        self._pipeline = Pipeline(pessimistic=pessimistic)
        self._states: list[State] = []
        self._numbers: dict[State, int] = {}
        self._known: dict[tuple[int, _Run, Events], tuple[int, float]] = {}
        self.initial = self._number(self._pipeline.state())
        self.state = self.initial

    def _number(self, state: State) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
        return number

    def pass_through(self, run: _Run, events: Events) -> float:
        """Cycles of a run."""
        key = (self.state, run, events)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._step(lambda: self._advance(run, events))
        self.state = known[0]
        return known[1]

    def take_exception(self) -> float:
        """Cycles of entry and return."""
        self.state, cycles = self._step(self._pipeline.take_exception)
        return cycles

    def _step(self, action: Callable[[], None]) -> tuple[int, float]:
        pipeline = self._pipeline
        pipeline.restore(self._states[self.state])
        before = pipeline.cycles
        action()
        return self._number(pipeline.state()), pipeline.cycles - before

    def _advance(self, run: _Run, events: Events) -> None:
        accesses = dict(zip((at for at, _ in run.memory), events[1:], strict=False))
        misses = events[1 + len(run.memory) :]
        for at, instruction in enumerate(run.instructions):
            branch = events[0] if instruction.jumps else Branch.NOT_TAKEN
            self._pipeline.advance(instruction, accesses.get(at, NO_ACCESS), branch, at in misses)


class TraceModel:
    """Caches and branch history live on from trace to trace.

    fetch(address) reads the four bytes of an instruction, symbol_at(address) names its function. A trace is a flat
    list: the address of each instruction, behind it the complements (~address) of the data that it touched, and
    EXCEPTION where one preempts.
    """

    def __init__(self, fetch: Callable[[int], bytes], symbol_at: Callable[[int], str]) -> None:
        self._fetch, self._symbol_at = fetch, symbol_at
        self._runs: dict[int, _Run] = {}
        self._singles: dict[int, _Run] = {}
        self._best, self._pessimistic = _Core(pessimistic=False), _Core(pessimistic=True)
        self._history = History()

    def cool(self) -> None:
        """Empty the pipeline and the caches, and forget the branches."""
        self._history = History()
        for core in (self._best, self._pessimistic):
            core.state = core.initial

    def _run_at(self, address: int, longest: int) -> _Run:
        runs = self._runs if longest > 1 else self._singles
        found = runs.get(address)
        if found is None:
            instructions = [decode(self._fetch(address), address)]
            while len(instructions) < longest and not instructions[-1].jumps:
                instructions.append(decode(self._fetch(instructions[-1].end), instructions[-1].end))
            # Which lines of flash are cached is history, too; ITCM has none.
            cached = address >= 0x08000000
            found = runs[address] = _Run(instructions, self._symbol_at(address), cached)
        return found

    def cost(self, trace: list[int]) -> TraceCost:
        """Cycles from the first instruction's issue to the last one's."""
        best, pessimistic = self._best, self._pessimistic
        total = total_pessimistic = 0.0
        profile: dict[str, float] = {}
        index, end, count = 0, len(trace), 0
        while index < end:
            if trace[index] == EXCEPTION:
                total += best.take_exception()
                total_pessimistic += pessimistic.take_exception()
                index += 1
                continue
            run, index_behind, events = self._next_run(trace, index)
            cycles = best.pass_through(run, events)
            total += cycles
            total_pessimistic += pessimistic.pass_through(run, events)
            profile[run.function] = profile.get(run.function, 0.0) + cycles
            count += run.length
            index = index_behind
        return TraceCost(count, total, total_pessimistic, profile)

    def _next_run(self, trace: list[int], index: int) -> tuple[_Run, int, Events]:
        """The run that starts here, where the trace goes on behind it, and what happened in it."""
        run = self._run_at(trace[index], LONGEST_RUN)
        behind, touched = self._scan(run, trace, index)
        if behind < 0:  # preempted, or the trace ends within it
            run = self._run_at(trace[index], 1)
            behind, touched = self._scan(run, trace, index)
        history, last = self._history, run.last
        events = [0]
        for (_, instruction), address in zip(run.memory, touched, strict=True):
            events.append(history.access(instruction, address))
        if last.jumps:
            taken = behind < len(trace) and trace[behind] not in (last.end, EXCEPTION)
            events[0] = history.branch(last, taken)
        if run.cached:
            events += [at for at, i in enumerate(run.instructions) if history.fetch_misses(i.address_at)]
        return run, behind, tuple(events)

    @staticmethod
    def _scan(run: _Run, trace: list[int], index: int) -> tuple[int, list[int | None]]:
        """Index behind the run (-1 when the trace leaves it early) and the first address that each access touches."""
        end, last, extra, tail = len(trace), run.length - 1, 0, 0
        touched: list[int | None] = []
        for at, _ in run.memory:
            place = first = index + at + extra + 1
            while place < end and trace[place] < 0:
                place += 1
            touched.append(~trace[first] if place > first else None)
            if at < last:
                extra += place - first
            else:
                tail = place - first
        place = index + last + extra
        complete = place < end and trace[place] == run.last.address_at
        return (place + 1 + tail if complete else -1), touched
