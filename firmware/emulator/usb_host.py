# SPDX-License-Identifier: MIT
"""A computer at one of the module's USB sockets: it enumerates, opens the serial port, and plays MIDI.

It runs in the module's virtual time. A job is a generator that yields the seconds until its next transaction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from .errors import EmulatorError
from .seed import CORE_HZ, Seed
from .usb_core import UsbCore

Job = Generator[float, None, None]
Answer = Generator[float, None, bytes]

BIT_SECONDS = 1 / 12e6
OVERHEAD_BITS = 100
RETRY_SECONDS = 50e-6
POLL_SECONDS = 250e-6
"""Between two questions to an endpoint that had nothing to say."""
DEBOUNCE_SECONDS = 5e-3
"""A real host waits 100 ms (USB 2.0 7.1.7.3); a shorter one finds what was not ready."""
RESET_SECONDS = 10e-3
PATIENCE_SECONDS = 0.5
SUSPEND_SECONDS = 3e-3
PACKET_BYTES = 64
GET_DESCRIPTOR, SET_ADDRESS, SET_CONFIGURATION, SET_LINE_CODING, SET_LINE_STATE = 6, 5, 9, 0x20, 0x22
DEVICE, CONFIGURATION, STRING = 1, 2, 3
INTERFACE_DESCRIPTOR, ENDPOINT_DESCRIPTOR = 4, 5
ENGLISH = 0x0409
BULK = 2


class UsbStall(Exception):
    """The device refuses a request: an answer, no failure."""


@dataclass
class Descriptors:
    """What the device said: bytes as they came, strings by index, endpoints by interface class and subclass."""

    device: bytes = b""
    configuration: bytes = b""
    strings: dict[int, str] = field(default_factory=dict)
    endpoints: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)

    @property
    def serial(self) -> str:
        """Its serial number."""
        return self.strings.get(self.device[16], "")

    @property
    def product(self) -> str:
        """Its name."""
        return self.strings.get(self.device[15], "")


class UsbHost:
    """port: 'seed' or 'panel'. Plug it in and run the seed; `ready` tells when both ports are open.

    Raises EmulatorError, out of the seed's run, when the device does what no host would put up with.
    """

    def __init__(self, seed: Seed, port: str = "seed", *, dtr: bool = True) -> None:
        self._seed, self.port, self._dtr = seed, port, dtr
        self._core: UsbCore | None = None
        self._epoch = 0
        self._serial_out: deque[int] = deque()
        self._midi_out: deque[bytes] = deque()
        self.received = bytearray()
        self.midi_received = bytearray()
        self.descriptors = Descriptors()
        self.ready = False
        self.deaf = False
        """It asks the serial port for nothing."""
        self.enumerations = self.stalls = 0

    def plug(self) -> None:
        """Cable in."""
        self._seed.usb_cables[self.port] = self
        self.connect(self._seed.usb[self.port])

    def unplug(self) -> None:
        """Cable out: what was on its way is lost. The device sees an idle bus, as it has no sense of the power."""
        del self._seed.usb_cables[self.port]
        core, self._core = self._core, None
        self._forget()
        if core is not None:
            self._seed.timeline.after(SUSPEND_SECONDS * CORE_HZ, lambda: self._idle(core))

    def _idle(self, core: UsbCore) -> None:
        if self._core is None and self._seed.usb[self.port] is core:
            core.bus_idle()

    def connect(self, core: UsbCore) -> None:
        """The device, which may have started anew."""
        self._core = core
        self._forget()
        self._start(self._enumerate())

    def _forget(self) -> None:
        self._epoch += 1
        self.ready = self._asking = False
        self._serial_out.clear()
        self._midi_out.clear()

    def write(self, data: bytes) -> None:
        """Bytes to the serial port."""
        self._serial_out.extend(data)

    def read(self) -> bytes:
        """What the serial port has sent since the last call."""
        data = bytes(self.received)
        self.received.clear()
        return data

    def midi(self, *messages: bytes) -> None:
        """MIDI messages of 1 to 3 bytes, each as one packet of cable 0."""
        for message in messages:
            self._midi_out.append(bytes([code_of(message)]) + message.ljust(3, b"\0"))

    def midi_packets(self, packets: bytes) -> None:
        """Packets as they are, garbage included; a multiple of 4 bytes unless it shall not be one."""
        self._midi_out.extend(packets[at : at + PACKET_BYTES] for at in range(0, len(packets), PACKET_BYTES))

    def request(self, request_type: int, request: int, value: int, index: int, size: int = 0) -> None:
        """A control request of any kind beside the rest; a refusal is counted in `stalls`."""
        self._start(self._try(self._control(request_type, request, value, index, size)))

    def _try(self, job: Answer) -> Job:
        """One at a time: endpoint 0 has room for no more."""
        while self._asking:
            yield RETRY_SECONDS
        self._asking = True
        try:
            yield from job
        except UsbStall:
            self.stalls += 1
        self._asking = False

    def _start(self, job: Job) -> None:
        epoch = self._epoch

        def step() -> None:
            if epoch == self._epoch:
                seconds = next(job, None)
                if seconds is not None:
                    self._seed.timeline.after(seconds * CORE_HZ, step)

        self._seed.timeline.after(0, step)

    @property
    def core(self) -> UsbCore:
        """The device's end of the cable."""
        if self._core is None:
            raise EmulatorError("the USB cable is not plugged in")
        return self._core

    def _enumerate(self) -> Job:
        while not self.core.attached:
            yield 1e-3
        yield DEBOUNCE_SECONDS
        self.core.bus_reset()
        yield RESET_SECONDS
        self.core.bus_reset_ends()
        yield 1e-3
        self.enumerations += 1
        said = self.descriptors = Descriptors()
        yield from self._get(DEVICE, 0, 8)
        yield from self._control(0x00, SET_ADDRESS, 5, 0)
        yield 2e-3
        if self.core.address != 5:
            raise EmulatorError("the device has not taken its address")
        said.device = yield from self._get(DEVICE, 0, 18)
        total = (yield from self._get(CONFIGURATION, 0, 9))[2:4]
        said.configuration = yield from self._get(CONFIGURATION, 0, int.from_bytes(total, "little"))
        yield from self._get(STRING, 0, 255)
        for index in [number for number in said.device[14:17] if number]:
            text = yield from self._get(STRING, index, 255)
            said.strings[index] = text[2:].decode("utf-16-le")
        said.endpoints = endpoints_of(said.configuration)
        yield from self._control(0x00, SET_CONFIGURATION, said.configuration[5], 0)
        yield from self._control(0x21, SET_LINE_CODING, 0, 0, data=bytes.fromhex("00c20100000008"))
        yield from self._control(0x21, SET_LINE_STATE, int(self._dtr), 0)
        self._open(said.endpoints)

    def _open(self, endpoints: dict[tuple[int, int], tuple[int, ...]]) -> None:
        for kind, out, received in (((10, 0), self._next_serial, self.received), ((1, 3), self._next_midi, None)):
            for address in endpoints[kind]:
                number = address & 15
                if address & 0x80:
                    self._start(self._listen(number, self.midi_received if received is None else received))
                else:
                    self._start(self._talk(number, out))
        self.ready = True

    def _next_serial(self) -> bytes:
        return bytes(self._serial_out.popleft() for _ in range(min(PACKET_BYTES, len(self._serial_out))))

    def _next_midi(self) -> bytes:
        """As many events as fill a packet."""
        data = b""
        while self._midi_out and len(data) + len(self._midi_out[0]) <= PACKET_BYTES:
            data += self._midi_out.popleft()
        return data

    def _talk(self, number: int, source: Callable[[], bytes]) -> Job:
        while True:
            data = source()
            if not data:
                yield POLL_SECONDS
                continue
            yield from self._send(number, data, patience=None)

    def _listen(self, number: int, into: bytearray) -> Job:
        while True:
            answer = "nak" if self.deaf else self.core.in_(number)
            if isinstance(answer, bytes):
                into += answer
            yield _seconds(len(answer)) if isinstance(answer, bytes) else POLL_SECONDS

    def _send(self, number: int, data: bytes, patience: float | None = PATIENCE_SECONDS) -> Job:
        waited = 0.0
        while True:
            verdict = self.core.out(number, data)
            yield _seconds(len(data))
            if verdict == "stall":
                raise UsbStall
            if verdict == "ack":
                return
            yield RETRY_SECONDS
            waited += RETRY_SECONDS
            if patience is not None and waited > patience:
                raise EmulatorError(f"endpoint {number} takes nothing for {patience:g} s")

    def _ask(self, number: int) -> Answer:
        waited = 0.0
        while True:
            answer = self.core.in_(number)
            yield _seconds(len(answer))
            if isinstance(answer, bytes):
                return answer
            if answer == "stall":
                raise UsbStall
            yield RETRY_SECONDS
            waited += RETRY_SECONDS
            if waited > PATIENCE_SECONDS:
                raise EmulatorError(f"endpoint {number} says nothing for {PATIENCE_SECONDS:g} s")

    def _get(self, kind: int, index: int, size: int) -> Answer:
        answer = yield from self._control(0x80, GET_DESCRIPTOR, kind << 8 | index, ENGLISH * (kind == STRING), size)
        if len(answer) < 2 or answer[1] != kind:
            raise EmulatorError(f"the device answers {answer.hex()} when asked for descriptor {kind}.{index}")
        return answer

    def _control(
        self, request_type: int, request: int, value: int, index: int, size: int = 0, *, data: bytes = b""
    ) -> Answer:
        """Setup, data, status (USB 2.0 8.5.3)."""
        length = len(data) or size
        fields = (request_type, request, *value.to_bytes(2, "little"), *index.to_bytes(2, "little"))
        self.core.setup(bytes(fields) + length.to_bytes(2, "little"))
        yield _seconds(8)
        answer = b""
        if request_type & 0x80:
            while len(answer) < length:
                packet = yield from self._ask(0)
                answer += packet
                if len(packet) < PACKET_BYTES:
                    break
            yield from self._send(0, b"")
            return answer
        for at in range(0, len(data), PACKET_BYTES):
            yield from self._send(0, data[at : at + PACKET_BYTES])
        if (yield from self._ask(0)):
            raise EmulatorError("the device ends a request with data")
        return b""


def _seconds(count: int) -> float:
    return (8 * count + OVERHEAD_BITS) * BIT_SECONDS


def code_of(message: bytes) -> int:
    """Code index number of a MIDI message (USB MIDI 1.0, table 4-1)."""
    status = message[0] >> 4
    if status < 0xF:
        return status if status >= 8 else 0xF
    return {1: 5, 2: 2, 3: 3}[len(message)]


def endpoints_of(configuration: bytes) -> dict[tuple[int, int], tuple[int, ...]]:
    """Bulk endpoints by class and subclass of their interface."""
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    at, kind = 0, (0, 0)
    while at < len(configuration):
        size, descriptor = configuration[at], configuration[at + 1]
        if size < 2:
            raise EmulatorError("a descriptor of the configuration has no length")
        if descriptor == INTERFACE_DESCRIPTOR:
            kind = (configuration[at + 5], configuration[at + 6])
        elif descriptor == ENDPOINT_DESCRIPTOR and configuration[at + 3] & 3 == BULK:
            found[kind] = (*found.get(kind, ()), configuration[at + 2])
        at += size
    return found
