# SPDX-License-Identifier: MIT
"""Audio callbacks of any length give the same samples: how a take is cut into blocks is heard nowhere."""

from __future__ import annotations

import random
from itertools import pairwise

import graphs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.host import HostModule
from lottava.emulator.library import FIRMWARE, HostError, Inputs, build
from lottava.export import VoiceParameters, blob
from numpy.typing import NDArray
from small_nsf import small_blob

from lottava import synth
from lottava.units import BLOCK_SAMPLES

PARAMETERS = VoiceParameters(gain=0.3, loudness_db=(-60.0, -20.0), range_volts=(-2.0, 2.0))
VOICE = blob.to_bytes(graphs.random_graph(11, graphs.Widths(8, 8, 8, 12, 8), integer=True), PARAMETERS)
SMALL, SINGLE = 16, 1
LSB = 2.0**-15


def readings(number: int, count: int) -> list[Inputs]:
    """A panel that moves, gates that rise anywhere, now and then two in a hop."""
    draw, found = random.Random(number), []
    inputs = Inputs()
    inputs.gate_patched = 1
    for index in range(count):
        if index % 12 == 0:
            inputs.cv_codes[:] = [draw.randrange(20_000, 50_000) for _ in inputs.cv_codes]
            inputs.pot_codes[:] = [draw.randrange(65_536) for _ in inputs.pot_codes]
            inputs.freeze = draw.random() < 0.1
        inputs.gate_edge = draw.random() < 0.25
        inputs.gate_offset = draw.randrange(BLOCK_SAMPLES) * inputs.gate_edge
        inputs.gate = draw.random() < 0.7 if inputs.gate_edge or draw.random() < 0.2 else inputs.gate
        found.append(Inputs.from_buffer_copy(bytes(inputs)))
    return found


def cut(reading: Inputs, before: int, block_samples: int) -> list[Inputs]:
    """The same 48 samples as blocks: each knows the edge that lies in it, and the gate as its last sample leaves it."""
    parts = []
    for start in range(0, BLOCK_SAMPLES, block_samples):
        part = Inputs.from_buffer_copy(bytes(reading))
        offset = reading.gate_offset - start
        part.gate_edge = bool(reading.gate_edge) and 0 <= offset < block_samples
        part.gate_offset = offset if part.gate_edge else 0
        part.gate = before if reading.gate_edge and offset >= block_samples else reading.gate
        parts.append(part)
    return parts


def play(block_samples: int, taken: list[Inputs], module: HostModule) -> NDArray[np.float64]:
    """What OUT and AUX give."""
    before, sound = 0, []
    for reading in taken:
        sound += [module.process_inputs(part).audio for part in cut(reading, before, block_samples)]
        before = reading.gate
    return np.concatenate(sound)


@pytest.mark.parametrize(("voice", "size"), [(VOICE, SMALL), (small_blob(), SMALL), (small_blob(), SINGLE)])
@settings(max_examples=10, deadline=None)
@given(number=st.integers(0, 2**31))
def test_shorter_blocks_give_the_samples_of_48(voice: bytes, size: int, number: int) -> None:
    taken = readings(number, 60)
    whole, cut_up = (play(length, taken, HostModule(voice, block_samples=length)) for length in (BLOCK_SAMPLES, size))
    np.testing.assert_array_equal(whole, cut_up)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31))
def test_notes_that_begin_anywhere_sound_as_in_the_oracle(number: int) -> None:
    """Blocks of one sample tell of each frame; the oracle plays them."""
    taken = readings(number, 30)
    module, frames = HostModule(VOICE, block_samples=SINGLE), []
    before, sound = 0, []
    for reading in taken:
        for part in cut(reading, before, SINGLE):
            block = module.process_inputs(part)
            sound.append(block.audio)
            if block.frame is not None:
                frames.append((len(sound) - 1, block.frame))
        before = reading.gate
    whole = play(BLOCK_SAMPLES, taken, HostModule(VOICE))
    np.testing.assert_array_equal(whole, np.concatenate(sound))
    parts, state, gain = [], None, 0.0
    for (start, trace), end in zip(frames, [at for at, _ in frames[1:]] + [len(sound)], strict=True):
        frame = synth.frame_from_controls(np.array(trace.controls) * 2.0**-11, trace.increment, np.array(trace.axes))
        out, aux, state = synth.render([(frame, end - start)], state, PARAMETERS.gain)
        ramp = gain + (trace.output_gain - gain) * np.arange(end - start) / 192
        gain += (trace.output_gain - gain) * (end - start) / 192
        parts.append(np.stack([out * ramp, aux * ramp], axis=1))
    exact = np.concatenate(parts)
    linear = np.abs(exact) < 0.93  # above, the limiter bends
    assert np.abs(whole - exact)[linear].max() < LSB
    assert len({end - start for (start, _), (end, _) in pairwise(frames)}) > 1


def test_a_block_divides_48_samples() -> None:
    with pytest.raises(HostError, match="a block has to divide 48 samples"):
        build(block_samples=20)
    assert not (FIRMWARE.parent / "build/block-20/host/liblottava_host.so").exists()
