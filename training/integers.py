# SPDX-License-Identifier: MIT
"""The last training of a voice: through the module's own arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from .analysis.render import graph_scales
from .checkpoint import load_checkpoint, state_sha256
from .configs import TrainConfig
from .data.dataset import Dataset
from .generators.family import Network, State
from .qat import fake_quant
from .train import LATEST, Progress, train
from .wild import encoder_of

QAT_RATE = 0.1
"""Fine-tuning through integers starts at a tenth of the training's rate: it repairs, it does not explore."""


def train_integers(
    model: Network,
    companion: State,
    dataset: Dataset,
    config: TrainConfig,
    root: Path,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> Network:
    """A short training of a trained network; returns the float network on the integer grid.

    companion: state of the encoder that trained along. Kept in <root>/integers-<hash of weights and settings>/, and not
    run again when it is complete there.
    """
    config = replace(
        config,
        name=f"{config.name}-integers",
        learning_rate=config.learning_rate * QAT_RATE,
        final_learning_rate=config.final_learning_rate * QAT_RATE,
        warmup_steps=0,
    )
    folder = root / f"integers-{state_sha256(dict(model.state_dict()))[:12]}-{config.steps}"
    quantised, encoder = fake_quant(model, graph_scales(model, dataset)), encoder_of(companion, config.seed)
    done = folder / LATEST
    if done.exists() and (last := load_checkpoint(done)).step == config.steps:
        quantised.load_state_dict(last.model)
    else:
        train(quantised, encoder, dataset, config, folder, progress=progress)
    return quantised.snapped()
