# SPDX-License-Identifier: MIT
"""Endpoints of a USB core, one direction each: control, interrupts, transfer size, and what waits in the FIFO."""

from __future__ import annotations

from collections import deque

ENABLE, DISABLE, SET_DATA0, SET_NAK, CLEAR_NAK = 1 << 31, 1 << 30, 1 << 28, 1 << 27, 1 << 26
STALL, NAKS, ACTIVE = 1 << 21, 1 << 17, 1 << 15
_ORDERS = DISABLE | SET_DATA0 | 1 << 29 | SET_NAK | CLEAR_NAK
DONE, DISABLED = 1 << 0, 1 << 1
IN_NAK, IN_FIFO_EMPTY = 1 << 6, 1 << 7
OUT_SETUP_DONE = 1 << 3
CONTROL, INTERRUPT, SIZE = 0x00, 0x08, 0x10
CONTROL_PACKET_BYTES = (64, 32, 16, 8)


class EndpointError(RuntimeError):
    """What the chip leaves undefined."""


class _Endpoint:
    """`control` and `size` as the registers read; `latched`: interrupts that stay until they are cleared."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.control = ACTIVE | NAKS if number == 0 else 0
        self.size = self.latched = 0

    @property
    def packet_bytes(self) -> int:
        """Largest packet; endpoint 0 has a code for it."""
        return CONTROL_PACKET_BYTES[self.control & 3] if self.number == 0 else self.control & 0x7FF

    @property
    def _bytes(self) -> int:
        return self.size & (0x7F if self.number == 0 else 0x7FFFF)

    @property
    def _packets(self) -> int:
        return self.size >> 19 & (3 if self.number == 0 else 0x3FF)

    def _left(self, bytes_: int, packets: int) -> None:
        self.size = self.size & 0x60000000 | packets << 19 | bytes_

    def write(self, part: int, value: int) -> None:
        """A register of the endpoint."""
        if part == CONTROL:
            self._write_control(value)
        elif part == INTERRUPT:
            self.latched &= ~value
        elif part == SIZE:
            self.size = value

    def _write_control(self, value: int) -> None:
        refuses = value & SET_NAK or (self.control & NAKS and not value & CLEAR_NAK)
        naks = NAKS if refuses else 0
        enabled = (self.control | value) & ENABLE
        self.control = value & ~(_ORDERS | ENABLE | NAKS) | enabled | naks | ACTIVE * (self.number == 0)
        if value & DISABLE and enabled:
            self.control &= ~ENABLE
            self.latched |= DISABLED

    def stop_for_setup(self) -> None:
        """A request came: the core refuses data until the program says otherwise."""
        self.control = self.control & ~STALL | NAKS

    def _end(self) -> None:
        self.control = self.control & ~ENABLE | NAKS
        self.latched |= DONE


class InEndpoint(_Endpoint):
    """To the host. Words that the program writes become packets; a packet leaves when it is whole."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._whole: deque[bytes] = deque()
        self._part = bytearray()

    @property
    def used_words(self) -> int:
        """Of the endpoint's FIFO."""
        return sum((len(packet) + 3) // 4 for packet in self._whole) + (len(self._part) + 3) // 4

    @property
    def interrupts(self) -> int:
        """DIEPINT."""
        return self.latched | IN_FIFO_EMPTY * (self.used_words == 0)

    def _write_control(self, value: int) -> None:
        super()._write_control(value)
        if value & SET_NAK:
            self.latched |= IN_NAK

    def write_word(self, word: int) -> None:
        """A word into the FIFO. Raises EndpointError where no transfer asks for it."""
        if not self.control & ENABLE or not self._bytes:
            raise EndpointError(f"a word is written to the FIFO of endpoint {self.number}, which sends nothing")
        count = min(4, self._bytes, self.packet_bytes - len(self._part))
        self._part += word.to_bytes(4, "little")[:count]
        self._left(self._bytes - count, self._packets)
        if len(self._part) == self.packet_bytes or not self._bytes:
            self._whole.append(bytes(self._part))
            self._part.clear()

    def give(self) -> bytes | str:
        """The host asks."""
        if self.control & STALL:
            return "stall"
        if not self.control & ACTIVE or not self.control & ENABLE or self.control & NAKS or not self._packets:
            return "nak"
        if not self._whole and (self._bytes or self._part):
            return "nak"
        packet = self._whole.popleft() if self._whole else b""
        self._left(self._bytes, self._packets - 1)
        if not self._packets:
            self._end()
        return packet

    def flush(self) -> None:
        """What waits is dropped."""
        self._whole.clear()
        self._part.clear()


class OutEndpoint(_Endpoint):
    """From the host."""

    @property
    def interrupts(self) -> int:
        """DOEPINT."""
        return self.latched

    def take(self, count: int, refuse: bool, room_words: int) -> tuple[str, bool]:
        """The host sends `count` bytes: verdict, and whether the transfer ends with them."""
        if self.control & STALL:
            return "stall", False
        ready = self.control & ENABLE and not self.control & NAKS and self._packets
        if refuse or not ready or not self.control & ACTIVE or room_words < 2 + (count + 3) // 4:
            return "nak", False
        if count > self.packet_bytes or count > self._bytes:
            raise EndpointError(f"{count} bytes come to endpoint {self.number}, which expects {self._bytes}")
        self._left(self._bytes - count, self._packets - 1)
        done = count < self.packet_bytes or not self._packets
        if done:
            self.control |= NAKS
        return "ack", done

    def finish(self) -> None:
        """The program has seen the end of the transfer in the receive FIFO."""
        self._end()
