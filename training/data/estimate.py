# SPDX-License-Identifier: MIT
"""How long training will take on this machine: a reference figure scaled by a short measurement."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import scipy.fft

REFERENCE_STEP_S = 0.13
"""One step of the demo's size (batch 4 x 1 s at 48 kHz, three FFT sizes) on two idle cores of the reference machine."""

REFERENCE_KERNEL_S = 0.0009
"""The kernel below on one core of the same machine."""

DEFAULT_STEPS = 2000


@dataclass(frozen=True)
class TimeEstimate:
    """Seconds that training is likely to take, and what that figure rests on."""

    seconds: float
    steps: int
    basis: str

    def words(self) -> str:
        """'about 4 min (basis)'."""
        minutes = self.seconds / 60
        amount = f"{self.seconds:.0f} s" if minutes < 1 else f"{minutes:.0f} min"
        return f"about {amount} ({self.basis})"


def _measure_kernel_s() -> float:
    """Best of five runs of what training does most: products of oscillator tables, and spectra."""
    table = np.ones((192, 81), dtype=np.float32)
    gains = np.ones((81, 1000), dtype=np.float32)
    sound = np.ones((94, 2048), dtype=np.float32)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        table @ gains
        scipy.fft.rfft(sound)
        times.append(time.perf_counter() - start)
    return min(times)


def estimate_training(steps: int = DEFAULT_STEPS, seconds_per_step: float | None = None) -> TimeEstimate:
    """Time for so many steps; with seconds_per_step known (measured in training), nothing is guessed."""
    if seconds_per_step is not None:
        return TimeEstimate(steps * seconds_per_step, steps, f"{steps} steps at {seconds_per_step:.2f} s measured here")
    ratio = _measure_kernel_s() / REFERENCE_KERNEL_S
    basis = (
        f"estimate: {steps} steps at {REFERENCE_STEP_S} s on a reference machine, this one takes {ratio:.1f} × as long"
    )
    return TimeEstimate(steps * REFERENCE_STEP_S * ratio, steps, basis)
