# SPDX-License-Identifier: MIT
"""Data sets: the split never leaks, scales fit, what is saved comes back, file names are not believed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lottava.training.data import Clip, Dataset, DatasetError, build, load, network_inputs, save
from lottava.training.data.analyse import follow_notes
from lottava.training.data.dataset import LEARNABLE_SPREAD, normalise_axes
from lottava.training.data.split import BLOCK_SEMITONES, held_out_notes, is_held_out
from sounds import midi_hz, tone, write_scale, write_sound

from lottava.units import HOP_SAMPLES

NOTES = range(48, 60)


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _use_cache(cache, monkeypatch):
    monkeypatch.setenv("LOTTAVA_CACHE", str(cache))


@pytest.fixture(scope="module")
def scale(tmp_path_factory) -> Path:
    folder = write_scale(tmp_path_factory.mktemp("scale"), NOTES, seconds=1.2)
    (folder / "source.json").write_text(json.dumps({"licence": "CC0-1.0", "author": "nobody"}))
    return folder


@pytest.fixture(scope="module")
def dataset(scale, cache) -> Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOTTAVA_CACHE", str(cache))
        return build(scale)


def assert_same(a: Dataset, b: Dataset) -> None:
    for field in dataclasses.fields(Dataset):
        if field.name != "clips":
            assert getattr(a, field.name) == getattr(b, field.name), field.name
    for one, other in zip(a.clips, b.clips, strict=True):
        for field in dataclasses.fields(Clip):
            x, y = getattr(one, field.name), getattr(other, field.name)
            assert np.array_equal(x, y), field.name
            assert not isinstance(x, np.ndarray) or x.dtype == y.dtype


@given(st.sets(st.integers(0, 127), min_size=1, max_size=60))
def test_the_split_holds_out_some_and_never_many(notes):
    held_out = held_out_notes(notes)
    assert held_out <= notes
    assert len(held_out) <= len(notes) / 3
    assert bool(held_out) == (len(notes) >= 3)


@given(st.integers(0, 24), st.integers(4, 12))
def test_a_chromatic_set_keeps_a_fifth_and_adding_notes_moves_none(first_block, blocks):
    start = first_block * BLOCK_SEMITONES
    notes = range(start, start + blocks * BLOCK_SEMITONES)
    held_out = held_out_notes(notes)
    assert len(held_out) == blocks
    assert held_out_notes(range(start, notes.stop + 10)) >= held_out


def test_the_split_is_the_one_that_was_published():
    assert [note for note in range(48, 84) if is_held_out(note)] == [48, 54, 57, 63, 69, 74, 77]


def test_every_clip_is_made_of_equally_many_frames(dataset):
    for clip in dataset.clips:
        assert len(clip.audio) == HOP_SAMPLES * clip.frames
        assert clip.audio.dtype == np.float32
        for values in (clip.f0_filled_hz, clip.voiced, clip.loudness_db, clip.descriptors, clip.axes):
            assert len(values) == clip.frames
        assert np.array_equal(clip.f0_hz > 0, clip.voiced)
        assert np.all(clip.f0_filled_hz > 0)
        assert np.abs(clip.axes).max() <= 1


def test_pitch_comes_from_the_sound_and_not_from_the_name(dataset):
    assert sorted(clip.note for clip in dataset.clips) == list(NOTES)
    for clip in dataset.clips:
        assert 1200 * np.log2(np.median(clip.f0_hz[clip.voiced]) / midi_hz(clip.note)) == pytest.approx(0, abs=5)


def test_held_out_notes_never_train(dataset):
    assert {clip.note for clip in dataset.heldout} == held_out_notes(NOTES)
    assert {clip.note for clip in dataset.train}.isdisjoint(clip.note for clip in dataset.heldout)


def test_scales_are_fitted_on_the_training_notes_alone(dataset):
    loudness = np.concatenate([clip.loudness_db[clip.voiced] for clip in dataset.train])
    assert dataset.loudness_range_db == pytest.approx(tuple(np.percentile(loudness, [5, 95])), abs=0.01)
    raw = np.concatenate([clip.descriptors[clip.voiced] for clip in dataset.train])
    for axis, (low, high) in enumerate(dataset.axis_ranges):
        if dataset.axis_spreads[axis] > 2 * LEARNABLE_SPREAD[axis]:
            assert (low, high) == pytest.approx(tuple(np.percentile(raw[:, axis], [5, 95])), abs=0.05)
    assert dataset.axis_learnable == (True, True, True)


def test_network_inputs_are_scaled_as_the_device_scales_them(dataset):
    clip = dataset.clips[0]
    inputs = network_inputs(clip, dataset)
    assert {name: array.shape for name, array in inputs.items()} == {
        "pitch": (clip.frames, 1), "loudness": (clip.frames, 1), "axes": (clip.frames, 3),
    }  # fmt: skip
    assert inputs["pitch"][:, 0] == pytest.approx(np.log2(clip.f0_filled_hz / 261.6255653), abs=1e-6)
    assert np.abs(inputs["loudness"]).max() <= 1
    flat = dataclasses.replace(dataset, axis_learnable=(True, False, True))
    assert not network_inputs(clip, flat)["axes"][:, 1].any()
    assert np.array_equal(network_inputs(clip, flat)["axes"][:, 0], clip.axes[:, 0])


def test_axes_reach_the_ends_of_their_ranges():
    ranges = [(-1.0, 1.0), (-50.0, -10.0), (0.0, 20.0)]
    raw = np.array([[-1, -50, 0], [0, -30, 10], [1, -10, 20], [9, 90, 90]])
    assert np.array_equal(normalise_axes(raw, ranges), [[-1] * 3, [0] * 3, [1] * 3, [1] * 3])


def test_a_prepared_set_comes_back_from_the_cache_unchanged(scale, dataset):
    def never(done, total, name):
        raise AssertionError("prepared twice")

    assert_same(build(scale, progress=never), dataset)


def test_a_changed_file_is_another_data_set(tmp_path, dataset, scale):
    for path in scale.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    write_sound(sorted(tmp_path.glob("*.wav"))[0], tone(midi_hz(65), 1.0))
    assert build(tmp_path).sha256 != dataset.sha256


def test_what_is_saved_comes_back(tmp_path, dataset):
    save(dataset, tmp_path / "set.npz")
    assert_same(load(tmp_path / "set.npz"), dataset)


@given(st.floats(0.0, 0.98))
def test_a_cut_file_is_refused_with_a_sentence(tmp_path_factory, dataset, share):
    path = tmp_path_factory.mktemp("cut") / "set.npz"
    save(dataclasses.replace(dataset, clips=dataset.clips[:1]), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DatasetError, match="prepare the sounds again"):
        load(path)


def test_a_damaged_cache_is_prepared_again(tmp_path, monkeypatch, dataset, scale):
    monkeypatch.setenv("LOTTAVA_CACHE", str(tmp_path))
    small = write_scale(tmp_path / "small", range(48, 54), seconds=2.8)
    first = build(small)
    (cached,) = (tmp_path / "prepared").glob("*.npz")
    cached.write_bytes(b"damaged")
    assert_same(build(small), first)


def test_a_melody_is_cut_where_the_split_changes_sides(tmp_path):
    melody = np.concatenate([tone(midi_hz(note), 2.8) for note in (52, 53, 54, 55, 56)])
    write_sound(tmp_path / "melody.wav", np.concatenate([melody, np.zeros(1000, dtype=np.float32)]))
    clips = build(tmp_path).clips
    assert [(clip.heldout, clip.source) for clip in clips] == [(side, "melody.wav") for side in (False, True, False)]
    assert clips[1].note == 54
    assert len({clip.name for clip in clips}) == 3
    inside = clips[0].f0_hz[10:-25]
    assert inside[inside > 0].max() < midi_hz(53.5)


@given(st.integers(40, 90), st.floats(0, 0.6), st.floats(-0.3, 0.3))
def test_vibrato_makes_no_new_notes(note, depth, detune):
    time = np.arange(500) / 250
    notes = follow_notes(midi_hz(note + detune) * 2 ** (depth / 12 * np.sin(2 * np.pi * 5.5 * time)))
    assert len(np.unique(notes)) == 1


@given(st.lists(st.integers(40, 80), min_size=1, max_size=6))
def test_steps_between_notes_are_followed(melody):
    notes = follow_notes(np.repeat([midi_hz(note) for note in melody], 100))
    assert np.array_equal(notes, np.repeat(melody, 100))
