# SPDX-License-Identifier: MIT
"""Packs what the Seed's image copies to RAM at reset: code and tables of ITCM and DTCM take two thirds of their flash.

    python pack.py [NAME FILE]... > packed.s      a symbol packed_NAME each; without FILE's bytes, an empty one

A packed stream is a row of runs: a byte that counts literals in its upper four bits and repeated bytes less 2 in its
lower three, where 15 and 7 mean that more bytes follow, to be added up to the first one below 255; the literals; then,
but for where the output ends, the distance back to what repeats less 1: nothing where bit 3 says that it is the one
before, as it is after an operand that differs; a byte below 128; or two, the upper one first with its highest bit set.
boards/daisy_seed/startup.cc unpacks it.

Run by make, so it imports nothing but the standard library.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FULL, FULL_REPEATED = 15, 7
"""Counts in a run's first byte that go on behind it."""
AGAIN = 8
"""Bit of a run's first byte: the distance is the last one."""
SHORTEST = 2
NEAR, FAR = 1 << 7, 1 << 15
"""Largest distances that take one byte and two."""
CANDIDATES = 64
"""Places with the same two bytes that are tried, the last ones first."""
LONG_ENOUGH, LONGEST = 40, 270
"""A repetition of the first length is taken as it is; of shorter ones, every shorter length is tried, too."""


class Run(NamedTuple):
    """Output from `start` on: `literals` of the input, then `repeated` bytes from `distance` before."""

    start: int
    literals: int
    repeated: int
    distance: int


def _more(count: int, full: int) -> int:
    """Bytes that a count takes beside its bits in the first one."""
    return 0 if count < full else 1 + (count - full) // 255


def _length(data: bytes, at: int, distance: int) -> int:
    """Bytes that repeat what stands before them."""
    length, most = 0, min(LONGEST, len(data) - at)
    while length < most and data[at + length - distance] == data[at + length]:
        length += 1
    return length


def _repetitions(data: bytes, at: int, places: list[int]) -> Iterator[tuple[int, int]]:
    """(length, distance) of what repeats there; a longer distance only where it gives more."""
    nearest = 0
    for place in reversed(places[-CANDIDATES:]):
        distance = at - place
        if distance > FAR or nearest > LONG_ENOUGH:
            return
        length = _length(data, at, distance)
        if length > nearest:
            first = length if length > LONG_ENOUGH else max(nearest + 1, SHORTEST + (distance > NEAR))
            nearest = length
            yield from ((each, distance) for each in range(first, length + 1))


def runs(data: bytes) -> list[Run]:
    """The cheapest way through the data that forward dynamic programming finds."""
    endless = 1 << 30
    cost, literals, last = [0] + [endless] * len(data), [0] * (len(data) + 1), [0] * (len(data) + 1)
    came: list[tuple[int, int]] = [(0, 0)] * (len(data) + 1)
    places: dict[bytes, list[int]] = defaultdict(list)
    for at in range(len(data)):
        count, before = literals[at], last[at]
        price = cost[at] + 1 + _more(count + 1, FULL) - _more(count, FULL)
        if price < cost[at + 1]:
            cost[at + 1], literals[at + 1], last[at + 1], came[at + 1] = price, count + 1, before, (at, 0)
        pair = data[at : at + SHORTEST]
        again = range(SHORTEST, _length(data, at, before) + 1) if before else ()
        others = _repetitions(data, at, places[pair]) if len(pair) == SHORTEST else ()
        for length, distance in (*((length, before) for length in again), *others):
            price = cost[at] + 1 + _more(length - SHORTEST, FULL_REPEATED)
            price += 0 if distance == before else 1 + (distance > NEAR)
            if price < cost[at + length]:
                cost[at + length], literals[at + length], last[at + length] = price, 0, distance
                came[at + length] = at, distance
        places[pair].append(at)
    found, end = [], len(data)
    while end:
        start, distance = came[end]
        repeated = end - start if distance else 0
        first = end - repeated - (literals[end - repeated])
        found.append(Run(first, end - repeated - first, repeated, distance))
        end = first
    return found[::-1]


def _count(count: int, full: int) -> bytes:
    """What stands behind the first byte."""
    return b"" if count < full else bytes([255] * ((count - full) // 255) + [(count - full) % 255])


def pack(data: bytes) -> bytes:
    """The packed stream."""
    packed, last = bytearray(), 0
    for run in runs(data):
        repeated = max(run.repeated - SHORTEST, 0)
        again = AGAIN if run.repeated and run.distance == last else 0
        packed.append(min(run.literals, FULL) << 4 | again | min(repeated, FULL_REPEATED))
        packed += _count(run.literals, FULL) + data[run.start : run.start + run.literals]
        if run.repeated and not again:
            far = run.distance > NEAR
            packed += (run.distance - 1 | far << 15).to_bytes(1 + far, "big")
        packed += _count(repeated, FULL_REPEATED)
        last = run.distance or last
    return bytes(packed)


def shares(packed: bytes, length: int) -> list[int]:
    """Bytes of the stream that each byte of the `length` unpacked ones took: a literal its own, the first of a run all
    that is said about the run."""
    stream, found = iter(packed), list[int]()
    while len(found) < length:
        counts, taken, start = next(stream), 1, len(found)

        def count(bits: int, full: int) -> int:
            nonlocal taken
            more = 255 if bits == full else 0
            while more == 255:
                more = next(stream)
                bits, taken = bits + more, taken + 1
            return bits

        literals = count(counts >> 4, FULL)
        found += [1] * literals
        for _ in range(literals):
            next(stream)
        if len(found) < length:
            if not counts & AGAIN:
                taken += 1
                if next(stream) & NEAR:
                    next(stream)
                    taken += 1
            found += [0] * (count(counts & FULL_REPEATED, FULL_REPEATED) + SHORTEST)
        found[start] += taken
    return found


def assembly(name: str, packed: bytes) -> str:
    """The stream as a symbol for the linker."""
    lines = (",".join(map(str, packed[at : at + 32])) for at in range(0, len(packed), 32))
    return f".global packed_{name}\n.balign 2\npacked_{name}:\n" + "".join(f".byte {line}\n" for line in lines)


def main(arguments: list[str]) -> None:
    """Pairs of a name and a file to standard output."""
    print('.section .packed,"a"')
    for name, file in zip(arguments[::2], arguments[1::2], strict=True):
        print(assembly(name, pack(Path(file).read_bytes()) if file else b""), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
