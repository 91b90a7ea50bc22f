# SPDX-License-Identifier: MIT
"""DMA1 in circular mode and its request multiplexer (RM0433 15, 17)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from .bus import Peripheral
from .errors import EmulatorError
from .nvic import Nvic
from .rcc import Rcc

FLAG_SHIFTS = (0, 6, 16, 22)
HALF_FLAG, COMPLETE_FLAG = 1 << 4, 1 << 5
ENABLE, HALF_INTERRUPT, COMPLETE_INTERRUPT = 1 << 0, 1 << 3, 1 << 4
CIRCULAR, MEMORY_INCREMENT = 1 << 8, 1 << 10
IRQS = (11, 12, 13, 14, 15, 16, 17, 47)
REACHABLE = ((0x24000000, 0x24080000), (0x30000000, 0x30048000), (0x38000000, 0x38010000))
"""Memory that DMA1 can reach: AXI SRAM, D2 and D3 SRAM; neither TCM (RM0433 2.1, table 3)."""


class Memory(Protocol):
    """What a DMA needs of the CPU's memory."""

    def mem_read(self, address: int, size: int) -> bytearray: ...
    def mem_write(self, address: int, data: bytes) -> None: ...


@dataclass
class Stream:
    """A running stream: `length` items of `item_bytes` at `memory`; `position` is the next item."""

    memory: int
    length: int
    item_bytes: int
    to_peripheral: bool
    position: int = 0


class Dmamux(Peripheral):
    """Request number of each stream."""

    name, base = "DMAMUX1", 0x40020800
    reset: ClassVar[dict[int, int]] = {4 * n: 0 for n in range(16)} | {0x80: 0, 0x84: 0}


class Dma(Peripheral):
    """Moves whole bursts when a peripheral says so, and raises the half and complete flags on the way."""

    name, base = "DMA1", 0x40020000
    reset: ClassVar[dict[int, int]] = {
        **dict.fromkeys((0x00, 0x04, 0x08, 0x0C), 0),
        **{0x10 + 0x18 * n + r: 0x21 if r == 0x14 else 0 for n in range(8) for r in range(0, 0x18, 4)},
    }

    def __init__(self, memory: Memory, mux: Dmamux, nvic: Nvic, rcc: Rcc) -> None:
        super().__init__()
        self._memory, self._mux, self._nvic, self._rcc = memory, mux, nvic, rcc
        self._streams: dict[int, Stream] = {}
        for index in range(8):
            nvic.connect(IRQS[index], lambda index=index: self._is_asserted(index))  # type: ignore[misc]

    def _is_asserted(self, index: int) -> bool:
        control = self.values[0x10 + 0x18 * index]
        flags = self.values[4 * (index // 4)] >> FLAG_SHIFTS[index % 4]
        return bool(
            (control & HALF_INTERRUPT and flags & HALF_FLAG) or (control & COMPLETE_INTERRUPT and flags & COMPLETE_FLAG)
        )

    def read(self, offset: int) -> int:
        index, register = divmod(offset - 0x10, 0x18)
        if register == 4 and index in self._streams:
            stream = self._streams[index]
            return stream.length - stream.position
        return self.values[offset]

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xD8, 0, self.name)
        if offset in (0x08, 0x0C):
            self.values[offset - 8] &= ~value
            self._nvic.update()
            return
        self.values[offset] = value
        index, register = divmod(offset - 0x10, 0x18)
        if register == 0:
            if value & ENABLE and index not in self._streams:
                self._streams[index] = self._start(index, value)
            elif not value & ENABLE:
                self._streams.pop(index, None)

    def _start(self, index: int, control: int) -> Stream:
        start, length = self.values[0x1C + 0x18 * index], self.values[0x14 + 0x18 * index]
        item_bytes = 1 << (control >> 13 & 3)
        if control >> 11 & 3 != control >> 13 & 3 or not control & CIRCULAR or not control & MEMORY_INCREMENT:
            raise EmulatorError(f"DMA1 stream {index}: only circular, incrementing, equal-size streams are modelled")
        if not any(low <= start and start + length * item_bytes <= high for low, high in REACHABLE):
            raise EmulatorError(f"DMA1 stream {index}: memory {start:#010x} is out of this DMA's reach")
        return Stream(start, length, item_bytes, control >> 6 & 3 == 1)

    def _find(self, request: int, *, to_peripheral: bool) -> tuple[int, Stream] | None:
        for index, stream in self._streams.items():
            if self._mux.values[4 * index] & 127 == request and stream.to_peripheral == to_peripheral:
                return index, stream
        return None

    def half_length(self, request: int) -> int | None:
        """Items in half the buffer of the stream that serves a transmit request; None when there is none."""
        found = self._find(request, to_peripheral=True)
        return found[1].length // 2 if found else None

    def collect(self, request: int, items: int) -> bytes:
        """Take items from memory for a peripheral. Raises EmulatorError when no stream serves the request."""
        found = self._find(request, to_peripheral=True)
        if found is None:
            raise EmulatorError(f"DMA request {request} has no transmit stream")
        index, stream = found
        parts = [bytes(self._memory.mem_read(at, size)) for at, size in self._advance(index, stream, items)]
        return b"".join(parts)

    def buffer(self, request: int, peripheral: int) -> bytes:
        """All of a transmit stream's memory, for what goes round without being followed. Raises EmulatorError."""
        found = self._find(request, to_peripheral=True)
        if found is None or self.values[0x18 + 0x18 * found[0]] != peripheral:
            raise EmulatorError(f"DMA request {request} has no transmit stream to {peripheral:#010x}")
        stream = found[1]
        return bytes(self._memory.mem_read(stream.memory, stream.length * stream.item_bytes))

    def deliver(self, request: int, data: bytes) -> bool:
        """Put a peripheral's data into memory; False when no stream serves the request."""
        found = self._find(request, to_peripheral=False)
        if found is None:
            return False
        index, stream = found
        taken = 0
        for at, size in self._advance(index, stream, len(data) // stream.item_bytes):
            self._memory.mem_write(at, data[taken : taken + size])
            taken += size
        return True

    def _advance(self, index: int, stream: Stream, items: int) -> list[tuple[int, int]]:
        """Address and bytes of the pieces that `items` take; sets the flags that are passed."""
        pieces = []
        while items:
            edge = stream.length // 2 if stream.position < stream.length // 2 else stream.length
            step = min(items, edge - stream.position)
            pieces.append((stream.memory + stream.position * stream.item_bytes, step * stream.item_bytes))
            stream.position += step
            items -= step
            if stream.position == edge:
                flag = COMPLETE_FLAG if edge == stream.length else HALF_FLAG
                self.values[4 * (index // 4)] |= flag << FLAG_SHIFTS[index % 4]
                self._nvic.update()
            stream.position %= stream.length
        return pieces
