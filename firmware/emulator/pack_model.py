# SPDX-License-Identifier: MIT
"""What packer and unpacker know of the bytes so far: each bit's chance, learnt as the bits go by.

Integers, and doubles that IEEE 754 rounds in one way: boards/daisy_seed/unpack.cc has to find the same.
"""

from __future__ import annotations

from typing import Protocol

FLAGS, AGAIN, LOW, LENGTHS, DISTANCES = 0, 8, 16, 32, 128
"""First slots of what is no literal's: see pack.py."""
HASH, WORD = 0x9E3779B1, (1 << 32) - 1
EVEN, FIRST_WEIGHT, LARGEST_WEIGHT, RATE = 2048 << 4, 20_000, 1 << 18, 14
AFTER = 4
"""Weights and flags are others after a repetition."""
STEPS = [65536 // (seen + 2) for seen in range(16)]


class Coder(Protocol):
    """bit(bit, chance of a one in 4096ths) → the bit; one that reads gives its own."""

    def bit(self, bit: int, chance: int) -> int: ...


def _logistic() -> tuple[list[int], list[int]]:
    """squash: chance by logistic value in 256ths + 2048; stretch: the other way."""
    power, squash, stretch = 2980.9579870417283, list[int](), list[int]()
    for value in range(-2048, 2048):
        squash.append(max(1, int(4096.0 / (1.0 + power))))
        stretch += [value] * (squash[-1] + 1 - len(stretch))
        power *= 0.9961013694701175
    return squash, stretch + [2047] * (4096 - len(stretch))


SQUASH, STRETCH = _logistic()


class Place:
    """Where in an instruction the next byte is. phase: 0 or 1 of the first half, 2 or 3 of the second; instruction: its
    bytes so far."""

    def __init__(self) -> None:
        self.phase = self.instruction = 0

    def follow(self, byte: int) -> None:
        """Go on behind this byte."""
        self.instruction = self.instruction << 8 | byte
        if not self.phase & 1:
            self.phase |= 1
        elif self.phase == 1 and self.instruction >= 0xE800:
            self.phase = 2
        else:
            self.phase = self.instruction = 0


def _mix(context: int) -> int:
    context = context * HASH & WORD
    return context ^ context >> 15


class Model:
    """Slots with their chances in the upper 12 bits and how often each was seen, up to 15, in the lower four."""

    def __init__(self) -> None:
        self.first, self.second = [EVEN] * 65536, [EVEN] * 65536
        self.others = [EVEN] * 256
        self.weights = [[FIRST_WEIGHT, FIRST_WEIGHT] for _ in range(2 * AFTER)]

    def bit(self, coder: Coder, slot: int, bit: int = 0) -> int:
        """A bit that is no literal's."""
        value = self.others[slot]
        chance, seen = value >> 4, value & 15
        bit = coder.bit(bit, chance or 1)
        chance += ((4095 if bit else 0) - chance) * STEPS[seen] >> 16
        self.others[slot] = chance << 4 | min(seen + 1, 15)
        return bit

    def number(self, coder: Coder, slots: int, number: int = 1) -> int:
        """A number from 1 on."""
        value, left = 1, number.bit_length() - 1
        while True:
            pair = slots + 2 * (value if value < 16 else 11 + value.bit_length())
            if not self.bit(coder, pair, int(left > 0)):
                return value
            left -= 1
            value = value * 2 + self.bit(coder, pair + 1, number >> max(left, 0) & 1)

    def distance(self, coder: Coder, distance: int = 1) -> int:
        """A distance from 1 on."""
        high = self.number(coder, DISTANCES, distance + 15 >> 4)
        low = 1
        for shift in (3, 2, 1, 0):
            low = low * 2 + self.bit(coder, LOW + low, distance - 1 >> shift & 1)
        return high * 16 + low - 31

    def literal(self, coder: Coder, place: Place, before: int, after: bool, byte: int = 0) -> int:
        """A byte by itself. before: the one two before it; after: a repetition."""
        one, two = _mix(place.instruction << 2 | place.phase), _mix(before << 2 | place.phase)
        first, second, weights = self.first, self.second, self.weights[place.phase + AFTER * after]
        symbol = 1
        for shift in range(7, -1, -1):
            at, to = (one + symbol) * HASH >> 16 & 65535, (two + symbol) * HASH >> 16 & 65535
            left, right = first[at], second[to]
            x, y = STRETCH[left >> 4], STRETCH[right >> 4]
            mixed = weights[0] * x + weights[1] * y >> 16
            chance = SQUASH[max(-2048, min(2047, mixed)) + 2048]
            bit = coder.bit(byte >> shift & 1, chance)
            error = ((bit << 12) - chance) * RATE
            weights[0] += x * error + 0x2000 >> 14
            weights[1] += y * error + 0x2000 >> 14
            goal = 4095 if bit else 0
            chance, seen = left >> 4, left & 15
            first[at] = chance + ((goal - chance) * STEPS[seen] >> 16) << 4 | (seen + 1 if seen < 15 else 15)
            chance, seen = right >> 4, right & 15
            second[to] = chance + ((goal - chance) * STEPS[seen] >> 16) << 4 | (seen + 1 if seen < 15 else 15)
            symbol = symbol * 2 + bit
        weights[:] = (max(-LARGEST_WEIGHT, min(LARGEST_WEIGHT - 1, weight)) for weight in weights)
        return symbol & 255
