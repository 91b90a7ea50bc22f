# SPDX-License-Identifier: MIT
"""Which notes are held out: fixed by a hash of the note number, the same in every run and every folder.

Of each block of five neighbouring semitones exactly one is held out, so a chromatic set of any size keeps 4/5 for
training, evenly spread. Adding files never moves a note from one side to the other, but for tiny sets (see below).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

BLOCK_SEMITONES = 5

SMALLEST_SPLIT = 3
"""With fewer different notes than this nothing is held out."""


def _rank(value: int) -> int:
    return int.from_bytes(hashlib.sha256(f"lottava split {value}".encode()).digest()[:8], "big")


def is_held_out(note: int) -> bool:
    """True for the one MIDI note of each block of five that never trains."""
    return note % BLOCK_SEMITONES == _rank(note // BLOCK_SEMITONES) % BLOCK_SEMITONES


def held_out_notes(notes: Iterable[int]) -> frozenset[int]:
    """The held-out ones among the MIDI notes of a data set.

    Sparse sets can miss every held-out note, or hit too many: with 3 notes or more at least one is held out and at
    most a third, chosen by hash.
    """
    present = sorted(set(notes))
    if len(present) < SMALLEST_SPLIT:
        return frozenset()
    chosen = [note for note in present if is_held_out(note)]
    if not chosen:
        chosen = [min(present, key=_rank)]
    return frozenset(sorted(chosen, key=_rank)[: max(1, len(present) // 3)])
