# SPDX-License-Identifier: MIT
"""Tables of what the errors don't tell: how tickets are built, whether seeds agree on them, ranks over all studies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..analysis.stability import mask_iou, random_iou
from .names import PARENT
from .statistics import average_ranks
from .study import Row, Study, averaged, is_control, is_scratch, known, mean
from .tables import Table, number, p_text, percent, players_line
from .verdict import blocks

STRUCTURE = (
    ("effective_rank", "rank", ".2f"),
    ("minimum_cut", "narrowest", ".0f"),
    ("dead_units", "dead", ".1%"),
    ("algebraic_connectivity", "connectivity", ".2f"),
)
"""Key of a row, its column, its format."""


def kept(row: Row) -> dict[str, NDArray[np.int64]]:
    """A row's kept units by group, from their hexadecimal bits."""
    return {
        name: np.array([unit for unit, bit in enumerate(bin(int(bits, 16))[:1:-1]) if bit == "1"], dtype=np.int64)
        for name, bits in row["kept"].items()
    }


def agreement(rows: Sequence[Row]) -> float | None:
    """Mean share of units that two seeds both keep, of those that either does; None for one seed."""
    keeps = [kept(row) for row in rows if row.get("kept")]
    pairs = [mask_iou(a, b) for a, b in combinations(keeps, 2)]
    return mean(pairs) if pairs else None


def chance(rows: Sequence[Row], whole: Row) -> float:
    """The same of random units, as many as these rows keep of the parent's."""
    units = float(sum(whole["widths"].values()))
    return random_iou(mean(sum(row["widths"].values()) for row in rows) / units)


def structure_table(study: Study, target: float) -> Table | None:
    """How tickets are built, and whether seeds keep the same units; None where the rows don't tell."""
    parents: list[Any] = list(study.parents.values())
    methods = study.methods(target)
    if not known(parents, "effective_rank") or not all(row.get("widths") for row in (*parents, *study.at(target))):
        return None
    rows = []
    for name, found in ({PARENT: parents} | methods).items():
        chosen = name != PARENT and not is_scratch(name)
        alike = number(agreement(found) if chosen else None, ".2f")
        by_chance = number(chance(found, parents[0]) if chosen else None, ".2f")
        rows.append([name, *(number(averaged(found, key), form) for key, _, form in STRUCTURE), alike, by_chance])
    note = (
        "Mean over seeds. Rank: effective rank of the weights, as a share of what their shapes allow. Narrowest: units "
        "that all paths from inputs to outputs must pass. Connectivity: second eigenvalue of the wiring's normalised "
        "Laplacian. Kept alike: units that two seeds both keep, of those that either keeps, beside what chance gives; "
        "seeds start from different weights, so only data and structure can make them agree."
    )
    columns = ("method", *(column for _, column, _ in STRUCTURE), "kept alike", "by chance")
    best = next((name for name in methods if not is_control(name)), next(iter(methods)))
    return Table(columns, rows, note, players_line(methods[best], f"{best} at {percent(target)}"))


def ranks_table(all_studies: list[Study]) -> Table | None:
    """Average ranks over studies and targets; None for fewer than two of them, or three common methods."""
    where, names, errors = blocks(all_studies)
    if len(where) < 2 or len(names) < 3:
        return None
    found = average_ranks(errors)
    order = sorted(range(len(names)), key=lambda index: (found.average[index], names[index]))
    rows = [[names[index], f"{found.average[index]:.2f}"] for index in order]
    note = (
        f"Ranks by mean E over {len(where)} blocks ({'; '.join(where)}). Friedman's p {p_text(found.p)}; by Nemenyi's "
        f"test only ranks more than {found.critical:.2f} apart differ."
    )
    first = next(study for study in all_studies if study.targets)
    best = next((names[index] for index in order if not is_control(names[index])), names[order[0]])
    line = players_line(
        first.methods(first.targets[-1]).get(best, ()), f"{best} ({first.name}, {percent(first.targets[-1])})"
    )
    return Table(("method", "average rank"), rows, note, line)
