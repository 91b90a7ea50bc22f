# SPDX-License-Identifier: MIT
"""Crops of a data set as examples for criteria: what any family's graph hears, and the loss of the sound it makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..configs import TrainConfig
from ..crops import Batch, Crops, draws, log_mel
from ..data.dataset import Dataset
from ..generators.base import Controls
from ..generators.family import Network
from ..generators.registry import family_of
from ..losses import LOG_FLOOR, spectra, spectral_targets
from ..slim import to_graph
from .forward import Values
from .task import Example


class _StandIn:
    """Answers in a network's place, with what was computed elsewhere, and remembers what it was given."""

    def __init__(self, model: Network, answer: Tensor | None = None) -> None:
        self.model, self.answer = model, answer
        self.heard: tuple[Tensor, ...] = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def __call__(self, *signals: Tensor) -> tuple[Tensor, Any]:
        self.heard = signals
        if self.answer is not None:
            return self.answer, None
        with torch.no_grad():
            answered: tuple[Tensor, Any] = self.model(*signals)
        self.answer = answered[0]
        return answered


def spectral_distance(audio: Tensor, targets: Sequence[Tensor], sizes: Sequence[int]) -> Tensor:
    """The training loss (losses.py), but smooth at silence and differentiable any number of times."""
    distances = []
    for target, size in zip(targets, sizes, strict=True):
        squares = torch.view_as_real(spectra(audio, size)).square().sum(dim=-1)
        magnitude = (squares + LOG_FLOOR**2).sqrt()
        difference = (magnitude - target).abs().mean() / target.mean()
        distances.append(difference + (magnitude.log() - target.log()).abs().mean())
    return torch.stack(distances).mean()


def _target(batch: Batch, hop: int) -> NDArray[np.float64]:
    return torch.stack([log_mel(audio, hop) for audio in batch.audio]).double().numpy()


def _example(model: Network, batch: Batch, config: TrainConfig, seed: int) -> Example:
    family, graph = family_of(model), to_graph(model)
    axes = torch.cat((batch.axes, torch.zeros_like(batch.axes[..., :1])), dim=-1)
    controls = Controls(batch.pitch, batch.loudness, axes)
    studio: Callable[..., Any] = family.studio(config.seed, "cpu")
    ear = _StandIn(model)
    studio(ear, controls, 0, draws(config.seed, seed))
    assert ear.answer is not None
    flat = ear.answer.ndim == 2
    inputs = {
        name: signal.double().reshape(*signal.shape[:2], graph.tensors[name].size)
        for name, signal in zip(graph.inputs, ear.heard, strict=True)
    }
    targets = spectral_targets(batch.audio, config.fft_sizes)

    def loss(tensors: Values) -> Tensor:
        out = tensors[graph.outputs[0]].to(batch.audio.dtype)
        answer = _StandIn(model, out[..., 0] if flat else out)
        audio = studio(answer, controls, 0, draws(config.seed, seed)).audio
        return spectral_distance(audio, targets, config.fft_sizes).double()

    return Example(inputs, loss, _target(batch, batch.audio.shape[1] // config.crop_frames))


def examples(
    model: Network, dataset: Dataset, config: TrainConfig, *, count: int = 4, batch: int | None = None, seed: int = 0
) -> tuple[Example, ...]:
    """`count` batches of training crops, measured axes, WILD at 0; drawn by the seed, the same for every network.

    Each holds its own studio, so that the losses of several may be differentiated together.
    """
    crops = Crops.from_dataset(dataset, config.crop_frames, "cpu", family_of(model).rate_hz)
    return tuple(
        _example(model, crops.batch(draws(config.seed + seed, step), batch or config.batch), config, step)
        for step in range(count)
    )
