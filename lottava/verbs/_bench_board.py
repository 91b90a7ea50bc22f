# SPDX-License-Identifier: MIT
"""Small programs under a board's own cycle counter, against what the timing model says of the same code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._common import VerbError

if TYPE_CHECKING:
    from lottava.calibration.module import Module

EMULATED_SERIAL = b"emulated"
"""Starts the serial number of a Seed that is none: its counter is virtual time and moves by thousands of cycles."""


@dataclass(frozen=True)
class Case:
    """Cycles of one program: counted by the board, and modelled (best, pessimistic; None where the model has none)."""

    name: str
    measured: int
    modelled: tuple[float, float] | None

    @property
    def agrees(self) -> bool | None:
        """Within the model's error band, the calls around the counter allowed for."""
        from lottava.emulator.timing_rules import ERROR_BAND

        if self.modelled is None:
            return None
        best, pessimistic = self.modelled
        return best * (1 + ERROR_BAND[0]) <= self.measured <= max(pessimistic, best * (1 + ERROR_BAND[1])) + CALL_CYCLES


CALL_CYCLES = 60
"""Around the program, and not in the model's figure: two reads of the counter behind the private bus, and the call."""


@dataclass(frozen=True)
class Comparison:
    """What a board said. voice: of the one that plays, cycles of a block (mean, most) and what a block has."""

    firmware: str
    serial: str
    emulated: bool
    cases: tuple[Case, ...]
    voice: tuple[int, int, int] | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            **{"firmware": self.firmware, "serial": self.serial, "emulated": self.emulated},
            "cases": [vars(case) | {"agrees": case.agrees} for case in self.cases],
            "voice": None if self.voice is None else dict(zip(("mean", "max", "of"), self.voice, strict=True)),
        }

    def show(self) -> None:
        """A table for people."""
        from rich import box
        from rich.console import Console
        from rich.table import Table

        console = Console()
        table = Table("program", "measured", "modelled", "", title=f"module {self.serial}", box=box.SIMPLE_HEAD)
        for column in table.columns[1:3]:
            column.justify = "right"
        words = {True: "as modelled", False: "DIFFERS", None: "not modelled"}
        for case in self.cases:
            modelled = f"{case.modelled[0]:,.0f} .. {case.modelled[1]:,.0f}" if case.modelled else ""
            table.add_row(case.name, f"{case.measured:,}", modelled, words[case.agrees])
        console.print(table)
        if self.voice is not None:
            mean, most, whole = self.voice
            console.print(f"The voice that plays: {mean:,} cycles a block, at most {most:,}, of {whole:,}")
        if self.emulated:
            console.print("This is an emulated module: its counter says nothing of a program this short.", style="bold")


def compare(module: Module, baseline: Mapping[str, Mapping[str, Any]]) -> Comparison:
    """Run every case of the module. baseline: compiler → figures, of which the last one's cases are the model's.

    Raises VerbError for a module that has no cases.
    """
    from lottava.messages import BLOCKS_PER_SECOND, Capability

    hello = module.hello()
    if not hello.capabilities & Capability.BENCH_CASE:
        raise VerbError("this module's firmware has no programs to measure; flash a newer one")
    modelled = [figures["cases"] for figures in baseline.values()][-1:] or [{}]
    cases, number, count = [], 0, 1
    while number < count:
        reply = module.bench_case(number)
        name = reply.name.rstrip(b"\0").decode("ascii", "replace")
        known = modelled[0].get(name)
        cases.append(Case(name, reply.cycles, tuple(known) if known else None))
        number, count = number + 1, reply.cases
    voice = None
    if hello.capabilities & Capability.BENCH:
        cost = module.bench()
        voice = (cost.cycles_mean, cost.cycles_max, cost.cpu_hz // BLOCKS_PER_SECOND)
    firmware = ".".join(map(str, hello.firmware))
    return Comparison(firmware, hello.serial.hex(), hello.serial.startswith(EMULATED_SERIAL), tuple(cases), voice)
