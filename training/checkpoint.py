# SPDX-License-Identifier: MIT
"""A training run frozen between two steps: all that is needed to go on with the same bits, in one file."""

from __future__ import annotations

import hashlib
import os
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .configs import TrainConfig, from_dict
from .data.dataset import Dataset
from .generators.family import Network, Widths
from .generators.registry import family
from .wild import WildEncoder

FORMAT = 1


class TrainingError(RuntimeError):
    """Training can't go on: says why, and what to do."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights, optimiser moments and position. Random numbers and data order follow from config.seed and step.

    along: of what a reduction method trains or knows meanwhile.
    """

    step: int
    first_step: int
    widths: Widths
    model: dict[str, Tensor]
    encoder: dict[str, Tensor]
    optimiser: dict[str, Any]
    config: TrainConfig
    dataset_sha256: str
    along: dict[str, Tensor] = field(default_factory=dict)

    @classmethod
    def capture(
        cls,
        step: int,
        first_step: int,
        model: Network,
        encoder: WildEncoder,
        optimiser: torch.optim.Optimizer,
        dataset: Dataset,
        config: TrainConfig,
        along: dict[str, Tensor] | None = None,
    ) -> Checkpoint:
        """Copy the present state to the processor's memory."""
        weights, encoder_weights = (
            {key: value.detach().cpu().clone() for key, value in module.state_dict().items()}
            for module in (model, encoder)
        )
        return cls(
            step,
            first_step,
            model.widths,
            weights,
            encoder_weights,
            optimiser.state_dict(),
            config,
            dataset.sha256,
            along or {},
        )

    def build(self) -> tuple[Network, WildEncoder]:
        """Network and encoder with these weights, ready to play."""
        model, encoder = family(self.config.family).build(self.widths), WildEncoder()
        model.load_state_dict(self.model)
        encoder.load_state_dict(self.encoder)
        return model.eval(), encoder.eval()

    def require(self, widths: Widths, dataset_sha256: str, config: TrainConfig, first_step: int) -> None:
        """Raise TrainingError unless this is a checkpoint of that very training."""
        mine = (self.widths, self.dataset_sha256, self.config, self.first_step)
        names = ("network", "data", "configuration", "starting step")
        for name, own, other in zip(names, mine, (widths, dataset_sha256, config, first_step), strict=True):
            if own != other:
                raise TrainingError(
                    f"the folder holds a training of another {name}; choose another, or delete it to start afresh"
                )

    @property
    def sha256(self) -> str:
        """Identity of the network's weights: names, shapes and bytes."""
        return state_sha256(self.model)


def state_sha256(state: dict[str, Tensor]) -> str:
    """SHA-256 over names, shapes and little-endian float32 bytes of a state, in order of name."""
    digest = hashlib.sha256()
    for key in sorted(state):
        array = state[key].detach().cpu().numpy().astype("<f4")
        digest.update(f"{key}:{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write beside, then rename: a kill at any moment leaves the old file or the new one."""
    content = {
        "format": FORMAT,
        "step": checkpoint.step,
        "first_step": checkpoint.first_step,
        "widths": checkpoint.widths.as_dict(),
        "model": checkpoint.model,
        "encoder": checkpoint.encoder,
        "optimiser": checkpoint.optimiser,
        "config": checkpoint.config.as_dict(),
        "dataset_sha256": checkpoint.dataset_sha256,
        "along": checkpoint.along,
    }
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Inverse of `save_checkpoint`; runs no code from the file. Raises TrainingError where it can't be read."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        if content["format"] != FORMAT:
            raise TrainingError(f"{path} has format {content['format']}; this version reads {FORMAT}")
        config = from_dict(content["config"])
        return Checkpoint(
            content["step"],
            content["first_step"],
            family(config.family).widths(content["widths"]),
            content["model"],
            content["encoder"],
            content["optimiser"],
            config,
            content["dataset_sha256"],
            content.get("along", {}),
        )
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        if isinstance(error, TrainingError):
            raise
        raise TrainingError(f"{path} is not a readable checkpoint ({error}); delete it to start afresh") from error
