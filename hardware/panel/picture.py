# SPDX-License-Identifier: MIT
"""The panel as a player sees it, knobs, nuts and lenses on: an SVG for README and manual."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from lottava.board import BOARD

from ..pcb.panel_parts import controls
from .art import NUT_MM, Art, Text

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "panel.svg"
FACE, INK, METAL, DARK = "#131417", "#efece4", "#d9b36a", "#131417"
KNOBS = {12.0: "#3b3e45", 10.0: "#4c3b5e", 6.0: "#2a2a2f"}
SCALE = 6
BORDER_MM = 2.0


def _text(text: Text, colour: str) -> str:
    size = 1.42 * text.size
    weight = 700 if text.size >= 1.5 else 500
    return (
        f'<text x="{text.x:.2f}" y="{text.y + 0.36 * size:.2f}" font-size="{size:.2f}" font-weight="{weight}" '
        f'fill="{colour}">{escape(text.text.replace("-", "−"))}</text>'
    )


def _circle(x: float, y: float, radius: float, fill: str, stroke: str = "none", width: float = 0.0) -> str:
    return (
        f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius:.2f}" fill="{fill}" stroke="{stroke}" stroke-width="{width}"/>'
    )


def _printed(art: Art) -> Iterator[str]:
    yield f'<rect width="{art.width}" height="{art.height}" rx="0.8" fill="{FACE}"/>'
    for field in art.fields:
        size = f'width="{field.right - field.left:.2f}" height="{field.bottom - field.top:.2f}"'
        yield f'<rect x="{field.left:.2f}" y="{field.top:.2f}" {size} rx="1" fill="{METAL}"/>'
        yield _text(field.name, DARK)
    for line in art.lines:
        points = " ".join(f"{x:.2f},{y:.2f}" for x, y in line.points)
        yield f'<polyline points="{points}" fill="none" stroke="{METAL}" stroke-width="{line.width}"/>'
    for polygon in art.polygons:
        points = " ".join(f"{x:.2f},{y:.2f}" for x, y in polygon.points)
        yield f'<polygon points="{points}" fill="{METAL if polygon.is_metal else INK}"/>'
    for text in art.texts:
        yield _text(text, METAL if text.is_metal else INK)


def _slot(x: float, y: float, width: float, height: float, fill: str) -> str:
    place = f'x="{x - width / 2:.2f}" y="{y - height / 2:.2f}" width="{width}" height="{height}"'
    return f'<rect {place} rx="{height / 2:.2f}" fill="{fill}"/>'


def _fitted(art: Art) -> Iterator[str]:
    caps = {pot.name: pot.cap_mm for pot in BOARD.pots}
    for hole in art.holes:
        if hole.kind == "mount":
            yield _slot(hole.x, hole.y, hole.width, hole.height, "#6d6d70")
    for control in controls():
        x, y = control.x, control.y
        if control.kind == "pot":
            radius = caps[control.name] / 2
            yield _circle(x, y, radius, KNOBS[caps[control.name]], "#8d8b84", 0.35)
            yield f'<path d="M{x:.2f} {y:.2f}V{y - radius + 0.5:.2f}" stroke="#fff" stroke-width="0.7"/>'
        elif control.kind == "jack":
            yield _circle(x, y, NUT_MM - 0.2, "#b4b4b4", "#6a6a6a", 0.3)
            yield _circle(x, y, 1.85, "#070707")
        elif control.kind == "led":
            yield _circle(x, y, 1.55, "#2c4a2c" if control.name != "SLOT_1" else "#6fd35c", "#000", 0.3)
        elif control.kind == "button":
            yield _circle(x, y, 1.75, "#d8d5cb")
        else:
            yield _slot(x, y, 12.8, 6.9, "#000")
            yield _slot(x, y, 9.0, 3.2, "#9a9a9a")
            yield _slot(x, y, 8.0, 2.2, "#111")


def svg(art: Art) -> str:
    """The picture."""
    width, height = art.width + 2 * BORDER_MM, art.height + 2 * BORDER_MM
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SCALE * width:.0f}" height="{SCALE * height:.0f}" '
        f'viewBox="{-BORDER_MM} {-BORDER_MM} {width:.2f} {height:.2f}" text-anchor="middle" '
        'font-family="DejaVu Sans, Verdana, Arial, sans-serif">'
    )
    frame = f'<rect x="{-BORDER_MM}" y="{-BORDER_MM}" width="{width}" height="{height}" fill="#2b2b2d"/>'
    label = "<title>The panel of the lottava module, drawn from lottava/board.py</title>"
    return "\n".join([head, label, frame, *_printed(art), *_fitted(art), "</svg>"]) + "\n"
