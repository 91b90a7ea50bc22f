# SPDX-License-Identifier: MIT
"""Slim = mask: the smaller decoder equals the masked big one, whatever is removed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.generators.ddsp import DDSP, Widths
from lottava.training.reduction.groups import channel_groups
from lottava.training.reduction.trim import (
    KeepError,
    compose,
    full_keep,
    mask,
    select,
    select_optimiser,
    trim,
    validate_keep,
    widths,
)
from lottava.training.slim import to_graph

WIDTHS = Widths(pitch=5, loudness=6, axes=7, gru=8, out=9)


def decoder(seed: int = 0) -> DDSP:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return DDSP(WIDTHS).double()


CHANNELS = channel_groups(to_graph(decoder()))


def play(model: DDSP, seed: int = 1) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    pitch, loudness, axes = (
        2 * torch.rand((2, 20, size), generator=rng, dtype=torch.float64) - 1 for size in (1, 1, 4)
    )
    with torch.no_grad():
        controls, _ = model(4 * pitch, loudness, axes)
    return controls


@st.composite
def keeps(draw, sizes=None):
    sizes = sizes or {name: group.size for name, group in CHANNELS.free.items()}
    return {name: np.array(sorted(draw(st.sets(st.integers(0, size - 1), min_size=1)))) for name, size in sizes.items()}


@settings(deadline=None)
@given(keeps(), st.integers(0, 100))
def test_trim_equals_mask(keep, seed):
    model = decoder(seed)
    small, masked = trim(model, keep), mask(model, keep)
    assert torch.allclose(play(small), play(masked), rtol=0, atol=1e-12)
    count = sum(value.numel() for value in small.parameters())
    assert count == small.widths.parameter_count == CHANNELS.parameter_count(widths(keep))


def test_keeping_everything_is_the_identity():
    model, keep = decoder(), full_keep(CHANNELS)
    for copy in (trim(model, keep), mask(model, keep)):
        for name, value in copy.state_dict().items():
            assert torch.equal(value, model.state_dict()[name])
        assert torch.equal(play(copy), play(model))


def test_mask_silences_a_unit_that_mattered():
    model = decoder()
    keep = full_keep(CHANNELS) | {"hidden": np.array([0, 1, 2])}
    assert not torch.allclose(play(mask(model, keep)), play(model))


@settings(deadline=None)
@given(keeps())
def test_frozen_axes_are_untouched(keep):
    small = trim(decoder(), keep)
    assert small.head.out_features == 82
    assert (small.pitch_mlp.in_features, small.loudness_mlp.in_features, small.axes_mlp.in_features) == (1, 1, 4)


@settings(deadline=None)
@given(st.data())
def test_two_trims_are_one_trim_of_the_composed_keep(data):
    first = data.draw(keeps())
    second = data.draw(keeps(sizes={name: len(kept) for name, kept in first.items()}))
    model = decoder()
    twice, once = trim(trim(model, first), second), trim(model, compose(first, second))
    for name, value in once.state_dict().items():
        assert torch.equal(value, twice.state_dict()[name])


def test_trimming_leaves_the_model_and_the_random_state_alone():
    model = decoder()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rng = torch.random.get_rng_state()
    small = trim(model, full_keep(CHANNELS) | {"hidden": np.array([3])})
    small.head.weight.data.zero_()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(rng, torch.random.get_rng_state())


def test_optimiser_moments_follow_their_weights():
    model = decoder()
    optimiser = torch.optim.Adam(model.parameters())
    controls, _ = model(torch.ones(1, 3, 1).double(), torch.ones(1, 3, 1).double(), torch.ones(1, 3, 4).double())
    controls.square().mean().backward()
    optimiser.step()
    keep = full_keep(CHANNELS) | {"hidden": np.array([1, 6])}
    small = trim(model, keep)
    names = [name for name, _ in model.named_parameters()]
    selected = select_optimiser(optimiser.state_dict(), names, CHANNELS, keep)
    torch.optim.Adam(small.parameters()).load_state_dict(selected)
    for index, name in enumerate(names):
        moment = optimiser.state_dict()["state"][index]["exp_avg"]
        assert torch.equal(selected["state"][index]["exp_avg"], select({name: moment}, CHANNELS, keep)[name])
        assert selected["state"][index]["exp_avg"].shape == dict(small.named_parameters())[name].shape


@pytest.mark.parametrize(
    ("keep", "why"),
    [
        ({"nothing": np.array([0])}, "no group"),
        ({"controls": np.array([0])}, "frozen"),
        ({"hidden": np.array([], dtype=int)}, "at least one"),
        ({"hidden": np.array([0.0])}, "indices"),
        ({"hidden": np.array([2, 1])}, "sorted"),
        ({"hidden": np.array([1, 1])}, "distinct"),
        ({"hidden": np.array([-1, 1])}, "0..7"),
        ({"hidden": np.array([8])}, "0..7"),
    ],
)
def test_a_keep_set_that_does_not_fit_is_refused(keep, why):
    with pytest.raises(KeepError, match=why):
        validate_keep(keep, CHANNELS)


def test_a_tensor_of_another_shape_is_refused():
    with pytest.raises(KeepError, match=r"head\.bias"):
        select({"head.bias": torch.zeros(3)}, CHANNELS, full_keep(CHANNELS))
