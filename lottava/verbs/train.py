# SPDX-License-Identifier: MIT
"""`lottava train`: from a folder of recordings to a voice file; it can be killed and goes on where it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ._common import VerbError, check_folder, print_json, progress, say, tune_process

if TYPE_CHECKING:
    from lottava.training.configs import TrainConfig
    from lottava.training.data.dataset import Dataset
    from lottava.voicefile import Voice

    from ._finish import Claims


def train(
    folder: Annotated[Path, typer.Argument(help="folder of WAV, FLAC, OGG or MP3 files")],
    name: Annotated[str, typer.Option(help="name of the voice: lower case, like cello_body_v1")],
    out: Annotated[Path, typer.Option(help="folder that receives the voice, its float model and its page")] = Path("."),
    family: Annotated[str, typer.Option(help="generator: ddsp, or nsf, which makes every sample")] = "ddsp",
    config: Annotated[
        str | None,
        typer.Option(help="demo, factory, full, nano; nsf, nsf-full, nsf-nano; or a .toml file"),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=4, help="steps an arm, instead of the configuration's")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="lottery rounds")] = 2,
    licence: Annotated[
        str | None, typer.Option(help="SPDX id of the voice; default: private, or what the data asks")
    ] = None,
    author: Annotated[str, typer.Option(help="whose voice this is, for the card")] = "unnamed",
    own: Annotated[bool, typer.Option("--own-recordings", help="the recordings are yours, for the card")] = False,
    consent: Annotated[bool, typer.Option("--consent", help="the performers agree to it, for the card")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print files, id and scores as JSON")] = False,
) -> None:
    """Make a voice of a folder of recordings: parent, structured lottery, 8-bit weights, card, and a page on it.

    Ctrl-C loses nothing: the same command resumes. Example:  lottava train ~/cello --name cello_body_v1
    """
    tune_process()
    from lottava import voicefile
    from lottava.training.analysis import page
    from lottava.training.configs import load_config

    from . import _finish, _make, _samples
    from .data import listen

    check(name, licence, out)
    chosen = load_config(config or DEFAULTS.get(family, family))
    if chosen.family != family:
        raise VerbError(f"--config {config} is for --family {chosen.family}, not {family}")
    chosen = replace(chosen, steps=steps) if steps else chosen
    dataset = _make.recordings(folder, listen(folder))
    claims = _finish.Claims(name, folder, author, licence, own, consent)
    if chosen.family != "ddsp":
        filtered, unquantised, report = _samples.make(dataset, chosen, claims)
        return _save_samples(out, _finish.modelled(filtered), unquantised, report, as_json=as_json)
    voice, unquantised, report, players = make(dataset, chosen, rounds, claims)
    file, float_file = out / f"{name}{voicefile.SUFFIX}", out / f"{name}{_finish.FLOAT_SUFFIX}"
    voicefile.save(unquantised, float_file)
    voicefile.save(voice, file)
    sheet = out / f"{name}.html"
    sheet.write_text(page.render(page_of(report, players)), encoding="utf-8")
    if as_json:
        files = {"file": str(file), "float_file": str(float_file), "page": str(sheet)}
        print_json(files | {"id": voice.card.id, "arms": report["arms"]})
    say(report["verdict"])
    say(f"{file}: {voice.graph.parameter_count:,} parameters, licence {voice.card.licence}; report: {sheet}")
    say(f"Hear it:  lottava play --voice {file} --out {name}.wav")


def _save_samples(out: Path, voice: Voice, unquantised: Voice, report: dict[str, Any], *, as_json: bool) -> None:
    from lottava import voicefile

    from . import _finish

    name = voice.card.name
    file, float_file = out / f"{name}{voicefile.SUFFIX}", out / f"{name}{_finish.FLOAT_SUFFIX}"
    voicefile.save(unquantised, float_file)
    voicefile.save(voice, file)
    if as_json:
        print_json({"file": str(file), "float_file": str(float_file), "id": voice.card.id} | report)
    for arm, row in report["arms"].items():
        say(f"{arm}: MRSTFT {row['mrstft']:.3f} on held-out notes in the voice's band, {row['parameters']:,} trained")
    say(f"{file}: what it takes of the module:  lottava budget {file}")
    say(f"Hear it:  lottava play --voice {file} --out {name}.wav")


DEFAULTS = {"ddsp": "demo"}
"""Family → its default configuration, where that has another name."""


def check(name: str, licence: str | None, out: Path) -> None:
    """Refuse, before hours of training, what would be refused after them. Raises VerbError, OSError."""
    from lottava import card, licences

    if not card.NAME.fullmatch(name):
        raise VerbError(f"--name {name}: take {card.CHECKS['name'][1]}, like cello_body_v1")
    if licence is not None and not licences.SPDX_ID.fullmatch(licence):
        raise VerbError(f"--licence {licence}: take {card.CHECKS['licence'][1]}, like CC-BY-4.0")
    check_folder(out)


def make(
    dataset: Dataset, config: TrainConfig, rounds: int, claims: Claims
) -> tuple[Voice, Voice, dict[str, Any], list[tuple[str, str, np.ndarray]]]:
    """The voice of a data set, the float model it was quantised from, the report, and (label, note, sound) to hear."""
    from lottava.training.analysis import demo_report
    from lottava.training.data.cache import cache_dir

    from . import _finish, _make, _score

    root = cache_dir() / "training"
    with progress() as bar:
        show = _make.bars(bar)
        lottery = _make.draw_lottery(dataset, config, rounds, root, show)
        winner = lottery.winner
        made = _make.to_integers(winner, dataset, config, root, show)
    models = {"parent": lottery.parent.model, "ticket_float": winner.model}
    say("scoring on the held-out notes …")
    report = {"arms": _score.score_arms(models, made, dataset), **_score.sweep(made, winner, dataset)}
    voice, sounding = _finish.finish(claims, dataset, made, lottery.ticket, report, config.seed)
    voice = _finish.modelled(voice)
    report |= {
        "voice": _finish.describe(voice),
        "verdict": demo_report.voice_verdict(report),
        "budget": {"words": _finish.budget_words(config, rounds)},
    }
    return voice, _finish.float_model(voice, made), report, _score.players(models, sounding, dataset)


def page_of(report: dict[str, Any], sounds: list[tuple[str, str, np.ndarray]]):  # type: ignore[no-untyped-def]
    """The report as a page."""
    from lottava.training.analysis import demo_report, page

    players = [page.Player(label, words, np.asarray(sound)) for label, words, sound in sounds]
    return demo_report.compose_voice(report, players)
