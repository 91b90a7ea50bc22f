# SPDX-License-Identifier: MIT
"""The data report: each kind of bad file is named with its remedy, and the rest goes on."""

from __future__ import annotations

import json

import numpy as np
import pytest
from lottava.training.data import AudioError, DatasetError, build, report
from lottava.training.data.report import BUT, GOOD, REMEDIES, STOP, find_gaps, from_json, note_name
from sounds import chord, midi_hz, noise, silence, tone, write_scale, write_sound


@pytest.fixture(autouse=True)
def _use_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LOTTAVA_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def scale(tmp_path):
    return write_scale(tmp_path / "scale", range(48, 60), seconds=1.4)


BAD = {
    "silent": silence(1.0),
    "too short": tone(220.0, 0.15),
    "polyphonic": chord(220.0, 277.2, seconds=1.0),
    "unpitched": noise(1.0),
}


@pytest.mark.parametrize("kind", [*BAD, "corrupt"])
def test_a_bad_file_is_named_and_the_rest_goes_on(scale, kind):
    if kind == "corrupt":
        (scale / "bad.wav").write_bytes(b"RIFF....WAVE")
    else:
        write_sound(scale / "bad.wav", BAD[kind])
    found = report(scale, seconds_per_step=0.1)
    assert found.verdict == BUT
    (finding,) = [finding for finding in found.findings if finding.files]
    assert (finding.kind, finding.files, finding.remedy) == (kind, ("bad.wav",), REMEDIES[kind])
    assert "bad.wav" in finding.text
    assert (found.files, found.files_used) == (13, 12)
    assert len(build(scale).clips) == 12


def test_one_bad_part_of_a_file_does_not_spoil_the_rest(scale):
    good = tone(midi_hz(62), 2.0)
    write_sound(scale / "long.wav", np.concatenate([good, silence(1.0), chord(220.0, 277.2), silence(1.0), good]))
    found = report(scale, seconds_per_step=0.1)
    (finding,) = [finding for finding in found.findings if finding.files]
    assert finding.kind == "polyphonic"
    assert "1 of 3 parts of long.wav" in finding.text
    assert found.files_used == 13
    assert [clip.note for clip in build(scale).clips if clip.source == "long.wav"] == [62, 62]


def test_good_sounds_are_called_good_and_described(scale):
    (scale / "source.json").write_text('{"licence": "CC-BY-4.0"}')
    found = report(scale, seconds_per_step=0.1, steps=600)
    assert [finding for finding in found.findings if finding.severity != GOOD and finding.kind != "little"] == []
    assert found.notes == tuple(range(48, 60))
    assert found.heldout_notes == (48, 54, 57)
    assert found.gaps == ()
    assert found.licence == "CC-BY-4.0"
    assert found.minutes == pytest.approx(12 * 1.4 / 60, abs=0.02)
    assert found.time is not None
    assert found.time.seconds == pytest.approx(60)
    first, *rest = found.lines()
    assert first.startswith("12 files, 0.3 min, C3–B3 (12 notes, no gaps)")
    assert "1 min" in rest[-1]


def test_a_report_survives_json_and_the_cache(scale):
    found = report(scale, seconds_per_step=0.1)
    assert from_json(json.loads(json.dumps(found.to_json(), allow_nan=False))) == found
    assert report(scale, seconds_per_step=0.1) == found


@pytest.mark.parametrize("kind", ["silent", "unpitched"])
def test_nothing_usable_will_not_work(tmp_path, kind):
    write_sound(tmp_path / "bad" / "a.wav", BAD[kind])
    found = report(tmp_path / "bad")
    assert found.verdict == STOP
    assert found.findings[0].remedy
    assert any("a.wav" in line for line in found.lines())
    with pytest.raises(DatasetError, match="will not work"):
        build(tmp_path / "bad")


def test_a_few_seconds_are_too_little(tmp_path):
    write_sound(tmp_path / "few" / "a.wav", tone(220.0, 3.0))
    assert report(tmp_path / "few").findings[0].kind == "too little"
    with pytest.raises(DatasetError, match="record a minute"):
        build(tmp_path / "few")


def test_no_files_at_all_are_an_error(tmp_path):
    with pytest.raises(AudioError, match="not a folder"):
        report(tmp_path / "none")


def test_what_the_recordings_lack_is_said(tmp_path):
    folder = tmp_path / "flat"
    for note in (50, 51, 70):
        write_sound(folder / f"{note}.wav", np.tile(tone(midi_hz(note), 6.0)[4_800:-4_800], 1))
    found = report(folder)
    kinds = {finding.kind for finding in found.findings}
    assert found.verdict == BUT
    assert {"little", "few notes", "gaps", "flat axis", "licence"} <= kinds
    assert not all(found.axes_learnable)


def test_background_noise_is_reported(scale):
    for path in sorted(scale.glob("*.wav")):
        path.unlink()
    rng = np.random.default_rng(0)
    for note in range(50, 60):
        audio = np.concatenate([tone(midi_hz(note), 1.2), silence(0.8)])
        write_sound(
            scale / f"{note}.wav", audio + rng.standard_normal(len(audio)).astype(np.float32) * np.float32(0.003)
        )
    found = report(scale)
    assert found.noise_floor_db == pytest.approx(-33, abs=6)
    assert "noisy" in {finding.kind for finding in found.findings}


def test_gaps_are_wider_than_the_usual_step():
    assert find_gaps(range(40, 60)) == ()
    assert find_gaps([40, 41, 42, 44, 45]) == ((42, 44),)
    assert find_gaps([40, 43, 46, 52]) == ((46, 52),)
    assert find_gaps([60]) == ()


def test_notes_are_named_as_on_the_panel():
    assert [note_name(note) for note in (60, 69, 49, 81)] == ["C4", "A4", "C#3", "A5"]
