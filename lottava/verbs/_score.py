# SPDX-License-Identifier: MIT
"""Arms on held-out notes: distances, knobs, and what each would cost on the module."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lottava import cost
from lottava.graph import Graph
from lottava.synth import SynthEdits

from ._make import Integers

if TYPE_CHECKING:
    from lottava.training.analysis.axes import AxisCurve
    from lottava.training.analysis.integer import IntegerVoice
    from lottava.training.analysis.metrics import Scores
    from lottava.training.data.dataset import Clip, Dataset
    from lottava.training.generators.ddsp import DDSP
    from lottava.training.reduction.cell import Outcome

FADE_SAMPLES = 480
EXCERPT_S = 2.0
EXCERPTS = 3


def arm(graph: Graph, scores: Scores) -> dict[str, Any]:
    """One arm's row: size and distances. Flash and RAM count a float graph as if quantised."""
    return {
        "parameters": graph.parameter_count,
        "macs_per_sample": round(cost.macs_per_sample(graph), 2),
        "flash_bytes": cost.weight_bytes(graph),
        "ram_bytes": cost.ram_bytes(graph),
        "mrstft": round(scores.mrstft, 5),
        "f0_error_cents": _known(scores.f0_cents, 3),
        "f0_gross_rate": _known(scores.f0_gross_rate, 5),
        "loudness_error_db": round(scores.loudness_db, 4),
    }


def _known(value: float, digits: int) -> float | None:
    """None where there was nothing to measure: a voice that is silent, or off by more than 50 cents throughout."""
    return round(value, digits) if np.isfinite(value) else None


def score_arms(models: dict[str, DDSP], made: Integers, dataset: Dataset) -> dict[str, dict[str, Any]]:
    """Every arm on the held-out notes, measured axes, WILD at 0; the ticket's distance with all knobs at noon, too."""
    from lottava.training.analysis.integer import IntegerVoice
    from lottava.training.analysis.render import score_model
    from lottava.training.slim import to_graph

    arms = {}
    for name, model in models.items():
        arms[name] = arm(to_graph(model), score_model(model, dataset))
    arms["ticket_float"]["mrstft_noon"] = round(score_model(models["ticket_float"], dataset, noon=True).mrstft, 5)
    arms["ticket_integer"] = arm(made.graph, IntegerVoice(made.graph).score(dataset))
    return arms


def sweep(made: Integers, trained: Outcome, dataset: Dataset) -> dict[str, Any]:
    """Knobs against descriptors: which axes were learned decides the edits, then the finished voice is swept."""
    from lottava.training.analysis.axes import choose_edits, sweep_axes, sweep_edited
    from lottava.training.analysis.integer import IntegerVoice
    from lottava.training.analysis.wildness import sweep_wild
    from lottava.training.wild import encoder_of, measure_wild

    network = IntegerVoice(made.graph)
    plain = sweep_axes(network.render, dataset)
    nats = measure_wild(encoder_of(trained.companion), dataset).kl_nats
    wild = sweep_wild(network.render, nats, dataset)
    dead = wild.dead
    edits = choose_edits(plain, dead)
    curves = plain
    if edits != SynthEdits():
        voice = IntegerVoice(made.graph, edits)
        curves = sweep_edited(voice.render, dataset, plain, edits)
        wild = sweep_wild(voice.render, nats, dataset)
    rows, card = axis_rows(curves, wild, dead), card_axes(curves, dead)
    for row, entry, bare in zip(rows[:3], card[:3], plain, strict=True):
        row["learned"] = entry["learned"] = bare.learned
        row |= {"learnable": bare.learnable, "spearman_network": round(bare.spearman, 4)}
    return {"axes": rows, "card_axes": card, "edits": asdict(edits)}


def card_axes(curves: tuple[AxisCurve, ...], wild_dead: bool) -> list[dict[str, Any]]:
    """The four axes as the card states them."""
    axes = [
        {
            "id": f"z{index}",
            "name": curve.axis,
            "descriptor": curve.unit,
            "low": round(curve.mean[0], 3),
            "high": round(curve.mean[-1], 3),
            "learned": curve.learned,
            "spearman": round(curve.spearman, 4),
        }
        for index, curve in enumerate(curves, start=1)
    ]
    words = "ripple over the partials" if wild_dead else "largest remaining variance, from an encoder"
    wild = {"id": "z4", "name": "WILD", "descriptor": words}
    return [*axes, wild | {"low": -1.0, "high": 1.0, "learned": not wild_dead, "spearman": None}]


def axis_rows(curves: tuple[AxisCurve, ...], wild, wild_dead: bool) -> list[dict[str, Any]]:  # type: ignore[no-untyped-def]
    """What each knob does to the final voice, for table and charts."""
    rows = [
        {
            "id": curve.axis,
            "descriptor": curve.unit,
            "learned": curve.learned,
            "spearman": round(curve.spearman, 4),
            "knob": list(curve.positions),
            "value": [round(value, 4) for value in curve.mean],
        }
        for curve in curves
    ]
    return [
        *rows,
        {
            "id": "WILD",
            "descriptor": "change of the spectrum, dB",
            "learned": not wild_dead,
            "learnable": False,
            "dead": wild_dead,
            "nats": round(wild.nats, 4),
            "spearman": 1.0 if np.all(np.diff(wild.change_db) > 0) else 0.0,
            "knob": list(wild.positions),
            "value": [round(value, 4) for value in wild.change_db],
        },
    ]


def excerpts(dataset: Dataset) -> list[tuple[Clip, slice]]:
    """Low, middle and high held-out notes, two seconds from the start of each."""
    notes = sorted(dataset.heldout, key=lambda clip: clip.note)
    chosen = [notes[round(i)] for i in np.linspace(0, len(notes) - 1, min(EXCERPTS, len(notes)))]
    return [(clip, slice(0, min(clip.frames, round(EXCERPT_S * 250)))) for clip in chosen]


def in_a_row(sounds: list[NDArray]) -> NDArray[np.float64]:
    """Sounds one after the other, each faded out over 10 ms."""
    fade = np.linspace(1, 0, FADE_SAMPLES)
    parts = [np.array(sound, dtype=np.float64) for sound in sounds]
    for part in parts:
        part[-FADE_SAMPLES:] *= fade
    return np.concatenate(parts)


def players(models: dict[str, DDSP], voice: IntegerVoice, dataset: Dataset) -> list[tuple[str, str, NDArray]]:
    """(label, note, sound) of the held-out excerpts: as recorded, and by each arm."""
    from lottava.training.analysis.render import clip_inputs, render_inputs

    chosen = excerpts(dataset)
    inputs = [{k: v[:, part] for k, v in clip_inputs(clip, dataset).items()} for clip, part in chosen]
    original = in_a_row([clip.audio[: part.stop * 192] for clip, part in chosen])
    names = {
        "parent": ("Parent", "the large network"),
        "ticket_float": ("Ticket", "what the lottery kept, in floating point"),
        "dense_small": ("Dense-small", "the same widths, trained from scratch"),
        "random_ticket": ("Random ticket", "as many cycles, units drawn at random"),
    }
    rows = [("Original", "held-out notes, as recorded", original)]
    for name, (label, words) in names.items():
        if name not in models:
            continue
        rows.append((label, words, in_a_row([render_inputs(models[name], each)[0] for each in inputs])))
    rows.insert(3, ("Ticket, 8-bit", "as the module computes it", in_a_row([voice.render(each)[0] for each in inputs])))
    return rows
