# SPDX-License-Identifier: MIT
"""The calibration record: what a module knows of its own voltages, in 192 bytes, in two slots of its flash.

    slot A | slot B     each a 4 KB sector; the valid record with the higher sequence number is the one in use,
                        a new one overwrites the other: a cut at any moment leaves the old or the new.

Input: volts = gain * (code / 65535) + offset. Output: volts = gain * (code / 4095) + offset. To V/OCT a residual is
added: knots at -3 .. +7 V, linear in between, constant outside. Bytes that fail any check give complete defaults.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .board import ADC_FULL_SCALE, BOARD, DAC_FULL_SCALE, GAIN_LIMIT, OFFSET_LIMIT_VOLTS, CvInput, CvOutput
from .layout import Layout, LayoutError, item

MAGIC = int.from_bytes(b"LTCR", "little")
VERSION = 1
RECORD_BYTES = 192
HEADER_BYTES = 12
"""Magic, version, length, sequence: what every kept record begins with."""
SLOTS = 2
SECTOR = 0
"""Flash sector of slot 0; slot 1 is behind it."""
KNOT_LIMIT_VOLTS = 0.1
KNOT_UNIT_VOLTS = 20e-6
"""A knot's unit: 0.024 cents."""
KNOT_VOLTS: NDArray[np.float64] = np.arange(-3.0, 8.0)

MEASURED_OUTPUTS = 8
"""First bit of the outputs in `measured`."""
PITCH_INPUT = BOARD.input_index("V_OCT")
INPUTS, OUTPUTS, KNOTS = len(BOARD.cv_inputs), len(BOARD.cv_outputs), len(KNOT_VOLTS)


class RecordFault(IntEnum):
    """Why bytes are no usable record; the numbers go over the wire in ErrorReply.detail."""

    NONE = 0
    SHORT = 1
    MAGIC = 2
    VERSION = 3
    LENGTH = 4
    CHECKSUM = 5
    NOT_FINITE = 6
    INPUT_GAIN = 7
    INPUT_OFFSET = 8
    OUTPUT_GAIN = 9
    OUTPUT_OFFSET = 10
    KNOT = 11
    SETTING = 12


class RecordError(ValueError):
    """No usable record: fault says which check, index which input, output, knot or setting."""

    def __init__(self, fault: RecordFault, sentence: str, index: int = 0) -> None:
        super().__init__(sentence)
        self.fault, self.index = fault, index


@dataclass(frozen=True)
class RecordImage(Layout):
    """The 192 bytes, version 1."""

    magic: int = item("u32", '"LTCR"')
    version: int = item("u16", "1")
    length: int = item("u16", "bytes, checksum included: 192")
    sequence: int = item("u32", "higher = newer, compared as a signed difference")
    serial: bytes = item("bytes", "the chip's unique number", 12)
    created_unix: int = item("u32", "seconds since 1970, from the computer that calibrated; 0 = unknown")
    board_revision: int = item("u8", "as in hello")
    seed_revision: int = item("u8", "as in hello")
    measured: int = item("u16", "bit i: input i was measured, bit 8+i: output i; else nominal")
    input_gain: tuple[float, ...] = item("f32", "volts over the whole code range, per CV input", INPUTS)
    input_offset: tuple[float, ...] = item("f32", "volts at code 0, per CV input", INPUTS)
    output_gain: tuple[float, ...] = item("f32", "volts over the whole code range, per CV output", OUTPUTS)
    output_offset: tuple[float, ...] = item("f32", "volts at code 0, per CV output", OUTPUTS)
    v_oct_knots: tuple[int, ...] = item("s16", "V/OCT residual at -3 .. +7 V, unit 20 µV", KNOTS)
    reference_code: int = item("u16", "ADC code of the 2.5 V reference then; 0 = unknown, 3V3_A isn't followed")
    reserved: bytes = item("bytes", "0", 60)
    crc32: int = item("u32", "CRC-32 (zlib's) of all bytes before it")


def _singles(values: ArrayLike) -> tuple[float, ...]:
    return tuple(float(value) for value in np.asarray(values, dtype=np.float32))


def _nominal(kind: str, channels: tuple[CvInput, ...] | tuple[CvOutput, ...]) -> tuple[float, ...]:
    return _singles([getattr(channel, f"nominal_{kind}") for channel in channels])


@dataclass(frozen=True)
class Record:
    """A calibration as values; the defaults are the nominal board. Gains and offsets are float32, knots in volts."""

    sequence: int = 0
    serial: bytes = bytes(12)
    created_unix: int = 0
    board_revision: int = 0
    seed_revision: int = 0
    measured: int = 0
    input_gain: tuple[float, ...] = field(default_factory=lambda: _nominal("gain", BOARD.cv_inputs))
    input_offset: tuple[float, ...] = field(default_factory=lambda: _nominal("offset", BOARD.cv_inputs))
    output_gain: tuple[float, ...] = field(default_factory=lambda: _nominal("gain", BOARD.cv_outputs))
    output_offset: tuple[float, ...] = field(default_factory=lambda: _nominal("offset", BOARD.cv_outputs))
    v_oct_knots: tuple[float, ...] = (0.0,) * KNOTS
    reference_code: int = 0

    def input_volts(self, index: int, code: ArrayLike) -> NDArray[np.float64]:
        """Volts at the jack of CV input `index` for ADC codes of any shape."""
        volts = (
            self.input_gain[index] * (np.asarray(code, dtype=np.float64) / ADC_FULL_SCALE) + self.input_offset[index]
        )
        return volts + np.interp(volts, KNOT_VOLTS, self.v_oct_knots) if index == PITCH_INPUT else volts

    def output_code(self, index: int, volts: ArrayLike) -> NDArray[np.float64]:
        """DAC code, not rounded, that gives `volts` at CV output `index`; clipped to the converter."""
        share = (np.asarray(volts, dtype=np.float64) - self.output_offset[index]) / self.output_gain[index]
        return np.clip(share * DAC_FULL_SCALE, 0.0, DAC_FULL_SCALE)


def _check_channels(what: str, channels: tuple, gains: tuple, offsets: tuple) -> None:
    gain_fault, offset_fault = RecordFault[f"{what}_GAIN"], RecordFault[f"{what}_OFFSET"]
    for index, (channel, gain, offset) in enumerate(zip(channels, gains, offsets, strict=True)):
        error = gain / channel.nominal_gain - 1.0
        if not abs(error) <= GAIN_LIMIT:
            off = f"{100 * error:+.1f} % from nominal, more than ±{100 * GAIN_LIMIT:g} %"
            sentence = f"{channel.name}: gain is {off}; check its resistors"
            raise RecordError(gain_fault, sentence, index)
        at_zero = offset - gain * channel.nominal_offset / channel.nominal_gain
        if not abs(at_zero) <= OFFSET_LIMIT_VOLTS:
            off = f"{at_zero:+.3f} V, more than ±{OFFSET_LIMIT_VOLTS:g} V"
            sentence = f"{channel.name}: 0 V reads {off}; check its bias and its jack"
            raise RecordError(offset_fault, sentence, index)


def validate(record: Record) -> None:
    """Raise RecordError, in volts, for values that no working board has."""
    listed = (*record.input_gain, *record.input_offset, *record.output_gain, *record.output_offset, *record.v_oct_knots)
    if not all(map(math.isfinite, listed)):
        raise RecordError(RecordFault.NOT_FINITE, "a gain, offset or knot is not a finite number")
    _check_channels("INPUT", BOARD.cv_inputs, record.input_gain, record.input_offset)
    _check_channels("OUTPUT", BOARD.cv_outputs, record.output_gain, record.output_offset)
    for index, knot in enumerate(record.v_oct_knots):
        if abs(knot) > KNOT_LIMIT_VOLTS + KNOT_UNIT_VOLTS / 2:
            sentence = f"V_OCT bends by {1000 * knot:+.0f} mV at {KNOT_VOLTS[index]:+.0f} V, more than ±100 mV"
            raise RecordError(RecordFault.KNOT, sentence, index)


def pack(record: Record) -> bytes:
    """The 192 bytes. Raises LayoutError or OverflowError for values that don't fit their fields; checks no range."""
    knots = tuple(round(volts / KNOT_UNIT_VOLTS) for volts in record.v_oct_knots)
    values = {name: getattr(record, name) for name in record.__dataclass_fields__} | {"v_oct_knots": knots}
    image = RecordImage(MAGIC, VERSION, RECORD_BYTES, **values, reserved=bytes(60), crc32=0).pack()
    return image[:-4] + zlib.crc32(image[:-4]).to_bytes(4, "little")


UPGRADES: dict[int, Callable[[bytes], bytes]] = {}
"""Version n -> the step from a checked image of version n to one of n + 1, checksum renewed. v1 is the first."""


def checked_image(
    data: bytes, magic: int, version: int, length: int, upgrades: dict[int, Callable[[bytes], bytes]]
) -> bytes:
    """The image inside `data`, its seal checked, brought up to `version` and `length`. Raises RecordError."""
    if len(data) < HEADER_BYTES:
        raise RecordError(RecordFault.SHORT, f"a record does not fit into {len(data)} bytes")
    if int.from_bytes(data[:4], "little") != magic:
        raise RecordError(RecordFault.MAGIC, "no record here")
    said, size = int.from_bytes(data[4:6], "little"), int.from_bytes(data[6:8], "little")
    if not HEADER_BYTES <= size <= len(data):
        raise RecordError(RecordFault.LENGTH, f"the record says {size} bytes, there are {len(data)}")
    image = data[:size]
    if zlib.crc32(image[:-4]) != int.from_bytes(image[-4:], "little"):
        raise RecordError(RecordFault.CHECKSUM, "the record's checksum differs")
    while said in upgrades and said < version:
        image, said = upgrades[said](image), said + 1
    if said != version:
        raise RecordError(RecordFault.VERSION, f"the record has version {said}, this program knows {version}")
    if len(image) != length:
        raise RecordError(RecordFault.LENGTH, f"a record of version {version} has {length} bytes, not {len(image)}")
    return image


def unpack(data: bytes) -> Record:
    """The record at the start of `data`, older versions upgraded. Raises RecordError when any check fails."""
    try:
        image = RecordImage.unpack(checked_image(data, MAGIC, VERSION, RECORD_BYTES, UPGRADES))
    except LayoutError as error:
        raise RecordError(RecordFault.NOT_FINITE, str(error)) from error
    names = Record.__dataclass_fields__
    values = {name: getattr(image, name) for name in names}
    knots = tuple(code * KNOT_UNIT_VOLTS for code in image.v_oct_knots)
    record = Record(**values | {"v_oct_knots": knots})
    validate(record)
    return record


def is_newer(sequence: int, other: int) -> bool:
    """Whether a sequence number comes after another; holds across the wrap at 2^32."""
    return 0 < (sequence - other) % (1 << 32) < 1 << 31


def latest(slot_a: bytes, slot_b: bytes) -> tuple[Record, int | None]:
    """The record in use and its slot (0, 1); complete defaults and None where neither slot holds one."""
    found: list[tuple[Record, int]] = []
    for index, data in enumerate((slot_a, slot_b)):
        try:
            found.append((unpack(data), index))
        except RecordError:
            continue
    if not found:
        return Record(), None
    if len(found) == 2 and is_newer(found[1][0].sequence, found[0][0].sequence):
        return found[1]
    return found[0]
