# SPDX-License-Identifier: MIT
"""Small KiCad 9 schematics as text, for tests: a resistor, a ground, a two-unit op-amp and the Seed as symbols."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lottava.hardware.blocks.nets import seed_nets
from lottava.hardware.lint import SEED_PADS, SEED_SYMBOL, UNUSED
from lottava.hardware.parts import find

EFFECTS = "(effects (font (size 1.27 1.27)))"
HIDDEN = "(effects (font (size 1.27 1.27)) (hide yes))"


def _pin(number: str, x: float, y: float, turn: int = 0) -> str:
    return f'(pin passive line (at {x} {y} {turn}) (length 1.27) (name "~" {EFFECTS}) (number "{number}" {EFFECTS}))'


def _symbol(name: str, units: Mapping[int, str], flag: str = "") -> str:
    drawings = "".join(f'(symbol "{name}_{unit}_1" {pins})' for unit, pins in units.items())
    return f'(symbol "lottava:{name}" {flag} {drawings})'


SEED_SPOTS = {
    pad: (-20.32 if index % 2 else 20.32, 2.54 * (index - 15)) for index, pad in enumerate(SEED_PADS.values())
}
"""Pad → place on the symbol, y up."""
LIBRARY = "".join(
    (
        _symbol("R", {1: _pin("1", 0, 3.81, 270) + _pin("2", 0, -3.81, 90)}),
        _symbol("GND", {1: _pin("1", 0, 0, 270)}, "(power)"),
        _symbol("TL072", {1: _pin("1", 5.08, 0), 2: _pin("7", 5.08, 2.54)}),
        _symbol(SEED_SYMBOL, {1: "".join(_pin(pad, *spot) for pad, spot in SEED_SPOTS.items())}),
    )
)


def order_fields(key: str) -> dict[str, str]:
    """Value and order fields of a catalogue part."""
    part = find(key)
    return {"Value": part.value, **part.fields}


def symbol(
    name: str,
    reference: str,
    at: tuple[float, float],
    *,
    turn: int = 0,
    mirror: str = "",
    unit: int = 1,
    fields: Mapping[str, str] | None = None,
    instance: str = "",
) -> str:
    """A placed symbol; instance: the reference in its instances, where that differs from the field."""
    place = f"(at {at[0]} {at[1]} {turn})"
    texts = {"Value": "~"} | dict(fields or {})
    properties = [f'(property "Reference" "{reference}" {place} {EFFECTS})']
    properties += [f'(property "{one}" "{text}" {place} {HIDDEN})' for one, text in texts.items()]
    mirrored = f"(mirror {mirror})" if mirror else ""
    numbers = {"R": ("1", "2"), SEED_SYMBOL: tuple(SEED_SPOTS), "TL072": ("1", "7")}.get(name, ("1",))
    pins = "".join(f'(pin "{number}" (uuid "{reference}-{unit}-{number}"))' for number in numbers)
    path = f'(path "/root" (reference "{instance or reference}") (unit {unit}))'
    return (
        f'(symbol (lib_id "lottava:{name}") {place} {mirrored} (unit {unit}) (exclude_from_sim no) (in_bom yes) '
        f'(on_board yes) (dnp no) (uuid "{reference}-{unit}") {"".join(properties)} '
        f'{pins} (instances (project "small" {path})))'
    )


def wire(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A piece of wire."""
    points = f"(xy {start[0]} {start[1]}) (xy {end[0]} {end[1]})"
    return f'(wire (pts {points}) (stroke (width 0) (type default)) (uuid "w{start}{end}"))'


def label(text: str, at: tuple[float, float], kind: str = "global_label") -> str:
    """A name at a point."""
    shape = "" if kind == "label" else "(shape passive)"
    return f'({kind} "{text}" {shape} (at {at[0]} {at[1]} 0) {EFFECTS} (uuid "l{text}{at}"))'


def sub_sheet(file: str) -> str:
    """A box that stands for another file."""
    return (
        f'(sheet (at 10 10) (size 20 20) (uuid "s{file}") (property "Sheetname" "{file}" (at 10 10 0) {EFFECTS}) '
        f'(property "Sheetfile" "{file}" (at 10 10 0) {EFFECTS}))'
    )


def save(path: Path, *items: str) -> Path:
    """Write a schematic of these items."""
    head = '(version 20250114) (generator "lottava") (generator_version "9.0") (uuid "root") (paper "A4")'
    tail = '(sheet_instances (path "/" (page "1"))) (embedded_fonts no)'
    path.write_text(f"(kicad_sch {head} (lib_symbols {LIBRARY}) {' '.join(items)} {tail})\n", encoding="utf-8")
    return path


def seed_items(*, turn: int = 0, swap: tuple[str, str] | None = None, kind: str = "global_label") -> list[str]:
    """The Seed at (152.4, 101.6), each used pin on a stub of wire with its board name; two pins may be swapped."""
    middle = (152.4, 101.6)
    items = [symbol(SEED_SYMBOL, "A201", middle, turn=turn, fields=order_fields("Daisy Seed"))]
    names = seed_nets() | {pin: next(iter(nets)) for pin, nets in UNUSED.items()}
    if swap:
        names[swap[0]], names[swap[1]] = names[swap[1]], names[swap[0]]
    for pin, name in names.items():
        x, y = SEED_SPOTS[SEED_PADS[pin]]
        start = (round(middle[0] + x, 2), round(middle[1] - y, 2))
        end = (round(start[0] + (5.08 if x > 0 else -5.08), 2), start[1])
        items += [wire(start, end), label(name, end, kind)]
    return items
