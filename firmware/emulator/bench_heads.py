# SPDX-License-Identifier: MIT
"""What the synthesiser's parts and the whole voice cost, per sample of 48 kHz, by the timing model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lottava import upsample
from lottava.units import BLOCK_SAMPLES, HOP_SAMPLES

from .bench import SAMPLE, Row, counts
from .machine import Machine, Timing
from .measure import Cost

PARTIALS, BANDS = 64, 17


def _sum_row(timings: list[Timing], group: str, shape: str, samples: int, exact: bool | None) -> Row:
    """All calls together, per sample."""
    return Row(group, shape, "lottava", counts(timings, per=samples), 1.0, SAMPLE, exact)


def head_rows(machine: Machine) -> Iterator[Row]:
    """Tests hold the float parts to within 1 LSB of 16 bits of their oracles, the upsamplers to the bit."""
    yield _harmonics(machine)
    yield _band_noise(machine)
    yield _nsf_source(machine)
    yield from (_upsampler(machine, factor) for factor in upsample.FACTORS)


def _ramp() -> np.ndarray:
    return (np.arange(1, HOP_SAMPLES + 1) / HOP_SAMPLES).astype(np.float32)


def _object(machine: Machine, name: str) -> int:
    machine.release()
    return machine.allocate(machine.call(f"lottava_{name}_size"))


def _harmonics(machine: Machine) -> Row:
    """A frame: new amplitudes, then four blocks of a ramp towards them."""
    bank = _object(machine, "harmonics")
    machine.call("lottava_harmonics_create", bank)
    rng = np.random.default_rng(0)
    amplitudes, phase = machine.allocate(4 * PARTIALS), machine.allocate(4 * HOP_SAMPLES)
    ramp, y = machine.place(_ramp()), machine.allocate(4 * HOP_SAMPLES)
    machine.write(phase, (np.arange(HOP_SAMPLES, dtype=np.uint64) * 39_370_533 & 0xFFFFFFFF).astype(np.uint32))
    for _ in range(2):
        machine.write(amplitudes, rng.uniform(0.0, 0.02, PARTIALS).astype(np.float32))
        timings = [machine.call_timed("lottava_harmonics_target", bank, amplitudes, 1.0)]
        for at in range(0, 4 * HOP_SAMPLES, 4 * BLOCK_SAMPLES):
            timings.append(
                machine.call_timed("lottava_harmonics_render", bank, phase + at, ramp + at, y + at, BLOCK_SAMPLES)
            )
    return _sum_row(timings, "harmonics", f"{PARTIALS} partials, ramped", HOP_SAMPLES, None)


def _band_noise(machine: Machine) -> Row:
    noise = _object(machine, "band_noise")
    machine.call("lottava_band_noise_create", noise)
    rng = np.random.default_rng(0)
    bands, ramp, y = machine.allocate(4 * BANDS), machine.place(_ramp()), machine.allocate(4 * BLOCK_SAMPLES + 16)
    for _ in range(2):
        machine.write(bands, rng.uniform(0.0, 0.1, BANDS).astype(np.float32))
        timings = [machine.call_timed("lottava_band_noise_target", noise, bands, 1.0)]
        for at in range(0, 4 * HOP_SAMPLES, 4 * BLOCK_SAMPLES):
            timings.append(machine.call_timed("lottava_band_noise_render", noise, ramp + at, y, BLOCK_SAMPLES))
    return _sum_row(timings, "band noise", f"{BANDS} bands, ramped", HOP_SAMPLES, None)


def _nsf_source(machine: Machine) -> Row:
    """96 samples of 24 kHz a frame, 24 a block."""
    source = _object(machine, "nsf_source")
    merge = machine.place(np.linspace(0.3, 0.02, 9).astype(np.float32))
    machine.call("lottava_nsf_source_create", source, merge)
    y, noise = machine.allocate(64), machine.allocate(64)
    for _ in range(2):
        timings = [machine.call_timed("lottava_nsf_source_frame", source, 39_370_533, 1.0)]
        timings += [machine.call_timed("lottava_nsf_source_render", source, y, noise, 24) for _ in range(4)]
    return _sum_row(timings, "nsf source", "8 sines and noise at 24 kHz", HOP_SAMPLES, None)


def _upsampler(machine: Machine, factor: int) -> Row:
    name = f"upsample_{factor}"
    upsampler = _object(machine, name)
    machine.call(f"lottava_{name}_create", upsampler)
    size = BLOCK_SAMPLES // factor
    codes = np.random.default_rng(0).integers(-(1 << 15), 1 << 15, (3, size)).astype(np.int16)
    x, y = machine.allocate(2 * size), machine.allocate(4 * BLOCK_SAMPLES)
    found = []
    for block in codes:
        machine.write(x, block)
        timing = machine.call_timed(f"lottava_{name}_process", upsampler, x, y, size)
        found.append(machine.read(y, BLOCK_SAMPLES, np.float32))
    expected = upsample.upsample(codes.reshape(-1), factor)
    exact = np.array_equal(np.concatenate(found), np.asarray(expected[0], np.float32).reshape(-1))
    return _sum_row([timing], "upsampler", f"{48 // factor} to 48 kHz", BLOCK_SAMPLES, exact)


def voice_rows(name: str, cost: Cost) -> list[Row]:
    """The audio interrupt of the whole module with a voice that plays: mean, and the block with most cycles."""
    mean = counts(cost.blocks, per=len(cost.blocks) * BLOCK_SAMPLES)
    worst = counts([cost.worst_block], per=BLOCK_SAMPLES)
    return [
        Row("voice", f"{name}, mean", "lottava", mean, 1.0, SAMPLE, None),
        Row("voice", f"{name}, worst block", "lottava", worst, 1.0, SAMPLE, None),
    ]
