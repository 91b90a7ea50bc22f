# SPDX-License-Identifier: MIT
"""MPU regions smaller than a page of unicorn's: the bottoms of ITCM and DTCM, where null pointers and stacks end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unicorn import (
    UC_HOOK_CODE,
    UC_HOOK_MEM_READ,
    UC_HOOK_MEM_WRITE,
    UC_MEM_FETCH_PROT,
    UC_MEM_READ_PROT,
    UC_MEM_WRITE,
    UC_MEM_WRITE_PROT,
)

from .escalation import is_protected
from .nvic import Nvic

GUARD_BYTES = 32
"""The smallest region that an MPU knows (PM0253 4.6.6)."""
BASES = (0x00000000, 0x20000000)


class Guards:
    """`refuse(address, kind)` is called for what the MPU forbids there.

    data: watch loads and stores as well as fetches; every access of the image then takes unicorn's slow path, which
    makes a run 1.4 times as long.
    """

    def __init__(self, uc: Any, nvic: Nvic, refuse: Callable[[int, int], None], *, data: bool) -> None:
        self._nvic, self._refuse = nvic, refuse
        for base in BASES:
            uc.hook_add(UC_HOOK_CODE, self._on_fetch, None, base, base + GUARD_BYTES - 1)
            if data:
                uc.hook_add(UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, self._on_access, None, base, base + GUARD_BYTES - 1)

    def forbids(self, address: int) -> bool:
        """True where the image lets nobody in."""
        watched = any(base <= address < base + GUARD_BYTES for base in BASES)
        return watched and is_protected(self._nvic, address, True)

    def _on_fetch(self, _uc: Any, address: int, _size: int, _data: object) -> None:
        if self.forbids(address):
            self._refuse(address, UC_MEM_FETCH_PROT)

    def _on_access(self, _uc: Any, kind: int, address: int, _size: int, _value: int, _data: object) -> None:
        if self.forbids(address):
            self._refuse(address, UC_MEM_WRITE_PROT if kind == UC_MEM_WRITE else UC_MEM_READ_PROT)
