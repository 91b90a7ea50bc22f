# SPDX-License-Identifier: MIT
"""The KiCad project: root sheet with a box for every block, the sheets, project file and library tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .drawing import Sheet
from .emit import Place, identifier, sheet_text, sub_sheet_identifier
from .library import NICKNAME, Symbol, read_library
from .sexpr import Atom, List, make, write

PROJECT = "lottava"
KICAD = Path(__file__).resolve().parents[1] / "kicad"
LIBRARY = KICAD / f"{NICKNAME}.kicad_sym"
DATE = "2026-11-23"
REVISION = "A"
COMPANY = "lottava, CERN-OHL-P-2.0"
COMMENTS = ("No board of this revision has been fabricated yet",)
BOARD_ONLY = frozenset({"Fiducial"})
"""Libraries of footprints that the board has and the schematic doesn't."""

Draw = Callable[[Mapping[str, Symbol]], Sheet]


@dataclass(frozen=True)
class Project:
    """Root sheet and the others, in the order of their pages."""

    root: Sheet
    sheets: tuple[Sheet, ...]

    @property
    def all(self) -> tuple[Sheet, ...]:
        """Root first."""
        return (self.root, *self.sheets)


def draw(draw_root: Draw, draw_blocks: Sequence[Draw]) -> Project:
    """Every sheet, drawn with the project's own symbols."""
    symbols = read_library(LIBRARY)
    return Project(draw_root(symbols), tuple(one(symbols) for one in draw_blocks))


def _place(project: Project, index: int) -> Place:
    path = "/" + identifier(project.root.name)
    if index:
        path += "/" + sub_sheet_identifier(f"{project.all[index].name}.kicad_sch")
    return Place(PROJECT, index + 1, path, DATE, REVISION, COMPANY, COMMENTS)


def _table(kind: str, libraries: Mapping[str, str]) -> str:
    rows: List = []
    for name, uri in libraries.items():
        row = [make("name", name), make("type", "KiCad"), make("uri", uri), make("options", ""), make("descr", "")]
        rows.append(make("lib", *row))
    return write([Atom(kind), make("version", 7), *rows])


def _footprint_libraries(project: Project) -> dict[str, str]:
    """The stock libraries that footprints come from, and the project's own."""
    names = {
        field.text.split(":")[0]
        for sheet in project.all
        for placed in sheet.placed
        for field in placed.fields
        if field.name == "Footprint" and ":" in field.text
    }
    stock = {name: "${KICAD9_FOOTPRINT_DIR}/" + name + ".pretty" for name in sorted((names | BOARD_ONLY) - {NICKNAME})}
    return {**stock, NICKNAME: "${KIPRJMOD}/" + NICKNAME + ".pretty"} if NICKNAME in names else stock


def files(project: Project) -> dict[str, str]:
    """Name → text of every file of the schematic in hardware/kicad."""
    result = {f"{sheet.name}.kicad_sch": sheet_text(sheet, _place(project, i)) for i, sheet in enumerate(project.all)}
    result["sym-lib-table"] = _table("sym_lib_table", {NICKNAME: "${KIPRJMOD}/" + LIBRARY.name})
    result["fp-lib-table"] = _table("fp_lib_table", _footprint_libraries(project))
    return result


def project_file(project: Project) -> str:
    """lottava.kicad_pro with the sheets' names; boards add their rules to it."""
    sheets = [[identifier(project.root.name), "Root"]]
    sheets += [[sub_sheet_identifier(sub.file), sub.name] for sub in project.root.sub_sheets]
    content = {
        "board": {},
        "erc": {"erc_exclusions": [], "meta": {"version": 0}},
        "libraries": {"pinned_footprint_libs": [], "pinned_symbol_libs": []},
        "meta": {"filename": f"{PROJECT}.kicad_pro", "version": 3},
        "schematic": {"legacy_lib_dir": "", "legacy_lib_list": []},
        "sheets": sheets,
        "text_variables": {},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write_all(project: Project, folder: Path = KICAD) -> list[Path]:
    """Write the schematic's files and, where there is none yet, the project file."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = files(project)
    if not (folder / f"{PROJECT}.kicad_pro").exists():
        texts[f"{PROJECT}.kicad_pro"] = project_file(project)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]
