# SPDX-License-Identifier: MIT
"""The small interface that every family of generators shares: a state, and a step that plays one block from it.

    excitation block ─┐
    controls ─────────┼─▶ step ─▶ audio block
    state ────────────┘        └▶ state

A block is any number of frames. Playing a clip in one block or in many gives the same samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

State = TypeVar("State")


class Controls(NamedTuple):
    """What is played, frame by frame, scaled as the network reads it.

    pitch [batch, frames]: octaves from C4 (volts); loudness [batch, frames] and axes [batch, frames, 4] in [-1, 1].
    """

    pitch: Tensor
    loudness: Tensor
    axes: Tensor

    def frames(self, start: int, stop: int) -> Controls:
        """The frames start..stop-1."""
        return Controls(self.pitch[:, start:stop], self.loudness[:, start:stop], self.axes[:, start:stop])


class Generator(Protocol[State]):
    """A playable network: whatever it remembers is in the state, whatever is random is in the excitation."""

    def init_state(self, batch: int) -> State:
        """The state before the first sample."""
        ...

    def step(self, block: Tensor, controls: Controls, state: State) -> tuple[Tensor, State]:
        """Play one block. block: the family's excitation [batch, 192 * frames]; returns audio of that shape."""
        ...


def play(generator: Generator[State], excitation: Tensor, controls: Controls, block_frames: Sequence[int]) -> Tensor:
    """Play controls in blocks of the given numbers of frames, from the initial state: audio [batch, samples].

    Raises ValueError unless the blocks cover the controls and the excitation exactly.
    """
    frames = controls.pitch.shape[1]
    if sum(block_frames) != frames:
        raise ValueError(f"blocks of {sum(block_frames)} frames can't play {frames} frames")
    hop = excitation.shape[1] // frames
    state, start, blocks = generator.init_state(controls.pitch.shape[0]), 0, []
    for length in block_frames:
        stop = start + length
        audio, state = generator.step(excitation[:, start * hop : stop * hop], controls.frames(start, stop), state)
        blocks.append(audio)
        start = stop
    return torch.cat(blocks, dim=1)
