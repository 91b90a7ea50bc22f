# SPDX-License-Identifier: MIT
"""`lottava soak`: the flash image under cables, gates, MIDI, garbage, requests and power cuts at random."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ._common import VerbError, print_json, progress


def soak(
    seconds: Annotated[float, typer.Argument(help="emulated time; takes about four times as long", min=0.1)] = 60.0,
    number: Annotated[int, typer.Option(help="of the random draws: the same number does the same")] = 0,
    elf: Annotated[Path | None, typer.Option(help="image to play; else the factory voice's is built")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print what happened as JSON")] = False,
) -> None:
    """Play the Seed's image roughly and look for faults, missed blocks, overs and lost settings; Ctrl-C ends it early.

    Example:  lottava soak 600 --number 3
    """
    from lottava.emulator.build import build_image
    from lottava.emulator.soak import run_soak

    image = elf or build_image()
    with progress() as bar:
        task = bar.add_task("soak, emulated seconds", total=round(seconds))
        report = run_soak(image, seconds, number, lambda done: bar.update(task, completed=min(int(done), seconds)))
    told = asdict(report)
    if as_json:
        print_json(told)
    else:
        for name, value in told.items():
            if name != "losses":
                print(f"{name.replace('_', ' '):<20}{value:>12.1f}" if name == "seconds" else _line(name, value))
    if report.losses:
        raise VerbError(f"{len(report.losses)} losses: " + "; ".join(report.losses[:5]))


def _line(name: str, value: int) -> str:
    return f"{name.replace('_', ' '):<20}{value:>12,}"
