# SPDX-License-Identifier: MIT
"""◀ held and a knob turned: root octave, glide, span. Nothing jumps when it is let go, no tap comes of it."""

from __future__ import annotations

import ctypes

import numpy as np
import panel_library
import pytest
from hypothesis import given
from hypothesis import settings as drawn
from hypothesis import strategies as st
from instrument import ask, stored
from lottava.emulator import Seed, build_image
from lottava.emulator.norflash import CHIP_BYTES, SECTOR_BYTES

from lottava import settings
from lottava.board import ADC_FULL_SCALE, BOARD
from lottava.messages import Command, MonitorReply

PITCH, CONTOUR, MORPH = range(3)
TAP = 1
NEAR, TURN = 0.006, 0.021
"""A little more than what is the old place, and than what counts as turned."""
place = st.floats(0.0, 1.0)

library: ctypes.CDLL


@pytest.fixture(scope="module", autouse=True)
def _library(tmp_path_factory: pytest.TempPathFactory) -> None:
    global library
    library = panel_library.build(tmp_path_factory.mktemp("held"))


class Panel:
    """Three knobs and ◀; `heard` is where the instrument believes the knobs to be."""

    def __init__(self, *places: float) -> None:
        self.memory = ctypes.create_string_buffer(library.panel_size())
        library.panel_create(self.memory)
        self.places = list(places)
        self.heard: list[float] = []
        self.settings = [0, 0, 0]
        self.events: list[int] = []
        self.play(())

    def play(self, down: tuple[str, ...], blocks: int = 20) -> None:
        """Readings with the knobs where they are."""
        ladder = min(round(BOARD.ladder_fraction(*down) * ADC_FULL_SCALE), ADC_FULL_SCALE)
        for _ in range(blocks):
            codes = (ctypes.c_uint16 * 3)(*(round(one * ADC_FULL_SCALE) for one in self.places))
            event = library.panel_process(self.memory, ladder, codes)
            self.heard = [code / ADC_FULL_SCALE for code in codes]
            self.events += [event] * (event != 0)
        values = (ctypes.c_int16 * 3)(*self.settings)
        changed = library.panel_take(self.memory, values)
        assert bool(changed) == (list(values) != self.settings)
        self.settings = list(values)

    def turn(self, knob: int, to: float, down: tuple[str, ...] = (), steps: int = 100) -> list[float]:
        """By hand; where it is heard on the way."""
        way = []
        for one in np.linspace(self.places[knob], to, steps):
            self.places[knob] = float(one)
            self.play(down, 1)
            way.append(self.heard[knob])
        return way


@drawn(deadline=None)
@given(place, place, st.integers(0, 2))
def test_a_turned_knob_is_heard_again_when_it_passes_its_old_place(old: float, new: float, knob: int) -> None:
    panel = Panel(old, old, old)
    panel.play(("PREVIOUS",))
    held = panel.turn(knob, new, ("PREVIOUS",))
    panel.play(())
    assert max(abs(one - old) for one in (*held, *panel.heard)) < NEAR
    for end in (0.0, 1.0):
        before = panel.heard[knob]
        for now in panel.turn(knob, end, steps=300):
            assert abs(now - before) < 2 * NEAR
            before = now
    assert panel.heard[knob] == pytest.approx(1.0, abs=1e-4)


@drawn(deadline=None)
@given(st.lists(place, min_size=3, max_size=3))
def test_what_is_not_turned_stays_as_it_is(places: list[float]) -> None:
    panel = Panel(*places)
    panel.play(("PREVIOUS",), 400)
    panel.play(())
    assert panel.settings == [0, 0, 0]
    assert panel.heard == pytest.approx(places, abs=1e-4)
    assert panel.events == [TAP]


@drawn(deadline=None)
@given(st.floats(0.05, 0.95), st.sampled_from((-1, 1)), st.integers(0, 2))
def test_no_tap_comes_of_a_knob_that_was_turned(old: float, way: int, knob: int) -> None:
    panel = Panel(0.5, 0.5, 0.5)
    panel.places[knob] = old
    panel.play(())
    panel.play(("PREVIOUS",))
    panel.turn(knob, old + way * TURN, ("PREVIOUS",), steps=10)
    panel.play(())
    assert panel.events == []
    panel.play(("PREVIOUS",))
    panel.play(())
    assert panel.events == [TAP]


def test_next_holds_nothing() -> None:
    panel = Panel(0.5, 0.5, 0.5)
    for down in ((), ("NEXT",), ("PREVIOUS", "NEXT")):
        panel.play(down)
        panel.turn(PITCH, 0.9, down)
        assert panel.settings == [0, 0, 0]
        assert panel.heard[PITCH] == pytest.approx(0.9, abs=1e-4)
        panel.turn(PITCH, 0.5, down)


def test_travel_of_the_held_functions() -> None:
    panel = Panel(0.5, 0.5, 0.5)
    panel.play(("PREVIOUS",))
    octaves, glides, spans = [], [], []
    for at in np.linspace(0, 1, 200):
        panel.places = [float(at)] * 3
        panel.play(("PREVIOUS",), 1)
        octaves.append(panel.settings[PITCH])
        glides.append(panel.settings[CONTOUR])
        spans.append(panel.settings[MORPH])
    assert sorted(set(octaves)) == list(range(-3, 4)) and octaves == sorted(octaves)
    assert (glides[0], glides[-1]) == (0, 5000) and glides == sorted(glides)
    assert spans[:99] == [0] * 99 and spans[-99:] == [1] * 99


@drawn(deadline=None)
@given(place, st.lists(st.floats(-0.002, 0.002), min_size=50, max_size=50))
def test_no_octave_flickers(at: float, noise: list[float]) -> None:
    panel = Panel(0.5, 0.5, 0.5)
    panel.play(("PREVIOUS",))
    panel.turn(PITCH, at, ("PREVIOUS",))
    heard = []
    for one in noise:
        panel.places[PITCH] = min(max(at + one, 0.0), 1.0)
        panel.play(("PREVIOUS",), 1)
        heard.append(panel.settings[PITCH])
    assert len(set(heard)) <= 2 and heard[1:] == sorted(heard[1:], reverse=heard[0] > heard[-1])


def test_the_module_plays_on_while_settings_are_turned_and_stored() -> None:
    """Root octave and glide by hand on the running image; a second later they are in flash."""
    seed = Seed(build_image())
    seed.unplug("GATE")
    for knob, at in (("level", 1.0), ("pitch", 0.5), ("contour", 0.5)):
        seed.set_pot(knob, at)
    seed.run_blocks(150)
    before = seed.output_volts[0]
    seed.frontend.press("previous")
    seed.run_blocks(40)
    seed.set_pot("pitch", 0.66)  # an octave up
    seed.set_pot("contour", 0.218)
    seed.run_blocks(80)
    seed.frontend.press()
    sound = seed.run_blocks(1500).reshape(-1, 48, 2)[..., 0]
    assert np.abs(sound).max(axis=1).min() > 1000
    assert seed.output_volts[0] == pytest.approx(before + 1, abs=0.004)
    _, kept = stored(seed.qspi)
    assert (kept.root_octave, kept.sequence) == (1, 1)
    assert kept.glide == pytest.approx(200, abs=4)
    reply = ask(seed, Command.MONITOR)
    assert isinstance(reply, MonitorReply) and reply.missed_blocks == 0


def test_hold_outlasts_the_power_until_both_buttons_end_it() -> None:
    flash = bytearray(b"\xff") * CHIP_BYTES
    image = settings.pack(settings.Settings(hold=1))
    start = settings.SECTOR * SECTOR_BYTES
    flash[start : start + len(image)] = image
    seed = Seed(build_image(), qspi=flash)
    seed.set_gate(False)
    seed.set_pot("level", 1.0)
    assert np.abs(seed.run_blocks(60)).max() > 1000
    seed.frontend.press("previous", "next")
    seed.run_blocks(1030)
    seed.frontend.press()
    assert not seed.run_blocks(350)[-480:].any()
