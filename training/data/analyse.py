# SPDX-License-Identifier: MIT
"""Files to clips: decode, track, measure, leave out what can't be used and say why, cut at the split."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lottava.units import FRAME_RATE_HZ, HOP_SAMPLES, SAMPLE_RATE_HZ

from .audio import AudioError, find_sounding, find_sounds, load_sound, noise_floor_db
from .dataset import Clip
from .features import measure_descriptors, measure_loudness_db
from .pitch import PitchTrack, track
from .polyphony import POLYPHONIC_SHARE, polyphonic_share
from .split import held_out_notes

SHORTEST_S = 0.5
"""A sound or a cut shorter than this is left out: half a training crop."""

LONGEST_S = 60.0
"""Longer parts are analysed in pieces: a minute takes 0.3 GB."""

UNPITCHED_SHARE = 0.5
"""A sound with less of its frames voiced than this is not an instrument's note."""

SETTLE_FRAMES = 20
"""A pitch must stay away from the current note for 80 ms to start another."""
START_FRAMES = 50
"""The first note is the median of 200 ms, a cycle of slow vibrato."""
NOTE_HYSTERESIS = 0.7
"""Semitones from the current note's centre before another begins: vibrato crosses half a semitone."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class Stretch:
    """One sounding stretch of a file with its measurements; descriptors' first column is the centroid in log2 Hz."""

    audio: NDArray[np.float32]
    pitch: PitchTrack
    loudness_db: NDArray[np.float64]
    descriptors: NDArray[np.float64]
    notes: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FileAnalysis:
    """One file: its usable stretches, and why it or a part is left out (kind, sentence). noise_floor_db: re peak."""

    name: str
    seconds: float
    stretches: tuple[Stretch, ...]
    noise_floor_db: float | None = None
    unpitched_share: float = 0.0
    problem: tuple[str, str] | None = None


def follow_notes(f0_filled_hz: NDArray[np.float64]) -> NDArray[np.int64]:
    """MIDI note per frame [frames], with hysteresis, so that vibrato and slurs don't flicker between two."""
    exact = 69 + 12 * np.log2(np.maximum(f0_filled_hz, 1.0) / 440.0)
    notes = np.empty(len(exact), dtype=np.int64)
    current, away = round(float(np.median(exact[:START_FRAMES]))) if len(exact) else 0, 0
    for frame, value in enumerate(exact):
        away = away + 1 if abs(value - current) > NOTE_HYSTERESIS else 0
        if away >= SETTLE_FRAMES:
            current = round(float(np.median(exact[frame - away + 1 : frame + 1])))
            notes[frame - away + 1 : frame] = current
            away = 0
        notes[frame] = current
    if len(exact) and np.ptp(notes) == 0:
        notes[:] = round(float(np.median(exact)))
    return notes


def _measure(audio: NDArray[np.float32], pitch: PitchTrack) -> Stretch:
    loudness_db = measure_loudness_db(audio)
    descriptors = measure_descriptors(audio, pitch.f0_hz, loudness_db)
    return Stretch(audio, pitch, loudness_db, descriptors, follow_notes(pitch.f0_filled_hz))


def _find_fault(audio: NDArray[np.float32], pitch: PitchTrack) -> tuple[str, str] | None:
    """Why a sounding part can't be used (kind, what is wrong), or None."""
    crowded = polyphonic_share(audio, pitch)
    if crowded > POLYPHONIC_SHARE:
        return "polyphonic", f"holds two notes at once in {crowded:.0%} of its frames"
    if not pitch.dependable:
        return "unresolved", f"has no dependable pitch: two estimators disagree in {pitch.unresolved:.0%} of its frames"
    unpitched = 1 - float(pitch.voiced.mean())
    if unpitched > UNPITCHED_SHARE:
        return "unpitched", f"has no pitch in {unpitched:.0%} of its frames"
    return None


def _pieces(sounding: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sounding parts long enough to use, none longer than LONGEST_S."""
    pieces = []
    for start, stop in sounding:
        count = -(-(stop - start) // int(LONGEST_S * SAMPLE_RATE_HZ))
        size = -(-(stop - start) // (count * HOP_SAMPLES)) * HOP_SAMPLES if count else 1
        pieces += [(at, min(at + size, stop)) for at in range(start, stop, size)]
    return [(start, stop) for start, stop in pieces if stop - start >= SHORTEST_S * SAMPLE_RATE_HZ]


def _analyse_parts(parts: list[NDArray[np.float32]]) -> tuple[list[Stretch], list[tuple[str, str]], float]:
    """Usable stretches, what is wrong with the others, and the share of frames without pitch in all."""
    usable, faults, voiced, frames = [], [], 0, 0
    for part in parts:
        pitch = track(part)
        voiced, frames = voiced + int(pitch.voiced.sum()), frames + len(pitch.voiced)
        fault = _find_fault(part, pitch)
        if fault is None:
            usable.append(_measure(part, pitch))
        else:
            faults.append(fault)
    return usable, faults, 1 - voiced / max(frames, 1)


def analyse_file(path: Path, name: str) -> FileAnalysis:
    """Everything that can be said of one file. Never raises for a bad file: `problem` names it."""
    try:
        sound = load_sound(path)
    except (AudioError, OSError) as error:
        return FileAnalysis(name, 0.0, (), problem=("corrupt", str(error)))
    seconds, floor = len(sound) / SAMPLE_RATE_HZ, noise_floor_db(sound)
    sounding = find_sounding(sound)
    pieces = _pieces(sounding)
    if not pieces:
        longest = max((stop - start for start, stop in sounding), default=0) / SAMPLE_RATE_HZ
        problem = (
            ("too short", f"{name} sounds for {longest:.2f} s only") if sounding else ("silent", f"{name} is silent")
        )
        return FileAnalysis(name, seconds, (), floor, problem=problem)
    usable, faults, unpitched = _analyse_parts([sound[start:stop] for start, stop in pieces])
    fault = None
    if faults:
        kind, text = faults[0]
        where = f"{name}" if not usable else f"{len(faults)} of {len(pieces)} parts of {name}: the first"
        fault = (kind, f"{where} {text}")
    return FileAnalysis(name, seconds, tuple(usable), floor, unpitched, fault)


def analyse_folder(folder: Path, progress: Progress | None = None) -> list[FileAnalysis]:
    """Analyse all sounds of a folder, in order. Raises AudioError when there are none."""
    paths = find_sounds(folder)
    analyses = []
    for index, path in enumerate(paths):
        name = path.relative_to(folder).as_posix()
        if progress is not None:
            progress(index, len(paths), name)
        analyses.append(analyse_file(path, name))
    return analyses


def cut_clips(analyses: list[FileAnalysis]) -> list[Clip]:
    """Clips of all usable stretches, cut wherever the split changes sides. Axes are still empty."""
    shortest = int(SHORTEST_S * FRAME_RATE_HZ)
    lengths: dict[int, int] = {}
    for stretch in (s for analysis in analyses for s in analysis.stretches):
        for note, count in zip(*np.unique(stretch.notes[stretch.pitch.voiced], return_counts=True), strict=True):
            lengths[int(note)] = max(lengths.get(int(note), 0), int(count))
    held_out = held_out_notes(note for note, count in lengths.items() if count >= shortest)
    clips = []
    for analysis in analyses:
        stem, number = Path(analysis.name).with_suffix("").as_posix(), 0
        for stretch in analysis.stretches:
            side = np.isin(stretch.notes, list(held_out))
            edges = [0, *(np.flatnonzero(np.diff(side)) + 1), len(side)]
            for start, stop in itertools.pairwise(edges):
                if stop - start >= shortest and stretch.pitch.voiced[start:stop].any():
                    number += 1
                    name = stem if number == 1 else f"{stem}.{number}"
                    clips.append(_cut(stretch, slice(int(start), int(stop)), name, analysis.name, bool(side[start])))
    return clips


def _cut(stretch: Stretch, part: slice, name: str, source: str, heldout: bool) -> Clip:
    def narrow(values: NDArray[np.float64]) -> NDArray[np.float32]:
        return values[part].astype(np.float32)

    voiced = stretch.pitch.voiced[part]
    notes = stretch.notes[part][voiced]
    return Clip(
        name=name,
        source=source,
        audio=stretch.audio[part.start * HOP_SAMPLES : part.stop * HOP_SAMPLES],
        f0_hz=narrow(stretch.pitch.f0_hz),
        f0_filled_hz=narrow(stretch.pitch.f0_filled_hz),
        voiced=voiced,
        loudness_db=narrow(stretch.loudness_db),
        descriptors=narrow(stretch.descriptors),
        axes=np.zeros((part.stop - part.start, 3), dtype=np.float32),
        heldout=heldout,
        note=int(np.median(notes)),
    )
