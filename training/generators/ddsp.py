# SPDX-License-Identifier: MIT
"""The DDSP decoder (arXiv:2001.04643): a small recurrent network that drives a harmonic-plus-noise synthesiser.

pitch ──▶ pitch_mlp ────┬─────────────────────────────┐
loudness ▶ loudness_mlp ┼▶ memory (GRU) ─▶ features_out ─▶ out_mlp ─▶ head ─▶ 82 controls
axes ───▶ axes_mlp ─────┘                 (hidden, pitch, loudness)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import hardtanh

from lottava.synth import CONTROLS

from ..synth import SynthState, decode_controls, pitch_to_increment, render
from ..synth import init_state as init_synth_state
from .base import Controls
from .recurrence import run_gru

AXES = 4
FEATURE_LIMIT = 8.0
"""Rectified features end at 8: on the device they are s16 at 2^-12."""


@dataclass(frozen=True)
class Widths:
    """Units of every group that may be trimmed; all else of the decoder is fixed."""

    pitch: int
    loudness: int
    axes: int
    gru: int
    out: int

    @classmethod
    def uniform(cls, width: int) -> Widths:
        """The same width everywhere; 128 is the demo's parent."""
        return cls(width, width, width, width, width)

    @property
    def parameter_count(self) -> int:
        """Weights and biases of a decoder of these widths."""
        features = self.pitch + self.loudness + self.axes
        mlps = 2 * self.pitch + 2 * self.loudness + (AXES + 1) * self.axes
        memory = 3 * self.gru * (features + self.gru + 2)
        out = (self.gru + self.pitch + self.loudness + 1) * self.out
        return mlps + memory + out + (self.out + 1) * CONTROLS

    def as_dict(self) -> dict[str, int]:
        """Field names and values, for JSON."""
        return asdict(self)


FIT = Widths(pitch=32, loudness=32, axes=32, gru=48, out=32)
NANO = Widths(pitch=8, loudness=8, axes=8, gru=12, out=8)


class DDSP(nn.Module):
    """The decoder: pitch, loudness and axes in, 82 raw controls out (amplitude, 64 harmonics, 17 noise bands)."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.widths = widths
        self.pitch_mlp = nn.Linear(1, widths.pitch)
        self.loudness_mlp = nn.Linear(1, widths.loudness)
        self.axes_mlp = nn.Linear(AXES, widths.axes)
        self.memory = nn.GRU(widths.pitch + widths.loudness + widths.axes, widths.gru, batch_first=True)
        self.out_mlp = nn.Linear(widths.gru + widths.pitch + widths.loudness, widths.out)
        self.head = nn.Linear(widths.out, CONTROLS)

    def init_state(self, batch: int) -> Tensor:
        """Zeros [1, batch, gru]."""
        return self.head.weight.new_zeros(1, batch, self.widths.gru)

    def forward(
        self, pitch: Tensor, loudness: Tensor, axes: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Decode frames. pitch, loudness [batch, frames] or [batch, frames, 1]; axes [batch, frames, 4].

        Returns raw controls [batch, frames, 82] and the recurrent state [1, batch, gru].
        """
        rows = (*axes.shape[:2], 1)
        pitch_features = _rectify(self.pitch_mlp(pitch.reshape(rows)))
        loudness_features = _rectify(self.loudness_mlp(loudness.reshape(rows)))
        axes_features = _rectify(self.axes_mlp(axes))
        features_in = torch.cat((pitch_features, loudness_features, axes_features), dim=-1)
        state = self.init_state(axes.shape[0]) if state is None else state
        hidden, state = run_gru(self.memory, features_in, state)
        features_out = torch.cat((hidden, pitch_features, loudness_features), dim=-1)
        return self.head(_rectify(self.out_mlp(features_out))), state


def _rectify(x: Tensor) -> Tensor:
    return hardtanh(x, 0.0, FEATURE_LIMIT)


class VoiceState(NamedTuple):
    """What a playing DDSP voice remembers."""

    hidden: Tensor
    synth: SynthState | None


class DDSPVoice:
    """Decoder and synthesiser as one playable `Generator`; its excitation is the noise that the bands shape."""

    def __init__(self, decoder: DDSP) -> None:
        self.decoder = decoder

    def init_state(self, batch: int) -> VoiceState:
        """Silence: zero hidden state, and no synthesiser state until the first frame gives the first increment."""
        return VoiceState(self.decoder.init_state(batch), None)

    def step(self, block: Tensor, controls: Controls, state: VoiceState) -> tuple[Tensor, VoiceState]:
        """Play whole frames. block: white noise [batch, 192 * frames] in [-1, 1)."""
        raw, hidden = self.decoder(controls.pitch, controls.loudness, controls.axes, state.hidden)
        increment = pitch_to_increment(controls.pitch)
        amplitudes, bands = decode_controls(raw, controls.pitch)
        synth = init_synth_state(increment[:, 0]) if state.synth is None else state.synth
        audio, synth = render(amplitudes, bands, increment, block, synth)
        return audio, VoiceState(hidden, synth)
