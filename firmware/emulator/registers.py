# SPDX-License-Identifier: MIT
"""Fixed sets of core registers, each read or written in one call."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any


class Registers:
    """32-bit registers of a unicorn core by their UC_ARM_REG numbers.

    unicorn's own batches look up the types of all registers each time, which took 100 us and half of a run.
    """

    def __init__(self, uc: Any, numbers: Sequence[int]) -> None:
        count = len(numbers)
        self._uc, self._count = uc, ctypes.c_int(count)
        self._numbers = (ctypes.c_int * count)(*numbers)
        self._values = (ctypes.c_uint64 * count)()
        first = ctypes.addressof(self._values)
        self._places = (ctypes.c_void_p * count)(*range(first, first + 8 * count, 8))

    def read(self) -> list[int]:
        """Values in the order of the numbers."""
        self._uc._do_reg_read_batch(self._numbers, self._places, self._count)
        return self._values[:]

    def write(self, values: Sequence[int]) -> None:
        """Set all of them, one after the other."""
        self._values[:] = list(values)
        self._uc._do_reg_write_batch(self._numbers, self._places, self._count)
