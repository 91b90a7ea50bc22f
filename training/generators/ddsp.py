# SPDX-License-Identifier: MIT
"""The DDSP decoder (arXiv:2001.04643): a small recurrent network that drives a harmonic-plus-noise synthesiser.

pitch ──▶ pitch_mlp ────┬─────────────────────────────┐
loudness ▶ loudness_mlp ┼▶ memory (GRU) ─▶ features_out ─▶ out_mlp ─▶ head ─▶ 82 controls
axes ───▶ axes_mlp ─────┘                 (hidden, pitch, loudness)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import hardtanh

from lottava import graph as graphs
from lottava.graph import Graph, Layer
from lottava.synth import CONTROLS, PARTIALS
from lottava.units import HOP_SAMPLES, SAMPLE_RATE_HZ

from ..probes import measure_controls
from ..synth import CropSynth, SynthState, decode_controls, pitch_to_increment, render
from ..synth import init_state as init_synth_state
from .base import Controls
from .excitation import white_noise
from .family import AXES, Family, Network, Rendering, State, graph_name
from .recurrence import run_gru

FEATURE_LIMIT = 8.0
"""Rectified features end at 8: on the device they are s16 at 2^-12."""

FRESH_AMPLITUDE, FRESH_FALL = -1.0, 4.0
"""Raw controls of a fresh decoder: amplitude, and how far the last partial lies below the first.

A loud, flat spectrum is unlearned first, and that push can hold the memory and most features at their limits for good:
of five seeds of a decoder of 52 units one never left a constant buzz (held-out MRSTFT 1.86). In 260 steps on sax notes
four of them came to a loss of 1.40 on average; with this start 1.23, with a deeper fall or half the amplitude 1.24.
"""


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
        """The same width everywhere; 256 is the full parent, 128 the demo's."""
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
PARENT = Widths.uniform(256)
NANO = Widths(pitch=8, loudness=8, axes=8, gru=12, out=8)


class DDSP(Network):
    """The decoder: pitch, loudness and axes in, 82 raw controls out (amplitude, 64 harmonics, 17 noise bands)."""

    family = "ddsp"
    widths: Widths

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.widths = widths
        self.pitch_mlp = nn.Linear(1, widths.pitch)
        self.loudness_mlp = nn.Linear(1, widths.loudness)
        self.axes_mlp = nn.Linear(AXES, widths.axes)
        self.memory = nn.GRU(widths.pitch + widths.loudness + widths.axes, widths.gru, batch_first=True)
        self.out_mlp = nn.Linear(widths.gru + widths.pitch + widths.loudness, widths.out)
        self.head = nn.Linear(widths.out, CONTROLS)
        with torch.no_grad():
            self.head.bias[0] += FRESH_AMPLITUDE
            self.head.bias[1 : PARTIALS + 1] -= torch.linspace(0.0, FRESH_FALL, PARTIALS)

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


NOMINAL_UNITS = 128
"""The GRU's, at which configurations give the learning rate."""

NOISE_SECONDS = 12

_LAYERS = (
    ("pitch_mlp", "dense", ("pitch",), "pitch_features", "relu"),
    ("loudness_mlp", "dense", ("loudness",), "loudness_features", "relu"),
    ("axes_mlp", "dense", ("axes",), "axes_features", "relu"),
    ("features_in", "concat", ("pitch_features", "loudness_features", "axes_features"), "features_in", "none"),
    ("memory", "gru", ("features_in",), "hidden", "none"),
    ("features_out", "concat", ("hidden", "pitch_features", "loudness_features"), "features_out", "none"),
    ("out_mlp", "dense", ("features_out",), "out_features", "relu"),
    ("head", "dense", ("out_features",), "controls", "none"),
)
"""Name, kind, inputs, output and activation of each layer, in execution order."""


class DDSPStudio:
    """Renders training crops; their excitation is cut from one stretch of band-filtered noise."""

    def __init__(self, seed: int, device: str | torch.device) -> None:
        self.synth = CropSynth(NOISE_SECONDS * 48_000, seed, device)

    def __call__(self, model: DDSP, controls: Controls, probes: int, rng: np.random.Generator) -> Rendering:
        """As Studio. Descriptors come from the decoded controls, without a sound."""
        raw, _ = model(controls.pitch, controls.loudness, controls.axes)
        amplitudes, bands = decode_controls(raw, controls.pitch)
        size = len(raw) - probes
        latest = self.synth.noise.shape[1] - controls.pitch.shape[1] * HOP_SAMPLES
        starts = rng.integers(0, latest, size).tolist()
        audio = self.synth(amplitudes[:size], bands[:size], controls.pitch[:size], starts)
        if probes == 0:
            return Rendering(audio)
        decoded = (amplitudes, bands, controls.pitch)
        before, after = (measure_controls(*(x[part] for x in decoded)) for part in (slice(probes), slice(size, None)))
        return Rendering(audio, before, after)


class DDSPFamily(Family[DDSP]):
    """G8 of the specification."""

    key = "ddsp"
    source = "DDSP, arXiv 2001.04643"
    rate_hz = SAMPLE_RATE_HZ
    configs = MappingProxyType({"parent": PARENT, "fit": FIT, "nano": NANO})
    inputs = ("pitch", "loudness", "axes")
    outputs = ("controls",)
    landmarks = frozenset({"memory.weight_hh_l0", "pitch_mlp.weight", "head.weight"})
    probed = True

    def widths(self, values: Mapping[str, Any]) -> Widths:
        """Widths by field name."""
        return Widths(**values)

    def build(self, widths: Widths) -> DDSP:
        """PyTorch's own initial weights."""
        return DDSP(widths)

    def widths_of(self, state: State) -> Widths:
        """From the shapes of the biases and of the memory."""
        pitch, loudness, axes, out = (
            state[f"{name}.bias"].shape[0] for name in ("pitch_mlp", "loudness_mlp", "axes_mlp", "out_mlp")
        )
        return Widths(pitch, loudness, axes, state["memory.weight_hh_l0"].shape[1], out)

    def graph(self, model: DDSP, parent: str | None = None) -> Graph:
        """One column of 82 controls a frame."""
        arrays: dict[str, dict[str, NDArray]] = {name: {} for name, *_ in _LAYERS}
        for name, value in model.state_dict().items():
            layer, array = graph_name(name).split(".")
            arrays[layer][array] = value.detach().cpu().numpy().astype(np.float32)
        sizes = {"pitch": 1, "loudness": 1, "axes": AXES}
        layers = []
        for name, kind, inputs, output, activation in _LAYERS:
            if kind == "dense":
                sizes[output] = arrays[name]["bias"].shape[0]
            elif kind == "gru":
                sizes[output] = arrays[name]["bias_hh"].shape[0] // 3
            else:
                sizes[output] = sum(sizes[source] for source in inputs)
            layers.append(Layer(name, kind, inputs, output, activation, arrays[name]))
        tensors = {name: graphs.Tensor(name, size) for name, size in sizes.items()}
        return Graph("f32", self.inputs, self.outputs, tensors, tuple(layers), parent)

    def excitation(self, samples: int) -> NDArray[np.float32]:
        """White noise in [-1, 1)."""
        return white_noise(samples)

    def graph_inputs(self, model: DDSP, controls: Controls, excitation: Tensor) -> dict[str, NDArray[np.float32]]:
        """The controls themselves."""
        columns = (controls.pitch[..., None], controls.loudness[..., None], controls.axes)
        return {name: value.cpu().numpy() for name, value in zip(self.inputs, columns, strict=True)}

    def voice(self, model: DDSP) -> DDSPVoice:
        """Decoder and synthesiser."""
        return DDSPVoice(model)

    def studio(self, seed: int, device: str | torch.device) -> DDSPStudio:
        """Its noise is of the seed."""
        return DDSPStudio(seed, device)

    def cut_axis(self, model: DDSP, axis: int) -> None:
        """A column of the axes' first layer."""
        with torch.no_grad():
            model.axes_mlp.weight[:, axis] = 0.0

    def rate_scale(self, widths: Widths) -> float:
        """1/sqrt(units of the GRU), 1 at 128.

        In 500 steps on sax notes the parent did best at 0.005 (held-out MRSTFT 1.19; 1.23 at 0.01), a decoder of 48
        units at 0.01 (1.23; 1.26 at 0.005).
        """
        return math.sqrt(NOMINAL_UNITS / widths.gru)
