# SPDX-License-Identifier: MIT
"""Packs what the Seed's image unpacks to RAM at reset: code takes little more than half of its bytes in flash.

    python pack.py [FILE]... > packed.s      the files' bytes as one stream, from packed_image to packed_image_end

Bytes are taken with each pair swapped, so that a Thumb instruction's upper byte, which says what it is, comes first.
They are repetitions of what stands before and literals, chosen so that the stream gets short (pack_parse.py); a range
coder (Martin 1979, in the form of LZMA's) takes their bits, each with the chance of a one that was learnt so far
(pack_model.py). In order:

    repetition?         by where in an instruction it is, and by whether a repetition came before
    literal             eight bits, highest first, each foretold by two contexts: the instruction so far, and the byte
                        two before; mixed in the logistic domain (Mahoney, Data Compression Explained, 4.3)
    the same distance?  of a repetition; not asked behind one, where it can't be
    distance            plus 15: what is above its lower four bits as a number, then those
    length              less 1, as a number: from the highest bit on, before each whether one more follows

boards/daisy_seed/unpack.cc unpacks it. Run by make, so it imports nothing but the standard library.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

if __package__:
    from . import pack_model as model
    from . import pack_parse as parsing
else:  # a script
    import pack_model as model  # type: ignore[import-not-found,no-redef]
    import pack_parse as parsing  # type: ignore[import-not-found,no-redef]

SECTIONS = ("cold", "itcm", "data")
"""What startup.cc unpacks, in the stream's order."""


class Encoder:
    """The writing end of the range coder."""

    def __init__(self) -> None:
        self._low, self._range = 0, model.WORD
        self._bytes = bytearray()

    def bit(self, bit: int, chance: int) -> int:
        """Write a bit; chance: of a one, in 4096ths."""
        bound = (self._range >> 12) * chance
        if bit:
            self._range = bound
        else:
            self._low += bound
            self._range -= bound
        while self._range < 1 << 24:
            self._shift()
            self._range <<= 8
        return bit

    def _shift(self) -> None:
        if self._low > model.WORD:
            at = len(self._bytes) - 1
            while self._bytes[at] == 255:
                self._bytes[at] = 0
                at -= 1
            self._bytes[at] += 1
        self._bytes.append(self._low >> 24 & 255)
        self._low = self._low << 8 & model.WORD

    def finish(self) -> bytes:
        """The stream; zeros follow in thought."""
        for _ in range(4):
            self._shift()
        return bytes(self._bytes)


class Decoder:
    """The reading end; `taken` counts the bytes that it has read."""

    def __init__(self, packed: bytes) -> None:
        self._packed, self.taken = packed, 4
        self._range, self._code = model.WORD, int.from_bytes(packed[:4], "big")

    def bit(self, _bit: int, chance: int) -> int:
        """The next bit; chance: of a one, in 4096ths."""
        bound = (self._range >> 12) * chance
        bit = int(self._code < bound)
        if bit:
            self._range = bound
        else:
            self._code -= bound
            self._range -= bound
        while self._range < 1 << 24:
            self._range <<= 8
            self._code = self._code << 8 | self._packed[self.taken]
            self.taken += 1
        return bit


def _swapped(data: bytes) -> bytes:
    """Each pair of bytes the other way round. Raises ValueError where one has no partner."""
    if len(data) % 2:
        raise ValueError(f"{len(data)} bytes can't be packed; let the linker fill up to an even count")
    swapped = bytearray(data)
    swapped[::2], swapped[1::2] = data[1::2], data[::2]
    return bytes(swapped)


def _write(data: bytes, ops: list[parsing.Op], coder: model.Coder) -> None:
    """Code the operations."""
    known, place, after, last = model.Model(), model.Place(), False, 0
    for start, end, distance in ops:
        known.bit(coder, model.FLAGS + place.phase + model.AFTER * after, int(distance > 0))
        if distance:
            if after or not known.bit(coder, model.AGAIN, int(distance == last)):
                known.distance(coder, distance)
            known.number(coder, model.LENGTHS, end - start - 1)
        else:
            known.literal(coder, place, data[start - 2] if start > 1 else 0, after, data[start])
        for byte in data[start:end]:
            place.follow(byte)
        after, last = distance > 0, distance or last


def pack(data: bytes) -> bytes:
    """The packed stream of an even count of bytes. Raises ValueError for an odd one."""
    swapped, encoder = _swapped(data), Encoder()
    _write(swapped, parsing.parse(swapped), encoder)
    return encoder.finish()


@lru_cache(maxsize=4)
def unpack(packed: bytes, length: int) -> tuple[bytes, list[int]]:
    """The data again, and the bytes of the stream that each of its bytes took: the first one of a repetition all of it.

    packed: the stream, and anything behind it.
    """
    coder, known, place = Decoder(packed), model.Model(), model.Place()
    data, shares, taken = bytearray(), list[int](), 0
    after, distance = False, 0
    while len(data) < length:
        repeats = known.bit(coder, model.FLAGS + place.phase + model.AFTER * after)
        if repeats:
            if after or not known.bit(coder, model.AGAIN):
                distance = known.distance(coder)
            for _ in range(known.number(coder, model.LENGTHS) + 1):
                data.append(data[-distance])
                place.follow(data[-1])
        else:
            data.append(known.literal(coder, place, data[-2] if len(data) > 1 else 0, after))
            place.follow(data[-1])
        shares += [coder.taken - taken] + [0] * (len(data) - len(shares) - 1)
        after, taken = bool(repeats), coder.taken
    return _swapped(bytes(data)), shares


def assembly(packed: bytes) -> str:
    """The stream between two symbols for the linker, at even addresses: image.py takes odd ones for Thumb code."""
    lines = (",".join(map(str, packed[at : at + 32])) for at in range(0, len(packed), 32))
    return (
        '.section .packed,"a"\n.global packed_image, packed_image_end\n.balign 2\npacked_image:\n'
        + "".join(f".byte {line}\n" for line in lines)
        + ".balign 2\npacked_image_end:\n"
    )


def main(files: list[str]) -> None:
    """To standard output; without files an empty stream."""
    data = b"".join(Path(file).read_bytes() for file in files)
    print(assembly(pack(data) if data else b""), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
