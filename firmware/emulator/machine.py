# SPDX-License-Identifier: MIT
"""A Cortex-M7 without its board: any function of an image, called from Python, with the cycles that it takes.

Nothing boots: every section lies at once where it runs (code in ITCM, data in DTCM), memory that is zeroed at start is
zero, all other RAM holds 0xA5. There are no peripherals; who touches one gets an EmulatorError.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from unicorn import (
    UC_ARCH_ARM,
    UC_HOOK_CODE,
    UC_HOOK_INTR,
    UC_HOOK_MEM_INVALID,
    UC_HOOK_MEM_READ,
    UC_HOOK_MEM_WRITE,
    UC_MODE_THUMB,
    UC_PROT_ALL,
    Uc,
    UcError,
)
from unicorn import arm_const as arm

from .errors import EmulatorError
from .image import load_image
from .memory import AXI, D2, D3, DTCM, FLASH, ITCM, Region
from .trace import TraceModel

RETURN = Region("return address", 0x1FF00000, 4096, UC_PROT_ALL)
MEMORIES = {region.name: region for region in (ITCM, DTCM, AXI, D2, D3)}
STACK_BYTES = 8192
"""Of images that name no `_stack_top`: kept free at the end of DTCM."""
MAX_INSTRUCTIONS = 400_000_000
"""Of one call; more is taken for an endless loop."""

Argument = int | float | np.integer[Any] | np.floating[Any]


@dataclass(frozen=True)
class Timing:
    """One call: instructions, modelled cycles (see timing_rules.ERROR_BAND), and r0 as the callee left it.

    by_function: cycles of the best variant by the name of the function, callees apart.
    """

    instructions: int
    cycles: float
    cycles_pessimistic: float
    value: int
    by_function: dict[str, float] = field(repr=False)


class Machine:
    """Load an ELF file and call into it. Raises EmulatorError for a file that is no ARM image."""

    def __init__(self, elf: Path | str) -> None:
        self.image = load_image(elf)
        self.uc: Any = Uc(UC_ARCH_ARM, UC_MODE_THUMB)  # its type hints lack half of its methods
        self.uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M7)
        for region in (*MEMORIES.values(), FLASH, RETURN):
            self.uc.mem_map(region.base, region.size, UC_PROT_ALL)
            self.uc.mem_write(region.base, (b"\xff" if region is FLASH else b"\xa5") * region.size)
        for address, data in (*self.image.segments, *self.image.resident):
            self.uc.mem_write(address, data)
        self._error = ""
        self.uc.hook_add(UC_HOOK_MEM_INVALID, self._on_invalid)
        self.uc.hook_add(UC_HOOK_INTR, self._on_interrupt)
        self._stack = self.image.symbols.get("_stack_top", DTCM.base + DTCM.size)
        self.release()
        self._model = TraceModel(lambda address: bytes(self.uc.mem_read(address, 4)), self.image.symbol_at)

    def release(self) -> None:
        """Take all memory back that `allocate` gave out; its content stays until it is given out again."""
        self._free = {name: self._end_of_image(region) for name, region in MEMORIES.items()}

    def _end_of_image(self, region: Region) -> int:
        used = [address + len(data) for address, data in self.image.resident if data and region.holds(address)]
        return max(used, default=region.base)

    def allocate(self, size: int, memory: str = "DTCM", *, alignment: int = 16) -> int:
        """Address of `size` unused bytes of a memory (ITCM, DTCM, AXI SRAM, D2 SRAM, D3 SRAM), until `release`.

        Raises EmulatorError when there are not so many left.
        """
        left = self.left(memory, alignment=alignment)
        if size > left:
            raise EmulatorError(f"{memory} has {max(0, left)} bytes left, not {size}; place it elsewhere")
        start = -(-self._free[memory] // alignment) * alignment
        self._free[memory] = start + size
        return start

    def left(self, memory: str, *, alignment: int = 16) -> int:
        """Bytes that `allocate` can still give out, in whole multiples of the alignment."""
        region = MEMORIES[memory]
        end = region.base + region.size
        if region is DTCM and self._stack == end:
            end -= STACK_BYTES
        return end // alignment * alignment - -(-self._free[memory] // alignment) * alignment

    def place(self, values: ArrayLike, memory: str = "DTCM", *, alignment: int = 16, slack: int = 0) -> int:
        """Allocate, fill with the array as it is typed, and return the address; `slack` bytes behind stay unwritten."""
        array = np.ascontiguousarray(values)
        address = self.allocate(array.nbytes + slack, memory, alignment=alignment)
        self.write(address, array)
        return address

    def address(self, symbol: str) -> int:
        """Of a function or a variable. Raises EmulatorError when the image has no such symbol."""
        try:
            return self.image.symbols[symbol]
        except KeyError:
            raise EmulatorError(f"the image has no symbol {symbol!r}; was it inlined, or not linked?") from None

    def write(self, where: int | str, values: ArrayLike) -> None:
        """Bytes of an array (as typed) at an address or a symbol."""
        address = self.address(where) if isinstance(where, str) else where
        self.uc.mem_write(address, np.ascontiguousarray(values).tobytes())

    def read(self, where: int | str, count: int, dtype: DTypeLike = np.uint8) -> NDArray[Any]:
        """`count` values from an address or a symbol."""
        address = self.address(where) if isinstance(where, str) else where
        raw = self.uc.mem_read(address, count * np.dtype(dtype).itemsize)
        return np.frombuffer(bytes(raw), dtype).copy()

    def call(self, function: int | str, *arguments: Argument) -> int:
        """Call by AAPCS with hard floats: integers and pointers to r0-r3 and the stack, floats to s0-s15.

        Returns r0, unsigned. Raises EmulatorError for an invalid access, a fault, or a call that does not return.
        """
        self._enter(function, arguments)
        return self._run()

    def call_timed(self, function: int | str, *arguments: Argument) -> Timing:
        """`call` with its cycles by the timing model: 3 us an instruction, most of it the tracing.

        Caches and branch history live on from call to call; `cool` forgets them.
        """
        trace, value = self.trace(function, *arguments)
        cost = self._model.cost(trace)
        return Timing(cost.instructions, cost.cycles, cost.cycles_pessimistic, value, cost.by_function)

    def trace(self, function: int | str, *arguments: Argument) -> tuple[list[int], int]:
        """`call` with the trace of its instructions and accesses, in the form that TraceModel reads; and r0."""
        self._enter(function, arguments)
        trace: list[int] = []
        append = trace.append
        self.uc.ctl_flush_tb()
        hooks = [
            self.uc.hook_add(UC_HOOK_CODE, lambda _uc, address, _size, _data: append(address)),
            self.uc.hook_add(
                UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
                lambda _uc, _access, address, _size, _value, _data: append(~address),
            ),
        ]
        try:
            value = self._run()
        finally:
            for hook in hooks:
                self.uc.hook_del(hook)
            self.uc.ctl_flush_tb()
        return trace, value

    def float_result(self) -> float:
        """s0 after a call."""
        return struct.unpack("<f", struct.pack("<I", self.uc.reg_read(arm.UC_ARM_REG_S0) & 0xFFFFFFFF))[0]

    def cool(self) -> None:
        """Empty the caches and forget the branches."""
        self._model.cool()

    def _enter(self, function: int | str, arguments: tuple[Argument, ...]) -> None:
        target = self.address(function) if isinstance(function, str) else function
        words = [int(a) & 0xFFFFFFFF for a in arguments if not isinstance(a, (float, np.floating))]
        reals = [float(a) for a in arguments if isinstance(a, (float, np.floating))]
        for number, word in enumerate(words[:4]):
            self.uc.reg_write(arm.UC_ARM_REG_R0 + number, word)
        for number, real in enumerate(reals):
            self.uc.reg_write(arm.UC_ARM_REG_S0 + number, struct.unpack("<I", struct.pack("<f", real))[0])
        stack = (self._stack - 4 * len(words[4:])) & ~7
        self.uc.mem_write(stack, struct.pack(f"<{len(words[4:])}I", *words[4:]))
        self.uc.reg_write(arm.UC_ARM_REG_SP, stack)
        self.uc.reg_write(arm.UC_ARM_REG_LR, RETURN.base | 1)
        self.uc.reg_write(arm.UC_ARM_REG_PC, target | 1)

    def _run(self) -> int:
        self._error = ""
        start = self.uc.reg_read(arm.UC_ARM_REG_PC)
        try:
            self.uc.emu_start(start | 1, RETURN.base, count=MAX_INSTRUCTIONS)
        except UcError as error:
            self._error = self._error or f"unicorn stopped at {self._where()}: {error}"
        if self._error:
            raise EmulatorError(self._error)
        if self.uc.reg_read(arm.UC_ARM_REG_PC) != RETURN.base:
            raise EmulatorError(f"the call did not return within {MAX_INSTRUCTIONS} instructions; at {self._where()}")
        return self.uc.reg_read(arm.UC_ARM_REG_R0)

    def _where(self) -> str:
        pc = self.uc.reg_read(arm.UC_ARM_REG_PC)
        return f"pc {pc:#010x} ({self.image.symbol_at(pc)})"

    def _on_invalid(self, _uc: Uc, _access: int, address: int, _size: int, _value: int, _data: object) -> bool:
        self._error = f"access of {address:#010x} at {self._where()}: there is no such memory on a bare core"
        return False

    def _on_interrupt(self, uc: Uc, number: int, _data: object) -> None:
        self._error = f"fault, breakpoint or supervisor call ({number}) at {self._where()}"
        uc.emu_stop()
