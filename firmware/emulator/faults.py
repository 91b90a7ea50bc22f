# SPDX-License-Identifier: MIT
"""What can go wrong around a Seed, on demand: power cuts, garbage on the line, code that hangs or faults.

Elsewhere: FrontEnd.stick and set_noise for the converters, NorFlash.defects for a flash that fails its verification.
"""

from __future__ import annotations

import random
import struct

from .errors import EmulatorError, PowerCutError
from .norflash import Operation
from .seed import CORE_HZ, Seed

BRANCH_TO_SELF = b"\xfe\xe7"
UNDEFINED = b"\x00\xde"


def cut_power(seed: Seed, after_seconds: float) -> None:
    """The power fails for a moment at an instant to come: to the instruction, while the core is awake."""
    seed.timeline.after(after_seconds * CORE_HZ, _fail)


def _fail() -> None:
    raise PowerCutError


def cut_power_at_operation(seed: Seed, number: int, seconds_after: float | None = None) -> None:
    """The power fails at the `number`-th command (from 0) that the QSPI flash gets from now on.

    Before the command takes effect; with seconds_after, so long after it began.
    """
    chip, count = seed.flash_chip, 0

    def watch(_operation: Operation) -> None:
        nonlocal count
        count += 1
        if count <= number:
            return
        chip.watch = lambda _operation: None
        if seconds_after is None:
            raise PowerCutError
        seed.timeline.after(seconds_after * CORE_HZ, _fail)

    chip.watch = watch


def garbage(draw: random.Random, count: int) -> bytes:
    """`count` bytes such as a bad cable or a wrong program sends: noise, silence, and frames' ends in plenty."""
    kinds = [bytes([draw.randrange(256)]) for _ in range(6)] + [b"\0", b"\xff", b"\x01"]
    return b"".join(draw.choice(kinds) if draw.random() < 0.5 else draw.randbytes(1) for _ in range(count))


def patch(seed: Seed, symbol: str, code: bytes) -> int:
    """Put `code` at the start of a function of the running image, until the next reset; returns its address.

    Raises EmulatorError for a function that the image doesn't have, by its linker name or a part of it.
    """
    found = sorted({start for start, _, name in seed.image.functions if symbol in name})
    if len(found) != 1:
        raise EmulatorError(f"{len(found)} functions of the image have {symbol!r} in their name")
    seed.cpu.uc.mem_write(found[0], code)
    seed.cpu.uc.ctl_flush_tb()
    return found[0]


def load_from(address: int) -> bytes:
    """Code that reads a word at `address` (a multiple of 65536): movw r0, 0; movt r0, high half; ldr r0, [r0]."""
    half = address >> 16
    high = 0xF2C0 | half >> 12 | (half >> 11 & 1) << 10
    low = (half >> 8 & 7) << 12 | half & 0xFF
    return struct.pack("<HHHHH", 0xF240, 0x0000, high, low, 0x6800)
