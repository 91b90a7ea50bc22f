# SPDX-License-Identifier: MIT
"""What is on a sheet, as values in grid units: symbols, wires, labels, texts; a Sheet collects them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from lottava.hardware.parts import find

from .geometry import Box, Point, Pose
from .library import Pin, Symbol

TEXT_MM, HEADING_MM = 1.27, 1.8
TEST_PAD = "TestPoint:TestPoint_Pad_D1.0mm"


class Wire(NamedTuple):
    """A horizontal or vertical piece."""

    start: Point
    end: Point


@dataclass(frozen=True)
class Field:
    """A symbol's field. at: the text's anchor, upright whatever the symbol's turn; justify: left, right or centre."""

    name: str
    text: str
    at: Point
    justify: str = "centre"
    is_hidden: bool = True


@dataclass(frozen=True)
class Placed:
    """A unit of a symbol on a sheet."""

    reference: str
    symbol: Symbol
    pose: Pose
    unit: int
    fields: tuple[Field, ...]
    is_fitted: bool = True
    is_simulated: bool = True
    is_on_board: bool = True

    def pin_at(self, pin: Pin) -> Point:
        """Free end of a pin."""
        return self.pose.place(pin.x, pin.y)

    def pin(self, name: str | int) -> Point:
        """Free end of the pin of this number, else name. Raises KeyError."""
        pins = self.symbol.pins_of(self.unit)
        for wanted in ("number", "name"):
            for pin in pins:
                if getattr(pin, wanted) == str(name):
                    return self.pin_at(pin)
        raise KeyError(f"{self.reference} ({self.symbol.name}, unit {self.unit}) has no pin {name}")

    @property
    def body(self) -> Box:
        """Its drawing without pins."""
        points = self.symbol.outline(self.unit) or tuple((pin.x, pin.y) for pin in self.symbol.pins_of(self.unit))
        return Box.around(*(self.pose.place(x, y) for x, y in points))


@dataclass(frozen=True)
class Label:
    """A net's name at a point. direction: where the text goes from there. kind: global_label or label."""

    text: str
    at: Point
    direction: str
    kind: str
    shape: str = "passive"


@dataclass(frozen=True)
class Text:
    """A note, left-justified at a point, or a heading."""

    text: str
    at: Point
    size_mm: float = TEXT_MM
    is_bold: bool = False


@dataclass(frozen=True)
class SubSheet:
    """A box that stands for another sheet."""

    name: str
    file: str
    box: Box


@dataclass(frozen=True)
class Arrow:
    """A line without electrical meaning, through points."""

    points: tuple[Point, ...]


@dataclass
class Sheet:
    """A page. name: file stem; title: for people; symbols: the library; hundred: designators of power symbols."""

    name: str
    title: str
    symbols: Mapping[str, Symbol]
    hundred: int
    paper: str = "A4"
    comments: tuple[str, ...] = ()
    placed: list[Placed] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    no_connects: list[Point] = field(default_factory=list)
    sub_sheets: list[SubSheet] = field(default_factory=list)

    def place(
        self,
        reference: str,
        key: str,
        symbol: str,
        at: Point,
        *,
        pin: str | int | None = None,
        turn: int = 0,
        mirror: str = "",
        unit: int = 1,
        value: str | None = None,
        names: tuple[Point, str] | None = None,
        is_fitted: bool = True,
        is_simulated: bool = True,
        is_on_board: bool = True,
        extra: Mapping[str, str] | None = None,
    ) -> Placed:
        """Put a part of the catalogue here: its origin, or one of its pins, at `at`.

        value: shown instead of the catalogue's (a jack's name). names: place of the reference, relative to the origin,
        and how it is justified; the value goes under it. is_on_board: False for what is bought but has no footprint of
        its own (sockets under another part's pins). Raises KeyError for an unknown part, symbol or pin.
        """
        part = find(key)
        drawing = self.symbols[symbol]
        pose = Pose(at, turn, mirror)
        if pin is not None:
            x, y = Placed(reference, drawing, pose, unit, ()).pin(pin)
            pose = Pose(Point(2 * at.x - x, 2 * at.y - y), turn, mirror)
        bare = Placed(reference, drawing, pose, unit, ())
        spots = _spots(bare, names)
        shown = (("Reference", reference), ("Value", value or part.value))
        fields = [
            Field(name, text, spot, justify, False) for (name, text), (spot, justify) in zip(shown, spots, strict=True)
        ]
        others = {**part.fields, "Datasheet": drawing.property("Datasheet") or "~", **(extra or {})}
        fields += [Field(name, text, pose.origin) for name, text in others.items()]
        placed = Placed(reference, drawing, pose, unit, tuple(fields), is_fitted, is_simulated, is_on_board)
        self.placed.append(placed)
        return placed

    def power(self, net: str, at: Point, turn: int | None = None) -> None:
        """A rail or ground at this point; ground and negative rails hang down, others stand up, unless turned."""
        drawing = self.symbols[net]
        kind = "FLG" if net == "PWR_FLAG" else "PWR"
        reference = f"#{kind}{self.hundred + 1 + sum(one.reference.startswith('#') for one in self.placed):04d}"
        if turn is None:
            turn = 180 if net.startswith("-") else 0
        pose = Pose(at, turn)
        right, down = pose.direction(0, -1 if net == "GND" else 1)
        spot, justify = at.moved(3 * right, 2.8 * down), "centre"
        if right:
            spot, justify = at.moved(2.2 * right, 0), "left" if right > 0 else "right"
        is_hidden = net in ("GND", "PWR_FLAG")
        fields = (Field("Reference", reference, at), Field("Value", net, spot, justify, is_hidden))
        self.placed.append(Placed(reference, drawing, pose, 1, fields))

    def test_point(self, reference: str, net: str, at: Point) -> None:
        """A pad to measure a net at, standing on it."""
        body = self.symbols["TestPoint"]
        fields = (
            Field("Reference", reference, at.moved(1, -2.6), "left", False),
            Field("Value", net, at),
            Field("Footprint", TEST_PAD, at),
        )
        self.placed.append(Placed(reference, body, Pose(at), 1, fields, is_simulated=False))

    def wire(self, *points: Point) -> None:
        """Wire through points, each straight above or beside the one before. Raises ValueError for a diagonal."""
        for start, end in pairwise(points):
            if start.x != end.x and start.y != end.y:
                raise ValueError(f"{self.name}: diagonal wire from {start} to {end}")
            if start != end:
                self.wires.append(Wire(start, end))

    def net(self, name: str, at: Point, direction: str = "right", shape: str = "passive") -> None:
        """A name that holds on all sheets; direction: where the flag goes from here."""
        self.labels.append(Label(name, at, direction, "global_label", shape))

    def local(self, name: str, at: Point, direction: str = "right") -> None:
        """A name that holds on this sheet."""
        self.labels.append(Label(name, at, direction, "label"))

    def note(self, text: str, at: Point, size_mm: float = TEXT_MM, is_bold: bool = False) -> None:
        """Words for people."""
        self.texts.append(Text(text, at, size_mm, is_bold))

    def heading(self, text: str, at: Point) -> None:
        """The name of a part of the sheet."""
        self.note(text, at, HEADING_MM, True)

    def notes(self, at: Point, *lines: str) -> None:
        """Words for people, a line below the other."""
        for row, line in enumerate(lines):
            self.note(line, at.moved(0, 2 * row))

    def leave_open(self, *points: Point) -> None:
        """Pins that have no net, on purpose."""
        self.no_connects.extend(points)


def _spots(placed: Placed, names: tuple[Point, str] | None) -> tuple[tuple[Point, str], tuple[Point, str]]:
    """Anchors of reference and value: beside a standing part of two pins, above and below a lying one."""
    origin = placed.pose.origin
    if names is not None:
        first = origin.moved(*names[0])
        return (first, names[1]), (first.moved(0, 1.6), names[1])
    pins = [placed.pin_at(pin) for pin in placed.symbol.pins_of(placed.unit)]
    body = placed.body
    if len(pins) == 2 and pins[0].y == pins[1].y:
        middle = (body.left + body.right) / 2
        return (Point(middle, body.top - 0.8), "centre"), (Point(middle, body.bottom + 0.8), "centre")
    if len(pins) == 2:
        right = body.right + 0.6
        middle = (body.top + body.bottom) / 2
        return (Point(right, middle - 0.8), "left"), (Point(right, middle + 0.8), "left")
    return (Point(body.left, body.top - 0.8), "left"), (Point(body.left, body.bottom + 0.8), "left")
