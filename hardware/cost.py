# SPDX-License-Identifier: MIT
"""What a module costs, at 1 and at 10: estimates from the catalogue's prices, none of them looked up in a shop."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .parts import PRICES_DATE, PartType


@dataclass(frozen=True)
class Line:
    """One kind of part: where it goes, and whether it is fitted at all."""

    part: PartType
    designators: tuple[str, ...]
    is_fitted: bool

    @property
    def quantity(self) -> int:
        """How many on a board."""
        return len(self.designators)


@dataclass(frozen=True)
class Extra:
    """What a module needs besides the parts of its schematic. price_usd: each, of a few and of a hundred."""

    name: str
    quantity: int
    price_usd: tuple[float, float]
    note: str = ""


EXTRAS = (
    Extra("Knob 12 mm, D shaft 6 mm", 4, (1.20, 0.80), "PITCH, LEVEL, CONTOUR, MORPH"),
    Extra("Knob 10 mm, D shaft 6 mm", 4, (1.00, 0.70), "BRIGHT, BREATH, BODY, WILD"),
    Extra("Cap 6 mm, D shaft 6 mm", 4, (0.80, 0.50), "attenuverters"),
    Extra("Nut M6 x 0.5 for the jacks", 15, (0.05, 0.03), "often in the jacks' bag: look before you buy"),
    Extra("Nut M7 x 0.75 and washer for the pots", 12, (0.05, 0.03), "usually come with the pots: look before you buy"),
    Extra("Power cable, 10 pins to the rack's 10 or 16", 1, (1.50, 1.00), "ribbon; the red stripe is -12 V"),
    Extra("Screws M3 x 6 with nylon washers", 4, (0.10, 0.05), "to the rack"),
    Extra("Micro-USB cable that carries data", 1, (3.00, 2.00), "to flash the Seed for the first time, on your desk"),
)
"""No spacers and no standoffs: jacks and pots hold the panel, LEDs are soldered while they sit in it."""


@dataclass(frozen=True)
class Cost:
    """Estimated US dollars for a number of modules. making: boards, panels, assembly, their shipping."""

    units: int
    parts: float
    seeds: float
    panel_parts: float
    making: float

    @property
    def total(self) -> float:
        """For all of them."""
        return self.parts + self.seeds + self.panel_parts + self.making

    @property
    def each(self) -> float:
        """For one."""
        return self.total / self.units


MAKING_USD = {1: (45.0, 20.0, 60.0, 40.0), 10: (60.0, 45.0, 140.0, 55.0)}
"""Modules → boards and FR4 panels (five at least), assembly (set-up, stencil, two boards at least), shipping.

Guessed from what such houses ask for boards of this size, four layers, assembled; none was quoted."""


def _price(prices: tuple[float, float], count: int) -> float:
    """Each: from the price of a few to that of a hundred with the logarithm of the count."""
    few, hundred = prices
    return few + min(math.log10(count) / 2, 1.0) * (hundred - few)


def _kind(line: Line) -> str:
    if line.part.key == "Daisy Seed":
        return "seeds"
    return "panel_parts" if line.part.is_hand_soldered else "parts"


def cost(found: Iterable[Line], units: int) -> Cost:
    """Estimate for 1 or 10 modules. Raises KeyError for another number: making is guessed for these only."""
    making = sum(MAKING_USD[units])
    sums = {"parts": 0.0, "seeds": 0.0, "panel_parts": 0.0}
    for line in found:
        if line.is_fitted:
            kind = _kind(line)
            count = line.quantity * units
            sums[kind] += count * _price(line.part.price_usd, count)
    for extra in EXTRAS:
        count = extra.quantity * units
        sums["panel_parts"] += count * _price(extra.price_usd, count)
    return Cost(units, **sums, making=making)


def cost_table(found: list[Line]) -> str:
    """The estimate for 1 and 10 modules as rows of Markdown."""
    head = f"| US dollars, estimated {PRICES_DATE} | 1 module | 10 modules |\n|---|---|---|\n"
    costs = [cost(found, units) for units in (1, 10)]
    rows = (
        ("parts that the assembler solders", "parts"),
        ("Daisy Seed", "seeds"),
        ("jacks, pots, knobs and other parts soldered or fitted by hand", "panel_parts"),
        ("boards, panels, assembly, shipping", "making"),
        ("**all**", "total"),
        ("**each**", "each"),
    )
    return head + "\n".join(
        f"| {words} | " + " | ".join(f"{getattr(one, name):.0f}" for one in costs) + " |" for words, name in rows
    )
