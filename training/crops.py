# SPDX-License-Identifier: MIT
"""Training crops: the clips as flat tensors on the training device, and batches drawn from them by step number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lottava.units import SAMPLE_RATE_HZ
from lottava.upsample import prototype

from .data.dataset import Clip, Dataset, network_inputs
from .synth import HOP_SAMPLES

MEL_BANDS = 40
MEL_WINDOW = 2048
TIMBRE_FEATURES = 2 * MEL_BANDS


class Batch(NamedTuple):
    """audio [B, hop T]; pitch, loudness [B, T]; axes [B, T, 3]; timbre [B, 80]."""

    audio: Tensor
    pitch: Tensor
    loudness: Tensor
    axes: Tensor
    timbre: Tensor


def draws(seed: int, step: int) -> np.random.Generator:
    """Every random choice of a training step: a function of seed and step, so that a resumed run draws the same."""
    return np.random.default_rng((seed, step))


def mel_matrix(
    bands: int = MEL_BANDS,
    low_hz: float = 40.0,
    high_hz: float = 20_000.0,
    window: int = MEL_WINDOW,
    rate_hz: int = SAMPLE_RATE_HZ,
) -> np.ndarray:
    """Triangles [window // 2 + 1, bands], equally spaced in mel (2595 log10(1 + f/700)), of height 1."""
    lowest, highest = 2595 * np.log10(1 + np.array([low_hz, high_hz]) / 700)
    mel = np.linspace(lowest, highest, bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    frequency = np.fft.rfftfreq(window, 1 / rate_hz)[:, None]
    rise = (frequency - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - frequency) / np.diff(edges)[1:]
    return np.clip(np.minimum(rise, fall), 0.0, None)


def log_mel(audio: Tensor, hop: int = HOP_SAMPLES) -> Tensor:
    """Log-mel frames [hop-sample frames, 40] of audio [samples], about zero mean and unit spread on music.

    hop: samples of a 250th of a second, so that it tells the rate.
    """
    window = torch.hann_window(MEL_WINDOW, device=audio.device)
    padded = torch.nn.functional.pad(audio, (MEL_WINDOW // 2, MEL_WINDOW // 2))
    spectrum = torch.stft(padded, MEL_WINDOW, hop, window=window, center=False, return_complex=True)
    matrix = mel_matrix(rate_hz=hop * SAMPLE_RATE_HZ // HOP_SAMPLES)
    mel = spectrum.abs().T @ torch.as_tensor(matrix, dtype=audio.dtype, device=audio.device)
    return torch.log10(mel[: len(audio) // hop] + 1e-4) / 2


def pool_timbre(mel: Tensor) -> Tensor:
    """Mean and spread over frames: [..., frames, 40] to [..., 80]."""
    return torch.cat((mel.mean(dim=-2), mel.std(dim=-2, correction=0)), dim=-1)


def padded_frames(array: np.ndarray, frames: int) -> np.ndarray:
    """Hold the last row until there are at least that many frames."""
    missing = max(0, frames - len(array))
    return np.concatenate((array, np.repeat(array[-1:], missing, axis=0))) if missing else array


def halve_rate(audio: Tensor) -> Tensor:
    """48 kHz [samples] to 24 kHz [samples / 2] without delay, through the half-band filter that goes the other way."""
    taps = torch.as_tensor(prototype(2) / 2, dtype=audio.dtype, device=audio.device)
    padded = torch.nn.functional.pad(audio, (len(taps) // 2, len(taps) // 2))
    return torch.nn.functional.conv1d(padded[None, None], taps[None, None], stride=2)[0, 0]


@dataclass(frozen=True, eq=False)
class Crops:
    """All training clips end to end. starts: every frame from which a whole crop can be taken."""

    audio: Tensor
    controls: Tensor
    mel: Tensor
    starts: np.ndarray
    crop_frames: int
    hop: int = HOP_SAMPLES

    @classmethod
    def from_dataset(
        cls, dataset: Dataset, crop_frames: int, device: str | torch.device, rate_hz: int = SAMPLE_RATE_HZ
    ) -> Crops:
        """Lay out the clips that are not held out, at a rate of 48 or 24 kHz. Clips shorter than a crop end in silence.

        Raises ValueError where every clip is held out.
        """
        clips = [clip for clip in dataset.clips if not clip.heldout]
        if not clips:
            raise ValueError("there is no clip to train on: all are held out; give recordings of more notes")
        audio, controls, mel, starts, offset = [], [], [], [], 0
        for clip in clips:
            sound = torch.from_numpy(np.asarray(clip.audio, dtype=np.float32))
            frames = max(len(clip.f0_hz), crop_frames)
            sound = torch.nn.functional.pad(sound, (0, frames * HOP_SAMPLES - len(sound)))
            audio.append(sound if rate_hz == SAMPLE_RATE_HZ else halve_rate(sound))
            controls.append(torch.from_numpy(_control_rows(clip, dataset, frames)))
            mel.append(log_mel(sound))
            starts.append(offset + np.arange(frames - crop_frames + 1))
            offset += frames
        sounds, rows, timbre = (torch.cat(parts).to(device) for parts in (audio, controls, mel))
        hop = HOP_SAMPLES * rate_hz // SAMPLE_RATE_HZ
        return cls(sounds, rows, timbre, np.concatenate(starts), crop_frames, hop)

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """Crops that start anywhere, every start equally likely."""
        first = torch.as_tensor(rng.choice(self.starts, size), device=self.audio.device)
        frame = first[:, None] + torch.arange(self.crop_frames, device=self.audio.device)
        sample = first[:, None] * self.hop + torch.arange(self.crop_frames * self.hop, device=self.audio.device)
        rows, timbre = self.controls[frame], pool_timbre(self.mel[frame])
        return Batch(self.audio[sample], rows[..., 0], rows[..., 1], rows[..., 2:], timbre)


def _control_rows(clip: Clip, dataset: Dataset, frames: int) -> np.ndarray:
    inputs = network_inputs(clip, dataset)
    axes = np.where(np.array(dataset.axis_learnable), inputs["axes"], 0.0)
    rows = np.concatenate((inputs["pitch"], inputs["loudness"], axes), axis=1).astype(np.float32)
    padded = padded_frames(rows, frames)
    padded[len(rows) :, 1] = -1.0
    return padded
