# SPDX-License-Identifier: MIT
"""A committed schematic sheet through kicad-skip 0.2.5, its known faults stepped around.

The faults: pins of symbols turned by 90 or 270 degrees are placed on the wrong side; symbols with one pin have no pin
list; labels at pin-on-pin contacts, hierarchical labels and power symbols are not followed; a single child is an object
where several are a list; a power symbol is known by its library's name alone; writing loses KiCad's layout and the
zeros at a number's end; loading and editing print.
"""

from __future__ import annotations

import contextlib
import io
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import skip
from skip.collection import ElementCollection

from .schematic import sexpr

LABELS = ("label", "global_label", "hierarchical_label")
Spot = tuple[float, float]


def _children(item: Any, name: str) -> list[Any]:
    """All children of this kind, whether kicad-skip has none, one or a collection of them."""
    found = getattr(item, name, None)
    if found is None:
        return []
    return list(found) if isinstance(found, list | ElementCollection) else [found]


def _word(item: Any) -> str:
    """First word of a raw list."""
    return str(item[0]) if isinstance(item, list) and item else ""


def _spot(x: float, y: float) -> Spot:
    return round(x, 3), round(y, 3)


def _restore_numbers(tree: sexpr.List, original: sexpr.List) -> None:
    """Put back numbers that were only written in another way: 0.0000 comes out as 0.0."""
    for index, (item, before) in enumerate(zip(tree, original, strict=False)):
        if isinstance(item, list) and isinstance(before, list):
            _restore_numbers(item, before)
        elif isinstance(item, sexpr.Atom) and isinstance(before, sexpr.Atom) and item != before:
            with contextlib.suppress(ValueError):
                if float(item) == float(before):
                    tree[index] = before


@dataclass(frozen=True)
class Part:
    """A symbol's unit on a sheet. fields: by name, reference and value included; pins: number → free end in mm."""

    reference: str
    lib_id: str
    unit: int
    turn: int
    is_power: bool
    is_fitted: bool
    is_in_bom: bool
    fields: Mapping[str, str]
    pins: Mapping[str, Spot]

    @property
    def value(self) -> str:
        """Text of the field Value."""
        return self.fields.get("Value", "")


def turned(x: float, y: float, turn: int, mirror: str) -> Spot:
    """A library point (y up) as a shift on the sheet (y down): turned counter-clockwise, then mirrored."""
    angle = math.radians(turn)
    right = x * math.cos(angle) - y * math.sin(angle)
    down = -x * math.sin(angle) - y * math.cos(angle)
    return -right if mirror == "y" else right, -down if mirror == "x" else down


class SheetFile:
    """One .kicad_sch file. Raises FileNotFoundError or ValueError where there is none."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"no schematic at {path}")
        self.path = path
        self._parts: list[Part] | None = None
        with contextlib.redirect_stdout(io.StringIO()):
            self._sheet = skip.Schematic(str(path))
        if "symbol" not in vars(self._sheet):
            raise ValueError(f"{path} is no KiCad schematic")

    def _drawings(self, lib_id: str, unit: int) -> Iterator[Any]:
        for drawing in self._sheet.lib_symbols[lib_id].symbol:
            if int(str(drawing.value).rsplit("_", 2)[1]) in (0, unit):
                yield drawing

    def _pins(self, symbol: Any) -> dict[str, Spot]:
        x, y, turn = symbol.at.value[:3]
        mirrors = _children(symbol, "mirror")
        mirror = str(mirrors[0].value) if mirrors else ""
        pins = {}
        for drawing in self._drawings(symbol.lib_id.value, symbol.unit.value):
            for pin in drawing.getElementsByEntityType("pin"):
                right, down = turned(pin.at.value[0], pin.at.value[1], int(turn), mirror)
                pins[str(pin.number.value)] = _spot(x + right, y + down)
        return pins

    def _reference(self, symbol: Any) -> str:
        """From the instances: the field is wrong in a sheet that is used twice."""
        for instances in _children(symbol, "instances"):
            for project in _children(instances, "project"):
                for path in _children(project, "path"):
                    return str(path.reference.value)
        return str(symbol.property.Reference.value)

    def _part(self, symbol: Any) -> Part:
        lib_id = str(symbol.lib_id.value)
        return Part(
            reference=self._reference(symbol),
            lib_id=lib_id,
            unit=int(symbol.unit.value),
            turn=int(symbol.at.value[2]),
            is_power=any(_word(item) == "power" for item in self._sheet.lib_symbols[lib_id].raw),
            is_fitted=not symbol.dnp.value,
            is_in_bom=bool(symbol.in_bom.value),
            fields={str(one.name): str(one.value) for one in symbol.property},
            pins=self._pins(symbol),
        )

    @property
    def parts(self) -> list[Part]:
        """Every unit of every symbol, power symbols included."""
        if self._parts is None:
            self._parts = [self._part(symbol) for symbol in self._sheet.symbol]
        return self._parts

    @property
    def sub_sheets(self) -> list[Path]:
        """Files of the sheets drawn on this one."""
        sheets = _children(self._sheet, "sheet")
        names = [one.value for sheet in sheets for one in sheet.property if one.name in ("Sheetfile", "Sheet file")]
        return [self.path.parent / str(name) for name in names]

    @cached_property
    def _links(self) -> Mapping[Spot, set[Spot]]:
        """Point → points at the other ends of its wires."""
        links: dict[Spot, set[Spot]] = defaultdict(set)
        for wire in _children(self._sheet, "wire"):
            start, end = (_spot(*point.value[:2]) for point in wire.pts.xy)
            links[start].add(end)
            links[end].add(start)
        return links

    @cached_property
    def _names(self) -> Mapping[Spot, set[str]]:
        """Point → labels and power symbols there."""
        names: dict[Spot, set[str]] = defaultdict(set)
        for kind in LABELS:
            for label in _children(self._sheet, kind):
                names[_spot(*label.at.value[:2])].add(str(label.value))
        for part in self.parts:
            if part.is_power:
                names[next(iter(part.pins.values()))].add(part.value)
        return names

    def names_at(self, spot: Spot) -> set[str]:
        """Labels and power nets that a pin at this point is wired to on this sheet."""
        seen, waiting = {spot}, [spot]
        while waiting:
            for near in self._links.get(waiting.pop(), set()) - seen:
                seen.add(near)
                waiting.append(near)
        return {name for place in seen for name in self._names.get(place, ())}

    def set_field(self, reference: str, name: str, text: str) -> None:
        """Change a field of every unit of a part; one it lacks is added, hidden. Raises KeyError for no such part."""
        found = [symbol for symbol in self._sheet.symbol if self._reference(symbol) == reference]
        if not found:
            raise KeyError(f"no part {reference} on {self.path.name}")
        self._parts = None
        with contextlib.redirect_stdout(io.StringIO()):
            for symbol in found:
                if name in {one.name for one in symbol.property}:
                    symbol.property[name].value = text
                else:
                    # A clone of Value is shown like Value; Datasheet and its like are hidden.
                    hidden = next(one for one in symbol.property if _children(one.effects, "hide"))
                    added = hidden.clone()
                    added.name, added.value = name, text

    def text(self) -> str:
        """The file as KiCad would write it."""
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            written = Path(folder) / "sheet.kicad_sch"
            self._sheet.write(str(written))
            tree = sexpr.parse(written.read_text(encoding="utf-8"))
        _restore_numbers(tree, sexpr.parse(self.path.read_text(encoding="utf-8")))
        return sexpr.write(tree)

    def save(self) -> None:
        """Write the changes back to where the sheet came from."""
        self.path.write_text(self.text(), encoding="utf-8")


def load_project(root: Path) -> list[SheetFile]:
    """The root sheet and all sheets below it, each once."""
    sheets, waiting = [], [root]
    while waiting:
        sheet = SheetFile(waiting.pop(0))
        sheets.append(sheet)
        known = {one.path for one in sheets} | set(waiting)
        waiting += [path for path in sheet.sub_sheets if path not in known]
    return sheets
