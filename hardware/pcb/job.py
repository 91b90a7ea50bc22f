# SPDX-License-Identifier: MIT
"""The board as a job for kicad_board.py, and the run of it by KiCad's own Python."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lottava.board import BOARD

from ..schematic.project import COMMENTS, COMPANY, DATE, REVISION
from . import rules, stackup
from .copper import Copper
from .footprints import OWN, OWN_LIBRARY, STOCK, Box
from .geometry import Spot
from .netlist import Component, Netlist
from .panel_parts import BOARD_EDGE_MM
from .silkscreen import Label, labels, legends

SHEET_ORIGIN_MM = (100.0, 30.0)
CORNER_RADIUS_MM = 1.5
ZONE_INSET_MM = 0.5
SEED = 42
ROOT = Path(__file__).resolve().parents[2]
KICAD_PYTHON = ROOT / ".venv-kicad" / "bin" / "python"
WRITER = Path(__file__).resolve().parent / "kicad_board.py"
PEGGED = "Connector_USB:USB_C_Receptacle_GCT_USB4115-03-C"
FLAGS = ("exclude_from_bom", "exclude_from_pos_files", "dnp", "board_only")

Item = dict[str, Any]


def footprint(part: Component, spot: Spot, label: Label | None = None) -> Item:
    """A part of the schematic in its place."""
    library, _, name = part.footprint.partition(":")
    folder = OWN if library == OWN_LIBRARY else STOCK / f"{library}.pretty"
    return {
        "reference": part.reference,
        "value": part.value,
        "folder": str(folder),
        "library": library,
        "name": name,
        "path": part.path,
        "sheet_name": f"/{part.sheet_name}/",
        "sheet_file": part.sheet_file,
        "fields": dict(part.fields),
        "pins": dict(part.pins),
        "flags": [flag for flag in FLAGS if flag in part.properties],
        "x": spot.x,
        "y": spot.y,
        "turn": spot.turn,
        "is_back": spot.is_back,
        "label": vars(label) if label else None,
    }


def outline(box: Box, radius: float) -> list[Item]:
    """A rectangle with round corners on the board's edge."""
    left, top, right, bottom = box
    near, r = radius * (1 - 0.5**0.5), radius
    lines = (
        ((left + r, top), (right - r, top)),
        ((right, top + r), (right, bottom - r)),
        ((right - r, bottom), (left + r, bottom)),
        ((left, bottom - r), (left, top + r)),
    )
    arcs = (
        ((left, top + r), (left + near, top + near), (left + r, top)),
        ((right - r, top), (right - near, top + near), (right, top + r)),
        ((right, bottom - r), (right - near, bottom - near), (right - r, bottom)),
        ((left + r, bottom), (left + near, bottom - near), (left, bottom - r)),
    )
    style = {"layer": "Edge.Cuts", "width": 0.1}
    return [{"kind": "line", "points": line, **style} for line in lines] + [
        {"kind": "arc", "points": arc, **style} for arc in arcs
    ]


def zone(name: str, net: str, layer: str, box: Box, priority: int = 0) -> Item:
    """A rectangular pour."""
    left, top, right, bottom = box
    return {
        "name": name,
        "net": net,
        "layer": layer,
        "priority": priority,
        "min_thickness": 0.2,
        "clearance": 0.2,
        "thermal_gap": 0.25,
        "thermal_spoke": 0.3,
        "points": [(left, top), (right, top), (right, bottom), (left, bottom)],
    }


def _zones() -> list[Item]:
    left, top, right, bottom = BOARD_EDGE_MM
    inset = (left + ZONE_INSET_MM, top + ZONE_INSET_MM, right - ZONE_INSET_MM, bottom - ZONE_INSET_MM)
    grounds = [zone(f"GND {layer}", rules.GROUND, layer, inset) for layer in ("F.Cu", rules.GROUND_LAYER, "B.Cu")]
    return [*grounds, zone("3V3A", rules.POWER_PLANE, rules.POWER_LAYER, inset)]


def title(what: str) -> Item:
    """What every board file says of itself."""
    return {
        "seed": SEED,
        "origin": SHEET_ORIGIN_MM,
        "title": what,
        "revision": REVISION,
        "date": DATE,
        "company": COMPANY,
        "comment": COMMENTS[0],
        "thickness": rules.THICKNESS_MM,
    }


def board_job(netlist: Netlist, placed: Mapping[str, Spot], copper: Copper | None) -> Item:
    """The main board: parts where the placement puts them, with copper where there is some."""
    names = labels(netlist.components, placed)
    order = sorted(netlist.components)
    shapes, texts = legends(netlist.components, placed)
    return {
        **title(f"{BOARD.name}: {BOARD.width_hp} HP module around a Daisy Seed"),
        "drill_origin": (BOARD_EDGE_MM[0], BOARD_EDGE_MM[3]),
        "copper_layers": len(rules.LAYERS),
        "stackup": "board",
        "layer_types": {rules.GROUND_LAYER: "power", rules.POWER_LAYER: "power"},
        "nets": list(netlist.nets),
        "footprints": [footprint(netlist.components[ref], placed[ref], names.get(ref)) for ref in order],
        "shapes": [*outline(BOARD_EDGE_MM, CORNER_RADIUS_MM), *shapes],
        "texts": texts,
        "tracks": copper.track_items() if copper else [],
        "vias": copper.via_items() if copper else [],
        "zones": _zones() if copper else [],
    }


def _outer_layers(text: str) -> str:
    """USB's pegs on the layers of the library: on four layers KiCad writes more, and then finds them odd."""
    start = text.find(f'(footprint "{PEGGED}"')
    if start < 0:
        return text
    head, part, rest = text[:start], *text[start:].partition("\n\t(footprint ")[::2]
    pegs = re.compile(r'(np_thru_hole(?:(?!\n\t\t\)).)*?\(layers )"\*\.Cu"', re.S)
    return head + pegs.sub(r'\1"F&B.Cu"', part) + ("\n\t(footprint " + rest if rest else "")


def run(job: Item, target: Path) -> None:
    """Write a board. Raises RuntimeError with what KiCad's Python said."""
    if not KICAD_PYTHON.exists():
        raise RuntimeError("KiCad's Python is not set up; run scripts/setup.sh kicad")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "job.json"
        source.write_text(json.dumps(job), encoding="utf-8")
        done = subprocess.run(
            [str(KICAD_PYTHON), str(WRITER), str(source), str(target)], capture_output=True, text=True, check=False
        )
    if done.returncode or not target.exists():
        raise RuntimeError(f"writing {target.name} failed: {done.stderr.strip() or done.stdout.strip()}")
    text = _outer_layers(target.read_text("utf-8"))
    target.write_text(text.replace("\t(setup\n", "\t(setup\n" + stackup.text(job["stackup"]), 1), encoding="utf-8")


def project_text(sheets: Iterable[Iterable[str]], base: str) -> str:
    """The project file with the board's rules in it."""
    content = json.loads(base) | rules.project_settings()
    content["sheets"] = [list(sheet) for sheet in sheets]
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
