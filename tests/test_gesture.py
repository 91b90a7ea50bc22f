# SPDX-License-Identifier: MIT
"""Gestures: every built-in one is playable, CSV files round-trip, and a bad cell is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottava import gesture


@pytest.mark.parametrize("name", gesture.NAMED)
def test_built_in_gestures_stay_on_the_panel(name: str) -> None:
    played = gesture.load(name)
    assert np.all(np.abs(played.volts) <= 8) and played.volts.shape == (len(played.gate), 7)
    assert np.all((played.knobs >= 0) & (played.knobs <= 1)) and played.knobs.shape == (len(played.gate), 12)
    assert played.gate.any() and not played.gate[-1], "a gesture ends with the gate down"


def test_demo_plays_pitch_dynamics_and_three_axes_in_about_eight_seconds() -> None:
    played = gesture.load("demo")
    assert 7.5 < played.seconds < 9
    assert np.ptp(played.volts[:, 0]) >= 1 and np.ptp(played.volts[:, 1]) > 2
    assert np.allclose(np.ptp(played.knobs[:, :3], axis=0), 1, atol=0.01)
    assert np.count_nonzero(np.diff(played.gate.astype(int)) == 1) == 8


def test_sweep_crosses_five_octaves() -> None:
    played = gesture.load("sweep")
    pitch = played.volts[played.gate, 0]
    assert pitch[0] == -2 and pitch[-1] == pytest.approx(3, abs=0.01)


@given(st.lists(st.tuples(st.floats(-3, 7), st.floats(0, 1)), min_size=2, max_size=20))
def test_csv_values_return_at_their_times(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    path = tmp_path_factory.mktemp("cv") / "curves.csv"
    lines = [f"{index * 0.01},{pitch!r},{knob!r},{index % 2}" for index, (pitch, knob) in enumerate(rows)]
    path.write_text("time_s,v_oct,knob_bright,gate\n" + "\n".join(lines))
    played = gesture.load(str(path))
    assert len(played.gate) == (len(rows) - 1) * 10
    at = np.arange(len(rows) - 1) * 10
    assert np.allclose(played.volts[at, 0], [pitch for pitch, _ in rows[:-1]], atol=1e-9)
    assert np.allclose(played.knobs[at, 0], [knob for _, knob in rows[:-1]], atol=1e-9)
    assert np.array_equal(played.gate[at], np.arange(len(rows) - 1) % 2 == 1)
    assert np.all(played.knobs[:, 1:] == gesture.NOON), "what the file doesn't name rests at noon"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time_s,v_oct\n0,0\n1,abc\n", "row 3, v_oct: 'abc' is not a number"),
        ("time_s,v_oct\n0,0\n1,nan\n", "row 3, v_oct"),
        ("time_s,v_oct\n0,0\n1,13\n", "outside -12..12"),
        ("time_s,knob_body\n0,0\n1,2\n", "row 3, knob_body: 2 lies outside 0..1"),
        ("time_s,cutoff\n0,0\n1,2\n", "unknown columns ['cutoff']"),
        ("v_oct\n0\n1\n", "time_s among them"),
        ("time_s,v_oct\n1,0\n0,0\n", "must increase"),
        ("time_s,v_oct\n0,0\n1\n", "row 3 has 1 cells"),
        ("time_s,v_oct\n0,0\n9999,0\n", "spans 9999 s"),
        ("time_s\n", "at least two rows"),
    ],
)
def test_bad_files_are_refused_with_row_and_column(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(gesture.GestureError) as refused:
        gesture.load(str(path))
    assert words in str(refused.value) and "bad.csv" in str(refused.value)


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(gesture.GestureError, match="demo, scale, sweep, hold"):
        gesture.load("dmeo")


def test_lengths_must_agree() -> None:
    with pytest.raises(gesture.GestureError, match="differ in length"):
        gesture.Gesture("odd", np.zeros((3, 7)), np.zeros((2, 12)), np.zeros(3, dtype=bool))
