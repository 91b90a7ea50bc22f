# SPDX-License-Identifier: MIT
"""All simulations of the committed schematic: what `python -m lottava.hardware spice` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ..manual import DOCS, SIMULATED
from . import audio, control_voltages, gates, power, stability, summary, tolerance
from .bench import Bench
from .netlist import Netlist, export
from .rows import Row

CHECKS: tuple[Callable[[Bench], list[Row]], ...] = (
    power.rails,
    power.reversal,
    power.abuse,
    control_voltages.cv_inputs,
    control_voltages.reference_route,
    control_voltages.cv_outputs,
    gates.gate_inputs,
    gates.gate_probe,
    gates.gate_output,
    audio.audio_inputs,
    audio.audio_outputs,
    stability.phase_margins,
    tolerance.monte_carlo,
)


def check(netlist: Netlist) -> Iterator[Row]:
    """Rows of every check as they are done. Raises ValueError, KeyError or SimulationError that name what can't be."""
    bench = Bench(netlist)
    for one in CHECKS:
        yield from one(bench)


def check_schematic(schematic: Path) -> list[Row]:
    """Every row for a schematic file, through kicad-cli."""
    return list(check(export(schematic)))


def complaints(schematic: Path) -> list[str]:
    """Sentences about figures outside their limits, and about a manual that shows others than today's."""
    rows = check_schematic(schematic)
    found = [
        f"{row.check}, {row.subject}: {row.value:.5g} {row.unit}, {row.limits} is allowed"
        for row in rows
        if not row.passes
    ]
    if summary.table(rows) not in (DOCS / SIMULATED).read_text(encoding="utf-8"):
        found.append(f"docs/{SIMULATED}: other simulated figures than today's; run python -m lottava.hardware manual")
    return found
