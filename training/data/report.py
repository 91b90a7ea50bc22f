# SPDX-License-Identifier: MIT
"""The data report: what a folder of sounds holds, whether a voice can be made of it, and what to do where not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from lottava.units import FRAME_RATE_HZ

from .analyse import FileAnalysis
from .dataset import AXES, LEARNABLE_SPREAD, Dataset
from .estimate import TimeEstimate

GOOD, BUT, STOP = "good", "will work, but", "will not work"

LEAST_MINUTES, ENOUGH_MINUTES = 10 / 60, 1.0
"""Under 10 s nothing can be learned; under a minute a network learns the recordings by heart."""
ENOUGH_NOTES = 6
"""Fewer different training notes leave the pitches between them to chance."""
WIDE_GAP_SEMITONES = 5
"""Held-out notes in a set with minor-third steps stayed 0.3 (MSS) worse than in a chromatic one (violin, sax)."""
NOISY_DB = -45.0
FLAT_DYNAMICS_DB = 3.0
OFTEN_UNPITCHED = 0.25

NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

REMEDIES = {
    "corrupt": "export them again or remove them",
    "silent": "record them louder or remove them",
    "too short": "use notes of half a second or more",
    "polyphonic": "record one note at a time",
    "unresolved": "record them closer and drier, one note at a time, or remove them",
    "unpitched": "use sustained notes of one pitch",
}
"""What to do about each kind of file that is left out."""


@dataclass(frozen=True)
class Finding:
    """One remark. severity: GOOD (for information), BUT or STOP; text: what and where; remedy: what to do about it."""

    kind: str
    severity: str
    text: str
    remedy: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataReport:
    """The report as a value. Notes are MIDI numbers, gaps pairs of the notes around them; None where unknown."""

    verdict: str
    findings: tuple[Finding, ...]
    files: int
    files_used: int
    minutes: float
    notes: tuple[int, ...] = ()
    gaps: tuple[tuple[int, int], ...] = ()
    heldout_notes: tuple[int, ...] = ()
    range_hz: tuple[float, float] | None = None
    dynamics_db: float | None = None
    noise_floor_db: float | None = None
    polyphonic_files: int = 0
    unpitched_share: float = 0.0
    axes_learnable: tuple[bool, ...] = ()
    licence: str | None = None
    time: TimeEstimate | None = None
    sha256: str = field(default="")

    def lines(self) -> list[str]:
        """The report in words, the verdict first, a finding a line."""
        out = [f"{self._summary()}: {self.verdict}{'.' if self.verdict == GOOD else ':'}"]
        for finding in self.findings:
            remedy = f" → {finding.remedy}" if finding.remedy else ""
            out.append(f"  {finding.text}{remedy}")
        if self.time is not None and self.verdict != STOP:
            out.append(f"  training: {self.time.words()}")
        return out

    def _summary(self) -> str:
        parts = [f"{self.files_used} of {self.files} files" if self.files_used < self.files else f"{self.files} files"]
        parts.append(f"{self.minutes:.1f} min")
        if self.notes:
            count = len(self.gaps)
            gaps = "no gaps" if not count else "1 gap" if count == 1 else f"{count} gaps"
            parts.append(f"{note_name(self.notes[0])}–{note_name(self.notes[-1])} ({len(self.notes)} notes, {gaps})")
        if self.dynamics_db is not None:
            parts.append(f"dynamics {self.dynamics_db:.0f} dB")
        parts.append(
            "no rests to hear a floor in" if self.noise_floor_db is None else f"floor {self.noise_floor_db:.0f} dB"
        )
        parts.append(f"{self.unpitched_share:.0%} of frames without pitch")
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """JSON values; `from_json` reads them back."""
        return asdict(self)


def from_json(values: dict[str, Any]) -> DataReport:
    """Inverse of to_json, also after a round through a JSON file. Raises TypeError or KeyError on other values."""
    plain = dict(values)
    plain["findings"] = tuple(Finding(**{**entry, "files": tuple(entry["files"])}) for entry in plain["findings"])
    plain["gaps"] = tuple((int(low), int(high)) for low, high in plain["gaps"])
    for name in ("notes", "heldout_notes", "axes_learnable"):
        plain[name] = tuple(plain[name])
    plain["range_hz"] = None if plain["range_hz"] is None else tuple(plain["range_hz"])
    plain["time"] = None if plain["time"] is None else TimeEstimate(**plain["time"])
    return DataReport(**plain)


def note_name(note: int) -> str:
    """MIDI 60 is C4."""
    return f"{NOTE_NAMES[note % 12]}{note // 12 - 1}"


def find_gaps(notes: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Neighbouring notes more than a semitone wider apart than the set's usual step."""
    present = sorted(set(notes))
    steps = np.diff(present)
    usual = int(np.median(steps)) if len(steps) else 1
    return tuple((low, high) for low, high in itertools.pairwise(present) if high - low > max(usual, 1))


def _left_out(analyses: Sequence[FileAnalysis]) -> list[Finding]:
    findings = []
    for kind, remedy in REMEDIES.items():
        bad = [a for a in analyses if a.problem is not None and a.problem[0] == kind]
        for analysis in bad:
            assert analysis.problem is not None
            findings.append(Finding(kind, BUT, f"left out: {analysis.problem[1]}", remedy, (analysis.name,)))
    return findings


def _amount(dataset: Dataset) -> list[Finding]:
    minutes = sum(clip.frames for clip in dataset.train) / FRAME_RATE_HZ / 60
    notes = {clip.note for clip in dataset.train}
    findings = []
    if minutes < LEAST_MINUTES:
        text = f"only {minutes * 60:.0f} s of sound are left to train on"
        findings.append(Finding("too little", STOP, text, "record a minute or more"))
    elif minutes < ENOUGH_MINUTES:
        text = f"{minutes * 60:.0f} s of sound to train on is little; the voice may copy the recordings"
        findings.append(Finding("little", BUT, text, "record a minute or more"))
    if len(notes) < ENOUGH_NOTES:
        text = f"only {len(notes)} different note{'s' * (len(notes) != 1)} to train on"
        findings.append(Finding("few notes", BUT, text, f"record {ENOUGH_NOTES} or more pitches"))
    if not dataset.heldout:
        text = "no note is left to test with, so the voice's scores will flatter it"
        findings.append(Finding("no test", BUT, text, "record three or more pitches"))
    return findings


def _quality(dataset: Dataset, report: dict[str, Any]) -> list[Finding]:
    findings = []
    wide = [(low, high) for low, high in report["gaps"] if high - low > WIDE_GAP_SEMITONES]
    if wide:
        where = ", ".join(f"{note_name(low)}–{note_name(high)}" for low, high in wide)
        findings.append(Finding("gaps", BUT, f"wide gaps in pitch: {where}", "record a note in each"))
    if report["dynamics_db"] < FLAT_DYNAMICS_DB:
        text = f"dynamics span {report['dynamics_db']:.1f} dB only; LEVEL will change volume, not tone"
        findings.append(Finding("flat", BUT, text, "record soft and loud notes"))
    floor = report["noise_floor_db"]
    if floor is not None and floor > NOISY_DB:
        text = f"background noise is {-floor:.0f} dB under the loudest sound; the voice will learn it"
        findings.append(Finding("noisy", BUT, text, "record closer, or in a quieter room"))
    if report["unpitched_share"] > OFTEN_UNPITCHED:
        text = f"{report['unpitched_share']:.0%} of the frames have no pitch"
        findings.append(Finding("often unpitched", BUT, text, "trim noise and silence between notes"))
    units = ("octaves", "dB", "dB")
    for name, ok, spread, least, unit in zip(
        AXES, dataset.axis_learnable, dataset.axis_spreads, LEARNABLE_SPREAD, units, strict=True
    ):
        if not ok:
            text = (
                f"{name} hardly varies ({spread:.1f} {unit}, {least:g} needed); its knob will be an effect, not learned"
            )
            findings.append(Finding("flat axis", GOOD, text, "vary it while you record"))
    return findings


def make_report(
    analyses: Sequence[FileAnalysis], dataset: Dataset | None, sha256: str, source: dict[str, str]
) -> DataReport:
    """Judge analysed files and the data set made of them (None where none could be made)."""
    used = [analysis for analysis in analyses if analysis.stretches]
    floors = [a.noise_floor_db for a in used if a.noise_floor_db is not None]
    lengths = [a.seconds for a in used]
    values: dict[str, Any] = {
        "files": len(analyses),
        "files_used": len(used),
        "minutes": dataset.minutes if dataset else 0.0,
        "noise_floor_db": float(np.median(floors)) if floors else None,
        "polyphonic_files": sum(a.problem is not None and a.problem[0] == "polyphonic" for a in analyses),
        "unpitched_share": float(np.average([a.unpitched_share for a in used], weights=lengths)) if used else 0.0,
        "licence": source.get("licence"),
        "sha256": sha256,
    }
    findings = _left_out(analyses)
    if dataset is None:
        text = f"none of the {len(analyses)} files holds a sound with a dependable pitch"
        findings.insert(0, Finding("nothing", STOP, text, "record single sustained notes"))
    else:
        notes = sorted({clip.note for clip in dataset.clips})
        low, high = dataset.loudness_range_db
        values |= {
            "notes": tuple(notes),
            "gaps": find_gaps(notes),
            "heldout_notes": tuple(sorted({clip.note for clip in dataset.heldout})),
            "range_hz": dataset.range_hz,
            "dynamics_db": high - low,
            "axes_learnable": dataset.axis_learnable,
        }
        findings += _amount(dataset) + _quality(dataset, values)
    if not values["licence"]:
        text = "no licence is given, so the voice stays private"
        findings.append(Finding("licence", GOOD, text, 'put {"licence": "CC-BY-4.0", "author": …} into source.json'))
    order = {STOP: 0, BUT: 1, GOOD: 2}
    findings.sort(key=lambda finding: order[finding.severity])
    worst = findings[0].severity if findings else GOOD
    return DataReport(verdict=worst, findings=tuple(findings), **values)
