# SPDX-License-Identifier: MIT
"""What the core makes of a bad access or instruction (Armv7-M B1.5.14, B3.2.15): fault registers, an exception."""

from __future__ import annotations

from dataclasses import dataclass

from unicorn import UC_MEM_FETCH_PROT, UC_MEM_FETCH_UNMAPPED, UC_MEM_WRITE_PROT, UC_MEM_WRITE_UNMAPPED

from .nvic import BUS_FAULT, HARD_FAULT, MEMORY_FAULT, USAGE_FAULT, Nvic

SUPERVISOR_CALL = 11
CFSR, HFSR, MMFAR, BFAR, SHCSR = 0xD28, 0xD2C, 0xD34, 0xD38, 0xD24
INSTRUCTION_VIOLATION, DATA_VIOLATION, MEMORY_STACKING, MEMORY_ADDRESS_VALID = 1 << 0, 1 << 1, 1 << 4, 1 << 7
INSTRUCTION_BUS, PRECISE_BUS, BUS_STACKING, BUS_ADDRESS_VALID = 1 << 8, 1 << 9, 1 << 12, 1 << 15
UNDEFINED, INVALID_STATE, NO_COPROCESSOR, UNALIGNED = 1 << 16, 1 << 17, 1 << 19, 1 << 24
FORCED, DEBUG_EVENT = 1 << 30, 1 << 31

_ENABLE = {MEMORY_FAULT: 1 << 16, BUS_FAULT: 1 << 17, USAGE_FAULT: 1 << 18}
_USAGE = {1: UNDEFINED, 17: NO_COPROCESSOR, 18: INVALID_STATE, 22: UNALIGNED}
"""Number of unicorn's interrupt hook → bit of CFSR."""
_CALL, _BREAKPOINT = 2, 7
_FETCHES = (UC_MEM_FETCH_PROT, UC_MEM_FETCH_UNMAPPED)
_WRITES = (UC_MEM_WRITE_PROT, UC_MEM_WRITE_UNMAPPED)


@dataclass(frozen=True)
class BadAccess:
    """address: what was touched; kind: unicorn's UC_MEM_..., None for a register that nobody has."""

    address: int
    kind: int | None = None


def is_protected(nvic: Nvic, address: int, writes: bool) -> bool:
    """True where an MPU region forbids the access; of overlapping regions the highest number counts."""
    if not nvic.values[0xD94] & 1:
        return False
    for _, (base, attributes) in sorted(nvic.mpu_regions.items(), reverse=True):
        size = 2 << (attributes >> 1 & 31)
        if attributes & 1 and base & -size <= address < (base & -size) + size:
            permission = attributes >> 24 & 7
            return permission == 0 or (writes and permission in (5, 6, 7))
    return False


def _raise(nvic: Nvic, exception: int, status: int) -> int | None:
    """The exception that is taken; None when the core locks up, in a fault of the handler of faults."""
    nvic.values[CFSR] |= status
    if nvic.current_priority <= nvic.priority(HARD_FAULT):
        return None
    enabled = nvic.values[SHCSR] & _ENABLE.get(exception, 0)
    if enabled and nvic.priority(exception) < nvic.current_priority:
        return exception
    nvic.values[HFSR] |= FORCED
    return HARD_FAULT


def access_fault(nvic: Nvic, bad: BadAccess) -> int | None:
    """MemManage for what the MPU forbids, BusFault for what isn't there. Returns as _raise."""
    fetches = bad.kind in _FETCHES
    if is_protected(nvic, bad.address, bad.kind in _WRITES):
        if fetches:
            return _raise(nvic, MEMORY_FAULT, INSTRUCTION_VIOLATION)
        nvic.values[MMFAR] = bad.address
        return _raise(nvic, MEMORY_FAULT, DATA_VIOLATION | MEMORY_ADDRESS_VALID)
    if fetches:
        return _raise(nvic, BUS_FAULT, INSTRUCTION_BUS)
    nvic.values[BFAR] = bad.address
    return _raise(nvic, BUS_FAULT, PRECISE_BUS | BUS_ADDRESS_VALID)


def stacking_fault(nvic: Nvic, stack: int) -> int | None:
    """An exception's frame fits nowhere; the fault that follows is taken instead, without a frame of its own."""
    if is_protected(nvic, stack, True):
        return _raise(nvic, MEMORY_FAULT, MEMORY_STACKING)
    return _raise(nvic, BUS_FAULT, BUS_STACKING)


def instruction_fault(nvic: Nvic, number: int | None) -> int | None:
    """Of unicorn's interrupt hook; None: an instruction that it refused."""
    if number == _CALL:
        return SUPERVISOR_CALL
    if number == _BREAKPOINT:
        nvic.values[HFSR] |= DEBUG_EVENT
        return None if nvic.current_priority <= nvic.priority(HARD_FAULT) else HARD_FAULT
    return _raise(nvic, USAGE_FAULT, _USAGE.get(number or 1, UNDEFINED))
