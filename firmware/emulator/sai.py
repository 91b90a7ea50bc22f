# SPDX-License-Identifier: MIT
"""SAI1 as the Seed Rev4 uses it (RM0433 51): block A sends as master, block B receives in step."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .bus import Peripheral
from .dma import Dma
from .errors import EmulatorError
from .rcc import Rcc
from .timeline import Timeline

REQUEST_TRANSMIT, REQUEST_RECEIVE = 87, 88
ENABLED = 1 << 16 | 1 << 17
MUTE = 1 << 5
"""Of xCR2: zeros instead of samples; here for whole blocks."""
_BLOCK_A, _BLOCK_B = 0x04, 0x24
CLOCKS_PER_FRAME = 256
"""Master clocks per stereo frame (RM0433 51.4.8 with OSR = 0)."""


class Sai(Peripheral):
    """Every half buffer is one block: sent samples go to `on_block`, received ones are silence."""

    name, base = "SAI1", 0x40015800
    reset: ClassVar[dict[int, int]] = {
        0x00: 0,
        **{block + r: 0 for block in (_BLOCK_A, _BLOCK_B) for r in (0x04, 0x0C, 0x10, 0x14, 0x18, 0x1C)},
        **dict.fromkeys((_BLOCK_A, _BLOCK_B), 64),
        **{block + 0x08: 0x7 for block in (_BLOCK_A, _BLOCK_B)},
        0x44: 0,
    }

    def __init__(self, dma: Dma, rcc: Rcc, timeline: Timeline, on_block: Callable[[NDArray[np.int32]], None]) -> None:
        super().__init__()
        self._dma, self._rcc, self._timeline, self._on_block = dma, rcc, timeline, on_block
        self._running = False

    @property
    def sample_rate_hz(self) -> float:
        """Frames per second, from PLL3 and the block's divider."""
        divider = self.values[_BLOCK_A] >> 20 & 63
        return self._rcc.pll_hz(3, "p") / max(1, divider) / CLOCKS_PER_FRAME

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xF0, 22, self.name)
        self.values[offset] = value
        both = self.values[_BLOCK_A] & self.values[_BLOCK_B] & ENABLED == ENABLED
        if offset in (_BLOCK_A, _BLOCK_B) and both and not self._running:
            self._check()
            self._running = True
            self._frames = (self._dma.half_length(REQUEST_TRANSMIT) or 0) // 2
            self._schedule()

    def _check(self) -> None:
        """Only the format that the codec understands is accepted."""
        a, b = self.values[_BLOCK_A], self.values[_BLOCK_B]
        if a & 3 != 0 or b & 3 != 3 or b >> 10 & 3 != 1:
            raise EmulatorError("SAI1: block A must be master transmitter, block B receiver synchronous with it")
        if self._rcc.values[0x50] & 7 != 2:
            raise EmulatorError("SAI1: the kernel clock must be PLL3 P (RCC_D2CCIP1R)")
        for block in (_BLOCK_A, _BLOCK_B):
            if self.values[block] >> 5 & 7 != 6 or self.values[block + 8] & 0xFF != 63:
                raise EmulatorError("SAI1: 24 bits in frames of 64 are what the AK4556 takes")
        if not self._dma.half_length(REQUEST_TRANSMIT):
            raise EmulatorError("SAI1 starts without a DMA stream that feeds it")

    def _schedule(self) -> None:
        cycles = self._frames / self.sample_rate_hz * self._rcc.core_hz
        self._timeline.after(cycles, self._block_done)

    def _block_done(self) -> None:
        """A half has been sent: its words hold the samples right-aligned in 24 bits."""
        words = np.frombuffer(self._dma.collect(REQUEST_TRANSMIT, 2 * self._frames), "<u4").reshape(-1, 2)
        samples = (words.astype(np.uint32) << 8).astype(np.int32) >> 8
        self._on_block(samples if not self.values[_BLOCK_A + 0x04] & MUTE else np.zeros_like(samples))
        self._dma.deliver(REQUEST_RECEIVE, bytes(8 * self._frames))
        self._schedule()
