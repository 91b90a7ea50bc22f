# SPDX-License-Identifier: MIT
"""A source-filter voice in the Seed's image: every bit as the host build plays it, and what a block costs."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from lottava.emulator import Seed, build_image
from lottava.emulator.library import BUILD
from lottava.emulator.measure import trace_blocks
from lottava.emulator.replay import Recorder
from lottava.export import generate
from lottava.export.budget import USES, block_cycles
from lottava.export.placement import placement
from small_nsf import small_graph, small_voice

SETTLING, EDGES = 40, (11, 30)
"""Blocks before the first note, and the samples of a block at which two notes begin."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only what holds the voice is compiled anew."""
    folder = tmp_path_factory.mktemp("image")
    build_image()
    shutil.copytree(BUILD / "seed", folder / "seed")
    for old in (folder / "seed" / "app").glob("builtin.c.*"):
        old.unlink()
    generate.write_generated(small_voice(), folder / "generated")
    return build_image(build_dir=folder, voice_header=folder / "generated")


def test_a_phrase_has_the_bits_of_the_host_build(image: Path) -> None:
    seed = Seed(image)
    recorder = Recorder(seed)
    seed.set_volts("level", 5.0)
    seed.set_gate(False)
    for _ in range(SETTLING):
        recorder.run_block()
    sounding = []
    for number, edge in enumerate(EDGES):
        seed.set_volts("v_oct", 0.5 * number)
        seed.set_pot("bright", 0.5 + 0.3 * number)
        seed.set_gate(True, after_samples=edge)
        sounding += [recorder.run_block() for _ in range(14)]
        seed.set_freeze(number == 0)
        seed.set_gate(False)
        sounding += [recorder.run_block() for _ in range(3)]
    assert np.abs(np.concatenate(sounding)).max() > 2000
    assert recorder.differing_samples(generate.voice_blob(small_voice())) == 0


def test_the_budget_is_what_the_image_is_modelled_to(image: Path) -> None:
    """A block in which a frame begins, and one that a gate cuts in two."""
    seed, use = Seed(image), next(use for use in USES if use.name == "NSF")
    seed.set_gate(False)
    seed.run_blocks(SETTLING)
    cost = trace_blocks(seed, 8, lambda block: seed.set_gate(block == 4, after_samples=20.0))
    graph = small_graph()
    mean, worst = block_cycles(graph, use, placement(graph, block=use.block))
    steady = [block.cycles for block in cost.blocks[:4]]
    assert np.mean(steady) == pytest.approx(mean, rel=0.02)
    assert max(block.cycles for block in cost.blocks) == pytest.approx(worst, rel=0.03)
