# SPDX-License-Identifier: MIT
"""The record: complete or defaults, never half; two slots of which the newer good one counts."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_values import plausible

from lottava import record as records
from lottava.board import BOARD
from lottava.record import KNOTS, Record, RecordError, RecordFault

ERASED = b"\xff" * records.RECORD_BYTES


def resealed(image: bytes | bytearray) -> bytes:
    return bytes(image[:-4]) + zlib.crc32(image[:-4]).to_bytes(4, "little")


@given(plausible())
def test_pack_is_inverted_and_fixed_in_size(record: Record) -> None:
    image = records.pack(record)
    assert len(image) == records.RECORD_BYTES
    assert records.unpack(image) == record
    assert records.unpack(image + b"the rest of the sector") == record


def test_defaults_are_the_nominal_board() -> None:
    record = Record()
    records.validate(record)
    for index, cv in enumerate(BOARD.cv_inputs):
        assert float(record.input_volts(index, cv.code(1.0))) == pytest.approx(1.0, abs=1e-6)
    for index, cv in enumerate(BOARD.cv_outputs):
        code = float(record.output_code(index, 2.0))
        assert cv.nominal_gain * code / 4095 + cv.nominal_offset == pytest.approx(2.0, abs=1e-6)


@given(plausible(), st.integers(0, records.RECORD_BYTES - 1), st.integers(1, 255))
def test_any_changed_byte_gives_exact_defaults(record: Record, place: int, change: int) -> None:
    image = bytearray(records.pack(record))
    image[place] ^= change
    with pytest.raises(RecordError):
        records.unpack(bytes(image))
    assert records.latest(bytes(image), ERASED) == (Record(), None)


@given(plausible(), st.integers(0, records.RECORD_BYTES - 1))
def test_any_prefix_gives_exact_defaults(record: Record, size: int) -> None:
    image = records.pack(record)[:size]
    assert records.latest(image, image + ERASED[size:]) == (Record(), None)


@given(plausible(), plausible(), st.booleans())
def test_the_newer_good_slot_counts(first: Record, second: Record, swap: bool) -> None:
    second = replace(second, sequence=(first.sequence + 1) % 2**32)
    slots = [records.pack(second), records.pack(first)] if swap else [records.pack(first), records.pack(second)]
    assert records.latest(*slots) == (second, 0 if swap else 1)
    newer = 0 if swap else 1
    slots[newer] = ERASED  # a cut while writing it
    assert records.latest(*slots) == (first, 1 - newer)


@given(st.integers(0, 2**32 - 1), st.integers(1, 2**31 - 1))
def test_newer_holds_across_the_wrap(sequence: int, step: int) -> None:
    later = (sequence + step) % 2**32
    assert records.is_newer(later, sequence)
    assert not records.is_newer(sequence, later)
    assert not records.is_newer(sequence, sequence)


@pytest.mark.parametrize(
    ("change", "fault", "words"),
    [
        ({"input_gain": 1.06}, RecordFault.INPUT_GAIN, r"V_OCT: gain is \+6.0 %"),
        ({"input_gain": -1.0}, RecordFault.INPUT_GAIN, "V_OCT"),
        ({"input_offset": 1.05}, RecordFault.INPUT_OFFSET, r"0 V reads \+0.37"),
        ({"output_gain": 0.9}, RecordFault.OUTPUT_GAIN, "PITCH_CV"),
        ({"output_offset": 1.1}, RecordFault.OUTPUT_OFFSET, "PITCH_CV"),
        ({"input_gain": float("nan")}, RecordFault.NOT_FINITE, "finite"),
    ],
)
def test_values_of_no_working_board_are_refused_in_volts(
    change: dict[str, float], fault: RecordFault, words: str
) -> None:
    ((name, factor),) = change.items()
    values = getattr(Record(), name)
    record = replace(Record(), **{name: (values[0] * factor, *values[1:])})
    with pytest.raises(RecordError, match=words) as refused:
        records.validate(record)
    assert refused.value.fault is fault


def test_a_bent_knot_is_refused() -> None:
    with pytest.raises(RecordError, match=r"\+120 mV at -3 V") as refused:
        records.validate(replace(Record(), v_oct_knots=(0.12,) + (0.0,) * 10))
    assert refused.value.fault is RecordFault.KNOT


def test_a_sealed_record_out_of_range_is_still_refused() -> None:
    values = Record().input_gain
    image = records.pack(replace(Record(), input_gain=(2 * values[0], *values[1:])))
    with pytest.raises(RecordError) as refused:
        records.unpack(image)
    assert refused.value.fault is RecordFault.INPUT_GAIN


def test_each_header_check_has_its_own_fault() -> None:
    image = records.pack(Record())
    faults = {
        b"": RecordFault.SHORT,
        b"RIFF" + image[4:]: RecordFault.MAGIC,
        image[:6] + b"\xff\xff" + image[8:]: RecordFault.LENGTH,
        image[:-1] + bytes([image[-1] ^ 1]): RecordFault.CHECKSUM,
        resealed(image[:4] + b"\x02\x00" + image[6:]): RecordFault.VERSION,
        resealed(image[:6] + b"\xbc\x00" + image[8:188]): RecordFault.LENGTH,
    }
    for data, fault in faults.items():
        with pytest.raises(RecordError) as refused:
            records.unpack(data)
        assert refused.value.fault is fault


def test_upgrade_steps_run_in_order_and_keep_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way a later version will come: a step a version, each on a whole checked image."""
    old = resealed(records.pack(replace(Record(), sequence=41))[:4] + b"\x00\x00" + records.pack(Record())[6:])
    with pytest.raises(RecordError, match="version 0"):
        records.unpack(old)
    monkeypatch.setitem(records.UPGRADES, 0, lambda image: resealed(image[:4] + b"\x01\x00" + image[6:]))
    assert records.unpack(old) == Record()


@given(st.floats(-3.0, 7.0))
def test_knots_bend_only_the_pitch_input(volts: float) -> None:
    knots = tuple(0.001 * index for index in range(KNOTS))
    bent = replace(Record(), v_oct_knots=knots)
    for index, cv in enumerate(BOARD.cv_inputs):
        if not cv.jack.range_volts[0] <= volts <= cv.jack.range_volts[1]:
            continue
        change = float(bent.input_volts(index, cv.code(volts)) - Record().input_volts(index, cv.code(volts)))
        expected = 0.001 * (volts + 3.0) if index == records.PITCH_INPUT else 0.0
        assert change == pytest.approx(expected, abs=1e-6)
