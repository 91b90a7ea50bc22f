# SPDX-License-Identifier: MIT
"""Fréchet distances: the closed form of normal distributions, and what halves of one source are from each other."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.analysis import embedding, mos
from lottava.training.analysis.frechet import MelSpace, Normal, distances, fit_normal, frechet_distance, mel_frames

SEEDS = st.integers(0, 10_000)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_normals_that_share_their_axes_have_the_closed_form(seed):
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    a, b = rng.uniform(0.1, 3, (2, 5))
    shift = rng.normal(size=5)
    left, right = (Normal(m, axes @ np.diag(v**2) @ axes.T) for m, v in ((np.zeros(5), a), (shift, b)))
    assert frechet_distance(left, right) == pytest.approx(shift @ shift + np.sum((a - b) ** 2), rel=1e-9)
    assert frechet_distance(left, right) == pytest.approx(frechet_distance(right, left), rel=1e-9)
    assert frechet_distance(left, left) == pytest.approx(0, abs=1e-9)


def test_fewer_samples_than_dimensions_are_shrunk_to_a_distribution():
    rng = np.random.default_rng(0)
    normal = fit_normal(rng.normal(size=(6, 40)))
    assert np.linalg.eigvalsh(normal.covariance).min() > 0
    assert np.trace(normal.covariance) == pytest.approx(np.trace(np.cov(rng.normal(size=(6, 40)).T)), rel=0.5)
    with pytest.raises(ValueError, match="two samples"):
        fit_normal(np.zeros((1, 4)))


def test_perfect_and_poor_voices_beside_the_floor():
    rng = np.random.default_rng(1)
    real = [rng.normal(size=(50, 8)) + note for note in range(4)]
    same, halves, floor = distances(real, real)
    assert same == pytest.approx(0, abs=1e-9) and halves == pytest.approx(floor, rel=1e-9) and floor > 0
    poor_same, poor_halves, poor_floor = distances(real, [3 * note + 1 for note in real])
    assert poor_floor == floor and poor_same > 1 and poor_halves > 2 * floor
    with pytest.raises(ValueError, match="the same of both"):
        distances(real, real[:3])


def test_mel_space_holds_the_spread_of_its_sounds():
    rng = np.random.default_rng(2)
    sounds = [rng.normal(size=9600).astype(np.float32) * gain for gain in (0.1, 0.5)]
    space = MelSpace.of(sounds, dims=80)
    frames = np.concatenate([mel_frames(sound) for sound in sounds])
    features = np.concatenate([space.features(sound) for sound in sounds])
    assert features.shape == frames.shape == (100, 80)
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(np.trace(np.cov(features.T)), np.trace(np.cov(frames.T)), rtol=1e-9)
    assert np.all(np.diff(features.var(axis=0)) <= 1e-9)


def random_state(channels=(4, 4, 4, 6)):
    generator, state, before = torch.Generator().manual_seed(0), {}, 1
    for block, after in enumerate(channels, start=1):
        for half in (1, 2):
            state[f"conv_block{block}.conv{half}.weight"] = torch.randn(after, before, 3, 3, generator=generator)
            parts = {"running_mean": 0.0, "running_var": 1.0, "weight": 1.0, "bias": 0.1}
            state |= {f"conv_block{block}.bn{half}.{p}": torch.full((after,), v) for p, v in parts.items()}
            before = after
    return state


def test_blocks_of_a_sound_pass_the_paper_s_network():
    sound = np.sin(np.arange(3 * 48_000) * 0.05).astype(np.float32)
    blocks = embedding.log_mel_blocks(sound)
    assert blocks.shape[1:] == (100, 96) and len(blocks) == 2
    assert float(blocks.min()) >= 0 and float(blocks.max()) <= 1
    torch.testing.assert_close(embedding.log_mel_blocks(0.25 * sound), blocks)
    assert embedding.network(blocks, random_state()).shape == (2, 6)
    assert len(embedding.log_mel_blocks(sound[:100])) == 1


def test_a_missing_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    embedding.weights.cache_clear()
    assert not embedding.available()
    with pytest.raises(embedding.NotInstalled, match="needs the package aisfx"):
        embedding.embed(np.zeros(100))


@pytest.mark.skipif(not embedding.available(), reason="aisfx is not installed: scripts/setup.sh python quality")
def test_real_weights_hear_noise():
    sound = np.sin(np.arange(3 * 48_000) * 0.05)
    noisy = sound + 0.1 * np.random.default_rng(0).normal(size=len(sound))
    clean, dirty = embedding.embed(sound), embedding.embed(noisy)
    assert clean.shape == (2, 512) and np.linalg.norm(clean - dirty) > 1


def test_the_loudest_stretch_is_judged():
    sound = np.zeros(1000)
    sound[600:700] = 1
    part = mos.loudest(sound, 200)
    assert part.stop - part.start == 200 and part.start <= 600 and part.stop >= 700
    assert mos.loudest(sound, 5000) == slice(0, 1000)


@pytest.mark.skipif(not mos.available(), reason="visqol-python is not installed: scripts/setup.sh python quality")
def test_a_sound_is_marked_like_itself_better_than_noisy():
    sound = sum(np.sin(np.arange(48_000) * 0.03 * k) / k for k in range(1, 9)) / 4
    noisy = sound + 0.1 * np.random.default_rng(0).normal(size=len(sound))
    assert mos.visqol([(sound, sound)]) > 4.5 > mos.visqol([(sound, noisy)])
