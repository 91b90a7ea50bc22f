# SPDX-License-Identifier: MIT
"""What the learned axis holds: nats that the encoder says of the recordings, and how far its knob moves the sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..crops import log_mel
from ..data.dataset import Dataset
from ..wild import DEAD_BELOW_NATS
from .axes import EXCERPT_SECONDS, POSITIONS, Render, loudest_excerpt
from .render import clip_inputs

MEL_UNIT_DB = 40.0
"""log_mel is log10 of magnitude, halved: one unit is 40 dB."""

LEAST_CHANGE_DB = 1.0
"""A knob that moves the mel bands by less than this on average, from noon to an end, is hardly heard: a judgement."""


@dataclass(frozen=True)
class WildCurve:
    """nats: KL over the training clips; change_db: mean |mel difference| from noon, negative left of it."""

    nats: float
    positions: tuple[float, ...]
    change_db: tuple[float, ...]

    @property
    def dead(self) -> bool:
        """True where the encoder carries nothing to speak of, or the knob moves little: a DSP edit gives the travel."""
        return self.nats < DEAD_BELOW_NATS or min(-self.change_db[0], self.change_db[-1]) < LEAST_CHANGE_DB


def sweep_wild(render: Render, nats: float, dataset: Dataset, positions: Sequence[float] = POSITIONS) -> WildCurve:
    """Hold WILD at each position, the other axes as measured, on a second of each held-out note.

    nats: what measure_wild says of the encoder.
    """
    changes = []
    for clip in dataset.heldout:
        part = loudest_excerpt(clip, round(EXCERPT_SECONDS * 250))
        inputs = {name: value[:, part] for name, value in clip_inputs(clip, dataset).items()}
        batch = {name: np.repeat(value, len(positions) + 1, axis=0) for name, value in inputs.items()}
        batch["axes"][:-1, :, 3] = np.asarray(positions)[:, None]
        mel = [log_mel(torch.as_tensor(sound)) for sound in render(batch)]
        changes.append([MEL_UNIT_DB * float((m - mel[-1]).abs().mean()) for m in mel[:-1]])
    mean = np.mean(changes, axis=0) * np.sign(positions)
    return WildCurve(nats, tuple(positions), tuple(mean.tolist()))
