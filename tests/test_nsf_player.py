# SPDX-License-Identifier: MIT
"""A source-filter voice on the module: host build and oracle, gates at any sample, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from cores import NsfSource, core
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.host import HostError, HostModule, Trace
from lottava.emulator.library import host_library
from lottava.export import BlobError, VoiceParameters, blob, generate, voices
from numpy.typing import NDArray
from small_nsf import MERGE, OUTSIDE, PARAMETERS, small_blob, small_graph, small_voice

from lottava import gesture, nsf_player
from lottava.board import BOARD
from lottava.graph import Graph, Tensor
from lottava.nsf_source import SINES, Merge, SourceFrame
from lottava.units import C4_HZ, TRUE_SAMPLE_RATE_HZ
from lottava.verbs import _module

LSB = 2.0**-15
GAIN = PARAMETERS.gain


@dataclass(frozen=True)
class Step:
    """One block of a player's hands, the voice droning. edge: sample at which GATE rises."""

    volts: float = 0.0
    level: float = 0.8
    knob: float = 0.5
    edge: int | None = None
    freeze: bool = False


@dataclass(frozen=True)
class Heard:
    """OUT and AUX [n, 2], and each frame with the sample at which it began."""

    audio: NDArray[np.float64]
    frames: list[tuple[int, Trace]]

    @property
    def lengths(self) -> list[int]:
        """Of the frames, in samples of 48 kHz."""
        starts = [start for start, _ in self.frames] + [len(self.audio)]
        return np.diff(starts).tolist()


def play(data: bytes, steps: list[Step]) -> Heard:
    """An edge in a block in which another frame begins is left out: only the last one of a block is traced."""
    module, audio, frames, start = HostModule(data), [], [], 0
    for number, step in enumerate(steps):
        due = {start + 192, start + 48} if frames else {0}
        edge = None if any(48 * number <= sample < 48 * number + 48 for sample in due) else step.edge
        cvs = [round(cv.code(step.volts if cv.jack.name == "V_OCT" else 0.0)) for cv in BOARD.cv_inputs]
        pots = [round(65535 * value) for value in [step.knob] * 4 + [0.5] * 5 + [step.level, 0.5, 0.5]]
        block = module.process(
            *(cvs, pots), gate_edge=edge is not None, gate_offset=edge or 0, gate_patched=False, freeze=step.freeze
        )
        audio.append(block.audio)
        if block.frame is not None:
            start += block.frame.previous_length if frames else 0
            frames.append((start, block.frame))
            assert block.frame.frame_count == len(frames)
    return Heard(np.concatenate(audio), frames)


def ticks_of(heard: Heard) -> Iterator[tuple[nsf_player.Frame, int]]:
    """Frames as the oracle plays them: one that begins at an odd sample is heard from the next pair on."""
    at = 0
    for (start, trace), length in zip(heard.frames, heard.lengths, strict=True):
        end = -(-(start + length) // 2)
        yield nsf_player.Frame(int(trace.increment), np.array(trace.controls[:10], np.int16)), end - at
        at = end


def oracle(heard: Heard, source: NsfSource | None = None) -> NDArray[np.float64]:
    """OUT of the frames that were traced. source: the firmware's, instead of the oracle's own."""

    def excite(frame: SourceFrame, ticks: int) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        assert source is not None
        source.frame(frame.increment, frame.voicing)
        empty = np.zeros(0, np.int16)
        return source.render(ticks) if ticks else (empty, empty)

    if source is not None:
        source.create(np.append(MERGE.weights, MERGE.bias))
    state, sounds = nsf_player.silent(small_graph()), []
    for frame, ticks in ticks_of(heard):
        sound, state = nsf_player.render_frame(
            small_graph(), MERGE, frame, ticks, state, gain=GAIN, excitation=excite if source else None
        )
        sounds.append(sound)
    out, gains, level = np.concatenate(sounds)[: len(heard.audio)], [], 0.0
    for (_, trace), length in zip(heard.frames, heard.lengths, strict=True):
        gains.append(level + (trace.output_gain - level) * np.arange(length) / 192)
        level += (trace.output_gain - level) * length / 192
    return out * np.concatenate(gains)


blocks = st.builds(
    Step,
    volts=st.sampled_from([-1.5, 0.0, 0.31, 4.0]),
    level=st.sampled_from([0.1, 0.5, 1.0]),
    knob=st.floats(0.0, 1.0),
    edge=st.none() | st.integers(0, 47),
    freeze=st.sampled_from([False, False, True]),
)


@settings(max_examples=8, deadline=None)
@given(steps=st.lists(blocks, min_size=6, max_size=10))
def test_whatever_is_played_sounds_as_in_the_oracle(steps: list[Step]) -> None:
    """Gates cut frames anywhere; the network's own input codes are the firmware's, which lie within one of the
    oracle's (test_nsf_source)."""
    heard = play(small_blob(), steps)
    exact = oracle(heard, NsfSource(core("host")))
    assert np.std(exact) > 10 * LSB
    assert np.max(np.abs(heard.audio[:, 0] - exact)) < LSB
    assert not heard.audio[:, 1].any(), "AUX is silent"


def test_the_oracles_own_source_gives_the_same_sound() -> None:
    """A code of the source here and there: far below what is heard."""
    heard = play(small_blob(), [Step(), Step(edge=17)] + [Step(knob=0.7)] * 14)
    exact = oracle(heard)
    assert np.std(heard.audio[:, 0]) > 0.003
    assert np.std(heard.audio[:, 0] - exact) < 1e-3 * np.std(exact)


@settings(max_examples=8, deadline=None)
@given(steps=st.lists(blocks, min_size=4, max_size=12), block=st.sampled_from([1, 7, 16, 48]))
def test_any_block_of_the_runner_gives_the_same_bits(steps: list[Step], block: int) -> None:
    whole, pieces = play(small_blob(), steps), play(small_blob(block), steps)
    np.testing.assert_array_equal(whole.audio, pieces.audio)


@settings(max_examples=200, deadline=None)
@given(
    pitch=st.floats(-2.0, 4.0, width=32), loudness=st.floats(-1.0, 1.0, width=32),
    axes=st.lists(st.floats(-1.0, 1.0, width=32), min_size=4, max_size=4),
)  # fmt: skip
def test_conditions_are_the_oracles(pitch: float, loudness: float, axes: list[float]) -> None:
    knobs, codes = np.array(axes, np.float32), np.zeros(10, np.int16)
    host_library().lottava_nsf_conditions(pitch, loudness, knobs.ctypes.data, codes.ctypes.data)
    expected = nsf_player.condition_codes(pitch, loudness, axes)
    assert np.max(np.abs(codes.astype(int) - expected)) <= 1


def test_conditions_are_what_training_gives() -> None:
    torch = pytest.importorskip("torch", reason="training needs it: install lottava[train]")
    from lottava.training.generators.base import Controls
    from lottava.training.generators.nsf_voice import conditions

    rng = np.random.default_rng(0)
    pitch, loudness, axes = rng.uniform(-8, 8, (1, 50)), rng.uniform(-1, 1, (1, 50)), rng.uniform(-1, 1, (1, 50, 4))
    trained = conditions(Controls(*(torch.as_tensor(value) for value in (pitch, loudness, axes)))).numpy()
    np.testing.assert_allclose(nsf_player.conditions(pitch, loudness, axes), trained, atol=1e-12)


def test_a_frozen_voice_keeps_its_timbre_and_follows_the_pitch() -> None:
    steps = [Step()] * 8 + [Step(volts=0.5, level=0.3, knob=0.9, freeze=True)] * 8
    heard = play(small_blob(), steps)
    before, after = heard.frames[1][1], heard.frames[-1][1]
    assert list(before.controls) == list(after.controls) and list(before.inputs) == list(after.inputs)
    assert after.increment == pytest.approx(before.increment * 2**0.5, rel=1e-3)


@pytest.mark.parametrize("volts", [-1.0, 0.0, 1.0])
def test_it_plays_in_tune(volts: float) -> None:
    heard = play(small_blob(), [Step(volts=volts)] * 200)
    hz = heard.frames[-1][1].increment * TRUE_SAMPLE_RATE_HZ / 2 / 2.0**32
    assert abs(1200 * np.log2(hz / (C4_HZ * 2.0**volts))) < 0.5


def test_frames_leave_no_click() -> None:
    """The third difference at hop borders is no larger than elsewhere."""
    heard = play(small_blob(), [Step(volts=0.2 * (n // 20 % 3), knob=n / 200) for n in range(200)])
    rough = np.abs(np.diff(heard.audio[192 * 8 :, 0], 3))
    by_place = rough[: len(rough) // 192 * 192].reshape(-1, 192).mean(axis=0)
    assert by_place.max() < 1.6 * np.median(by_place)


def test_the_verbs_play_it_by_host_build_and_oracle() -> None:
    whole, blocks = gesture.load("demo"), slice(90, 140)
    part = replace(whole, volts=whole.volts[blocks], knobs=whole.knobs[blocks], gate=whole.gate[blocks])
    heard, exact = (play_by(small_voice(), part) for play_by in (_module.play_host, _module.play_oracle))
    assert np.std(heard.audio[:, 0]) > 10 * LSB and not exact.audio[:, 1].any()
    assert np.std(heard.audio - exact.audio) < 1e-3 * np.std(exact.audio[:, 0])


def wrong(**changes: object) -> VoiceParameters:
    return replace(PARAMETERS, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "parameters",
    [
        wrong(merge=None),
        wrong(merge=Merge(np.full(SINES, 40.5))),
        wrong(merge=Merge(np.full(SINES, np.nan))),
        wrong(merge=Merge(np.zeros(SINES), -41.0)),
        wrong(merge=Merge(np.zeros(SINES), np.inf)),
        wrong(gain=65.0),
        wrong(range_volts=(1.0, -1.0)),
    ],
)
def test_the_firmware_refuses_numbers_that_no_player_stands(parameters: VoiceParameters) -> None:
    with pytest.raises(HostError, match="not a voice that the module can play"):
        HostModule(blob.to_bytes(small_graph(), parameters, block=24))


def rescaled(graph: Graph, name: str, **changes: object) -> Graph:
    tensors = {key: replace(tensor, **changes) if key == name else tensor for key, tensor in graph.tensors.items()}  # type: ignore[arg-type]
    return replace(graph, tensors=tensors)


def slowed(graph: Graph, period: int) -> Graph:
    """Frames of another length."""

    def change(tensor: Tensor) -> Tensor:
        return replace(tensor, period=period) if tensor.period > 1 else tensor

    return replace(graph, tensors={name: change(tensor) for name, tensor in graph.tensors.items()})


STRANGERS: dict[str, Callable[[], Graph]] = {
    "source at another scale": lambda: rescaled(small_graph(), "source", scale=2.0**-14),
    "frames of 64 ticks": lambda: slowed(small_graph(), 64),
    "frames of 192 ticks": lambda: slowed(small_graph(), 192),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_other_interfaces_are_refused_by_exporter_and_firmware(stranger: str) -> None:
    graph = STRANGERS[stranger]()
    with pytest.raises(BlobError, match=r"source-filter player feeds|not at the module's scales"):
        voices.check_voice(graph)
    with pytest.raises(HostError, match="not a voice that the module can play"):
        HostModule(blob.to_bytes(graph, PARAMETERS, block=24))


@pytest.mark.parametrize(
    ("outside", "words"),
    [
        (None, "no numbers in outside"),
        ({"merge.weight": [1.0] * 8}, "no numbers in outside"),
        ({"merge.weight": ["a"] * 8, "merge.bias": [0.0]}, "no numbers in outside"),
        ({"merge.weight": [1.0] * 7, "merge.bias": [0.0]}, "takes 8 weights"),
        ({"merge.weight": [41.0] * 8, "merge.bias": [0.0]}, "numbers beyond 40"),
    ],
)
def test_a_card_without_its_merge_is_refused(outside: object, words: str) -> None:
    with pytest.raises(BlobError, match=words):
        generate.voice_blob(small_voice(outside))


def test_the_card_brings_the_merge_into_the_blob(tmp_path: Path) -> None:
    data = generate.voice_blob(small_voice())
    header = np.frombuffer(data[: blob.HEADER.itemsize], blob.HEADER)[0]
    np.testing.assert_array_equal(header["voice"]["merge"], np.array(OUTSIDE["merge.weight"], np.float32))
    assert (header["voice"]["partials"], header["voice"]["bands"], header["block"]) == (8, 0, 24)
    generate.write_generated(small_voice(), tmp_path)
    assert "#define GOLDEN_RUNS 8\n" in (tmp_path / "golden.h").read_text()
