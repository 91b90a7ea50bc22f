# SPDX-License-Identifier: MIT
"""The bill of materials from the committed schematic: for the assembler, for hands, for two shops.

Designators are those of the schematic, character for character; the placement file must name exactly the same.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from .cost import EXTRAS, Line
from .parts import GENERIC, PARTS
from .sheetfile import Part

ELSEWHERE = {
    "PJ398SM": "synthesizer parts shops (sold as Thonkiconn)",
    "RD901F B10K": "synthesizer parts shops, Mouser",
    "Daisy Seed": "electro-smith.com and its dealers",
}
"""Catalogue key → who sells it, where the two big shops don't, or not this one."""


def _natural(designator: str) -> tuple[str, int]:
    letters, digits = re.fullmatch(r"([A-Z]+)(\d+)", designator).groups()  # type: ignore[union-attr]
    return letters, int(digits)


def lines(parts: Iterable[Part]) -> list[Line]:
    """Parts of the schematic, one line a kind, fitted ones apart. Raises KeyError for a number not in the catalogue."""
    by_mpn = {part.first.mpn: part for part in PARTS.values()}
    groups: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for part in parts:
        if part.is_power or not part.is_in_bom or part.unit != 1:
            continue
        if part.fields["MPN"] not in by_mpn:
            raise KeyError(f"{part.reference}: the catalogue has no {part.fields['MPN']}")
        groups[part.fields["MPN"], part.is_fitted].append(part.reference)
    found = [
        Line(by_mpn[mpn], tuple(sorted(names, key=_natural)), is_fitted) for (mpn, is_fitted), names in groups.items()
    ]
    return sorted(found, key=lambda line: (not line.is_fitted, _natural(line.designators[0])))


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()


def _footprint(line: Line) -> str:
    return line.part.footprint.split(":")[1]


def _lcsc(line: Line) -> str:
    return "" if line.part.lcsc == GENERIC else line.part.lcsc


def assembler_csv(found: Iterable[Line]) -> str:
    """What the assembler solders: everything fitted that is not through-hole."""
    rows = [
        (line.part.value, ",".join(line.designators), _footprint(line), _lcsc(line), line.part.first.mpn)
        for line in found
        if line.is_fitted and not line.part.is_hand_soldered
    ]
    return _table(("Comment", "Designator", "Footprint", "LCSC", "MPN"), rows)


def hand_csv(found: Iterable[Line]) -> str:
    """What is soldered by hand after assembly."""
    rows = [
        (line.part.value, ",".join(line.designators), line.quantity, _footprint(line), *_sources(line), line.part.note)
        for line in found
        if line.is_fitted and line.part.is_hand_soldered
    ]
    return _table(("Comment", "Designator", "Quantity", "Footprint", "First source", "Second source", "Note"), rows)


def _sources(line: Line) -> tuple[str, str]:
    first, second = line.part.first, line.part.second
    return f"{first.manufacturer} {first.mpn}", f"{second.manufacturer} {second.mpn}" if second else ""


def full_csv(found: Iterable[Line]) -> str:
    """Every line with all that is known of it; then what is on no schematic."""
    head = "Quantity,Designator,Value,First source,Second source,LCSC,Tolerance,Rating,Footprint,Fitted,By hand,Note"
    rows: list[tuple[object, ...]] = [
        (
            line.quantity,
            ",".join(line.designators),
            line.part.value,
            *_sources(line),
            line.part.lcsc,
            line.part.tolerance,
            line.part.rating,
            line.part.footprint,
            "yes" if line.is_fitted else "no",
            "yes" if line.part.is_hand_soldered else "no",
            line.part.note,
        )
        for line in found
    ]
    blank = ("",) * 8
    rows += [(extra.quantity, "", extra.name, *blank, "with the panel", extra.note) for extra in EXTRAS]
    return _table(head.split(","), rows)


def _to_buy(found: Iterable[Line], units: int) -> Iterable[tuple[Line, int]]:
    """Fitted lines of the two shops and how many to buy: small parts with a tenth to spare."""
    for line in found:
        if line.is_fitted and line.part.key not in ELSEWHERE:
            spare = 0 if line.part.is_hand_soldered else max(1, line.quantity * units // 10)
            yield line, line.quantity * units + spare


def mouser_csv(found: Iterable[Line], units: int = 1) -> str:
    """A cart that Mouser's BOM import takes: maker's numbers, no shop's own."""
    rows = [(line.part.first.mpn, count, line.part.key) for line, count in _to_buy(found, units)]
    return _table(("Mfr Part Number", "Quantity", "Customer Part Number"), rows)


def digikey_csv(found: Iterable[Line], units: int = 1) -> str:
    """A cart that DigiKey's list upload takes; maker's names tell equal numbers apart."""
    rows = [
        (line.part.first.mpn, line.part.first.manufacturer, count, line.part.key)
        for line, count in _to_buy(found, units)
    ]
    return _table(("Manufacturer Part Number", "Manufacturer Name", "Quantity", "Customer Reference"), rows)


def elsewhere_csv(found: Iterable[Line], units: int = 1) -> str:
    """What neither shop has, and what is on no schematic."""
    rows: list[tuple[object, ...]] = [
        (*_sources(line)[:1], line.quantity * units, ELSEWHERE[line.part.key], line.part.note)
        for line in found
        if line.is_fitted and line.part.key in ELSEWHERE
    ]
    rows += [(extra.name, extra.quantity * units, "any shop", extra.note) for extra in EXTRAS]
    return _table(("Part", "Quantity", "Where", "Note"), rows)


FILES: dict[str, Callable[[list[Line]], str]] = {
    "bom.csv": full_csv,
    "bom-assembler.csv": assembler_csv,
    "bom-by-hand.csv": hand_csv,
    "cart-mouser.csv": mouser_csv,
    "cart-digikey.csv": digikey_csv,
    "cart-elsewhere.csv": elsewhere_csv,
}
"""File → what writes it."""


def write(parts: Iterable[Part], folder: Path) -> list[Path]:
    """All files into a folder."""
    found = lines(parts)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text(found), encoding="utf-8")
    return [folder / name for name in FILES]


def designators(found: Iterable[Line], *, by_hand: bool) -> set[str]:
    """Those that a placement file must name (by_hand False), or that people solder."""
    return {
        name for line in found if line.is_fitted and line.part.is_hand_soldered == by_hand for name in line.designators
    }
