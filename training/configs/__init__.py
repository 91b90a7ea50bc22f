# SPDX-License-Identifier: MIT
"""Named training configurations: one TOML file each, read into one frozen value."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..generators.family import FamilyError, Widths
from ..generators.registry import family


class ConfigError(ValueError):
    """A configuration that can't be used: says which value, and what it should be."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training run apart from the data and the network it starts from.

    family: key of the generators' family; parent: sizes as its Widths. learning_rate (which the family scales to the
    network's size, see Family.rate_scale) falls to final_learning_rate along a half cosine over `steps`,
    after `warmup_steps` of linear rise.
    rewind_fraction: where in the run the lottery's rewind state is saved. wild_beta: weight of the KL term in nats.
    wild_keep: share of crops that hear their encoded WILD; the rest is trained at noon, where voices are played.
    probes: crops per batch whose axes are also turned at random, to hold each knob to its own descriptor.
    """

    name: str
    family: str
    parent: Widths
    steps: int
    batch: int
    crop_seconds: float
    fft_sizes: tuple[int, ...]
    learning_rate: float
    final_learning_rate: float
    warmup_steps: int
    clip_norm: float
    rewind_fraction: float
    wild_beta: float
    wild_keep: float
    probes: int
    probe_weight: float
    save_every: int
    seed: int

    def __post_init__(self) -> None:
        positive = ("steps", "batch", "crop_seconds", "learning_rate", "clip_norm", "save_every")
        for name in positive:
            if not getattr(self, name) > 0:
                raise ConfigError(f"configuration {self.name!r}: {name} must be above 0, not {getattr(self, name)}")
        if not 0 <= self.wild_keep <= 1:
            raise ConfigError(f"configuration {self.name!r}: wild_keep must lie in 0..1, not {self.wild_keep}")
        if not 0 <= self.rewind_fraction < 1:
            raise ConfigError(
                f"configuration {self.name!r}: rewind_fraction must lie in 0..1, not {self.rewind_fraction}"
            )
        if not 0 <= self.probes <= self.batch:
            raise ConfigError(f"configuration {self.name!r}: probes must lie in 0..batch, not {self.probes}")

    @property
    def crop_frames(self) -> int:
        """Control frames per crop (250 Hz)."""
        return round(self.crop_seconds * 250)

    @property
    def rewind_step(self) -> int:
        """The step whose weights a ticket is rewound to."""
        return round(self.rewind_fraction * self.steps)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and checkpoints."""
        return asdict(self) | {"parent": self.parent.as_dict(), "fft_sizes": list(self.fft_sizes)}


def from_dict(values: Mapping[str, Any]) -> TrainConfig:
    """Inverse of `TrainConfig.as_dict`. Raises ConfigError naming unknown, missing or malformed entries."""
    expected = {field.name for field in fields(TrainConfig)}
    values = {"family": "ddsp"} | dict(values)
    name = values.get("name", "?")
    if wrong := sorted(expected ^ set(values)):
        raise ConfigError(f"configuration {name!r} lacks or does not know these entries: {', '.join(wrong)}")
    try:
        parent = family(values["family"]).widths(values["parent"])
        return TrainConfig(**{**values, "parent": parent, "fft_sizes": tuple(int(n) for n in values["fft_sizes"])})
    except (TypeError, FamilyError) as error:
        raise ConfigError(f"configuration {name!r} is malformed: {error}") from error


def load_config(name_or_path: str | Path) -> TrainConfig:
    """A shipped configuration by name, or one from a .toml file.

    Names: demo, factory, full, nano; nsf, nsf-wide, nsf-full, nsf-nano.
    Raises ConfigError when it is absent or malformed.
    """
    path = Path(name_or_path)
    shipped = Path(str(files(__name__).joinpath(f"{name_or_path}.toml")))
    source = path if path.suffix == ".toml" else shipped
    if not source.is_file():
        known = sorted(Path(entry.name).stem for entry in files(__name__).iterdir() if entry.name.endswith(".toml"))
        raise ConfigError(f"there is no configuration {str(name_or_path)!r}; take one of {known} or a .toml file")
    try:
        values = tomllib.loads(source.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source.name} is not valid TOML: {error}") from error
    return from_dict({"name": source.stem} | values)
