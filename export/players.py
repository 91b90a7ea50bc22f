# SPDX-License-Identifier: MIT
"""A voice in players' words: how many like it the module stores, how many it can morph between, how busy it gets."""

from __future__ import annotations

from dataclasses import dataclass

from lottava.graph import Graph

from . import placement
from .budget import BLOCK_CYCLES, PLANNED_SHARE, STEP_CYCLES, Budget, budget_of

BANK_SLOTS = 32
"""A1 to D8 (messages.SlotRequest)."""
BANK_BYTES = 7 << 20
"""Of the 8 MB flash; the rest stays for records, settings and a second firmware."""


@dataclass(frozen=True)
class Seat:
    """What a voice asks of a module. Cycles and shares are modelled.

    bank_voices: like this one in the bank; 0 where the module can't load it. morph_voices: networks like this one that
    run at once into one oscillator bank. worst_cpu: share of the audio block that costs most.
    """

    flash_bytes: float
    ram_bytes: float
    network_step_cycles: float | None
    mean_block_cycles: float
    worst_block_cycles: float
    worst_cpu: float
    bank_voices: int
    morph_voices: int


def seat(graph: Graph) -> Seat:
    """Figures of a graph, float graphs as if quantised. Raises BudgetError for one that nothing on the module feeds."""
    budget = budget_of(graph)
    used = {line.name: line.used for line in budget.lines}
    morph = _at_once(budget, used)
    return Seat(
        used["flash"],
        used["DTCM"] + used["AXI"],
        used.get("network step"),
        used["mean block"],
        used["worst block"],
        used["worst block"] / BLOCK_CYCLES,
        min(BANK_SLOTS, int(BANK_BYTES // used["flash"])) if morph else 0,
        morph,
    )


def _at_once(budget: Budget, used: dict[str, float]) -> int:
    """Each network has its own memory and cycles; what surrounds them is there once."""
    once = budget.use.around_block
    network = used["worst block"] - once
    fits = [
        sum(placement.ARENA_BYTES) // (used["DTCM"] + used["AXI"]),
        (PLANNED_SHARE * BLOCK_CYCLES - once) // network,
    ]
    if "network step" in used:
        fits.append(STEP_CYCLES // used["network step"])
    return int(min(fits))
