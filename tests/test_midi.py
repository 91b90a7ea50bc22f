# SPDX-License-Identifier: MIT
"""MIDI as a player's hands: last note first, nothing hangs, and what comes out is a playable gesture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottava.gesture import CV_JACKS, KNOBS
from lottava.verbs._common import VerbError
from lottava.verbs._midi import Event, Hands, gesture_of

NOTES = st.integers(36, 96)


@given(st.lists(st.tuples(st.sampled_from(["on", "off"]), NOTES, st.integers(1, 127)), max_size=40))
def test_gate_is_up_exactly_while_a_note_is_down(events: list) -> None:
    hands, down = Hands(), {}
    for kind, note, velocity in events:
        hands.play(Event(0.0, kind, note, velocity))
        down.pop(note, None)
        if kind == "on":
            down[note] = velocity
        assert hands.gate == bool(down)
        if down:
            last = list(down)[-1]
            assert hands.pitch_volts == pytest.approx((last - 60) / 12)
            assert hands.level_volts == pytest.approx(5 * down[last] / 127)


def test_legato_goes_back_to_the_note_that_is_still_held() -> None:
    events = [Event(0.1, "on", 60, 100), Event(0.2, "on", 67, 100), Event(0.3, "off", 67), Event(0.4, "off", 60)]
    played = gesture_of("legato", events)
    pitch = played.volts[:, CV_JACKS.index("v_oct")]
    assert [pitch[at] for at in (150, 250, 350)] == pytest.approx([0, 7 / 12, 0])
    assert played.gate[100:400].all()
    assert not played.gate[400:].any()


def test_controllers_turn_the_axes() -> None:
    played = gesture_of("wheel", [Event(0.0, "on", 60, 80), Event(0.5, "control", 1, 127), Event(1.0, "off", 60)])
    bright = played.knobs[:, KNOBS.index("bright")]
    assert (bright[100], bright[600]) == (0.5, 1.0)
    assert np.all(played.knobs[:, KNOBS.index("body")] == 0.5)


def test_file_without_notes_is_refused() -> None:
    with pytest.raises(VerbError, match="empty holds no notes"):
        gesture_of("empty", [Event(1.0, "control", 1, 3)])
