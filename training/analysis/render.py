# SPDX-License-Identifier: MIT
"""Held-out notes through the float network and its torch voice: what the integer voice is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lottava.units import HOP_SAMPLES, volts_to_hz

from ..data.dataset import Clip, Dataset, network_inputs
from ..generators.base import Controls
from ..generators.family import Network
from ..generators.registry import family_of
from ..wild import WildEncoder, encode_clip
from .metrics import Scores, score

FloatArray = NDArray[np.float32]


def render_inputs(model: Network, inputs: Mapping[str, FloatArray]) -> FloatArray:
    """Audio [batch, 192 * frames] of network inputs: pitch, loudness [batch, frames, 1]; axes [batch, frames, 4]."""
    kind, device = family_of(model), next(model.parameters()).device
    pitch, loudness, axes = (
        torch.as_tensor(np.asarray(inputs[name], dtype=np.float32), device=device)
        for name in ("pitch", "loudness", "axes")
    )
    batch, frames = pitch.shape[:2]
    excitation = torch.as_tensor(kind.excitation(frames * HOP_SAMPLES), device=device).expand(batch, -1)
    voice = kind.voice(model)
    with torch.no_grad():
        audio, _ = voice.step(excitation, Controls(pitch[..., 0], loudness[..., 0], axes), voice.init_state(batch))
    return audio.cpu().numpy()


def clip_inputs(clip: Clip, dataset: Dataset, wild: float = 0.0, noon: bool = False) -> dict[str, FloatArray]:
    """Network inputs of a clip as a batch of one: its measured axes, or all at noon, and WILD at the given position."""
    inputs = network_inputs(clip, dataset)
    measured = np.zeros_like(inputs["axes"]) if noon else inputs["axes"]
    axes = np.concatenate((measured, np.full((clip.frames, 1), wild, dtype=np.float32)), axis=1)
    return {"pitch": inputs["pitch"][None], "loudness": inputs["loudness"][None], "axes": axes[None]}


def score_model(
    model: Network,
    dataset: Dataset,
    clips: Sequence[Clip] | None = None,
    *,
    noon: bool = False,
    encoder: WildEncoder | None = None,
) -> Scores:
    """Scores on the held-out notes (or the clips given) with measured axes, or with all at noon.

    WILD is at 0, or where the encoder puts the recording.
    """

    def pairs() -> Iterator[tuple[FloatArray, FloatArray, NDArray[np.float64], NDArray[np.bool_]]]:
        for clip in dataset.heldout if clips is None else clips:
            wild = 0.0 if encoder is None else encode_clip(encoder, clip)
            inputs = clip_inputs(clip, dataset, wild, noon)
            commanded = volts_to_hz(inputs["pitch"][0, :, 0])
            yield clip.audio, render_inputs(model, inputs)[0], commanded, clip.voiced

    return score(pairs())
