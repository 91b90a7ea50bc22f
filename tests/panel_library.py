# SPDX-License-Identifier: MIT
"""The firmware's panel logic, built for this machine with every warning and UBSan."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

from console_library import COMMON, CXX, FIRMWARE

APP = "normalling board_id phrase buttons leds held_knobs supply"


def build(folder: Path) -> ctypes.CDLL:
    """firmware/test/panel_host.cc as a library, undefined behaviour trapped."""
    built = folder / "libpanel.so"
    sources = [str(FIRMWARE / f"app/{name}.cc") for name in APP.split()] + [str(FIRMWARE / "test/panel_host.cc")]
    flags = [*CXX.split(), *COMMON.split(), "-shared", f"-I{FIRMWARE}"]
    subprocess.run(["g++", *flags, *sources, "-o", str(built)], check=True)
    library = ctypes.CDLL(str(built))
    library.normalling_size.restype = ctypes.c_size_t
    library.led_pattern.restype = ctypes.c_uint32
    library.buttons_size.restype = ctypes.c_size_t
    library.phrase_size.restype = ctypes.c_size_t
    library.panel_size.restype = ctypes.c_size_t
    library.supply_scale.restype = ctypes.c_float
    library.normalling_patched.restype = ctypes.c_uint32
    return library
