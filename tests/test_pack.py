# SPDX-License-Identifier: MIT
"""Packing: what comes out again is what went in, and every byte of a stream is accounted for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lottava.emulator import pack
from lottava.emulator.image import load_image


def unpack(packed: bytes, length: int) -> bytes:
    """The format read as its description says, byte by byte."""
    stream, out, distance = iter(packed), bytearray(), 0

    def count(bits: int, full: int) -> int:
        if bits < full:
            return bits
        total = bits
        while True:
            more = next(stream)
            total += more
            if more < 255:
                return total

    while len(out) < length:
        counts = next(stream)
        out += bytes(next(stream) for _ in range(count(counts >> 4, 15)))
        if len(out) < length:
            if not counts & 8:
                distance = next(stream)
                if distance >= 128:
                    distance = (distance - 128) * 256 + next(stream)
            for _ in range(count(counts % 8, 7) + 2):
                out.append(out[-distance - 1])
    assert next(stream, None) is None and len(out) == length
    return bytes(out)


parts = st.one_of(st.binary(max_size=40), st.integers(1, 700).map(bytes), st.just(bytes(range(256))))


@settings(max_examples=40, deadline=None)
@given(st.lists(parts, max_size=12).map(b"".join))
@example(b"")
@example(b"a")
@example(b"\x00" * 5000)
@example(bytes(range(256)) * 2 + bytes(200) + bytes(range(256)))
@example(bytes(i * i >> 5 & 255 for i in range(600)))
def test_what_was_packed_comes_out_again(data: bytes) -> None:
    packed = pack.pack(data)
    assert unpack(packed, len(data)) == data
    assert sum(pack.shares(packed, len(data))) == len(packed)
    assert len(pack.shares(packed, len(data))) == len(data)


def test_far_repetitions_are_found_and_farther_ones_are_not() -> None:
    noise = b"".join(number.to_bytes(2, "big") for number in range(8_000))
    for gap, least, most in ((0, 16_000, 17_000), (17_000, 32_000, 34_000)):
        data = noise + bytes(gap) + noise
        packed = pack.pack(data)
        assert unpack(packed, len(data)) == data
        assert least < len(packed) < most


def test_code_and_tables_shrink_by_a_third() -> None:
    from lottava.emulator import build_image

    image = load_image(build_image())
    for name, least in (("itcm", 0.3), ("data", 0.1)):
        start, end = (image.symbols[f"_{name}_{side}"] for side in ("start", "end"))
        (data,) = (data[start - at : end - at] for at, data in image.resident if at <= start < at + len(data))
        assert len(pack.pack(data)) < (1 - least) * len(data)


def test_as_make_calls_it(tmp_path: Path) -> None:
    (tmp_path / "code").write_bytes(b"abcabcabcabc")
    command = [sys.executable, pack.__file__, "itcm", str(tmp_path / "code"), "data", ""]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    itcm, data = text.split("packed_data:\n")
    assert itcm.endswith(".byte 55,97,98,99,2,0\n.global packed_data\n.balign 2\n") and not data
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(command[:-1], check=True, capture_output=True)
