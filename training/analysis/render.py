# SPDX-License-Identifier: MIT
"""Held-out notes through the float decoder and the torch synthesiser: what the integer voice is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from lottava.synth import NOISE_SEED, xorshift32
from lottava.units import HOP_SAMPLES, volts_to_hz

from ..data.dataset import Clip, Dataset, network_inputs
from ..generators.base import Controls
from ..generators.ddsp import DDSP, DDSPVoice
from ..wild import WildEncoder, encode_clip
from .metrics import Scores, score

FloatArray = NDArray[np.float32]


NOISE_CHUNK = 1 << 19
"""Eleven seconds of noise at a time: xorshift runs sample by sample, so what was made once is kept."""


@lru_cache(maxsize=2)
def _white(samples: int) -> FloatArray:
    return xorshift32(NOISE_SEED, samples)[0].astype(np.float32)


def white_noise(samples: int) -> FloatArray:
    """The device's noise from its seed: [samples] in [-1, 1)."""
    return _white(-(-samples // NOISE_CHUNK) * NOISE_CHUNK)[:samples]


def render_inputs(model: DDSP, inputs: Mapping[str, FloatArray]) -> FloatArray:
    """Audio [batch, 192 * frames] of network inputs: pitch, loudness [batch, frames, 1]; axes [batch, frames, 4]."""
    device = model.head.weight.device
    pitch, loudness, axes = (
        torch.as_tensor(np.asarray(inputs[name], dtype=np.float32), device=device)
        for name in ("pitch", "loudness", "axes")
    )
    batch, frames = pitch.shape[:2]
    white = torch.as_tensor(white_noise(frames * HOP_SAMPLES), device=device).expand(batch, -1)
    voice = DDSPVoice(model)
    with torch.no_grad():
        audio, _ = voice.step(white, Controls(pitch[..., 0], loudness[..., 0], axes), voice.init_state(batch))
    return audio.cpu().numpy()


def clip_inputs(clip: Clip, dataset: Dataset, wild: float = 0.0, noon: bool = False) -> dict[str, FloatArray]:
    """Network inputs of a clip as a batch of one: its measured axes, or all at noon, and WILD at the given position."""
    inputs = network_inputs(clip, dataset)
    measured = np.zeros_like(inputs["axes"]) if noon else inputs["axes"]
    axes = np.concatenate((measured, np.full((clip.frames, 1), wild, dtype=np.float32)), axis=1)
    return {"pitch": inputs["pitch"][None], "loudness": inputs["loudness"][None], "axes": axes[None]}


def score_model(
    model: DDSP,
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
