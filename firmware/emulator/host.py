# SPDX-License-Identifier: MIT
"""The module on this machine: the same C and C++ sources as the Seed's image, without its converters."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lottava.record import RecordFault
from lottava.units import BLOCK_SAMPLES

from .library import (
    AXES,
    CVS,
    POTS,
    Calibration,
    HostError,
    Inputs,
    Memories,
    Trace,
    check,
    host_library,
    memory,
    outputs_of,
)

__all__ = ["Block", "Calibration", "HostError", "HostModule", "HostNetwork", "HostSynth", "Trace"]

ARENA_BYTES = 1 << 20
"""Far more than the module's 80 KB, so that parents can be played on the host as well."""

OUTPUT = -1
"""The output where a tensor is asked for."""


@dataclass(frozen=True, eq=False)
class Block:
    """What one block gave. audio [48, 2], or as long as blocks are: OUT and AUX, full scale 1.0.

    frame: the last one begun in it, if any.
    """

    audio: NDArray[np.float64]
    dac_codes: tuple[float, float]
    gate_out: bool
    frame: Trace | None


class HostNetwork:
    """The integer network alone. Raises HostError for a blob that the firmware refuses."""

    def __init__(self, blob: bytes, arena_bytes: int = ARENA_BYTES, axi_bytes: int = 0, *, level: int = 0) -> None:
        self._library = host_library()
        self._network, self._memories = memory(self._library.lottava_nn_size()), Memories(arena_bytes, axi_bytes)
        self._at = self._network.ctypes.data
        self.load(blob, level)

    def load(self, blob: bytes, level: int = 0) -> None:
        """Another network, or another level of it, into the same memories. Raises HostError."""
        at = self._at
        check(self._library.lottava_nn_load_level(at, blob, len(blob), self._memories.address, level))
        self.input_sizes = tuple(self.size_of(i) for i in range(self._library.lottava_nn_inputs(at)))
        self.input_size, self.output_size = sum(self.input_sizes), self.size_of(OUTPUT)
        self.block = self._library.lottava_nn_block(at)
        self.used = (self._library.lottava_nn_used(at, 0), self._library.lottava_nn_used(at, 1))

    def size_of(self, tensor: int) -> int:
        """Values of a column; tensors count as in the blob."""
        return int(self._library.lottava_nn_tensor_size(self._at, tensor))

    def due(self, tensor: int, ticks: int) -> int:
        """Columns of a tensor in the next ticks."""
        return int(self._library.lottava_nn_due(self._at, tensor, ticks))

    def reset(self) -> None:
        """Zero the recurrent state."""
        self._library.lottava_nn_reset(self._at)

    def restart(self) -> None:
        """Every tensor is due at the next tick; straight lines go on from where they stand."""
        self._library.lottava_nn_restart(self._at)

    def run_ticks(self, ticks: int, inputs: Sequence[ArrayLike]) -> NDArray[np.int16]:
        """One call of 1..block ticks: the columns [due, size] of each input, to those of the output."""
        parts = [np.ascontiguousarray(values, np.int16).reshape(-1, self.size_of(i)) for i, values in enumerate(inputs)]
        wanted = [self.due(i, ticks) for i in range(len(self.input_sizes))]
        if [len(part) for part in parts] != wanted:
            raise ValueError(f"the inputs have {[len(part) for part in parts]} columns, {ticks} ticks take {wanted}")
        if not 1 <= ticks <= self.block:
            raise ValueError(f"{ticks} ticks at once; this network was laid out for 1..{self.block}")
        codes = np.concatenate([part.ravel() for part in parts])
        outputs = np.empty((self.due(OUTPUT, ticks), self.output_size), np.int16)
        self._library.lottava_nn_run(self._at, ticks, codes.ctypes.data, outputs.ctypes.data)
        return outputs

    def columns(self, tensor: int, count: int) -> NDArray[np.int16]:
        """The first `count` columns of any tensor as the latest run left them, padding included: [count, padded]."""
        padded = -(-self.size_of(tensor) // 4) * 4
        at = ctypes.cast(self._library.lottava_nn_columns(self._at, tensor), ctypes.POINTER(ctypes.c_int16))
        return np.ctypeslib.as_array(at, (count, padded)).copy()

    def run(self, inputs: ArrayLike) -> NDArray[np.int16]:
        """Frames [n, input_size] of s16, graph order concatenated, to [n, output_size]; the state goes on.

        For graphs that take every input and give the output at each tick.
        """
        codes = np.ascontiguousarray(inputs, np.int16).reshape(-1, self.input_size)
        outputs = np.empty((len(codes), self.output_size), np.int16)
        for frame, result in zip(codes, outputs, strict=True):
            self._library.lottava_nn_run(self._at, 1, frame.ctypes.data, result.ctypes.data)
        return outputs


class HostSynth:
    """The synthesiser alone. edits: tilt, breath_db, body_db, ripple_db; 0 = off."""

    def __init__(self, gain: float = 1.0, edits: Sequence[float] = (0.0, 0.0, 0.0, 0.0)) -> None:
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
    """The whole instrument. Raises HostError for a blob that the firmware refuses.

    block_samples: of its audio callback, a divisor of 48 that the library is built for; the panel is read every 48.
    """

    def __init__(
        self,
        blob: bytes,
        calibration: Calibration | None = None,
        arena_bytes: int = ARENA_BYTES,
        block_samples: int = BLOCK_SAMPLES,
        quality: int = 0,
    ) -> None:
        self._library, self.block_samples = host_library(block_samples), block_samples
        self._module, self._memories = memory(self._library.lottava_module_size()), Memories(arena_bytes, ARENA_BYTES)
        at = self._module.ctypes.data
        self._library.lottava_module_create(at)
        if calibration is not None:
            self.calibrate(calibration)
        self.load(blob, quality)

    def load(self, blob: bytes, quality: int = 0) -> None:
        """Lay out a voice; quality: one of its levels, 0 the whole, beyond them the narrowest."""
        at = self._module.ctypes.data
        check(self._library.lottava_module_load(at, blob, len(blob), self._memories.address, quality))

    def mute(self, muted: bool = True) -> None:
        """Fade out over a hop, or in."""
        self._library.lottava_module_mute(self._module.ctypes.data, muted)

    @property
    def is_silent(self) -> bool:
        """Whether it has faded out."""
        return bool(self._library.lottava_module_is_silent(self._module.ctypes.data))

    def process(
        self,
        cv_codes: ArrayLike,
        pot_codes: ArrayLike,
        *,
        gate: bool = False,
        gate_edge: bool = False,
        gate_patched: bool = True,
        freeze: bool = False,
        gate_offset: int = 0,
    ) -> Block:
        """One block. cv_codes [7], pot_codes [12]: ADC codes 0..65535 in the panel's order.

        gate_offset: the sample at which the edge came.
        """
        cvs, pots = np.asarray(cv_codes, np.uint16), np.asarray(pot_codes, np.uint16)
        inputs = Inputs((ctypes.c_uint16 * CVS)(*cvs.tolist()), (ctypes.c_uint16 * POTS)(*pots.tolist()))
        inputs.gate, inputs.gate_edge, inputs.gate_patched, inputs.freeze = gate, gate_edge, gate_patched, freeze
        inputs.gate_offset = gate_offset
        return self.process_inputs(inputs)

    def process_inputs(self, inputs: Inputs) -> Block:
        """One block of what the firmware's own struct says."""
        outputs, before = outputs_of(self.block_samples)(), self.trace().frame_count
        self._library.lottava_module_process(self._module.ctypes.data, ctypes.byref(inputs), ctypes.byref(outputs))
        audio = np.frombuffer(outputs.audio, np.int32).reshape(self.block_samples, 2) / float((1 << 23) - 1)
        trace = self.trace()
        frame = trace if trace.frame_count != before else None
        return Block(audio, (outputs.dac_codes[0] / 16, outputs.dac_codes[1] / 16), bool(outputs.gate_out), frame)

    def calibrate(self, calibration: Calibration) -> None:
        """Take up measured volts; the smoothers start anew."""
        self._library.lottava_module_calibrate(self._module.ctypes.data, ctypes.byref(calibration))

    def set_glide(self, milliseconds: float) -> None:
        """How long the pitch takes from note to note; 0 is at once."""
        self._library.lottava_module_set_glide(self._module.ctypes.data, milliseconds)

    def set_record(self, record: bytes) -> None:
        """Take up a calibration record as stored on the module. Raises HostError for one that it would refuse."""
        if fault := self._library.lottava_module_set_record(self._module.ctypes.data, record, len(record)):
            raise HostError(f"the firmware refuses this record: {RecordFault(fault).name.lower()}")

    def trace(self) -> Trace:
        """The latest frame."""
        trace = Trace()
        self._library.lottava_module_trace(self._module.ctypes.data, ctypes.byref(trace))
        return trace
