# SPDX-License-Identifier: MIT
"""Everything that rows have to say, by name: blocks of Markdown and plots, and the document that holds them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .plots import curve_plot, cycles_left, error_plot, weights_left, widths_plot
from .study import ReportError, Row, Study, averaged, is_control, known, mean, studies
from .tables import (
    control_table,
    curve_table,
    error_table,
    interval_of,
    percent,
    quality_table,
    scratch_table,
    speed_table,
    training_table,
)
from .tables_more import ranks_table, structure_table
from .verdict import standings

BLOCK = re.compile(r"(<!-- rows: ([\w./ -]+?) -->\n).*?(<!-- end rows -->)", re.S)
NOTHING = "No rows yet."
SMALL_PARAMETERS, SMALL_ERROR = 2500, 1.10
MOST_REMOVED, REMOVED_ERROR = 0.95, 1.05


@dataclass(frozen=True)
class Report:
    """blocks: name → Markdown; plots: file name → SVG text."""

    blocks: Mapping[str, str]
    plots: Mapping[str, str]


def main_target(study: Study) -> float:
    """The target with the most methods; of equals the smallest."""
    return max(study.targets, key=lambda target: (len(study.methods(target)), -target))


def _facts(study: Study) -> str:
    row = study.rows[0]
    seeds = ", ".join(str(seed) for seed in sorted(study.parents))
    return (
        f"{row['family'].upper()} on {row['data']}: parent of {row['parent_parameters']:,} parameters and "
        f"{row['parent_cycles']:,.0f} network cycles, {row['steps_each']:,} steps a training, seeds {seeds}; "
        f"{len(study.rows)} cells on {row['device']} ({', '.join(sorted({str(r['machine']) for r in study.rows}))}, "
        f"torch {', '.join(sorted({str(r['torch']) for r in study.rows}))}, {row['threads']} thread a cell), "
        f"{sum(known(study.rows, 'seconds')) / 3600:.1f} hours of training and measuring in all."
    )


def _summary(study: Study, target: float) -> str:
    found = standings(study, target)
    methods = [each for each in found if not each.control]
    if not methods:
        return f"Only controls were run at {percent(target)}."
    wins = [each.name for each in methods if each.wins]
    best = methods[0]
    words = f"At {percent(target)} of the parent's network cycles {best.name} has the lowest error of the methods, E = "
    words += f"{interval_of(study, study.methods(target)[best.name])}. "
    if not all(len(each.against) == 2 for each in methods) or best.seeds == 1:
        return words + "Without both controls, or with one seed, nothing can win here."
    words += f"{len(wins)} of {len(methods)} methods beat both random units and the small network from scratch"
    words += f": {', '.join(wins)}." if wins else "."
    better = [each.name for each in found if each.control and each.error.mean < best.error.mean]
    return words + (f" These controls are better still: {', '.join(better)}." if better else "")


def _claims(study: Study) -> str:
    """The two promises, and how near the rows come to them."""
    return "\n".join(
        f"- {words}: {_claim(study, rows, limit)}"
        for words, limit, rows in (
            (
                f"At least {percent(MOST_REMOVED)} of the weights removed at E ≤ {REMOVED_ERROR}",
                REMOVED_ERROR,
                [row for row in study.cells if 1 - row["parameters"] / row["parent_parameters"] >= MOST_REMOVED],
            ),
            (
                f"At most {SMALL_PARAMETERS:,} parameters at E ≤ {SMALL_ERROR}",
                SMALL_ERROR,
                [row for row in study.cells if row["parameters"] <= SMALL_PARAMETERS],
            ),
        )
    )


def _claim(study: Study, rows: Sequence[Row], limit: float) -> str:
    found = []
    for target in {round(study.share(row), 6) for row in rows}:
        for name, members in study.methods(target).items():
            if not is_control(name) and all(row in rows for row in members):
                found.append((mean(study.errors(members).values()), name, members))
    if not found:
        return "no such ticket in these rows."
    error, name, members = min(found, key=lambda entry: entry[:2])
    parameters = averaged(members, "parameters") or 0.0
    words = f"{name} with {parameters:,.0f} parameters, E = {interval_of(study, members)} {_seeds(members)}."
    return f"**{'held' if error <= limit else 'not held'}**; nearest is {words}"


def _seeds(rows: Sequence[Row]) -> str:
    return "of one seed" if len(rows) == 1 else f"over {len(rows)} seeds"


def report(rows: Sequence[Row], prefix: str = "") -> Report:
    """Blocks and plots of rows. prefix: folder of the plots, as seen from the document. Raises ReportError."""
    blocks, plots = dict[str, str](), dict[str, str]()
    found = studies(rows)
    for study in found:
        if study.targets:
            _add(study, blocks, plots, prefix)
    ranks = ranks_table(found)
    if ranks is not None:
        blocks["ranks"] = ranks.markdown()
    return Report(blocks, plots)


def _add(study: Study, blocks: dict[str, str], plots: dict[str, str], prefix: str) -> None:
    target = main_target(study)
    tables = {
        "error": error_table(study, target),
        "scratch": scratch_table(study, target),
        "speed": speed_table(study),
        "curve": curve_table(study),
        "quality": quality_table(study, target),
        "control": control_table(study, target),
        "structure": structure_table(study, target),
        "training": training_table(study, target),
    }
    drawings = {
        "error": error_plot(study, target),
        "cycles": curve_plot(
            study, cycles_left, "error along the network cycles", "network cycles, as a share of the parent's"
        ),
        "weights": curve_plot(study, weights_left, "error along the weights", "weights removed", removed=True),
        "widths": widths_plot(study, target),
    }
    blocks[f"{study.name}/facts"] = _facts(study)
    blocks[f"{study.name}/summary"] = _summary(study, target)
    blocks[f"{study.name}/claims"] = _claims(study)
    for name, table in tables.items():
        if table is not None:
            blocks[f"{study.name}/{name}"] = table.markdown()
    for name, drawing in drawings.items():
        if drawing is not None:
            file = f"{study.name}-{name}.svg"
            plots[file] = drawing.render()
            blocks[f"{study.name}/{name} plot"] = f"![{drawing.says}]({prefix}{file})"


def whole(found: Report) -> str:
    """Every block under its name, for a reader of rows without a document."""
    parts = ["# What the rows say"]
    for name, text in found.blocks.items():
        parts += [f"## {name}", text]
    return "\n\n".join(parts) + "\n"


def fill(document: str, found: Report) -> str:
    """A document with its blocks, `<!-- rows: NAME -->` … `<!-- end rows -->`, filled; all that is outside stays.

    A block of a study, or a table, that the rows don't hold says so. Raises ReportError for a document without blocks.
    """
    if not BLOCK.search(document):
        raise ReportError("the document has no block <!-- rows: NAME --> … <!-- end rows -->")
    return BLOCK.sub(lambda hit: f"{hit[1]}{found.blocks.get(hit[2], NOTHING)}\n{hit[3]}", document)
