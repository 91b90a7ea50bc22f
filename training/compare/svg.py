# SPDX-License-Identifier: MIT
"""A drawing as SVG text that stands alone, for light and dark ground; the same numbers give the same bytes."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from itertools import pairwise

from ..analysis.charts import ticks

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'
LIGHT = {
    "ground": "#ffffff",
    "ink": "#1d1c1a",
    "soft": "#66625b",
    "grid": "#e4e0d8",
    "method": "#6a4c93",
    "control": "#b5790d",
    "parent": "#2c7a4b",
}
DARK = {
    "ground": "#141518",
    "ink": "#ece9e2",
    "soft": "#a09b92",
    "grid": "#31333a",
    "method": "#b79be0",
    "control": "#e0b45c",
    "parent": "#7cc796",
}
LINES_LIGHT = ("#6a4c93", "#c07d0a", "#1f7fa6", "#a33b52", "#5b7f1e", "#8a6d3b", "#3f4fa8", "#7a7a7a")
LINES_DARK = ("#b79be0", "#e0b45c", "#6fc0de", "#ee8ba0", "#b5cf6b", "#cdb58a", "#96a4f0", "#b0b0b0")
CHARACTER = 6.4
"""Mean width of a character of 12 px, for what has to be set beside words."""


def _rules(colours: dict[str, str], lines: Sequence[str]) -> str:
    rules = [f".{name} {{ fill: {colour}; }} .{name}-line {{ stroke: {colour}; }}" for name, colour in colours.items()]
    rules += [f".s{i} {{ fill: {colour}; }} .s{i}-line {{ stroke: {colour}; }}" for i, colour in enumerate(lines)]
    return "\n  ".join(rules)


def style(dark: bool | None = None) -> str:
    """The style sheet; by the reader's setting, or one of the two."""
    light_rules, dark_rules = _rules(LIGHT, LINES_LIGHT), _rules(DARK, LINES_DARK)
    both = f"{light_rules}\n  @media (prefers-color-scheme: dark) {{\n  {dark_rules}\n  }}"
    rules = both if dark is None else dark_rules if dark else light_rules
    return (
        f"<style>\n  text {{ font: 12px {FONT}; }} .title {{ font-size: 15px; font-weight: 650; }}\n"
        f"  .line {{ fill: none; stroke-width: 2; stroke-linejoin: round; }} .thin {{ stroke-width: 1; fill: none; }}\n"
        f"  .band {{ opacity: .16; }} .seed {{ opacity: .45; }} .dash {{ stroke-dasharray: 4 4; }}\n  {rules}\n</style>"
    )


class Drawing:
    """Elements are added in the order in which they are painted. Coordinates are pixels from the upper left."""

    def __init__(self, width: float, height: float, title: str, says: str) -> None:
        """says: the picture in words, for those who can't see it."""
        self.width, self.height = width, height
        self.parts = [f'<rect class="ground" width="{width:g}" height="{height:g}" rx="10"/>']
        self.says = says
        self.text(20, 28, title, "title ink")

    def text(self, x: float, y: float, words: str, kind: str = "soft", anchor: str = "start", turn: int = 0) -> None:
        """Words with their baseline at y."""
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        self.parts.append(
            f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turned}>{html.escape(words)}</text>'
        )

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """Points joined."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline class="{kind}" points="{path}"/>')

    def area(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """A filled outline."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polygon class="{kind}" points="{path}"/>')

    def dot(self, x: float, y: float, kind: str, radius: float = 4) -> None:
        """A disc."""
        self.parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>')

    def box(self, x: float, y: float, width: float, height: float, kind: str, opacity: float = 1) -> None:
        """A filled rectangle."""
        faint = f' fill-opacity="{opacity:.2f}"' if opacity < 1 else ""
        self.parts.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="3"{faint}/>'
        )

    def render(self, dark: bool | None = None) -> str:
        """The file's text."""
        size = f'width="{self.width:g}" height="{self.height:g}" viewBox="0 0 {self.width:g} {self.height:g}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{html.escape(self.says)}">'
        return "\n".join([head, "<!-- SPDX-License-Identifier: CC-BY-4.0 -->", style(dark), *self.parts, "</svg>", ""])


class Scale:
    """Values to pixels, linear or by logarithm."""

    def __init__(self, low: float, high: float, start: float, end: float, *, log: bool = False) -> None:
        self.low, self.high, self.start, self.end, self.log = low, high, start, end, log

    def __call__(self, value: float) -> float:
        """The pixel of a value; values outside lie at the edge."""
        low, high, value = (math.log(v) if self.log else v for v in (self.low, self.high, max(value, 1e-12)))
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def ticks(self, about: int = 6) -> list[float]:
        """Round values within."""
        if not self.log:
            return ticks(self.low, self.high, about)
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        found = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
        return [value for value in found if self.low * 0.999 <= value <= self.high * 1.001]


def padded(values: Sequence[float], share: float = 0.06) -> tuple[float, float]:
    """A range that holds all finite values and some air."""
    found = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(found), max(found)
    air = share * (high - low) or 0.05 * abs(high) or 0.5
    return low - air, high + air


def apart(wanted: Sequence[float], least: float) -> list[float]:
    """Positions as near to the wanted ones as labels of a height allow, in the same order."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    found = list(wanted)
    for _ in range(100):
        moved = False
        for before, after in pairwise(order):
            short = least - (found[after] - found[before])
            if short > 1e-6:
                found[before] -= short / 2
                found[after] += short / 2
                moved = True
        if not moved:
            break
    return found
