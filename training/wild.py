# SPDX-License-Identifier: MIT
"""WILD, the learned axis: a host-side encoder hears a whole crop and names what the other inputs leave open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from .crops import TIMBRE_FEATURES, log_mel, pool_timbre
from .data.dataset import Clip, Dataset

DEAD_BELOW_NATS = 0.01
"""An axis that carries less than this tells nothing (reference §1.4); the report calls it dead."""

HIDDEN = 32
SIGMA_SPAN = 2.0
"""Full travel of the knob is two standard deviations of the prior."""


class WildEncoder(nn.Module):
    """Timbre statistics [batch, 80] to mean and log-variance [batch] of z4's posterior."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(TIMBRE_FEATURES, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 2))

    def forward(self, timbre: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior mean and log-variance, the latter kept within e^±6."""
        mean, log_variance = self.layers(timbre).unbind(dim=-1)
        return mean, log_variance.clamp(-6.0, 6.0)

    def axis(self, timbre: Tensor) -> Tensor:
        """The knob position [batch] in [-1, 1] that stands for these sounds."""
        return to_axis(self(timbre)[0])


def encoder_of(state: Mapping[str, Tensor] | None, seed: int = 0) -> WildEncoder:
    """The encoder of a state; without one, an untrained encoder by the seed."""
    torch.manual_seed(seed)
    encoder = WildEncoder()
    if state is not None:
        encoder.load_state_dict(state)
    return encoder


def clip_timbre(clip: Clip) -> Tensor:
    """Timbre statistics [80] of a whole clip."""
    return pool_timbre(log_mel(torch.from_numpy(np.asarray(clip.audio, dtype=np.float32))))


def encode_clip(encoder: WildEncoder, clip: Clip) -> float:
    """Where WILD stands for a clip, in [-1, 1]: for scores with encoded instead of noon WILD."""
    with torch.no_grad():
        return float(encoder.cpu().axis(clip_timbre(clip)[None])[0])


@dataclass(frozen=True)
class WildReport:
    """What WILD carries on the training clips: kl_nats, and the span of positions that the clips take."""

    kl_nats: float
    low: float
    high: float

    @property
    def dead(self) -> bool:
        """True where the axis tells nothing; the card then says learned: false."""
        return self.kl_nats < DEAD_BELOW_NATS


def measure_wild(encoder: WildEncoder, dataset: Dataset) -> WildReport:
    """Encode every training clip whole."""
    with torch.no_grad():
        timbre = torch.stack([clip_timbre(clip) for clip in dataset.train])
        mean, log_variance = encoder.cpu()(timbre)
        axis = to_axis(mean)
        return WildReport(float(kl_nats(mean, log_variance)), float(axis.min()), float(axis.max()))


def to_axis(z: Tensor) -> Tensor:
    """Latent to knob: ±2 standard deviations are the knob's ends."""
    return (z / SIGMA_SPAN).clamp(-1.0, 1.0)


def kl_nats(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL divergence of the posterior from the unit normal, in nats, averaged over the batch."""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).mean()


def sample_axis(mean: Tensor, log_variance: Tensor, noise: Tensor, keep: Tensor) -> Tensor:
    """Knob positions [batch] drawn from the posterior; 0 (noon) where keep is 0."""
    return to_axis(mean + noise * torch.exp(0.5 * log_variance)) * keep
