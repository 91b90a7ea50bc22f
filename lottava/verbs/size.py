# SPDX-License-Identifier: MIT
"""`lottava size`: where the image's flash and RAM go, part by part, against the project's limits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._common import VerbError, print_json

if TYPE_CHECKING:
    from lottava.emulator.size import Size

KIB = 1 << 10
LIMITS = (
    ("firmware without voice and USB", ("voice", "usb"), 40 * KIB),
    ("firmware without voice", ("voice",), 56 * KIB),
    ("image with its voice", (), 96 * KIB),
)
"""What is left out, and the bytes of flash that the rest may take; the flash itself has 128 KiB."""


def size(
    elf: Annotated[Path | None, typer.Option(help="image to measure; else the factory voice's is built")] = None,
    top: Annotated[int, typer.Option(help="show this many of the largest pieces", min=0)] = 0,
    check: Annotated[bool, typer.Option("--check", help="exit with 1 when a limit is broken")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print everything as JSON")] = False,
) -> None:
    """Flash and RAM of the Seed's image by part, and whether it keeps the limits.

    Example:  lottava size --top 20
    """
    from lottava.emulator.build import build_image
    from lottava.emulator.size import measure

    image = elf or build_image()
    measured = measure(image)
    result = as_dict(image, measured, top)
    if as_json:
        print_json(result)
    else:
        _show(result)
    broken = [line for line in result["limits"] if not line["fits"]]
    if check and broken:
        told = "; ".join(f"{line['name']} takes {line['used']:,} of {line['limit']:,} bytes" for line in broken)
        raise VerbError(f"{told}. See what takes them:  lottava size --top 20")


def as_dict(image: Path, size: Size, top: int = 0) -> dict[str, Any]:
    """Everything the verb tells, in bytes."""
    from lottava.emulator.size import FLASH, PARTS
    from lottava.emulator.stack import stack_bound

    order = [FLASH, *(name for name in size.memories if name != FLASH)]
    parts = [{"part": part} | {memory: size.uses[part, memory] for memory in order} for part in PARTS]
    limits = [(name, size.total(FLASH, without), limit) for name, without, limit in LIMITS]
    limits += [(f"{memory} of the chip", size.total(memory), size.memories[memory]) for memory in order]
    stack = stack_bound(image)
    limits.append(("stack, every interrupt at its deepest", stack.worst, stack.reserved))
    return {
        "image": str(image),
        "memories": {memory: size.memories[memory] for memory in order},
        "parts": [row for row in parts if any(row[memory] for memory in order)],
        "limits": [{"name": name, "used": used, "limit": limit, "fits": used <= limit} for name, used, limit in limits],
        "largest": [
            {"name": one.name, "source": one.source, "part": one.part, "bytes": one.flashed}
            for one in size.largest(top)
        ],
    }


def _show(result: dict[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()

    def table(title: str, *columns: str, words: int = 1) -> Table:
        made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        for index, column in enumerate(columns):
            made.add_column(column, justify="left" if index < words else "right", no_wrap=True)
        return made

    shown = table("Bytes by part (FLASH: all that is flashed)", "")
    for memory in result["memories"]:
        shown.add_column(memory, justify="right")
    for row in result["parts"]:
        shown.add_row(row["part"], *(f"{row[memory]:,}" if row[memory] else "–" for memory in result["memories"]))
    console.print(shown)
    shown = table("Limits", "", "used", "of", "")
    for line in result["limits"]:
        over = line["used"] - line["limit"]
        verdict = "[green]fits[/]" if line["fits"] else f"[red]{over:,} too much[/]"
        shown.add_row(line["name"], f"{line['used']:,}", f"{line['limit']:,}", verdict)
    console.print(shown)
    if result["largest"]:
        shown = table("Largest pieces of flash, voice apart", "bytes", "part", "object", "section", words=4)
        shown.columns[0].justify = "right"
        for piece in result["largest"]:
            shown.add_row(f"{piece['bytes']:,}", piece["part"], piece["source"], _short(piece["name"]))
        console.print(shown)


def _short(name: str, longest: int = 40) -> str:
    """An input section without what all have, cut where a C++ signature begins to bore."""
    bare = name.removeprefix(".text.").removeprefix(".rodata.")
    return bare if len(bare) <= longest else bare[: longest - 1] + "…"
