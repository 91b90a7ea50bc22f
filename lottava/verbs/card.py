# SPDX-License-Identifier: MIT
"""`lottava card`: what is written on a voice's card, and whether it may be published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._common import VerbError, say

if TYPE_CHECKING:
    from lottava.card import Card


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
        say(f"{shown.name} may be published under {shown.licence}.")


def _lines(shown: Card) -> list[tuple[str, str]]:
    low, high = shown.range_hz
    edited = " (DSP edit, not learned)" if any(shown.edits.values()) else " (not learned)"
    axes = [f"{axis['name']}: {axis['descriptor']}{'' if axis['learned'] else edited}" for axis in shown.axes]
    lines = [
        ("name", f"{shown.name} {shown.version}, made {shown.created}"),
        ("", shown.summary),
        ("licence", shown.licence),
        ("made from", "\n".join(map(_work, shown.attribution))),
        ("rights", f"{shown.rights['basis']}; {_consent(shown)}"),
        ("data", f"{shown.data['minutes']:.1f} min in {shown.data['files']} files"),
        ("range", f"{low:.0f} to {high:.0f} Hz"),
        ("knobs", "\n".join(axes)),
        ("cost", _cost(shown.cost)),
        ("metrics", ", ".join(f"{name} {value}" for name, value in shown.metrics.items())),
        ("id", shown.id),
        ("parent", shown.parent),
    ]
    return [(label, words) for label, words in lines if words]


def _work(entry: dict[str, str]) -> str:
    who = f", {entry['author']}" if entry["author"].strip() else ""
    return f"{entry['work']}{who} ({entry['licence']})"


def _consent(shown: Card) -> str:
    return "the performers consent" if shown.rights["performers_consent"] else "performers' consent not stated"


def _cost(cost: dict[str, Any]) -> str:
    if cost["cycles_mean"] is None or cost["cycles_worst"] is None:
        return f"{cost['flash']:,} bytes of flash; cycles not modelled yet"
    how = "modelled" if cost["modelled"] else "measured"
    cycles = f"{cost['cycles_mean']:,.0f} cycles a sample, {cost['cycles_worst']:,.0f} in the worst block"
    return f"{cost['flash']:,} bytes of flash, {cycles} ({how})"
