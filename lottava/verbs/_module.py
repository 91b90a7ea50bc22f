# SPDX-License-Identifier: MIT
"""A voice on the module: its blob and image, and a gesture played by host library, oracle or emulated Seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lottava import nsf_player, reference, synth
from lottava.board import BOARD
from lottava.gesture import CV_JACKS, KNOBS, Gesture
from lottava.scales import OUTPUT_FRACTION_BITS
from lottava.units import BLOCK_SAMPLES, HOP_SAMPLES, db_to_gain
from lottava.voicefile import Voice

from ._common import progress, write_sound

if TYPE_CHECKING:
    from lottava.emulator.seed import Seed

POT_FULL_SCALE = 65_535
SETTLE_BLOCKS = 250
"""After power-up the module's knobs are read and smoothed in less than this."""
TRACE_BLOCKS, TRACE_SETTLE_BLOCKS = 8, 60
"""Two control frames: the note's first, and one with everything running."""

Tick = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Frame:
    """One control frame as the firmware saw it: s16 inputs [6], axes [4], controls [82] s16, and how long it lasted.

    controls: of a source-filter the ten conditions, and zeros.
    """

    inputs: NDArray[np.int16]
    axes: NDArray[np.float64]
    controls: NDArray[np.int16]
    increment: int
    output_gain: float
    length: int


@dataclass(frozen=True, eq=False)
class Take:
    """What was played. audio [samples, 2]: OUT and AUX, full scale 1.0; frames: the host library's trace.

    differing_samples: of the emulated Seed's take, against the host build that is given the same inputs.
    """

    audio: NDArray[np.float64]
    frames: tuple[Frame, ...] = ()
    differing_samples: int | None = None


def build_image(voice: Voice, folder: Path, *, over_budget: bool = False) -> Path:
    """The image with this voice in it, folder/seed/lottava-seed.elf.

    Raises EmulatorError without a cross compiler, BudgetError for a voice that does not fit unless told to try.
    """
    from lottava.emulator.build import build_image as build
    from lottava.export import generate

    headers = folder / "generated"
    generate.write_generated(voice, headers, over_budget=over_budget)
    return build(build_dir=folder, voice_header=headers)


def blob_sha256(voice: Voice) -> str:
    """Identity of what the module runs."""
    from lottava.export.generate import voice_blob

    return hashlib.sha256(voice_blob(voice, over_budget=True)).hexdigest()


def record_phrase(elf: Path, played: Gesture, path: Path) -> None:
    """Play a gesture on the emulated Seed into a sound file, with a bar; the file appears whole."""
    from lottava.emulator.seed import Seed

    with progress() as bar:
        task = bar.add_task("playing on the Seed", total=len(played.gate), note="")
        take = play_seed(Seed(elf), played, lambda done: bar.update(task, completed=done))
    partial = path.with_name(f"partial-{path.name}")
    write_sound(partial, take.audio)
    partial.replace(path)


def image_folder(voice: Voice) -> Path:
    """Where this voice's image is built and kept: the cache, by the hash of the blob."""
    from lottava.training.data.cache import cache_dir

    return cache_dir() / "images" / blob_sha256(voice)[:16]


def codes(played: Gesture) -> Iterator[tuple[list[int], list[int]]]:
    """ADC codes (seven CVs, twelve pots) of each block on a board with nominal parts."""
    for volts, knobs in zip(played.volts, played.knobs, strict=True):
        cvs = [round(cv.code(value)) for cv, value in zip(BOARD.cv_inputs, volts, strict=True)]
        yield cvs, np.rint(knobs * POT_FULL_SCALE).astype(int).tolist()


def play_host(voice: Voice, played: Gesture, tick: Tick | None = None) -> Take:
    """The firmware's own code on this computer, knobs settled before the first block."""
    from lottava.emulator.host import HostModule
    from lottava.export.generate import voice_blob

    module = HostModule(voice_blob(voice, over_budget=True))
    before, blocks, traces = False, [], []
    for index, ((cvs, pots), gate) in enumerate(zip(codes(played), played.gate, strict=True)):
        block = module.process(
            cvs, pots, gate=bool(gate), gate_edge=bool(gate) and not before, gate_patched=played.gate_patched
        )
        before = bool(gate)
        blocks.append(block.audio)
        if block.frame is not None:
            traces.append((index, block.frame))
        if tick is not None:
            tick(index + 1)
    ends = [start for start, _ in traces[1:]] + [len(blocks)]
    frames = tuple(
        _frame(trace, (end - start) * BLOCK_SAMPLES) for (start, trace), end in zip(traces, ends, strict=True)
    )
    return Take(np.concatenate(blocks), frames)


def _frame(trace, length: int) -> Frame:  # type: ignore[no-untyped-def]
    return Frame(
        inputs=np.array(trace.inputs, dtype=np.int16),
        axes=np.array(trace.axes, dtype=np.float64),
        controls=np.array(trace.controls, dtype=np.int16),
        increment=int(trace.increment),
        output_gain=float(trace.output_gain),
        length=length,
    )


def oracle_controls(voice: Voice, frames: tuple[Frame, ...]) -> NDArray[np.int64]:
    """Controls [frames, 82] that the NumPy oracle computes from the firmware's inputs."""
    inputs = np.stack([frame.inputs for frame in frames])
    named = {"pitch": inputs[:, :1], "loudness": inputs[:, 1:2], "axes": inputs[:, 2:]}
    return reference.run(voice.graph, named)[voice.graph.outputs[0]]


def play_oracle(voice: Voice, played: Gesture, tick: Tick | None = None) -> Take:
    """NumPy's answer: the firmware reads the panel, the oracle computes network and sound.

    A source-filter's takes a minute for a second: every sample goes through the slow interpreter.
    """
    from lottava.export import voices

    heard = play_host(voice, played)
    is_filter = voices.player_of(voice.graph) is voices.NSF
    sounds, level, done = [], 0.0, 0
    for frame, sound in zip(heard.frames, (_filtered if is_filter else _synthesised)(voice, heard.frames), strict=True):
        ramp = level + (frame.output_gain - level) * np.arange(frame.length) / HOP_SAMPLES
        level += (frame.output_gain - level) * frame.length / HOP_SAMPLES
        sounds.append(sound * ramp[:, None])
        done += frame.length // BLOCK_SAMPLES
        if tick is not None:
            tick(done)
    return Take(soft_limit(np.concatenate(sounds)), heard.frames)


def _synthesised(voice: Voice, frames: tuple[Frame, ...]) -> Iterator[NDArray[np.float64]]:
    """OUT and AUX [length, 2] of each frame, before the level."""
    controls = oracle_controls(voice, frames) * 2.0**-OUTPUT_FRACTION_BITS
    gain, edits, state = float(db_to_gain(voice.card.gain_db)), voice.card.synth_edits, None
    for frame, values in zip(frames, controls, strict=True):
        target = synth.frame_from_controls(values, frame.increment, frame.axes, edits)
        out, aux, state = synth.render([(target, frame.length)], state, gain)
        yield np.stack([out, aux], axis=1)


def _filtered(voice: Voice, frames: tuple[Frame, ...]) -> Iterator[NDArray[np.float64]]:
    """The same of a source-filter; AUX is silent."""
    from lottava.export import voices

    merge, gain, state = (
        voices.merge_of(voice.card),
        float(db_to_gain(voice.card.gain_db)),
        nsf_player.silent(voice.graph),
    )
    for frame in frames:
        conditions = nsf_player.Frame(frame.increment, frame.controls[: nsf_player.CONDITIONS])
        out, state = nsf_player.render_frame(voice.graph, merge, conditions, frame.length // 2, state, gain=gain)
        yield np.stack([out, np.zeros_like(out)], axis=1)


def soft_limit(audio: NDArray[np.float64], start: float = 0.9375) -> NDArray[np.float64]:
    """The module's limiter (firmware/app/module.cc): straight up to -0.56 dB, then bending towards full scale."""
    over = np.maximum(np.abs(audio) - start, 0) / (1 - start)
    return np.where(np.abs(audio) <= start, audio, np.sign(audio) * (start + (1 - start) * over / (1 + over)))


def set_panel(seed: Seed, played: Gesture, block: int) -> None:
    """Cables and knobs of one block of a gesture."""
    for jack, volts in zip(CV_JACKS, played.volts[block], strict=True):
        seed.set_volts(jack, float(volts))
    for knob, position in zip(KNOBS, played.knobs[block], strict=True):
        seed.set_pot(knob, float(position))
    if played.gate_patched:
        seed.set_gate(bool(played.gate[block]))
    else:
        seed.unplug("GATE")


def play_seed(seed: Seed, played: Gesture, tick: Tick | None = None, blob: bytes | None = None) -> Take:
    """The image on the emulated Seed, from volts at its jacks to what its codec is sent.

    blob: of the image's voice; the host build then plays the same inputs, from power-up on, and is compared.
    """
    from lottava.emulator.replay import Recorder

    recorder = Recorder(seed)
    set_panel(seed, played, 0)
    if played.gate_patched:
        seed.set_gate(False)
    for _ in range(SETTLE_BLOCKS):
        recorder.run_block()
    blocks = []
    for index in range(len(played.gate)):
        set_panel(seed, played, index)
        blocks.append(recorder.run_block())
        if tick is not None:
            tick(index + 1)
    audio = np.concatenate(blocks) / float((1 << 23) - 1)
    return Take(audio, differing_samples=None if blob is None else recorder.differing_samples(blob))


def cycles(elf: Path, played: Gesture) -> dict[str, Any]:
    """Modelled cycles of a run of blocks in which a note begins, one in four of them with a frame to compute."""
    from lottava.emulator.measure import trace_blocks
    from lottava.emulator.seed import Seed

    seed, start = Seed(elf), int(np.argmax(played.gate)) - 2
    set_panel(seed, played, start)
    seed.run_blocks(TRACE_SETTLE_BLOCKS)
    return trace_blocks(seed, TRACE_BLOCKS, lambda block: set_panel(seed, played, start + block)).as_dict()


def symbol_address(elf: Path, name: str) -> int:
    """Address of the one object in the image whose (mangled) name holds `name`. Raises KeyError."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        table: Any = ELFFile(file).get_section_by_name(".symtab")
        found = [s["st_value"] for s in table.iter_symbols() if name in s.name and s["st_info"]["type"] == "STT_OBJECT"]
    if len(found) != 1:
        raise KeyError(f"{elf.name} holds {len(found)} objects called {name}")
    return int(found[0])
