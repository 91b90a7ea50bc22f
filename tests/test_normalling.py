# SPDX-License-Identifier: MIT
"""Patch detection: every jack's cable is known within 50 ms, and what has none reads as nothing."""

from __future__ import annotations

import ctypes

import panel_library
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instrument import ask
from lottava.emulator import FrontEnd, Seed, build_image
from lottava.emulator.library import Inputs
from lottava.emulator.parts import REFERENCE_VOLTS

from lottava.board import BOARD
from lottava.messages import Command, MonitorReply

JACKS = [jack.name for jack in BOARD.jacks]
SWITCHED = [cv.name for cv in BOARD.cv_inputs] + [jack.name for jack in BOARD.gate_inputs]
DEADLINE_BLOCKS = 50
RANDOM, LOW, HIGH = range(3)

library: ctypes.CDLL


@pytest.fixture(scope="module", autouse=True)
def _library(tmp_path_factory: pytest.TempPathFactory) -> None:
    global library
    library = panel_library.build(tmp_path_factory.mktemp("panel"))


class Panel:
    """The detector and a nominal board; `cables` maps each patched jack to its volts (gates: 0 or 5)."""

    def __init__(self, cables: dict[str, float]) -> None:
        self.cables = cables
        self.memory = ctypes.create_string_buffer(library.normalling_size())
        library.normalling_create(self.memory)
        self.level = False
        self.inputs = Inputs()

    def block(self, noise_volts: float = 0.0) -> Inputs:
        """Read the panel once; noise is added at every CV jack."""
        for index, cv in enumerate(BOARD.cv_inputs):
            volts = self.cables.get(cv.name, REFERENCE_VOLTS * self.level)
            self.inputs.cv_codes[index] = round(cv.code(volts + noise_volts))
        self.inputs.gate, self.inputs.freeze = (
            self.cables.get(jack, 5.0 * self.level) > 2.0 for jack in ("GATE", "FREEZE")
        )
        self.inputs.gate_edge = self.inputs.gate
        self.level = bool(library.normalling_process(self.memory, ctypes.byref(self.inputs)))
        return self.inputs

    @property
    def patched(self) -> set[str]:
        """Jacks that are seen to have a cable."""
        bits = library.normalling_patched(self.memory)
        return {name for index, name in enumerate(JACKS) if bits >> index & 1}


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from(SWITCHED), st.floats(-8, 8)),
    st.dictionaries(st.sampled_from(SWITCHED), st.floats(-8, 8)),
    st.integers(0, 130),
)
def test_the_patch_is_known_within_50_ms_of_any_change(before: dict, after: dict, blocks: int) -> None:
    panel = Panel(before)
    for _ in range(DEADLINE_BLOCKS + blocks):
        panel.block()
    assert library.normalling_known(panel.memory)
    assert panel.patched == set(before)
    panel.cables = after
    for _ in range(DEADLINE_BLOCKS):
        panel.block()
    assert panel.patched == set(after)


def test_nothing_is_claimed_before_the_first_50_blocks() -> None:
    panel = Panel({})
    assert panel.patched == set(SWITCHED)
    for _ in range(DEADLINE_BLOCKS - 1):
        panel.block()
        assert not library.normalling_known(panel.memory)
    panel.block()
    assert library.normalling_known(panel.memory)


@given(st.dictionaries(st.sampled_from(SWITCHED), st.floats(-8, 8)), st.lists(st.floats(-0.05, 0.05), min_size=20))
@settings(max_examples=40)
def test_without_a_cable_the_probe_is_not_heard(cables: dict, noise: list[float]) -> None:
    """A CV rests at 0 V, a gate low and without edges; what is patched passes untouched."""
    panel = Panel(cables)
    for _ in range(DEADLINE_BLOCKS):
        panel.block()
    for volts in noise:
        read = panel.block(volts)
        for index, cv in enumerate(BOARD.cv_inputs):
            expected = cables[cv.name] + volts if cv.name in cables else 0.0
            assert abs(cv.volts(read.cv_codes[index]) - cv.volts(round(cv.code(expected)))) <= (
                0 if cv.name in cables else 0.051
            )
        assert read.gate_patched == ("GATE" in cables)
        if "GATE" not in cables:
            assert not (read.gate or read.gate_edge)
        assert read.freeze == (cables.get("FREEZE", 0.0) > 2.0)


@given(st.lists(st.booleans(), min_size=400, max_size=400), st.integers(1, 40))
@settings(max_examples=50)
def test_a_played_gate_stays_patched(notes: list[bool], length: int) -> None:
    panel = Panel({"GATE": 0.0})
    for block in range(len(notes)):
        panel.cables["GATE"] = 5.0 * notes[block // length]
        panel.block()
        assert panel.inputs.gate_patched


def test_held_still_the_contacts_are_not_heard() -> None:
    """While the probe is held, what has no cable stays filled in, and the patch stays as it was."""
    panel = Panel({"LEVEL": 1.0})
    for _ in range(DEADLINE_BLOCKS):
        panel.block()
    for probe in (HIGH, LOW):
        library.normalling_set(panel.memory, probe)
        for _ in range(100):
            codes = panel.block().cv_codes
            assert abs(BOARD.cv_inputs[0].volts(codes[0])) < 1e-3
        assert panel.level == (probe == HIGH)
        assert panel.patched == {"LEVEL"}


def scale(reference: int, codes: list[int]) -> float:
    """3V3_A now over 3V3_A then, as the firmware takes it."""
    return float(library.supply_scale(reference, (ctypes.c_uint16 * len(codes))(*codes), ctypes.c_size_t(len(codes))))


@given(st.integers(48_700, 50_600), st.floats(-0.015, 0.015), st.lists(st.integers(0, 65_535), max_size=50))
def test_the_supply_is_followed_by_the_reference(reference: int, drift: float, stray: list[int]) -> None:
    code = round(reference * (1 - drift))
    assert scale(reference, [code] * 400) == pytest.approx(reference / code, rel=1e-4)
    wild = [one for one in stray if abs(one / reference - 1) > 0.021]
    assert scale(reference, wild) == 1.0
    assert scale(0, [code] * 10) == 1.0


def test_the_reference_is_read_when_the_multiplexers_have_come_round() -> None:
    """Twice in the 127 ms that the probe's noise takes, at least 5 ms after it went high."""
    panel = Panel({})
    levels, reads = [], []
    for _ in range(254):
        panel.block()
        levels.append(panel.level)
        reads.append(bool(library.normalling_reads_reference(panel.memory)))
    assert sum(reads) == 4
    assert all(all(levels[index - 5 : index + 1]) for index, good in enumerate(reads) if good)


def monitor(seed: Seed) -> MonitorReply:
    """The module's view of its panel."""
    reply = ask(seed, Command.MONITOR)
    assert isinstance(reply, MonitorReply)
    return reply


def names(reply: MonitorReply) -> set[str]:
    """Patched jacks of a reply."""
    return {name for index, name in enumerate(JACKS) if reply.patched >> index & 1}


@pytest.mark.parametrize("board", [None, 11])
def test_the_image_tells_its_patch_and_drones_without_a_gate(board: int | None) -> None:
    seed = Seed(build_image(), frontend=FrontEnd.ideal() if board is None else FrontEnd.random(board))
    seed.set_pot("level", 1.0)
    seed.run_blocks(DEADLINE_BLOCKS + 5)
    first = monitor(seed)
    assert first.patch_known
    assert names(first) == set(SWITCHED)
    assert not seed.run_blocks(5).any()
    seed.unplug("GATE", "FREEZE", "V_OCT", "Z1", "MORPH")
    seed.run_blocks(DEADLINE_BLOCKS)
    assert names(monitor(seed)) == {"LEVEL", "Z2", "Z3", "Z4"}
    pitches = []
    for _ in range(6):
        assert abs(seed.run_blocks(20)[:, 0]).max() > 1000
        pitches.append(monitor(seed).pitch_volts)
    assert max(pitches) - min(pitches) < 0.002
    seed.set_gate(False)
    seed.run_blocks(DEADLINE_BLOCKS)
    assert "GATE" in names(monitor(seed))
    seed.run_blocks(200)
    assert abs(seed.run_blocks(5)[:, 0]).max() < 100
