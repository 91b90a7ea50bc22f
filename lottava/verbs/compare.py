# SPDX-License-Identifier: MIT
"""`lottava compare`: many reductions of one parent, cell by cell into a file of rows; it can be killed and goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._common import VerbError, say, tune_process

if TYPE_CHECKING:
    from lottava.training.compare.plan import Comparison
    from lottava.training.data.dataset import Dataset
    from lottava.training.reduction.cell import Cell

DEVICES = ("cpu", "cuda")


def compare(
    config: Annotated[str, typer.Argument(help="ddsp-sax, ddsp-sax-curve, nsf-sax, nano; or a .toml file")],
    out: Annotated[Path | None, typer.Option(help="file of rows; default: the comparison's name, .jsonl")] = None,
    data: Annotated[str | None, typer.Option(help="folder or packaged set, instead of the comparison's")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="cells at once; default: one a processor")] = None,
    address: Annotated[str | None, typer.Option(help="Ray cluster to run on: host:port, or auto")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    listing: Annotated[bool, typer.Option("--list", help="print the cells and whether each is done; run none")] = False,
) -> None:
    """Train and measure each (method, target, seed) cell that the file of rows lacks; killed, it goes on where it was.

    Example:  lottava compare ddsp-sax --out rows.jsonl
    """
    tune_process()
    from lottava.training.compare.plan import load_comparison
    from lottava.training.compare.rows import RowFile

    from ._compare import Run, fill

    if device not in DEVICES:
        raise VerbError(f"--device {device}: take one of {', '.join(DEVICES)}")
    chosen = load_comparison(config)
    name = data or chosen.data
    dataset = _dataset(name)
    path = out or Path(f"{chosen.name}.jsonl")
    if listing:
        return _list(chosen, dataset, path, device)
    with RowFile(path) as rows:
        rows.check_device(device)
        failures = fill(rows, chosen, Run(dataset, Path(name).name, device, jobs, address))
    if failures:
        raise VerbError(f"{failures} cells failed, for the reasons above; the same command tries them again")
    say(f"{path}: {len(rows.rows)} rows. Tables and plots:  lottava report compare {path}")


def _dataset(data: str) -> Dataset:
    from lottava.training.data.fetch import SOURCES, fetch
    from lottava.training.data.prepare import build

    dataset = build(fetch(data) if data in SOURCES else Path(data))
    if not dataset.heldout:
        raise VerbError(f"no note of {data} can be held out to judge networks by; record three or more pitches")
    return dataset


def _list(comparison: Comparison, dataset: Dataset, path: Path, device: str) -> None:
    from lottava.training.compare import rows
    from lottava.training.compare.names import label

    done = {row["key"] for row in rows.read(path)} if path.exists() else set()
    for cell in comparison.cells():
        mark = "done" if rows.identity(cell, dataset.sha256, device)["key"] in done else "to do"
        print(f"{mark:<6} seed {cell.seed}  {target_words(cell):<14} {label(cell.method, cell.settings)}")


def target_words(cell: Cell) -> str:
    """A cell's target as typed: a share of the parent's network cycles, or cycles."""
    return f"{cell.target:.4g} of cycles" if cell.target <= 1 else f"{cell.target:,.0f} cycles"
