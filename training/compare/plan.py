# SPDX-License-Identifier: MIT
"""A comparison as a value: from its TOML file to the ordered list of cells that it asks for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

import torch

from ..configs import ConfigError, TrainConfig, from_dict, load_config
from ..generators.registry import family
from ..reduction.cell import Cell
from ..reduction.method import METHODS
from ..reduction.select import cycle_cost, steps_of
from ..reduction.trim import channels_of
from .names import PARENT, SCRATCH, label

LEAST = "least"
"""A target: every group at the least width that it may have."""
AXES = ("seeds", "targets", "methods")
FOLDER = "compare"


@dataclass(frozen=True)
class Entry:
    """One method with its settings, or the control at the widths of another entry's ticket (of: that one's label)."""

    label: str
    method: str
    rounds: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def cell(self, config: TrainConfig, target: float, seed: int) -> Cell:
        """The cell of this entry."""
        return Cell(config, self.method, target, seed, self.rounds, self.settings)


@dataclass(frozen=True)
class Comparison:
    """data: name of a packaged set, or a folder; targets: shares of the parent's network cycles, or cycles above 1.

    order: of AXES, outermost first: what is outermost is complete for one value before the next begins.
    """

    name: str
    data: str
    config: TrainConfig
    entries: tuple[Entry, ...]
    targets: tuple[float, ...]
    seeds: tuple[int, ...]
    order: tuple[str, ...] = AXES

    def cells(self) -> list[Cell]:
        """In the order that decides most first; the parent of a seed before whatever is compared with it."""
        values: dict[str, Sequence[Any]] = {"seeds": self.seeds, "targets": self.targets, "methods": self.entries}
        found: list[Cell] = []
        met: set[int] = set()
        for point in product(*(values[axis] for axis in self.order)):
            at = dict(zip(self.order, point, strict=True))
            if at["seeds"] not in met:
                met.add(at["seeds"])
                found.append(Cell(self.config, PARENT, 1.0, at["seeds"], None, {}))
            found.append(at["methods"].cell(self.config, at["targets"], at["seeds"]))
        return found


def known_comparisons() -> list[str]:
    """Names of the shipped ones."""
    folder = files("lottava.training.configs").joinpath(FOLDER)
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_comparison(name_or_path: str | Path) -> Comparison:
    """A shipped comparison by name, or one from a .toml file. Raises ConfigError naming what can't be used."""
    path = Path(name_or_path)
    shipped = Path(str(files("lottava.training.configs").joinpath(FOLDER, f"{name_or_path}.toml")))
    source = path if path.suffix == ".toml" else shipped
    if not source.is_file():
        raise ConfigError(f"there is no comparison {str(name_or_path)!r}; take one of {known_comparisons()} or a file")
    try:
        values = tomllib.loads(source.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source.name} is not valid TOML: {error}") from error
    return from_values(source.stem, values)


def from_values(name: str, values: Mapping[str, Any]) -> Comparison:
    """The comparison that a TOML file's values describe. Raises ConfigError."""
    known = {"data", "training", "overrides", "targets", "seeds", "order", "methods"}
    required = known - {"overrides", "order"}
    if wrong := sorted((required - set(values)) | (set(values) - known)):
        raise ConfigError(f"comparison {name!r} lacks or does not know these entries: {', '.join(wrong)}")
    base = load_config(values["training"]).as_dict()
    config = replace(from_dict(base | values.get("overrides", {})), name=str(values["training"]))
    order = tuple(values.get("order", AXES))
    if sorted(order) != sorted(AXES):
        raise ConfigError(f"comparison {name!r}: order must name {', '.join(AXES)} once each, not {list(order)}")
    seeds = tuple(values["seeds"])
    if not seeds or len(set(seeds)) != len(seeds) or not all(type(seed) is int for seed in seeds):
        raise ConfigError(f"comparison {name!r}: seeds must be different whole numbers, not {list(seeds)}")
    targets = tuple(_target(name, target, config) for target in values["targets"])
    if not targets:
        raise ConfigError(f"comparison {name!r}: targets are missing")
    return Comparison(name, str(values["data"]), config, _entries(name, values["methods"]), targets, seeds, order)


def least_cycles(config: TrainConfig) -> float:
    """Network cycles of the parent with every group at its least width."""
    kind = family(config.family)
    with torch.random.fork_rng(devices=[]):
        model = kind.build(config.parent)
    channels = channels_of(model)
    widths = {name: steps_of(group)[-1] for name, group in channels.free.items()}
    return cycle_cost(kind.graph(model), channels, block=kind.block)(widths)


def _target(name: str, value: Any, config: TrainConfig) -> float:
    if value == LEAST:
        return least_cycles(config)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ConfigError(f"comparison {name!r}: a target is a share of 0..1, or cycles, or {LEAST!r}, not {value!r}")
    return float(value)


def _entries(name: str, listed: Sequence[Mapping[str, Any]]) -> tuple[Entry, ...]:
    found: dict[str, Entry] = {}
    for values in listed:
        if wrong := sorted(set(values) - {"method", "rounds", "settings", "of"}):
            raise ConfigError(f"comparison {name!r}: a method has no {', '.join(wrong)}")
        method, settings = str(values.get("method", "")), dict(values.get("settings", {}))
        if method in SCRATCH:
            ticket = found.get(str(values.get("of")))
            if ticket is None:
                raise ConfigError(f"comparison {name!r}: {method} needs of = one of {list(found)}, listed before it")
            entry = Entry(
                f"{method} of {ticket.label}", method, ticket.rounds, {"of": ticket.method, **ticket.settings}
            )
        elif method in METHODS and "of" not in values:
            entry = Entry(label(method, settings), method, values.get("rounds"), settings)
        else:
            raise ConfigError(f"comparison {name!r}: no method {method!r}; take {sorted(METHODS)} or {list(SCRATCH)}")
        if entry.label in found:
            raise ConfigError(f"comparison {name!r}: {entry.label} is listed twice")
        found[entry.label] = entry
    if not found:
        raise ConfigError(f"comparison {name!r}: methods are missing")
    return tuple(found.values())
