# SPDX-License-Identifier: MIT
"""`lottava train`: from a folder of recordings to a voice file; it can be killed and goes on where it was."""

from __future__ import annotations

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
    from lottava.synth import SynthEdits
    from lottava.training.analysis.integer import IntegerVoice
    from lottava.training.data.cache import cache_dir

    from . import _make, _score

    root = cache_dir() / "training"
    with progress() as bar:
        show = _make.arm_bars(bar)
        lottery = _make.draw_lottery(dataset, config, rounds, root, show)
        winner = lottery.winner
        steps = max(1, config.steps // INTEGER_SHARE)
        made = _make.to_integers(winner.trained, dataset, config, steps, root, show)
    swept = _score.sweep(made, winner.trained, dataset)
    voice = IntegerVoice(made.graph, SynthEdits(**swept["edits"]))
    gain_db = _make.gain_for(voice.render)
    filled = _make.make_card(
        name,
        dataset,
        made,
        axes=swept["card_axes"],
        metrics=voice.score(dataset).as_dict() if dataset.heldout else {},
        gain_db=gain_db,
        edits=swept["edits"],
        ticket=_make.ticket_sha256(winner.ticket),
        train={"config": config.as_dict(), "seed": config.seed, "machine": _make.machine()},
        **card,
    )
    sound = voice.render(_make.phrase_inputs(_make.gesture.load("demo")))[0] * 10 ** (gain_db / 20)
    return _make.make_voice(filled, made.graph, sound)
