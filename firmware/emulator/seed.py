# SPDX-License-Identifier: MIT
"""A Daisy Seed of any revision on its board: image in, voltages in, samples out, block by block of 48."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .adc import Adc
from .bus import Bus
from .codec import CODEC_PIN, make_codec
from .cpu import Cpu
from .dac import Dac, Timer6
from .dma import Dma, Dmamux
from .errors import EmulatorError, PowerCutError
from .fmc import PINS as SDRAM_PINS
from .fmc import Fmc
from .frontend import FrontEnd
from .gpio import Exti, Port
from .i2c import I2c
from .image import load_image
from .leds import Chain, Dimmer, Spi
from .memory import BACKUP_BYTES, LOADER, UNIQUE_NUMBER, BackupSram, QspiWindow, Sdram, map_memories
from .norflash import CHIP_BYTES, NorFlash
from .nvic import CycleCounter, Nvic
from .panel import (
    DAC_CHANNELS,
    FREEZE,
    GATE,
    GATE_OUT,
    LED_BRIGHTNESS,
    LED_CLOCK,
    LED_DATA,
    LED_LATCH,
    MUX_ADDRESS,
    ONBOARD_LED,
    OUTPUT_MUTE,
    PROBE,
    STRAPS,
)
from .qspi import Qspi
from .rcc import POWER_ON_FLAGS, SOFTWARE_FLAGS, WATCHDOG_FLAGS, FlashInterface, Pwr, Rcc, Syscfg
from .sai import Sai
from .timeline import Timeline
from .usart import Usart
from .usb_core import Cable, UsbCore
from .usb_wiring import PAGES, PANEL_VBUS, PLACES, Crs, find_fault
from .watchdog import Watchdog

BLOCK_SAMPLES = 48
CODEC_CLOCK = (7, 4)
"""PH4: the control port's clock on a Seed 1.1."""
QSPI_IO2 = (5, 7)
"""PF7, the chip's WP pin outside quad mode; the controller holds it low then."""
DEFAULT_SERIAL = b"emulated\x00\x00\x00\x01"
CORE_HZ = 480e6
"""Virtual time counts cycles of the final clock, in the first microseconds on the slow one, too."""
BOOT_SECONDS = 1.0
"""First sound within a second of power (issue 4); an image that takes longer is taken for hung."""


class Seed:
    """One module. `qspi` (8 MB) belongs to the caller, so what is stored outlives this object.

    revision: of the Seed, one of codec.REVISIONS.
    Raises EmulatorError for an image that can't be loaded, and from every run for an access the model doesn't know.
    """

    def __init__(
        self,
        elf: Path | str,
        *,
        frontend: FrontEnd | None = None,
        qspi: bytearray | None = None,
        serial: bytes = DEFAULT_SERIAL,
        revision: str = "rev4",
        real_faults: bool = False,
    ) -> None:
        if len(serial) != len(DEFAULT_SERIAL):
            raise EmulatorError(f"a chip's number has {len(DEFAULT_SERIAL)} bytes, not {len(serial)}")
        self.serial = serial
        self.revision, self.codec = revision, make_codec(revision)
        self.image = load_image(elf)
        self.frontend = frontend if frontend is not None else FrontEnd.ideal()
        self.qspi = qspi if qspi is not None else bytearray(b"\xff") * CHIP_BYTES
        self.flash_chip = NorFlash(self.qspi)
        self._gate = self._freeze = False
        self.usb_cables: dict[str, Cable] = {}
        self._real_faults = real_faults
        self.resets = 0
        self._power_up()

    def _power_up(self) -> None:
        self._backup = bytearray(b"\xa5") * BACKUP_BYTES
        self.flash_chip.power_up()
        self.codec.power_up()
        self._start(POWER_ON_FLAGS)

    def _start(self, reset_flags: int) -> None:
        """From reset: all but the backup SRAM and the QSPI chip begins anew, for a power-up those, too."""
        self._bitten = False
        self._reset_flags = reset_flags
        self.timeline = Timeline()
        self.bus = Bus()
        self.nvic = Nvic(self.timeline)
        self.cpu = Cpu(self.image, self.bus, self.nvic, self.timeline, real_faults=self._real_faults)
        map_memories(self.cpu.uc, self.image)
        self.cpu.uc.mem_write(UNIQUE_NUMBER, self.serial)
        self._blocks: list[NDArray[np.int32]] = []
        self._attach_system()
        self._attach_converters()
        self.cpu.reset()
        for port, cable in self.usb_cables.items():
            cable.connect(self.usb[port])

    def _attach_system(self) -> None:
        backup = BackupSram(self.cpu.uc, self._backup)
        self.rcc, syscfg, power = Rcc(self._reset_flags, backup.clock), Syscfg(), Pwr(backup.unlock)
        self.watchdog = Watchdog(self.timeline, CORE_HZ, self._bite)
        self.exti = Exti(syscfg, self.nvic)
        self.ports = [Port(index, self.rcc, self._pin_level) for index in range(9)]
        self.ports[CODEC_PIN[0]].listeners.append(self._codec_pin)
        self.frontend.probe = False
        self.ports[PROBE[0]].listeners.append(self._probe_pin)
        mux = Dmamux()
        self.dma = Dma(self.cpu.uc, mux, self.nvic, self.rcc)
        for peripheral in (
            self.rcc,
            power,
            FlashInterface(),
            syscfg,
            self.exti,
            *self.ports,
            mux,
            self.dma,
            self.watchdog,
        ):
            self.bus.attach(peripheral)
        self._attach_usb(power)
        self.bus.attach(self.nvic, pages=4)
        self.bus.attach(CycleCounter(self.timeline), pages=4)

    def _attach_usb(self, power: Pwr) -> None:
        crs = Crs(self.rcc)
        fault = find_fault(self.rcc, crs, power, self.ports)
        self.usb = {name: UsbCore(place, self.rcc, self.nvic, self.timeline, fault) for name, place in PLACES.items()}
        self.bus.attach(crs)
        for core in self.usb.values():
            self.bus.attach(core, pages=PAGES)

    def _attach_converters(self) -> None:
        window = QspiWindow(self.cpu.uc, self.qspi)
        self.flash_chip.follow(lambda: self.seconds)
        self.flash_chip.write_protected = lambda: not self.ports[QSPI_IO2[0]].is_high(QSPI_IO2[1])
        self.sai = Sai(self.dma, self.rcc, self.timeline, self.codec, self._blocks.append)
        self.adc = Adc(self.dma, self.rcc, self.timeline, self._convert)
        timer = Timer6(self.rcc)
        self.dac = Dac(self.dma, timer, self.rcc)
        self.usart = Usart(self.dma, self.rcc, self.timeline)
        for peripheral in (self.sai, self.adc, timer, self.dac, self.usart):
            self.bus.attach(peripheral)
        self._attach_leds()
        self.bus.attach(Qspi(self.flash_chip, self.rcc, window.show))
        self.bus.attach(I2c(self.rcc, self.timeline, self.codec, self._i2c_is_wired))
        self.bus.attach(Fmc(self.rcc, self.timeline, Sdram(self.cpu.uc).show, self._sdram_is_wired))

    def _attach_leds(self) -> None:
        self._chain, self._dimmer = Chain(), Dimmer(self.rcc)
        self.bus.attach(Spi(self.rcc, self._shift_leds))
        self.bus.attach(self._dimmer)
        port, pin = LED_LATCH
        self.ports[port].listeners.append(lambda: self._chain.latch(bool(self.ports[port].driven(pin))))

    def _shift_leds(self, frame: int) -> None:
        if any(self.ports[port].alternate(pin) != 5 for port, pin in (LED_CLOCK, LED_DATA)):
            raise EmulatorError("SPI1 sends to the LEDs before its pins are its own")
        self._chain.shift(frame)

    @property
    def seconds(self) -> float:
        """Virtual time since power-up."""
        return self.timeline.now / CORE_HZ

    @property
    def in_loader(self) -> bool:
        """True when the image has gone to the DFU loader in ROM."""
        return LOADER.holds(self.cpu.pc)

    @property
    def sample_rate_hz(self) -> float:
        """48 014.3 Hz once the image has set its clocks."""
        return self.sai.sample_rate_hz

    def _bite(self) -> None:
        self._bitten = True

    def _advance(self, time: float) -> float:
        """Run until `time` at most; a reset that the image or the watchdog asks for, or a power cut, ends it.

        Returns the cycles that passed.
        """
        before = self.timeline.now
        try:
            self.cpu.run_until(time)
            passed = self.timeline.now - before
        except PowerCutError:
            passed = self.timeline.now - before
            self.reboot()
            return passed
        asked = SOFTWARE_FLAGS * self.nvic.reset_requested | WATCHDOG_FLAGS * self._bitten
        if asked:
            self._restart(lambda: self._start(self.rcc.values[0xD0] | asked))
        return passed

    def _restart(self, start: Callable[[], None]) -> None:
        """What was said and sent before stays to be read."""
        sent, blocks = self.receive(), self._blocks
        start()
        self.usart.received += sent
        self._blocks.extend(blocks)
        self.resets += 1

    def _codec_pin(self) -> None:
        port, pin = CODEC_PIN
        self.codec.pin(self.ports[port].driven(pin))

    def _i2c_is_wired(self) -> bool:
        return all(
            self.ports[port].alternate(pin) == 4 and self.ports[port].is_open_drain(pin)
            for port, pin in (CODEC_CLOCK, CODEC_PIN)
        )

    def _sdram_is_wired(self) -> bool:
        return all(
            self.ports[port].alternate(pin) == 12
            for port, pins in SDRAM_PINS.items()
            for pin in range(16)
            if pins >> pin & 1
        )

    def _pin_level(self, port: int, pin: int) -> bool | None:
        if (port, pin) in STRAPS:
            return False if STRAPS[port, pin] == self.revision else None
        if self.frontend.is_bare:
            return None
        if (port, pin) == OUTPUT_MUTE:
            return True
        if (port, pin) == PANEL_VBUS:
            return "panel" in self.usb_cables
        if (port, pin) == GATE:
            return not self._jack_level("GATE", self._gate)
        if (port, pin) == FREEZE:
            return not self._jack_level("FREEZE", self._freeze)
        return None

    def _jack_level(self, jack: str, cable: bool) -> bool:
        """Level at a gate input: the cable's, or the probe's by way of the switch contact."""
        return cable if self.frontend.is_plugged(jack) else self.frontend.probe

    def _probe_pin(self) -> None:
        port, pin = PROBE
        self._change(lambda: setattr(self.frontend, "probe", bool(self.ports[port].driven(pin))))

    def _change(self, act: Callable[[], None]) -> None:
        """Do what may move a gate input; an edge there goes to EXTI (the pins are inverted)."""
        pins = (GATE, FREEZE)
        before = [self._pin_level(*pin) for pin in pins]
        act()
        for pin, level in zip(pins, before, strict=True):
            if self._pin_level(*pin) != level:
                self.exti.edge(*pin, rising=not level)

    def _convert(self, channels: Sequence[int]) -> NDArray[np.uint16]:
        position = sum(self.ports[port].is_high(pin) << bit for bit, (port, pin) in enumerate(MUX_ADDRESS))
        codes = self.dac.codes
        self.frontend.drive([codes[channel] for channel in DAC_CHANNELS])
        return self.frontend.scan(channels, position)

    def run_blocks(self, count: int) -> NDArray[np.int32]:
        """Run until `count` blocks have been sent to the codec: int32 [count*48, 2], 24-bit OUT and AUX.

        Returns at the instant at which the last block ends and its interrupt is due: a voltage that is changed now
        is seen by that interrupt, and is heard from the start of the block after next; an edge of GATE a block later.
        """
        self._blocks.clear()
        silent, done = 0.0, 0
        while len(self._blocks) < count:
            passed = self._advance(self._next_stop())
            silent, done = silent + passed if len(self._blocks) == done else 0.0, len(self._blocks)
            if silent > BOOT_SECONDS * CORE_HZ:
                raise EmulatorError(f"no sound for {BOOT_SECONDS:g} s; the image hangs in {self._where()}")
        return np.concatenate(self._blocks[:count]) if count else np.zeros((0, 2), np.int32)

    def _where(self) -> str:
        return self.image.symbol_at(self.cpu.pc)

    def _next_stop(self) -> float:
        """The next event; a short step when nothing is scheduled yet."""
        return min(self.timeline.next_time, self.timeline.now + 1e-3 * CORE_HZ)

    def run_seconds(self, seconds: float) -> None:
        """Run for a stretch of virtual time, over resets, too, and drop the sound."""
        left = seconds * CORE_HZ
        while left > 0:
            left -= self._advance(min(self.timeline.now + left, self._next_stop()))
        self._blocks.clear()

    def set_volts(self, jack: str, volts: float) -> None:
        """Voltage at a CV jack from now on. Raises ValueError for an unknown jack."""
        self.frontend.set_volts(jack, volts)

    def set_pot(self, name: str, position: float) -> None:
        """Knob position, 0 fully counter-clockwise to 1. Raises ValueError for an unknown knob."""
        self.frontend.set_pot(name, position)

    def unplug(self, *jacks: str) -> None:
        """Pull the cables of CV inputs, GATE or FREEZE, by name. Raises ValueError for another jack."""
        self._change(lambda: self.frontend.unplug(*jacks))

    def set_gate(self, high: bool, *, after_samples: float = 0.0) -> None:
        """Level of a cable in GATE, from now or from a later instant on (the pin is inverted)."""
        self._at(after_samples, lambda: self._change(lambda: self._patch_gate("GATE", high)))

    def set_freeze(self, high: bool, *, after_samples: float = 0.0) -> None:
        """Level of a cable in FREEZE, as set_gate."""
        self._at(after_samples, lambda: self._change(lambda: self._patch_gate("FREEZE", high)))

    def _patch_gate(self, jack: str, high: bool) -> None:
        self.frontend.plug(jack)
        if jack == "GATE":
            self._gate = high
        else:
            self._freeze = high

    def _at(self, after_samples: float, change) -> None:  # type: ignore[no-untyped-def]
        if after_samples <= 0:
            change()
        else:
            self.timeline.after(after_samples / self.sample_rate_hz * CORE_HZ, change)

    @property
    def gate_out(self) -> bool:
        """Level of GATE OUT's pin (D1)."""
        return self.ports[GATE_OUT[0]].is_high(GATE_OUT[1])

    @property
    def leds(self) -> int:
        """What the panel's LEDs are told to show: bit n is slot n + 1 in green, bit 8 + n in red."""
        return self._chain.shown

    @property
    def led_brightness(self) -> float:
        """Share of the time for which the chips' output enable is low; pulled up, they are dark."""
        port, pin = LED_BRIGHTNESS
        return (self._dimmer.low_share or 0.0) if self.ports[port].alternate(pin) == 2 else 0.0

    @property
    def onboard_led(self) -> bool:
        """True while the LED on the Seed itself is lit."""
        return bool(self.ports[ONBOARD_LED[0]].driven(ONBOARD_LED[1]))

    @property
    def output_muted(self) -> bool:
        """True while the board keeps OUT and AUX silent: from power-up (pulled up) until the image releases D7."""
        port, pin = OUTPUT_MUTE
        return self.ports[port].is_high(pin)

    @property
    def output_volts(self) -> tuple[float, float]:
        """PITCH CV and ENV CV at their jacks."""
        codes = self.dac.codes
        return self.frontend.output_volts([codes[channel] for channel in DAC_CHANNELS])

    def send(self, data: bytes) -> None:
        """Bytes to the console port; they arrive at its baud rate."""
        self.usart.send(data)

    def receive(self) -> bytes:
        """Bytes that the console port has sent since the last call."""
        data = bytes(self.usart.received)
        self.usart.received.clear()
        return data

    def reboot(self) -> None:
        """Power off and on: memory is lost; the QSPI flash, the panel, the cables and what was sent stay."""
        self._restart(self._power_up)
