# SPDX-License-Identifier: MIT
"""Buttons and LEDs: the logic on its own, and both ends of it on the emulated module."""

from __future__ import annotations

import ctypes
from itertools import groupby

import panel_library
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instrument import ask
from lottava.emulator import FrontEnd, Seed, build_image

from lottava.board import ADC_FULL_SCALE, BOARD
from lottava.messages import CalibrateBeginRequest, Command, IdentifyRequest, Route

NONE, PREVIOUS, NEXT, BOTH = range(4)
PREVIOUS_TAP, NEXT_TAP, HOLD = 1, 2, 3
DOWN = {NONE: (), PREVIOUS: ("PREVIOUS",), NEXT: ("NEXT",), BOTH: ("PREVIOUS", "NEXT")}
SETTLE_BLOCKS = 20
GREEN, RED = 0x00FF, 0xFF00
SWEEP_BLOCKS = 400

library: ctypes.CDLL


@pytest.fixture(scope="module", autouse=True)
def _library(tmp_path_factory: pytest.TempPathFactory) -> None:
    global library
    library = panel_library.build(tmp_path_factory.mktemp("panel"))


class Decoder:
    """The decoder behind a ladder whose parts are off by `error`."""

    def __init__(self, error: float = 0.0) -> None:
        self.error = error
        self.memory = ctypes.create_string_buffer(library.buttons_size())
        library.buttons_create(self.memory)
        self.down = NONE

    def play(self, *holds: tuple[int, int]) -> list[int]:
        """(what is down, for how many blocks) in turn; the events that came."""
        events = []
        for down, blocks in holds:
            share = BOARD.ladder_fraction(*DOWN[down]) * (1 + self.error)
            for _ in range(blocks):
                events.append(self.read(min(round(share * ADC_FULL_SCALE), ADC_FULL_SCALE)))
        return [event for event in events if event]

    def read(self, code: int) -> int:
        """One block."""
        answer = library.buttons_process(self.memory, code)
        self.down = answer >> 4
        return answer & 15


error = st.floats(-0.03, 0.03)
tap = st.integers(SETTLE_BLOCKS, 480)


@settings(deadline=None)
@given(error, st.lists(st.tuples(st.sampled_from((PREVIOUS, NEXT)), tap, tap), max_size=5))
def test_each_tap_is_one_event_when_the_button_is_let_go(error: float, taps: list[tuple[int, int, int]]) -> None:
    decoder = Decoder(error)
    holds = [hold for button, down, up in taps for hold in ((button, down), (NONE, up))]
    assert decoder.play((NONE, 50), *holds) == [button for button, _, _ in taps]
    assert decoder.down == NONE


@settings(deadline=None)
@given(error, st.integers(0, 11), st.sampled_from((PREVIOUS, NEXT)), st.integers(1000 + SETTLE_BLOCKS, 3000))
def test_both_for_a_second_is_hold_once_and_no_tap(error: float, skew: int, first: int, blocks: int) -> None:
    decoder = Decoder(error)
    assert decoder.play((NONE, 50), (first, skew), (BOTH, blocks), (first, skew), (NONE, 50)) == [HOLD]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 990)), max_size=8))
def test_what_is_neither_tap_nor_hold_is_nothing(holds: list[tuple[int, int]]) -> None:
    """Between two moments with nothing down: two buttons in any order, or one for long, ask for nothing."""
    decoder = Decoder()
    events = decoder.play((NONE, 50), *holds, (NONE, 50))
    settled: list[list[tuple[int, int]]] = [[]]
    merged = [(down, sum(blocks for _, blocks in run)) for down, run in groupby(holds, key=lambda hold: hold[0])]
    for down, blocks in merged:
        if down == NONE and blocks >= SETTLE_BLOCKS:
            settled.append([])
        elif down != NONE and blocks >= 12:
            settled[-1].append((down, blocks))
    possible = sum(len({down for down, _ in group}) >= 1 for group in settled)
    longest_both = max((blocks for down, blocks in merged if down == BOTH), default=0)
    assert len([event for event in events if event != HOLD]) <= possible + sum(down == NONE for down, _ in merged)
    assert HOLD not in events or longest_both >= 1000 or sum(b for d, b in merged if d == BOTH) >= 980


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, ADC_FULL_SCALE), min_size=200, max_size=200, unique=True))
def test_a_bouncing_contact_is_not_pressed(codes: list[int]) -> None:
    """Readings that never agree for 12 blocks ask for nothing."""
    decoder = Decoder()
    decoder.play((NONE, 50))
    for index, code in enumerate(codes):
        if index % 11 == 10:
            code = ADC_FULL_SCALE
        decoder.read(code)
    assert decoder.play((NONE, 50)) in ([], [PREVIOUS_TAP], [NEXT_TAP])
    fresh = Decoder()
    assert fresh.play((NONE, 50), *[(one, 11) for one in (PREVIOUS, NONE, NEXT, BOTH, NEXT)] * 5, (NONE, 50)) == []


def pattern(blocks: int, **state: int) -> tuple[int, int, bool]:
    """Lit LEDs, brightness, onboard LED; state: slot, identify, calibrating, held, bench, fault."""
    names = ("slot", "identify", "calibrating", "held", "bench", "fault")
    packed = library.led_pattern(blocks, bytes(state.get(name, 0) for name in names))
    return packed & 0xFFFF, packed >> 16 & 255, bool(packed >> 24)


times = st.integers(SWEEP_BLOCKS, 1 << 30)


@settings(deadline=None)
@given(times, st.integers(0, 7))
def test_the_slot_that_plays_is_green(blocks: int, slot: int) -> None:
    assert pattern(blocks, slot=slot)[0] == 1 << slot


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(0, 50))
def test_a_fault_blinks_its_number(fault: int, cycles: int) -> None:
    length = fault * 400 + 1200
    lit = [pattern(cycles * length + block, fault=fault, calibrating=1) for block in range(length)]
    assert [one for one, _ in groupby(frame[0] for frame in lit)] == [RED, 0] * fault
    assert [one for one, _ in groupby(frame[2] for frame in lit)] == [True, False] * fault


@settings(deadline=None)
@given(times, st.integers(0, 7), st.integers(0, 3))
def test_identify_is_above_everything(blocks: int, slot: int, fault: int) -> None:
    seen = {pattern(blocks + n, identify=1, slot=slot, fault=fault, calibrating=1)[0] for n in range(250)}
    assert seen == {GREEN, RED}


@settings(deadline=None)
@given(times)
def test_every_state_has_a_pattern_of_its_own(blocks: int) -> None:
    states: tuple[dict[str, int], ...] = (
        {},
        {"held": 1},
        {"calibrating": 1},
        {"identify": 1},
        *({"fault": fault} for fault in (1, 2, 3)),
    )
    shown = [tuple(pattern(blocks + n, **state)[0] for n in range(3000)) for state in states]
    assert len(set(shown)) == len(states)


def show(seed: Seed, blocks: int) -> set[int]:
    """All that the LEDs show within `blocks`."""
    seen = set()
    for _ in range(blocks // 5):
        seed.run_blocks(5)
        seen.add(seed.leds)
    return seen


@pytest.fixture(scope="module")
def seed() -> Seed:
    """A module on a random board."""
    return Seed(build_image(), frontend=FrontEnd.random(5))


def test_the_leds_sweep_and_rest_on_the_first_slot(seed: Seed) -> None:
    assert seed.led_brightness == 0
    assert show(seed, SWEEP_BLOCKS) >= {1 << n for n in range(8)}
    assert show(seed, 50) == {1}
    assert 0.3 < seed.led_brightness < 0.5
    assert seed._dimmer.frequency_hz > 100e3


def test_identify_blinks_as_long_as_asked(seed: Seed) -> None:
    ask(seed, Command.IDENTIFY, IdentifyRequest(seconds=1))
    assert show(seed, 400) == {GREEN, RED}
    assert seed.led_brightness == 1
    show(seed, 650)
    assert show(seed, 50) == {1}
    assert not seed.onboard_led


def test_calibrating_runs_red(seed: Seed) -> None:
    ask(seed, Command.CALIBRATE_BEGIN, CalibrateBeginRequest(route=Route.SOURCE))
    assert show(seed, 850) == {256 << n for n in range(8)}
    ask(seed, Command.CALIBRATE_ABORT)
    assert show(seed, 50) == {1}


def test_both_buttons_hold_the_note(seed: Seed) -> None:
    seed.set_pot("level", 1.0)
    assert abs(seed.run_blocks(5)[:, 0]).max() < 100
    seed.frontend.press("previous", "next")
    seed.run_blocks(1050)
    seed.frontend.press()
    assert abs(seed.run_blocks(5)[:, 0]).max() > 1000
    assert show(seed, 550) == {1, 0}


def test_a_restart_by_the_watchdog_is_told_by_the_leds() -> None:
    seed = Seed(build_image())
    seed.run_blocks(2)
    seed._restart(lambda: seed._start(1 << 26 | 1 << 22 | 1 << 17))
    seen = []
    for _ in range(235):
        seed.run_blocks(10)
        seen.append(seed.leds)
    assert [one for one, _ in groupby(seen)] == [RED, 0] * 3
