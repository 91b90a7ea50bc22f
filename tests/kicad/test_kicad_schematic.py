# SPDX-License-Identifier: MIT
"""The schematic as KiCad sees it: the same nets, pins where we think they are, no complaint from its checker."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import product
from pathlib import Path

import pytest
from lottava.hardware.blocks import BLOCKS, ROOT
from lottava.hardware.schematic.connect import nets
from lottava.hardware.schematic.drawing import Sheet, SubSheet
from lottava.hardware.schematic.geometry import Box, Point
from lottava.hardware.schematic.library import NICKNAME, read_library
from lottava.hardware.schematic.project import KICAD, LIBRARY, Project, draw, write_all
from lottava.hardware.schematic.sexpr import child, children, parse, text_of, write
from lottava.hardware.schematic.stock import STOCK, vendor_symbols

SYMBOLS = read_library(LIBRARY)
FOOTPRINTS = Path("/usr/share/kicad/footprints")
NetSet = set[frozenset[tuple[str, str]]]


def kicad(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["kicad-cli", *map(str, words)], capture_output=True, text=True)


def netlist(schematic: Path, out: Path) -> dict[str, frozenset[tuple[str, str]]]:
    kicad("sch", "export", "netlist", "--format", "kicadsexpr", "-o", out, schematic)
    tree = parse(out.read_text(encoding="utf-8"))
    return {
        text_of(child(net, "name")): frozenset(
            (text_of(child(node, "ref")), text_of(child(node, "pin"))) for node in children(net, "node")
        )
        for net in children(child(tree, "nets"), "net")
    }


def complaints(schematic: Path, out: Path) -> list[str]:
    kicad("sch", "erc", "--format", "json", "--severity-all", "-o", out, schematic)
    report = json.loads(out.read_text(encoding="utf-8"))
    return [one["type"] for sheet in report["sheets"] for one in sheet["violations"]]


def written(sheet: Sheet, folder: Path) -> Path:
    """A project of one sheet below a root; its root file."""
    root = Sheet("lottava", "Root", SYMBOLS, 0)
    root.sub_sheets.append(SubSheet("Test", f"{sheet.name}.kicad_sch", Box(20, 20, 40, 30)))
    write_all(Project(root, (sheet,)), folder)
    shutil.copy(LIBRARY, folder)
    return folder / "lottava.kicad_sch"


def test_kicads_nets_are_ours(tmp_path: Path) -> None:
    ours = nets(draw(ROOT, BLOCKS).all)
    theirs = netlist(KICAD / "lottava.kicad_sch", tmp_path / "n.net")
    assert set(theirs.values()) == set(ours.values())
    assert {name: pins for name, pins in ours.items() if "." not in name}.items() <= theirs.items()


@pytest.mark.parametrize("name", ["MMBT3904", "USBLC6-2SC6", "74HC4051", "LED_Dual_AKA"])
def test_pins_are_where_we_think_in_every_pose(name: str, tmp_path: Path) -> None:
    """Each pin has a name of its own at its computed place; a wrong place would leave it alone or swap it."""
    keys = {"MMBT3904": "MMBT3904 SOT-23", "USBLC6-2SC6": "USBLC6-2SC6 SOT-23-6", "74HC4051": "74HC4051 SOIC-16"}
    key = keys.get(name, "LED 3mm red/green")
    sheet = Sheet("poses", "Poses", SYMBOLS, 100, paper="A3")
    expected: NetSet = set()
    for index, (turn, mirror) in enumerate(product((0, 90, 180, 270), ("", "x", "y"))):
        at = Point(40 + 60 * (index % 4), 40 + 60 * (index // 4))
        placed = sheet.place(f"U{index + 1}", key, name, at, turn=turn, mirror=mirror)
        for place in {placed.pin_at(pin) for pin in placed.symbol.pins}:
            sheet.net(f"N{index}_{place.x:g}_{place.y:g}".replace(".", "p"), place)
            pins = {pin.number for pin in placed.symbol.pins if placed.pin_at(pin) == place}
            expected.add(frozenset((placed.reference, number) for number in pins))
    found = netlist(written(sheet, tmp_path), tmp_path / "n.net")
    assert {pins for net, pins in found.items() if net.startswith("N")} == expected


def test_a_wire_that_another_meets_is_connected_there(tmp_path: Path) -> None:
    sheet = Sheet("tees", "Tees", SYMBOLS, 100)
    tops = [sheet.place(f"R{index}", "R 10k 1% 0603", "R", Point(20 + 10 * index, 43)) for index in (1, 2, 3)]
    sheet.wire(Point(20, 40), Point(60, 40))
    for part in tops:
        sheet.wire(part.pin(1), Point(part.pin(1).x, 40))
    found = netlist(written(sheet, tmp_path), tmp_path / "n.net")
    assert frozenset({("R1", "1"), ("R2", "1"), ("R3", "1")}) in found.values()


def test_kicad_has_no_complaint(tmp_path: Path) -> None:
    assert complaints(KICAD / "lottava.kicad_sch", tmp_path / "erc.json") == []


def test_a_pin_left_alone_is_a_complaint(tmp_path: Path) -> None:
    sheet = Sheet("open", "Open", SYMBOLS, 100)
    sheet.place("R1", "R 10k 1% 0603", "R", Point(40, 40))
    assert "pin_not_connected" in complaints(written(sheet, tmp_path), tmp_path / "erc.json")


def test_every_pin_has_its_pad_in_the_stock_footprint() -> None:
    spare = {"USB_C_Receptacle_GCT_USB4115-03-C": {f"{row}{number}" for row in "AB" for number in (2, 3, 10, 11)}}
    parts = {
        (field.text, placed.symbol.name): placed.symbol
        for sheet in draw(ROOT, BLOCKS).all
        for placed in sheet.placed
        for field in placed.fields
        if field.name == "Footprint" and field.text and placed.is_on_board
    }
    assert len(parts) > 30
    for (footprint, _), symbol in parts.items():
        library, name = footprint.split(":")
        folder = KICAD if library == NICKNAME else FOOTPRINTS
        text = (folder / f"{library}.pretty" / f"{name}.kicad_mod").read_text(encoding="utf-8")
        pads = {text_of(pad) for pad in children(parse(text), "pad")} - {""}
        assert {pin.number for pin in symbol.pins} == pads - spare.get(name, set()), footprint


def test_the_projects_symbols_are_the_stock_ones(tmp_path: Path) -> None:
    copy = tmp_path / LIBRARY.name
    vendor_symbols(STOCK, copy)
    fresh = read_library(copy)
    assert fresh.keys() == SYMBOLS.keys()
    for name, symbol in SYMBOLS.items():
        assert (fresh[name].pins, fresh[name].units) == (symbol.pins, symbol.units), name


def test_our_layout_is_kicads(tmp_path: Path) -> None:
    """KiCad writes the symbol library anew, as its editor would: the same words in the same lines."""
    copy = shutil.copy(LIBRARY, tmp_path)
    assert kicad("sym", "upgrade", "--force", copy).returncode == 0
    theirs = Path(copy).read_text(encoding="utf-8")
    assert write(parse(theirs)) == theirs
