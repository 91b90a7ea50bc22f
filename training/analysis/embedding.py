# SPDX-License-Identifier: MIT
"""Sounds as a network heard them that learned to sort sound effects: aiSFX (Ma and Lerch, ISMIR 2022), CC BY 4.0.

    sound ─44.1 kHz, peak 1─▶ log-mel [frames, 96] ─blocks of 2.3 s─▶ eight convolutions ─▶ [blocks, 512]

The package aisfx names versions of NumPy and librosa that are years old, so set-up takes it alone
(`scripts/setup.sh quality`); only its weights are read, none of its code is run. The paper's mel bands are Essentia's;
these follow the same settings, not the same lines, so that distances are good among themselves only.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import batch_norm, conv2d, max_pool2d

from lottava.units import SAMPLE_RATE_HZ

from ..crops import mel_matrix

INSTALL = "run scripts/setup.sh python quality"
RATE_HZ = 44_100
WINDOW, HOP, BANDS = 2048, 1024, 96
BLOCK_FRAMES, BLOCK_HOP = 100, 25
LARGEST_LOG = 9.457798957824707
"""What the paper's spectra were divided by."""


class NotInstalled(RuntimeError):
    """An optional package is missing: says how to get it."""


def available() -> bool:
    """Whether the weights are there."""
    return find_spec("aisfx") is not None


@cache
def weights() -> Mapping[str, Tensor]:
    """The convolutional part of the best model. Raises NotInstalled without the package."""
    spec = find_spec("aisfx")
    if spec is None or not spec.submodule_search_locations:
        raise NotInstalled(f"the Fréchet distance of embeddings needs the package aisfx; {INSTALL}")
    path = Path(spec.submodule_search_locations[0]) / "models" / "checkpoint.pth"
    # Its numbers of classes are NumPy scalars; nothing else but tensors and plain values may be in the file.
    rebuild: Any = np.int64(0).__reduce__()[0]
    allowed: list[Any] = [(rebuild, "numpy.core.multiarray.scalar"), np.dtype, type(np.dtype("int64"))]
    with torch.serialization.safe_globals(allowed):
        state = torch.load(path, map_location="cpu", weights_only=True)[0]
    prefix = "embedding_net."
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


@cache
def _bands() -> Tensor:
    """[1025, 96], each band summing to 1."""
    triangles = mel_matrix(BANDS, 0.0, RATE_HZ / 2, WINDOW, RATE_HZ)
    return torch.as_tensor(triangles / np.maximum(triangles.sum(axis=0), 1e-12), dtype=torch.float32)


def log_mel_blocks(sound: NDArray) -> Tensor:
    """Blocks [n, 100, 96] of a sound at 48 kHz, every 0.58 s; one that is too short ends in silence."""
    audio = torch.as_tensor(soxr.resample(np.asarray(sound, dtype=np.float64), SAMPLE_RATE_HZ, RATE_HZ)).float()
    audio = audio / audio.abs().max().clamp_min(1e-9)
    missing = (BLOCK_FRAMES - 1) * HOP + WINDOW - len(audio)
    audio = torch.nn.functional.pad(audio, (0, max(0, missing)))
    window = torch.hann_window(WINDOW)
    power = torch.stft(audio, WINDOW, HOP, window=window, center=False, return_complex=True).abs().square()
    mel = torch.log10(1e4 * (power.T @ _bands()) + 1) / LARGEST_LOG
    return mel.unfold(0, BLOCK_FRAMES, BLOCK_HOP).transpose(1, 2)


def embed(sound: NDArray) -> NDArray[np.float64]:
    """Embeddings [blocks, 512] of a sound [samples] at 48 kHz. Raises NotInstalled without the package."""
    return network(log_mel_blocks(sound), weights()).double().numpy()


def network(blocks: Tensor, state: Mapping[str, Tensor]) -> Tensor:
    """The paper's convolutions: [n, frames, bands] to [n, channels of the last]."""
    x = blocks[:, None]
    with torch.no_grad():
        for block in (1, 2, 3, 4):
            for half in (1, 2):
                x = conv2d(x, state[f"conv_block{block}.conv{half}.weight"], padding=1)
                mean, spread, weight, bias = (
                    state[f"conv_block{block}.bn{half}.{part}"]
                    for part in ("running_mean", "running_var", "weight", "bias")
                )
                x = batch_norm(x, mean, spread, weight, bias).relu()
            if block < 4:
                x = max_pool2d(x, 2)
    return x.mean(dim=3).amax(dim=2)
