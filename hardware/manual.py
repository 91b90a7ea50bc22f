# SPDX-License-Identifier: MIT
"""Tables of the manual that are made from code: `python -m lottava.hardware manual` writes them where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from . import board_house, currents, readings
from .bom import lines
from .cost import Line, cost_table
from .depth import table as depth_table
from .sheetfile import Part

DOCS = Path(__file__).resolve().parents[1] / "docs"
Table = Callable[[list[Part]], str]


def doubts(parts: Iterable[Part]) -> str:
    """What is ordered though something about it is not confirmed."""
    head = "| designators | part | not confirmed |\n|---|---|---|\n"
    found = [line for line in lines(parts) if line.part.unverified]
    return head + "\n".join(
        f"| {_span(line)} | {line.part.first.manufacturer} {line.part.first.mpn} | {line.part.unverified} |"
        for line in found
    )


def singles(parts: Iterable[Part]) -> str:
    """Lines that one maker alone supplies, with what to do then."""
    head = "| designators | part | instead |\n|---|---|---|\n"
    rows = []
    for line in lines(parts):
        first, second = line.part.first, line.part.second
        if second is None or second.manufacturer == first.manufacturer:
            instead = line.part.single or f"{second.mpn if second else ''} of the same maker: {line.part.note}"
            rows.append(f"| {_span(line)} | {first.manufacturer} {first.mpn} | {instead} |")
    return head + "\n".join(rows)


def _span(line: Line) -> str:
    """Designators, many shortened to the first and the last."""
    names = line.designators
    return ", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]} ({len(names)})"


TABLES: Mapping[str, tuple[Table, ...]] = {
    "build.md": (readings.table,),
    "order.md": (lambda parts: board_house.table(), lambda parts: cost_table(lines(parts)), doubts, singles),
    "hardware.md": (lambda parts: currents.table(), lambda parts: depth_table()),
}
"""File of docs/ → its tables."""
SIMULATED = "hardware.md"
"""Where the table of simulated figures stands, which needs KiCad and a simulator to be made."""


def with_table(text: str, table: str) -> str:
    """The text with the table that has this one's head replaced by it. Raises ValueError where no table has it."""
    head = table.splitlines()[0]
    pattern = re.compile(rf"^{re.escape(head)}\n(\|.*\n?)*", flags=re.M)
    if not pattern.search(text):
        raise ValueError(f"no table begins with {head!r}")
    return pattern.sub(lambda _: table + "\n", text, count=1)


def rewritten(name: str, parts: Iterable[Part]) -> str:
    """A file of docs/ with its tables anew. Raises ValueError that names a table which it lacks."""
    text = (DOCS / name).read_text(encoding="utf-8")
    drawn = list(parts)
    for table in TABLES[name]:
        text = with_table(text, table(drawn))
    return text
