# SPDX-License-Identifier: MIT
"""What is on the panel, as plain shapes: holes, white legends, bare metal. Millimetres from the top left corner."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from lottava.board import BOARD

from ..pcb.panel_parts import PANEL_HEIGHT_MM, Control, controls

Point = tuple[float, float]

SLOT_MM = (5.5, 3.2)
SLOT_FROM_EDGE_MM = (7.5, 3.0)
HP_MM = 5.08
JACK_HOLE_MM, POT_HOLE_MM, LED_HOLE_MM, BUTTON_HOLE_MM = 6.2, 7.2, 3.2, 4.2
"""Thread M6 of the jack, M7 of the pot, a 3 mm lens, a plunger of 3.5 mm; what is over 6.3 mm is routed."""
USB_HOLE_MM = (12.8, 6.9)
"""A plug's overmould (12.35 x 6.5 mm at most) has to pass: the receptacle's mouth lies 2 mm below the panel's face."""
NUT_MM = 4.2

TITLE = "LOTTAVA"
LABELS = {"V_OCT": "V/OCT", "FOLLOW_IN": "FOLLOW IN", "PITCH_CV": "PITCH CV", "ENV_CV": "ENV CV", "GATE_OUT": "GATE"}
"""Where the panel's word differs from the board's name."""
HELD = {"PITCH": "ROOT", "CONTOUR": "GLIDE", "MORPH": "SPAN"}
"""What a knob sets while the left button is held."""
AXES = ("BRIGHT", "BREATH", "BODY", "WILD")


@dataclass(frozen=True)
class Hole:
    """A round hole, or a slot that is wider than high. over: name of the control, kind "mount" without one."""

    over: str
    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Text:
    """Centred letters: cap height and stroke width follow from size; is_metal: bare metal instead of white ink."""

    text: str
    x: float
    y: float
    size: float
    stroke: float
    is_metal: bool = False


@dataclass(frozen=True)
class Line:
    """A stroke."""

    points: tuple[Point, ...]
    width: float
    is_metal: bool = False


@dataclass(frozen=True)
class Polygon:
    """A filled outline in white ink or bare metal."""

    points: tuple[Point, ...]
    is_metal: bool


@dataclass(frozen=True)
class Field:
    """Bare metal behind a jack that is an output, its name left dark in it."""

    left: float
    top: float
    right: float
    bottom: float
    name: Text
    hole: Point


@dataclass(frozen=True)
class Art:
    """The whole panel."""

    width: float
    height: float
    holes: tuple[Hole, ...]
    texts: tuple[Text, ...]
    lines: tuple[Line, ...]
    polygons: tuple[Polygon, ...]
    fields: tuple[Field, ...]


def _mounts() -> Iterator[Hole]:
    left, top = SLOT_FROM_EDGE_MM
    pitch = math.floor((BOARD.width_mm - 2 * left) / HP_MM + 0.5) * HP_MM
    for x in (left, left + pitch):
        for y in (top, PANEL_HEIGHT_MM - top):
            yield Hole("mount", "mount", x, y, *SLOT_MM)


def _hole(control: Control) -> Hole:
    size = {"jack": JACK_HOLE_MM, "pot": POT_HOLE_MM, "led": LED_HOLE_MM, "button": BUTTON_HOLE_MM}
    width, height = USB_HOLE_MM if control.kind == "usb" else (size[control.kind], size[control.kind])
    return Hole(control.name, control.kind, control.x, control.y, width, height)


def _pot_texts(control: Control) -> Iterator[Text]:
    cap = {pot.name: pot.cap_mm for pot in BOARD.pots}[control.name]
    below = control.y + cap / 2
    if control.name.endswith("_ATT"):
        yield Text("-", control.x - 4.6, below + 0.7, 1.6, 0.25)
        yield Text("+", control.x + 4.6, below + 0.7, 1.6, 0.25)
        return
    yield Text(control.name, control.x, below + 2.1, 1.8, 0.3)
    if control.name in HELD:
        yield Text(HELD[control.name], control.x + 0.9, below + 4.4, 1.1, 0.16, is_metal=True)
    if control.name in AXES:
        yield Text(f"z{AXES.index(control.name) + 1}", control.x + 6.4, control.y - 4.6, 1.2, 0.18, is_metal=True)


def _triangle(x: float, y: float, size: float, *, is_metal: bool = False) -> Polygon:
    """An arrow to the right, or to the left where size is negative."""
    half = 0.92 * abs(size)
    return Polygon(((x + size, y), (x - 0.7 * size, y - half), (x - 0.7 * size, y + half)), is_metal)


def _held_arrow(control: Control) -> Polygon:
    """The left button's own sign before what it makes of a knob."""
    cap = {pot.name: pot.cap_mm for pot in BOARD.pots}[control.name]
    return _triangle(control.x - 0.55 * len(HELD[control.name]) - 0.5, control.y + cap / 2 + 4.45, -0.5, is_metal=True)


def _field(control: Control) -> Field:
    name = Text(LABELS.get(control.name, control.name), control.x, control.y - 5.45, 1.7, 0.3)
    half = 7.6
    return Field(control.x - half, control.y - 6.75, control.x + half, control.y + 5.0, name, (control.x, control.y))


def _attenuverter_lines() -> Iterator[Line]:
    places = {control.name: control for control in controls() if control.kind == "pot"}
    for index, axis in enumerate(AXES):
        knob = places[f"{axis}_ATT"]
        jack = next(one for one in controls() if one.kind == "jack" and one.name == f"Z{index + 1}")
        yield Line(((knob.x, knob.y + 4.4), (knob.x, jack.y - 7.4)), 0.5, is_metal=True)


def _top_texts() -> Iterator[Text]:
    middle = BOARD.width_mm / 2
    yield Text(TITLE, middle, 5.6, 3.2, 0.55, is_metal=True)
    for index, led in enumerate(one for one in controls() if one.kind == "led"):
        yield Text(str(index + 1), led.x, led.y - 3.3, 1.3, 0.2)
    yield Text("VOICE", middle, 18.0, 1.2, 0.18)


def art() -> Art:
    """The panel as the board wants it."""
    everything = controls()
    outputs = {jack.name for jack in BOARD.jacks if jack.direction == "out"}
    texts = list(_top_texts())
    polygons, fields = [], []
    for control in everything:
        if control.kind == "pot":
            texts += _pot_texts(control)
            polygons += [_held_arrow(control)] if control.name in HELD else []
        elif control.kind == "jack" and control.name in outputs:
            fields.append(_field(control))
        elif control.kind == "jack":
            texts.append(Text(LABELS.get(control.name, control.name), control.x, control.y - 5.7, 1.7, 0.28))
        elif control.kind == "usb":
            texts.append(Text("USB", control.x, control.y - 5.0, 1.5, 0.25))
        elif control.kind == "button":
            polygons.append(_triangle(control.x, control.y - 4.2, -1.3 if control.x < BOARD.width_mm / 2 else 1.3))
    holes = (*_mounts(), *(_hole(control) for control in everything))
    lines = tuple(_attenuverter_lines())
    return Art(BOARD.width_mm, PANEL_HEIGHT_MM, holes, tuple(texts), lines, tuple(polygons), tuple(fields))
