# SPDX-License-Identifier: MIT
"""The oracle of a neural source-filter on the module: its conditions, and source, network and upsampler over frames.

    pitch, loudness, axes ─▶ ten conditions ────────────┐
    pitch ─▶ source, noise (lottava/nsf_source.py) ─────┴▶ graph at 24 kHz ─▶ upsampler ─▶ gain ─▶ OUT at 48 kHz

A frame lasts a hop, 96 samples of 24 kHz, or ends earlier where a gate's edge begins the next one: then the conditions
are due at once and every straight line goes on from where it stands (reference.restart).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import reference
from .fixedpoint import quantise_s16
from .graph import Graph
from .nsf_source import MODEL_HOP_SAMPLES, Merge, SourceFrame, SourceState, render_segment
from .scales import STREAM_INPUT_SCALES
from .upsample import silence, upsample

Codes = NDArray[np.int16]
Array = NDArray[np.float64]

CONDITIONS = 10
CONDITION_LIMIT = 2.0 - 2.0**-14
"""Conditions are s16 at 2^-14."""


def conditions(pitch: ArrayLike, loudness: ArrayLike, axes: ArrayLike) -> Array:
    """[..., 10] of pitch [...] in octaves from C4, loudness [...] and axes [..., 4] in -1..1.

    A quarter of the pitch, loudness, the axes; squares and product of pitch (in halves) and loudness; the frequency
    over that of two octaves above C4. Limited to s16 at 2^-14.
    """
    octaves, level = np.asarray(pitch, dtype=np.float64), np.asarray(loudness, dtype=np.float64)
    half, knobs = octaves / 2, np.moveaxis(np.asarray(axes, dtype=np.float64), -1, 0)
    values = (half / 2, level, *knobs, half**2, level**2, half * level, np.exp2(octaves - 2))
    return np.clip(np.stack(values, axis=-1), -CONDITION_LIMIT, CONDITION_LIMIT)


def condition_codes(pitch: ArrayLike, loudness: ArrayLike, axes: ArrayLike) -> Codes:
    """The same as the graph reads them."""
    return quantise_s16(conditions(pitch, loudness, axes), STREAM_INPUT_SCALES["condition"])


@dataclass(frozen=True, eq=False)
class Frame:
    """What a hop is played with. increment: phase step a sample of 24 kHz; condition [10] s16."""

    increment: int
    condition: Codes


@dataclass(frozen=True, eq=False)
class State:
    """Between two samples. ticks: how far the last frame has come."""

    network: reference.State
    source: SourceState = field(default_factory=SourceState)
    history: Codes = field(default_factory=silence)
    ticks: int = MODEL_HOP_SAMPLES


Excitation = Callable[[SourceFrame, int], tuple[Codes, Codes]]
"""Codes of source and noise [n] of the next n samples, which belong to this frame."""


def silent(graph: Graph) -> State:
    """Before the first frame."""
    return State(reference.init_state(graph))


def _codes(values: Array, name: str) -> Codes:
    return quantise_s16(values, STREAM_INPUT_SCALES[name])


def render_frame(
    graph: Graph,
    merge: Merge,
    frame: Frame,
    ticks: int,
    state: State,
    *,
    gain: float = 1.0,
    excitation: Excitation | None = None,
) -> tuple[NDArray[np.float32], State]:
    """OUT [2 * ticks] of a frame that lasts 0..96 ticks, and the state after; AUX is silent.

    excitation: codes to use instead of the source's own, which firmware rounds to within one code.
    Raises ValueError for other lengths, GraphError for a graph of another interface.
    """
    played, network = SourceFrame(frame.increment, 1.0), state.network
    source, noise, after = render_segment(played, ticks, merge, state.source)
    codes = (_codes(source, "source"), _codes(noise, "noise")) if excitation is None else excitation(played, ticks)
    if state.ticks < MODEL_HOP_SAMPLES:
        network = reference.restart(graph, network)
    heard = np.zeros(ticks, dtype=np.int16)
    for tick in range(ticks):
        due = {"source": codes[0][tick : tick + 1], "noise": codes[1][tick : tick + 1]}
        if tick == 0:
            due["condition"] = frame.condition
        values, network = reference.step(graph, due, network)
        heard[tick] = values[graph.outputs[0]][0]
    doubled, history = upsample(heard, 2, state.history)
    return np.float32(gain) * doubled, State(network, after, history, ticks)


def render(
    graph: Graph, merge: Merge, frames: Sequence[tuple[Frame, int]], *, gain: float = 1.0
) -> NDArray[np.float32]:
    """OUT of (frame, ticks) in order, from silence."""
    sounds, state = [np.zeros(0, dtype=np.float32)], silent(graph)
    for frame, ticks in frames:
        sound, state = render_frame(graph, merge, frame, ticks, state, gain=gain)
        sounds.append(sound)
    return np.concatenate(sounds)
