# SPDX-License-Identifier: MIT
"""The firmware as a shared library on this machine: the same sources as the Seed's image, called through ctypes."""

from __future__ import annotations

import ctypes
import fcntl
import os
import subprocess
from collections.abc import Mapping, Sequence
from ctypes import POINTER, c_float, c_int, c_int16, c_int32, c_size_t, c_uint8, c_uint16, c_uint32, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lottava.units import BLOCK_SAMPLES

FIRMWARE = Path(__file__).resolve().parent.parent
BUILD = FIRMWARE.parent / "build"

CVS, POTS, DACS, AXES, CONTROLS, KNOTS = 7, 12, 2, 4, 82, 11
ARENA_BYTES = 1 << 20
"""Far more than the module's 112 KB, so that parents can be played on the host as well."""

ERRORS = (
    *("ok", "wrong length", "not a voice blob", "unknown version", "CRC does not match", "too many layers or tensors"),
    *("bad tensor", "bad layer", "array out of order", "weight -128", "multiplier or shift out of range"),
    *("32-bit accumulator could overflow", "arena too small", "not a voice for this synthesiser"),
)
"""enum NnError in words, in its order."""


class HostError(RuntimeError):
    """The library does not build, or it refuses a voice: says why."""


class Inputs(ctypes.Structure):
    """struct LottavaInputs."""

    _fields_ = (
        ("cv_codes", c_uint16 * CVS),
        ("pot_codes", c_uint16 * POTS),
        *((name, c_uint8) for name in ("gate", "gate_edge", "gate_patched", "freeze")),
    )


class Outputs(ctypes.Structure):
    """struct LottavaOutputs."""

    _fields_ = (
        ("audio", c_int32 * (2 * BLOCK_SAMPLES)),
        ("dac_codes", c_uint16 * DACS),
        ("gate_out", c_uint8),
    )


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


@dataclass(frozen=True, eq=False)
class Block:
    """What one block gave. audio [48, 2]: OUT and AUX, full scale 1.0; frame: trace of a frame begun in it, if one was."""

    audio: NDArray[np.float64]
    dac_codes: tuple[int, int]
    gate_out: bool
    frame: Trace | None


def build(target: str = "host", *, build_dir: Path = BUILD, voice_header: Path | None = None) -> Path:
    """Run make for a target of firmware/Makefile, one at a time on this machine; returns the build folder.

    Raises HostError with the compiler's last words.
    """
    build_dir.mkdir(parents=True, exist_ok=True)
    command = ["make", "-s", "-C", str(FIRMWARE), target, f"BUILD={build_dir}"]
    if voice_header is not None:
        command.append(f"VOICE_HEADER={voice_header}")
    with open(build_dir / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        raise HostError(f"make {target} failed in {FIRMWARE}: {done.stderr.strip()[-2000:]}")
    return build_dir


SIGNATURES: Mapping[str, tuple[object, Sequence[object]]] = {
    "lottava_module_size": (c_size_t, ()),
    "lottava_module_create": (None, (c_void_p,)),
    "lottava_module_load": (c_int, (c_void_p, c_void_p, c_size_t, c_void_p, c_size_t)),
    "lottava_module_calibrate": (None, (c_void_p, POINTER(Calibration))),
    "lottava_module_process": (None, (c_void_p, POINTER(Inputs), POINTER(Outputs))),
    "lottava_module_trace": (None, (c_void_p, POINTER(Trace))),
    "lottava_nn_size": (c_size_t, ()),
    "lottava_nn_load": (c_int, (c_void_p, c_void_p, c_size_t, c_void_p, c_size_t)),
    "lottava_nn_input_size": (c_size_t, (c_void_p,)),
    "lottava_nn_output_size": (c_size_t, (c_void_p,)),
    "lottava_nn_arena_used": (c_size_t, (c_void_p,)),
    "lottava_nn_reset": (None, (c_void_p,)),
    "lottava_nn_step": (None, (c_void_p, c_void_p, c_void_p)),
    "lottava_nn_requantise": (None, (c_void_p, c_int32, c_int32, c_void_p, c_size_t, c_int)),
    "lottava_nn_pack": (None, (c_void_p, c_uint32, c_uint32, c_void_p)),
    "lottava_synth_size": (c_size_t, ()),
    "lottava_synth_create": (None, (c_void_p, c_float, c_void_p)),
    "lottava_synth_frame": (None, (c_void_p, c_uint32, c_void_p, c_void_p)),
    "lottava_synth_render": (None, (c_void_p, c_void_p, c_void_p, c_size_t)),
    "lottava_synth_levels": (None, (c_void_p, c_void_p, c_void_p)),
    "lottava_dsp_exp2": (None, (c_void_p, c_void_p, c_size_t)),
    "lottava_dsp_log2": (None, (c_void_p, c_void_p, c_size_t)),
    "lottava_dsp_exp_sigmoid": (None, (c_void_p, c_void_p, c_size_t)),
    "lottava_builtin_voice": (c_void_p, (POINTER(c_size_t),)),
    "lottava_builtin_selftest": (c_int, (c_void_p, c_void_p, c_size_t)),
}


def open_library(path: Path) -> ctypes.CDLL:
    """The shared library with the types of its functions set."""
    library = ctypes.CDLL(str(path))
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@cache
def host_library() -> ctypes.CDLL:
    """The library of this checkout, built if it has to be. Raises HostError where that fails."""
    return open_library(build() / "host" / "liblottava_host.so")


def memory(size: int) -> NDArray[np.uint8]:
    """Zeroed bytes at a 16-byte boundary, as every object and arena of the firmware wants them."""
    raw = np.zeros(size + 15, np.uint8)
    start = -raw.ctypes.data % 16
    return raw[start : start + size]


def check(code: int) -> None:
    """Raise HostError for an NnError other than 0."""
    if code:
        raise HostError(f"the firmware refuses this voice: {ERRORS[code]} (code {code})")


class HostNetwork:
    """The integer network alone. Raises HostError for a blob that the firmware refuses."""

    def __init__(self, blob: bytes, arena_bytes: int = ARENA_BYTES) -> None:
        self._library = host_library()
        self._network, self._arena = memory(self._library.lottava_nn_size()), memory(arena_bytes)
        at = self._network.ctypes.data
        check(self._library.lottava_nn_load(at, blob, len(blob), self._arena.ctypes.data, arena_bytes))
        self.input_size = self._library.lottava_nn_input_size(at)
        self.output_size = self._library.lottava_nn_output_size(at)
        self.arena_used = self._library.lottava_nn_arena_used(at)

    def reset(self) -> None:
        """Zero the recurrent state."""
        self._library.lottava_nn_reset(self._network.ctypes.data)

    def run(self, inputs: ArrayLike) -> NDArray[np.int16]:
        """Frames [n, input_size] of s16, graph order concatenated, to [n, output_size]; the state goes on."""
        codes = np.ascontiguousarray(inputs, np.int16).reshape(-1, self.input_size)
        outputs = np.empty((len(codes), self.output_size), np.int16)
        for frame, result in zip(codes, outputs, strict=True):
            self._library.lottava_nn_step(self._network.ctypes.data, frame.ctypes.data, result.ctypes.data)
        return outputs


class HostSynth:
    """The synthesiser alone. edits: tilt, breath_db, body_db; 0 = off."""

    def __init__(self, gain: float = 1.0, edits: Sequence[float] = (0.0, 0.0, 0.0)) -> None:
        self._library = host_library()
        self._synth = memory(self._library.lottava_synth_size())
        values = np.array(edits, np.float32)
        self._library.lottava_synth_create(self._synth.ctypes.data, gain, values.ctypes.data)

    def start_frame(self, increment: int, controls: ArrayLike, axes: ArrayLike = (0.0,) * AXES) -> None:
        """Ramp from here to controls [82] s16 (2^-11) at this phase step."""
        codes, knobs = np.ascontiguousarray(controls, np.int16), np.ascontiguousarray(axes, np.float32)
        self._library.lottava_synth_frame(self._synth.ctypes.data, increment, codes.ctypes.data, knobs.ctypes.data)

    def render(self, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The next `size` samples of OUT and AUX; at most 192 a frame altogether."""
        out, aux = np.empty(size, np.float32), np.empty(size, np.float32)
        self._library.lottava_synth_render(self._synth.ctypes.data, out.ctypes.data, aux.ctypes.data, size)
        return out, aux

    def levels(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Harmonic amplitudes [64] and noise bands [17] of the latest frame."""
        amplitudes, bands = np.empty(64, np.float32), np.empty(17, np.float32)
        at = amplitudes.ctypes.data, bands.ctypes.data
        self._library.lottava_synth_levels(self._synth.ctypes.data, *at)
        return amplitudes, bands


class HostModule:
    """The whole instrument. Raises HostError for a blob that the firmware refuses."""

    def __init__(self, blob: bytes, calibration: Calibration | None = None, arena_bytes: int = ARENA_BYTES) -> None:
        self._library = host_library()
        self._module, self._arena = memory(self._library.lottava_module_size()), memory(arena_bytes)
        at = self._module.ctypes.data
        self._library.lottava_module_create(at)
        if calibration is not None:
            self._library.lottava_module_calibrate(at, ctypes.byref(calibration))
        check(self._library.lottava_module_load(at, blob, len(blob), self._arena.ctypes.data, arena_bytes))

    def process(
        self,
        cv_codes: ArrayLike,
        pot_codes: ArrayLike,
        *,
        gate: bool = False,
        gate_edge: bool = False,
        gate_patched: bool = True,
        freeze: bool = False,
    ) -> Block:
        """One block of 48 samples. cv_codes [7], pot_codes [12]: ADC codes 0..65535 in the panel's order."""
        cvs, pots = np.asarray(cv_codes, np.uint16), np.asarray(pot_codes, np.uint16)
        inputs = Inputs((c_uint16 * CVS)(*cvs.tolist()), (c_uint16 * POTS)(*pots.tolist()))
        inputs.gate, inputs.gate_edge, inputs.gate_patched, inputs.freeze = gate, gate_edge, gate_patched, freeze
        outputs, before = Outputs(), self.trace().frame_count
        self._library.lottava_module_process(self._module.ctypes.data, ctypes.byref(inputs), ctypes.byref(outputs))
        audio = np.frombuffer(outputs.audio, np.int32).reshape(BLOCK_SAMPLES, 2) / float((1 << 23) - 1)
        trace = self.trace()
        frame = trace if trace.frame_count != before else None
        return Block(audio, (outputs.dac_codes[0], outputs.dac_codes[1]), bool(outputs.gate_out), frame)

    def trace(self) -> Trace:
        """The latest frame."""
        trace = Trace()
        self._library.lottava_module_trace(self._module.ctypes.data, ctypes.byref(trace))
        return trace
