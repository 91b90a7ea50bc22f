# SPDX-License-Identifier: MIT
"""MIDI in the firmware: the last note counts, nothing hangs, any bytes are harmless; and a host plays a bare Seed."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lottava.emulator import FrontEnd, Seed, build_image
from lottava.emulator.image import load_image
from lottava.emulator.usb_host import UsbHost, code_of

from lottava.verbs._midi import KNOB_OF_CONTROLLER, LEVEL_KNOB, Event, Hands

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
FLAGS = (
    "-std=c++17 -fno-exceptions -fno-rtti -Wall -Wextra -Wconversion -Wshadow -Wold-style-cast -Werror -O1 -fPIC "
    "-ffp-contract=off -fsanitize=undefined -fno-sanitize-recover=all -shared"
)
NOTES, VALUES, CHANNELS = st.integers(0, 127), st.integers(0, 127), st.integers(0, 15)
AXES = ("bright", "breath", "body", "wild")
NOTE_BLOCKS, RELEASE_BLOCKS = 200, 350


@dataclass(frozen=True)
class State:
    pitch_volts: float
    level: float
    axes: tuple[float, ...]
    contour: float
    gate: bool
    edge: bool
    freeze: bool
    played: bool


class Parser:
    """The C code."""

    def __init__(self, library: ctypes.CDLL, channel: int = 0, bend_semitones: int = 2) -> None:
        self.library = library
        library.midi_create(channel, bend_semitones)

    def receive(self, *messages: bytes) -> Parser:
        data = b"".join(messages)
        self.library.midi_receive(data, ctypes.c_size_t(len(data)))
        return self

    def packets(self, data: bytes) -> Parser:
        self.library.midi_packets(data, ctypes.c_size_t(len(data) // 4))
        return self

    def take(self) -> State:
        values = (ctypes.c_float * 7)()
        bits = self.library.midi_take(values)
        flags = [bool(bits >> n & 1) for n in range(4)]
        return State(values[0], values[1], tuple(values[2:6]), values[6], *flags)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    built = tmp_path_factory.mktemp("midi") / "libmidi.so"
    sources = [str(FIRMWARE / name) for name in ("app/midi.cc", "test/midi_host.cc")]
    subprocess.run(["g++", *FLAGS.split(), f"-I{FIRMWARE}", *sources, "-o", str(built)], check=True)
    loaded = ctypes.CDLL(str(built))
    loaded.midi_take.restype = ctypes.c_uint
    return loaded


def on(note: int, velocity: int = 100, channel: int = 0) -> bytes:
    return bytes([0x90 | channel, note, velocity])


def off(note: int, channel: int = 0) -> bytes:
    return bytes([0x80 | channel, note, 64])


def control(number: int, value: int, channel: int = 0) -> bytes:
    return bytes([0xB0 | channel, number, value])


def bend(value: int) -> bytes:
    return bytes([0xE0, value & 127, value >> 7])


EVENTS = st.one_of(
    st.tuples(st.just("on"), st.integers(50, 62), st.integers(1, 127)),
    st.tuples(st.just("off"), st.integers(50, 62), st.just(0)),
    st.tuples(st.just("control"), st.integers(1, 4), VALUES),
)


def as_bytes(kind: str, number: int, value: int) -> bytes:
    return {"on": on(number, value), "off": off(number), "control": control(number, value)}[kind]


@given(events=st.lists(EVENTS, max_size=40))
def test_the_module_plays_as_audition_does(library: ctypes.CDLL, events: list) -> None:
    """Notes, levels and axes of `lottava audition`'s hands; a controller's noon is exact here."""
    hands, parser = Hands(), Parser(library)
    for kind, number, value in events:
        hands.play(Event(0.0, kind, number, value))
        parser.receive(as_bytes(kind, number, value))
        state = parser.take()
        assert state.gate == hands.gate
        assert state.edge == (kind == "on")
        if hands.gate:
            assert state.pitch_volts == pytest.approx(hands.pitch_volts, abs=1e-6)
            assert state.level == pytest.approx(LEVEL_KNOB + (1 - LEVEL_KNOB) * hands.level_volts / 5, abs=1e-6)
    state = parser.take()
    for axis, name in zip(state.axes, AXES, strict=True):
        assert axis == pytest.approx(2 * hands.knobs[name] - 1, abs=0.01)
    assert tuple(KNOB_OF_CONTROLLER.values()) == AXES


@given(notes=st.lists(NOTES, min_size=1, max_size=60))
def test_every_note_that_goes_down_comes_up(library: ctypes.CDLL, notes: list[int]) -> None:
    parser = Parser(library).receive(*map(on, notes))
    assert parser.take().pitch_volts == pytest.approx((notes[-1] - 60) / 12, abs=1e-6)
    assert not parser.receive(*map(off, notes)).take().gate


@given(
    data=st.binary(max_size=200),
    split=st.integers(0, 200),
    channel=st.integers(0, 16),
    semitones=st.integers(0, 24),
)
def test_any_bytes_are_harmless(library: ctypes.CDLL, data: bytes, split: int, channel: int, semitones: int) -> None:
    whole = Parser(library, channel, semitones).receive(data).take()
    assert whole == Parser(library, channel, semitones).receive(data[:split]).receive(data[split:]).take()
    assert abs(whole.pitch_volts) <= (67 + semitones) / 12 + 1e-6
    assert 0 <= whole.level <= 1 + 1e-6 and 0 <= whole.contour <= 1
    assert all(-1 <= axis <= 1 for axis in whole.axes)
    parser = Parser(library).receive(data, control(123, 0))
    assert not parser.take().gate
    library.midi_release()
    assert not parser.take().played


@given(data=st.binary(max_size=200))
def test_any_packets_are_harmless(library: ctypes.CDLL, data: bytes) -> None:
    parser = Parser(library).packets(data)
    assert abs(parser.take().pitch_volts) <= (67 + 2) / 12 + 1e-6
    parser.packets(bytes([0x0B, 0xB0, 121, 0, 0x0B, 0xB0, 120, 0]))
    assert not parser.take().gate


MESSAGES = st.one_of(
    st.builds(on, NOTES, VALUES, CHANNELS),
    st.builds(off, NOTES, CHANNELS),
    st.builds(control, st.integers(0, 119), VALUES, CHANNELS),
    st.builds(bend, st.integers(0, 16383)),
    st.builds(lambda program: bytes([0xC3, program]), VALUES),
    st.builds(lambda pressure: bytes([0xD3, pressure]), VALUES),
)


@given(messages=st.lists(MESSAGES, max_size=30), clock=st.sampled_from([b"\xf8", b"\xfe"]))
def test_a_socket_and_usb_say_the_same(library: ctypes.CDLL, messages: list[bytes], clock: bytes) -> None:
    plain = Parser(library).receive(*messages).take()
    packets = b"".join(bytes([0x50 | code_of(m)]) + m.ljust(3, b"\0") for m in messages)
    assert Parser(library).packets(packets).take() == plain
    running, last = b"", -1
    for message in messages:
        running += message[message[0] == last :]
        last = message[0]
    assert Parser(library).receive(running).take() == plain
    assert Parser(library).receive(b"".join(bytes([byte]) + clock for byte in running)).take() == plain
    assert Parser(library).receive(b"\xf0\x01\x02\x7f\xf7", *messages).take() == plain


@pytest.mark.parametrize(("value", "semitones"), [(8192, 0.0), (0, -2.0), (16383, 2.0 * 8191 / 8192)])
def test_bend(library: ctypes.CDLL, value: int, semitones: float) -> None:
    state = Parser(library).receive(on(60), bend(value)).take()
    assert state.pitch_volts == pytest.approx(semitones / 12, abs=1e-6)
    wide = Parser(library, 0, 24).receive(on(60), bend(value)).take()
    assert wide.pitch_volts == pytest.approx(semitones, abs=1e-5)


def test_only_its_channel_is_heard(library: ctypes.CDLL) -> None:
    parser = Parser(library, channel=3)
    assert not parser.receive(on(60, channel=1)).take().gate
    assert parser.receive(on(60, channel=2)).take().gate


def test_the_pedal_holds_and_a_note_on_of_no_velocity_ends(library: ctypes.CDLL) -> None:
    parser = Parser(library).receive(control(64, 127), on(60), on(64), off(64), off(60))
    assert parser.take().gate and parser.take().pitch_volts == pytest.approx(4 / 12)
    assert not parser.receive(control(64, 0)).take().gate
    assert not parser.receive(on(60), on(60, 0)).take().gate


def test_controllers_have_their_places(library: ctypes.CDLL) -> None:
    def after(*messages: bytes) -> State:
        return Parser(library).receive(on(60, 127), *messages).take()

    assert after().level == pytest.approx(1.0)
    assert after(control(7, 64), control(11, 64)).level == pytest.approx((64 / 127) ** 2)
    assert after(control(73, 0)).contour == 0.0 and after(control(73, 127)).contour == 1.0
    assert after().contour == 0.5
    assert after(control(74, 127)).axes == (1.0, 0.0, 0.0, 0.0)
    assert after(control(69, 127)).freeze and not after(control(69, 127), control(121, 0)).freeze
    assert after(control(1, 0)).axes[0] == -1.0


@pytest.fixture(scope="module")
def image() -> Path:
    """The image that is flashed."""
    built = build_image()
    if "tud_task_ext" not in load_image(built).symbols:
        pytest.skip("built without TinyUSB (scripts/tinyusb.sh brings it): the image has no USB")
    return built


def bare(image: Path) -> tuple[Seed, UsbHost]:
    """A Seed on a desk, its cable in a computer."""
    seed = Seed(image, frontend=FrontEnd.bare())
    host = UsbHost(seed)
    host.plug()
    while not host.ready:
        seed.run_blocks(1)
    return seed, host


def loudness(audio: np.ndarray) -> float:
    return float(np.sqrt(np.mean(audio[:, 0].astype(float) ** 2)))


def pitch_hz(audio: np.ndarray, rate_hz: float, about_hz: float) -> float:
    """Strongest line within a semitone and a half of `about_hz`: a parabola over the logarithms of a long window."""
    samples = audio[:, 0] * np.hanning(len(audio))
    size = 8 * len(samples)
    spectrum = np.abs(np.fft.rfft(samples, size))
    low, high = (int(about_hz * 2 ** (side / 8) * size / rate_hz) for side in (-1, 1))
    peak = low + int(np.argmax(spectrum[low:high]))
    left, middle, right = np.log(spectrum[peak - 1 : peak + 2])
    return (peak + 0.5 * (left - right) / (left - 2 * middle + right)) * rate_hz / size


@pytest.mark.parametrize("note", [57, 69])
def test_a_note_sounds_at_its_pitch_and_ends(image: Path, note: int) -> None:
    seed, host = bare(image)
    host.midi(on(note, 110))
    seed.run_blocks(60)
    expected = 440 * 2 ** ((note - 69) / 12)
    heard = seed.run_blocks(NOTE_BLOCKS)
    assert loudness(heard) > 0.01 * (1 << 23)
    assert 1200 * abs(np.log2(pitch_hz(heard, seed.sample_rate_hz, expected) / expected)) < 3
    host.midi(bend(16383))
    seed.run_blocks(20)
    bent = pitch_hz(seed.run_blocks(NOTE_BLOCKS), seed.sample_rate_hz, expected * 2 ** (2 / 12))
    assert 1200 * np.log2(bent / expected) == pytest.approx(200, abs=4)
    host.midi(off(note))
    seed.run_blocks(RELEASE_BLOCKS)
    assert loudness(seed.run_blocks(10)) == 0.0


@pytest.mark.parametrize("end", ["off", "cable"])
def test_no_note_hangs(image: Path, end: str) -> None:
    """The cable pulled with a note down: the phrase is back, from its first note."""
    seed, host = bare(image)
    host.midi(on(64))
    seed.run_blocks(100)
    assert loudness(seed.run_blocks(20)) > 1000
    if end == "off":
        host.midi(control(123, 0))
        seed.run_blocks(RELEASE_BLOCKS)
        assert loudness(seed.run_blocks(10)) == 0.0
    else:
        host.unplug()
        seed.run_blocks(300)
        assert 1200 * abs(np.log2(pitch_hz(seed.run_blocks(80), seed.sample_rate_hz, 220) / 220)) < 30


def test_a_controller_is_heard(image: Path) -> None:
    """BRIGHT: more of the spectrum is high."""

    def centroid(value: int) -> float:
        seed, host = bare(image)
        host.midi(control(1, value), on(60, 110))
        seed.run_blocks(100)
        spectrum = np.abs(np.fft.rfft(seed.run_blocks(100)[:, 0])) ** 2
        return float(np.sum(np.arange(len(spectrum)) * spectrum) / np.sum(spectrum))

    assert centroid(127) > 1.05 * centroid(0)


def test_key_to_sound_within_two_blocks_and_a_hop(image: Path) -> None:
    seed, host = bare(image)
    host.midi(on(60), off(60))
    seed.run_blocks(RELEASE_BLOCKS)
    host.midi(on(72, 127))
    heard = np.abs(seed.run_blocks(12)[:, 0]) > 256
    assert heard.any() and int(np.argmax(heard)) <= (2 + 4 + 1) * 48


def test_a_module_with_its_board_is_played_by_its_panel(image: Path) -> None:
    seed = Seed(image)
    host = UsbHost(seed)
    host.plug()
    seed.run_blocks(60)
    assert host.ready
    host.midi(on(60, 127))
    assert not seed.run_blocks(60).any()


def test_a_storm_of_notes_misses_no_block(image: Path) -> None:
    (seed, host), draw = bare(image), np.random.default_rng(3)
    for _ in range(60):
        downs, ups = draw.integers(30, 90, (2, 16)).tolist()
        host.midi(*(on(note) for note in downs), *(off(note) for note in ups))
        seed.run_blocks(1)
    missed = next(at for name, at in seed.image.symbols.items() if "missed_blocks_" in name)
    assert int.from_bytes(seed.cpu.uc.mem_read(missed, 4), "little") == 0
