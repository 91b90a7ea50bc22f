# SPDX-License-Identifier: MIT
"""The chip's two USB cores as devices, without DMA (RM0433 57): registers, FIFOs, endpoints, and a socket for a host.

   host --setup, out--> receive FIFO --GRXSTSP pops--> words, then the endpoint's interrupt
   host <--in_-- packets <-- words written to an endpoint's FIFO

Data toggles and the wire's errors are not modelled; a packet that the core takes arrives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar, Protocol

from .bus import Peripheral
from .errors import EmulatorError
from .nvic import Nvic
from .rcc import Rcc
from .timeline import Timeline
from .usb_endpoints import ACTIVE, IN_FIFO_EMPTY, OUT_SETUP_DONE, EndpointError, InEndpoint, OutEndpoint
from .usb_wiring import Place

ENDPOINTS = 9
FIFO_WORDS = 1024
GOTGCTL, GOTGINT, GAHBCFG, GUSBCFG, GRSTCTL, GINTSTS, GINTMSK = range(0x000, 0x01C, 4)
GRXSTSP, GRXFSIZ, DIEPTXF0, GCCFG, GDFIFOCFG, DIEPTXF1 = 0x020, 0x024, 0x028, 0x038, 0x05C, 0x104
DCFG, DCTL, DSTS, DIEPMSK, DOEPMSK, DAINT, DAINTMSK, DIEPEMPMSK = (
    *(0x800, 0x804, 0x808, 0x810, 0x814),
    *(0x818, 0x81C, 0x834),
)
IN_BASE, OUT_BASE, STRIDE, PCGCCTL, FIFO = 0x900, 0xB00, 0x20, 0xE00, 0x1000
CONTROL, INTERRUPT, SIZE, FREE = 0x00, 0x08, 0x10, 0x18
IDENTITY = {0x03C: 0x2300, 0x040: 0x4F54330A, 0x048: 0x229FE190, 0x04C: 0x03B8D2E8, 0x050: 0xE3F00030}
"""User, Synopsys version and GHWCFG2-4 of an H743/H750, as read from chips."""

OTG, RECEIVED, OUT_NAK, SUSPENDED, RESET, SPEED_KNOWN = 1 << 2, 1 << 4, 1 << 7, 1 << 11, 1 << 12, 1 << 13
IN_EVENT, OUT_EVENT = 1 << 18, 1 << 19
UNMASKED, SOFT_DISCONNECT, SET_OUT_NAK, CLEAR_OUT_NAK = 1, 1 << 1, 1 << 9, 1 << 10
TRANSCEIVER_ON, SESSION_FORCED = 1 << 16, 3 << 6
FLUSH_IN, FLUSH_OUT, CORE_RESET, IDLE, ALL_FIFOS = 1 << 5, 1 << 4, 1, 1 << 31, 0x10
NAK_ENTRY, DATA, DATA_DONE, SETUP_DONE, SETUP = 1, 2, 3, 4, 6
"""Kinds of entries in the receive FIFO."""
_READ_ONLY = {GINTSTS, GRXSTSP, DSTS, DAINT, GRSTCTL}
_SPECIAL = {GINTSTS, GOTGINT, GRSTCTL, DCTL}


class Cable(Protocol):
    """What is plugged into a socket."""

    def connect(self, core: UsbCore) -> None:
        """The chip has just started: everything that it knew is gone."""


class UsbCore(Peripheral):
    """One core. `fault` says what its pins, clocks or supply lack, if they do."""

    reset: ClassVar[dict[int, int]] = {
        **dict.fromkeys((GOTGCTL, GOTGINT, GAHBCFG, GINTSTS, GINTMSK, 0x01C, GRXSTSP, GCCFG, 0x044, GDFIFOCFG), 0),
        **{GUSBCFG: 0x1440, GRSTCTL: IDLE, GRXFSIZ: 0x400, DIEPTXF0: 0x02000400, DCTL: SOFT_DISCONNECT, PCGCCTL: 0},
        **dict.fromkeys((DCFG, DSTS, DIEPMSK, DOEPMSK, DAINT, DAINTMSK, DIEPEMPMSK), 0),
        **{DIEPTXF1 + 4 * n: 0x02000400 for n in range(ENDPOINTS - 1)},
        **{IN_BASE + STRIDE * n + part: 0 for n in range(ENDPOINTS) for part in (CONTROL, INTERRUPT, SIZE, 0x14, FREE)},
        **{OUT_BASE + STRIDE * n + part: 0 for n in range(ENDPOINTS) for part in (CONTROL, INTERRUPT, SIZE, 0x14)},
        **IDENTITY,
    }

    def __init__(self, place: Place, rcc: Rcc, nvic: Nvic, timeline: Timeline, fault: Callable[[Place], str]) -> None:
        self.place, self.name, self.base = place, place.name, place.base
        self._rcc, self._nvic, self._timeline, self._fault = rcc, nvic, timeline, fault
        nvic.connect(place.irq, self._asserts)
        rcc.on_ahb1_reset[place.clock] = self.restart
        self.restart()

    def restart(self) -> None:
        """As after a reset of the core."""
        super().__init__()
        self._latched = 0
        self._out_nak = False
        self._receive: deque[tuple[int, int, bytes]] = deque()
        self._words: deque[int] = deque()
        self.ins = [InEndpoint(n) for n in range(ENDPOINTS)]
        self.outs = [OutEndpoint(n) for n in range(ENDPOINTS)]

    # The host's side.

    @property
    def attached(self) -> bool:
        """True while the device pulls D+ up, so that a host sees it. Raises EmulatorError where it could not work."""
        on = self.values[GCCFG] & TRANSCEIVER_ON and not self.values[DCTL] & SOFT_DISCONNECT
        if not on or not self._clocked or self.values[GOTGCTL] & SESSION_FORCED != SESSION_FORCED:
            return False
        if missing := self._fault(self.place):
            raise EmulatorError(f"{self.name} is switched on, but {missing}")
        return True

    @property
    def address(self) -> int:
        """The address to which the device answers."""
        return self.values[DCFG] >> 4 & 0x7F

    @property
    def _clocked(self) -> bool:
        held = self._rcc.values[0x80] >> self.place.clock & 1
        return bool(self._rcc.values[0xD8] >> self.place.clock & 1) and not held

    def bus_reset(self) -> None:
        """The host drives both lines low; only endpoint 0 is left."""
        for end in (*self.ins[1:], *self.outs[1:]):
            end.control &= ~ACTIVE
        self._latch(RESET)

    def bus_reset_ends(self) -> None:
        """The speed is known."""
        self._latch(SPEED_KNOWN)

    def bus_idle(self) -> None:
        """No frame for 3 ms: the host sleeps, or is gone."""
        self._latch(SUSPENDED)

    def _latch(self, flag: int) -> None:
        self._latched |= flag
        self._nvic.update()

    def setup(self, packet: bytes) -> None:
        """A request on endpoint 0: always taken, and it ends a stall."""
        self.ins[0].stop_for_setup()
        self.outs[0].stop_for_setup()
        self._receive.extend(((SETUP, 0, packet), (SETUP_DONE, 0, b"")))
        self._nvic.update()

    def out(self, number: int, data: bytes) -> str:
        """A packet to an endpoint: 'ack', 'nak', 'stall'."""
        used = sum(1 + (len(packet) + 3) // 4 for _, _, packet in self._receive)
        room = (self.values[GRXFSIZ] & 0xFFFF) - used
        verdict, done = self.outs[number].take(len(data), self._out_nak, room)
        if verdict == "ack":
            self._receive.append((DATA, number, data))
            if done:
                self._receive.append((DATA_DONE, number, b""))
            self._nvic.update()
        return verdict

    def in_(self, number: int) -> bytes | str:
        """What an endpoint has to say: a packet, 'nak' or 'stall'."""
        answer = self.ins[number].give()
        if isinstance(answer, bytes):
            self._nvic.update()
        return answer

    # The processor's side.

    def _asserts(self) -> bool:
        return bool(self.values[GAHBCFG] & UNMASKED and self._status() & self.values[GINTMSK])

    def _status(self) -> int:
        events = self._events()
        status = self._latched | RECEIVED * bool(self._receive) | OTG * bool(self.values[GOTGINT])
        status |= OUT_NAK * self._out_nak
        return status | IN_EVENT * bool(events & 0xFFFF) | OUT_EVENT * bool(events >> 16)

    def _events(self, masked: bool = True) -> int:
        """DAINT: a bit an endpoint, IN in the lower half."""
        empty = self.values[DIEPEMPMSK]
        events = 0
        for end in self.ins:
            asks = self.values[DIEPMSK] | IN_FIFO_EMPTY * (empty >> end.number & 1)
            events |= bool(end.interrupts & asks) << end.number
        for other in self.outs:
            events |= bool(other.interrupts & self.values[DOEPMSK]) << 16 + other.number
        return events & self.values[DAINTMSK] if masked else events

    def read_bytes(self, offset: int, size: int) -> int:
        self._check(size)
        if offset >= FIFO:
            return self._read_fifo()
        return self.read(self._known(offset))

    def write_bytes(self, offset: int, value: int, size: int) -> None:
        self._check(size)
        try:
            if offset >= FIFO:
                self.ins[(offset - FIFO) >> 12].write_word(value)
            else:
                self.write(self._known(offset), value)
        except EndpointError as error:
            raise EmulatorError(f"{self.name}: {error}") from error
        self._nvic.update()

    def _check(self, size: int) -> None:
        self._rcc.require_clock(0xD8, self.place.clock, self.name)
        if not self._clocked or size != 4:
            raise EmulatorError(f"{self.name} is held in reset" if size == 4 else f"{self.name} takes words only")

    def _read_fifo(self) -> int:
        if not self._words:
            raise EmulatorError(f"{self.name}'s receive FIFO has no word left of this packet")
        return self._words.popleft()

    def read(self, offset: int) -> int:
        if IN_BASE <= offset < OUT_BASE:
            return self._read_in(self.ins[(offset - IN_BASE) // STRIDE], offset % STRIDE, offset)
        if OUT_BASE <= offset < PCGCCTL:
            end = self.outs[(offset - OUT_BASE) // STRIDE]
            return {CONTROL: end.control, INTERRUPT: end.interrupts, SIZE: end.size}.get(offset % STRIDE, 0)
        if offset in (GINTSTS, GRXSTSP, DSTS, DAINT):
            return self._read_live(offset)
        return self.values[offset]

    def _read_live(self, offset: int) -> int:
        if offset == GINTSTS:
            return self._status()
        if offset == GRXSTSP:
            return self._pop()
        if offset == DAINT:
            return self._events(masked=False)
        return 3 << 1 | int(self._timeline.now / 480e3) % 2048 << 8

    def _read_in(self, end: InEndpoint, part: int, offset: int) -> int:
        if part == FREE:
            at = DIEPTXF0 if end.number == 0 else DIEPTXF1 + 4 * (end.number - 1)
            return max(0, (self.values[at] >> 16) - end.used_words)
        return {CONTROL: end.control, INTERRUPT: end.interrupts, SIZE: end.size}.get(part, self.values[offset])

    def _pop(self) -> int:
        """The next entry of the receive FIFO; its words are read after, and its end tells the endpoint."""
        if self._words or not self._receive:
            raise EmulatorError(f"{self.name}'s receive FIFO is popped {'amid a packet' if self._words else 'empty'}")
        kind, number, data = self._receive.popleft()
        padded = data + b"\0" * (-len(data) % 4)
        self._words.extend(int.from_bytes(padded[at : at + 4], "little") for at in range(0, len(padded), 4))
        if kind == SETUP_DONE:
            self.outs[number].latched |= OUT_SETUP_DONE
        elif kind == DATA_DONE:
            self.outs[number].finish()
        elif kind == NAK_ENTRY:
            self._out_nak = True
        return kind << 17 | len(data) << 4 | number

    def write(self, offset: int, value: int) -> None:
        if IN_BASE <= offset < OUT_BASE:
            self.ins[(offset - IN_BASE) // STRIDE].write(offset % STRIDE, value)
        elif OUT_BASE <= offset < PCGCCTL:
            self.outs[(offset - OUT_BASE) // STRIDE].write(offset % STRIDE, value)
        elif offset in _SPECIAL:
            self._write_special(offset, value)
        elif offset not in _READ_ONLY and offset not in IDENTITY:
            self.values[offset] = value
            self._check_fifos(offset)

    def _write_special(self, offset: int, value: int) -> None:
        if offset == GINTSTS:
            self._latched &= ~value
        elif offset == GOTGINT:
            self.values[GOTGINT] &= ~value
        elif offset == GRSTCTL:
            self._flush(value)
        else:
            self._write_control(value)

    def _flush(self, value: int) -> None:
        number = value >> 6 & 31
        for end in self.ins:
            if value & FLUSH_IN and number in (end.number, ALL_FIFOS):
                end.flush()
        if value & FLUSH_OUT:
            self._receive.clear()
            self._words.clear()
        if value & CORE_RESET:
            kept = {at: self.values[at] for at in (GUSBCFG, GCCFG)}
            self.restart()
            self.values.update(kept)

    def _write_control(self, value: int) -> None:
        self.values[DCTL] = value & ~(SET_OUT_NAK | CLEAR_OUT_NAK)
        if value & SET_OUT_NAK and not self._out_nak:
            self._receive.append((NAK_ENTRY, 0, b""))
        if value & CLEAR_OUT_NAK:
            self._out_nak = False

    def _check_fifos(self, offset: int) -> None:
        """The FIFOs share 4 KB, and must not overlap."""
        if offset == DIEPTXF0 or DIEPTXF1 <= offset < DIEPTXF1 + 4 * (ENDPOINTS - 1):
            start, words = self.values[offset] & 0xFFFF, self.values[offset] >> 16
            if start < self.values[GRXFSIZ] or start + words > FIFO_WORDS:
                raise EmulatorError(f"{self.name}: a transmit FIFO of {words} words at {start} does not fit")
