# SPDX-License-Identifier: MIT
"""Packing: what comes out again, in Python and in the image's own unpacker under sanitizers, is what went in."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lottava.emulator import build_image, pack
from lottava.emulator.image import load_image
from lottava.emulator.library import build


class Unpacker:
    """firmware/test/unpack.cc: it ends, and every later answer fails, when it touches what isn't its own."""

    def __init__(self, program: Path) -> None:
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, packed: bytes, size: int) -> tuple[bool, bytes]:
        """(could be a packed stream, what came out)."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(struct.pack("<II", size, len(packed)) + packed)
        self.process.stdin.flush()
        answer = self.process.stdout.read(1 + size)
        assert len(answer) == 1 + size, "a sanitizer stopped it"
        return bool(answer[0]), answer[1:]


@pytest.fixture(scope="module")
def unpacker() -> Iterator[Unpacker]:
    unpacker = Unpacker(build("check") / "check" / "unpack")
    with unpacker.process:
        yield unpacker
    assert unpacker.process.returncode == 0


parts = st.one_of(
    st.binary(max_size=40).map(lambda data: data + data[: len(data) % 2]),
    st.integers(1, 350).map(lambda pairs: bytes(2 * pairs)),
    st.just(bytes(range(256))),
)
datas = st.lists(parts, max_size=10).map(b"".join)


@settings(max_examples=60, deadline=None)
@given(datas)
@example(b"ab")
@example(b"\x00" * 5000)
@example(bytes(range(256)) * 2 + bytes(200) + bytes(range(256)))
@example(bytes(i * i >> 5 & 255 for i in range(600)))
@example(b"\xf8\x00\xff\xff" * 3 + b"\x00\xe8\x01\x00" * 50)
def test_what_was_packed_comes_out_again(unpacker: Unpacker, data: bytes) -> None:
    packed = pack.pack(data)
    again, shares = pack.unpack(packed, len(data))
    assert again == data
    assert unpacker(packed, len(data)) == (True, data)
    assert len(shares) == len(data)
    assert not data or sum(shares) == len(packed)


@settings(max_examples=100, deadline=None)
@given(datas.filter(bool), st.data())
def test_no_stream_leads_outside(unpacker: Unpacker, data: bytes, draw: st.DataObject) -> None:
    """Cut, altered or made up, and into too little room or too much: the unpacker stays in what it was given."""
    packed = bytearray(pack.pack(data))
    for _ in range(draw.draw(st.integers(0, 3))):
        packed[draw.draw(st.integers(0, len(packed) - 1))] ^= draw.draw(st.integers(1, 255))
    cut = bytes(packed[: draw.draw(st.integers(0, len(packed)))])
    unpacker(cut, 2 * draw.draw(st.integers(0, len(data))))
    unpacker(draw.draw(st.binary(max_size=60)), 2 * draw.draw(st.integers(0, 500)))


def test_a_repetition_from_before_the_start_is_refused(unpacker: Unpacker) -> None:
    """Of the first bit's two values the lower code means a repetition, and there is nothing yet to repeat."""
    assert unpacker(bytes(4), 8) == (False, bytes(8))


def test_far_repetitions_are_found() -> None:
    noise = b"".join((number * 40_503 & 0xFFFF).to_bytes(2, "big") for number in range(2_000))
    packed = pack.pack(noise + bytes(30_000) + noise)
    assert len(packed) < len(pack.pack(noise)) + 300


def test_the_image_shrinks_by_four_tenths_and_comes_out_again(unpacker: Unpacker) -> None:
    image = load_image(build_image())
    places = [(image.symbols[f"_{name}_start"], image.symbols[f"_{name}_end"]) for name in pack.SECTIONS]
    data = b"".join(
        next(data[start - at : end - at] for at, data in image.resident if at <= start < at + len(data))
        for start, end in places
    )
    start, end = (image.symbols[name] for name in ("packed_image", "packed_image_end"))
    packed = next(data[start - at : end - at] for at, data in image.segments if at <= start < at + len(data))
    assert len(packed) < 0.6 * len(data)
    assert unpacker(packed, len(data)) == (True, data)


def test_as_make_calls_it(tmp_path: Path) -> None:
    for name in ("code", "data"):
        (tmp_path / name).write_bytes(name.encode() * 4)
    command = [sys.executable, pack.__file__, str(tmp_path / "code"), str(tmp_path / "data")]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    numbers = ",".join(map(str, pack.pack(b"code" * 4 + b"data" * 4)))
    assert text.endswith(f"packed_image:\n.byte {numbers}\n.balign 2\npacked_image_end:\n")
    (tmp_path / "data").write_bytes(b"odd")
    odd = subprocess.run(command, capture_output=True, text=True)
    assert odd.returncode == 1 and "19 bytes can't be packed" in odd.stderr
