# SPDX-License-Identifier: MIT
"""Checks of the committed hardware: each returns sentences about what is wrong, none when all is well."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lottava.board import BOARD

from .build import BOARD_FILE, build
from .lint import lint
from .panel.art import Hole, art
from .panel.board import FOLDER as PANEL_FOLDER
from .panel.board import VARIANTS
from .panel.picture import PICTURE
from .pcb.bodies import leads_under_bodies
from .pcb.by_hand import pair_complaints
from .pcb.copper import load
from .pcb.netlist import export
from .pcb.panel_parts import shaft
from .schematic.project import KICAD, PROJECT
from .schematic.sexpr import List, children, parse, text_of
from .sheetfile import load_project
from .spice import check as spice

SHAFT_TOLERANCE_MM = 0.05
PREFIXES = {"jack": "J", "pot": "RV", "led": "D", "button": "SW", "usb": "J"}


def _report(command: list[str], suffix: str = ".json") -> dict[str, Any]:
    """What kicad-cli reports in JSON. Raises RuntimeError with its words where there is no report."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"report{suffix}"
        options = ["--format", "json", "--severity-all", "-o", str(target)]
        done = subprocess.run(["kicad-cli", *command[:2], *options, *command[2:]], capture_output=True, text=True)
        if not target.exists():
            raise RuntimeError(f"kicad-cli {' '.join(command)} wrote no report: {done.stderr.strip()}")
        found: dict[str, Any] = json.loads(target.read_text("utf-8"))
        return found


def _sentence(violation: Mapping[str, Any]) -> str:
    items = "; ".join(item["description"] for item in violation["items"])
    return f"{violation['type']}: {violation['description']} ({items})"


def electrical_rules(schematic: Path = KICAD / f"{PROJECT}.kicad_sch") -> list[str]:
    """KiCad's electrical check, warnings included."""
    report = _report(["sch", "erc", str(schematic)])
    return [_sentence(one) for sheet in report["sheets"] for one in sheet["violations"]]


def design_rules(board: Path = KICAD / BOARD_FILE) -> list[str]:
    """KiCad's design rules, warnings included; unconnected items; parity with the schematic beside it."""
    with_schematic = ["--schematic-parity"] if board.with_suffix(".kicad_sch").exists() else []
    report = _report(["pcb", "drc", *with_schematic, str(board)])
    kinds = ("violations", "unconnected_items", "schematic_parity")
    return [_sentence(one) for kind in kinds for one in report.get(kind, ())]


def panel_rules(folder: Path = PANEL_FOLDER) -> list[str]:
    """KiCad's design rules on the panels."""
    return [one for name in VARIANTS.values() for one in design_rules(folder / f"{name}.kicad_pcb")]


def schematic_lint(schematic: Path = KICAD / f"{PROJECT}.kicad_sch") -> list[str]:
    """Order fields, designators, and the Seed's pins against the board's table."""
    return lint(load_project(schematic))


def simulations(schematic: Path = KICAD / f"{PROJECT}.kicad_sch") -> list[str]:
    """Figures that the simulated schematic does not keep."""
    return spice.complaints(schematic)


def _parts(board: List) -> Iterator[tuple[str, str, str, tuple[float, float, float]]]:
    """Reference, value, footprint and place (x, y, degrees) of the footprints of a board file."""
    for item in children(board, "footprint"):
        texts = {text_of(one): text_of(one, 2) for one in children(item, "property")}
        place = next(children(item, "at"))
        turn = float(text_of(place, 3)) if len(place) > 3 else 0.0
        yield texts["Reference"], texts["Value"], text_of(item), (float(text_of(place)), float(text_of(place, 2)), turn)


def _turned(x: float, y: float, degrees: float) -> tuple[float, float]:
    turns = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}
    cosine, sine = turns[round(degrees) % 360]
    return x * cosine + y * sine, y * cosine - x * sine


def holes_over_shafts(board: Path = KICAD / BOARD_FILE, panel: Path | None = None) -> list[str]:
    """Every shaft, plunger, lens and socket of the board file under its hole in the panel file, and no hole besides."""
    panel = panel or PANEL_FOLDER / f"{VARIANTS['fr4']}.kicad_pcb"
    kinds: dict[str, list[Hole]] = {}
    for hole in art().holes:
        kinds.setdefault(hole.kind, []).append(hole)
    holes = {number: place for number, _, _, place in _parts(parse(panel.read_text("utf-8")))}
    named = {f"H{index}": hole for index, hole in enumerate(art().holes, start=1)}
    shafts = {}
    for reference, value, footprint, (x, y, turn) in _parts(parse(board.read_text("utf-8"))):
        dx, dy = _turned(*shaft(footprint), turn)
        shafts[(reference.rstrip("0123456789"), value)] = (x + dx, y + dy)
    found = []
    for number, hole in named.items():
        if hole.kind == "mount":
            continue
        key = (PREFIXES[hole.kind], hole.over)
        if key not in shafts or number not in holes:
            found.append(f"{hole.kind} {hole.over}: on the {'panel' if number in holes else 'board'} only")
            continue
        (x, y), (px, py, _) = shafts[key], holes[number]
        if abs(x - px) > SHAFT_TOLERANCE_MM or abs(y - py) > SHAFT_TOLERANCE_MM:
            found.append(f"{hole.kind} {hole.over}: {x - px:+.2f}, {y - py:+.2f} mm beside its hole")
    wanted = {(PREFIXES["jack"], jack.name) for jack in BOARD.jacks} | {
        (PREFIXES["pot"], pot.name) for pot in BOARD.pots
    }
    found += [
        f"{value}: no hole in the panel"
        for key, value in sorted(wanted - {(PREFIXES[h.kind], h.over) for h in named.values() if h.kind != "mount"})
    ]
    return found


def leads(board: Path = KICAD / BOARD_FILE) -> list[str]:
    """Leads that end under a body on the other side."""
    return leads_under_bodies(board)


def usb_pair() -> list[str]:
    """USB's two lines as the committed copper has them."""
    return pair_complaints(load())


def drift(folder: Path = KICAD) -> list[str]:
    """Files that the scripts would write otherwise than they lie there."""
    with tempfile.TemporaryDirectory() as name:
        fresh = Path(name) / "kicad"
        picture = Path(name) / PICTURE.name
        build(fresh, picture)
        pairs = {path.relative_to(fresh): path for path in fresh.rglob("*") if path.is_file()}
        found = [
            f"{relative}: differs from what the scripts write; run make hardware"
            for relative, path in sorted(pairs.items())
            if not (folder / relative).exists() or (folder / relative).read_bytes() != path.read_bytes()
        ]
        if not PICTURE.exists() or PICTURE.read_bytes() != picture.read_bytes():
            found.append(f"docs/{PICTURE.name}: differs from what the scripts write; run make hardware")
    return found


def nets_alike(board: Path = KICAD / BOARD_FILE) -> list[str]:
    """Nets of the schematic that the board file lacks, and the other way round."""
    netlist = export(board.with_suffix(".kicad_sch"))
    there = {text_of(one, 2) for one in children(parse(board.read_text("utf-8")), "net")} - {""}
    return [f"net {name}: in one of schematic and board only" for name in sorted(there ^ set(netlist.nets))]


CHECKS: Mapping[str, Callable[[], list[str]]] = {
    "electrical rules": electrical_rules,
    "design rules, unconnected, parity": design_rules,
    "panels' design rules": panel_rules,
    "nets": nets_alike,
    "order fields and pin map": schematic_lint,
    "panel holes over shafts": holes_over_shafts,
    "leads beside bodies": leads,
    "USB's two lines": usb_pair,
    "simulations": simulations,
    "drift": drift,
}
"""What make hardware-check runs, besides tests/kicad (nets pin by pin, and a fault for each check)."""
