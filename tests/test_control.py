# SPDX-License-Identifier: MIT
"""Axes that move their own descriptor, and leave the others alone."""

import numpy as np
import pytest
from lottava.training.analysis import control
from lottava.training.analysis.axes import POSITIONS, descriptors_swept, sweep_axis
from small_dataset import small_dataset

from lottava.units import HOP_SAMPLES


def test_cross_talk_counts_what_the_others_move_in_their_own_spreads():
    knob = np.linspace(-1, 1, 9)
    swept = np.zeros((3, 9, 3))
    swept[:, :, 0] = 5 * knob
    assert control.cross_talk(swept, (1.0, 2.0, 4.0), 0) == 0
    swept[:, :, 1], swept[:, :, 2] = 2 * knob, -knob
    assert control.cross_talk(swept, (1.0, 2.0, 4.0), 0) == pytest.approx((4 / 2 + 2 / 4) / 2)
    assert control.cross_talk(np.repeat(swept[:1], 7, axis=0), (1.0, 2.0, 4.0), 0) == pytest.approx(1.25)


def knob_synth(inputs):
    """Ten partials that fall more steeply as BRIGHT turns left, hiss that rises with BREATH; BODY does nothing."""
    f0 = 261.626 * 2 ** np.repeat(inputs["pitch"][..., 0], HOP_SAMPLES, axis=1)
    phase = 2 * np.pi * np.cumsum(f0 / 48_000, axis=1)
    slope, hiss = (np.repeat(inputs["axes"][..., axis], HOP_SAMPLES, axis=1) for axis in (0, 1))
    partials = sum(np.sin(k * phase) * k ** (-1.5 + 0.5 * slope) for k in range(1, 11))
    noise = np.random.default_rng(0).uniform(-1, 1, partials.shape[1])
    return 0.1 * partials + 10 ** (hiss - 3) * noise


def test_a_synth_that_obeys_has_monotone_axes_and_little_cross_talk():
    dataset = small_dataset(notes=3, frames=60)
    heard = control.response(knob_synth, dataset)
    bright, breath, body = heard.curves
    assert bright.spearman == breath.spearman == 1 and bright.travel > 0.2 and breath.travel > 4
    assert abs(body.travel) < 0.1
    assert heard.cross_talk[2] < 0.01 < heard.cross_talk[0]
    assert heard.curves[0] == sweep_axis(knob_synth, dataset.heldout, dataset, 0)
    assert descriptors_swept(knob_synth, dataset.heldout[0], dataset, 1).shape == (len(POSITIONS), 3)


def test_a_knob_is_lost_below_a_fiftieth_of_rank_correlation():
    parent = {"bright_spearman": 0.99, "breath_spearman": 0.95, "body_spearman": None}
    assert control.lost_axes(parent, parent) == ()
    assert control.lost_axes(parent, {**parent, "bright_spearman": 0.96, "breath_spearman": 0.94}) == ("BRIGHT",)
    assert control.lost_axes(parent, {**parent, "breath_spearman": None}) == ("BREATH",)
