# SPDX-License-Identifier: MIT
"""Does each knob do what it says: sweep an axis over held-out notes and measure its descriptor in the sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from lottava.synth import SynthEdits
from lottava.units import FRAME_RATE_HZ, HOP_SAMPLES

from ..data.dataset import AXES, LEARNABLE_SPREAD, Clip, Dataset, network_inputs
from ..data.features import measure_descriptors, measure_loudness_db

FloatArray = NDArray[np.float32]
Render = Callable[[Mapping[str, FloatArray]], NDArray]
"""Network inputs (pitch, loudness [batch, frames, 1]; axes [batch, frames, 4]) to audio [batch, 192 * frames]."""

POSITIONS = tuple(np.linspace(-1, 1, 9).tolist())
EXCERPT_SECONDS = 1.0
SETTLE_FRAMES = 40
"""The first 160 ms of an excerpt are not judged: the recurrent state starts from nothing there."""

LEARNED_SPEARMAN = 0.9
UNITS = ("octaves of centroid", "dB noise to harmonics", "dB odd to even")
EDIT_STRENGTH = SynthEdits(tilt=0.5, breath_db=12.0, body_db=12.0, ripple_db=9.0)
"""Travel of an axis that the recordings did not teach: ±0.5 of slope in k, ±12 dB of noise, ±12 dB of even partials,
±9 dB of ripple over the partials."""


@dataclass(frozen=True)
class AxisCurve:
    """Descriptor against knob. per_note [notes][positions]; mean [positions]; spearman: mean over notes of the rank
    correlation of knob and descriptor; travel: from end to end, in units; learned: taught, monotone, far enough."""

    axis: str
    unit: str
    positions: tuple[float, ...]
    per_note: tuple[tuple[float, ...], ...]
    notes: tuple[int, ...]
    spearman: float
    learnable: bool

    @property
    def mean(self) -> tuple[float, ...]:
        """The descriptor averaged over notes at each position."""
        return tuple(np.mean(self.per_note, axis=0).tolist())

    @property
    def travel(self) -> float:
        """Descriptor at the right end minus that at the left."""
        return self.mean[-1] - self.mean[0]

    @property
    def learned(self) -> bool:
        """What the card says: False where a DSP edit gives the knob its travel.

        Monotone, and from end to end at least the spread that was asked of the recordings.
        """
        least = LEARNABLE_SPREAD[AXES.index(self.axis)]
        return self.learnable and self.spearman >= LEARNED_SPEARMAN and self.travel >= least

    def as_dict(self) -> dict[str, Any]:
        """All figures, for JSON."""
        return asdict(self) | {"mean": self.mean, "travel": self.travel, "learned": self.learned}


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Rank correlation; 0 where one of them does not move."""
    a, b = (rankdata(np.round(v, 9)) - (len(v) + 1) / 2 for v in (x, y))
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm else 0.0


def loudest_excerpt(clip: Clip, frames: int) -> slice:
    """The loudest voiced stretch of so many frames; the whole clip where it is shorter."""
    if clip.frames <= frames:
        return slice(0, clip.frames)
    kernel = np.ones(frames) / frames
    level = np.convolve(np.where(clip.voiced, clip.loudness_db, -120.0), kernel, mode="valid")
    start = int(np.argmax(level))
    return slice(start, start + frames)


def sweep_axis(
    render: Render, clips: Sequence[Clip], dataset: Dataset, axis: int, positions: Sequence[float] = POSITIONS
) -> AxisCurve:
    """Hold one axis (0..2) at each position, the others at noon, and measure its descriptor on a second of each note.

    Raises ValueError without clips.
    """
    curves = [descriptors_swept(render, clip, dataset, axis, positions)[:, axis] for clip in clips]
    return axis_curve(curves, clips, dataset, axis, positions)


def axis_curve(
    curves: Sequence[NDArray], clips: Sequence[Clip], dataset: Dataset, axis: int, positions: Sequence[float]
) -> AxisCurve:
    """What one axis does to its descriptor, of curves [positions] a note. Raises ValueError without notes."""
    if not clips:
        raise ValueError("an axis needs held-out notes to be swept on; there are none")
    return AxisCurve(
        axis=AXES[axis],
        unit=UNITS[axis],
        positions=tuple(positions),
        per_note=tuple(tuple(float(value) for value in curve) for curve in curves),
        notes=tuple(clip.note for clip in clips),
        spearman=float(np.mean([spearman(positions, curve.tolist()) for curve in curves])),
        learnable=bool(dataset.axis_learnable[axis]),
    )


def descriptors_swept(
    render: Render, clip: Clip, dataset: Dataset, axis: int, positions: Sequence[float] = POSITIONS
) -> NDArray[np.float64]:
    """All three descriptors [positions, 3] of the loudest second of a clip while one axis is held at each position."""
    part = loudest_excerpt(clip, round(EXCERPT_SECONDS * FRAME_RATE_HZ))
    inputs = network_inputs(clip, dataset)
    batch = {name: np.repeat(inputs[name][None, part], len(positions), axis=0) for name in ("pitch", "loudness")}
    frames = batch["pitch"].shape[1]
    axes = np.zeros((len(positions), frames, 4), dtype=np.float32)
    axes[:, :, axis] = np.asarray(positions, dtype=np.float32)[:, None]
    f0_hz = clip.f0_filled_hz[part]
    values = []
    for audio in render({**batch, "axes": axes}):
        sound = np.asarray(audio, dtype=np.float64)[: frames * HOP_SAMPLES]
        raw = measure_descriptors(sound, f0_hz, measure_loudness_db(sound), dataset.bright_fit)
        values.append(raw[min(SETTLE_FRAMES, frames // 2) :].mean(axis=0))
    return np.array(values)


def sweep_axes(render: Render, dataset: Dataset, clips: Sequence[Clip] | None = None) -> tuple[AxisCurve, ...]:
    """BRIGHT, BREATH and BODY on the held-out notes (or the clips given)."""
    notes = dataset.heldout if clips is None else clips
    return tuple(sweep_axis(render, notes, dataset, axis) for axis in range(len(AXES)))


def sweep_edited(
    render: Render, dataset: Dataset, plain: Sequence[AxisCurve], edits: SynthEdits
) -> tuple[AxisCurve, ...]:
    """Curves of a voice with edits, given those without: an edit does nothing while its axis is at noon."""
    strengths = (edits.tilt, edits.breath_db, edits.body_db)
    return tuple(
        sweep_axis(render, dataset.heldout, dataset, axis) if strength else curve
        for axis, (curve, strength) in enumerate(zip(plain, strengths, strict=True))
    )


def choose_edits(curves: Sequence[AxisCurve], wild_dead: bool) -> SynthEdits:
    """DSP edits for the axes that were not learned, nothing for those that were. wild_dead: WILD carries nothing."""
    learned = {curve.axis: curve.learned for curve in curves}
    return SynthEdits(
        tilt=0.0 if learned.get("BRIGHT") else EDIT_STRENGTH.tilt,
        breath_db=0.0 if learned.get("BREATH") else EDIT_STRENGTH.breath_db,
        body_db=0.0 if learned.get("BODY") else EDIT_STRENGTH.body_db,
        ripple_db=EDIT_STRENGTH.ripple_db if wild_dead else 0.0,
    )
