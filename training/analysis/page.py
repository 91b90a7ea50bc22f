# SPDX-License-Identifier: MIT
"""A report page as a value, rendered to one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
import soundfile
from numpy.typing import NDArray

from .charts import data_uri, spectrogram_png


@dataclass(frozen=True)
class Fact:
    """A figure to be seen first. state: '', 'good' or 'bad'."""

    value: str
    label: str
    state: str = ""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    words: str


@dataclass(frozen=True)
class Table:
    """rows hold one cell a column, already formatted; `strong` names the first cells of rows to mark."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    strong: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Player:
    """A sound to hear and its spectrogram. audio [n], full scale 1.0."""

    label: str
    note: str
    audio: NDArray
    rate_hz: int = 48_000


@dataclass(frozen=True)
class Charts:
    """Charts (SVG text, caption) side by side."""

    figures: Sequence[tuple[str, str]]


Part = Text | Table | Player | Charts


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Page:
    """verdict: the first sentence, the answer to the reader's question; lead: the paragraph after it."""

    name: str
    verdict: str
    lead: str
    facts: Sequence[Fact]
    sections: Sequence[Section]
    footer: str = ""


def encode_flac(audio: NDArray, rate_hz: int) -> bytes:
    """16-bit FLAC of audio [n], clipped at full scale. Every browser plays it, and it loses nothing."""
    target = io.BytesIO()
    soundfile.write(target, np.clip(audio, -1.0, 1.0), rate_hz, format="FLAC", subtype="PCM_16")
    return target.getvalue()


def _table(table: Table) -> str:
    head = "".join(f"<th scope='col'>{html.escape(column)}</th>" for column in table.columns)
    rows = []
    for row in table.rows:
        mark = " class='strong'" if row[0] in table.strong else ""
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
        rows.append(f"<tr{mark}><th scope='row'>{html.escape(row[0])}</th>{cells}</tr>")
    caption = f"<caption>{html.escape(table.caption)}</caption>" if table.caption else ""
    body = "".join(rows)
    return f"<div class='scroll'><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _player(player: Player) -> str:
    sound = data_uri("audio/flac", encode_flac(player.audio, player.rate_hz))
    picture = data_uri("image/png", spectrogram_png(player.audio, player.rate_hz))
    label = html.escape(player.label)
    return (
        f"<div class='player'><h3>{label}</h3><p>{html.escape(player.note)}</p>"
        f"<audio controls='controls' preload='metadata' src='{sound}'></audio>"
        f"<img alt='Spectrogram: {label}' src='{picture}'/></div>"
    )


def _part(part: Part) -> str:
    match part:
        case Text():
            return f"<p>{html.escape(part.words)}</p>"
        case Table():
            return _table(part)
        case Player():
            return _player(part)
        case Charts():
            figures = [
                f"<figure>{svg}<figcaption>{html.escape(words)}</figcaption></figure>" for svg, words in part.figures
            ]
            return f"<div class='charts'>{''.join(figures)}</div>"


def render(page: Page) -> str:
    """The page as HTML text that is also well-formed XML."""
    style = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    facts = "".join(
        f"<div class='{fact.state}'><dt>{html.escape(fact.label)}</dt><dd>{html.escape(fact.value)}</dd></div>"
        for fact in page.facts
    )
    sections = "".join(
        f"<section><h2>{html.escape(section.title)}</h2>{''.join(map(_part, section.parts))}</section>"
        for section in page.sections
    )
    name = html.escape(page.name)
    return (
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'/>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'/>"
        f"<title>{name}</title><style>{style}</style></head><body><main>"
        f"<header><div class='name'>{name}</div><h1>{html.escape(page.verdict)}</h1>"
        f"<p class='soft'>{html.escape(page.lead)}</p><dl class='facts'>{facts}</dl></header>"
        f"{sections}<footer>{html.escape(page.footer)}</footer></main></body></html>\n"
    )
