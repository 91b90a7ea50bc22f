# SPDX-License-Identifier: MIT
"""The firmware's shared library on this machine: built by make, its structs and functions typed for ctypes."""

from __future__ import annotations

import ctypes
import fcntl
import os
import subprocess
from collections.abc import Mapping, Sequence
from ctypes import POINTER, c_float, c_int, c_int16, c_int32, c_size_t, c_uint8, c_uint16, c_uint32, c_void_p
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lottava.units import BLOCK_SAMPLES

FIRMWARE = Path(__file__).resolve().parent.parent
BUILD = FIRMWARE.parent / "build"

CVS, POTS, DACS, AXES, CONTROLS, KNOTS = 7, 12, 2, 4, 82, 11
ERRORS = (
    *("ok", "wrong length", "not a voice blob", "unknown version", "CRC does not match", "too many layers or tensors"),
    *("bad tensor", "bad layer", "array out of order", "weight -128", "multiplier or shift out of range"),
    *("32-bit accumulator could overflow", "arena too small", "not a voice that the module can play"),
    "levels that are not within one another",
)
"""enum NnError in words, in its order."""


class HostError(RuntimeError):
    """The library does not build, or it refuses a voice: says why."""


class Inputs(ctypes.Structure):
    """struct LottavaInputs."""

    _fields_ = (
        ("cv_codes", c_uint16 * CVS),
        ("pot_codes", c_uint16 * POTS),
        *((name, c_uint8) for name in ("gate", "gate_edge", "gate_patched", "freeze", "gate_offset")),
    )


@cache
def outputs_of(block_samples: int) -> type[ctypes.Structure]:
    """struct LottavaOutputs in a build with blocks of this length."""
    audio = c_int32 * (2 * block_samples)
    fields = {"_fields_": (("audio", audio), ("dac_codes", c_uint16 * DACS), ("gate_out", c_uint8))}
    return type(f"Outputs{block_samples}", (ctypes.Structure,), fields)


class Trace(ctypes.Structure):
    """struct LottavaTrace: see firmware/app/io.h."""

    _fields_ = (
        *((name, c_uint32) for name in ("frame_count", "increment", "previous_length")),
        *((name, c_float) for name in ("output_gain", "pitch_volts")),
        ("axes", c_float * AXES),
        ("loudness_db", c_float),
        ("inputs", c_int16 * (2 + AXES)),
        ("controls", c_int16 * CONTROLS),
    )


class Calibration(ctypes.Structure):
    """struct LottavaCalibration."""

    _fields_ = (
        ("input_gain", c_float * CVS),
        ("input_offset", c_float * CVS),
        ("output_gain", c_float * DACS),
        ("output_offset", c_float * DACS),
        ("v_oct_knots", c_float * KNOTS),
    )


def build(
    target: str = "host",
    *,
    build_dir: Path = BUILD,
    voice_header: Path | None = None,
    block_samples: int = BLOCK_SAMPLES,
) -> Path:
    """Run make for a target of firmware/Makefile, one at a time on this machine; returns the build folder.

    block_samples: make's BLOCK; builds of blocks other than 48 lie in a folder of their own inside build_dir.
    Raises HostError with the compiler's last words.
    """
    if block_samples != BLOCK_SAMPLES:
        build_dir = build_dir / f"block-{block_samples}"
    build_dir.mkdir(parents=True, exist_ok=True)
    # make runs in firmware/, where a path relative to the caller's folder means another place.
    command = ["make", "-s", "-C", str(FIRMWARE), target, f"BUILD={build_dir.resolve()}", f"BLOCK={block_samples}"]
    if voice_header is not None:
        command.append(f"VOICE_HEADER={voice_header.resolve()}")
    with open(build_dir / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        raise HostError(f"make {target} failed in {FIRMWARE}: {done.stderr.strip()[-2000:]}")
    return build_dir


SIGNATURES: Mapping[str, tuple[object, Sequence[object]]] = {
    "lottava_module_size": (c_size_t, ()),
    "lottava_module_create": (None, (c_void_p,)),
    "lottava_module_load": (c_int, (c_void_p, c_void_p, c_size_t, c_void_p, c_uint32)),
    "lottava_module_mute": (None, (c_void_p, c_int)),
    "lottava_module_is_silent": (c_int, (c_void_p,)),
    "lottava_module_calibrate": (None, (c_void_p, POINTER(Calibration))),
    "lottava_module_set_record": (c_int, (c_void_p, c_void_p, c_size_t)),
    "lottava_module_set_glide": (None, (c_void_p, c_float)),
    "lottava_module_process": (None, (c_void_p, POINTER(Inputs), c_void_p)),
    "lottava_module_trace": (None, (c_void_p, POINTER(Trace))),
    "lottava_nn_size": (c_size_t, ()),
    "lottava_nn_load": (c_int, (c_void_p, c_void_p, c_size_t, c_void_p)),
    "lottava_nn_load_level": (c_int, (c_void_p, c_void_p, c_size_t, c_void_p, c_uint32)),
    "lottava_nn_inputs": (c_uint32, (c_void_p,)),
    "lottava_nn_block": (c_uint32, (c_void_p,)),
    "lottava_nn_tensor_size": (c_uint32, (c_void_p, c_int)),
    "lottava_nn_columns": (c_void_p, (c_void_p, c_int)),
    "lottava_nn_due": (c_uint32, (c_void_p, c_int, c_uint32)),
    "lottava_nn_used": (c_size_t, (c_void_p, c_int)),
    "lottava_nn_reset": (None, (c_void_p,)),
    "lottava_nn_restart": (None, (c_void_p,)),
    "lottava_nn_run": (None, (c_void_p, c_uint32, c_void_p, c_void_p)),
    "lottava_nn_requantise": (None, (c_void_p, c_int32, c_int32, c_void_p, c_size_t, c_int)),
    "lottava_nn_pack": (None, (c_void_p, c_uint32, c_uint32, c_void_p)),
    "lottava_synth_size": (c_size_t, ()),
    "lottava_synth_create": (None, (c_void_p, c_float, c_void_p)),
    "lottava_synth_frame": (None, (c_void_p, c_uint32, c_void_p, c_void_p)),
    "lottava_synth_render": (None, (c_void_p, c_void_p, c_void_p, c_size_t)),
    "lottava_synth_levels": (None, (c_void_p, c_void_p, c_void_p)),
    "lottava_nsf_conditions": (None, (c_float, c_float, c_void_p, c_void_p)),
    "lottava_dsp_exp2": (None, (c_void_p, c_void_p, c_size_t)),
    "lottava_dsp_noise_pairs": (None, (c_void_p,)),
    "lottava_dsp_exp_sigmoid": (None, (c_void_p, c_void_p, c_size_t)),
    "lottava_dsp_biased_exp_sigmoid": (None, (c_void_p, c_void_p, c_size_t)),
    "lottava_builtin_voice": (c_void_p, (POINTER(c_size_t),)),
    "lottava_builtin_selftest": (c_int, (c_void_p, c_void_p)),
}


def open_library(path: Path) -> ctypes.CDLL:
    """The shared library with the types of its functions set."""
    library = ctypes.CDLL(str(path))
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@cache
def host_library(block_samples: int = BLOCK_SAMPLES) -> ctypes.CDLL:
    """The library of this checkout, built if it has to be. Raises HostError where that fails."""
    return open_library(build(block_samples=block_samples) / "host" / "liblottava_host.so")


def memory(size: int) -> NDArray[np.uint8]:
    """Zeroed bytes at a 16-byte boundary, as every object and arena of the firmware wants them."""
    raw = np.zeros(size + 15, np.uint8)
    start = -raw.ctypes.data % 16
    return raw[start : start + size]


class Memories:
    """struct NnMemory[2] over zeroed bytes of their own: DTCM and AXI SRAM."""

    def __init__(self, dtcm: int, axi: int = 0) -> None:
        self._arenas = [memory(size) for size in (dtcm, axi)]
        self._table = np.zeros((2, 2), np.uintp)
        for row, arena in zip(self._table, self._arenas, strict=True):
            row[:] = (arena.ctypes.data if arena.size else 0, arena.size)

    @property
    def address(self) -> int:
        """Of the two records."""
        return int(self._table.ctypes.data)


def check(code: int) -> None:
    """Raise HostError for an NnError other than 0."""
    if code:
        raise HostError(f"the firmware refuses this voice: {ERRORS[code]} (code {code})")
