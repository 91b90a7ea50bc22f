# SPDX-License-Identifier: MIT
"""Decoding: any usual file becomes mono at 48 kHz, silence is found, what can't be read is named."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.data.audio import AudioError, find_sounding, find_sounds, load_sound, noise_floor_db
from sounds import noise, silence, tone


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000])
def test_every_format_and_rate_gives_the_same_second_of_sound(tmp_path, suffix, rate_hz):
    time = np.arange(rate_hz) / rate_hz
    stereo = np.stack([0.4 * np.sin(2 * np.pi * 440 * time), 0.2 * np.sin(2 * np.pi * 440 * time)], axis=1)
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, stereo.astype(np.float32), rate_hz)
    sound = load_sound(path)
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(48_000, abs=4_000)
    middle = sound[16_000:32_000].astype(np.float64)
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.3, rel=0.03)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * 3 == pytest.approx(440, abs=3)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all" * 100])
def test_an_unreadable_file_is_named(tmp_path, content):
    (tmp_path / "bad.wav").write_bytes(content)
    with pytest.raises(AudioError, match=r"bad\.wav"):
        load_sound(tmp_path / "bad.wav")


def test_samples_that_are_no_numbers_are_refused(tmp_path):
    broken = tone(220.0, 0.2)
    broken[100] = np.nan
    soundfile.write(tmp_path / "nan.wav", broken, 48_000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"nan\.wav.*NaN"):
        load_sound(tmp_path / "nan.wav")


def test_a_folder_without_sounds_and_a_missing_one_are_named(tmp_path):
    with pytest.raises(AudioError, match="holds no"):
        find_sounds(tmp_path)
    with pytest.raises(AudioError, match="not a folder"):
        find_sounds(tmp_path / "missing")


def test_sounds_are_found_in_a_fixed_order_and_hidden_ones_left(tmp_path):
    for name in ("b.wav", "a/c.FLAC", ".git/d.wav", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in find_sounds(tmp_path)] == ["c.FLAC", "b.wav"]


@settings(max_examples=25, deadline=None)
@given(
    lead=st.floats(0, 1.5), first=st.floats(0.2, 1.0), rest=st.floats(0.7, 1.5), second=st.floats(0.2, 1.0),
    peak=st.floats(0.01, 1.0),
)  # fmt: skip
def test_sounding_stretches_cover_the_sounds_and_little_else(lead, first, rest, second, peak):
    audio = np.concatenate(
        [silence(lead), tone(220.0, first, peak=peak), silence(rest), tone(330.0, second, peak=peak), silence(0.4)]
    )
    stretches = find_sounding(audio)
    assert len(stretches) == 2
    starts = [lead, lead + first + rest]
    for (start, stop), begins, lasts in zip(stretches, starts, [first, second], strict=True):
        assert start % 192 == 0
        assert (stop - start) % 192 == 0
        assert begins - 0.09 <= start / 48_000 <= begins + 0.01
        assert begins + lasts - 0.03 <= stop / 48_000 <= begins + lasts + 0.15


def test_silence_holds_no_sound():
    assert find_sounding(silence(1.0)) == []
    assert find_sounding(noise(1.0, peak=1e-4)) == []
    assert find_sounding(np.zeros(0, dtype=np.float32)) == []


def test_background_is_heard_in_rests_only():
    note = tone(220.0, 1.0, peak=0.5)
    hiss = noise(2.0, peak=0.5) * np.float32(0.01)
    with_rest = np.concatenate([note, silence(1.0)]) + hiss
    floor = noise_floor_db(with_rest)
    assert floor == pytest.approx(-46, abs=6)
    assert noise_floor_db(note[2_000:-2_000]) is None
    decay = tone(220.0, 2.0) * np.exp(-np.arange(96_000) / 9_600).astype(np.float32)
    assert noise_floor_db(decay) is None
