# SPDX-License-Identifier: MIT
"""Integer voices on whole notes: the network in the JAX executor, what lies around it as in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lottava.graph import Graph
from lottava.scales import INPUT_SCALES, OUTPUT_FRACTION_BITS, input_codes
from lottava.synth import SynthEdits, decode_controls
from lottava.units import HOP_SAMPLES, SAMPLE_RATE_HZ, volts_to_hz
from lottava.upsample import upsample

from ..data.dataset import Clip, Dataset
from ..generators.base import Controls
from ..generators.excitation import white_noise
from ..generators.family import Network
from ..generators.nsf import NSF
from ..generators.registry import family_of
from ..synth import init_state, pitch_to_increment, render
from .executor import Executor
from .metrics import Scores, score
from .render import rendered_notes

OFF = SynthEdits()


class IntegerVoice:
    """A playable integer graph, compiled once. Raises GraphError for a float graph."""

    rate_hz = SAMPLE_RATE_HZ

    def __init__(self, graph: Graph, edits: SynthEdits = OFF) -> None:
        self.executor = Executor(graph)
        self.edits = edits

    def render(self, inputs: Mapping[str, NDArray]) -> NDArray[np.float32]:
        """Audio [batch, 192 * frames] of real-valued pitch, loudness [batch, frames, 1] and axes [batch, frames, 4]."""
        codes = input_codes(inputs)
        controls = self.executor.run(codes) * 2.0**-OUTPUT_FRACTION_BITS
        pitch_volts = codes["pitch"][..., 0] * INPUT_SCALES["pitch"]
        axes = codes["axes"] * INPUT_SCALES["axes"]
        decoded = decode_controls(controls, volts_to_hz(pitch_volts), axes, self.edits)
        amplitudes, bands = (torch.as_tensor(part, dtype=torch.float32) for part in decoded)
        increment = pitch_to_increment(torch.as_tensor(pitch_volts))
        batch, frames = pitch_volts.shape
        white = torch.as_tensor(white_noise(frames * HOP_SAMPLES)).expand(batch, -1)
        with torch.no_grad():
            audio, _ = render(amplitudes, bands, increment, white, init_state(increment[:, 0]))
        return audio.numpy()

    def score(self, dataset: Dataset, clips: Sequence[Clip] | None = None) -> Scores:
        """Scores on the held-out notes (or the clips given), measured axes, WILD at 0."""
        return score(rendered_notes(self.render, self.rate_hz, dataset, clips))


class IntegerSamples:
    """A playable integer graph of a family that makes samples; network: the float one, for what lies around the graph.

    Source and conditions come from torch in single precision; the firmware's are within one code of them.
    """

    def __init__(self, graph: Graph, network: NSF) -> None:
        self.executor, self.network = Executor(graph), network
        self.rate_hz = family_of(network).rate_hz

    def render(self, inputs: Mapping[str, NDArray]) -> NDArray[np.float32]:
        """Audio [batch, 192 * frames] of real-valued pitch, loudness [batch, frames, 1] and axes [batch, frames, 4]."""
        pitch, loudness, axes = (
            torch.as_tensor(np.asarray(inputs[name], dtype=np.float32)) for name in ("pitch", "loudness", "axes")
        )
        kind, (batch, frames) = family_of(self.network), pitch.shape[:2]
        excitation = torch.as_tensor(kind.excitation(frames * HOP_SAMPLES)).expand(batch, -1)
        played = Controls(pitch[..., 0], loudness[..., 0], axes)
        codes = self.executor.run(input_codes(kind.graph_inputs(self.network, played, excitation)))[..., 0]
        return np.stack([upsample(row, 2)[0] for row in codes])

    def score(self, dataset: Dataset, clips: Sequence[Clip] | None = None) -> Scores:
        """Scores on the held-out notes (or the clips given) as score_model gives them, measured axes, WILD at 0."""
        return score(rendered_notes(self.render, self.rate_hz, dataset, clips))


def integer_voice(graph: Graph, network: Network) -> IntegerVoice | IntegerSamples:
    """The integer graph of a network as its family plays it."""
    return IntegerSamples(graph, network) if isinstance(network, NSF) else IntegerVoice(graph)
