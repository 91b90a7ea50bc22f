# SPDX-License-Identifier: MIT
"""How well a voice obeys: each axis moves its own descriptor, far and one way, and leaves the others alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import AXES, LEARNABLE_SPREAD, Clip, Dataset
from .axes import POSITIONS, AxisCurve, Render, axis_curve, descriptors_swept

Array = NDArray[np.float64]

LOST_SPEARMAN = 0.02
"""A method that takes more than this of an axis's rank correlation has cost the player a knob."""


@dataclass(frozen=True)
class Response:
    """What the axes do to all descriptors. curves: of each axis and its own; cross_talk: spreads that others move."""

    curves: tuple[AxisCurve, ...]
    cross_talk: tuple[float, ...]


def cross_talk(swept: Array, spreads: Sequence[float], axis: int) -> float:
    """How far the other descriptors move while one axis turns, in their own spreads; mean over notes and descriptors.

    swept [notes, positions, 3]. A movement is the highest minus the lowest of a note's positions.
    """
    moved = np.ptp(swept, axis=1).mean(axis=0) / np.asarray(spreads)
    return float(np.delete(moved, axis).mean())


def response(render: Render, dataset: Dataset, positions: Sequence[float] = POSITIONS) -> Response:
    """BRIGHT, BREATH and BODY on a second of every held-out note. Raises ValueError without one.

    Spreads are those of the recordings, at least what an axis needs to be learned from.
    """
    clips: tuple[Clip, ...] = dataset.heldout
    spreads = np.maximum(dataset.axis_spreads, LEARNABLE_SPREAD).tolist()
    curves, talk = [], []
    for axis in range(len(AXES)):
        swept = [descriptors_swept(render, clip, dataset, axis, positions) for clip in clips]
        curves.append(axis_curve([note[:, axis] for note in swept], clips, dataset, axis, positions))
        talk.append(cross_talk(np.array(swept), spreads, axis))
    return Response(tuple(curves), tuple(talk))


def lost_axes(
    parent: Mapping[str, float | None], row: Mapping[str, float | None], limit: float = LOST_SPEARMAN
) -> tuple[str, ...]:
    """Axes whose rank correlation fell by more than the limit from one row of `quality` to another."""
    lost = []
    for axis in AXES:
        before, after = (figures.get(f"{axis.lower()}_spearman") for figures in (parent, row))
        if before is not None and (after is None or before - after > limit):
            lost.append(axis)
    return tuple(lost)
