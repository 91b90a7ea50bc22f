# SPDX-License-Identifier: MIT
"""What the catalogue says of a part, and how values are written so that people and SPICE read the same number."""

from __future__ import annotations

from dataclasses import dataclass

PRICES_DATE = "2026-11"
"""When the prices were estimated: from memory of catalogue prices, none was looked up in a shop."""
GENERIC = "generic"
"""In place of a distributor's number: any part with the same value, package, tolerance and rating will do."""

_STEPS = ((1e6, "meg"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))


def format_value(number: float) -> str:
    """30100.0 → "30.1k", 1e-7 → "100n", 1e6 → "1meg": SPICE's suffixes, at most four digits."""
    if number == 0:
        return "0"
    for step, suffix in _STEPS:
        scaled = float(f"{number / step:.4g}")
        if scaled >= 1:
            return f"{scaled:.4g}{suffix}"
    raise ValueError(f"{number:g} is below a picounit")


@dataclass(frozen=True)
class Source:
    """A maker and its order number."""

    manufacturer: str
    mpn: str


@dataclass(frozen=True)
class PartType:
    """One line that can be ordered.

    value: the schematic's Value, readable by SPICE for R, C and L; lcsc: distributor's number or "generic";
    footprint: "library:name"; price_usd: each, when buying a few and when buying a hundred (estimates);
    is_hand_soldered: through-hole, not for the assembler; note: what someone who orders must know; single: why there
    is no second source; unverified: what no public document that we found confirms, for the list in docs/order.md.
    """

    key: str
    value: str
    first: Source
    second: Source | None
    footprint: str
    tolerance: str
    rating: str
    price_usd: tuple[float, float]
    lcsc: str = GENERIC
    is_hand_soldered: bool = False
    note: str = ""
    single: str = ""
    unverified: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """The fields that every symbol of this part carries in the schematic."""
        return {
            "Footprint": self.footprint,
            "MPN": self.first.mpn,
            "Manufacturer": self.first.manufacturer,
            "LCSC": self.lcsc,
            "Tolerance": self.tolerance,
            "Rating": self.rating,
        }
