# SPDX-License-Identifier: MIT
"""`lottava export`: what the firmware needs of a voice: its blob, its C headers, and on request the Seed's image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._common import load_voice, print_json


def export(
    voice: Annotated[str, typer.Argument(help="a .lottava file, or the name of a factory voice")],
    out: Annotated[Path, typer.Option(help="folder that receives the files")] = Path("build/voice"),
    image: Annotated[bool, typer.Option("--image", help="build the Seed's firmware with this voice, too")] = False,
    over_budget: Annotated[
        bool, typer.Option("--over-budget", help="write a voice that does not fit the module, too")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print files and sizes as JSON")] = False,
) -> None:
    """Write a voice's blob (a bank slot's bytes) and C headers; the same voice gives the same bytes.

    A voice that does not fit (`lottava budget`) is refused, with what to trim.

    Example:  lottava export sax --out build/sax --image
    """
    from lottava.export import generate

    from . import _module

    loaded = load_voice(voice)
    headers = out / "generated"
    generate.write_generated(loaded, headers, over_budget=over_budget)
    blob = out / f"{loaded.card.name}.ltvb"
    blob.write_bytes(generate.voice_blob(loaded, over_budget=over_budget))
    written = {"blob": blob, "voice_header": headers / "voice_blob.h", "golden_header": headers / "golden.h"}
    if image:
        elf = _module.build_image(loaded, out, over_budget=over_budget)
        written |= {"image": elf.with_suffix(".bin"), "elf": elf}
    sizes = {kind: {"file": str(path), "bytes": path.stat().st_size} for kind, path in written.items()}
    if as_json:
        print_json(sizes)
    else:
        for kind, entry in sizes.items():
            print(f"{kind:<14} {entry['bytes']:>9,}  {entry['file']}")
