# SPDX-License-Identifier: MIT
"""What the image makes of the converter's codes: noise at the blocks' rate goes, steps pass at once."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from lottava.emulator import FrontEnd, Seed, build_image

from lottava.board import BOARD

CVS = len(BOARD.cv_inputs)
CODES = struct.Struct(f"<{CVS}H")
PEAK_CODES = 40
"""2 mV: of a regulator that a core at 480 MHz wakes and sends to sleep a thousand times a second."""


@pytest.fixture(scope="module")
def image() -> Path:
    return build_image()


class Rippling(FrontEnd):
    """A front end whose converter sees a sine of `harmonic` times the blocks' rate."""

    seed: Seed
    harmonic = 0

    def scan(self, channels: Sequence[int], mux_position: int) -> np.ndarray:
        codes = super().scan(channels, mux_position).astype(float)
        if self.harmonic:
            hertz = self.harmonic * self.seed.sample_rate_hz / 48
            codes += PEAK_CODES * math.sin(2 * math.pi * hertz * self.seed.seconds + 0.3)
        return np.rint(codes).astype(np.uint16)


def start(image: Path) -> tuple[Seed, Rippling]:
    frontend = Rippling.ideal()
    assert isinstance(frontend, Rippling)
    seed = Seed(image, frontend=frontend)
    frontend.seed = seed
    seed.run_blocks(5)
    return seed, frontend


def taken(seed: Seed, blocks: int) -> np.ndarray:
    """CV codes [blocks, 7] that the instrument was given."""
    (address,) = [value for name, value in seed.image.symbols.items() if name.endswith("7inputs_E")]
    codes = []
    for _ in range(blocks):
        seed.run_blocks(1)
        codes.append(CODES.unpack(seed.cpu.uc.mem_read(address, CODES.size)))
    return np.array(codes, float)


@pytest.mark.parametrize(("harmonic", "left"), [(1, 0.03), (2, 0.045), (3, 0.05)])
def test_what_repeats_with_the_blocks_is_filtered_out(image: Path, harmonic: int, left: float) -> None:
    """A fiftieth or so of it is left, and half a code of rounding."""
    seed, frontend = start(image)
    quiet = taken(seed, 4)[-1]
    frontend.harmonic = harmonic
    rippled = taken(seed, 60)[6:]
    assert np.abs(rippled - quiet).max() <= PEAK_CODES * left + 1


def test_a_step_passes_at_once_and_whole(image: Path) -> None:
    seed, _ = start(image)
    before = taken(seed, 3)[-1, 0]
    seed.set_volts("v_oct", 1 / 12)
    after = taken(seed, 3)[:, 0]
    assert before - after[-1] == pytest.approx(498, abs=2)
    assert after[1] == after[2]


def test_a_small_move_is_there_after_two_blocks(image: Path) -> None:
    """A cent and a half of V/OCT, below what counts as a step."""
    seed, _ = start(image)
    before = taken(seed, 3)[-1, 0]
    seed.set_volts("v_oct", 0.005)
    after = taken(seed, 5)[:, 0]
    assert before - after[-1] == pytest.approx(30, abs=1)
    assert np.all(np.diff(after) <= 0)


def test_a_constant_voltage_gives_its_very_code(image: Path) -> None:
    seed, frontend = start(image)
    expected = frontend.scan([BOARD.seed_pins[cv.jack.pin].adc_channel or 0 for cv in BOARD.cv_inputs], 0)
    np.testing.assert_array_equal(taken(seed, 1)[0], expected)
