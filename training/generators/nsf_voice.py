# SPDX-License-Identifier: MIT
"""The neural source-filter as a playable voice and as a family: excitation, conditions, network, and up to 48 kHz.

    pitch ─▶ eight sines of one phase ─ merge ─▶ source ─┐
    excitation ─▶ noise ─────────────────────────────────┼─▶ NSF at 24 kHz ─▶ halfband ─▶ audio at 48 kHz
    pitch, loudness, axes ─▶ ten conditions ─────────────┘

The source is voiced throughout, as DDSP's harmonics are: recordings are played at the pitch that was filled in where
they have none, and breath is the noise branch's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv1d

from lottava.graph import Graph
from lottava.nsf_source import (
    FADE_END_HZ,
    FADE_START_HZ,
    MODEL_HOP_SAMPLES,
    MODEL_RATE_HZ,
    SINE_AMPLITUDE,
    SINES,
    UNVOICED_NOISE_STD,
    VOICED_NOISE_STD,
)
from lottava.units import C4_HZ
from lottava.upsample import HALF, WINDOW, line_weights, taps

from ..synth import PHASE_TURN, frame_phases
from .base import Controls
from .excitation import nearly_normal, normal_of_bytes
from .family import Family, Rendering, State
from .nsf import NSF, Memory, Merge, shape_of
from .nsf_graph import NsfShape, shape_from_dict, uniform

CONDITION_LIMIT = 2.0 - 2.0**-14
"""Conditions are s16 at 2^-14."""

HIGHEST_PITCH = math.log2(0.999 * MODEL_RATE_HZ / 2 / C4_HZ)
NOISE_SECONDS = 12

NOMINAL_CHANNELS = 32
"""Of a block, at which configurations give the learning rate."""

FIT = uniform(hidden=12, blocks=2, layers=6, noise_layers=3)
PARENT = uniform(hidden=32, blocks=3, layers=8, noise_layers=3)
NANO = uniform(hidden=8, blocks=2, layers=3, noise_layers=1)


def conditions(controls: Controls) -> Tensor:
    """[batch, frames, 10]: a quarter of the pitch, loudness, the axes; squares and product of pitch (in halves) and
    loudness; the frequency over that of two octaves above C4. Limited to s16 at 2^-14."""
    half, loudness = controls.pitch / 2, controls.loudness
    own = (half / 2, loudness, *controls.axes.unbind(-1), half**2, loudness**2, half * loudness)
    return torch.stack((*own, torch.exp2(controls.pitch - 2)), dim=-1).clamp(-CONDITION_LIMIT, CONDITION_LIMIT)


class SourceState(NamedTuple):
    """What the excitation remembers. gains [batch, 8]: of the sines, before the merge; noise_std [batch]."""

    increment: Tensor
    phase: Tensor
    gains: Tensor
    noise_std: Tensor


def increments(pitch: Tensor) -> Tensor:
    """Octaves from C4 to the phase step per sample of 24 kHz, in 1/2^32 turns (int64)."""
    turns = pitch.double().clamp(max=HIGHEST_PITCH).exp2() * (C4_HZ / MODEL_RATE_HZ * PHASE_TURN)
    return turns.round().long()


def sine_gains(increment: Tensor, dtype: torch.dtype) -> Tensor:
    """[..., 8] of sines at a phase step [...]: 0.1, faded out towards 12 kHz."""
    partial = torch.arange(1, SINES + 1, device=increment.device)
    partial_hz = increment[..., None].double() * partial * (MODEL_RATE_HZ / PHASE_TURN)
    fade = ((FADE_END_HZ - partial_hz) / (FADE_END_HZ - FADE_START_HZ)).clamp(0.0, 1.0)
    return (SINE_AMPLITUDE * fade).to(dtype)


def silent_source(increment: Tensor, dtype: torch.dtype) -> SourceState:
    """Before the first sample, of which the phase step [batch] is known."""
    zeros = torch.zeros(len(increment), SINES + 1, dtype=dtype, device=increment.device)
    return SourceState(increment, torch.zeros_like(increment), zeros[:, 1:], zeros[:, 0])


def steady_source(increment: Tensor, dtype: torch.dtype) -> SourceState:
    """In the middle of a note with a phase step [batch]."""
    std = torch.full((len(increment),), VOICED_NOISE_STD, dtype=dtype, device=increment.device)
    return SourceState(increment, torch.zeros_like(increment), sine_gains(increment, dtype), std)


def render_source(
    merge: Merge, increment: Tensor, excitation: Tensor, state: SourceState
) -> tuple[Tensor, Tensor, SourceState]:
    """Source and noise [batch, 96 * frames] of lottava.nsf_source, voiced, and the state after.

    increment [batch, frames]; excitation [batch, 192 * frames]: deviations, the source's and the noise's in turn.
    """
    batch = len(increment)
    phases, phase = frame_phases(increment, state.increment, state.phase, MODEL_HOP_SAMPLES)
    partial = torch.arange(1, SINES + 1, device=increment.device)
    turns = (phases[..., None] * partial % PHASE_TURN).to(torch.float64) / PHASE_TURN
    sines = torch.sin((2 * math.pi * turns).to(excitation.dtype))
    ramp = torch.arange(MODEL_HOP_SAMPLES, dtype=excitation.dtype, device=excitation.device) / MODEL_HOP_SAMPLES
    gains = sine_gains(increment, excitation.dtype)
    before = torch.cat((state.gains[:, None], gains[:, :-1]), dim=1)
    moving = torch.lerp(before[:, :, None], gains[:, :, None], ramp[:, None])
    target = torch.full_like(gains[..., 0], VOICED_NOISE_STD)
    std_before = torch.cat((state.noise_std[:, None], target[:, :-1]), dim=1)
    std = torch.lerp(std_before[..., None], target[..., None], ramp).reshape(batch, -1)
    values = excitation.view(batch, -1, 2)
    tone = torch.tanh((moving * sines) @ merge.weight + merge.bias).reshape(batch, -1)
    after = SourceState(increment[:, -1], phase, gains[:, -1], target[:, -1])
    return tone + std * values[..., 0], UNVOICED_NOISE_STD * values[..., 1], after


def double_rate(audio: Tensor, history: Tensor) -> tuple[Tensor, Tensor]:
    """24 kHz [batch, n] to 48 kHz [batch, 2 n] as lottava.upsample does, and the 31 inputs that the next call needs."""
    codes, steps = taps(2)
    kernels = np.zeros((2, 1, WINDOW))
    kernels[0, 0] = codes[0] / steps
    kernels[0, 0, HALF - 1 : HALF + 1] += line_weights(2)[0] / 2
    kernels[1, 0, HALF] = 1.0
    both = torch.cat((history, audio), dim=1)
    new = conv1d(both[:, None], torch.as_tensor(kernels, dtype=audio.dtype, device=audio.device))
    return new.transpose(1, 2).reshape(len(audio), -1), both[:, both.shape[1] - (WINDOW - 1) :]


class VoiceState(NamedTuple):
    """What a playing NSF voice remembers; source is None until the first frame gives the first increment."""

    source: SourceState | None
    network: Memory
    history: Tensor


class NSFVoice:
    """Excitation, network and halfband filter as one playable `Generator`."""

    def __init__(self, network: NSF) -> None:
        self.network = network

    def init_state(self, batch: int) -> VoiceState:
        """Silence."""
        return VoiceState(None, {}, self.network.trunk.weight.new_zeros(batch, WINDOW - 1))

    def step(self, block: Tensor, controls: Controls, state: VoiceState) -> tuple[Tensor, VoiceState]:
        """Play whole frames. block: deviations [batch, 192 * frames], see NSFFamily.excitation."""
        increment = increments(controls.pitch)
        before = silent_source(increment[:, 0], block.dtype) if state.source is None else state.source
        source, noise, after = render_source(self.network.merge, increment, block, before)
        audio, memory = self.network(source, noise, conditions(controls), state.network)
        doubled, history = double_rate(audio, state.history)
        return doubled, VoiceState(after, memory, history)


class NSFStudio:
    """Renders training crops at 24 kHz; their excitation is cut from one stretch of deviations."""

    def __init__(self, seed: int, device: str | torch.device) -> None:
        four = np.random.default_rng(seed).integers(0, 256, (NOISE_SECONDS * 48_000, 4), dtype=np.uint8)
        self.deviations = torch.as_tensor(normal_of_bytes(four), device=device)

    def __call__(self, model: NSF, controls: Controls, probes: int, rng: np.random.Generator) -> Rendering:
        """As Studio; a crop begins in the middle of a note. There are no probes."""
        if probes:
            raise ValueError("an NSF can't say what a knob does without a sound: train it with probes = 0")
        batch, frames = controls.pitch.shape
        length = 2 * MODEL_HOP_SAMPLES * frames
        starts = 2 * rng.integers(0, (len(self.deviations) - length) // 2, batch)
        excitation = torch.stack([self.deviations[start : start + length] for start in starts.tolist()])
        increment = increments(controls.pitch)
        before = steady_source(increment[:, 0], excitation.dtype)
        source, noise, _ = render_source(model.merge, increment, excitation, before)
        return Rendering(model(source, noise, conditions(controls))[0])


class NSFFamily(Family[NSF]):
    """G9 of the specification."""

    key = "nsf"
    source = "Neural source-filter, arXiv 1904.12088"
    rate_hz = MODEL_RATE_HZ
    configs = MappingProxyType({"parent": PARENT, "fit": FIT, "nano": NANO})
    inputs = ("source", "noise", "condition")
    outputs = ("audio",)
    landmarks = frozenset({"merge.weight", "trunk.weight"})
    samples = True
    frozen = frozenset({"trunk", *(f"{block.name}_bottleneck" for block in PARENT.blocks)})
    outside = frozenset(
        {"merge.weight", "merge.bias", "hard_tanh"}
        | {f"{block.name}_held{j}" for block in PARENT.blocks for j in block.layers}
    )

    def widths(self, values: Mapping[str, Any]) -> NsfShape:
        """A whole shape, or hidden, blocks, layers and noise_layers for all blocks alike."""
        return shape_from_dict(values)

    def build(self, widths: NsfShape) -> NSF:
        """Normal weights."""
        return NSF(widths)

    def widths_of(self, state: State) -> NsfShape:
        """Names tell blocks and layers, shapes the channels."""
        return shape_of(state)

    def graph(self, model: NSF, parent: str | None = None) -> Graph:
        """A column of audio a sample of 24 kHz; the source's merge is not part of it."""
        return model.graph(parent)

    def excitation(self, samples: int) -> NDArray[np.float32]:
        """Deviations: the source's and the noise's in turn."""
        return nearly_normal(samples)

    def graph_inputs(self, model: NSF, controls: Controls, excitation: Tensor) -> dict[str, NDArray[np.float32]]:
        """Source and noise from silence on, and the conditions."""
        with torch.no_grad():
            increment = increments(controls.pitch)
            silence = silent_source(increment[:, 0], excitation.dtype)
            source, noise, _ = render_source(model.merge, increment, excitation, silence)
            columns = (source[..., None], noise[..., None], conditions(controls))
        return {name: value.cpu().numpy() for name, value in zip(self.inputs, columns, strict=True)}

    def voice(self, model: NSF) -> NSFVoice:
        """Excitation, network, halfband filter."""
        return NSFVoice(model)

    def studio(self, seed: int, device: str | torch.device) -> NSFStudio:
        """Its noise is of the seed."""
        return NSFStudio(seed, device)

    def from_graph(self, graph: Graph, outside: State | None = None) -> NSF:
        """As Family.from_graph; steps at which a block adds its context alone are seen in the graph."""
        sums = [layer for layer in graph.layers if layer.kind == "add" and "_sum" in layer.name]
        held = {layer.name.replace("_sum", "_held"): torch.zeros(()) for layer in sums if len(layer.inputs) == 2}
        return super().from_graph(graph, held | dict(outside or {}))

    def cut_axis(self, model: NSF, axis: int) -> None:
        """A condition of the trunk."""
        with torch.no_grad():
            model.trunk.weight[:, :, 2 + axis] = 0.0

    def rate_scale(self, widths: NsfShape) -> float:
        """1/sqrt(mean channels of a block), 1 at 32."""
        return math.sqrt(NOMINAL_CHANNELS / max(1.0, float(np.mean([block.hidden for block in widths.blocks] or [1]))))
