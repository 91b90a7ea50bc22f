# SPDX-License-Identifier: MIT
"""The instrument on this machine: panel codes in, samples out, held to the oracle and to what players do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import graphs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.host import Block, Calibration, HostError, HostModule, Trace
from lottava.export import VoiceParameters, blob
from numpy.typing import NDArray

from lottava import record, synth
from lottava.board import BOARD
from lottava.record import Record
from lottava.units import C4_HZ, TRUE_SAMPLE_RATE_HZ

LSB = 2.0**-15
POTS = (
    *("bright", "breath", "body", "wild", "bright_att", "breath_att", "body_att", "wild_att"),
    *("pitch", "level", "contour", "morph"),
)
CVS = ("v_oct", "level", "z1", "z2", "z3", "z4", "morph")
PARAMETERS = VoiceParameters(gain=0.3, loudness_db=(-60.0, -20.0), range_volts=(-2.0, 2.0))
GRAPH = graphs.random_graph(11, graphs.Widths(8, 8, 8, 12, 8), integer=True)


@dataclass
class Player:
    """A module with hands: knobs 0..1 by name, volts by jack, one block a call."""

    module: HostModule = field(default_factory=lambda: HostModule(blob.to_bytes(GRAPH, PARAMETERS)))
    volts: dict[str, float] = field(default_factory=dict)
    knobs: dict[str, float] = field(default_factory=dict)
    gate: bool = False
    patched: bool = True
    freeze: bool = False
    noise_codes: float = 0.0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def block(self, gate: bool | None = None) -> Block:
        edge = gate is True and not self.gate
        self.gate = self.gate if gate is None else gate
        cvs = np.array([cv.code(self.volts.get(name, 0.0)) for cv, name in zip(BOARD.cv_inputs, CVS, strict=True)])
        cvs = np.clip(np.rint(cvs + self.noise_codes * self.rng.normal(size=len(CVS))), 0, 65535)
        pots = [round(65535 * self.knobs.get(name, 0.5)) for name in POTS]
        return self.module.process(
            *(cvs, pots), gate=self.gate, gate_edge=edge, gate_patched=self.patched, freeze=self.freeze
        )

    def blocks(self, count: int) -> list[Block]:
        return [self.block() for _ in range(count)]

    def settle(self) -> None:
        """Longer than any smoother: 0.4 s."""
        self.blocks(400)


def drone(**knobs: float) -> Player:
    return Player(patched=False, knobs=dict(knobs))


def audio_of(blocks: list[Block]) -> NDArray[np.float64]:
    return np.concatenate([block.audio for block in blocks])


def frames_of(blocks: list[Block]) -> list[Trace]:
    return [block.frame for block in blocks if block.frame is not None]


def replay(blocks: list[Block]) -> NDArray[np.float64]:
    """The oracle's OUT and AUX from the frames that the module traced."""
    starts = [n for n, block in enumerate(blocks) if block.frame is not None]
    parts, state, gain = [], None, 0.0
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
        trace, length = blocks[start].frame, 48 * (end - start)
        assert trace is not None
        frame = synth.frame_from_controls(np.array(trace.controls) * 2.0**-11, trace.increment, np.array(trace.axes))
        out, aux, state = synth.render([(frame, length)], state, PARAMETERS.gain)
        ramp = gain + (trace.output_gain - gain) * np.arange(length) / 192
        gain += (trace.output_gain - gain) * length / 192
        parts.append(np.stack([out * ramp, aux * ramp], axis=1))
    return np.concatenate(parts)


def random_moves(player: Player, rng: np.random.Generator) -> None:
    for name in CVS:
        player.volts[name] = float(rng.uniform(-3.0, 5.0))
    for name in POTS:
        player.knobs[name] = float(rng.choice([0.0, 0.5, 1.0, rng.random()]))
    player.freeze = bool(rng.random() < 0.2)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_whatever_is_played_sounds_as_in_the_oracle(seed: int) -> None:
    rng, player, blocks = np.random.default_rng(seed), Player(noise_codes=6.0), []
    for _ in range(6):
        random_moves(player, rng)
        blocks += [player.block(gate=bool(rng.random() < 0.6)) for _ in range(rng.integers(1, 9))]
    exact, got = replay(blocks), audio_of(blocks)
    linear = np.abs(exact) < 0.93  # above, the limiter bends
    assert np.max(np.abs(got - exact)[linear], initial=0.0) < LSB
    assert np.max(np.abs(got)) <= 1.0


def test_pitch_follows_v_oct_within_half_a_cent_over_ten_octaves() -> None:
    for volts in np.linspace(-3.0, 6.2, 24):
        player = drone()
        player.volts["v_oct"] = float(volts)
        player.blocks(9)
        hz = player.module.trace().increment * TRUE_SAMPLE_RATE_HZ / 2.0**32
        assert abs(1200 * np.log2(hz / (C4_HZ * 2.0**volts))) < 0.5


def test_the_pitch_knob_spans_an_octave_each_way_finer_in_the_middle() -> None:
    volts = [drone(pitch=knob) for knob in np.linspace(0.0, 1.0, 21)]
    for player in volts:
        player.settle()
    heard = np.array([player.module.trace().pitch_volts for player in volts])
    np.testing.assert_allclose(heard[[0, 10, 20]], [-1.0, 0.0, 1.0], atol=1e-3)
    steps = np.diff(heard)
    assert np.all(steps > 0)
    assert steps[9] < steps[0] / 3


def test_noise_at_v_oct_stays_below_half_a_cent_and_steps_pass_at_once() -> None:
    player = drone()
    player.noise_codes = 0.3e-3 / 3.3 * 65535
    player.settle()
    cents = [1200.0 * frame.pitch_volts for frame in frames_of(player.blocks(400))]
    assert np.std(cents) < 0.6
    player.volts["v_oct"] = 1.0 / 12.0
    assert abs(1200.0 * frames_of(player.blocks(4))[0].pitch_volts - 100.0) < 5.0


def test_a_gate_restarts_the_hop_and_is_heard_in_its_own_block() -> None:
    for late in range(4):
        players = Player(), Player()
        for player in players:
            player.blocks(40 + late)
        struck, silent = players[0].block(gate=True), players[1].block(gate=False)
        assert struck.frame is not None
        assert struck.frame.previous_length == 48 * (late or 4)
        assert np.max(np.abs(struck.audio - silent.audio)) > LSB
        assert struck.gate_out


def test_a_pulse_that_ended_inside_a_block_still_counts() -> None:
    player = Player()
    player.blocks(40)
    zeros, noon = [cv.code(0.0) for cv in BOARD.cv_inputs], [32768] * 12
    block = player.module.process(np.rint(zeros), noon, gate=False, gate_edge=True)
    assert block.frame is not None
    assert np.max(np.abs(block.audio)) > LSB


def test_a_pitch_that_comes_late_is_heard_a_millisecond_after_the_edge() -> None:
    """A sequencer's CV arrives with the block behind its gate."""
    for offset in (0, 1, 17, 47):
        player = Player(patched=True)
        player.blocks(40)
        cvs, noon = [cv.code(0.0) for cv in BOARD.cv_inputs], [32768] * 12
        player.module.process(np.rint(cvs), noon, gate=True, gate_edge=True, gate_offset=offset)
        cvs[0] = BOARD.cv_inputs[0].code(1.0)
        block = player.module.process(np.rint(cvs), noon, gate=True)
        assert block.frame is not None
        assert block.frame.previous_length == 48
        assert block.frame.pitch_volts == pytest.approx(1.0, abs=1e-3)
        assert player.module.process(np.rint(cvs), noon, gate=True).frame is None


def test_a_gate_is_heard_at_its_sample() -> None:
    for offset in range(48):
        player = Player(knobs={"level": 1.0})
        player.blocks(41)
        zeros, noon = [cv.code(0.0) for cv in BOARD.cv_inputs], [32768] * 12
        block = player.module.process(np.rint(zeros), noon, gate=True, gate_edge=True, gate_offset=offset)
        assert block.frame is not None
        assert block.frame.previous_length == (48 + offset if offset else 48)
        assert not block.audio[: offset + 1].any()
        assert offset > 40 or np.abs(block.audio[offset : offset + 8]).max() > LSB


def test_glide_goes_all_but_two_percent_of_the_way_in_its_time() -> None:
    player = drone()
    player.settle()
    player.module.set_glide(200.0)
    player.volts["v_oct"] = 1.0
    heard = np.array([player.module.trace().pitch_volts for _ in range(400) if player.block()])
    assert np.all(np.diff(heard) >= 0)
    assert heard[49] == pytest.approx(1 - 2 ** (-5.77 / 4), abs=0.03)
    assert heard[203] == pytest.approx(0.98, abs=0.005)
    player.settle()
    assert player.module.trace().pitch_volts == pytest.approx(1.0, abs=4e-4)
    player.module.set_glide(0.0)
    player.volts["v_oct"] = 0.0
    player.blocks(4)
    assert player.module.trace().pitch_volts == pytest.approx(0.0, abs=1e-4)


def levels_while(player: Player, seconds: float, gate: bool) -> NDArray[np.float64]:
    """What ENV CV says, 0..1, over some seconds of gate."""
    code = [player.block(gate=gate).dac_codes[1] for _ in range(round(1000 * seconds))]
    env = BOARD.cv_outputs[1]
    return (env.nominal_gain * np.array(code) / 4095.0 + env.nominal_offset) / 8.0


def test_contour_left_plucks_middle_holds_right_swells() -> None:
    pluck, organ, pad = (Player(knobs={"contour": knob, "level": 1.0}) for knob in (0.0, 0.5, 1.0))
    for player in (pluck, organ, pad):
        player.settle()
    plucked, held, swelled = (levels_while(player, 1.0, True) for player in (pluck, organ, pad))
    assert plucked.max() > 0.99
    assert plucked[-1] < 0.01
    assert held[50:].min() > 0.99
    assert 0.5 < swelled[-1] < 0.9
    assert np.all(np.diff(swelled) >= -0.001)
    released, faded = levels_while(organ, 0.5, False), levels_while(pad, 0.5, False)
    assert released[-1] < 0.005
    assert faded[-1] > 0.3


def test_without_a_cable_in_gate_the_voice_drones_and_with_one_it_waits() -> None:
    assert np.max(np.abs(audio_of(drone().blocks(100)))) > 100 * LSB
    waiting = Player()
    assert np.max(np.abs(audio_of(waiting.blocks(100)))) == 0.0
    assert not waiting.block().gate_out


def test_level_moves_the_network_before_it_moves_the_gain() -> None:
    traces = []
    for knob in np.linspace(0.0, 1.0, 11):
        player = drone(level=knob)
        player.settle()
        traces.append(player.module.trace())
    loudness = np.array([trace.inputs[1] for trace in traces])
    gains = np.array([trace.output_gain for trace in traces])
    assert (gains[0], gains[-1]) == (0.0, 1.0)
    assert (loudness[0], loudness[-1]) == (-(1 << 14), 1 << 14)
    assert np.all(np.diff(loudness) >= 0)
    assert np.all(np.diff(gains) >= 0)
    assert np.all((gains == 1.0) | (loudness == -(1 << 14)))
    assert abs(traces[-1].loudness_db - PARAMETERS.loudness_db[1]) < 0.01


def test_level_cv_opens_what_the_knob_leaves() -> None:
    for knob, volts, louder in ((0.0, 5.0, 1 << 14), (0.5, 0.0, None), (1.0, -5.0, -(1 << 14))):
        player = drone(level=knob)
        player.volts["level"] = volts
        player.settle()
        got = player.module.trace().inputs[1]
        assert (abs(got - louder) < 20) if louder is not None else (abs(got) < 1 << 13)


@pytest.mark.parametrize(("axis", "jack"), [("bright", "z1"), ("breath", "z2"), ("body", "z3"), ("wild", "z4")])
def test_axes_add_knob_and_attenuated_voltage(axis: str, jack: str) -> None:
    index = POTS.index(axis)
    for knob, attenuverter, volts, expected in (
        *((0.0, 0.5, 5.0, -1.0), (1.0, 0.5, -5.0, 1.0), (0.5, 0.5, 5.0, 0.0)),
        *((0.5, 1.0, 2.5, 1.0), (0.5, 0.0, 2.5, -1.0), (0.5, 1.0, -1.25, -0.5), (0.0, 1.0, 5.0, 1.0)),
    ):
        player = drone(**{axis: knob, f"{axis}_att": attenuverter})
        player.volts[jack] = volts
        player.settle()
        assert player.module.trace().axes[index] == pytest.approx(expected, abs=2e-3)


def test_freeze_holds_timbre_and_dynamics_while_pitch_still_plays() -> None:
    player = drone(level=0.8)
    player.settle()
    player.freeze = True
    player.blocks(4)
    before = player.module.trace()
    player.volts |= {"v_oct": 1.0, "z1": 5.0}
    player.knobs |= {"bright": 1.0, "bright_att": 1.0, "level": 0.1}
    player.settle()
    after = player.module.trace()
    assert list(after.controls) == list(before.controls)
    assert after.output_gain == before.output_gain
    assert after.increment / before.increment == pytest.approx(2.0, rel=1e-3)
    player.freeze = False
    player.settle()
    assert list(player.module.trace().controls) != list(before.controls)


def test_pitch_cv_says_the_pitch_that_sounds() -> None:
    player = drone(pitch=1.0)
    player.volts["v_oct"] = 1.5
    player.settle()
    pitch = BOARD.cv_outputs[0]
    volts = pitch.nominal_gain * player.block().dac_codes[0] / 4095.0 + pitch.nominal_offset
    assert volts == pytest.approx(2.5, abs=0.002)


def test_a_record_corrects_gain_offset_and_the_knots_between() -> None:
    nominal, knots = Record(), np.zeros(11)
    knots[3:5] = 0.010, 0.020  # at 0 V and 1 V
    gains = (nominal.input_gain[0] * 1.02, *nominal.input_gain[1:])
    offsets = (nominal.input_offset[0] + 0.10, *nominal.input_offset[1:])
    measured = replace(nominal, input_gain=gains, input_offset=offsets, v_oct_knots=tuple(knots.tolist()))
    player = Player(patched=False, volts={"v_oct": 0.5})
    player.module.set_record(record.pack(measured))
    player.settle()
    expected = float(measured.input_volts(0, round(BOARD.cv_inputs[0].code(0.5))))
    assert abs(expected - 0.5) > 0.005
    assert player.module.trace().pitch_volts == pytest.approx(expected, abs=1e-5)


def test_a_damaged_record_is_refused_and_changes_nothing() -> None:
    player = Player(patched=False)
    damaged = bytearray(record.pack(Record()))
    damaged[40] ^= 1
    with pytest.raises(HostError, match="checksum"):
        player.module.set_record(bytes(damaged))
    player.settle()
    assert player.module.trace().pitch_volts == pytest.approx(0.0, abs=1e-3)


def test_a_calibration_of_nan_makes_no_noise_and_a_good_one_heals_it() -> None:
    calibration = Calibration()
    calibration.input_gain[:] = [float("nan")] * 7
    player = Player(HostModule(blob.to_bytes(GRAPH, PARAMETERS), calibration), patched=False)
    assert np.all(np.isfinite(audio_of(player.blocks(20))))
    player.module.set_record(record.pack(Record()))
    player.settle()
    assert player.module.trace().pitch_volts == pytest.approx(0.0, abs=1e-3)
    assert np.max(np.abs(audio_of(player.blocks(20)))) > 100 * LSB


def test_a_blob_that_is_no_voice_is_refused_in_words() -> None:
    data = blob.to_bytes(GRAPH, PARAMETERS)
    with pytest.raises(HostError, match="CRC does not match"):
        HostModule(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(HostError, match="not a voice that the module can play"):
        HostModule(blob.to_bytes(GRAPH, VoiceParameters(gain=1000.0)))


@settings(max_examples=25)
@given(st.floats(-2.9, 3.9))
def test_pitch_cv_goes_in_steps_below_half_a_cent(volts: float) -> None:
    """A code is 2.9 cents; each block's mean is within 1/32 of one of what sounds."""
    player = drone()
    player.volts["V_OCT"] = volts
    player.settle()
    pitch = BOARD.cv_outputs[0]
    for block in player.blocks(20):
        wanted = (player.module.trace().pitch_volts - pitch.nominal_offset) / pitch.nominal_gain * 4095.0
        assert abs(block.dac_codes[0] - wanted) < 1 / 32 + 1e-3  # single precision
