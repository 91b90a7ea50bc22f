# SPDX-License-Identifier: MIT
"""Tables of the manual that are made from code: `python -m lottava.hardware manual` writes them where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from . import currents, readings
from .bom import lines
from .cost import cost_table
from .sheetfile import Part

DOCS = Path(__file__).resolve().parents[1] / "docs"
Table = Callable[[list[Part]], str]

TABLES: Mapping[str, tuple[Table, ...]] = {
    "build.md": (readings.table,),
    "order.md": (lambda parts: cost_table(lines(parts)),),
    "hardware.md": (lambda parts: currents.table(),),
}
"""File of docs/ → its tables."""


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
