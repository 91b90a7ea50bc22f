# SPDX-License-Identifier: MIT
"""The verbs that need the schematic alone: spice, lint, retune, bom, manual."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .schematic.project import KICAD

SCHEMATIC = KICAD / "lottava.kicad_sch"
FAB = Path(__file__).resolve().parents[1] / "build" / "fab"


def _spice(_: argparse.Namespace) -> int:
    from .spice.check import check_schematic
    from .spice.rows import table

    rows = check_schematic(SCHEMATIC)
    print(table(rows))
    failed = sum(not row.passes for row in rows)
    print(f"{len(rows)} figures, {failed} outside their limits")
    return 1 if failed else 0


def _lint(_: argparse.Namespace) -> int:
    from .lint import lint
    from .sheetfile import load_project

    found = lint(load_project(SCHEMATIC))
    print("\n".join([*found, f"{len(found)} findings"]))
    return 1 if found else 0


def _retune(_: argparse.Namespace) -> int:
    from .lint import fit_parts, stage_keys
    from .sheetfile import load_project

    for sheet in fit_parts(load_project(SCHEMATIC), stage_keys()):
        before = sheet.path.read_text(encoding="utf-8")
        sheet.save()
        print(f"{sheet.path.name}: {'as it was' if sheet.text() == before else 'changed'}")
    return 0


def _bom(arguments: argparse.Namespace) -> int:
    from .bom import write
    from .sheetfile import load_project

    parts = [part for sheet in load_project(SCHEMATIC) for part in sheet.parts]
    for path in write(parts, arguments.out):
        print(path)
    return 0


def _manual(_: argparse.Namespace) -> int:
    from .manual import DOCS, SIMULATED, TABLES, rewritten, with_table
    from .sheetfile import load_project
    from .spice import summary
    from .spice.check import check_schematic

    parts = [part for sheet in load_project(SCHEMATIC) for part in sheet.parts]
    simulated = summary.table(check_schematic(SCHEMATIC))
    for name in TABLES:
        text = rewritten(name, parts)
        text = with_table(text, simulated) if name == SIMULATED else text
        (DOCS / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}")
    return 0


def add_verbs(verbs: Any) -> None:
    """Add them to an argument parser's verbs."""
    spice = verbs.add_parser("spice", help="every simulated figure of the schematic with its limits")
    spice.set_defaults(run=_spice)
    lint = verbs.add_parser("lint", help="what the schematic lacks for ordering, and pins that are not the board's")
    lint.set_defaults(run=_lint)
    retune = verbs.add_parser("retune", help="bring the CV stages' resistors in the sheets to the board's values")
    retune.set_defaults(run=_retune)
    manual = verbs.add_parser("manual", help="the tables of docs/ that are made from code")
    manual.set_defaults(run=_manual)
    bom = verbs.add_parser("bom", help="bill of materials, assembler's table, carts")
    bom.add_argument("--out", type=Path, default=FAB)
    bom.set_defaults(run=_bom)
