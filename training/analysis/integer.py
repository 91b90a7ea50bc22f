# SPDX-License-Identifier: MIT
"""The integer voice on whole notes: controls from the JAX executor, sound from the same synthesiser as in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lottava.graph import Graph
from lottava.scales import INPUT_SCALES, OUTPUT_FRACTION_BITS, input_codes
from lottava.synth import SynthEdits, decode_controls
from lottava.units import HOP_SAMPLES, volts_to_hz

from ..data.dataset import Clip, Dataset
from ..generators.excitation import white_noise
from ..synth import init_state, pitch_to_increment, render
from .executor import Executor
from .metrics import Scores, score
from .render import clip_inputs

OFF = SynthEdits()


class IntegerVoice:
    """A playable integer graph, compiled once. Raises GraphError for a float graph."""

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

        def pairs():  # type: ignore[no-untyped-def]
            for clip in dataset.heldout if clips is None else clips:
                inputs = clip_inputs(clip, dataset)
                yield clip.audio, self.render(inputs)[0], volts_to_hz(inputs["pitch"][0, :, 0]), clip.voiced

        return score(pairs())
