# SPDX-License-Identifier: MIT
"""The netlist of the committed schematic, as kicad-cli exports it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..schematic.sexpr import List, child, children, head, parse, text_of


@dataclass(frozen=True)
class Component:
    """A symbol: path is the chain of identifiers that ties a footprint to it; pins: pad number → net."""

    reference: str
    value: str
    footprint: str
    path: str
    sheet_name: str
    sheet_file: str
    fields: Mapping[str, str]
    properties: frozenset[str]
    pins: Mapping[str, str]


@dataclass(frozen=True)
class Netlist:
    """Components by reference, and the nets in the order of the netlist."""

    components: Mapping[str, Component]
    nets: tuple[str, ...]


def _word(item: List, name: str) -> str:
    return next((text_of(one) for one in children(item, name)), "")


def _fields(component: List) -> dict[str, str]:
    found = {}
    for one in children(child(component, "fields"), "field") if any(children(component, "fields")) else ():
        name = _word(one, "name")
        found[name] = text_of(one, 2) if len(one) > 2 and not isinstance(one[2], list) else ""
    return found


def _component(item: List, pins: Mapping[str, str]) -> Component:
    sheet = child(item, "sheetpath")
    properties = {_word(one, "name"): _word(one, "value") for one in children(item, "property")}
    sheet_path, own = _word(sheet, "tstamps"), _word(item, "tstamps").split()[0]
    return Component(
        _word(item, "ref"),
        _word(item, "value"),
        _word(item, "footprint"),
        sheet_path + own,
        properties.get("Sheetname", ""),
        properties.get("Sheetfile", ""),
        _fields(item),
        frozenset(properties),
        pins,
    )


def read(text: str) -> Netlist:
    """The netlist in KiCad's s-expressions. Raises KeyError where a section is missing."""
    export = parse(text)
    pins: dict[str, dict[str, str]] = {}
    names = []
    for net in children(child(export, "nets"), "net"):
        names.append(_word(net, "name"))
        for node in net[1:]:
            if isinstance(node, list) and head(node) == "node":
                pins.setdefault(_word(node, "ref"), {})[_word(node, "pin")] = names[-1]
    items = children(child(export, "components"), "comp")
    found = [_component(item, pins.get(_word(item, "ref"), {})) for item in items]
    return Netlist({one.reference: one for one in found}, tuple(names))


def export(schematic: Path) -> Netlist:
    """The netlist of a .kicad_sch. Raises CalledProcessError where kicad-cli refuses it."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "board.net"
        command = ["kicad-cli", "sch", "export", "netlist", "--format", "kicadsexpr", "-o", str(target), str(schematic)]
        subprocess.run(command, check=True, capture_output=True)
        return read(target.read_text("utf-8"))
