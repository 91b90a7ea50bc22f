# SPDX-License-Identifier: MIT
"""The packer's choice between literals and repetitions: the cheapest way through the data by rough prices."""

from __future__ import annotations

from collections import defaultdict
from math import log2
from typing import NamedTuple

CANDIDATES = 96
"""Places with the same two bytes that are tried, the last ones first."""
SHORTEST, LONG_ENOUGH, LONGEST = 2, 48, 270
"""A repetition of the second length is taken as it is; of shorter ones, every shorter length is tried, too."""
HUGE = 1e30
LITERAL, REPETITION, AGAIN, OTHER, DISTANCE, DOUBLED = 5.7, 2.0, 2.0, 0.4, 6.0, 1.7
LENGTHS = [1.0 + 2.0 * log2(n + 1) for n in range(LONGEST + 1)]
"""Prices in bits, roughly what the model comes to; those of a first pass's slots made the stream no shorter. A
distance: its lower bits, and what it takes each time that it doubles."""


class Op(NamedTuple):
    """The bytes [start, end): a literal where `distance` is 0, else what stands that far before."""

    start: int
    end: int
    distance: int


def _length(data: bytes, at: int, distance: int) -> int:
    """Bytes that repeat what stands before them."""
    length, most = 0, min(LONGEST, len(data) - at)
    while length < most and data[at + length - distance] == data[at + length]:
        length += 1
    return length


def _repetitions(data: bytes) -> list[list[tuple[int, int]]]:
    """For each place, (distance, length) of what stands there again; a longer distance only where more is the same."""
    found, places = [], defaultdict[bytes, list[int]](list)
    for at in range(len(data)):
        here, longest = list[tuple[int, int]](), SHORTEST - 1
        before = places[data[at : at + SHORTEST]]
        for place in before[: -CANDIDATES - 1 : -1]:
            if data[place + longest : place + longest + 1] != data[at + longest : at + longest + 1]:
                continue
            if (length := _length(data, at, at - place)) > longest:
                here.append((at - place, length))
                longest = length
                if length > LONG_ENOUGH:
                    break
        found.append(here)
        before.append(at)
    return found


def parse(data: bytes) -> list[Op]:
    """The cheapest way that forward dynamic programming finds; the last distance is that of the best way so far."""
    size, found = len(data), _repetitions(data)
    cost, came, last = [0.0] + [HUGE] * size, [0] * (size + 1), [0] * (size + 1)
    repeated = [False] * (size + 1)

    def reach(at: int, price: float, distance: int, first: int, longest: int) -> None:
        for length in range(first, longest + 1):
            if (total := price + LENGTHS[length]) < cost[at + length]:
                cost[at + length], came[at + length], last[at + length] = total, at, distance
                repeated[at + length] = True

    for at in range(size):
        before, after = last[at], repeated[at]
        if (total := cost[at] + LITERAL) < cost[at + 1]:
            cost[at + 1], came[at + 1], last[at + 1], repeated[at + 1] = total, at, before, False
        price = cost[at] + REPETITION
        if before and not after and data[at] == data[at - before]:
            longest = _length(data, at, before)
            first = longest if longest > LONG_ENOUGH else SHORTEST
            reach(at, price + AGAIN, before, first, longest)
        if not after:
            price += OTHER
        for distance, longest in found[at]:
            first = longest if longest > LONG_ENOUGH else SHORTEST
            reach(at, price + DISTANCE + DOUBLED * log2(distance + 15 >> 4), distance, first, longest)
    ops, end = [], size
    while end:
        ops.append(Op(came[end], end, last[end] if repeated[end] else 0))
        end = came[end]
    return ops[::-1]
