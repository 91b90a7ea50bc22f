# SPDX-License-Identifier: MIT
"""Packs what the Seed's image copies to RAM at reset: code and tables of ITCM and DTCM take two thirds of their flash.

    python pack.py [NAME FILE]... > packed.s      a symbol packed_NAME each; without FILE's bytes, an empty one

A packed stream is a row of runs: a byte whose upper half counts literals and whose lower half counts repeated bytes
less 2, where 15 means that more bytes follow, to be added up to the first one below 255; the literals; then, but for
where the output ends, the distance back to what repeats less 1: a byte below 128, or two, the upper one first with its
highest bit set. boards/daisy_seed/startup.cc unpacks it, some 10 cycles a byte.

Run by make, so it imports nothing but the standard library.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FULL = 15
"""A count in half a byte that goes on behind it."""
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


def _more(count: int) -> int:
    """Bytes that a count takes beside its half byte."""
    return 0 if count < FULL else 1 + (count - FULL) // 255


def _repetitions(data: bytes, at: int, places: list[int]) -> Iterator[tuple[int, int]]:
    """(length, distance) of what repeats there; a longer distance only where it gives more."""
    nearest = 0
    for place in reversed(places[-CANDIDATES:]):
        distance, length = at - place, SHORTEST
        if distance > FAR or nearest > LONG_ENOUGH:
            return
        while at + length < len(data) and length < LONGEST and data[place + length] == data[at + length]:
            length += 1
        if length > nearest:
            first = length if length > LONG_ENOUGH else max(nearest + 1, SHORTEST + (distance > NEAR))
            nearest = length
            yield from ((each, distance) for each in range(first, length + 1))


def runs(data: bytes) -> list[Run]:
    """The cheapest way through the data that forward dynamic programming finds."""
    endless = 1 << 30
    cost, literals = [0] + [endless] * len(data), [0] * (len(data) + 1)
    came: list[tuple[int, int]] = [(0, 0)] * (len(data) + 1)
    places: dict[bytes, list[int]] = defaultdict(list)
    for at in range(len(data)):
        count = literals[at]
        price = cost[at] + 1 + _more(count + 1) - _more(count)
        if price < cost[at + 1]:
            cost[at + 1], literals[at + 1], came[at + 1] = price, count + 1, (at, 0)
        pair = data[at : at + SHORTEST]
        for length, distance in _repetitions(data, at, places[pair]) if len(pair) == SHORTEST else ():
            price = cost[at] + 2 + (distance > NEAR) + _more(length - SHORTEST)
            if price < cost[at + length]:
                cost[at + length], literals[at + length], came[at + length] = price, 0, (at, distance)
        places[pair].append(at)
    found, end = [], len(data)
    while end:
        start, distance = came[end]
        repeated = end - start if distance else 0
        first = end - repeated - (literals[end - repeated])
        found.append(Run(first, end - repeated - first, repeated, distance))
        end = first
    return found[::-1]


def _count(count: int) -> bytes:
    """What stands behind the half byte."""
    return b"" if count < FULL else bytes([255] * ((count - FULL) // 255) + [(count - FULL) % 255])


def pack(data: bytes) -> bytes:
    """The packed stream."""
    packed = bytearray()
    for run in runs(data):
        repeated = max(run.repeated - SHORTEST, 0)
        packed.append(min(run.literals, FULL) << 4 | min(repeated, FULL))
        packed += _count(run.literals) + data[run.start : run.start + run.literals]
        if run.repeated:
            far = run.distance > NEAR
            packed += (run.distance - 1 | far << 15).to_bytes(1 + far, "big") + _count(repeated)
    return bytes(packed)


def shares(packed: bytes, length: int) -> list[int]:
    """Bytes of the stream that each byte of the `length` unpacked ones took: a literal its own, the first of a run all
    that is said about the run."""
    stream, found = iter(packed), list[int]()
    while len(found) < length:
        counts, taken, start = next(stream), 1, len(found)

        def count(half: int) -> int:
            nonlocal taken
            more = 255 if half == FULL else 0
            while more == 255:
                more = next(stream)
                half, taken = half + more, taken + 1
            return half

        literals = count(counts >> 4)
        found += [1] * literals
        for _ in range(literals):
            next(stream)
        if len(found) < length:
            taken += 1
            if next(stream) & NEAR:
                next(stream)
                taken += 1
            found += [0] * (count(counts & FULL) + SHORTEST)
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
