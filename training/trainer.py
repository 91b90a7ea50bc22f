# SPDX-License-Identifier: MIT
"""The reduction's arms, trained on a data set: each in its own folder, resumed where it was killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from .analysis.render import graph_scales
from .checkpoint import load_checkpoint, state_sha256
from .configs import TrainConfig
from .data.dataset import Dataset
from .generators.family import Network
from .qat import fake_quant
from .reduction.arms import Arm, Trained
from .reduction.arms import Progress as ArmProgress
from .reduction.trim import State
from .slim import model_of
from .train import LATEST, REWIND, Progress, prepare, train
from .wild import WildEncoder

QAT_RATE = 0.1
"""Fine-tuning through integers starts at a tenth of the training's rate: it repairs, it does not explore."""


@dataclass(frozen=True)
class DatasetTrainer:
    """A Trainer for run_arm and run_lottery. Every arm has the configuration's steps; its seed is the arm's own."""

    dataset: Dataset
    config: TrainConfig
    device: str = "cpu"

    def __call__(self, arm: Arm, folder: Path, *, rewind_step: int | None, progress: ArmProgress) -> Trained:
        """Train from arm.first_step to the end. Raises what `train` raises."""
        config = replace(self.config, seed=arm.seed)
        if rewind_step is not None and rewind_step != config.rewind_step:
            raise ValueError(f"the configuration saves step {config.rewind_step}, not {rewind_step}")
        model, encoder = model_of(arm.state), fresh_encoder(arm.companion, arm.seed)
        prepare(model, self.dataset)
        last = train(
            model,
            encoder,
            self.dataset,
            config,
            folder,
            first_step=arm.first_step,
            device=self.device,
            progress=lambda now: progress(arm.name, now.step, now.steps),
        )
        if rewind_step is None:
            return Trained(last.model, last.encoder)
        rewind = load_checkpoint(folder / REWIND)
        return Trained(last.model, last.encoder, rewind.model, rewind.encoder)


def fresh_encoder(companion: State | None, seed: int) -> WildEncoder:
    """The encoder of a state, or an untrained one by the seed."""
    torch.manual_seed(seed)
    encoder = WildEncoder()
    if companion is not None:
        encoder.load_state_dict(companion)
    return encoder


def encoder_of(trained: Trained) -> WildEncoder:
    """The encoder that trained along."""
    return fresh_encoder(trained.companion, 0)


def train_integers(
    trained: Trained,
    dataset: Dataset,
    config: TrainConfig,
    root: Path,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> Network:
    """A short training through the module's own arithmetic; returns the float network on the integer grid.

    Kept in <root>/integers-<hash of weights and settings>/, and not run again when it is complete there.
    """
    config = replace(
        config,
        name=f"{config.name}-integers",
        learning_rate=config.learning_rate * QAT_RATE,
        final_learning_rate=config.final_learning_rate * QAT_RATE,
        warmup_steps=0,
    )
    folder = root / f"integers-{state_sha256(dict(trained.state))[:12]}-{config.steps}"
    scales = graph_scales(trained.model, dataset)
    model, encoder = fake_quant(trained.model, scales), fresh_encoder(trained.companion, config.seed)
    done = folder / LATEST
    if done.exists() and (last := load_checkpoint(done)).step == config.steps:
        model.load_state_dict(last.model)
    else:
        train(model, encoder, dataset, config, folder, progress=progress)
    return model.snapped()
