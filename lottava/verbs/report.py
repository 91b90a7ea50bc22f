# SPDX-License-Identifier: MIT
"""`lottava report`: tables and plots from rows alone, to read, as files, or into a document's marked blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._common import check_folder, print_json, say

report = typer.Typer(
    no_args_is_help=True,
    help="Make tables and plots of measured rows.\n\nExample:  lottava report compare rows.jsonl --out report",
)


@report.callback()
def _reports() -> None:
    """Tables and plots from rows alone."""


@report.command()
def compare(
    rows: Annotated[Path, typer.Argument(help="file of rows, as `lottava compare` writes it")],
    out: Annotated[Path | None, typer.Option(help="folder that receives report.md and the plots as SVG")] = None,
    docs: Annotated[
        Path | None, typer.Option(help="document whose marked blocks are filled; plots go to a folder of its name")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the blocks as JSON: name, Markdown")] = False,
) -> None:
    """What a comparison found, with intervals: errors, who beats the controls, cycles, knobs, and cost of training.

    Without --out and --docs the tables are printed. Example:  lottava report compare rows.jsonl --out report
    """
    from lottava.training.compare import publish
    from lottava.training.compare.rows import read

    found = read(rows)
    if docs is not None:
        made = publish.report(found, prefix=f"{docs.stem}/")
        docs.write_text(publish.fill(docs.read_text(encoding="utf-8"), made), encoding="utf-8")
        _save_plots(made.plots, docs.with_suffix(""))
        say(f"{docs}: {len(made.blocks)} blocks known; {len(made.plots)} plots in {docs.with_suffix('')}")
    made = publish.report(found)
    if out is not None:
        _save_plots(made.plots, out)
        (out / "report.md").write_text(publish.whole(made), encoding="utf-8")
        say(f"{out / 'report.md'}, {len(made.plots)} plots beside it")
    if as_json:
        print_json(dict(made.blocks))
    elif out is None and docs is None:
        print(publish.whole(made), end="")


def _save_plots(plots: dict[str, str], folder: Path) -> None:
    check_folder(folder)
    for name, text in plots.items():
        (folder / name).write_text(text, encoding="utf-8")
