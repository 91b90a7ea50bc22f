# SPDX-License-Identifier: MIT
"""Everything in hardware/kicad from the scripts: schematic, board, panels, their projects, and the panel's picture."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .blocks import BLOCKS, ROOT
from .panel.art import art
from .panel.board import FOLDER as PANEL_FOLDER
from .panel.board import write as write_panels
from .panel.picture import PICTURE, svg
from .pcb.copper import Copper, load
from .pcb.fiducials import with_fiducials
from .pcb.job import board_job, project_text, run
from .pcb.netlist import export
from .pcb.place import place
from .pcb.rules import custom_rules
from .schematic.project import KICAD, LIBRARY, PROJECT, Project, draw, project_file, write_all

BOARD_FILE = f"{PROJECT}.kicad_pcb"
PANEL_NAME = PANEL_FOLDER.name


def write_project(project: Project, folder: Path) -> None:
    """The project file, with the schematic's sheets and the board's rules, and the rules that it has no place for."""
    base = project_file(project)
    text = project_text(json.loads(base)["sheets"], base)
    (folder / f"{PROJECT}.kicad_pro").write_text(text, encoding="utf-8")
    (folder / f"{PROJECT}.kicad_dru").write_text(custom_rules(), encoding="utf-8")


def write_board(folder: Path, copper: Copper) -> Path:
    """The board beside a written schematic. Raises RuntimeError where KiCad's Python fails."""
    netlist = with_fiducials(export(folder / f"{PROJECT}.kicad_sch"))
    placed, _ = place(netlist.components)
    run(board_job(netlist, placed, copper), folder / BOARD_FILE)
    return folder / BOARD_FILE


def build(folder: Path = KICAD, picture: Path = PICTURE) -> list[Path]:
    """Write everything; the same bytes every time. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder != KICAD:
        shutil.copyfile(LIBRARY, folder / LIBRARY.name)
    project = draw(ROOT, BLOCKS)
    write_all(project, folder)
    write_project(project, folder)
    write_board(folder, load())
    write_panels(folder / PANEL_NAME)
    picture.write_text(svg(art()), encoding="utf-8")
    return sorted(path for path in folder.rglob("*") if path.is_file())
