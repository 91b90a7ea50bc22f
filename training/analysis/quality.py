# SPDX-License-Identifier: MIT
"""All that is measured of how a trained network sounds and obeys, as one flat row: what a comparison writes down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

from ..data.dataset import Dataset
from ..generators.family import Network
from ..wild import WildEncoder
from .axes import sweep_axes
from .render import render_inputs, score_model

Figures = dict[str, float | None]


def quality(model: Network, encoder: WildEncoder | None, dataset: Dataset) -> Figures:
    """Figures on the held-out notes; None where there was nothing to measure.

    mrstft, f0_cents, f0_gross_rate, loudness_db: measured axes, WILD at 0; a network of 24 kHz in its own band.
    mrstft_noon: all axes at noon. mrstft_encoded: WILD where the encoder puts each recording; None without one.
    <axis>_spearman, <axis>_travel: of bright, breath and body, as axes.py sweeps them; None where the recordings don't
    teach the axis.
    """
    found: dict[str, float] = dict(score_model(model, dataset).as_dict())
    found["mrstft_noon"] = score_model(model, dataset, noon=True).mrstft
    if encoder is not None:
        found["mrstft_encoded"] = score_model(model, dataset, encoder=encoder).mrstft
    else:
        found["mrstft_encoded"] = math.nan
    for curve in sweep_axes(partial(render_inputs, model), dataset):
        name = curve.axis.lower()
        found[f"{name}_spearman"] = curve.spearman if curve.learnable else math.nan
        found[f"{name}_travel"] = curve.travel if curve.learnable else math.nan
    return _known(found)


def _known(figures: Mapping[str, float]) -> Figures:
    return {name: float(value) if math.isfinite(value) else None for name, value in figures.items()}
