# SPDX-License-Identifier: MIT
"""SAI1 as the Seeds use it (RM0433 51): block A is the master, block B runs in step; one sends, the other receives."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .bus import Peripheral
from .codec import Codec
from .dma import Dma
from .errors import EmulatorError
from .rcc import Rcc
from .timeline import Timeline

REQUESTS = {"A": 87, "B": 88}
"""DMA requests of the blocks (RM0433 17.3.2)."""
BLOCKS = {"A": 0x04, "B": 0x24}
ENABLE, DMA_ENABLE = 1 << 16, 1 << 17
RECEIVES = 1
MUTE = 1 << 5
"""Of xCR2: zeros instead of samples; here for whole blocks."""
STATUS, FIFO_EMPTY, FIFO_FILLED = 0x14, 0, 1 << 16
_BLOCK_A, _BLOCK_B = BLOCKS.values()
CLOCKS_PER_FRAME = 256
"""Master clocks per stereo frame (RM0433 51.4.8 with OSR = 0)."""


class Sai(Peripheral):
    """Every half buffer is one block: what the codec makes of the samples goes to `on_block`; it records silence."""

    name, base = "SAI1", 0x40015800
    reset: ClassVar[dict[int, int]] = {
        0x00: 0,
        **{block + r: 0 for block in (_BLOCK_A, _BLOCK_B) for r in (0x04, 0x0C, 0x10, STATUS, 0x18, 0x1C)},
        **dict.fromkeys((_BLOCK_A, _BLOCK_B), 64),
        **{block + 0x08: 0x7 for block in (_BLOCK_A, _BLOCK_B)},
        0x44: 0,
    }

    def __init__(
        self, dma: Dma, rcc: Rcc, timeline: Timeline, codec: Codec, on_block: Callable[[NDArray[np.int32]], None]
    ) -> None:
        super().__init__()
        self._dma, self._rcc, self._timeline, self._on_block = dma, rcc, timeline, on_block
        self._codec = codec
        self._sender, self._receiver = codec.dac_line, "B" if codec.dac_line == "A" else "A"
        self._running = False

    @property
    def sample_rate_hz(self) -> float:
        """Frames per second, from PLL3 and the block's divider."""
        divider = self.values[_BLOCK_A] >> 20 & 63
        return self._rcc.pll_hz(3, "p") / max(1, divider) / CLOCKS_PER_FRAME

    def _has(self, block: str, bits: int) -> bool:
        return self.values[BLOCKS[block]] & bits == bits

    def read(self, offset: int) -> int:
        if offset - STATUS in (_BLOCK_A, _BLOCK_B):
            filled = offset - STATUS == BLOCKS[self._sender] and self._has(self._sender, DMA_ENABLE)
            return FIFO_FILLED if filled and self._dma.half_length(REQUESTS[self._sender]) else FIFO_EMPTY
        return self.values[offset]

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xF0, 22, self.name)
        if offset == BLOCKS[self._sender] and value & ENABLE and not self._running:
            self._check_order()
        self.values[offset] = value
        both = self._has("A", ENABLE | DMA_ENABLE) and self._has("B", ENABLE | DMA_ENABLE)
        if offset in (_BLOCK_A, _BLOCK_B) and both and not self._running:
            self._check()
            self._running = True
            self._frames = (self._dma.half_length(REQUESTS[self._sender]) or 0) // 2
            self._schedule()

    def _check_order(self) -> None:
        """The order in which working start-ups enable the blocks; others may begin out of step."""
        if not self._has(self._receiver, ENABLE | DMA_ENABLE):
            raise EmulatorError("SAI1: the sending block starts before the receiving one")
        if not self._has(self._sender, DMA_ENABLE):
            raise EmulatorError("SAI1: the sending block starts with an empty FIFO; enable its DMA first")

    def _check(self) -> None:
        """Only the format and the direction that the codec understands are accepted."""
        a, b = self.values[_BLOCK_A], self.values[_BLOCK_B]
        if a & 2 or not b & 2 or b >> 10 & 3 != 1:
            raise EmulatorError("SAI1: block A must be the master, block B a slave synchronous with it")
        if self._has(self._sender, RECEIVES) or not self._has(self._receiver, RECEIVES):
            raise EmulatorError(f"SAI1: on this Seed block {self._sender} is wired to the {self._codec.name}'s input")
        if self._rcc.values[0x50] & 7 != 2:
            raise EmulatorError("SAI1: the kernel clock must be PLL3 P (RCC_D2CCIP1R)")
        for block in (_BLOCK_A, _BLOCK_B):
            if self.values[block] >> 5 & 7 != 6 or self.values[block + 8] & 0xFF != 63:
                raise EmulatorError(f"SAI1: 24 bits in frames of 64 are what the {self._codec.name} takes")
        if not self._dma.half_length(REQUESTS[self._sender]):
            raise EmulatorError("SAI1 starts without a DMA stream that feeds it")

    def _schedule(self) -> None:
        cycles = self._frames / self.sample_rate_hz * self._rcc.core_hz
        self._timeline.after(cycles, self._block_done)

    def _block_done(self) -> None:
        """A half has been sent: its words hold the samples right-aligned in 24 bits."""
        words = np.frombuffer(self._dma.collect(REQUESTS[self._sender], 2 * self._frames), "<u4").reshape(-1, 2)
        samples = (words.astype(np.uint32) << 8).astype(np.int32) >> 8
        muted = self.values[BLOCKS[self._sender] + 0x04] & MUTE
        self._on_block(self._codec.play(np.zeros_like(samples) if muted else samples))
        self._dma.deliver(REQUESTS[self._receiver], bytes(8 * self._frames))
        self._schedule()
