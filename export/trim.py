# SPDX-License-Identifier: MIT
"""What to trim of a graph that is too large: what a unit of each group saves, and the widths at which it fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lottava.graph import Graph
from lottava.levels import at_level

from .budget import Budget, budget_of
from .widths import WidthGroup, narrowed, width_groups

STEP = 4
"""Units come in fours: the kernels pad to that, so a narrower step saves nothing."""


@dataclass(frozen=True)
class Trim:
    """One group. saves: what each unit less frees of every line (bytes or cycles), the average of the next four;
    fits_at: the most units with which the voice fits if nothing else is trimmed, None where that does not help."""

    group: str
    width: int
    saves: Mapping[str, float]
    fits_at: int | None


def _most(steps: int, fits: Callable[[int], bool]) -> int | None:
    """Largest n in 1..steps with fits(n), which holds below it too; None where not even 1 does."""
    if not fits(1):
        return None
    low, high = 1, steps
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _saving(graph: Graph, group: WidthGroup, now: Budget) -> dict[str, float]:
    less = max(1, group.width - STEP)
    after = budget_of(narrowed(graph, {group.name: less}))
    units = max(1, group.width - less)
    return {line.name: (line.used - left.used) / units for line, left in zip(now.lines, after.lines, strict=True)}


def _fits_at(graph: Graph, group: WidthGroup) -> int | None:
    steps = _most(
        -(-group.width // STEP), lambda n: budget_of(narrowed(graph, {group.name: min(n * STEP, group.width)})).fits
    )
    return None if steps is None else min(steps * STEP, group.width)


def trims(graph: Graph) -> tuple[Trim, ...]:
    """Of every group that can become narrower, the one that helps most first; levels don't count."""
    graph = at_level(graph, 0)
    now = budget_of(graph)
    found = [
        Trim(group.name, group.width, _saving(graph, group, now), None if now.fits else _fits_at(graph, group))
        for group in width_groups(graph)
    ]
    over = [line for line in now.lines if not line.fits] or [line for line in now.lines if line.limit]
    return tuple(sorted(found, key=lambda trim: -sum(trim.saves[line.name] / (line.limit or 1) for line in over)))


def fitting_widths(graph: Graph, parts: int = 32) -> dict[str, int] | None:
    """Group → width with all groups narrowed by one factor, in 32nds, until the voice fits; None where none does."""
    groups = width_groups(graph)

    def widths(part: int) -> dict[str, int]:
        return {g.name: min(g.width, max(STEP, g.width * part // parts // STEP * STEP)) for g in groups}

    part = _most(parts, lambda n: budget_of(narrowed(graph, widths(n))).fits)
    return None if part is None else widths(part)
