# SPDX-License-Identifier: MIT
"""The panel as KiCad boards: FR4 with two sides, and aluminium with one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lottava.board import BOARD

from ..pcb import job as jobs
from ..pcb import rules
from ..schematic.project import REVISION
from .art import Art, Field, Hole, Polygon, Text, art

FOLDER = Path(__file__).resolve().parents[1] / "kicad" / "panel"
LIBRARY = "lottava-panel"
VARIANTS = {"fr4": "lottava-panel", "aluminium": "lottava-panel-aluminium"}
"""Stack-up and file of each material."""
CORNER_RADIUS_MM = 0.8
COPPER_MARGIN_MM = 0.15
"""Copper reaches this far under the mask around bare metal."""
HOLE_GAP_MM = 0.6
BACK_TEXTS = (
    f"{BOARD.name} panel, revision {REVISION}",
    "CERN-OHL-P-2.0, panel art CC-BY-4.0",
    "no panel of this revision has been made yet",
)

Item = dict[str, Any]


def hole_name(hole: Hole) -> str:
    """Name of the footprint that is nothing but this hole."""
    return f"Hole_{hole.width:g}mm" if hole.width == hole.height else f"Slot_{hole.width:g}x{hole.height:g}mm"


def hole_text(hole: Hole) -> str:
    """That footprint."""
    name, is_slot = hole_name(hole), hole.width != hole.height
    shape, drill = ("oval", f"oval {hole.width:g} {hole.height:g}") if is_slot else ("circle", f"{hole.width:g}")
    lines = [
        f'(footprint "{name}"',
        "\t(version 20241229)",
        f'\t(generator "{LIBRARY}")',
        '\t(layer "F.Cu")',
        "\t(attr exclude_from_pos_files exclude_from_bom allow_missing_courtyard)",
        f'\t(pad "" np_thru_hole {shape}',
        "\t\t(at 0 0)",
        f"\t\t(size {hole.width:g} {hole.height:g})",
        f"\t\t(drill {drill})",
        '\t\t(layers "*.Cu" "*.Mask")',
        "\t)",
        ")",
    ]
    return "\n".join(lines) + "\n"


def _footprints(panel: Art) -> Iterator[Item]:
    for number, hole in enumerate(panel.holes, start=1):
        yield {
            "reference": f"H{number}",
            "value": hole.over,
            "folder": str(FOLDER / f"{LIBRARY}.pretty"),
            "library": LIBRARY,
            "name": hole_name(hole),
            "path": "",
            "fields": {},
            "pins": {},
            "flags": ["board_only"],
            "x": hole.x,
            "y": hole.y,
            "turn": 0,
            "is_back": False,
        }


def _layers(is_metal: bool) -> tuple[str, ...]:
    return ("F.Cu", "F.Mask") if is_metal else ("F.Silkscreen",)


def _text(text: Text, layer: str) -> Item:
    return {"text": text.text, "x": text.x, "y": text.y, "size": text.size, "stroke": text.stroke, "layer": layer}


def _rounded(field: Field, margin: float) -> list[tuple[float, float]]:
    left, top, right, bottom = field.left - margin, field.top - margin, field.right + margin, field.bottom + margin
    cut = 0.6
    return [
        (left + cut, top),
        (right - cut, top),
        (right, top + cut),
        (right, bottom - cut),
        (right - cut, bottom),
        (left + cut, bottom),
        (left, bottom - cut),
        (left, top + cut),
    ]


def _cutouts(panel: Art) -> Iterator[Item]:
    for field in panel.fields:
        hole = next(one for one in panel.holes if (one.x, one.y) == field.hole)
        disc = (hole.x, hole.y, hole.width / 2 + HOLE_GAP_MM)
        yield {"layer": "F.Cu", "points": _rounded(field, COPPER_MARGIN_MM), "discs": [disc], "texts": []}
        disc = (hole.x, hole.y, hole.width / 2 + HOLE_GAP_MM + COPPER_MARGIN_MM)
        name = _text(field.name, "F.Mask")
        yield {"layer": "F.Mask", "points": _rounded(field, 0.0), "discs": [disc], "texts": [name]}


def _polygon(polygon: Polygon, layer: str) -> Item:
    return {"kind": "polygon", "layer": layer, "width": 0.0, "points": polygon.points, "is_filled": True}


def panel_job(material: str, panel: Art | None = None) -> Item:
    """The panel in a material ("fr4" or "aluminium"); aluminium has nothing on its back."""
    panel = panel or art()
    shapes = jobs.outline((0.0, 0.0, panel.width, panel.height), CORNER_RADIUS_MM)
    for line in panel.lines:
        for layer in _layers(line.is_metal):
            shapes.append({"kind": "line", "layer": layer, "width": line.width, "points": line.points})
    for polygon in panel.polygons:
        shapes += [_polygon(polygon, layer) for layer in _layers(polygon.is_metal)]
    texts = [_text(text, layer) for text in panel.texts for layer in _layers(text.is_metal)]
    if material == "fr4":
        for number, words in enumerate(BACK_TEXTS):
            row = 118.0 + 2.4 * number
            texts.append(_text(Text(words, panel.width / 2, row, 1.2, 0.18), "B.Silkscreen"))
    return {
        **jobs.title(f"{BOARD.name}: panel, {BOARD.width_hp} HP, {material}"),
        "stackup": material,
        "drill_origin": (0.0, panel.height),
        "copper_layers": 2,
        "nets": [],
        "footprints": list(_footprints(panel)),
        "shapes": shapes,
        "cutouts": list(_cutouts(panel)),
        "texts": texts,
    }


def library_files(panel: Art) -> dict[str, str]:
    """Path in the panel's folder → text: the holes' footprints and the table that names them."""
    files = {f"{LIBRARY}.pretty/{hole_name(hole)}.kicad_mod": hole_text(hole) for hole in panel.holes}
    row = f'(lib (name "{LIBRARY}")(type "KiCad")(uri "${{KIPRJMOD}}/{LIBRARY}.pretty")(options "")(descr ""))'
    files["fp-lib-table"] = f"(fp_lib_table\n\t(version 7)\n\t{row}\n)\n"
    return files


def write(folder: Path = FOLDER) -> list[Path]:
    """Both panels with their projects. Raises RuntimeError where KiCad's Python fails."""
    panel = art()
    for name, text in library_files(panel).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    written = []
    for material, name in VARIANTS.items():
        jobs.run(panel_job(material, panel), folder / f"{name}.kicad_pcb")
        project = {"meta": {"filename": f"{name}.kicad_pro", "version": 3}, **rules.project_settings()}
        (folder / f"{name}.kicad_pro").write_text(json.dumps(project, indent=2) + "\n", encoding="utf-8")
        written.append(folder / f"{name}.kicad_pcb")
    return written
