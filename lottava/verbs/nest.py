# SPDX-License-Identifier: MIT
"""`lottava nest`: a float model made slimmable, narrower networks within it for modules with less time to spare."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._common import VerbError, check_folder, print_json, progress, say, tune_process

if TYPE_CHECKING:
    from lottava.training.data.dataset import Dataset
    from lottava.training.slimmable import Nested
    from lottava.voicefile import Voice


def nest(
    model: Annotated[str, typer.Argument(help="a float .lottava file, as `lottava train` saves it beside the voice")],
    levels: Annotated[str, typer.Option(help="share of the units that each narrower level keeps")] = "0.5,0.25",
    data: Annotated[
        Path | None, typer.Option(help="folder of the recordings; default: those of MODEL, if cached")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="of training, instead of the configuration's")] = None,
    config: Annotated[str | None, typer.Option(help="as of `lottava train`; default: the family's")] = None,
    out: Annotated[Path | None, typer.Option(help="float file to write; default: NAME_nested beside MODEL")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print file, id and each level's figures as JSON")] = False,
) -> None:
    """Train a model so that its first units alone are a network, too, at each of several widths; then quantise it.

    Example:  lottava nest cello_body_v1.float.lottava --levels 0.5,0.25 --steps 300
    """
    tune_process()
    from lottava import library, voicefile
    from lottava.training.configs import load_config
    from lottava.training.data.cache import cache_dir
    from lottava.training.slimmable import make_slimmable

    from . import _make

    path = library.find_voice(model)
    source = voicefile.load(path)
    if source.graph.is_integer or source.graph.levels:
        raise VerbError(f"{path}: take a float model without levels, like NAME.float.lottava")
    shares = parse_levels(levels)
    name = f"{source.card.name}_nested"
    target = out or path.with_name(f"{name}.float{voicefile.SUFFIX}")
    check_folder(target.parent)
    network, dataset = _network_of(source), _dataset_of(source, data)
    chosen = load_config(config or {"ddsp": "demo"}.get(network.family, network.family))
    chosen = replace(chosen, parent=network.widths, steps=steps or chosen.steps)
    with progress() as bar:
        nested = make_slimmable(
            network, None, dataset, chosen, shares, cache_dir() / "training", progress=_make.bars(bar)
        )
    say("scoring each level on the held-out notes …")
    rows = figures(nested, dataset)
    voice = _voice(source, nested, name, rows)
    voicefile.save(voice, target)
    if as_json:
        print_json({"file": str(target), "id": voice.card.id, "levels": rows})
    for number, row in enumerate(rows):
        say(f"level {number}: {row['parameters']:,} parameters, MRSTFT {row['mrstft']:.3f} on held-out notes")
    say(f"{target}: the voice of it:  lottava quantise {target}")


def parse_levels(text: str) -> list[float]:
    """Shares of "0.5,0.25". Raises VerbError for anything but falling numbers between 1 and 0, 7 at most."""
    from lottava.levels import MAX_LEVELS

    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = []
    falling = all(after < before for before, after in zip([1.0, *shares], [*shares, 0.0], strict=True))
    if not falling or not 1 <= len(shares) < MAX_LEVELS or shares[-1] <= 0:
        raise VerbError(
            f"--levels {text}: take falling shares between 1 and 0, {MAX_LEVELS - 1} at most, like 0.5,0.25"
        )
    return shares


def _network_of(source: Voice) -> Any:
    from lottava.training.slim import from_graph

    from . import _samples

    return _samples.network_of(source) if "outside" in source.card.extra else from_graph(source.graph)


def _dataset_of(source: Voice, folder: Path | None) -> Dataset:
    from lottava.training.data.prepare import build, prepared

    dataset = build(folder) if folder is not None else prepared(source.card.data["hash"])
    if dataset is None:
        raise VerbError("the recordings of this model are not in the cache; give their folder with  --data FOLDER")
    return dataset


def figures(nested: Nested, dataset: Dataset) -> list[dict[str, Any]]:
    """Widths by group, parameters and held-out MRSTFT of each level, the whole first."""
    from lottava.training.analysis.render import score_model

    return [
        {
            "widths": dict(widths),
            "parameters": nested.at(level).widths.parameter_count,
            "mrstft": round(score_model(nested.at(level), dataset).mrstft, 4),
        }
        for level, widths in enumerate(nested.widths)
    ]


def _voice(source: Voice, nested: Nested, name: str, rows: list[dict[str, Any]]) -> Voice:
    """The float model with its levels; the figures of each are on the card."""
    from lottava.graph import graph_hash
    from lottava.training.generators.registry import family_of
    from lottava.voicefile import Voice

    graph = replace(nested.graph, parent=graph_hash(source.graph))
    state, outside = nested.model.state_dict(), family_of(nested.model).outside
    extra = source.card.extra | {"levels": rows}
    if outside:
        extra |= {"outside": {entry: state[entry].tolist() for entry in sorted(outside & set(state))}}
    card = replace(source.card, name=name, id=graph_hash(graph), parent=graph.parent, metrics={}, extra=extra)
    return Voice(graph, card)
