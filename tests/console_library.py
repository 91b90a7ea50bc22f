# SPDX-License-Identifier: MIT
"""The firmware's console as a module behind a transport: the C code, built with every warning and UBSan."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
from fake import HELLO, FakeFrontEnd

from lottava.record import RECORD_BYTES, Record

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
SOURCES = ("app/console.cc", "app/console_calibrate.cc", "app/record.cc", "app/wire.cc", "app/averager.cc")
COMMON = (
    "-Wall -Wextra -Wconversion -Wshadow -Wundef -Werror -O1 -g -fPIC -fsanitize=undefined -fno-sanitize-recover=all"
)
CXX = "-std=c++17 -fno-exceptions -fno-rtti -fno-threadsafe-statics -Wold-style-cast"
ERASED = b"\xff" * (2 * RECORD_BYTES)


def compile_console(folder: Path, program: str, output: str, *flags: str) -> Path:
    """The console and firmware/test/PROGRAM, for this machine."""
    common = [*COMMON.split(), *flags, f"-I{FIRMWARE}", f"-I{FIRMWARE / 'generated'}"]
    blob, built = folder / f"{output}.blob.o", folder / output
    shared = [flag for flag in common if flag != "-shared"]
    subprocess.run(["gcc", "-std=c11", *shared, "-c", str(FIRMWARE / "nn/blob.c"), "-o", str(blob)], check=True)
    sources = [str(FIRMWARE / source) for source in (*SOURCES, f"test/{program}")]
    subprocess.run(["g++", *CXX.split(), *common, *sources, str(blob), "-o", str(built)], check=True)
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

    def create(self, slots: bytes) -> None:
        """Power up with these two slots."""
        self.library.console_create(self._memory, self.hello, slots)

    def reboot(self) -> None:
        """Power off and on; the flash stays."""
        self.create(self.slots)

    @property
    def slots(self) -> bytes:
        """Both slots."""
        out = ctypes.create_string_buffer(2 * RECORD_BYTES)
        self.library.console_slots(self._memory, out)
        return out.raw

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
