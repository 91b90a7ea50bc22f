# SPDX-License-Identifier: MIT
"""The tables of a study, each from its rows alone, with a line in players' words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..analysis.control import LOST_SPEARMAN
from .names import PARENT
from .statistics import Interval, t_interval
from .study import Row, Study, averaged, by_label, is_control, is_scratch, known, mean
from .verdict import EQUAL_OPERATIONS, RANDOM, Against, Standing, standings

AXES = ("bright", "breath", "body")
SAME_COST = 1.05
"""Training costs within 5 % count as equal."""


@dataclass(frozen=True)
class Table:
    """rows: formatted cells, the first one names the row. note: how to read it; players: what it means at the panel."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    players: str = ""

    def markdown(self) -> str:
        """A pipe table, its note, its line for players."""
        head = ["| " + " | ".join(self.columns) + " |", "|" + "---|" + "---:|" * (len(self.columns) - 1)]
        lines = [*head, *("| " + " | ".join(row) + " |" for row in self.rows)]
        return "\n\n".join(part for part in ("\n".join(lines), self.note, self.players) if part)


def number(value: float | None, form: str = ".3f") -> str:
    """A figure, or a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return format(value, form).replace("-", "−").replace("%", " %")


def interval(found: Interval, form: str = ".3f") -> str:
    """Mean ± half the interval; the mean alone where one seed is all."""
    if math.isnan(found.low):
        return number(found.mean, form)
    return f"{number(found.mean, form)} ± {number(found.mean - found.low, form)}"


def percent(target: float) -> str:
    """A share in three digits."""
    return f"{100 * target:.3g} %"


def _span(values: Sequence[float], form: str) -> str:
    low, high = (format(value, form) for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def players_line(rows: Sequence[Row], who: str) -> str:
    """Voices that fit the bank, voices that can morph at once, worst-case CPU, of these rows."""
    if not rows:
        return ""
    bank, morph, cpu = (known(rows, key) for key in ("bank_voices", "morph_voices", "worst_cpu"))
    if not (bank and morph and cpu):
        return ""
    if max(morph) < 1:
        return f"In players' words: {who} does not fit the module."
    return (
        f"In players' words, {who}: {_span(bank, '.0f')} voices like it fit the bank, {_span(morph, '.0f')} can morph "
        f"at once, and the worst block keeps the processor {_span([100 * share for share in cpu], '.0f')} % busy."
    )


def _best_line(study: Study, target: float) -> str:
    methods = study.methods(target)
    best = next((name for name in methods if not is_control(name)), next(iter(methods)))
    return players_line(methods[best], f"{best} at {percent(target)}")


def _against(found: Against | None) -> str:
    if found is None:
        return "–"
    apart = found.difference
    if math.isnan(apart.low):
        return number(apart.mean, "+.3f")
    middle, low, high = (number(value, "+.3f") for value in (apart.mean, apart.low, apart.high))
    return f"{middle} [{low}, {high}], p {p_text(found.p)}"


def p_text(value: float) -> str:
    """A p-value."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _verdict(standing: Standing) -> str:
    if standing.control:
        return "control"
    if standing.seeds == 1:
        return "one seed"
    if len(standing.against) < 2:
        return "no control"
    beaten = [each.control for each in standing.against.values() if each.beaten]
    return "**wins**" if standing.wins else f"beats {beaten[0]} only" if beaten else "beats neither"


def error_table(study: Study, target: float) -> Table:
    """E by method, and the differences to random and scratch-B that decide who wins."""
    found = standings(study, target)
    rows = [
        [
            each.name,
            interval(each.error),
            str(each.seeds),
            _against(each.against.get(RANDOM)),
            _against(each.against.get(EQUAL_OPERATIONS)),
            _verdict(each),
        ]
        for each in found
    ]
    note = (
        f"E is MRSTFT over that of the same seed's parent (1 = as good as the parent, lower is better), at "
        f"{percent(target)} of the parent's network cycles; mean ± 95 % t-interval over seeds. Differences are paired "
        "by seed, with a 95 % bootstrap interval and the paired t-test's p after Holm's correction over the methods. A "
        "method wins only if it beats both controls."
    )
    return Table(
        ("method", "E", "seeds", "less random", "less scratch-B", "verdict"), rows, note, _best_line(study, target)
    )


def speed_table(study: Study, target: float | None = None) -> Table:
    """Weights removed against network cycles against modelled cycles of the whole voice."""
    rows = [_speed_row(study, PARENT, list(study.parents.values()))] if study.parents else []
    targets = study.targets if target is None else [target]
    for each in targets:
        rows += [_speed_row(study, name, found) for name, found in study.methods(each).items()]
    note = (
        "Network cycles are a tick's, modelled, as a share of the parent's; below the target is what widths in "
        "multiples of 4 leave unused. The whole voice is a mean block of 48 samples, which the network shares with "
        "partials, noise and panel; CPU is the worst block's share of the time there is."
    )
    columns = ("method", "target", "weights removed", "network cycles", "below target", "whole voice", "CPU, worst")
    parent = players_line(list(study.parents.values()), "the parent")
    best = _best_line(study, targets[-1]) if targets else ""
    return Table(columns, rows, note, " ".join(filter(None, (parent, best.replace("In players' words, ", "And ")))))


def _speed_row(study: Study, name: str, rows: Sequence[Row]) -> list[str]:
    removed = mean(1 - row["parameters"] / row["parent_parameters"] for row in rows)
    cycles = mean(row["network_cycles"] / row["parent_cycles"] for row in rows)
    below = mean(row["distance"] / row["target_cycles"] for row in rows)
    cpu = averaged(rows, "worst_cpu")
    return [
        name,
        percent(study.share(rows[0])),
        f"{100 * removed:.1f} %",
        f"{mean(known(rows, 'network_cycles')):,.0f} ({percent(cycles)})",
        f"{100 * below:.1f} %",
        f"{number(averaged(rows, 'mean_block_cycles'), ',.0f')}",
        "–" if cpu is None else f"{100 * cpu:.0f} %",
    ]


def control_table(study: Study, target: float) -> Table:
    """Whether the knobs still do what they say: Spearman's rank correlation of axis and descriptor."""
    methods = {PARENT: list(study.parents.values())} | study.methods(target)
    keys = [f"{axis}_spearman" for axis in AXES]
    keys = [key for key in keys if any(known(rows, key) for rows in methods.values())]
    rows, losers = [], []
    for name, found in methods.items():
        cells = []
        for key in keys:
            value, whole = averaged(found, key), averaged(methods[PARENT], key)
            lost = value is not None and whole is not None and whole - value > LOST_SPEARMAN
            losers += [name] if lost else []
            cells.append(f"{number(value)} ▼" if lost else number(value))
        talk = [value for axis in AXES for value in known(found, f"{axis}_cross_talk")]
        rows.append([name, *cells, number(max(talk) if talk else None, ".2f")])
    note = (
        "Spearman's correlation between a knob's position and the descriptor that it is named after, mean over seeds: "
        "1 is a knob that does what it says all the way. Cross-talk is how far the other descriptors move with the "
        f"worst knob, in their own spreads. ▼ marks a loss of more than {LOST_SPEARMAN} against the parent"
        + ("." if losers else ": none.")
    )
    axes = tuple(key.removesuffix("_spearman").upper() for key in keys)
    return Table(("method", *axes, "cross-talk"), rows, note, _best_line(study, target))


QUALITY = (
    ("mrstft", "MRSTFT", ".3f"),
    ("mrstft_noon", "at noon", ".3f"),
    ("f0_cents", "f0, cents", ".1f"),
    ("f0_gross_rate", "gross f0", ".1%"),
    ("loudness_db", "loudness, dB", ".2f"),
    ("frechet", "Fréchet", ".3g"),
    ("frechet_floor", "its floor", ".3g"),
    ("mel_frechet", "Fréchet of mel", ".3g"),
    ("mel_frechet_floor", "its floor", ".3g"),
    ("visqol", "ViSQOL", ".2f"),
)
"""Key of a row, its column, its format; columns that no row fills are left out."""


def quality_table(study: Study, target: float) -> Table:
    """How it sounds, in every measure that the rows hold."""
    methods = {PARENT: list(study.parents.values())} | study.methods(target)
    shown = [entry for entry in QUALITY if any(known(rows, entry[0]) for rows in methods.values())]
    rows = [[name, *(number(averaged(found, key), form) for key, _, form in shown)] for name, found in methods.items()]
    note = (
        "On held-out notes, mean over seeds; lower is better but for ViSQOL. A Fréchet distance at its floor is none."
    )
    return Table(("method", *(column for _, column, _ in shown)), rows, note, _best_line(study, target))


def training_table(study: Study, target: float) -> Table:
    """What it took to find, and a second ranking: among what cost no more."""
    methods = study.methods(target)
    cost = {name: averaged(rows, "training_macs") or 0.0 for name, rows in methods.items()}
    error = {name: mean(study.errors(rows).values()) for name, rows in methods.items()}
    rows = []
    for rank, (name, found) in enumerate(methods.items(), start=1):
        cheaper = [other for other in methods if cost[other] <= SAME_COST * cost[name]]
        place = 1 + sum(error[other] < error[name] for other in cheaper)
        steps = averaged(found, "steps")
        cells = (number(steps, ",.0f"), f"{cost[name]:.2f}", interval_of(study, found), str(rank))
        rows.append([name, *cells, f"{place} of {len(cheaper)}"])
    note = (
        "Operations of all trainings together, a training of the parent = 1. The last column ranks a method by E among "
        "those that cost no more: 1 means that nothing as cheap is better."
    )
    columns = ("method", "steps", "training", "E", "rank", "among as cheap")
    return Table(columns, rows, note, _best_line(study, target))


def interval_of(study: Study, rows: Sequence[Row]) -> str:
    """E of rows, formatted."""
    return interval(t_interval(list(study.errors(rows).values())))


def scratch_table(study: Study, target: float) -> Table | None:
    """Where a ticket does not beat a small network trained from scratch; None where no row is from scratch."""
    methods = study.methods(target)
    if not any(is_scratch(name) for name in methods):
        return None
    rows, open_names = [], []
    for each in standings(study, target):
        against = each.against.get(EQUAL_OPERATIONS)
        if against is None:
            continue
        open_names += [] if against.beaten else [each.name]
        fresh = interval_of(study, methods[against.control])
        verdict = "beats it" if against.beaten else "**does not beat it**"
        rows.append([each.name, interval(each.error), against.control, fresh, _against(against), verdict])
    note = (
        f"Not better than a network of its size trained from scratch: {', '.join(open_names)}."
        if open_names
        else "Every method beats the small network trained from scratch."
    )
    columns = ("method", "E", "from scratch", "its E", "difference", "")
    return Table(columns, rows, note, _best_line(study, target))


def curve_table(study: Study) -> Table | None:
    """Methods with several targets, point by point; None where there are none."""
    rows = []
    for name, found in by_label(study.cells).items():
        targets = sorted({round(study.share(row), 6) for row in found}, reverse=True)
        if len(targets) < 2:
            continue
        for target in targets:
            at = [row for row in study.at(target) if by_label([row]).get(name)]
            removed = mean(1 - row["parameters"] / row["parent_parameters"] for row in at)
            cpu = averaged(at, "worst_cpu")
            rows.append(
                [name, percent(target), number(averaged(at, "parameters"), ",.0f"), f"{100 * removed:.2f} %"]
                + [interval_of(study, at), str(len(at)), "–" if cpu is None else f"{100 * cpu:.0f} %"]
            )
    columns = ("method", "network cycles", "parameters", "weights removed", "E", "seeds", "CPU, worst")
    line = _best_line(study, study.targets[-1]) if rows else ""
    return Table(columns, rows, "E as above; each line is a network of its own.", line) if rows else None
