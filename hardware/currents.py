# SPDX-License-Identifier: MIT
"""What the module takes from each rail: an estimate until a board is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """Milliamperes from +12 V and from −12 V; without_seed: also while no Seed is in its sockets."""

    words: str
    plus_ma: float
    minus_ma: float = 0.0
    without_seed: bool = False


LOADS = (
    Load("Seed: 200 mA at 3.3 V, its converter 85 % efficient (estimate)", 72),
    Load("eight LEDs at 2.6 mA, through the Seed", 8),
    Load("pots, input op-amps, dividers, through the Seed", 3),
    Load("two quad op-amps, 2 mA an amplifier", 16, 16, True),
    Load("lamps; +12 V divider", 2, 1, True),
    Load("outputs into 10 kΩ", 3, 3),
)
PLAN_MA = (150, 30)
"""Safe to plan a rack with, until a board is measured."""


def totals_ma(*, without_seed: bool = False) -> tuple[float, float]:
    """From +12 V and from −12 V, of all or of what is there without a Seed."""
    loads = [load for load in LOADS if load.without_seed or not without_seed]
    return sum(load.plus_ma for load in loads), sum(load.minus_ma for load in loads)


def table() -> str:
    """Rows of Markdown."""
    head = "| load | +12 V, mA | −12 V, mA |\n|---|---|---|\n"
    rows = [
        f"| {load.words} | {load.plus_ma:g} | {load.minus_ma or '':{'g' if load.minus_ma else ''}} |" for load in LOADS
    ]
    plus, minus = totals_ma()
    return head + "\n".join([*rows, f"| **sum** | **{plus:g}** | **{minus:g}** |"])
