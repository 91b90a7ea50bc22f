# SPDX-License-Identifier: MIT
"""Which points touch: wires cut at every T, junction dots, and the nets of a set of sheets without asking KiCad."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from .drawing import Placed, Sheet, Wire
from .geometry import Point


def _lies_inside(point: Point, wire: Wire) -> bool:
    (left, right), (top, bottom) = sorted((wire.start.x, wire.end.x)), sorted((wire.start.y, wire.end.y))
    if wire.start.y == wire.end.y == point.y:
        return left < point.x < right
    return wire.start.x == wire.end.x == point.x and top < point.y < bottom


def pins_of(sheet: Sheet) -> list[tuple[Placed, str, Point]]:
    """Every pin: part, number, free end."""
    return [(one, pin.number, one.pin_at(pin)) for one in sheet.placed for pin in one.symbol.pins_of(one.unit)]


def split(sheet: Sheet) -> list[Wire]:
    """Wires without overlap, cut wherever a wire's end, a pin or a label lies inside, sorted."""
    stops = {at for _, _, at in pins_of(sheet)} | {label.at for label in sheet.labels}
    stops |= {point for wire in sheet.wires for point in wire}
    pieces: set[Wire] = set()
    for wire in sheet.wires:
        inside = sorted(stop for stop in stops if _lies_inside(stop, wire))
        ends = sorted((wire.start, wire.end))
        chain = [ends[0], *inside, ends[1]]
        pieces.update(Wire(*pair) for pair in pairwise(chain))
    return sorted(pieces)


def junctions(sheet: Sheet) -> list[Point]:
    """Points where three or more wire ends and pins meet."""
    ends = Counter(point for wire in split(sheet) for point in wire)
    ends.update(at for _, _, at in pins_of(sheet))
    return sorted(point for point, count in ends.items() if count >= 3)


class _Groups:
    """Union-find over anything hashable."""

    def __init__(self) -> None:
        self._parents: dict[object, object] = {}

    def find(self, item: object) -> object:
        parent = self._parents.setdefault(item, item)
        if parent == item:
            return item
        root = self.find(parent)
        self._parents[item] = root
        return root

    def join(self, one: object, other: object) -> None:
        self._parents[self.find(one)] = self.find(other)


def _power_net(placed: Placed) -> str:
    return next(field.text for field in placed.fields if field.name == "Value")


def nets(sheets: Iterable[Sheet]) -> dict[str, frozenset[tuple[str, str]]]:
    """Net → (designator, pin number) of all its pins.

    A local name is told with its sheet: "gates/EDGE"; a net without a name gets that of its first pin: "R1.2".
    """
    groups = _Groups()
    names: dict[object, str] = {}
    members: list[tuple[object, tuple[str, str]]] = []
    for sheet in sheets:
        for wire in split(sheet):
            groups.join((sheet.name, wire.start), (sheet.name, wire.end))
        for label in sheet.labels:
            scope = "" if label.kind == "global_label" else sheet.name
            groups.join((sheet.name, label.at), (scope, label.text))
            names[scope, label.text] = label.text if not scope else f"{scope}/{label.text}"
        for placed, number, at in pins_of(sheet):
            if placed.reference.startswith("#"):
                net = _power_net(placed)
                if net != "PWR_FLAG":
                    groups.join((sheet.name, at), ("", net))
                    names["", net] = net
            else:
                members.append(((sheet.name, at), (placed.reference, number)))
    found: dict[object, set[tuple[str, str]]] = defaultdict(set)
    for place, pin in members:
        found[groups.find(place)].add(pin)
    titles: dict[object, str] = {}
    for place, name in sorted(names.items(), key=lambda item: item[1]):
        titles.setdefault(groups.find(place), name)
    return {titles.get(root) or ".".join(min(pins)): frozenset(pins) for root, pins in found.items()}
