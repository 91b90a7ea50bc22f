# SPDX-License-Identifier: MIT
"""The plots of a study: errors at a target, errors along the cycles and the weights that are left, and widths."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .statistics import t_interval
from .study import Row, Study, by_label, mean
from .svg import CHARACTER, LINES_LIGHT, Drawing, Scale, apart, padded
from .tables import interval, percent
from .verdict import standings

WIDTH = 760
ROW = 27
LONGEST_GROUP = 12


def error_plot(study: Study, target: float) -> Drawing:
    """Each method's E with its interval and its seeds; the parent is the line at 1."""
    found = standings(study, target)
    top, left = 64, 30 + CHARACTER * max(len(each.name) for each in found)
    height = top + ROW * len(found) + 62
    words = ", ".join(f"{each.name} {each.error.mean:.3f}" for each in found)
    drawing = Drawing(WIDTH, height, f"{study.name}: error at {percent(target)} of the network cycles", words)
    seeds = {each.name: list(study.errors(study.methods(target)[each.name]).values()) for each in found}
    shown = [value for each in found for value in (each.error.low, each.error.high, *seeds[each.name])] + [1.0]
    scale = Scale(*padded(shown, 0.04), left, WIDTH - 124)
    _grid_across(drawing, scale, top - 12, height - 52)
    drawing.line([(scale(1.0), top - 12), (scale(1.0), height - 52)], "line parent-line dash")
    drawing.text(scale(1.0), top - 18, "parent", "parent", "middle")
    for index, each in enumerate(found):
        y, kind = top + ROW * (index + 0.5), "control" if each.control else "method"
        drawing.text(left - 12, y + 4, each.name, "ink", "end")
        if not math.isnan(each.error.low):
            drawing.line([(scale(each.error.low), y), (scale(each.error.high), y)], f"line {kind}-line")
        for value in seeds[each.name]:
            drawing.dot(scale(value), y, f"{kind} seed", 2.6)
        drawing.dot(scale(each.error.mean), y, kind, 5)
        drawing.text(WIDTH - 20, y + 4, interval(each.error), "soft", "end")
    y = height - 14
    drawing.text(
        (left + WIDTH - 124) / 2, y, "E = MRSTFT over the parent's, 95 % interval over seeds", "soft", "middle"
    )
    for x, kind, name in ((22, "method", "method"), (92, "control", "control")):
        drawing.dot(x, y - 4, kind, 5)
        drawing.text(x + 10, y, name)
    return drawing


def _grid_across(drawing: Drawing, scale: Scale, top: float, bottom: float) -> None:
    for value in scale.ticks():
        drawing.line([(scale(value), top), (scale(value), bottom)], "thin grid-line")
        drawing.text(scale(value), bottom + 17, f"{value:g}", "soft", "middle")


Abscissa = Callable[[Row], float]


def curve_plot(study: Study, x_of: Abscissa, title: str, x_label: str, *, removed: bool = False) -> Drawing | None:
    """E along a share of the parent that is left, by logarithm; lines for methods of several targets, bands for seeds.

    removed: the axis tells what is gone. Methods of one target are small dots. None where no method has two.
    """
    lines = {name: rows for name, rows in by_label(study.cells).items() if len({study.share(row) for row in rows}) > 1}
    if not lines:
        return None
    left, right, top, bottom = 64, 22 + CHARACTER * max(map(len, lines)) + 14, 56, 344
    drawing = Drawing(WIDTH, 400, f"{study.name}: {title}", f"{title}: {', '.join(lines)}")
    others = [row for name, rows in by_label(study.cells).items() if name not in lines for row in rows]
    shares = [x_of(row) for row in study.cells]
    x = Scale(min(shares) * 0.85, max(1.0, *shares), left, WIDTH - right, log=True)
    bands = {name: _points(study, rows, x_of) for name, rows in lines.items()}
    errors = [study.error(row) for row in study.cells] + [1.0]
    y = Scale(*padded(errors + [v for points in bands.values() for p in points for v in p[2:]]), bottom, top)
    for value in y.ticks():
        drawing.line([(left, y(value)), (WIDTH - right, y(value))], "thin grid-line")
        drawing.text(left - 8, y(value) + 4, f"{value:g}", "soft", "end")
    for value in x.ticks():
        drawing.text(x(value), bottom + 18, percent(1 - value if removed else value), "soft", "middle")
        drawing.line([(x(value), bottom), (x(value), bottom + 4)], "thin soft-line")
    drawing.line([(left, y(1.0)), (WIDTH - right, y(1.0))], "line parent-line dash")
    drawing.text(left + 6, y(1.0) - 6, "parent", "parent")
    for row in others:
        drawing.dot(x(x_of(row)), y(study.error(row)), "soft seed", 2.6)
    _lines(drawing, bands, x, y, WIDTH - right + 8)
    drawing.text(20, (top + bottom) / 2, "E", "soft", "middle")
    drawing.text((left + WIDTH - right) / 2, bottom + 42, x_label, "soft", "middle")
    if others:
        drawing.dot(left + 4, bottom + 38, "soft seed", 2.6)
        drawing.text(left + 12, bottom + 42, "methods of one target")
    return drawing


Points = list[tuple[float, float, float, float]]


def _points(study: Study, rows: Sequence[Row], x_of: Abscissa) -> Points:
    """Mean x, mean E and the lower and upper edge of its band at each target, ascending."""
    found = []
    for target in sorted({round(study.share(row), 6) for row in rows}):
        here = [row for row in rows if abs(study.share(row) - target) < 1e-6]
        spread = t_interval([study.error(row) for row in here])
        edges = (spread.mean, spread.mean) if math.isnan(spread.low) else (spread.low, spread.high)
        found.append((mean(map(x_of, here)), spread.mean, *edges))
    return found


def _lines(drawing: Drawing, bands: dict[str, Points], x: Scale, y: Scale, label_x: float) -> None:
    labels = apart([y(points[-1][1]) for points in bands.values()], 16)
    for index, (points, label_y, name) in enumerate(zip(bands.values(), labels, bands, strict=True)):
        colour = f"s{index % len(LINES_LIGHT)}"
        if any(low < high for _, _, low, high in points):
            upper = [(x(at), y(high)) for at, _, _, high in points]
            lower = [(x(at), y(low)) for at, _, low, _ in reversed(points)]
            drawing.area(upper + lower, f"{colour} band")
        drawing.line([(x(at), y(error)) for at, error, _, _ in points], f"line {colour}-line")
        for at, error, _, _ in points:
            drawing.dot(x(at), y(error), colour)
        end = (x(points[-1][0]), y(points[-1][1]))
        if label_x - end[0] > 24:
            drawing.line([(end[0] + 7, end[1]), (label_x - 4, label_y)], f"thin {colour}-line dash")
        drawing.text(label_x, label_y + 4, name, colour)


def cycles_left(row: Row) -> float:
    """Network cycles as a share of the parent's."""
    return float(row["network_cycles"]) / float(row["parent_cycles"])


def weights_left(row: Row) -> float:
    """Parameters as a share of the parent's."""
    return float(row["parameters"]) / float(row["parent_parameters"])


def widths_plot(study: Study, target: float) -> Drawing | None:
    """Units of each group that a method keeps, mean over seeds; None without the parents' widths."""
    whole = next((row["widths"] for row in study.parents.values() if row.get("widths")), None)
    methods = {name: rows for name, rows in study.methods(target).items() if all(row.get("widths") for row in rows)}
    if whole is None or not methods:
        return None
    top, left, cell = 96, 30 + CHARACTER * max(map(len, methods)), 27
    column = min(90.0, (WIDTH - 20 - left) / len(whole))
    drawing = Drawing(
        WIDTH,
        top + cell * len(methods) + 40,
        f"{study.name}: units kept at {percent(target)} of the network cycles",
        "Units kept of each group, by method",
    )
    for index, (group, size) in enumerate(whole.items()):
        x = left + column * (index + 0.5)
        drawing.text(x, 62, _short(group), "ink", "middle")
        drawing.text(x, 80, f"of {size}", "soft", "middle")
    widest = {group: max(_kept(rows, group) for rows in methods.values()) or 1.0 for group in whole}
    for line, (name, rows) in enumerate(methods.items()):
        y = top + cell * line
        drawing.text(left - 12, y + cell / 2 + 4, name, "ink", "end")
        for index, group in enumerate(whole):
            kept = _kept(rows, group)
            drawing.box(left + column * index + 2, y + 2, column - 4, cell - 4, "grid")
            drawing.box(left + column * index + 2, y + 2, (column - 4) * kept / widest[group], cell - 4, "method", 0.45)
            drawing.text(
                left + column * (index + 0.5), y + cell / 2 + 4, f"{kept:.1f}".removesuffix(".0"), "ink", "middle"
            )
    y = top + cell * len(methods) + 24
    drawing.text(left, y, "mean over seeds; a full bar is the widest of its column")
    return drawing


def _kept(rows: Sequence[Row], group: str) -> float:
    return mean(row["widths"].get(group, 0) for row in rows)


def _short(group: str) -> str:
    group = group.removesuffix("_features").removesuffix("_projection")
    return group if len(group) <= LONGEST_GROUP else f"{group[: LONGEST_GROUP - 1]}…"
