# SPDX-License-Identifier: MIT
"""`lottava audition`: a voice played live from the computer keyboard or a MIDI controller, or from a MIDI file."""

from __future__ import annotations

import contextlib
import select
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._common import VerbError, check_sound_file, load_voice, progress, say, write_sound
from ._midi import Event, Hands, event_of, load_midi

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lottava.voicefile import Voice

KEYS = "awsedftgyhujk"
"""An octave from C: white keys in the home row, black keys above."""
HELD_S = 0.4
"""A terminal tells no key's release: a note lasts this long after the last press or repeat."""
ARROWS = {
    "\x1b[C": ("bright", 0.05),
    "\x1b[D": ("bright", -0.05),
    "\x1b[A": ("breath", 0.05),
    "\x1b[B": ("breath", -0.05),
}
DEVICE_BLOCKS = 8
VELOCITY = 100


def audition(
    voice: Annotated[str, typer.Argument(help="a .lottava file, or the name of a factory voice")],
    midi: Annotated[Path | None, typer.Option(help="play this MIDI file")] = None,
    port: Annotated[str | None, typer.Option(help="play from this MIDI input")] = None,
    out: Annotated[Path, typer.Option(help="sound file for when there is no sound device")] = Path("audition.wav"),
) -> None:
    """Play a voice: keys a w s e d f t g y h u j k, z x for octaves, arrows for BRIGHT and BREATH, Esc to leave.

    Example:  lottava audition sax --midi tune.mid
    """

    check_sound_file(out)
    loaded = load_voice(voice)
    if midi is not None:
        _play_file(loaded, midi, out)
        return
    if port is None and not sys.stdin.isatty():
        raise VerbError("there is no keyboard here; give --midi FILE or --port NAME")
    stage = Stage(loaded)
    with _sound(stage, out), contextlib.suppress(KeyboardInterrupt):
        _play_port(stage, port) if port else _play_keys(stage)


def _play_file(voice: Voice, midi: Path, out: Path) -> None:
    from . import _module

    played = load_midi(midi)
    with progress() as bar:
        task = bar.add_task(f"playing {midi.name}", total=len(played.gate), note="")
        take = _module.play_host(voice, played, lambda done: bar.update(task, completed=done))
    device = _device()
    if device is None:
        write_sound(out, take.audio)
        say(f"No sound device: wrote {out} ({played.seconds:.1f} s).")
    else:
        device.play(take.audio, 48_000, blocking=True)


class Stage:
    """The voice on the firmware's host library, and the hands that play it; one block at a time, from any thread."""

    def __init__(self, voice: Voice) -> None:
        from lottava.emulator.host import HostModule
        from lottava.export.generate import voice_blob

        self.module = HostModule(voice_blob(voice, over_budget=True))
        self.hands = Hands()
        self.lock = threading.Lock()
        self._sounding: tuple[int, int] | None = None

    def play(self, event: Event) -> None:
        """Take an event in."""
        with self.lock:
            self.hands.play(event)

    def block(self) -> NDArray[np.float64]:
        """The next 48 samples, [48, 2]."""
        from lottava.board import BOARD
        from lottava.gesture import KNOBS

        with self.lock:
            hands = self.hands
            top = hands.down[-1] if hands.down else None
            edge = top is not None and top != self._sounding
            self._sounding = top
            volts = [hands.pitch_volts, hands.level_volts, *([0.0] * 5)]
            cvs = [round(cv.code(value)) for cv, value in zip(BOARD.cv_inputs, volts, strict=True)]
            pots = [round(hands.knobs[knob] * 65_535) for knob in KNOBS]
            return self.module.process(cvs, pots, gate=hands.gate, gate_edge=edge).audio


def _device():  # type: ignore[no-untyped-def]
    """The sounddevice module where there is an output device, else None."""
    try:
        import sounddevice

        sounddevice.query_devices(kind="output")
    except Exception:  # a missing package, a missing PortAudio and a missing card all mean: no sound here
        return None
    return sounddevice


@contextlib.contextmanager
def _sound(stage: Stage, out: Path) -> Iterator[None]:
    """While inside, the stage sounds; without a device it is recorded in real time and written at the end."""
    import numpy as np

    device = _device()
    if device is not None:

        def fill(target: NDArray[np.float32], frames: int, *_: object) -> None:
            target[:] = np.concatenate([stage.block() for _ in range(frames // 48)])

        with device.OutputStream(48_000, DEVICE_BLOCKS * 48, channels=2, dtype="float32", callback=fill):
            yield
        return
    say(f"No sound device: what you play is written to {out} when you leave.")
    blocks: list[NDArray[np.float64]] = []
    leaving = threading.Event()

    def record() -> None:
        start = time.monotonic()
        while not leaving.wait(0.005):
            while len(blocks) < (time.monotonic() - start) * 1000:
                blocks.append(stage.block())

    thread = threading.Thread(target=record, daemon=True)
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        thread.join()
        if blocks:
            write_sound(out, np.concatenate(blocks))
            say(f"wrote {out}")


def _play_port(stage: Stage, port: str) -> None:
    import mido

    try:
        opened = mido.open_input(port)
    except OSError as error:
        names = ", ".join(mido.get_input_names()) or "none"
        raise VerbError(f"there is no MIDI input {port!r}; there are: {names}") from error
    with opened as messages:
        say("Playing; Ctrl-C leaves. Controllers 1 to 4 are BRIGHT, BREATH, BODY, WILD.")
        for message in messages:
            if (event := event_of(message, 0.0)) is not None:
                stage.play(event)


def _play_keys(stage: Stage) -> None:
    """Keys until Esc or q. A note goes on while its key repeats."""
    import termios
    import tty

    say("a w s e d f t g y h u j k: notes   z x: octave   arrows: BRIGHT, BREATH   Esc: leave")
    before = termios.tcgetattr(sys.stdin)
    octave, sounding, until = 0, None, 0.0
    try:
        tty.setcbreak(sys.stdin)
        while True:
            key = _key(0.02)
            if key in ("\x1b", "q"):
                return
            octave += {"z": -1, "x": 1}.get(key, 0)
            if key in ARROWS:
                knob, change = ARROWS[key]
                position = stage.hands.knobs[knob] + change
                stage.hands.knobs[knob] = min(max(position, 0.0), 1.0)
            elif key and key in KEYS:
                note, until = 60 + 12 * octave + KEYS.index(key), time.monotonic() + HELD_S
                if note != sounding:
                    if sounding is not None:
                        stage.play(Event(0.0, "off", sounding))
                    stage.play(Event(0.0, "on", note, VELOCITY))
                    sounding = note
            if sounding is not None and time.monotonic() > until:
                stage.play(Event(0.0, "off", sounding))
                sounding = None
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _key(wait_s: float) -> str:
    """The next key, an arrow as its whole sequence; '' where none came in time."""
    if not select.select([sys.stdin], [], [], wait_s)[0]:
        return ""
    import os

    return os.read(sys.stdin.fileno(), 8).decode(errors="ignore")
