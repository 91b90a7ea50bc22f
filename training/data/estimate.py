# SPDX-License-Identifier: MIT
"""How long training will take on this machine: a reference figure scaled by a short measurement."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np
import scipy.fft

REFERENCE_STEP_S = 0.13
"""One step of the demo's size (batch 4 x 1 s at 48 kHz, three FFT sizes) on two idle cores of the reference machine."""

REFERENCE_KERNEL_S = 0.0008
"""The kernel below on one core of the same machine."""

ONE_CORE = 1.6
"""A single core takes this many times as long as two (0.21 s against 0.13 s a step)."""

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
    """Best of seven runs of spectra, which training spends much of its time on: one thread, a few milliseconds."""
    sound = np.ones((200, 2048), dtype=np.float32)
    times = []
    for _ in range(7):
        start = time.perf_counter()
        scipy.fft.rfft(sound)
        times.append(time.perf_counter() - start)
    return min(times)


def estimate_training(steps: int = DEFAULT_STEPS, seconds_per_step: float | None = None) -> TimeEstimate:
    """Time for so many steps; with seconds_per_step known (measured in training), nothing is guessed."""
    if seconds_per_step is not None:
        return TimeEstimate(steps * seconds_per_step, steps, f"{steps} steps at {seconds_per_step:.2f} s measured here")
    ratio = _measure_kernel_s() / REFERENCE_KERNEL_S * (ONE_CORE if os.cpu_count() == 1 else 1.0)
    basis = (
        f"estimate: {steps} steps at {REFERENCE_STEP_S} s on a reference machine, this one takes {ratio:.1f} × as long"
    )
    return TimeEstimate(steps * REFERENCE_STEP_S * ratio, steps, basis)
