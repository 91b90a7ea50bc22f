# SPDX-License-Identifier: MIT
"""`lottava train`: from a folder of recordings to a voice file; it can be killed and goes on where it was."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._common import VerbError, progress, say, tune_allocator

if TYPE_CHECKING:
    from lottava.training.configs import TrainConfig
    from lottava.training.data.dataset import Dataset

INTEGER_SHARE = 5
"""Integer-aware training takes a fifth of an arm's steps."""


def train(
    folder: Annotated[Path, typer.Argument(help="folder of WAV, FLAC, OGG or MP3 files")],
    name: Annotated[str, typer.Option(help="name of the voice: lower case, like cello_body_v1")],
    out: Annotated[Path, typer.Option(help="folder that receives NAME.lottava")] = Path("."),
    config: Annotated[str, typer.Option(help="demo, factory, nano, or a .toml file")] = "demo",
    steps: Annotated[int | None, typer.Option(min=4, help="steps an arm, instead of the configuration's")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="lottery rounds")] = 2,
    licence: Annotated[
        str | None, typer.Option(help="SPDX id of the voice; default: private, or what the data asks")
    ] = None,
    author: Annotated[str, typer.Option(help="whose voice this is, for the card")] = "unnamed",
) -> None:
    """Make a voice of a folder of recordings: parent, structured lottery, 8-bit weights, card.

    Ctrl-C loses nothing: the same command resumes. Example:  lottava train ~/cello --name cello_body_v1
    """
    tune_allocator()
    from lottava import voicefile
    from lottava.training.configs import load_config
    from lottava.training.data.prepare import build
    from lottava.training.data.report import STOP

    from .data import listen

    report = listen(folder)
    say("\n".join(report.lines()))
    if report.verdict == STOP:
        raise VerbError(f"no voice can be made of {folder} as it is")
    chosen = load_config(config)
    chosen = replace(chosen, steps=steps) if steps else chosen
    voice = make(build(folder), chosen, rounds, name=name, folder=folder, licence=licence, author=author)
    path = out / f"{name}{voicefile.SUFFIX}"
    out.mkdir(parents=True, exist_ok=True)
    voicefile.save(voice, path)
    say(f"{path}: {voice.graph.parameter_count:,} parameters, licence {voice.card.licence}")
    say(f"Hear it:  lottava play --voice {path} --out {name}.wav")


def make(dataset: Dataset, config: TrainConfig, rounds: int, *, name: str, **card: Any):  # type: ignore[no-untyped-def]
    """The voice of a data set. card: folder, licence, author."""
    from lottava.graph import graph_hash
    from lottava.training.analysis.axes import choose_edits, sweep_axes
    from lottava.training.analysis.integer import IntegerVoice
    from lottava.training.analysis.wildness import sweep_wild
    from lottava.training.data.cache import cache_dir
    from lottava.training.reduction.ticket import to_json
    from lottava.training.trainer import encoder_of

    from . import _make

    root = cache_dir() / "training"
    with progress() as bar:
        show = _make.arm_bars(bar)
        lottery = _make.draw_lottery(dataset, config, rounds, root, show)
        winner = lottery.winner
        steps = max(1, config.steps // INTEGER_SHARE)
        made = _make.to_integers(winner.trained, dataset, config, steps, root, show)
    plain = IntegerVoice(made.graph)
    edits = choose_edits(sweep_axes(plain.render, dataset))
    voice = IntegerVoice(made.graph, edits)
    curves = sweep_axes(voice.render, dataset)
    gain_db = _make.gain_for(voice.render)
    filled = _make.make_card(
        name,
        dataset,
        made,
        axes=_make.card_axes(curves, sweep_wild(voice.render, encoder_of(winner.trained), dataset).dead),
        metrics=voice.score(dataset).as_dict() if dataset.heldout else {},
        gain_db=gain_db,
        edits={"tilt": edits.tilt, "breath_db": edits.breath_db, "body_db": edits.body_db},
        ticket=hashlib.sha256(to_json(winner.ticket).encode()).hexdigest(),
        train={"config": config.as_dict(), "seed": config.seed, "machine": _make.machine()},
        **card,
    )
    sound = voice.render(_make.phrase_inputs(_make.gesture.load("demo")))[0] * 10 ** (gain_db / 20)
    assert filled.id == graph_hash(made.graph)
    return _make.make_voice(filled, made.graph, sound)
