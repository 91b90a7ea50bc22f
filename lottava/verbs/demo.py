# SPDX-License-Identifier: MIT
"""`lottava demo`: the whole chain in one run, from recordings to a calibrated module, with a report."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from lottava import gesture, voicefile
from lottava.graph import graph_hash

from ._common import check_folder, print_json, progress, say, tune_process
from ._stages import Stages

if TYPE_CHECKING:
    from lottava.training.configs import TrainConfig
    from lottava.training.data.dataset import Dataset
    from lottava.training.generators.ddsp import DDSP

    from ._make import Integers, Lottery

VOICE_NAME = "sax_demo"
BOARD = 7
"""Number of the random board whose errors the calibration does not know."""
COMPARED_FRAMES = 500


@dataclass(frozen=True, eq=False)
class Run:
    """What all stages share: where results go, the clock, the budget, the recordings."""

    out: Path
    stages: Stages
    config: TrainConfig
    rounds: int
    folder: Path
    dataset: Dataset

    @property
    def root(self) -> Path:
        """Where trainings keep themselves."""
        return self.out / "work" / "training"

    @property
    def budget(self) -> dict[str, Any]:
        """Everything that decides a training."""
        return {"config": self.config.as_dict(), "rounds": self.rounds, "data": self.dataset.sha256}


def demo(
    data: Annotated[str, typer.Option(help="a named set (sax, violin, cello) or a folder of recordings")] = "sax",
    steps: Annotated[int | None, typer.Option(min=4, help="steps an arm; fewer are quicker and sound worse")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="lottery rounds")] = 2,
    out: Annotated[Path, typer.Option(help="folder that receives report.json, index.html and the voice")] = Path(
        "demo"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
) -> None:
    """Recordings to a voice on the emulated module, compared with its controls, calibrated and measured.

    Ctrl-C loses nothing: the same command resumes. Example:  lottava demo --steps 100
    """
    tune_process()
    from . import _finish

    run = start(data, steps, rounds, out)
    lottery, models = train_arms(run)
    made = integers(run, lottery)
    report = score(run, models, made, lottery)
    voice, players = finish(run, lottery, made, report, models)
    report |= on_the_module(run, voice, report["arms"])
    voice = _finish.with_cycles(voice, report["cycles"]["voice"])
    voicefile.save(_finish.float_model(voice, made), run.out / f"{VOICE_NAME}{_finish.FLOAT_SUFFIX}")
    voicefile.save(voice, run.out / f"{VOICE_NAME}{voicefile.SUFFIX}")
    publish(run, voice, report, players)
    if as_json:
        print_json(report)
    else:
        show(report, out)


def start(data: str, steps: int | None, rounds: int, out: Path) -> Run:
    """Fetch, judge and prepare the recordings. Raises VerbError where they will not do."""
    from lottava.training.configs import load_config
    from lottava.training.data.fetch import SOURCES, fetch

    from . import _make
    from .data import listen

    check_folder(out)
    stages = Stages(out / "work", say)
    folder = stages.run("data get", data, lambda: fetch(data)) if data in SOURCES else Path(data)
    report = stages.run("data report", data, lambda: listen(folder))
    dataset = _make.recordings(folder, report)
    config = load_config("demo")
    config = replace(config, steps=steps) if steps else config
    return Run(out, stages, config, rounds, folder, dataset)


def train_arms(run: Run) -> tuple[Lottery, dict[str, DDSP]]:
    """Parent, tickets and the two controls, each with the same budget."""
    from . import _make

    with progress() as bar:
        show = _make.bars(bar)
        lottery = run.stages.run(
            "parent and lottery",
            run.budget,
            lambda: _make.draw_lottery(run.dataset, run.config, run.rounds, run.root, show),
        )
        controls = run.stages.run(
            "controls",
            run.budget,
            lambda: _make.train_controls(run.dataset, run.config, run.rounds, run.root, show),
        )
    trained = {"parent": lottery.parent, "ticket_float": lottery.winner, **controls}
    return lottery, {name: each.model for name, each in trained.items()}


def integers(run: Run, lottery: Lottery) -> Integers:
    """The winner through the module's arithmetic."""
    from . import _make

    with progress() as bar:
        show = _make.bars(bar)
        return run.stages.run(
            "integers",
            run.budget,
            lambda: _make.to_integers(lottery.winner, run.dataset, run.config, run.root, show),
        )


def score(run: Run, models: dict[str, DDSP], made: Integers, lottery: Lottery) -> dict[str, Any]:
    """Every arm on the held-out notes, and what each knob does."""
    from . import _score

    key = [run.budget, graph_hash(made.graph)]
    arms = run.stages.value("score", key, lambda: _score.score_arms(models, made, run.dataset))
    axes = run.stages.value("axes", key, lambda: _score.sweep(made, lottery.winner, run.dataset))
    return {"arms": arms, **axes}


def finish(run: Run, lottery: Lottery, made: Integers, report: dict[str, Any], models: dict[str, DDSP]):  # type: ignore[no-untyped-def]
    """The voice, its cycles not yet modelled, and the sounds for the page."""
    from . import _finish, _score

    claims = _finish.Claims(VOICE_NAME, run.folder, author="lottava demo", command="lottava demo")
    ticket = lottery.ticket
    voice, sounding = _finish.finish(claims, run.dataset, made, ticket, report, run.config.seed)
    return voice, _score.players(models, sounding, run.dataset)


def on_the_module(run: Run, voice: voicefile.Voice, arms: dict[str, Any]) -> dict[str, Any]:
    """Image, equality, phrase, latency, cycles, calibration: all on the emulated Seed."""
    from . import _demo_module, _module

    stages, key, phrase = run.stages, _module.blob_sha256(voice), gesture.load("demo")
    elf = stages.run("image", key, lambda: _module.build_image(voice, run.out / "work" / f"image-{key[:12]}"))
    inputs = _demo_module.held_out_codes(run.dataset, COMPARED_FRAMES)
    equality = stages.value(
        "equality", key, lambda: _demo_module.compare_executors(voice, inputs, elf, gesture.load("hold"))
    )
    wav = run.out / "work" / f"phrase-{key[:12]}.wav"
    stages.run("phrase", key, lambda: None if wav.exists() else _module.record_phrase(elf, phrase, wav))
    latency = stages.value("latency", key, lambda: _demo_module.latency(elf))
    cycles = stages.value(
        "cycles", key, lambda: _demo_module.compare_cycles(voice, elf, phrase, run.dataset, run.out / "work" / "tiny")
    )
    _demo_module.spread_cycles(arms, cycles["voice"], cycles["smallest"], cycles["smallest_macs"])
    calibration = stages.value("calibration", [key, BOARD], lambda: _demo_module.calibrate_and_measure(elf, BOARD))
    return {
        "phrase": str(wav.relative_to(run.out)),
        "equality": equality,
        "latency": latency,
        "cycles": cycles,
        "calibration": calibration,
    }


def publish(run: Run, voice: voicefile.Voice, report: dict[str, Any], sounds: list) -> None:
    """report.json and index.html."""
    import soundfile

    from lottava.training.analysis import demo_report, page

    from . import _finish
    from ._make import machine

    report |= {
        "format": 1,
        "voice": _finish.describe(voice),
        "verdict": demo_report.verdict(report),
        "budget": {"words": _finish.budget_words(run.config, run.rounds), **run.budget},
        "timings_s": {name: round(seconds, 2) for name, seconds in run.stages.seconds.items()},
        "machine": machine(),
    }
    report["expected"] = demo_report.expectations(report)
    phrase, rate = soundfile.read(run.out / report["phrase"])
    played = page.Player("Emulated module", "the demo gesture, from control voltages to the codec", phrase[:, 0], rate)
    players = [page.Player(label, words, np.asarray(sound)) for label, words, sound in sounds]
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    (run.out / "report.json").write_text(text + "\n", encoding="utf-8")
    (run.out / "index.html").write_text(page.render(demo_report.compose(report, [*players, played])), encoding="utf-8")


def show(report: dict[str, Any], out: Path) -> None:
    """The table, what was expected, and where to look."""
    from rich.console import Console
    from rich.table import Table

    from lottava.training.analysis import demo_report

    console = Console()
    whole = demo_report.arm_table(report)
    table = Table(title=report["verdict"], caption=whole.caption, title_justify="left", caption_justify="left")
    table.add_column("")
    for row in whole.rows:
        table.add_column(row[0], justify="right")
    for index, field in enumerate(whole.columns[1:], start=1):
        table.add_row(field, *(row[index] for row in whole.rows))
    console.print(table)
    for row in report["expected"]:
        mark = "[green]met    [/]" if row["met"] else "[red]not met[/]"
        console.print(f"{mark} {row['what']}: {row['measured']} (wanted {row['wanted']})", highlight=False)
    console.print(f"{sum(report['timings_s'].values()):.0f} s in all. Report: {out / 'index.html'}", highlight=False)
