# SPDX-License-Identifier: MIT
"""The firmware's console as a module behind a transport: the C code, built with every warning and UBSan."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
from fake import HELLO, FakeFrontEnd

from lottava.record import RECORD_BYTES, Record
from lottava.settings import SECTOR, SETTINGS_BYTES, Settings, pack, unpack

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
APP = "console console_calibrate console_store store settings record wire averager"
SOURCES = [f"app/{name}.cc" for name in APP.split()]
CHECKSUM = ("blob", "layer_check", "levels")
"""What of nn/ holds CRC-32."""
COMMON = (
    "-Wall -Wextra -Wconversion -Wshadow -Wundef -Werror -O1 -g -fPIC -fsanitize=undefined -fno-sanitize-recover=all"
)
CXX = "-std=c++17 -fno-exceptions -fno-rtti -fno-threadsafe-statics -Wold-style-cast"
SECTORS = 4
ERASED = b"\xff" * (SECTORS * RECORD_BYTES)
"""The start of each sector; settings take less than a record."""


def compile_console(folder: Path, program: str, output: str, *flags: str) -> Path:
    """The console and firmware/test/PROGRAM, for this machine."""
    common = [*COMMON.split(), *flags, f"-I{FIRMWARE}", f"-I{FIRMWARE / 'generated'}"]
    built = folder / output
    objects = [folder / f"{output}.{name}.o" for name in CHECKSUM]
    for name, compiled in zip(CHECKSUM, objects, strict=True):
        flags_of_c = [flag for flag in common if flag != "-shared"]
        command = ["gcc", "-std=c11", *flags_of_c, "-c", str(FIRMWARE / f"nn/{name}.c"), "-o", str(compiled)]
        subprocess.run(command, check=True)
    sources = [str(FIRMWARE / source) for source in (*SOURCES, f"test/{program}")]
    subprocess.run(["g++", *CXX.split(), *common, *sources, *map(str, objects), "-o", str(built)], check=True)
    return built


def build(folder: Path) -> ctypes.CDLL:
    """The console as a library, with undefined behaviour trapped."""
    built = compile_console(folder, "console_host.cc", "libconsole.so", "-shared", "-fsanitize=undefined")
    loaded = ctypes.CDLL(str(built))
    loaded.console_size.restype = ctypes.c_size_t
    loaded.console_transmit.restype = ctypes.c_size_t
    loaded.wire_encode.restype = ctypes.c_size_t
    loaded.wire_decode.restype = ctypes.c_size_t
    loaded.wire_crc16.restype = ctypes.c_uint16
    return loaded


class ConsoleModule:
    """A transport: written bytes go to the C console, each read lets blocks pass and returns what it says."""

    def __init__(
        self, library: ctypes.CDLL, front_end: FakeFrontEnd | None = None, hello: bytes = HELLO.pack()
    ) -> None:
        self.library, self.hello = library, hello
        self.front_end = front_end or FakeFrontEnd()
        self.record = Record()
        self.blocks_per_read = 64
        self._memory = ctypes.create_string_buffer(library.console_size() + 16)
        self.create(ERASED)

    def create(self, sectors: bytes) -> None:
        """Power up with the starts of these sectors; those that are left out are erased."""
        self.library.console_create(self._memory, self.hello, sectors + ERASED[len(sectors) :])

    def reboot(self) -> None:
        """Power off and on; the flash stays."""
        self.create(self.sectors)

    @property
    def sectors(self) -> bytes:
        """The first RECORD_BYTES of each sector."""
        out = ctypes.create_string_buffer(SECTORS * RECORD_BYTES)
        self.library.console_sectors(self._memory, out)
        return out.raw

    @property
    def slots(self) -> bytes:
        """Both slots of the calibration."""
        return self.sectors[: 2 * RECORD_BYTES]

    @property
    def settings_slots(self) -> tuple[bytes, bytes]:
        """Both slots of the settings."""
        first, second = (self.sectors[n * RECORD_BYTES :][:SETTINGS_BYTES] for n in (SECTOR, SECTOR + 1))
        return first, second

    def take_settings(self) -> Settings | None:
        """What the instrument shall use, once after a change."""
        out = ctypes.create_string_buffer(SETTINGS_BYTES)
        return unpack(out.raw) if self.library.console_settings(self._memory, out) else None

    def change(self, settings: Settings) -> None:
        """As the panel does."""
        self.library.console_change(self._memory, pack(settings))

    def fault(self, number: int) -> None:
        """1 write fails, 2 corrupts, 3 never ends, 4 never starts, 0 all well."""
        self.library.console_fault(self._memory, ctypes.c_uint8(number))

    @property
    def writes(self) -> int:
        """Flash writes since power-up."""
        return int(self.library.console_writes(self._memory))

    def action(self) -> int:
        """What main shall do: 0 nothing, 1 reboot, 2 loader, 3 factory."""
        return int(self.library.console_action(self._memory)) & 0xFF

    def identify_blocks(self) -> int:
        """Blocks for which the LEDs shall blink."""
        return int(self.library.console_identify(self._memory))

    def calibration(self) -> np.ndarray | None:
        """LottavaCalibration as floats [29], once after a change; else None."""
        out = (ctypes.c_float * 29)()
        return np.array(out) if self.library.console_calibration(self._memory, out) else None

    def blocks(self, count: int) -> None:
        """Let blocks pass."""
        listed = self.front_end.codes(count)
        volts = np.array([self.record.input_volts(i, code) for i, code in enumerate(listed[-1])], dtype=np.float32)
        for codes in listed:
            self.library.console_block(self._memory, codes.tobytes(), volts.tobytes())

    def write(self, data: bytes) -> int:
        """As a port."""
        self.library.console_receive(self._memory, data, ctypes.c_size_t(len(data)))
        return len(data)

    def read(self, size: int) -> bytes:
        """As a port."""
        said = self.transmit(size)
        if not said:
            self.blocks(self.blocks_per_read)
            said = self.transmit(size)
        return said

    def transmit(self, size: int = 4096) -> bytes:
        """What the console has to say, no block passing."""
        out = ctypes.create_string_buffer(size)
        length = self.library.console_transmit(self._memory, out, ctypes.c_size_t(size))
        return out.raw[:length]

    def close(self) -> None:
        """As a port."""
