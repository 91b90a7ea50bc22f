# SPDX-License-Identifier: MIT
"""Everything that a maker uploads or prints, from the committed files: gerbers, drills, placement, lists, drawings."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from .bom import designators, lines
from .bom import write as write_bom
from .build import BOARD_FILE
from .gerbers import compare, read
from .panel.board import FOLDER as PANEL_FOLDER
from .panel.board import VARIANTS
from .pcb import rules
from .pcb.assembly import drawing
from .pcb.job import KICAD_PYTHON
from .schematic.project import KICAD, PROJECT, REVISION
from .sheetfile import load_project

BOARD_LAYERS = (*rules.LAYERS, "F.Mask", "B.Mask", "F.Paste", "B.Paste", "F.Silkscreen", "B.Silkscreen", "Edge.Cuts")
PANEL_LAYERS = {
    "fr4": ("F.Cu", "B.Cu", "F.Mask", "B.Mask", "F.Silkscreen", "B.Silkscreen", "Edge.Cuts"),
    "aluminium": ("F.Cu", "F.Mask", "F.Silkscreen", "Edge.Cuts"),
}
ZIP_DATE = (2026, 11, 23, 0, 0, 0)
"""In archives, so that the same board gives the same file."""
PLACEMENT_HEAD = ("Designator", "Mid X", "Mid Y", "Layer", "Rotation")
STAMPS = ("TF.CreationDate", "; DRILL file {KiCad", "; #@! TF.CreationDate", '"CreationDate"')


def kicad(*words: str | Path) -> None:
    """kicad-cli. Raises RuntimeError with its words."""
    done = subprocess.run(["kicad-cli", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"kicad-cli {' '.join(map(str, words))}: {done.stderr.strip() or done.stdout.strip()}")


def plot(board: Path, layers: Iterable[str], folder: Path) -> None:
    """Gerbers and drill files of a board into a folder, without the time of day."""
    folder.mkdir(parents=True, exist_ok=True)
    common = ["--subtract-soldermask", "--use-drill-file-origin", "--no-protel-ext"]
    kicad("pcb", "export", "gerbers", *common, "--layers", ",".join(layers), "-o", f"{folder}/", board)
    drill = ["--excellon-separate-th", "--excellon-oval-format", "route", "--drill-origin", "plot"]
    kicad("pcb", "export", "drill", *drill, "-o", f"{folder}/", board)
    for path in folder.iterdir():
        kept = [line for line in path.read_text("utf-8").splitlines() if not any(stamp in line for stamp in STAMPS)]
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")


def pack(folder: Path, target: Path) -> Path:
    """A folder's files as a zip; the same bytes for the same files."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name, ZIP_DATE), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return target


def archive(board: Path, layers: Sequence[str], target: Path) -> Path:
    """A board house's zip, opened again by another reader. Raises RuntimeError where that disagrees with the board."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "gerbers"
        plot(board, layers, folder)
        complaints = compare(read(folder), board, layers)
        if complaints:
            raise RuntimeError(f"{target.name}: {'; '.join(complaints)}")
        return pack(folder, target)


def placement(positions: str, wanted: set[str]) -> str:
    """Pick-and-place as assemblers read it, in mm, from KiCad's: exactly the designators of the assembler's list.

    Raises ValueError for a designator that KiCad gave no place.
    """
    rows = {row["Ref"]: row for row in csv.DictReader(io.StringIO(positions))}
    missing = sorted(wanted - rows.keys())
    if missing:
        raise ValueError(f"no place for {', '.join(missing)}")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(PLACEMENT_HEAD)
    for name in sorted(wanted):
        row = rows[name]
        place = [f"{float(row[key]):.3f}" for key in ("PosX", "PosY")]
        table.writerow([name, *place, row["Side"].capitalize(), f"{float(row['Rot']) % 360:g}"])
    return text.getvalue()


def _lists(out: Path) -> list[Path]:
    parts = [part for sheet in load_project(KICAD / f"{PROJECT}.kicad_sch") for part in sheet.parts]
    written = write_bom(parts, out)
    with tempfile.TemporaryDirectory() as name:
        raw = Path(name) / "positions.csv"
        options = ["--use-drill-file-origin", "--format", "csv", "--units", "mm", "--side", "both"]
        kicad("pcb", "export", "pos", *options, "-o", raw, KICAD / BOARD_FILE)
        target = out / "placement.csv"
        wanted = designators(lines(parts), by_hand=False)
        target.write_text(placement(raw.read_text("utf-8"), wanted), encoding="utf-8")
    return [*written, target]


def _drawings(out: Path) -> list[Path]:
    schematic, board = KICAD / f"{PROJECT}.kicad_sch", KICAD / BOARD_FILE
    names = ["schematic.pdf", "assembly-front.pdf", "assembly-back.pdf"]
    kicad("sch", "export", "pdf", "-o", out / names[0], schematic)
    common = ["--sp", "--exclude-value", "--drill-shape-opt", "0", "--black-and-white", "--mode-single"]
    front = ["--layers", "F.Fab,Edge.Cuts", *common]
    back = ["--layers", "B.Fab,Edge.Cuts", "--mirror", *common]
    with tempfile.TemporaryDirectory() as name:
        shown = Path(name) / BOARD_FILE
        shown.write_text(drawing(board.read_text("utf-8")), encoding="utf-8")
        kicad("pcb", "export", "pdf", *front, "-o", out / names[1], shown)
        kicad("pcb", "export", "pdf", *back, "-o", out / names[2], shown)
    return [out / name for name in names]


def _renders(out: Path) -> list[Path]:
    panel = PANEL_FOLDER / f"{VARIANTS['fr4']}.kicad_pcb"
    views = (("board-front", "top", KICAD / BOARD_FILE), ("board-back", "bottom", KICAD / BOARD_FILE))
    written = []
    for name, side, board in (*views, ("panel-front", "top", panel)):
        size = ["-w", "1000", "--height", "1600", "--background", "opaque", "--zoom", "0.9"]
        kicad("pcb", "render", "--side", side, *size, "-o", out / f"{name}.png", board)
        written.append(out / f"{name}.png")
    return written


def _interactive(out: Path) -> Path:
    """InteractiveHtmlBom runs in KiCad's own Python."""
    tool = KICAD_PYTHON.parent / "generate_interactive_bom"
    with tempfile.TemporaryDirectory() as name:
        # It writes a settings file beside the board.
        for path in (KICAD / BOARD_FILE, KICAD / f"{PROJECT}.kicad_pro"):
            shutil.copy(path, name)
        options = ["--no-browser", "--dest-dir", str(out.resolve()), "--name-format", "interactive-bom"]
        environment = {**os.environ, "INTERACTIVE_HTML_BOM_NO_DISPLAY": "1"}
        command = [str(tool), *options, "--extra-data-file", f"{name}/{BOARD_FILE}", "--include-tracks"]
        command += ["--extra-fields", "MPN,Manufacturer,Tolerance,Rating", f"{name}/{BOARD_FILE}"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    target = out / "interactive-bom.html"
    if not target.exists():
        raise RuntimeError(f"the interactive BOM failed: {done.stderr.strip() or done.stdout.strip()}")
    return target


def fabricate(out: Path) -> list[Path]:
    """All of it into a folder that is emptied first. Raises RuntimeError where a tool fails or a reader disagrees."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    board = archive(KICAD / BOARD_FILE, BOARD_LAYERS, out / f"{PROJECT}-board-{REVISION}.zip")
    panels = [
        archive(PANEL_FOLDER / f"{name}.kicad_pcb", PANEL_LAYERS[material], out / f"{name}-{REVISION}.zip")
        for material, name in VARIANTS.items()
    ]
    return [board, *panels, *_lists(out), *_drawings(out), *_renders(out), _interactive(out)]
