# SPDX-License-Identifier: MIT
"""Measurements on a running Seed: cycles of its audio blocks by the timing model, and the latency of a gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .errors import EmulatorError
from .nvic import FIRST_IRQ_EXCEPTION
from .seed import BLOCK_SAMPLES, Seed
from .timing_rules import ERROR_BAND
from .trace import EXCEPTION, TraceCost, TraceModel

AUDIO_EXCEPTION = FIRST_IRQ_EXCEPTION + 12
CYCLES_PER_BLOCK = 480_000
"""480 MHz for a nominal millisecond: 100 % CPU."""
LSB_16 = 256
"""One step of 16 bits in 24-bit samples."""


@dataclass(frozen=True)
class Cost:
    """Cycles of a run of blocks, modelled, within `error_band` of hardware (share below, share above)."""

    blocks: tuple[TraceCost, ...]
    error_band: tuple[float, float] = ERROR_BAND

    @property
    def cycles_per_sample(self) -> float:
        """Mean over the blocks."""
        return float(np.mean([block.cycles for block in self.blocks])) / BLOCK_SAMPLES

    @property
    def worst_block(self) -> TraceCost:
        """The block with the most cycles."""
        return max(self.blocks, key=lambda block: block.cycles)

    @property
    def cpu_share(self) -> float:
        """Mean share of the core."""
        return self.cycles_per_sample * BLOCK_SAMPLES / CYCLES_PER_BLOCK

    @property
    def worst_cpu_share(self) -> float:
        """Share of the core in the worst block."""
        return self.worst_block.cycles / CYCLES_PER_BLOCK

    def as_dict(self) -> dict[str, float | str]:
        """Figures for a report."""
        worst = self.worst_block
        return {
            "kind": "modelled",
            "instructions_per_sample": sum(b.instructions for b in self.blocks) / len(self.blocks) / BLOCK_SAMPLES,
            "cycles_per_sample_mean": self.cycles_per_sample,
            "cycles_per_sample_worst_block": worst.cycles / BLOCK_SAMPLES,
            "cycles_per_sample_worst_block_pessimistic": worst.cycles_pessimistic / BLOCK_SAMPLES,
            "cpu_percent_mean": 100 * self.cpu_share,
            "cpu_percent_worst_block": 100 * self.worst_cpu_share,
            "error_band_percent_low": 100 * self.error_band[0],
            "error_band_percent_high": 100 * self.error_band[1],
        }

    def profile(self, count: int = 10) -> list[tuple[str, float]]:
        """The functions with the most cycles: (name, mean cycles a block)."""
        total: Counter[str] = Counter()
        for block in self.blocks:
            total.update(block.by_function)  # type: ignore[arg-type]
        return [(name, cycles / len(self.blocks)) for name, cycles in total.most_common(count)]


class _Tracer:
    """Collects a trace of each audio interrupt, in the form that TraceModel reads."""

    def __init__(self) -> None:
        self.trace: list[int] = []
        self.done: list[list[int]] = []
        self._recording = False

    def on_code(self, address: int) -> None:
        if self._recording:
            self.trace.append(address)

    def on_access(self, address: int) -> None:
        if self._recording:
            self.trace.append(~address)

    def on_exception(self, exception: int, entered: bool) -> None:
        if exception == AUDIO_EXCEPTION and entered:
            self._recording, self.trace = True, [EXCEPTION]
        elif exception == AUDIO_EXCEPTION:
            self._recording = False
            self.done.append(self.trace)
        elif self._recording and entered:
            self.trace.append(EXCEPTION)


def trace_blocks(seed: Seed, blocks: int, before_block: Callable[[int], None] | None = None) -> Cost:
    """Play `blocks` blocks and model the cycles of each audio interrupt; about 0.2 s a block.

    before_block(n) may change inputs before block n. The first two blocks fill caches and aren't counted.
    Raises EmulatorError when the image takes no audio interrupt.
    """
    tracer = _Tracer()
    model = TraceModel(lambda address: bytes(seed.cpu.uc.mem_read(address, 4)), seed.image.symbol_at)
    costs = []
    with seed.cpu.traced(tracer.on_code, tracer.on_access, tracer.on_exception):
        for number in range(-2, blocks):
            if before_block is not None and number >= 0:
                before_block(number)
            seed.run_blocks(1)
            for trace in tracer.done:
                costs.append(model.cost(trace))
            tracer.done.clear()
    if len(costs) < 2:
        raise EmulatorError("no audio interrupt was traced; is the sound running?")
    return Cost(tuple(costs[-blocks:]))


@dataclass(frozen=True)
class Latency:
    """Samples from a gate edge to the first sent sample that differs, for edges at several places in a block."""

    samples: tuple[float, ...]

    @property
    def worst(self) -> float:
        """The longest."""
        return max(self.samples)

    @property
    def best(self) -> float:
        """The shortest."""
        return min(self.samples)


def measure_latency(
    make_seed: Callable[[], Seed], *, settle_blocks: int = 100, phases: int = 8, horizon_blocks: int = 12
) -> Latency:
    """Latency of GATE, edge at the jack to the serial data line of the codec.

    Equal modules run; one is left alone, the others get the edge `p * 48 / phases` samples into a block. The latency
    is the number of samples from the edge to the first one, as the SAI sends it, that differs by more than 1 LSB of
    16 bits. It holds the block that the edge comes in (the note begins at the same sample of a later one) and the
    double buffer (1 block, samples handed over sound one block later), not the codec's filter (AK4556: 20 samples,
    0.4 ms, by its data sheet).
    Raises EmulatorError when the edge changes nothing within `horizon_blocks`.
    """
    without = make_seed()
    without.run_blocks(settle_blocks)
    unchanged = without.run_blocks(horizon_blocks)[:, 0]
    found = []
    for phase in range(phases):
        offset = phase * BLOCK_SAMPLES / phases
        with_edge = make_seed()
        with_edge.run_blocks(settle_blocks)
        with_edge.set_gate(True, after_samples=offset)
        difference = with_edge.run_blocks(horizon_blocks)[:, 0] - unchanged
        differing = np.flatnonzero(np.abs(difference) > LSB_16)
        if not len(differing):
            raise EmulatorError(f"a gate changed nothing within {horizon_blocks} blocks")
        found.append(float(differing[0]) - offset)
    return Latency(tuple(found))
