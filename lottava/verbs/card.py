# SPDX-License-Identifier: MIT
"""`lottava card`: what is written on a voice's card, and whether it may be published."""

from __future__ import annotations

from typing import Annotated

import typer

from ._common import VerbError


def card(
    voice: Annotated[str, typer.Argument(help="a .lottava file, or the name of a factory voice")],
    publish_check: Annotated[
        bool, typer.Option("--publish-check", help="may it be published? exit 1 says no, and why")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the card as JSON")] = False,
) -> None:
    """Show a voice's card: where its sounds come from, what its knobs do, what it measures.

    Example:  lottava card sax --publish-check
    """
    from rich.console import Console
    from rich.table import Table

    from lottava import card as cards
    from lottava import library, voicefile

    shown = voicefile.load(library.find_voice(voice)).card
    if as_json:
        print(cards.to_json(shown), end="")
    else:
        table = Table(title=shown.title or shown.name, show_header=False, title_justify="left")
        for label, words in _lines(shown):
            table.add_row(label, words)
        Console().print(table)
    if publish_check:
        if reason := cards.publishable(shown):
            raise VerbError(f"{shown.name} may not be published: {reason}")
        print(f"{shown.name} may be published under {shown.licence}.")


def _lines(shown) -> list[tuple[str, str]]:  # type: ignore[no-untyped-def]
    low, high = shown.range_hz
    axes = [
        f"{axis['name']}: {axis['descriptor']}{'' if axis['learned'] else ' (DSP edit, not learned)'}"
        for axis in shown.axes
    ]
    lines = [
        ("name", f"{shown.name} {shown.version}, made {shown.created}"),
        ("", shown.summary),
        ("licence", shown.licence),
        ("made from", "\n".join(f"{a['work']}, {a['author']} ({a['licence']})" for a in shown.attribution)),
        ("data", f"{shown.data['minutes']:.1f} min in {shown.data['files']} files"),
        ("range", f"{low:.0f} to {high:.0f} Hz"),
        ("knobs", "\n".join(axes)),
        (
            "cost",
            f"{shown.cost['flash']:,} bytes of flash, {shown.cost['cycles_mean']:,.0f} cycles a sample (modelled)",
        ),
        ("metrics", ", ".join(f"{name} {value}" for name, value in shown.metrics.items())),
        ("id", shown.id),
        ("parent", shown.parent),
    ]
    return [(label, words) for label, words in lines if words]
