# SPDX-License-Identifier: MIT
"""The setting `quality`: a nested voice plays any of its levels, from power-up on or while it sounds."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import graphs
import numpy as np
import pytest
from cards import example_card
from hypothesis import given, settings
from hypothesis import strategies as st
from instrument import ask
from lottava.emulator import Seed
from lottava.emulator.build import BUILD, build_image
from lottava.emulator.host import HostModule
from lottava.emulator.norflash import CHIP_BYTES, SECTOR_BYTES
from lottava.emulator.replay import Recorder
from lottava.export import VoiceParameters, blob, generate
from lottava.training.reduction.groups import channel_groups
from lottava.training.reduction.nest import level_table, shares
from numpy.typing import NDArray

from lottava import messages as say
from lottava import settings as kept
from lottava import wire
from lottava.board import BOARD
from lottava.levels import at_level
from lottava.messages import Command, MonitorReply
from lottava.voicefile import Voice

PARAMETERS = VoiceParameters(gain=0.3, loudness_db=(-60.0, -20.0), range_volts=(-2.0, 2.0))
PLAIN = graphs.random_graph(11, graphs.Widths(24, 24, 24, 32, 24), integer=True)
CHANNELS = channel_groups(PLAIN)
GRAPH = replace(PLAIN, levels=level_table(CHANNELS, shares(CHANNELS, [0.5, 0.25])))
NESTED = blob.to_bytes(GRAPH, PARAMETERS)
LEVELS = [blob.to_bytes(at_level(GRAPH, level), PARAMETERS) for level in range(3)]
VOICE = Voice(GRAPH, example_card(GRAPH))
ZEROS = [round(cv.code(0.0)) for cv in BOARD.cv_inputs]
MOST_SILENT_BLOCKS = 3 * 4
"""A hop is 4 blocks: at most one until a frame begins, one to fade out, one in."""


def played(module: HostModule, blocks: int, knobs: list[int], *, gate_patched: bool = False) -> NDArray[np.float64]:
    """Samples of both outputs, [blocks * 48, 2]."""
    return np.concatenate([module.process(ZEROS, knobs, gate_patched=gate_patched).audio for _ in range(blocks)])


def largest_jump(sound: NDArray) -> float:
    """From one sample to the next, in either channel: what a click is heard by."""
    return float(np.abs(np.diff(sound, axis=0)).max())


@given(st.integers(0, 7), st.lists(st.integers(0, 65535), min_size=12, max_size=12))
@settings(max_examples=15, deadline=None)
def test_a_quality_sounds_as_its_level_alone(quality: int, knobs: list[int]) -> None:
    nested, alone = HostModule(NESTED, quality=quality), HostModule(LEVELS[min(quality, 2)])
    assert np.array_equal(played(nested, 40, knobs), played(alone, 40, knobs))


@given(st.integers(0, 2), st.integers(0, 7), st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_a_change_fades_out_and_in(before: int, after: int, blocks: int) -> None:
    """As main.cc does it; 100 blocks settle the smoothers."""
    module, knobs = HostModule(NESTED, quality=before), [40_000] * 12
    ordinary = played(module, 100 + blocks, knobs)[-40 * 48 :]
    module.mute()
    fading = []
    while not module.is_silent:
        fading.append(played(module, 1, knobs))
        assert len(fading) <= MOST_SILENT_BLOCKS
    module.load(NESTED, after)
    module.mute(False)
    sound = np.concatenate([ordinary, *fading, played(module, 100, knobs)])
    alike = played(HostModule(NESTED, quality=after), 200, knobs)
    assert largest_jump(sound) <= 1.05 * max(largest_jump(ordinary), largest_jump(alike))
    assert np.abs(sound[-480:]).max() > 0.3 * np.abs(alike[-480:]).max(), "it sounds again"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only what holds the voice is compiled anew."""
    folder = tmp_path_factory.mktemp("image")
    build_image()
    shutil.copytree(BUILD / "seed", folder / "seed")
    for old in (folder / "seed" / "app").glob("builtin.c.*"):
        old.unlink()
    generate.write_generated(VOICE, folder / "generated")
    return build_image(build_dir=folder, voice_header=folder / "generated")


def flash_with(chosen: kept.Settings) -> bytearray:
    """A chip on which a module has stored these."""
    flash, start = bytearray(b"\xff") * CHIP_BYTES, kept.SECTOR * SECTOR_BYTES
    flash[start : start + kept.SETTINGS_BYTES] = kept.pack(chosen)
    return flash


@pytest.mark.parametrize("quality", [0, 1, 7])
def test_the_image_starts_at_the_quality_it_keeps(image: Path, quality: int) -> None:
    seed = Seed(image, qspi=flash_with(kept.Settings(quality=quality)))
    recorder = Recorder(seed)
    seed.set_volts("level", 5.0)
    seed.set_gate(False)
    for _ in range(40):
        recorder.run_block()
    seed.set_gate(True, after_samples=11)
    assert np.abs(np.concatenate([recorder.run_block() for _ in range(60)])).max() > 2000
    narrow = at_level(GRAPH, min(quality, 2))
    alone = blob.to_bytes(narrow, generate.voice_parameters(VOICE))
    assert recorder.differing_samples(alone) == 0


def test_a_change_while_it_sounds_misses_no_block_and_frees_the_processor(image: Path) -> None:
    seed = Seed(image, qspi=flash_with(kept.Settings()))
    narrow = Seed(image, qspi=flash_with(kept.Settings(quality=2)))
    ordinary = []
    for one in (seed, narrow):
        one.unplug("GATE")
        one.set_pot("level", 1.0)
        ordinary.append(largest_jump(one.run_blocks(300).astype(np.float64)))
    before = ask(seed, Command.MONITOR)
    request = say.SettingsPutRequest(kept.pack(kept.Settings(sequence=1, quality=2)))
    seed.send(wire.request(Command.SETTINGS_PUT, 2, request))
    sound = seed.run_blocks(900).astype(np.float64)
    after = ask(seed, Command.MONITOR)
    assert isinstance(before, MonitorReply) and isinstance(after, MonitorReply)
    assert after.missed_blocks == 0 and after.cycles_mean < before.cycles_mean
    assert largest_jump(sound) <= 1.05 * max(ordinary)
    quiet = np.abs(sound.reshape(-1, 48, 2)).max(axis=(1, 2)) < 1
    assert 0 < quiet.sum() <= MOST_SILENT_BLOCKS and not quiet[-100:].any()
