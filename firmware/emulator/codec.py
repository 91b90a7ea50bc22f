# SPDX-License-Identifier: MIT
"""The codecs of the three Seed revisions: what each turns into sound, and what it refuses (their data sheets)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .errors import EmulatorError

Samples = NDArray[np.int32]
CODEC_PIN = (1, 11)
"""PB11: reset of the AK4556, de-emphasis of the PCM3060, data line of the WM8731."""


class Codec:
    """`dac_line` names the SAI block whose data line ends at the converter's input."""

    name = "?"
    dac_line = "A"
    i2c_address: int | None = None

    def power_up(self) -> None:
        """Registers and internal states as the power finds them."""

    def pin(self, high: bool | None) -> None:
        """PB11 is driven to a level, or by nobody."""

    def receive(self, data: bytes) -> None:
        """Take a message of the control port."""
        raise EmulatorError(f"the {self.name} has no control port")

    def play(self, samples: Samples) -> Samples:
        """What comes out of the converter [samples, 2]; silence while it isn't set up."""
        return samples


class Ak4556(Codec):
    """Rev4. Silent until its reset has been low and is high (data sheet, power-down and reset)."""

    name = "AK4556"

    def power_up(self) -> None:
        self._was_reset = self._runs = False

    def pin(self, high: bool | None) -> None:
        self._was_reset |= high is False
        self._runs = self._was_reset and high is True

    def play(self, samples: Samples) -> Samples:
        return samples if self._runs else np.zeros_like(samples)


class Pcm3060(Codec):
    """2 DFM, strapped to hardware mode: it plays by itself, flat only while its de-emphasis pin is low."""

    name = "PCM3060"

    def power_up(self) -> None:
        self._flat = False

    def pin(self, high: bool | None) -> None:
        self._flat = high is False

    def play(self, samples: Samples) -> Samples:
        if not self._flat:
            raise EmulatorError("the PCM3060 de-emphasises: PB11 isn't driven low")
        return samples


LINE_LEFT, LINE_RIGHT, ANALOGUE, DIGITAL, POWER, FORMAT, SAMPLING, ACTIVE, RESET = 0, 1, 4, 5, 6, 7, 8, 9, 15
_DEFAULTS = {0: 0x97, 1: 0x97, 2: 0x79, 3: 0x79, ANALOGUE: 0xA, DIGITAL: 0x8, POWER: 0x9F, FORMAT: 0xA}
_DEFAULTS |= {SAMPLING: 0, ACTIVE: 0}
_USED_BITS = {0: 0x19F, 1: 0x19F, 2: 0x1FF, 3: 0x1FF, 4: 0xFF, 5: 0x1F, 6: 0xFF, 7: 0xFF, 8: 0xFF, 9: 1, 15: 0x1FF}
DAC_OFF, OUTPUTS_OFF, ALL_OFF = 1 << 3, 1 << 4, 1 << 7
DAC_SELECTED, DAC_MUTED = 1 << 4, 1 << 3
LEFT_JUSTIFIED_24, RATE_48K = 0b1001, 0


class Wm8731(Codec):
    """Seed 1.1. Refuses what its data sheet forbids; silent until every step of the power-up sequence is done."""

    name, dac_line = "WM8731", "B"
    i2c_address = 0x1A
    registers: ClassVar[tuple[int, ...]] = tuple(_USED_BITS)

    def power_up(self) -> None:
        self.values = dict(_DEFAULTS)

    def receive(self, data: bytes) -> None:
        """Two bytes: 7 bits of register, 9 of value. Raises EmulatorError for a write that the chip doesn't know."""
        if len(data) != 2:
            raise EmulatorError(f"the WM8731 takes messages of two bytes, not {len(data)}")
        number, value = data[0] >> 1, (data[0] & 1) << 8 | data[1]
        if number not in _USED_BITS:
            raise EmulatorError(f"the WM8731 has no register {number}")
        if value & ~_USED_BITS[number]:
            raise EmulatorError(f"WM8731 register {number}: {value:#x} sets reserved bits")
        if number == RESET:
            if value:
                raise EmulatorError("the WM8731 is reset by writing 0 to register 15")
            self.power_up()
            return
        if number in (ANALOGUE, DIGITAL, FORMAT, SAMPLING) and self.values[ACTIVE]:
            raise EmulatorError(f"WM8731 register {number} is written while the interface is active")
        if number == POWER and not value & OUTPUTS_OFF and not self.values[ACTIVE]:
            raise EmulatorError("the WM8731's outputs come up last, after the interface is active, or they thump")
        self.values[number] = value

    def play(self, samples: Samples) -> Samples:
        if not self.values[ACTIVE]:
            return np.zeros_like(samples)
        if self.values[FORMAT] != LEFT_JUSTIFIED_24 or self.values[SAMPLING] != RATE_48K:
            raise EmulatorError("the WM8731 takes the SAI's frames for something else: left-justified, 24 bits, 256 fs")
        is_on = not self.values[POWER] & (DAC_OFF | OUTPUTS_OFF | ALL_OFF)
        plays = is_on and self.values[ANALOGUE] & DAC_SELECTED and not self.values[DIGITAL] & DAC_MUTED
        return samples if plays else np.zeros_like(samples)


_CODECS: dict[str, Callable[[], Codec]] = {"rev4": Ak4556, "1.1": Wm8731, "2dfm": Pcm3060}
REVISIONS = tuple(_CODECS)
"""Names of the Seed's revisions, in the order of BOARD.seed_revisions."""


def make_codec(revision: str) -> Codec:
    """The codec of a Seed. Raises EmulatorError for an unknown revision."""
    if revision not in _CODECS:
        raise EmulatorError(f"no Seed revision {revision!r}; there are {', '.join(REVISIONS)}")
    return _CODECS[revision]()
