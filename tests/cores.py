# SPDX-License-Identifier: MIT
"""The DSP heads (firmware/boards/host/heads.h) on this machine and on an emulated Cortex-M7, behind one interface."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, Protocol

import numpy as np
from lottava.emulator import Machine
from lottava.emulator.build import build_image
from lottava.emulator.library import host_library
from lottava.emulator.library import memory as zeroed
from numpy.typing import ArrayLike, DTypeLike, NDArray

Samples = NDArray[np.float32]
Codes = NDArray[np.int16]


class Core(Protocol):
    """What Machine offers."""

    def allocate(self, size: int, memory: str = ...) -> int: ...
    def write(self, where: int, values: ArrayLike) -> None: ...
    def read(self, where: int, count: int, dtype: DTypeLike = ...) -> NDArray[Any]: ...
    def call(self, function: str, *arguments: Any) -> int: ...


class Host:
    """This machine's library, addressed as the emulated core is."""

    def __init__(self) -> None:
        self._library = host_library()
        self._kept: list[NDArray[np.uint8]] = []

    def allocate(self, size: int, memory: str = "") -> int:
        self._kept.append(zeroed(size))
        return int(self._kept[-1].ctypes.data)

    def write(self, where: int, values: ArrayLike) -> None:
        data = np.ascontiguousarray(values).tobytes()
        ctypes.memmove(where, data, len(data))

    def read(self, where: int, count: int, dtype: DTypeLike = np.uint8) -> NDArray[Any]:
        return np.frombuffer(ctypes.string_at(where, count * np.dtype(dtype).itemsize), dtype).copy()

    def call(self, function: str, *arguments: Any) -> int:
        typed = [ctypes.c_float(a) if isinstance(a, float) else ctypes.c_uint64(int(a)) for a in arguments]
        target = getattr(self._library, function)
        target.restype = ctypes.c_size_t
        return int(target(*typed))


@cache
def core(name: str) -> Core:
    """ "host" or "cortex-m7"."""
    return Host() if name == "host" else Machine(build_image("bench"))


CORES = ("host", "cortex-m7")


class Head:
    """An object of heads.h, and room for `samples` values of every array that its functions take.

    No core takes memory back: make one of a kind and `create` it anew. Long arrays lie in AXI SRAM.
    """

    def __init__(self, core: Core, name: str, samples: int) -> None:
        self.core, self._name = core, name
        self._state = core.allocate(core.call(f"lottava_{name}_size"))
        where = "DTCM" if samples < 1000 else "AXI SRAM"
        self._arrays = [core.allocate(4 * samples + 16, where) for _ in range(3)]

    def create(self) -> None:
        self.call("create")

    def call(self, function: str, *arguments: Any, results: tuple[DTypeLike, ...] = (), size: int = 0) -> Any:
        """Arrays go into memory and their addresses to the function; the arrays it fills and `size` come last."""
        rooms, passed = iter(self._arrays), []
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                passed.append(next(rooms))
                self.core.write(passed[-1], argument)
            else:
                passed.append(argument)
        filled = [next(rooms) for _ in results]
        last = (size,) if size else ()
        self.core.call(f"lottava_{self._name}_{function}", self._state, *passed, *filled, *last)
        return filled


class NsfSource(Head):
    """Eight sines and noise. merge [9]: weights and bias."""

    def __init__(self, core: Core) -> None:
        super().__init__(core, "nsf_source", 96)

    def create(self, merge: ArrayLike = (0.0,) * 9) -> None:
        self.call("create", np.asarray(merge, np.float32))

    def frame(self, increment: int, voicing: float) -> None:
        self.call("frame", increment, float(voicing))

    def render(self, size: int) -> tuple[Codes, Codes]:
        source, noise = self.call("render", results=(np.int16, np.int16), size=size)
        return self.core.read(source, size, np.int16), self.core.read(noise, size, np.int16)


class Upsampler(Head):
    """24 (2) or 16 kHz (3) to 48 kHz."""

    def __init__(self, core: Core, factor: int) -> None:
        super().__init__(core, f"upsample_{factor}", 4096)
        self._factor = factor

    def process(self, codes: Codes) -> Samples:
        (y,) = self.call("process", np.asarray(codes, np.int16), results=(np.float32,), size=len(codes))
        return self.core.read(y, self._factor * len(codes), np.float32)


class HarmonicBank(Head):
    """64 partials."""

    def __init__(self, core: Core) -> None:
        super().__init__(core, "harmonics", 8192)

    def target(self, amplitudes: ArrayLike, share: float = 1.0) -> None:
        self.call("target", np.asarray(amplitudes, np.float32), share)

    def render(self, phase: NDArray[np.uint32], ramp: ArrayLike) -> Samples:
        (y,) = self.call(
            "render", phase.astype(np.uint32), np.asarray(ramp, np.float32), results=(np.float32,), size=len(phase)
        )
        return self.core.read(y, len(phase), np.float32)


class BandNoise(Head):
    """17 bands."""

    def __init__(self, core: Core) -> None:
        super().__init__(core, "band_noise", 48)

    def target(self, bands: ArrayLike, share: float = 1.0) -> None:
        self.call("target", np.asarray(bands, np.float32), share)

    def render(self, ramp: ArrayLike) -> Samples:
        (y,) = self.call("render", np.asarray(ramp, np.float32), results=(np.float32,), size=len(ramp))
        return self.core.read(y, len(ramp), np.float32)
