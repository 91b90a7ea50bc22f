# SPDX-License-Identifier: MIT
"""`lottava budget`: what a voice takes of the module, layer by layer, and what to trim where it is too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ._common import print_json

if TYPE_CHECKING:
    from rich.table import Table

    from lottava.export.budget import Budget, Line
    from lottava.export.trim import Trim

BAR = 24
ALIKE = ("network step", "mean block")


def budget(
    voice: Annotated[str, typer.Argument(help="a .lottava file, or the name of a factory voice")],
    trim: Annotated[bool, typer.Option("--trim", help="show what a unit less saves, even where all fits")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print everything as JSON")] = False,
) -> None:
    """Does a voice fit the module: flash, memories, cycles a block. Exit 1 says no, and what to trim.

    Cycles are modelled, not measured. Example:  lottava budget sax
    """
    from lottava import library, voicefile
    from lottava.export import budget as budgets
    from lottava.export import gate
    from lottava.export import trim as trimming
    from lottava.levels import level_count

    loaded = voicefile.load(library.find_voice(voice))
    result = budgets.budget_of(loaded.graph)
    trims = trimming.trims(loaded.graph)
    levels = [budgets.budget_of(loaded.graph, level) for level in range(level_count(loaded.graph))]
    if as_json:
        more = {"trims": [vars(entry) for entry in trims], "levels": [level.as_dict()["lines"] for level in levels]}
        print_json({"voice": loaded.card.name} | result.as_dict() | more)
    else:
        _show(loaded.card.name, result, trims if trim or not result.fits else ())
        if len(levels) > 1:
            _show_levels(levels)
    if not result.fits:
        raise budgets.BudgetError(gate.refusal(loaded.graph, result))


def _show(name: str, result: Budget, trims: tuple[Trim, ...]) -> None:
    from rich.console import Console

    console = Console()
    verdict = "[green]fits[/]" if result.fits else "[red]does not fit[/]"
    console.print(f"[bold]{name}[/] {verdict} the module ({result.use.name}; cycles are modelled)\n", highlight=False)
    console.print(_resources(result.lines))
    console.print(_layers(result))
    if trims:
        console.print(_trims(trims, result))


def _show_levels(levels: list[Budget]) -> None:
    from rich.console import Console

    names = [line.name for line in levels[0].lines if line.name not in ("flash", "state")]
    table = _table("Level by level: narrower networks within this one", "level", *names)
    for number, level in enumerate(levels):
        used = {line.name: line.used for line in level.lines}
        table.add_row(str(number), *(f"{used[name]:,.0f}" for name in names))
    Console().print(table)


def _table(title: str, *columns: str, words: int = 1) -> Table:
    """The first `words` columns hold words, the rest figures."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index < words else "right", no_wrap=True)
    return table


def _resources(lines: tuple[Line, ...]) -> Table:
    table = _table("What it takes", "", "used", "of", "", "")
    for line in lines:
        if line.limit is None:
            table.add_row(line.name, f"{line.used:,.0f}", "", line.unit, "")
            continue
        share = line.used / line.limit
        colour = "red" if share > 1 else "yellow" if share > 0.9 else "green"
        full = min(BAR, round(BAR * share))
        bar = f"[{colour}]{'█' * full}[/][dim]{'░' * (BAR - full)}[/]"
        left = f"{1 - share:.0%} left" if share <= 1 else f"[red]{share - 1:.0%} too much[/]"
        table.add_row(line.name, f"{line.used:,.0f}", f"{line.limit:,.0f}", line.unit, f"{bar} {left:>10}")
    table.columns[-1].justify = table.columns[-2].justify = "left"
    return table


def _layers(result: Budget) -> Table:
    title = "Layer by layer: DTCM is the fast memory, AXI the large one"
    table = _table(title, "layer", "kind", "in", "bytes", "state", "runs/s", "cycles/run", words=3)
    for layer in result.layers:
        figures = (layer.bytes, layer.state, layer.per_second, layer.cycles)
        where = layer.memory if layer.memory == "DTCM" else f"[yellow]{layer.memory}[/]"
        table.add_row(layer.name, layer.kind, where, *(f"{figure:,.0f}" if figure else "–" for figure in figures))
    return table


def _trims(trims: tuple[Trim, ...], result: Budget) -> Table:
    """Of the mean and the worst block, which change alike, only the worst."""
    shown = [
        line for line in result.lines if line.limit is not None and line.name not in ("mean block", "network step")
    ]
    columns = [f"{line.name}\n{line.unit}" for line in shown] + ([] if result.fits else ["alone fits\nwith units"])
    table = _table("What a unit less saves", "group", "units\nnow", *columns)
    for entry in trims:
        saved = [f"{entry.saves[line.name]:,.0f}" if entry.saves[line.name] else "–" for line in shown]
        alone = [] if result.fits else [str(entry.fits_at or "–")]
        table.add_row(entry.group, str(entry.width), *saved, *alone)
    return table
