# SPDX-License-Identifier: MIT
"""The image's unpacking without a count of its instructions, which is four times as quick; and only once an image.

Later boots of the same flash get the RAM as the first one left it. Virtual time advances by what was counted once.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

from unicorn import arm_const as arm

from .image import Image
from .memory import AXI, DTCM, FLASH

NEVER = 0xFFFFFFFE
CYCLES_PER_BYTE = 620
"""Of what comes out, at the emulator's one cycle an instruction; tests/test_seed_image.py counts them."""
_FUNCTION = "4seed6UnpackE"
_KEPT = 4
_known: OrderedDict[bytes, list[tuple[int, bytes]]] = OrderedDict()
"""Checksum of the flash → content of the memories that unpacking changes."""


class Leap:
    """at: where the unpacker starts, NEVER where an image has none or it has run."""

    def __init__(self, uc: Any, image: Image) -> None:
        self._uc = uc
        self.at = next((address for name, address in image.symbols.items() if _FUNCTION in name), NEVER)

    def over(self) -> int:
        """From the unpacker's first instruction to behind the call; returns the cycles that it takes."""
        uc, start, self.at = self._uc, self.at, NEVER
        first, end, back = (uc.reg_read(n) for n in (arm.UC_ARM_REG_R2, arm.UC_ARM_REG_R3, arm.UC_ARM_REG_LR))
        key = hashlib.sha1(uc.mem_read(FLASH.base, FLASH.size)).digest()
        if key in _known:
            for base, content in _known[key]:
                uc.mem_write(base, content)
            uc.reg_write(arm.UC_ARM_REG_R0, 1)
            uc.reg_write(arm.UC_ARM_REG_PC, back)
        else:
            uc.emu_start(start | 1, back & ~1)
            _known[key] = [(region.base, bytes(uc.mem_read(region.base, region.size))) for region in (AXI, DTCM)]
            while len(_known) > _KEPT:
                _known.popitem(last=False)
        return CYCLES_PER_BYTE * int(end - first)
