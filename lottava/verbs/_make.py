# SPDX-License-Identifier: MIT
"""From a data set to a voice: the lottery, the controls, integers, the card. Shared by `train` and `demo`."""

from __future__ import annotations

import hashlib
import io
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lottava import gesture, licences
from lottava.card import Card
from lottava.cost import state_bytes, weight_bytes
from lottava.graph import Graph, graph_hash
from lottava.units import BLOCK_SAMPLES, FRAME_RATE_HZ, HOP_SAMPLES, SAMPLE_RATE_HZ
from lottava.voicefile import Voice

if TYPE_CHECKING:
    from rich.progress import Progress

    from lottava.training.analysis.axes import AxisCurve
    from lottava.training.configs import TrainConfig
    from lottava.training.data.dataset import Dataset
    from lottava.training.reduction.arms import Trained
    from lottava.training.reduction.lottery import Lottery
    from lottava.training.reduction.ticket import Ticket

TARGET_LUFS = -18.0
HIGHEST_GAIN_DB = 36.0
"""The firmware refuses a gain above 64."""
NOON_LOUDNESS = -1 / 3
"""LEVEL at noon without a cable: firmware/app/module.cc maps 0.25..1 of LEVEL to -1..1 of the loudness input."""
REPRESENTATIVE_FRAMES = 250
CONTROL_SEEDS = 1000
"""Controls train with the ticket's seed plus this and more: never with its data order."""

ArmProgress = Callable[[str, int, int], None]


def arm_bars(bar: Progress) -> ArmProgress:
    """Progress of trainings: one bar an arm, made when its first step is done."""
    tasks: dict[str, Any] = {}

    def show(name: str, step: int, steps: int) -> None:
        if name not in tasks:
            tasks[name] = bar.add_task(name.replace("-", " "), total=steps, note="")
        bar.update(tasks[name], completed=step)

    return show


def draw_lottery(dataset: Dataset, config: TrainConfig, rounds: int, root: Path, show: ArmProgress) -> Lottery:
    """Parent and tickets; what is done under `root` is not done again."""
    from lottava.training.reduction.lottery import LotteryConfig, run_lottery
    from lottava.training.train import new_model
    from lottava.training.trainer import DatasetTrainer

    lottery = LotteryConfig(
        rewind_step=config.rewind_step,
        seed=config.seed,
        data_sha256=dataset.sha256,
        rounds=rounds,
        settings=config.as_dict(),
    )
    model, _ = new_model(config, dataset)
    return run_lottery(model, DatasetTrainer(dataset, config), lottery, root, progress=show)


def train_controls(
    lottery: Lottery, dataset: Dataset, config: TrainConfig, root: Path, show: ArmProgress
) -> dict[str, Trained]:
    """dense_small and random_ticket: the winner's widths, the same budget."""
    from lottava.training.reduction.arms import run_arm
    from lottava.training.reduction.controls import dense_small, random_ticket
    from lottava.training.reduction.lottery import identity
    from lottava.training.trainer import DatasetTrainer

    ticket, parent = lottery.winner.ticket, lottery.parent.trained
    seed = config.seed + CONTROL_SEEDS
    arms = {
        "dense_small": dense_small(ticket, parent, seed),
        "random_ticket": random_ticket(ticket, parent, lottery.config, seed + 1),
    }
    trainer, settings = DatasetTrainer(dataset, config), identity(lottery.config)
    return {name: run_arm(arm, trainer, root, settings=settings, progress=show) for name, arm in arms.items()}


@dataclass(frozen=True, eq=False)
class Integers:
    """A ticket on its way to the module: as trained, after integer-aware training, quantised."""

    float_graph: Graph
    graph: Graph
    worst: str


def representative_inputs(dataset: Dataset, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """A second from the start of each training clip, WILD anywhere: [clips, frames, size] per input."""
    from lottava.training.analysis.render import clip_inputs

    rng = np.random.default_rng(seed)
    frames = min(REPRESENTATIVE_FRAMES, max(clip.frames for clip in dataset.train))
    clips = [clip for clip in dataset.train if clip.frames >= frames]
    inputs = [clip_inputs(clip, dataset, wild=rng.uniform(-1, 1)) for clip in clips]
    return {name: np.concatenate([each[name][:, :frames] for each in inputs]) for name in inputs[0]}


def to_integers(
    trained: Trained, dataset: Dataset, config: TrainConfig, steps: int, root: Path, show: ArmProgress
) -> Integers:
    """Train `steps` through the module's arithmetic, then quantise. Raises QuantisationError where it can't be held."""
    from lottava.export.quantise import quantise
    from lottava.training.slim import to_graph
    from lottava.training.trainer import train_integers

    short = replace(config, steps=steps)
    model = train_integers(trained, dataset, short, root, progress=lambda now: show("integers", now.step, now.steps))
    float_graph = to_graph(model, parent=graph_hash(to_graph(trained.model)))
    graph, report = quantise(float_graph, representative_inputs(dataset), correct_bias=False)
    worst = report.worst
    return Integers(float_graph, graph, f"{worst.layer}: {worst.rms_error:.2g} of {worst.rms:.2g} rms")


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
    wild = {"id": "z4", "name": "WILD", "descriptor": "largest remaining variance, from an encoder"}
    return [*axes, wild | {"low": -1.0, "high": 1.0, "learned": not wild_dead, "spearman": None}]


def attribution(dataset: Dataset, folder: Path, author: str) -> list[dict[str, str]]:
    """Works behind the voice: the folder's source.json, or the user's own recordings."""
    source = dataset.source
    return [
        {
            "work": source.get("work", folder.name),
            "author": source.get("author", author),
            "source": source.get("source", "own recordings"),
            "licence": source.get("licence", licences.PRIVATE),
            "changed": "used to train a neural network",
        }
    ]


def ticket_sha256(ticket: Ticket) -> str:
    """Identity of a ticket."""
    from lottava.training.reduction.ticket import to_json

    return hashlib.sha256(to_json(ticket).encode()).hexdigest()


def make_card(
    name: str,
    dataset: Dataset,
    made: Integers,
    *,
    folder: Path,
    author: str = "unnamed",
    licence: str | None = None,
    **measured: Any,
) -> Card:
    """The card of a voice. measured: axes, metrics, gain_db, edits, ticket, train, and cost where it is known."""
    works = attribution(dataset, folder, author)
    cost = {"flash": weight_bytes(made.graph), "ram": state_bytes(made.graph)}
    return Card(
        id=graph_hash(made.graph),
        name=name,
        title=dataset.source.get("work", name).split(",")[0].capitalize(),
        summary=f"A DDSP voice of {made.graph.parameter_count:,} parameters, trained on {works[0]['work']}.",
        authors=[author],
        created=date.today().isoformat(),
        licence=licence or licences.voice_licence([works[0]["licence"]]),
        attribution=works,
        rights={
            "basis": "licensed" if dataset.source else "own recordings",
            "performers_consent": bool(dataset.source),
        },
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
        **{"cost": cost | {"cycles_mean": 0.0, "cycles_worst": 0.0, "modelled": True}, **measured},
    )


def machine() -> str:
    """Kind of machine and versions, for cards and reports."""
    import torch

    threads = torch.get_num_threads()
    return f"{platform.machine()}, {threads} threads, Python {platform.python_version()}, torch {torch.__version__}"


def make_voice(card: Card, graph: Graph, audio: NDArray) -> Voice:
    """The voice as a value, its preview made of `audio`."""
    return Voice(graph, card, preview_ogg(audio))
