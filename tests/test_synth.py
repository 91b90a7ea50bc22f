# SPDX-License-Identifier: MIT
"""Laws of the DSP oracle: exact phase, ramps, restarts, noise, decoding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lottava import synth
from lottava.synth import SynthEdits, SynthFrame, SynthState
from lottava.units import HOP_SAMPLES, SAMPLE_RATE_HZ

uint32 = st.integers(0, 2**32 - 1)
lengths = st.one_of(st.just(HOP_SAMPLES), st.integers(0, HOP_SAMPLES))


def random_frame(seed: int, low_hz: float = 50.0, high_hz: float = 2000.0) -> SynthFrame:
    rng = np.random.default_rng(seed)
    increment = synth.increment_from_hz(float(rng.uniform(low_hz, high_hz)))
    return synth.frame_from_controls(rng.normal(0.0, 2.0, synth.CONTROLS), increment)


def sine_frame(f0_hz: float, amplitude: float = 1.0) -> SynthFrame:
    amplitudes = np.zeros(synth.PARTIALS)
    amplitudes[0] = amplitude
    return SynthFrame(synth.increment_from_hz(f0_hz), amplitudes, np.zeros(synth.NOISE_BANDS))


@given(st.integers(0, 2**32), st.lists(lengths, min_size=1, max_size=6), st.integers(0, 6))
@settings(max_examples=25, deadline=None)
def test_rendering_in_pieces_gives_the_same_samples(seed: int, lengths: list[int], cut: int) -> None:
    segments = [(random_frame(seed + i), length) for i, length in enumerate(lengths)]
    out, aux, end = synth.render(segments, gain=0.5)
    first, first_aux, state = synth.render(segments[:cut], gain=0.5)
    second, second_aux, state = synth.render(segments[cut:], state, gain=0.5)
    np.testing.assert_array_equal(np.concatenate([first, second]), out)
    np.testing.assert_array_equal(np.concatenate([first_aux, second_aux]), aux)
    assert (state.phase, state.increment, state.noise) == (end.phase, end.increment, end.noise)
    assert len(out) == len(aux) == sum(lengths)


@given(uint32, uint32)
def test_increment_step_is_the_truncated_wrapped_difference(previous: int, target: int) -> None:
    difference = int(np.array(target - previous, dtype=np.int64).astype(np.uint32).view(np.int32))
    step = synth.increment_step(previous, target)
    assert step == int(np.trunc(difference / HOP_SAMPLES))
    assert abs(difference - step * HOP_SAMPLES) < HOP_SAMPLES


@given(uint32, uint32, uint32, lengths)
@settings(max_examples=50)
def test_phase_is_what_a_uint32_loop_gives(phase: int, previous: int, target: int, length: int) -> None:
    step = synth.increment_step(previous, target)
    got, after = synth.phases(phase, previous, step, length)
    for i in range(length):
        assert got[i] == phase
        phase = (phase + previous + step * i) % 2**32
    assert after == phase


def test_pitch_is_exact_over_a_minute() -> None:
    increment = synth.increment_from_hz(440.0)
    state = SynthState(increment=increment)
    for _ in range(100):
        _, _, state = synth.render_segment(SynthFrame(increment, state.amplitudes, state.bands), HOP_SAMPLES, state)
    assert state.phase == increment * 100 * HOP_SAMPLES % 2**32
    assert synth.hz_from_increment(increment) == pytest.approx(440.0, abs=1e-5)


@pytest.mark.parametrize("f0_hz", [-1.0, 24_000.0, np.nan])
def test_pitches_beyond_the_rate_are_refused(f0_hz: float) -> None:
    with pytest.raises(ValueError, match="can't be played"):
        synth.increment_from_hz(f0_hz)


def test_amplitude_ramps_over_one_hop_and_then_holds() -> None:
    frame = sine_frame(1000.0)
    out, aux, state = synth.render([(frame, HOP_SAMPLES)] * 2)
    n = np.arange(2 * HOP_SAMPLES)
    envelope = np.minimum(n / HOP_SAMPLES, 1.0)
    np.testing.assert_allclose(out, envelope * np.sin(2 * np.pi * 1000.0 * n / SAMPLE_RATE_HZ), atol=1e-5)
    assert not aux.any()
    np.testing.assert_array_equal(state.amplitudes, frame.amplitudes)


@given(st.integers(0, 2**32), st.integers(0, HOP_SAMPLES - 1))
@settings(max_examples=25, deadline=None)
def test_a_restart_goes_on_from_where_the_ramps_stood(seed: int, length: int) -> None:
    old, target = random_frame(seed), random_frame(seed + 1)
    _, _, start = synth.render([(old, HOP_SAMPLES)])
    whole, _, _ = synth.render([(target, HOP_SAMPLES)], start)
    part, _, cut = synth.render([(target, length)], start)
    np.testing.assert_array_equal(part, whole[:length])
    share = length / HOP_SAMPLES
    np.testing.assert_allclose(cut.amplitudes, (1 - share) * old.amplitudes + share * target.amplitudes, atol=1e-12)
    step = synth.increment_step(old.increment, target.increment)
    assert cut.increment == old.increment + step * length
    held, _, _ = synth.render_segment(SynthFrame(cut.increment or 0, cut.amplitudes, cut.bands), 1, cut)
    if length:
        assert held[0] == pytest.approx(synth.render_segment(target, length + 1, start)[0][length], abs=1e-9)


def test_a_segment_longer_than_the_hop_is_refused() -> None:
    with pytest.raises(ValueError, match="193 samples"):
        synth.render([(sine_frame(100.0), 193)])


def test_xorshift32_is_marsaglias() -> None:
    words, state = synth.xorshift32(2463534242, 2)
    assert np.all(np.abs(words) <= 1.0)
    expected, x = [], 2463534242
    for _ in range(2):
        x = (x ^ (x << 13)) & 0xFFFFFFFF
        x ^= x >> 17
        x = (x ^ (x << 5)) & 0xFFFFFFFF
        expected.append((x - 2**32 if x >= 2**31 else x) / 2**31)
    np.testing.assert_array_equal(words, expected)
    assert state == x


def test_white_noise_is_white_and_survives_a_split() -> None:
    white, state = synth.xorshift32(synth.NOISE_SEED, 20_000)
    assert abs(white.mean()) < 0.02
    assert white.var() == pytest.approx(1 / 3, rel=0.03)
    first, middle = synth.xorshift32(synth.NOISE_SEED, 7_000)
    second, end = synth.xorshift32(middle, 13_000)
    np.testing.assert_array_equal(np.concatenate([first, second]), white)
    assert end == state


def test_noise_taps_are_symmetric_with_a_zero_first() -> None:
    matrix = synth.NOISE_MATRIX
    assert matrix.shape == (synth.NOISE_TAPS, synth.NOISE_BANDS)
    np.testing.assert_allclose(matrix[0], 0.0, atol=1e-15)
    np.testing.assert_allclose(matrix[1:], matrix[:0:-1], atol=1e-15)


@pytest.mark.parametrize("band", range(synth.NOISE_BANDS))
def test_each_band_colours_its_own_frequencies(band: int) -> None:
    response = np.abs(np.fft.rfft(synth.NOISE_MATRIX[:, band], 1024))
    centre = np.sum(response**2 * np.arange(513)) / np.sum(response**2)
    assert centre == pytest.approx(band * 32, abs=32)


def test_flat_bands_delay_white_noise_by_half_the_taps() -> None:
    taps = synth.NOISE_MATRIX @ np.ones(synth.NOISE_BANDS)
    expected = np.zeros(synth.NOISE_TAPS)
    expected[synth.NOISE_TAPS // 2] = 1.0
    np.testing.assert_allclose(taps, expected, atol=1e-12)
    frame = SynthFrame(0, np.zeros(synth.PARTIALS), np.ones(synth.NOISE_BANDS))
    state = SynthState(bands=frame.bands)
    _, aux, _ = synth.render([(frame, HOP_SAMPLES)], state)
    white, _ = synth.xorshift32(synth.NOISE_SEED, HOP_SAMPLES)
    np.testing.assert_allclose(aux[32:], white[:-32], atol=1e-12)
    assert not np.any(np.abs(aux[:32]) > 1e-12)


@given(st.floats(-500, 500))
def test_exp_sigmoid_is_positive_bounded_and_rising(x: float) -> None:
    value, more = synth.exp_sigmoid([x, x + 1.0])
    assert 1e-7 <= value <= more <= 2.0 + 1e-6
    if abs(x) < 20:
        assert value == pytest.approx(2.0 * (1 / (1 + np.exp(-x))) ** np.log(10.0) + 1e-7)


@given(st.integers(0, 2**32), st.floats(30.0, 11_000.0))
def test_decoded_amplitudes_sum_to_the_loudness_and_fade_at_nyquist(seed: int, f0_hz: float) -> None:
    controls = np.random.default_rng(seed).normal(0.0, 3.0, synth.CONTROLS)
    amplitudes, bands = synth.decode_controls(controls, f0_hz)
    total = synth.exp_sigmoid(controls[0])
    assert amplitudes.sum() <= total * (1 + 1e-12)
    if f0_hz < 300:
        assert amplitudes.sum() == pytest.approx(total, rel=1e-3)
    k = np.arange(1, synth.PARTIALS + 1)
    assert not amplitudes[k * f0_hz >= synth.FADE_END_HZ].any()
    assert amplitudes.shape == (synth.PARTIALS,)
    assert bands.shape == (synth.NOISE_BANDS,)


def test_decoding_many_frames_equals_decoding_each() -> None:
    rng = np.random.default_rng(0)
    controls, f0_hz, axes = rng.normal(size=(5, 82)), rng.uniform(50, 2000, 5), rng.uniform(-1, 1, (5, 4))
    edits = SynthEdits(0.5, 12.0, 9.0, 9.0)
    amplitudes, bands = synth.decode_controls(controls, f0_hz, axes, edits)
    for n in range(5):
        one, noise = synth.decode_controls(controls[n], f0_hz[n], axes[n], edits)
        np.testing.assert_allclose(amplitudes[n], one, rtol=1e-13)
        np.testing.assert_allclose(bands[n], noise, rtol=1e-13)


def test_an_untrained_network_is_quiet() -> None:
    _, bands = synth.decode_controls(np.zeros(synth.CONTROLS), 220.0)
    assert 20 * np.log10(bands.max()) < -80


def test_edits_give_each_axis_its_travel_and_only_when_on() -> None:
    controls, f0_hz = np.zeros(synth.CONTROLS), 100.0
    k = np.arange(1, synth.PARTIALS + 1)

    def at(axes: tuple[float, ...], edits: SynthEdits) -> tuple[np.ndarray, np.ndarray]:
        return synth.decode_controls(controls, f0_hz, axes, edits)

    plain, noise = at((0, 0, 0, 0), SynthEdits(0.5, 12.0, 12.0, 9.0))
    for axes in ((1, 1, 1, 1), (-1, -1, -1, -1)):
        np.testing.assert_array_equal(at(axes, SynthEdits())[0], plain)
    dark, bright = (at((z, 0, 0, 0), SynthEdits(tilt=0.5))[0] for z in (-1, 1))
    assert (dark @ k) / dark.sum() < (plain @ k) / plain.sum() < (bright @ k) / bright.sum()
    np.testing.assert_allclose(at((0, 1, 0, 0), SynthEdits(breath_db=20.0))[1], 10 * noise)
    hollow, _ = at((0, 0, 1, 0), SynthEdits(body_db=20.0))
    np.testing.assert_allclose(hollow[1::2] / hollow[::2], 0.1 * plain[1::2] / plain[::2])
    assert hollow.sum() == pytest.approx(plain.sum(), rel=1e-5)
    rippled, same = at((0, 0, 0, 1), SynthEdits(ripple_db=20.0))
    np.testing.assert_array_equal(same, noise)
    np.testing.assert_allclose(rippled / rippled[0], 10.0 ** np.sin(4 * np.pi * np.log2(k)) * plain / plain[0])


@pytest.mark.parametrize("slope", [0.7, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("wild", [-1.0, 1.0])
def test_the_ripple_moves_partials_but_hardly_centroid_or_odd_to_even(slope: float, wild: float) -> None:
    k = np.arange(1.0, synth.PARTIALS + 1)
    plain = k**-slope
    rippled = plain * 10 ** (wild * 9.0 / 20 * synth.RIPPLE)
    assert np.std(20 * np.log10(rippled / plain)) > 5
    centroid = [np.log2((a @ k) / a.sum()) for a in (plain, rippled)]
    balance = [10 * np.log10((a[::2] ** 2).sum() / (a[1::2] ** 2).sum()) for a in (plain, rippled)]
    assert abs(centroid[1] - centroid[0]) < 0.25
    assert abs(balance[1] - balance[0]) < 2.5
