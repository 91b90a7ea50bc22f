# SPDX-License-Identifier: MIT
"""MIDI to a gesture: one voice, last note first; velocity is LEVEL, controllers 1, 2, 3, 4 are the axes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lottava.gesture import BLOCK_RATE_HZ, KNOBS, NOON, Gesture, from_columns

from ._common import VerbError

TAIL_S = 1.0
LEVEL_KNOB = 0.15
KNOB_OF_CONTROLLER = {1: "bright", 2: "breath", 3: "body", 4: "wild"}
MIDDLE_C = 60


@dataclass(frozen=True)
class Event:
    """kind: on, off or control; number: note or controller; value: velocity or position, 0..127."""

    time_s: float
    kind: str
    number: int
    value: int = 0


class Hands:
    """Which notes are down, in the order in which they went down, and where the knobs are."""

    def __init__(self) -> None:
        self.down: list[tuple[int, int]] = []
        self.pitch_volts = 0.0
        self.level_volts = 0.0
        self.knobs = dict.fromkeys(KNOBS, NOON) | {"level": LEVEL_KNOB}

    @property
    def gate(self) -> bool:
        """True while a note is down."""
        return bool(self.down)

    def play(self, event: Event) -> None:
        """Take one event in. Repeated and unmatched ones do no harm."""
        if event.kind == "control" and event.number in KNOB_OF_CONTROLLER:
            self.knobs[KNOB_OF_CONTROLLER[event.number]] = event.value / 127
        if event.kind in ("on", "off"):
            self.down = [(note, velocity) for note, velocity in self.down if note != event.number]
        if event.kind == "on" and event.value > 0:
            self.down.append((event.number, event.value))
        if self.down:
            note, velocity = self.down[-1]
            self.pitch_volts, self.level_volts = (note - MIDDLE_C) / 12, 5 * velocity / 127


def gesture_of(name: str, events: Iterable[Event]) -> Gesture:
    """A gesture of events in order of time, with a second for the last release. Raises VerbError without a note."""
    played = list(events)
    if not any(event.kind == "on" for event in played):
        raise VerbError(f"{name} holds no notes")
    blocks = round((played[-1].time_s + TAIL_S) * BLOCK_RATE_HZ)
    rows = {key: np.empty(blocks) for key in ("v_oct", "level", "gate", *(f"knob_{knob}" for knob in KNOBS))}
    hands, done = Hands(), 0
    for event in [*played, Event(blocks / BLOCK_RATE_HZ, "end", 0)]:
        until = min(round(event.time_s * BLOCK_RATE_HZ), blocks)
        now = {"v_oct": hands.pitch_volts, "level": hands.level_volts, "gate": float(hands.gate)}
        now |= {f"knob_{knob}": value for knob, value in hands.knobs.items()}
        for key, row in rows.items():
            row[done:until] = now[key]
        done = max(done, until)
        hands.play(event)
    return from_columns(name, rows, blocks)


def event_of(message, time_s: float) -> Event | None:  # type: ignore[no-untyped-def]
    """A mido message as an event, or None for one that plays nothing here."""
    if message.type in ("note_on", "note_off"):
        sounding = message.type == "note_on" and message.velocity > 0
        return Event(time_s, "on" if sounding else "off", message.note, message.velocity)
    if message.type == "control_change":
        return Event(time_s, "control", message.control, message.value)
    return None


def load_midi(path: Path) -> Gesture:
    """A MIDI file as a gesture. Raises VerbError for a file that is none, OSError."""
    import mido

    try:
        now, events = 0.0, []
        for message in mido.MidiFile(path):
            now += message.time
            if (event := event_of(message, now)) is not None:
                events.append(event)
    except (EOFError, ValueError, KeyError, IndexError) as error:
        raise VerbError(f"{path} is not a MIDI file that can be read: {error}") from error
    return gesture_of(path.stem, events)
