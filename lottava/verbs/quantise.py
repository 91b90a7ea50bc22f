# SPDX-License-Identifier: MIT
"""`lottava quantise`: a float model to the integer voice that the module runs, and what each layer loses on the way."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from ._common import VerbError, check_folder, print_json, say

if TYPE_CHECKING:
    from lottava.export.quantise_report import QuantisationReport
    from lottava.graph import Graph
    from lottava.voicefile import Voice

MAX_TICKS = 2048
"""Of each clip that is not a recording: the oracle runs some thousand ticks a second. A decoder sees a second of each
recording, 250 ticks."""

MAX_CLIP_BYTES = 64 << 20


def quantise(
    model: Annotated[str, typer.Argument(help="a float .lottava file, as `lottava train` saves it beside the voice")],
    clips: Annotated[
        Path | None,
        typer.Option(help="folder of recordings, or an .npz with an array [clips, columns, size] per network input"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="file to write; default: NAME.lottava beside MODEL")] = None,
    report: Annotated[bool, typer.Option("--report", help="print each layer's loss, integer against float")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print file, id and every figure as JSON")] = False,
) -> None:
    """Make the integer voice of a float model and measure, on clips, what 8-bit weights and 16-bit signals cost it.

    Clips are the recordings that MODEL was trained on where the cache still has them. Example:

    lottava quantise cello_body_v1.float.lottava --report
    """
    from lottava import library, voicefile
    from lottava.export.quantise import quantise as to_integers

    path = library.find_voice(model)
    source = voicefile.load(path)
    if source.graph.is_integer:
        raise VerbError(f"{path}: an integer voice already; take NAME.float.lottava, which `lottava train` saves, too")
    target = out or path.with_name(f"{source.card.name}{voicefile.SUFFIX}")
    if target.suffix != voicefile.SUFFIX:
        raise VerbError(f"--out {target}: a voice's file ends in {voicefile.SUFFIX}")
    check_folder(target.parent)
    graph, losses = to_integers(source.graph, representative_clips(source, clips))
    voice = integer_voice(source, graph, losses)
    written = write(voice, target)
    if as_json:
        print_json({"file": str(target), "written": written, "id": voice.card.id, **losses.to_json()})
    elif report:
        show(losses)
    ends = ", ".join(f"{entry.tensor} {entry.snr_db:.1f} dB above its error" for entry in losses.end_to_end)
    say(f"{target}: {ends}; {voice.graph.parameter_count:,} parameters" + ("" if written else "; it is there already"))


def representative_clips(model: Voice, clips: Path | None) -> dict[str, NDArray]:
    """Real inputs [clips, columns, size]. Raises VerbError, DatasetError, AudioError where there are none."""
    if clips is not None and clips.suffix == ".npz":
        return from_npz(clips, model.graph)
    decoder = set(model.graph.inputs) == {"pitch", "loudness", "axes"}
    if not decoder and "outside" not in model.card.extra:
        raise VerbError(f"the model reads {', '.join(model.graph.inputs)}: give an array of each in  --clips FILE.npz")
    from lottava.training.data.prepare import build, prepared

    from . import _make, _samples

    trained_on = model.card.data["hash"]
    dataset = prepared(trained_on) if clips is None else build(clips)
    if dataset is None:
        raise VerbError("the cache lacks the recordings that the model was trained on; name them:  --clips FOLDER")
    if dataset.sha256 != trained_on:
        say("these are not the recordings that the model was trained on")
    return _make.representative_inputs(dataset) if decoder else _samples.representative_inputs(model, dataset)


def from_npz(path: Path, graph: Graph) -> dict[str, NDArray]:
    """An array per network input, the first ticks of each clip. Raises VerbError, OSError."""
    from lottava.reference import columns_in

    if path.stat().st_size > MAX_CLIP_BYTES:
        raise VerbError(f"{path}: over {MAX_CLIP_BYTES >> 20} MB; a few clips of {MAX_TICKS} ticks are enough")
    arrays = _read_npz(path)
    ticks = math.ceil(MAX_TICKS / graph.largest_period) * graph.largest_period
    inputs = {}
    for name in graph.inputs:
        if name not in arrays:
            raise VerbError(f"{path}: it lacks an array for the input {name!r}; the model reads {list(graph.inputs)}")
        value, tensor = arrays[name], graph.tensors[name]
        if value.dtype.kind not in "fiu" or value.ndim not in (2, 3) or value.shape[-1] != tensor.size:
            raise VerbError(
                f"{path}: {name!r} is {value.dtype} {value.shape}; it should be real numbers [clips, columns, "
                f"{tensor.size}]"
            )
        inputs[name] = value[..., : columns_in(ticks, tensor.period), :]
    return inputs


def _read_npz(path: Path) -> dict[str, NDArray]:
    import zipfile
    import zlib

    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise VerbError(f"{path}: no readable .npz of arrays ({error}); save it with numpy.savez") from error


def integer_voice(model: Voice, graph: Graph, losses: QuantisationReport) -> Voice:
    """The voice of a quantised graph: the model's card, its own id, cost and measured loss."""
    from lottava.graph import graph_hash
    from lottava.voicefile import Voice

    from ._finish import cost_of

    metrics: dict[str, Any] = {f"{entry.tensor}_snr_db": round(entry.snr_db, 2) for entry in losses.end_to_end}
    card = replace(model.card, id=graph_hash(graph), parent=losses.parent, cost=cost_of(graph), metrics=metrics)
    return Voice(graph, card)


def write(voice: Voice, target: Path) -> bool:
    """Save, unless the same voice is there, perhaps with more on its card. Raises VerbError before it hides another."""
    from lottava import voicefile

    if target.exists():
        there = voicefile.load(target).card
        if there.id == voice.card.id:
            return False
        raise VerbError(f"{target} holds another voice, {there.id[:12]}…; choose a new file with --out")
    voicefile.save(voice, target)
    return True


def show(losses: QuantisationReport) -> None:
    """A row a layer, narrow enough for 80 columns."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    caption = (
        f"dB: signal over error on {losses.ticks:,} ticks; own: this layer alone, all: with those before it. "
        "acc: bits of the accumulator, and how much of 2^31 the worst input takes of it."
    )
    table = Table(title="Integer against float", caption=caption, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.title_justify = table.caption_justify = "left"
    for name in ("layer", "kind"):
        table.add_column(name, no_wrap=True)
    for name in ("own dB", "all dB", "worst", "sat.", "acc"):
        table.add_column(name, justify="right", no_wrap=True)
    for entry in losses.layers:
        table.add_row(
            entry.layer,
            entry.kind,
            "exact" if entry.exact else f"{entry.own_snr_db:.1f}",
            f"{entry.snr_db:.1f}",
            f"{entry.worst_error:.2g}",
            f"{entry.saturated:.1%}",
            f"{entry.accumulator_bits} {entry.accumulator_bound / 2**31:.4f}" if entry.accumulator_bits else "",
        )
    Console().print(table)
