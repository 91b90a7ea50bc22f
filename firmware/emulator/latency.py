# SPDX-License-Identifier: MIT
"""Latency of the running image from its jacks to what the codec is sent: a gate's edge, a step at CV and V/OCT.

To the first sample that differs: the smoothing of a CV (4 ms) and the ramp of a frame then take their time.
A gate's edge is heard two blocks later, at the same sample of a block: what jitters is the rest of that sample.

`python -m lottava.emulator.latency [PHASES] [REVISION]` prints the table for build/seed/lottava-seed.elf and what is
asked of it (issue 4), and fails where that is not met.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lottava.units import BLOCK_SAMPLES, HOP_SAMPLES, SAMPLE_RATE_HZ

from .build import build_image
from .errors import EmulatorError
from .measure import LSB_16
from .seed import CORE_HZ, Seed

BOUND_SAMPLES = 2 * BLOCK_SAMPLES + HOP_SAMPLES
GATE_JITTER_MS = 0.1
GATE_SPREAD_SAMPLES = BLOCK_SAMPLES
GATE = "gate edge"
SETTLE_BLOCKS = 120
HORIZON_BLOCKS = 16


@dataclass(frozen=True)
class Stimulus:
    """What changes at a jack. sounding: a gate is open before, so that a tone is there to change."""

    name: str
    sounding: bool
    apply: Callable[[Seed], None]


STIMULI = (
    Stimulus(GATE, False, lambda seed: seed.set_gate(True)),
    Stimulus("LEVEL step of 3 V", True, lambda seed: seed.set_volts("level", 5.0)),
    Stimulus("BRIGHT step of 3 V", True, lambda seed: seed.set_volts("z1", 3.0)),
    Stimulus("V/OCT step of 1 V", True, lambda seed: seed.set_volts("v_oct", 1.0)),
    Stimulus("V/OCT step of 1/12 V", True, lambda seed: seed.set_volts("v_oct", 1 / 12)),
)


@dataclass(frozen=True)
class Response:
    """Samples from the change to the first sent sample that differs, one a phase."""

    name: str
    samples: tuple[float, ...]

    @property
    def best(self) -> float:
        """The shortest."""
        return min(self.samples)

    @property
    def worst(self) -> float:
        """The longest."""
        return max(self.samples)

    @property
    def jitter_ms(self) -> float:
        """Standard deviation in milliseconds."""
        return float(np.std(self.samples)) / SAMPLE_RATE_HZ * 1000

    @property
    def spread(self) -> float:
        """From the shortest to the longest."""
        return self.worst - self.best

    def row(self) -> str:
        """A line of the table."""
        figures = (self.best, float(np.mean(self.samples)), self.worst)
        times = "".join(f"{1000 * value / SAMPLE_RATE_HZ:8.2f}" for value in figures)
        return f"{self.name:<22}{times}{self.jitter_ms:8.3f}{1000 * self.spread / SAMPLE_RATE_HZ:8.2f}"

    def failures(self) -> list[str]:
        """What is asked and not met, in words."""
        found = [] if self.worst <= BOUND_SAMPLES else ["later than two blocks and a hop"]
        if self.name == GATE and self.jitter_ms > GATE_JITTER_MS:
            found.append(f"jitters by more than {GATE_JITTER_MS} ms")
        if self.name == GATE and self.spread > GATE_SPREAD_SAMPLES:
            found.append("off by more than a block")
        return [f"{self.name}: {words}" for words in found]


HEADING = f"{'ms':<22}{'best':>8}{'mean':>8}{'worst':>8}{'sd':>8}{'spread':>8}"


def _settled(make_seed: Callable[[], Seed], sounding: bool, blocks: int) -> Seed:
    seed = make_seed()
    seed.set_volts("level", 2.0)
    seed.set_pot("bright_att", 1.0)
    seed.run_blocks(4)
    if sounding:
        seed.set_gate(True)
    seed.run_blocks(blocks)
    return seed


def _play(
    make_seed: Callable[[], Seed], stimulus: Stimulus, at_samples: float | None, blocks: int
) -> NDArray[np.int32]:
    seed = _settled(make_seed, stimulus.sounding, blocks)
    if at_samples is not None:
        seed.timeline.after(at_samples / seed.sample_rate_hz * CORE_HZ, lambda: stimulus.apply(seed))
    return seed.run_blocks(HORIZON_BLOCKS)[:, 0]


def measure_response(
    make_seed: Callable[[], Seed],
    stimulus: Stimulus,
    *,
    phases: int = 8,
    number: int = 0,
    settle_blocks: int = SETTLE_BLOCKS,
) -> Response:
    """Latency of one change at random places in a hop, one in each of `phases` equal parts of it.

    make_seed: equal modules without noise. Counted from the jack to the codec's data line, as measure_latency.
    Raises EmulatorError where the change is never heard.
    """
    draw = np.random.default_rng(number)
    unchanged = _play(make_seed, stimulus, None, settle_blocks)
    found = []
    for phase in range(phases):
        at = float((phase + draw.random()) * HOP_SAMPLES / phases)
        difference = _play(make_seed, stimulus, at, settle_blocks) - unchanged
        differing = np.flatnonzero(np.abs(difference) > LSB_16)
        if not len(differing):
            raise EmulatorError(f"{stimulus.name}: nothing changed within {HORIZON_BLOCKS} blocks")
        found.append(float(differing[0]) - at)
    return Response(stimulus.name, tuple(found))


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    revision = sys.argv[2] if len(sys.argv) > 2 else "rev4"
    elf = build_image()
    failures = []
    print(HEADING)
    for stimulus in STIMULI:
        response = measure_response(lambda: Seed(elf, revision=revision), stimulus, phases=count)
        print(response.row(), flush=True)
        failures += response.failures()
    print(
        f"asked: worst <= {1000 * BOUND_SAMPLES / SAMPLE_RATE_HZ:.2f} (two blocks and a hop); of the gate sd <= "
        f"{GATE_JITTER_MS:.3f} and spread <= {1000 * GATE_SPREAD_SAMPLES / SAMPLE_RATE_HZ:.2f} (a block)"
    )
    sys.exit("not met: " + "; ".join(failures) if failures else 0)
