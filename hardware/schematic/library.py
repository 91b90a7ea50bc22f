# SPDX-License-Identifier: MIT
"""Symbols: read from a library file, derived ones made whole, with their pins and outlines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from .geometry import GRID_MM
from .sexpr import Atom, List, child, children, head, make, parse, text_of, write

NICKNAME = "lottava"
"""Of the project's own library: everything a schematic shows comes from there, so it opens anywhere."""


@dataclass(frozen=True)
class Pin:
    """A pin in library coordinates, grid units, y up; x, y is its free end, turn its direction into the body."""

    number: str
    name: str
    x: float
    y: float
    turn: int
    length: float
    kind: str
    unit: int


@dataclass(frozen=True)
class Symbol:
    """A library symbol. definition: its s-expression as a schematic embeds it."""

    name: str
    definition: List
    pins: tuple[Pin, ...]

    @property
    def units(self) -> tuple[int, ...]:
        """Numbers of its units; pins of unit 0 belong to all."""
        return tuple(sorted({pin.unit for pin in self.pins} - {0})) or (1,)

    @property
    def is_power(self) -> bool:
        """True for a symbol that only names a net."""
        return any(True for _ in children(self.definition, "power"))

    def pins_of(self, unit: int) -> tuple[Pin, ...]:
        """Pins that a unit shows."""
        return tuple(pin for pin in self.pins if pin.unit in (0, unit))

    def property(self, name: str) -> str:
        """Text of a library field; empty where it has none."""
        found = (text_of(one, 2) for one in children(self.definition, "property") if one[1] == name)
        return next(found, "")

    def outline(self, unit: int) -> tuple[tuple[float, float], ...]:
        """Corner points of a unit's drawing, grid units, y up."""
        points: list[tuple[float, float]] = []
        for part in _drawings(self.definition, unit):
            for item in part:
                points.extend(_corners(cast(List, item)) if isinstance(item, list) else ())
        return tuple(points)


def _unit_of(drawing: List) -> int:
    return int(text_of(drawing).rsplit("_", 2)[1])


def _drawings(definition: List, unit: int) -> Iterable[List]:
    return (one for one in children(definition, "symbol") if _unit_of(one) in (0, unit))


def _grid(item: List, index: int) -> float:
    return round(float(text_of(item, index)) / GRID_MM, 4)


def _corners(item: List) -> list[tuple[float, float]]:
    kind = head(item)
    if kind == "rectangle":
        ends = [child(item, "start"), child(item, "end")]
    elif kind == "polyline":
        ends = list(children(child(item, "pts"), "xy"))
    elif kind == "arc":
        ends = [child(item, "start"), child(item, "mid"), child(item, "end")]
    elif kind == "circle":
        centre, radius = child(item, "center"), _grid(child(item, "radius"), 1)
        x, y = _grid(centre, 1), _grid(centre, 2)
        return [(x - radius, y - radius), (x + radius, y + radius)]
    else:
        return []
    return [(_grid(end, 1), _grid(end, 2)) for end in ends]


def _pins(definition: List) -> tuple[Pin, ...]:
    pins = []
    for drawing in children(definition, "symbol"):
        for pin in children(drawing, "pin"):
            at = child(pin, "at")
            pins.append(
                Pin(
                    number=text_of(child(pin, "number")),
                    name=text_of(child(pin, "name")),
                    x=_grid(at, 1),
                    y=_grid(at, 2),
                    turn=int(float(text_of(at, 3))),
                    length=_grid(child(pin, "length"), 1),
                    kind=text_of(pin),
                    unit=_unit_of(drawing),
                )
            )
    return tuple(pins)


def _symbols(path: Path) -> dict[str, List]:
    return {text_of(one): one for one in children(parse(path.read_text(encoding="utf-8")), "symbol")}


def read_library(path: Path) -> dict[str, Symbol]:
    """Every symbol of a library that holds no derived ones."""
    return {name: Symbol(name, item, _pins(item)) for name, item in _symbols(path).items()}


def whole(symbols: dict[str, List], name: str) -> List:
    """A symbol with what it inherits: its own fields and flags over its base's, the base's drawing."""
    own = symbols[name]
    bases = list(children(own, "extends"))
    if not bases:
        return own
    base_name = text_of(bases[0])
    base = whole(symbols, base_name)
    own_fields = {text_of(one): one for one in children(own, "property")}
    flags = {head(one): one for one in own[2:] if head(one) not in ("property", "extends")}
    result: List = [Atom("symbol"), name]
    for item in base[2:]:
        if head(item) == "property":
            result.append(own_fields.pop(text_of(cast(List, item)), item))
        elif head(item) == "symbol":
            drawing = cast(List, item)
            result.append([drawing[0], name + text_of(drawing).removeprefix(base_name), *drawing[2:]])
        else:
            result.append(flags.pop(head(item), item))
    place = next(i for i, item in enumerate(result) if head(item) == "symbol" and i > 1)
    return [*result[:place], *own_fields.values(), *result[place:]]


def _make_passive(definition: List, numbers: Iterable[str]) -> None:
    for drawing in children(definition, "symbol"):
        for pin in children(drawing, "pin"):
            if text_of(child(pin, "number")) in numbers:
                pin[1] = Atom("passive")


def vendor(
    stock: Path, wanted: Iterable[str], own: Iterable[List], passive: Mapping[str, tuple[str, ...]], path: Path
) -> None:
    """Write the project's library: stock symbols ("Device:R"), made whole, and symbols of our own, by name.

    passive: pins, by symbol, whose type becomes passive. Raises KeyError for a symbol that isn't there.
    """
    found: dict[str, List] = {}
    files: dict[str, dict[str, List]] = {}
    for full_name in wanted:
        library, name = full_name.split(":")
        symbols = files.setdefault(library, _symbols(stock / f"{library}.kicad_sym"))
        if name not in symbols:
            raise KeyError(f"no symbol {name} in {stock / library}.kicad_sym")
        found[name] = whole(symbols, name)
        _make_passive(found[name], passive.get(name, ()))
    found.update((text_of(one), one) for one in own)
    header: List = [make("version", 20241209), make("generator", NICKNAME), make("generator_version", "9.0")]
    path.write_text(write([Atom("kicad_symbol_lib"), *header, *(found[name] for name in sorted(found))]))
