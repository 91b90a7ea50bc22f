# SPDX-License-Identifier: MIT
"""A Seed without a board: it notices, plays its phrase, beats, and reads none of its open pins."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import numpy as np
import panel_library
import pytest
from hypothesis import given
from hypothesis import strategies as st
from instrument import ask, hello
from lottava.emulator import FrontEnd, Seed, build_image
from lottava.emulator.library import Inputs
from lottava.emulator.panel import MUX_CHANNELS

from lottava.board import ADC_FULL_SCALE, BENCH_REVISION, BOARD
from lottava.messages import Command, MonitorReply

library: ctypes.CDLL
BOOT_BLOCKS = 600
"""OUT is muted for half a second."""


@pytest.fixture(scope="module", autouse=True)
def _library(tmp_path_factory: pytest.TempPathFactory) -> None:
    global library
    library = panel_library.build(tmp_path_factory.mktemp("panel"))


def mux_b(frontend: FrontEnd, node: str) -> int:
    """Code of a node of multiplexer B."""
    channel = next(number for number, mux in MUX_CHANNELS.items() if mux == "B")
    return int(frontend.scan([channel], BOARD.mux_b_inputs[node])[0])


@given(st.integers(0, 10_000))
def test_every_board_is_known_by_its_divider(seed: int) -> None:
    frontend = FrontEnd.random(seed)
    assert library.board_revision(mux_b(frontend, "BOARD_ID"), mux_b(frontend, "BUTTONS")) == BOARD.revisions[-1].number


@given(st.integers(0, ADC_FULL_SCALE), st.integers(-200, 200))
def test_an_open_pin_is_no_board_whatever_it_floats_at(code: int, drift: int) -> None:
    again = min(max(code + drift, 0), ADC_FULL_SCALE)
    assert library.board_revision(code, again) == BENCH_REVISION


def phrase() -> Iterator[tuple[np.ndarray, Inputs]]:
    """Blocks of the phrase without end: performance [7], gates."""
    memory = ctypes.create_string_buffer(library.phrase_size())
    library.phrase_create(memory)
    values, gates = (ctypes.c_float * 7)(), Inputs()
    while True:
        library.phrase_process(memory, values, ctypes.byref(gates))
        yield np.array(values), gates


def test_the_phrase_is_one_that_a_player_could_play() -> None:
    blocks = phrase()
    heard = [(values, gates.gate, gates.gate_edge) for values, gates in (next(blocks) for _ in range(16_000))]
    values = np.array([one for one, _, _ in heard])
    gate, edge = np.array([one for _, one, _ in heard]), np.array([one for _, _, one in heard])
    assert np.all(np.abs(values[:, 0]) < 1.5)
    assert values[:, 1].min() >= 0
    assert values[:, 1].max() <= 1
    assert np.all(np.abs(values[:, 2:6]) <= 1)
    assert np.abs(np.diff(values[:, 1])).max() < 0.01
    assert not edge[gate == 0].any()
    assert np.all(edge[1:] == (gate[1:] > gate[:-1]))
    length = library.phrase_blocks()
    np.testing.assert_array_equal(edge[:length], edge[length : 2 * length])
    assert edge[:length].sum() >= 12


@pytest.fixture(scope="module")
def bench() -> Seed:
    """A bare Seed, half a second after power-up."""
    seed = Seed(build_image(), frontend=FrontEnd.bare())
    seed.run_blocks(BOOT_BLOCKS)
    return seed


def test_a_bare_seed_says_so_and_plays(bench: Seed) -> None:
    assert hello(bench).board_revision == BENCH_REVISION
    audio = bench.run_blocks(400)[:, 0]
    assert np.abs(audio).max() > 0.02 * (1 << 23)
    assert np.abs(audio.reshape(-1, 4800)).max(axis=1).min() > 1000


def test_what_its_pins_do_changes_nothing() -> None:
    def play(noise_volts: float) -> np.ndarray:
        seed = Seed(build_image(), frontend=FrontEnd.bare())
        seed.frontend.set_noise(noise_volts)
        return seed.run_blocks(300)

    quiet, wild = play(0.0), play(0.05)
    np.testing.assert_array_equal(quiet, wild)


def test_the_led_beats_and_no_patch_is_claimed(bench: Seed) -> None:
    lit = []
    for _ in range(200):
        bench.run_blocks(10)
        lit.append(bench.onboard_led)
    assert sum(lit) == pytest.approx(20, abs=2)
    reply = ask(bench, Command.MONITOR)
    assert isinstance(reply, MonitorReply)
    assert not reply.patch_known


def test_on_a_board_the_panel_plays_and_the_led_is_dark() -> None:
    seed = Seed(build_image())
    assert not seed.run_blocks(300).any()
    assert hello(seed).board_revision == BOARD.revisions[-1].number
    assert not seed.onboard_led
