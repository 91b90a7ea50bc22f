# SPDX-License-Identifier: MIT
"""Held-out notes through the float network and its torch voice: what the integer voice is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from lottava import reference
from lottava.scales import tensor_scales
from lottava.units import HOP_SAMPLES, SAMPLE_RATE_HZ, volts_to_hz
from lottava.upsample import WINDOW

from ..crops import halve_rate
from ..data.dataset import Clip, Dataset, network_inputs
from ..generators.base import Controls
from ..generators.family import Network
from ..generators.nsf_voice import double_rate
from ..generators.registry import family_of
from ..slim import to_graph
from ..wild import WildEncoder, encode_clip
from .axes import Render
from .metrics import Scores, score

FloatArray = NDArray[np.float32]

REPRESENTATIVE_FRAMES = 250
WINDOW_FRAMES, WINDOWS = 8, 4
"""Of a network of samples: the oracle runs some hundred ticks a second, for any number of windows at once."""


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


def clip_windows(dataset: Dataset, seed: int = 0, *, short: bool = False) -> dict[str, FloatArray]:
    """Network inputs of the training clips, WILD anywhere: [windows, frames, size] an input.

    A second from the start of each clip; or, short, four windows of 32 ms from anywhere in each.
    """
    rng = np.random.default_rng(seed)
    length, each = (WINDOW_FRAMES, WINDOWS) if short else (REPRESENTATIVE_FRAMES, 1)
    frames = min(length, max(clip.frames for clip in dataset.train))
    windows = []
    for clip in (clip for clip in dataset.train if clip.frames >= frames for _ in range(each)):
        first = int(rng.integers(0, clip.frames - frames + 1)) if short else 0
        inputs = clip_inputs(clip, dataset, wild=rng.uniform(-1, 1))
        windows.append({name: value[:, first : first + frames] for name, value in inputs.items()})
    return {name: np.concatenate([window[name] for window in windows]) for name in windows[0]}


def representative_inputs(model: Network, dataset: Dataset, seed: int = 0) -> dict[str, FloatArray]:
    """What the network's graph reads of the training clips, for its ranges: [windows, columns, size] an input."""
    kind = family_of(model)
    inputs = clip_windows(dataset, seed, short=kind.samples)
    pitch, loudness, axes = (torch.as_tensor(inputs[name]) for name in ("pitch", "loudness", "axes"))
    windows, samples = len(pitch), pitch.shape[1] * HOP_SAMPLES
    excitation = torch.as_tensor(kind.excitation(samples * windows)).view(windows, samples)
    return kind.graph_inputs(model.cpu(), Controls(pitch[..., 0], loudness[..., 0], axes), excitation)


def graph_scales(model: Network, dataset: Dataset) -> dict[str, float]:
    """Scale of every tensor of the network's graph; where it makes samples, from its peaks on the training clips."""
    graph = to_graph(model)
    if not family_of(model).samples:
        return tensor_scales(graph)
    values = reference.run(graph, representative_inputs(model, dataset), graph.tensors)
    return tensor_scales(graph, {name: float(np.max(np.abs(value))) for name, value in values.items()})


def as_heard(audio: FloatArray, rate_hz: int) -> FloatArray:
    """A recording [samples] as a voice of a model's rate could play it at best: without what lies above its band."""
    if rate_hz == SAMPLE_RATE_HZ:
        return audio
    halved = halve_rate(torch.as_tensor(np.asarray(audio, dtype=np.float32)))[None]
    doubled, _ = double_rate(halved, torch.zeros(1, WINDOW - 1))
    return doubled[0].numpy()


Pair = tuple[FloatArray, FloatArray, NDArray[np.float64], NDArray[np.bool_]]
"""A note as recorded and as rendered [192 * frames], the pitch in Hz that was asked for, and where it is voiced."""


def rendered_notes(
    render: Render,
    rate_hz: int,
    dataset: Dataset,
    clips: Sequence[Clip] | None = None,
    *,
    noon: bool = False,
    encoder: WildEncoder | None = None,
) -> Iterator[Pair]:
    """The held-out notes (or the clips given) by a voice of a rate, with measured axes, or with all at noon.

    WILD is at 0, or where the encoder puts the recording. A voice of 24 kHz is compared with the recording's lower
    half: the upper alone costs 1.7 to 2.4 of MRSTFT on sax notes, whatever the network.
    """
    for clip in dataset.heldout if clips is None else clips:
        wild = 0.0 if encoder is None else encode_clip(encoder, clip)
        inputs = clip_inputs(clip, dataset, wild, noon)
        commanded = volts_to_hz(inputs["pitch"][0, :, 0])
        yield as_heard(clip.audio, rate_hz), render(inputs)[0], commanded, clip.voiced


def score_model(
    model: Network,
    dataset: Dataset,
    clips: Sequence[Clip] | None = None,
    *,
    noon: bool = False,
    encoder: WildEncoder | None = None,
) -> Scores:
    """Scores of a network's rendered_notes."""
    rate_hz = family_of(model).rate_hz
    return score(rendered_notes(partial(render_inputs, model), rate_hz, dataset, clips, noon=noon, encoder=encoder))
