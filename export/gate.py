# SPDX-License-Identifier: MIT
"""Refuse a voice that does not fit the module, in one sentence: what is too much, and what to trim."""

from __future__ import annotations

from lottava.graph import Graph

from .budget import Budget, BudgetError, budget_of
from .trim import fitting_widths, trims


def refusal(graph: Graph, budget: Budget) -> str:
    """Why a budget is exceeded, and the widths with which it would not be."""
    over = ", ".join(f"{line.name} {line.used:,.0f} of {line.limit:,.0f} {line.unit}" for line in budget.excess)
    return f"the voice does not fit the module ({over}); {_advice(graph)}"


def _advice(graph: Graph) -> str:
    together = fitting_widths(graph)
    if together is None:
        return "no narrower version of it fits: build it of fewer layers, or of shorter kernels"
    now = {trim.group: trim.width for trim in trims(graph)}
    words = ", ".join(f"{name} {now[name]} to {width}" for name, width in together.items() if width < now[name])
    alone = next((trim for trim in trims(graph) if trim.fits_at is not None), None)
    first = f"trim {alone.group} from {alone.width} units to {alone.fits_at}, or" if alone else "trim"
    return f"{first} all widths alike: {words}"


def check(graph: Graph) -> None:
    """Raise BudgetError unless the graph fits."""
    budget = budget_of(graph)
    if not budget.fits:
        raise BudgetError(refusal(graph, budget))
