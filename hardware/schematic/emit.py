# SPDX-License-Identifier: MIT
"""A drawn sheet as a KiCad 9 schematic file; every identifier follows from names and places, so none ever moves."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from .connect import junctions, split
from .drawing import TEXT_MM, Arrow, Field, Label, Placed, Sheet, SubSheet, Text
from .geometry import Point
from .library import NICKNAME
from .sexpr import Atom, List, make, write

FORMAT_VERSION = 20250114
"""Of schematic files of KiCad 9.0."""
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "lottava/hardware")
_ANGLE = {"right": 0, "up": 90, "left": 180, "down": 270}
_OUTLINE_MM = 0.1524


@dataclass(frozen=True)
class Place:
    """Where a sheet is in the project. path: of its parent's and own identifiers, as KiCad writes instance paths."""

    project: str
    page: int
    path: str
    date: str
    revision: str
    company: str
    comments: tuple[str, ...]


def identifier(*names: object) -> str:
    """The UUID that belongs to these names, the same in every run."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, names))))


def _uuid(sheet: Sheet, *names: object) -> List:
    return make("uuid", identifier(sheet.name, *names))


def _at(point: Point, turn: int = 0) -> List:
    return make("at", *point.mm, turn)


def _effects(justify: tuple[str, ...] = (), size_mm: float = TEXT_MM, hide: bool = False, bold: bool = False) -> List:
    font = make("font", make("size", size_mm, size_mm), *([make("bold", Atom("yes"))] if bold else []))
    effects = make("effects", font)
    if justify:
        effects.append(make("justify", *map(Atom, justify)))
    if hide:
        effects.append(make("hide", Atom("yes")))
    return effects


def _stored_justify(placed: Placed, justify: str) -> tuple[str, ...]:
    """A field's text is laid out in the symbol's own frame and turned with it: left may have to be stored as right."""
    if justify == "centre":
        return ()
    along = (0.0, 1.0) if placed.pose.turn in (90, 270) else (1.0, 0.0)
    is_swapped = placed.pose.direction(*along)[0] < 0
    return ({"left": "right", "right": "left"}[justify] if is_swapped else justify,)


def _property(placed: Placed, one: Field) -> List:
    turn = 90 if placed.pose.turn in (90, 270) else 0
    effects = _effects(_stored_justify(placed, one.justify), hide=one.is_hidden)
    return make("property", one.name, one.text, _at(one.at, turn), effects)


def _symbol(sheet: Sheet, placed: Placed, place: Place) -> List:
    identity = ("symbol", placed.reference, placed.unit)
    is_power = placed.symbol.is_power
    item = make("symbol", make("lib_id", f"{NICKNAME}:{placed.symbol.name}"), _at(placed.pose.origin, placed.pose.turn))
    if placed.pose.mirror:
        item.append(make("mirror", Atom(placed.pose.mirror)))
    item.append(make("unit", placed.unit))
    flags = {
        "exclude_from_sim": not placed.is_simulated,
        "in_bom": not is_power and not placed.reference.startswith("TP"),
        "on_board": placed.is_on_board,
        "dnp": not placed.is_fitted,
    }
    item += [make(name, Atom("yes" if value else "no")) for name, value in flags.items()]
    item.append(_uuid(sheet, *identity))
    item += [_property(placed, one) for one in placed.fields]
    pins = placed.symbol.pins_of(placed.unit)
    item += [make("pin", pin.number, _uuid(sheet, *identity, pin.number)) for pin in pins]
    instance = make("path", place.path, make("reference", placed.reference), make("unit", placed.unit))
    item.append(make("instances", make("project", place.project, instance)))
    return item


def _label(sheet: Sheet, label: Label) -> List:
    turn = _ANGLE[label.direction]
    side = "left" if label.direction in ("right", "up") else "right"
    item = make(label.kind, label.text)
    if label.kind == "global_label":
        item.append(make("shape", Atom(label.shape)))
        item += [_at(label.at, turn), _effects((side,))]
    else:
        item += [_at(label.at, turn), _effects((side, "bottom"))]
    item.append(_uuid(sheet, label.kind, label.text, *label.at))
    if label.kind == "global_label":
        references = make(
            "property", "Intersheetrefs", "${INTERSHEET_REFS}", _at(label.at), _effects((side,), hide=True)
        )
        item.append(references)
    return item


def _text(sheet: Sheet, text: Text) -> List:
    effects = _effects(("left",), text.size_mm, bold=text.is_bold)
    return make(
        "text", text.text, make("exclude_from_sim", Atom("no")), _at(text.at), effects, _uuid(sheet, "text", *text.at)
    )


def _stroke(width_mm: float = 0) -> List:
    return make("stroke", make("width", width_mm), make("type", Atom("default")))


def _points(*points: Point) -> List:
    return make("pts", *(make("xy", *point.mm) for point in points))


def _arrow(sheet: Sheet, arrow: Arrow) -> List:
    return make("polyline", _points(*arrow.points), _stroke(), _uuid(sheet, "arrow", *arrow.points))


def _sub_sheet(sheet: Sheet, sub: SubSheet, place: Place, page: int) -> List:
    corner = Point(sub.box.left, sub.box.top)
    width, height = Point(sub.box.right - sub.box.left, sub.box.bottom - sub.box.top).mm
    flags = {"exclude_from_sim": "no", "in_bom": "yes", "on_board": "yes", "dnp": "no"}
    item = make("sheet", make("at", *corner.mm), make("size", width, height))
    item += [make(name, Atom(value)) for name, value in flags.items()]
    item += [make("fields_autoplaced", Atom("yes")), _stroke(_OUTLINE_MM)]
    item.append(make("fill", make("color", 0, 0, 0, Atom("0.0000"))))
    item.append(make("uuid", sub_sheet_identifier(sub.file)))
    above, below = corner.moved(0, -0.6), Point(sub.box.left, sub.box.bottom + 0.5)
    item.append(make("property", "Sheetname", sub.name, _at(above), _effects(("left", "bottom"))))
    item.append(make("property", "Sheetfile", sub.file, _at(below), _effects(("left", "top"))))
    path = make("path", place.path, make("page", str(page)))
    item.append(make("instances", make("project", place.project, path)))
    return item


def sub_sheet_identifier(file: str) -> str:
    """Identifier of the box that stands for this file."""
    return identifier("sheet", file)


def _items(sheet: Sheet, place: Place) -> Iterator[List]:
    for arrow in sheet.arrows:
        yield _arrow(sheet, arrow)
    for text in sheet.texts:
        yield _text(sheet, text)
    for point in junctions(sheet):
        colour = make("color", 0, 0, 0, 0)
        yield make("junction", make("at", *point.mm), make("diameter", 0), colour, _uuid(sheet, "junction", *point))
    for point in sorted(sheet.no_connects):
        yield make("no_connect", make("at", *point.mm), _uuid(sheet, "no_connect", *point))
    for wire in split(sheet):
        yield make("wire", _points(*wire), _stroke(), _uuid(sheet, "wire", *wire.start, *wire.end))
    for label in sorted(sheet.labels, key=lambda one: (one.kind, one.text, one.at)):
        yield _label(sheet, label)
    for placed in sorted(sheet.placed, key=lambda one: (one.reference, one.unit)):
        yield _symbol(sheet, placed, place)
    for index, sub in enumerate(sheet.sub_sheets):
        yield _sub_sheet(sheet, sub, place, index + 2)


def _title_block(sheet: Sheet, place: Place) -> List:
    block = make("title_block", make("title", sheet.title), make("date", place.date), make("rev", place.revision))
    block.append(make("company", place.company))
    block += [make("comment", index, text) for index, text in enumerate((*sheet.comments, *place.comments), start=1)]
    return block


def sheet_text(sheet: Sheet, place: Place) -> str:
    """The whole file of a sheet."""
    file = make("kicad_sch", make("version", FORMAT_VERSION), make("generator", NICKNAME))
    file += [make("generator_version", "9.0"), make("uuid", identifier(sheet.name)), make("paper", sheet.paper)]
    file.append(_title_block(sheet, place))
    used = {one.symbol.name: one.symbol for one in sheet.placed}
    symbols = [[Atom("symbol"), f"{NICKNAME}:{name}", *used[name].definition[2:]] for name in sorted(used)]
    file.append([Atom("lib_symbols"), *symbols])
    file += list(_items(sheet, place))
    if place.page == 1:
        file.append(make("sheet_instances", make("path", "/", make("page", "1"))))
    file.append(make("embedded_fonts", Atom("no")))
    return write(file)
