# SPDX-License-Identifier: MIT
"""USART1 with FIFOs (RM0433 48); bytes take their time on the line."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from .bus import Peripheral
from .dma import Dma
from .errors import EmulatorError
from .rcc import Rcc
from .timeline import Timeline

REQUEST_RECEIVE = 41
BITS_PER_BYTE = 10
FIFO_BYTES = 16
_ENABLE, _RECEIVE, _TRANSMIT, _FIFO = 1 << 0, 1 << 2, 1 << 3, 1 << 29
_OVERRUN, _NOT_EMPTY, _COMPLETE, _NOT_FULL = 1 << 3, 1 << 5, 1 << 6, 1 << 7


class Usart(Peripheral):
    """`send` puts bytes on the receive line; `received` collects what the image has sent."""

    name, base = "USART1", 0x40011000
    reset: ClassVar[dict[int, int]] = {
        **dict.fromkeys((0x00, 0x04, 0x08, 0x0C, 0x18, 0x20, 0x24, 0x28, 0x2C), 0),
        0x1C: 0xC0,
    }

    def __init__(self, dma: Dma, rcc: Rcc, timeline: Timeline) -> None:
        super().__init__()
        self._dma, self._rcc, self._timeline = dma, rcc, timeline
        self.received = bytearray()
        self._line: deque[int] = deque()
        self._line_busy = False
        self._fifo_in: deque[int] = deque()
        self._fifo_out: deque[int] = deque()

    @property
    def byte_cycles(self) -> float:
        """Core cycles that a byte takes on the line."""
        divider = self.values[0x0C]
        if divider < 16:
            raise EmulatorError("USART1 is used before its baud rate is set")
        return BITS_PER_BYTE * divider / self._rcc.apb2_hz * self._rcc.core_hz

    @property
    def _on(self) -> bool:
        return bool(self.values[0x00] & _ENABLE)

    def send(self, data: bytes) -> None:
        """Bytes from outside; they arrive one after the other, and are lost while the receiver is off."""
        self._line.extend(data)
        if self._line and not self._line_busy and self._on:
            self._line_busy = True
            self._timeline.after(self.byte_cycles, self._arrive)

    def _arrive(self) -> None:
        self._line_busy = False
        byte = self._line.popleft()
        control = self.values[0x00]
        if control & _ENABLE and control & _RECEIVE:
            by_dma = self.values[0x08] & 1 << 6
            if not (by_dma and self._dma.deliver(REQUEST_RECEIVE, bytes([byte]))):
                self._take(byte)
        self.send(b"")

    def _take(self, byte: int) -> None:
        depth = FIFO_BYTES if self.values[0x00] & _FIFO else 1
        if len(self._fifo_in) < depth:
            self._fifo_in.append(byte)
        else:
            self.values[0x1C] |= _OVERRUN

    def read(self, offset: int) -> int:
        if offset == 0x1C:
            room = len(self._fifo_out) < (FIFO_BYTES if self.values[0x00] & _FIFO else 1)
            flags = _NOT_FULL * room | _COMPLETE * (not self._fifo_out) | _NOT_EMPTY * bool(self._fifo_in)
            return self.values[0x1C] & _OVERRUN | flags
        if offset == 0x24:
            return self._fifo_in.popleft() if self._fifo_in else 0
        return self.values[offset]

    def write(self, offset: int, value: int) -> None:
        self._rcc.require_clock(0xF0, 4, self.name)
        if offset == 0x20:
            self.values[0x1C] &= ~value
        elif offset == 0x28:
            self._transmit(value & 0xFF)
        else:
            self.values[offset] = value
            if offset == 0x00 and self._on:
                self.send(b"")

    def _transmit(self, byte: int) -> None:
        if not self._on or not self.values[0x00] & _TRANSMIT:
            raise EmulatorError("USART1 is written to while its transmitter is off")
        if len(self._fifo_out) >= FIFO_BYTES:
            raise EmulatorError("USART1's transmit FIFO is full; test TXFNF before writing")
        self._fifo_out.append(byte)
        if len(self._fifo_out) == 1:
            self._timeline.after(self.byte_cycles, self._sent)

    def _sent(self) -> None:
        self.received.append(self._fifo_out.popleft())
        if self._fifo_out:
            self._timeline.after(self.byte_cycles, self._sent)
