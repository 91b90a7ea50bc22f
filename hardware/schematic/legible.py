# SPDX-License-Identifier: MIT
"""What a reader would stumble over: texts, symbols and wires that lie on each other or outside the frame."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from .connect import split
from .drawing import TEXT_MM, Label, Placed, Sheet
from .geometry import Box, Point

CHARACTER = 0.95
"""Width of KiCad's letters in grid units at 1.27 mm: measured on capitals, an upper bound for the rest."""
FLAG = 2.4
"""What a global label's outline adds to its text."""
FRAME = {"A4": Box(8.5, 8.5, 225.3, 156.8), "A3": Box(8.5, 8.5, 322.2, 225.3)}
"""Inside of the drawing frame."""
TITLE_BLOCK = (92.0, 27.0)
"""Its width and height, at the lower right."""
_SLACK = 0.15


class Mark(NamedTuple):
    """Something that takes room. kind: text, body, wire or pin; owner: parts of one symbol may touch."""

    kind: str
    name: str
    owner: str
    box: Box


def _text_box(text: str, at: Point, justify: str, size_mm: float = TEXT_MM) -> Box:
    scale = size_mm / TEXT_MM
    width, half = CHARACTER * len(text) * scale, 0.55 * scale
    left = {"left": at.x, "centre": at.x - width / 2, "right": at.x - width}[justify]
    return Box(left, at.y - half, left + width, at.y + half)


def _label_box(label: Label) -> Box:
    length, half = CHARACTER * len(label.text) + FLAG, 0.8
    x, y = label.at
    return {
        "right": Box(x, y - half, x + length, y + half),
        "left": Box(x - length, y - half, x, y + half),
        "up": Box(x - half, y - length, x + half, y),
        "down": Box(x - half, y, x + half, y + length),
    }[label.direction]


def _symbol_marks(placed: Placed) -> Iterator[Mark]:
    name = placed.reference
    for field in placed.fields:
        if not field.is_hidden and field.text:
            shown = field.text
            if field.name == "Reference" and len(placed.symbol.units) > 1:
                shown += "A"
            yield Mark("text", shown, name, _text_box(shown, field.at, field.justify))
    if placed.symbol.outline(placed.unit):
        yield Mark("body", name, name, _body(placed))
    for pin in placed.symbol.pins_of(placed.unit):
        inner = placed.pose.place(pin.x + pin.length * _cosine(pin.turn), pin.y + pin.length * _cosine(pin.turn - 90))
        yield Mark("pin", f"{name}.{pin.number}", name, Box.around(placed.pin_at(pin), inner))


def _body(placed: Placed) -> Box:
    """A standing part's drawing no taller than its pins reach: an LED's arrows go further."""
    body, pins = placed.body, [placed.pin_at(pin) for pin in placed.symbol.pins_of(placed.unit)]
    if len(pins) == 2 and pins[0].x == pins[1].x:
        ends = Box.around(*pins)
        return Box(body.left, max(body.top, ends.top), body.right, min(body.bottom, ends.bottom))
    return body


def _cosine(turn: int) -> int:
    return {0: 1, 90: 0, 180: -1, 270: 0}[turn % 360]


def marks(sheet: Sheet) -> list[Mark]:
    """Everything on a sheet that takes room."""
    found = [mark for placed in sheet.placed for mark in _symbol_marks(placed)]
    found += [Mark("text", label.text, f"label {label.text} {label.at}", _label_box(label)) for label in sheet.labels]
    found += [
        Mark("text", text.text, f"text {text.text}", _text_box(text.text, text.at, "left", text.size_mm))
        for text in sheet.texts
    ]
    found += [Mark("wire", f"wire {start} {end}", "wire", Box.around(start, end)) for start, end in split(sheet)]
    found += [
        Mark("wire", "arrow", "wire", Box.around(*pair))
        for arrow in sheet.arrows
        for pair in zip(arrow.points, arrow.points[1:], strict=False)
    ]
    return found


def _touch(one: Mark, other: Mark) -> bool:
    kinds = {one.kind, other.kind}
    if "text" not in kinds and kinds != {"body"} and kinds != {"body", "wire"}:
        return False
    if one.owner == other.owner and (one.owner == "wire" or one.kind != other.kind == "pin" or one.kind == "pin"):
        return False
    lines = kinds & {"wire", "pin"}
    slack = -0.3 if lines else _SLACK
    if lines and one.box.overlaps(other.box, slack):
        # A wire may end at the edge of a label or of a body.
        return one.box.overlaps(other.box, -1e-6) and _goes_in(one, other)
    return not lines and one.box.overlaps(other.box, slack)


def _goes_in(one: Mark, other: Mark) -> bool:
    line, area = (one, other) if one.kind in ("wire", "pin") else (other, one)
    box = Box(area.box.left + 0.1, area.box.top + 0.1, area.box.right - 0.1, area.box.bottom - 0.1)
    return line.box.overlaps(box, -1e-6)


def overlaps(sheet: Sheet) -> list[str]:
    """A sentence for each pair that lies on each other and each mark outside the frame or on the title block."""
    frame = FRAME[sheet.paper]
    block = Box(frame.right - TITLE_BLOCK[0], frame.bottom - TITLE_BLOCK[1], frame.right, frame.bottom)
    found = marks(sheet)
    sentences = []
    for mark in found:
        box = mark.box
        is_inside = frame.left <= box.left and frame.top <= box.top and box.right <= frame.right
        if not is_inside or box.bottom > frame.bottom or box.overlaps(block):
            sentences.append(f"{sheet.name}: {mark.name} is outside the frame or on the title block")
    for one, other in combinations(found, 2):
        if _touch(one, other):
            sentences.append(f"{sheet.name}: {one.kind} {one.name} on {other.kind} {other.name}")
    return sentences
