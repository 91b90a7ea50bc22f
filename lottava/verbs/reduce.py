# SPDX-License-Identifier: MIT
"""`lottava reduce`: a generator, a method and a budget in; a smaller voice that runs on the module out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._common import VerbError, print_json, say, tune_process

if TYPE_CHECKING:
    from lottava.training.configs import TrainConfig
    from lottava.training.reduction.cell import Cell

PARENTS = {"ddsp": "full", "nsf": "nsf-wide"}
"""Family → the configuration of the largest parent whose layers the module loads."""
NANO_UNITS = 200
"""The greedy oracle passes the network once for each unit and removal: with more units it would take days."""


def reduce(
    family: Annotated[str | None, typer.Argument(help="generator to begin with: ddsp or nsf")] = None,
    method: Annotated[str | None, typer.Option(help="way to choose what stays; see --list")] = None,
    target: Annotated[float | None, typer.Option(help="share of the parent's network cycles, like 0.05")] = None,
    target_cycles: Annotated[float | None, typer.Option(help="network cycles a frame (ddsp) or sample (nsf)")] = None,
    criterion: Annotated[
        str | None, typer.Option(help="of diet: magnitude, gradient, activation, normalisation, information")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="instead of the method's")] = None,
    data: Annotated[str, typer.Option(help="folder of recordings, or sax, violin, cello")] = "sax",
    config: Annotated[str | None, typer.Option(help="parent and training: full, demo, nsf-wide, …, or a file")] = None,
    steps: Annotated[int | None, typer.Option(min=4, help="of a training, instead of the configuration's")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="of weights, data order and chance")] = None,
    name: Annotated[str | None, typer.Option(help="name of the voice; default: family and method")] = None,
    out: Annotated[Path, typer.Option(help="folder that receives voice, float model and ticket")] = Path("."),
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    listing: Annotated[bool, typer.Option("--list", help="list the methods: when they score, cost, source")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print files and figures as JSON")] = False,
) -> None:
    """Train a large generator and keep the part of it that fits a budget of network cycles, as a voice file.

    Ctrl-C loses nothing: the same command resumes. Example:  lottava reduce ddsp --method diet --target 0.05
    """
    if listing:
        return _list(as_json=as_json)
    tune_process()
    from . import _finish, _reduce
    from .train import check

    chosen = _config(family, config, steps)
    cell = _cell(chosen, method, _target(target, target_cycles), seed, rounds, criterion)
    voice_name = name or f"{chosen.family}_{cell.method}"
    check(voice_name, None, out)
    if device not in ("cpu", "cuda"):
        raise VerbError(f"--device {device}: take cpu or cuda")
    folder, dataset = _reduce.recordings(data)
    claims = _finish.Claims(voice_name, folder, command="lottava reduce")
    made = _reduce.make(cell, dataset, claims, device)
    files = _save(made, out)
    if as_json:
        print_json(files | {"id": made.voice.card.id} | made.figures)
    for line in _reduce.words(made.figures, "frame" if chosen.family == "ddsp" else "sample"):
        say(line)
    say(f"{files['file']}: what it takes of the module:  lottava budget {files['file']}")
    say(f"Hear it:  lottava play --voice {files['file']} --out {voice_name}.wav")


def _list(*, as_json: bool) -> None:
    from lottava.training.reduction.method import METHODS

    from . import _reduce

    rows = [_reduce.listed(method) for method in METHODS.values()]
    if as_json:
        return print_json(rows)
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("method", "scores", "cost: trainings, dense one = 1", "source"):
        table.add_column(column)
    for row in rows:
        table.add_row(row["method"], row["scores"], row["cost"], row["source"])
    Console().print(table, highlight=False)


def _config(family: str | None, name: str | None, steps: int | None) -> TrainConfig:
    from lottava.training.configs import load_config

    if family is None:
        raise VerbError(f"say what to reduce: {' or '.join(PARENTS)}")
    if family not in PARENTS:
        hint = "; a file holds no encoder to train on with: name its family" if family.endswith(".lottava") else ""
        raise VerbError(f"there is no generator {family!r}; take {' or '.join(PARENTS)}{hint}")
    chosen = load_config(name or PARENTS[family])
    if chosen.family != family:
        raise VerbError(f"--config {name} is for {chosen.family}, not {family}")
    _check_layers(chosen)
    return replace(chosen, steps=steps) if steps else chosen


def _check_layers(config: TrainConfig) -> None:
    """Methods remove units: a parent of more layers than the module loads would end, after hours, in no voice."""
    from lottava.export.blob import MAX_LAYERS, MAX_TENSORS
    from lottava.training.generators.registry import family

    kind = family(config.family)
    graph = kind.graph(kind.build(config.parent))
    layers, tensors = len(graph.layers), len(graph.tensors)
    if layers > MAX_LAYERS or tensors > MAX_TENSORS:
        raise VerbError(
            f"the parent of {config.name} has {layers} layers over {tensors} tensors; the module loads {MAX_LAYERS} "
            f"over {MAX_TENSORS}, and methods remove units alone: take --config {PARENTS[config.family]}"
        )


def _target(share: float | None, cycles: float | None) -> float:
    """As Cell takes it."""
    if (share is None) == (cycles is None):
        raise VerbError(
            "say how small: either --target 0.05, a share of the parent's network cycles, or --target-cycles"
        )
    if share is not None and not 0 < share <= 1:
        raise VerbError(f"--target {share:g}: take a share above 0, at most 1; for cycles there is --target-cycles")
    if cycles is not None and not cycles > 1:
        raise VerbError(f"--target-cycles {cycles:g}: take a number above 1; for a share there is --target")
    return share if share is not None else cycles or 0.0


def _cell(
    config: TrainConfig, method: str | None, target: float, seed: int | None, rounds: int | None, criterion: str | None
) -> Cell:
    """Raises VerbError for what no run could do."""
    from lottava.training.reduction.cell import Cell
    from lottava.training.reduction.method import DIET_CRITERIA, METHODS

    if method is None or method not in METHODS:
        raise VerbError(f"--method {method or ''}: take one of {', '.join(METHODS)}; lottava reduce --list tells more")
    settings: dict[str, Any] = {}
    if criterion is not None:
        if "criterion" not in METHODS[method].defaults:
            raise VerbError(f"--criterion is for diet; {method} has its own")
        if criterion not in DIET_CRITERIA:
            raise VerbError(f"--criterion {criterion}: take one of {', '.join(DIET_CRITERIA)}")
        settings["criterion"] = criterion
    if rounds is not None and METHODS[method].rounds == 1 and METHODS[method].when not in ("rounds", "after"):
        raise VerbError(f"--rounds: {method} selects once")
    if method == "greedy_oracle" and _units(config) > NANO_UNITS:
        raise VerbError(f"greedy_oracle tries every unit at every removal: take a parent of at most {NANO_UNITS} units")
    return Cell(config, method, target, config.seed if seed is None else seed, rounds, settings)


def _units(config: TrainConfig) -> int:
    from lottava.training.generators.registry import family
    from lottava.training.reduction.trim import channels_of

    return sum(group.size for group in channels_of(family(config.family).build(config.parent)).free.values())


def _save(made: Any, out: Path) -> dict[str, str]:
    from lottava import voicefile
    from lottava.training.reduction import ticket

    from . import _finish, _reduce

    name = made.voice.card.name
    files = {
        "file": out / f"{name}{voicefile.SUFFIX}",
        "float_file": out / f"{name}{_finish.FLOAT_SUFFIX}",
        "ticket_file": out / f"{name}{_reduce.TICKET_SUFFIX}",
    }
    voicefile.save(made.unquantised, files["float_file"])
    ticket.save(made.outcome.ticket, files["ticket_file"])
    voicefile.save(made.voice, files["file"])
    return {key: str(path) for key, path in files.items()}
