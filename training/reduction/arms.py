# SPDX-License-Identifier: MIT
"""One training to run, as a value, and the folder that remembers its result.

<root>/<name>-<hash of everything that decides the result>/trained.pt    written whole, last; its presence means done
                                                          /ticket.json   what was kept of the parent
                                                          /train/        belongs to the trainer: its checkpoints
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from ..checkpoint import state_sha256
from ..slim import model_of
from . import ticket as tickets
from .ticket import Ticket
from .trim import State

Progress = Callable[[str, int, int], None]
"""Called with (arm name, steps done, steps in all); what it raises stops the run, and a rerun resumes it."""


@dataclass(frozen=True)
class Arm:
    """Where a training starts. companion: what trains along but is never trimmed (an encoder); None = fresh, by seed.

    first_step: position in the schedule; optimiser moments are always fresh.
    """

    name: str
    state: State
    companion: State | None
    first_step: int
    seed: int
    ticket: Ticket | None = None


@dataclass(frozen=True)
class Trained:
    """Where a training ended, and the weights at the rewind step of a training that began before it."""

    state: State
    companion: State
    rewind: State | None = None
    rewind_companion: State | None = None

    @property
    def model(self) -> Any:
        """The trained network, of its own family."""
        return model_of(self.state)


class Trainer(Protocol):
    """Trains an arm to the end of the schedule; keeps checkpoints in `folder` and resumes from them.

    `rewind_step`: the step whose weights (before the step is taken) to return; None where none are wanted.
    """

    def __call__(self, arm: Arm, folder: Path, *, rewind_step: int | None, progress: Progress) -> Trained: ...


def arm_sha256(arm: Arm, settings: Mapping[str, Any]) -> str:
    """Identity of a training: the arm's start and seed, and the settings (JSON values) that the trainer works by."""
    identity = {
        "name": arm.name,
        "state": state_sha256(dict(arm.state)),
        "companion": None if arm.companion is None else state_sha256(dict(arm.companion)),
        "first_step": arm.first_step,
        "seed": arm.seed,
        "settings": dict(settings),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True, allow_nan=False).encode()).hexdigest()


def _on_cpu(state: State | None) -> dict[str, torch.Tensor] | None:
    return None if state is None else {name: value.detach().cpu().clone() for name, value in state.items()}


def _save(trained: Trained, path: Path) -> None:
    partial = path.with_name(path.name + ".partial")
    torch.save({name: _on_cpu(value) for name, value in vars(trained).items()}, partial)
    os.replace(partial, path)


def run_arm(
    arm: Arm,
    trainer: Trainer,
    root: Path,
    *,
    settings: Mapping[str, Any],
    rewind_step: int | None = None,
    progress: Progress,
) -> Trained:
    """Train an arm in its own folder; return at once, with the same bits, where that was done before."""
    identity = arm_sha256(arm, {**settings, "rewind_step": rewind_step})
    folder = root / f"{arm.name}-{identity[:12]}"
    done = folder / "trained.pt"
    if not done.exists():
        (folder / "train").mkdir(parents=True, exist_ok=True)
        trained = trainer(arm, folder / "train", rewind_step=rewind_step, progress=progress)
        if arm.ticket is not None:
            tickets.save(arm.ticket, folder / "ticket.json")
        _save(trained, done)
    return Trained(**torch.load(done, weights_only=True))
