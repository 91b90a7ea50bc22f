# SPDX-License-Identifier: MIT
"""All that is measured of how a trained network sounds and obeys, as one flat row: what a comparison writes down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..generators.family import Network
from ..generators.registry import family_of
from ..wild import WildEncoder
from . import embedding, mos
from .axes import Render
from .control import response
from .frechet import MelSpace, distances
from .metrics import score
from .render import as_heard, render_inputs, rendered_notes

Figures = dict[str, float | None]

OPTIONAL = {"frechet": ("aisfx", embedding.available), "visqol": ("visqol-python", mos.available)}
"""Figures that optional packages make: the package, and whether it is there."""


def missing() -> tuple[str, ...]:
    """One sentence for each figure that stays empty for want of a package."""
    return tuple(
        f"{figure} is not measured: the package {package} is not installed; {embedding.INSTALL}"
        for figure, (package, available) in OPTIONAL.items()
        if not available()
    )


def quality(model: Network, encoder: WildEncoder | None, dataset: Dataset) -> Figures:
    """Figures of a float network, as quality_of gives them."""
    return quality_of(partial(render_inputs, model), family_of(model).rate_hz, encoder, dataset)


def quality_of(render: Render, rate_hz: int, encoder: WildEncoder | None, dataset: Dataset) -> Figures:
    """Figures of any voice on the held-out notes; None where there was nothing to measure, or `missing` says why.

    rate_hz: of its own sound; one of 24 kHz is judged in its own band. An integer voice has `render` and `rate_hz`.

    mrstft, f0_cents, f0_gross_rate, loudness_db: measured axes, WILD at 0. mrstft_noon: all axes at noon.
    mrstft_encoded: WILD where the encoder puts each recording; None without one.
    frechet, frechet_halves, frechet_floor and the same of mel_frechet: frechet.py; of embeddings, and of mel frames.
    visqol: mos.py. <axis>_spearman, <axis>_travel, <axis>_cross_talk: of bright, breath and body, as axes.py and
    control.py sweep them; None where the recordings don't teach the axis.
    """
    pairs = list(rendered_notes(render, rate_hz, dataset))
    found: dict[str, float] = dict(score(iter(pairs)).as_dict())
    found["mrstft_noon"] = score(rendered_notes(render, rate_hz, dataset, noon=True)).mrstft
    encoded = None if encoder is None else score(rendered_notes(render, rate_hz, dataset, encoder=encoder))
    found["mrstft_encoded"] = math.nan if encoded is None else encoded.mrstft
    order = np.argsort([clip.note for clip in dataset.heldout], kind="stable")
    found |= likeness([pairs[i][:2] for i in order], [as_heard(clip.audio, rate_hz) for clip in dataset.train])
    heard = response(render, dataset)
    for curve, talk in zip(heard.curves, heard.cross_talk, strict=True):
        for name, value in (("spearman", curve.spearman), ("travel", curve.travel), ("cross_talk", talk)):
            found[f"{curve.axis.lower()}_{name}"] = value if curve.learnable else math.nan
    return {name: float(value) if math.isfinite(value) else None for name, value in found.items()}


def likeness(pairs: Sequence[tuple[NDArray, NDArray]], training: Sequence[NDArray]) -> dict[str, float]:
    """Fréchet distances and ViSQOL of (recording, rendering), lowest note first; nan where a package is missing.

    training: recordings that the space of mel frames is fitted on.
    """
    ears = {
        "frechet": embedding.embed if embedding.available() else None,
        "mel_frechet": MelSpace.of(training).features,
    }
    found = {"visqol": mos.visqol(pairs) if mos.available() else math.nan}
    for name, ear in ears.items():
        figures = (math.nan, math.nan, math.nan)
        if ear is not None and len(pairs) > 1:
            figures = distances([ear(recording) for recording, _ in pairs], [ear(made) for _, made in pairs])
        found |= dict(zip((name, f"{name}_halves", f"{name}_floor"), figures, strict=True))
    return found
