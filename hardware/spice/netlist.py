# SPDX-License-Identifier: MIT
"""KiCad's netlist of the committed schematic as values: parts with their fields, and which net each pin is on."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..schematic.sexpr import List, child, children, head, parse, text_of


@dataclass(frozen=True)
class Component:
    """A part. symbol: its library symbol's name; pins: number → net."""

    reference: str
    value: str
    symbol: str
    fields: Mapping[str, str]
    pins: Mapping[str, str]
    is_fitted: bool = True

    def net(self, pin: str | int) -> str:
        """Net of a pin. Raises KeyError that names part and pin."""
        if str(pin) not in self.pins:
            raise KeyError(f"{self.reference} ({self.symbol}) has no pin {pin}")
        return self.pins[str(pin)]


@dataclass(frozen=True)
class Netlist:
    """All parts by designator."""

    components: Mapping[str, Component]

    @property
    def nets(self) -> dict[str, list[tuple[str, str]]]:
        """Net → (designator, pin number) of all its pins."""
        found: dict[str, list[tuple[str, str]]] = {}
        for component in self.components.values():
            for pin, net in component.pins.items():
                found.setdefault(net, []).append((component.reference, pin))
        return found

    def of_value(self, symbol: str, value: str) -> Component:
        """The one part of this symbol with this value. Raises KeyError for none or several."""
        found = [one for one in self.components.values() if (one.symbol, one.value) == (symbol, value)]
        if len(found) != 1:
            raise KeyError(f"{len(found)} parts {symbol} with the value {value!r}, one is needed")
        return found[0]


def _text(item: List, name: str) -> str:
    found = next(children(item, name), None)
    return text_of(found) if found and len(found) > 1 else ""


def _fields(item: List) -> dict[str, str]:
    groups = list(children(item, "fields"))
    entries = [entry for group in groups for entry in children(group, "field")]
    return {_text(entry, "name"): text_of(entry, 2) for entry in entries if len(entry) > 2}


def read(text: str) -> Netlist:
    """The netlist in a file that KiCad exported as kicadsexpr. Raises ValueError for something else."""
    tree = parse(text)
    if head(tree) != "export":
        raise ValueError(f"this is no netlist of KiCad's: it begins with ({head(tree)} …)")
    pins: dict[str, dict[str, str]] = {}
    for net in children(child(tree, "nets"), "net"):
        for node in children(net, "node"):
            pins.setdefault(_text(node, "ref"), {})[_text(node, "pin")] = _text(net, "name").removeprefix("/")
    components = {}
    for item in children(child(tree, "components"), "comp"):
        reference = _text(item, "ref")
        flags = {_text(one, "name") for one in children(item, "property")}
        components[reference] = Component(
            reference=reference,
            value=_text(item, "value"),
            symbol=_text(child(item, "libsource"), "part"),
            fields=_fields(item),
            pins=pins.get(reference, {}),
            is_fitted="dnp" not in flags,
        )
    return Netlist(components)


def export(schematic: Path) -> Netlist:
    """The netlist of a schematic through kicad-cli. Raises RuntimeError with what kicad-cli said."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "board.net"
        command = ["kicad-cli", "sch", "export", "netlist", "--format", "kicadsexpr", "-o", str(out), str(schematic)]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise RuntimeError("kicad-cli is missing: `scripts/setup.sh kicad` installs KiCad") from error
        if done.returncode or not out.exists():
            raise RuntimeError(
                f"kicad-cli wrote no netlist of {schematic}: {done.stderr.strip() or done.stdout.strip()}"
            )
        return read(out.read_text(encoding="utf-8"))
