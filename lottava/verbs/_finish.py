# SPDX-License-Identifier: MIT
"""From integers and their scores to a voice: level, card, preview, cycles. Shared by `train` and `demo`."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lottava import card, gesture, licences
from lottava.card import Card
from lottava.cost import ram_bytes, weight_bytes
from lottava.graph import Graph, graph_hash
from lottava.synth import SynthEdits
from lottava.units import BLOCK_SAMPLES, FRAME_RATE_HZ, HOP_SAMPLES, SAMPLE_RATE_HZ, db_to_gain
from lottava.voicefile import Voice

from ._common import say
from ._make import Integers, integer_steps, machine

if TYPE_CHECKING:
    from lottava.training.analysis.integer import IntegerVoice
    from lottava.training.configs import TrainConfig
    from lottava.training.data.dataset import Dataset
    from lottava.training.reduction.ticket import Ticket

TARGET_LUFS = -18.0
HIGHEST_GAIN_DB = 36.0
"""The firmware refuses a gain above 64."""
NOON_LOUDNESS = -1 / 3
"""LEVEL at noon without a cable: firmware/app/module.cc maps 0.25..1 of LEVEL to -1..1 of the loudness input."""


@dataclass(frozen=True)
class Claims:
    """What only the maker can say of a voice. own: the recordings are the maker's; consent: the performers agree."""

    name: str
    folder: Path
    author: str = "unnamed"
    licence: str | None = None
    own: bool = False
    consent: bool = False
    command: str = "lottava train"


def finish(
    claims: Claims, dataset: Dataset, made: Integers, ticket: Ticket, report: Mapping[str, Any], seed: int
) -> tuple[Voice, IntegerVoice]:
    """The voice file's content and the voice that renders it. report: arms, card_axes and edits of _score."""
    from lottava.training.analysis.integer import IntegerVoice

    sounding = IntegerVoice(made.graph, SynthEdits(**report["edits"]))
    gain_db = gain_for(sounding.render)
    integer = report["arms"]["ticket_integer"]
    filled = make_card(
        claims,
        dataset,
        made,
        axes=report["card_axes"],
        metrics={key: value for key, value in integer.items() if "error" in key or key == "mrstft"},
        gain_db=gain_db,
        edits=report["edits"],
        ticket=ticket_sha256(ticket),
        train={"command": claims.command, "seed": seed, "machine": machine()},
    )
    sound = sounding.render(phrase_inputs(gesture.load("demo")))[0] * db_to_gain(gain_db)
    return Voice(made.graph, filled, preview_ogg(sound)), sounding


FLOAT_SUFFIX = ".float.lottava"
"""A float model lies beside the voice that was made of it."""


def float_model(voice: Voice, made: Integers) -> Voice:
    """What the voice was quantised from, as a file of the same schema: its metrics are not known, nor its sound."""
    graph = made.float_graph
    parent = graph.parent or graph_hash(graph)
    unheard = replace(voice.card, id=graph_hash(graph), parent=parent, cost=cost_of(graph), metrics={})
    return Voice(graph, unheard)


def with_cycles(voice: Voice, cycles: Mapping[str, Any]) -> Voice:
    """The voice with the modelled cycles of its image on the card; the id is the graph's and stays."""
    cost = voice.card.cost | {
        "cycles_mean": round(cycles["cycles_per_sample_mean"], 1),
        "cycles_worst": round(cycles["cycles_per_sample_worst_block"], 1),
    }
    return replace(voice, card=replace(voice.card, cost=cost))


def modelled(voice: Voice) -> Voice:
    """with_cycles where the cross compiler and the emulator are installed and the voice fits; elsewhere the voice as it
    is, and a word."""
    from lottava.export.budget import BudgetError

    from . import _module

    lacking = [name for name in ("unicorn", "capstone", "elftools") if importlib.util.find_spec(name) is None]
    if shutil.which("arm-none-eabi-g++") is None:
        lacking.insert(0, "arm-none-eabi-g++")
    if lacking:
        say(f"cycles are not modelled: {', '.join(lacking)} missing")
        return voice
    try:
        elf = _module.build_image(voice, _module.image_folder(voice))
    except BudgetError as error:
        say(f"cycles are not modelled: {error}")
        return voice
    return with_cycles(voice, _module.cycles(elf, gesture.load("demo")))


def phrase_inputs(played: gesture.Gesture) -> dict[str, NDArray[np.float32]]:
    """A gesture as network inputs [1, frames, size], as a player's ideal module would read it; for previews."""
    step = HOP_SAMPLES // BLOCK_SAMPLES
    volts, knobs = played.volts[::step], played.knobs[::step]
    knob = knobs[:, gesture.KNOBS.index("level")]
    level = knob + np.clip(volts[:, 1] / 5, 0, 1) * (1 - knob)
    loudness = np.where(played.gate[::step], np.clip((level - 0.25) * 2 / 0.75 - 1, -1, 1), -1.0)
    smooth = np.convolve(np.pad(loudness, (5, 5), mode="edge"), np.ones(11) / 11, mode="valid")
    inputs = {"pitch": volts[:, :1], "loudness": smooth[:, None], "axes": 2 * knobs[:, :4] - 1}
    return {name: value[None].astype(np.float32) for name, value in inputs.items()}


def gain_for(render: Callable[[Mapping[str, NDArray]], NDArray]) -> float:
    """Gain in dB that brings a held A3, everything at noon, to -18 LUFS."""
    from lottava.training.analysis.lufs import measure_lufs

    frames = round(2 * FRAME_RATE_HZ)
    inputs = {
        "pitch": np.full((1, frames, 1), gesture.A3_VOLTS, dtype=np.float32),
        "loudness": np.full((1, frames, 1), NOON_LOUDNESS, dtype=np.float32),
        "axes": np.zeros((1, frames, 4), dtype=np.float32),
    }
    return float(np.clip(TARGET_LUFS - measure_lufs(render(inputs)[0]), -60.0, HIGHEST_GAIN_DB))


def preview_ogg(audio: NDArray) -> bytes:
    """At most 10 s as OGG/Vorbis, written in pieces: libsndfile's encoder overflows its stack on long ones."""
    import soundfile

    target = io.BytesIO()
    with soundfile.SoundFile(target, "w", SAMPLE_RATE_HZ, 1, format="OGG", subtype="VORBIS") as file:
        for start in range(0, min(len(audio), 10 * SAMPLE_RATE_HZ), 4096):
            file.write(np.clip(audio[start : start + 4096], -1, 1))
    return target.getvalue()


def describe(voice: Voice) -> dict[str, str]:
    """What a report says of a voice before its figures."""
    made_from = "; ".join(
        " — ".join(filter(None, (work["work"], work["author"], work["licence"]))) for work in voice.card.attribution
    )
    heard = "Distances are measured, on notes that were never trained; nobody has listened."
    return {
        "name": voice.card.name,
        "title": voice.card.title,
        "id": voice.card.id,
        "licence": voice.card.licence,
        "summary": f"{voice.card.summary} {heard}",
        "attribution": f"Made from: {made_from}. Voice licence: {voice.card.licence}. Voice {voice.card.id}.",
    }


def budget_words(config: TrainConfig, rounds: int) -> str:
    """What every arm was given."""
    return (
        f"Every arm: {config.steps} steps of batch {config.batch} × {config.crop_seconds:g} s, one seed; "
        f"lottery rounds: {rounds}; {integer_steps(config)} steps through integer arithmetic."
    )


def attribution(dataset: Dataset, claims: Claims) -> dict[str, str]:
    """The work behind the voice: what the folder's source.json says, or what the maker claims."""
    source = dataset.source
    return {
        "work": source.get("work", claims.folder.resolve().name),
        "author": source.get("author", claims.author if claims.own else ""),
        "source": source.get("source", "own recordings" if claims.own else ""),
        "licence": source.get("licence", claims.licence if claims.own and claims.licence else licences.PRIVATE),
        "changed": "used to train a neural network",
    }


def rights(dataset: Dataset, claims: Claims) -> dict[str, Any]:
    """By what right the recordings are used; nothing is claimed that neither source.json nor the maker says."""
    basis = "own recordings" if claims.own else "licensed" if dataset.source else card.NOT_STATED
    return {"basis": basis, "performers_consent": claims.consent}


def title_of(dataset: Dataset, name: str) -> str:
    """The instrument as source.json's work begins, or the voice's name in words."""
    words = str(dataset.source.get("work", "")).split(",")[0].strip() or name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def summary_of(dataset: Dataset, name: str) -> str:
    """One sentence for people: what, from where to where, of how much sound."""
    from lottava.training.data.report import note_name

    title = title_of(dataset, name)
    if dataset.source:
        title = f"{'An' if title[0] in 'AEIOU' else 'A'} {title[0].lower()}{title[1:]}"
    notes = [clip.note for clip in dataset.clips]
    reach = f"{note_name(min(notes))} to {note_name(max(notes))}"
    return f"{title}, {reach}, learned from {dataset.minutes:.1f} minutes of recordings."


def ticket_sha256(ticket: Ticket) -> str:
    """Identity of a ticket."""
    from lottava.training.reduction.ticket import to_json

    return hashlib.sha256(to_json(ticket).encode()).hexdigest()


def cost_of(graph: Graph) -> dict[str, Any]:
    """The card's cost entry before any cycles are modelled; a float graph's is what it will be once quantised."""
    return {
        "flash": weight_bytes(graph),
        "ram": ram_bytes(graph),
        "cycles_mean": None,
        "cycles_worst": None,
        "modelled": True,
    }


def make_card(claims: Claims, dataset: Dataset, made: Integers, **measured: Any) -> Card:
    """The card of a voice. measured: axes, metrics, gain_db, edits, ticket, train."""
    work = attribution(dataset, claims)
    return Card(
        id=graph_hash(made.graph),
        name=claims.name,
        title=title_of(dataset, claims.name),
        summary=summary_of(dataset, claims.name),
        authors=[claims.author],
        created=date.today().isoformat(),
        licence=claims.licence or licences.voice_licence([work["licence"]]),
        attribution=[work],
        rights=rights(dataset, claims),
        data={
            "minutes": round(dataset.minutes, 2),
            "files": len({clip.source for clip in dataset.clips}),
            "range_hz": [round(hz, 1) for hz in dataset.range_hz],
            "levels_db": [round(level, 1) for level in dataset.loudness_range_db],
            "hash": dataset.sha256,
        },
        range_hz=[round(hz, 1) for hz in dataset.range_hz],
        loudness_range_db=list(dataset.loudness_range_db),
        loudness_lufs=TARGET_LUFS,
        parent=graph_hash(made.float_graph),
        cost=cost_of(made.graph),
        **measured,
    )
