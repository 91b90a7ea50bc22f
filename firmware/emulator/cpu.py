# SPDX-License-Identifier: MIT
"""The Cortex-M7: unicorn runs the instructions, this file takes and returns from exceptions.

unicorn is used in its plain Thumb mode (its M-class mode forces another core), so the code always runs as thread
code on the main stack, and an exception return is a jump to 0xFFFFFFxx that unicorn can't fetch.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator
from typing import Any

from unicorn import (
    UC_ARCH_ARM,
    UC_HOOK_CODE,
    UC_HOOK_INTR,
    UC_HOOK_MEM_INVALID,
    UC_HOOK_MEM_READ,
    UC_HOOK_MEM_WRITE,
    UC_MODE_THUMB,
    Uc,
    UcError,
)
from unicorn import arm_const as arm

from .bus import Bus
from .errors import EmulatorError, PowerCutError
from .escalation import BadAccess, access_fault, instruction_fault, stacking_fault
from .guards import Guards
from .image import Image
from .leap import NEVER, Leap
from .nvic import Nvic
from .registers import Registers
from .timeline import Timeline

CYCLES_PER_INSTRUCTION = 1.0
"""Fixed: virtual time is what timers and converters see. Cycles of a voice come from timing.py."""

SLICE_INSTRUCTIONS = 8000
"""A slice that ends early (sleep, exception return) counts as nothing: at most 17 us lost."""

_WFI = b"\x30\xbf"
_BRANCH_TO_SELF = b"\xfe\xe7"
_FLAGS = 0xF80F0000
_IT_BITS = 0x0600FC00
_STATE_REGISTERS = (arm.UC_ARM_REG_CONTROL, arm.UC_ARM_REG_CPSR, arm.UC_ARM_REG_SP, arm.UC_ARM_REG_PC)
_FRAME_REGISTERS = (*range(arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R0 + 4), arm.UC_ARM_REG_R12, arm.UC_ARM_REG_LR)
_FLOAT_REGISTERS = (*range(arm.UC_ARM_REG_S0, arm.UC_ARM_REG_S0 + 16), arm.UC_ARM_REG_FPSCR)
_PERIPHERALS = ((0x40000000, 0x20000000), (0xE0000000, 0x100000))


class Cpu:
    """Core and exception machinery; who creates it maps the memories.

    real_faults: what the model doesn't know becomes the core's fault exception instead of an EmulatorError.
    """

    def __init__(self, image: Image, bus: Bus, nvic: Nvic, timeline: Timeline, *, real_faults: bool = False) -> None:
        self.image, self._bus, self._nvic, self._timeline = image, bus, nvic, timeline
        self.uc: Any = Uc(UC_ARCH_ARM, UC_MODE_THUMB)  # its type hints lack half of its methods
        self.uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M7)
        self._position = Registers(self.uc, (arm.UC_ARM_REG_PC, arm.UC_ARM_REG_CPSR))
        self._masks = Registers(self.uc, (arm.UC_ARM_REG_BASEPRI, arm.UC_ARM_REG_PRIMASK))
        self._frame = Registers(self.uc, (*_FRAME_REGISTERS, *_STATE_REGISTERS))
        self._floats = Registers(self.uc, _FLOAT_REGISTERS)
        self.real_faults = real_faults
        self.locked_up = False
        self._error: EmulatorError | None = None
        self._bad_access: BadAccess | None = None
        self._power_cut: PowerCutError | None = None
        self._fault_number: int | None = None
        self.sleeping = False
        self.leap = Leap(self.uc, image)
        self._on_exception: Callable[[int, bool], None] | None = None
        for base, size in _PERIPHERALS:
            self.uc.mmio_map(base, size, self._read, base, self._write, base)
        self.uc.hook_add(UC_HOOK_INTR, self._on_interrupt)
        self.uc.hook_add(UC_HOOK_MEM_INVALID, self._on_invalid)
        self._guards = Guards(self.uc, nvic, self._refuse, data=real_faults)

    def reset(self) -> None:
        """Stack pointer and first instruction from the vector table in flash."""
        self.leap = Leap(self.uc, self.image)
        self.sleeping = self.locked_up = False
        stack, entry = struct.unpack("<II", self.uc.mem_read(0x08000000, 8))
        self.uc.reg_write(arm.UC_ARM_REG_SP, stack)
        self.uc.reg_write(arm.UC_ARM_REG_PC, entry)

    @property
    def pc(self) -> int:
        """Program counter."""
        return self.uc.reg_read(arm.UC_ARM_REG_PC)

    def _read(self, _uc: Uc, offset: int, size: int, base: int) -> int:
        try:
            return self._bus.read(base + offset, size)
        except EmulatorError as error:
            self._fail(error, "read", base + offset)
        except PowerCutError as cut:
            self._cut(cut)
        return 0

    def _write(self, _uc: Uc, offset: int, size: int, value: int, base: int) -> None:
        try:
            self._bus.write(base + offset, value & (1 << 8 * size) - 1, size)
        except EmulatorError as error:
            self._fail(error, "write", base + offset)
        except PowerCutError as cut:
            self._cut(cut)

    def _cut(self, cut: PowerCutError) -> None:
        self._power_cut = cut
        self.uc.emu_stop()

    def _fail(self, error: EmulatorError, access: str, address: int, kind: int | None = None) -> None:
        if self._error is None:
            self._error = EmulatorError(f"{access} of {address:#010x} at {self._where()}: {error}")
            self._bad_access = BadAccess(address, kind)
        self.uc.emu_stop()

    def _where(self) -> str:
        return f"pc {self.pc:#010x} ({self.image.symbol_at(self.pc)})"

    def _on_invalid(self, _uc: Uc, kind: int, address: int, _size: int, _value: int, _data: object) -> bool:
        if self._error is None and self.pc < 0xFFFFFF00:
            self._refuse(address, kind)
        return False

    def _refuse(self, address: int, kind: int) -> None:
        self._fail(EmulatorError("there is no such memory, or it is protected"), "access", address, kind)

    def _on_interrupt(self, uc: Uc, number: int, _data: object) -> None:
        self._fault_number = number
        uc.emu_stop()

    def run_until(self, time: float) -> None:
        """Run until virtual time reaches `time` (cycles)."""
        timeline, nvic = self._timeline, self._nvic
        while True:
            timeline.run_due()
            if timeline.now >= time:
                return
            exception = nvic.next_exception()
            if exception is not None and not self.locked_up:
                self.sleeping = False
                if not self._is_masked(exception):
                    self._enter(exception)
            until = min(time, timeline.next_time)
            if self.sleeping or self.locked_up or self._is_spinning():
                timeline.now = until
                continue
            budget = min(SLICE_INSTRUCTIONS, int((until - timeline.now) / CYCLES_PER_INSTRUCTION) + 1)
            if self._slice(budget):
                timeline.now += budget * CYCLES_PER_INSTRUCTION

    def _is_spinning(self) -> bool:
        """A branch to itself: until something interrupts it there is nothing to see."""
        try:
            return bytes(self.uc.mem_read(self.pc, 2)) == _BRANCH_TO_SELF
        except UcError:
            return False

    def _is_masked(self, exception: int) -> bool:
        base_priority, all_masked = self._masks.read()
        masked = base_priority != 0 and self._nvic.priority(exception) >= base_priority
        return masked or bool(all_masked & 1)

    def _slice(self, budget: int) -> bool:
        """Run up to `budget` instructions; True when all were used."""
        self._fault_number = None
        try:
            self.uc.emu_start(self.pc | 1, self.leap.at, count=budget)
            if self.pc == self.leap.at:
                self._timeline.now += self.leap.over() * CYCLES_PER_INSTRUCTION
                return False
        except UcError as error:
            if self._error is None:
                self._error = EmulatorError(f"unicorn stopped at {self._where()}: {error}")
        if self._power_cut is not None:
            raise self._power_cut
        if self._error is not None:
            self._fault(self._error)
            return False
        pc, flags = self._position.read()
        if pc >= 0xFFFFFF00:
            self._return(pc)
            return False
        if self._fault_number is not None:
            self._fault(
                EmulatorError(f"fault, breakpoint or supervisor call ({self._fault_number}) at {self._where()}")
            )
            return False
        if bytes(self.uc.mem_read(pc - 2, 2)) == _WFI:
            self.sleeping = True
            return False
        while flags & _IT_BITS:
            self.uc.emu_start(pc | 1, NEVER, count=1)
            pc, flags = self._position.read()
        return True

    def _fault(self, error: EmulatorError) -> None:
        """Raise the error, or let the image take it as the exception that the core makes of it."""
        bad, self._error, self._bad_access = self._bad_access, None, None
        if not self.real_faults:
            raise error
        exception = access_fault(self._nvic, bad) if bad else instruction_fault(self._nvic, self._fault_number)
        self.locked_up = exception is None
        if exception is not None:
            self._enter(exception)

    def _push(self, stack: int, words: list[int], exception: int) -> int:
        """Write a frame; returns the exception to take, another one where there is no memory for the frame."""
        try:
            if not self._guards.forbids(stack):
                self.uc.mem_write(stack, struct.pack(f"<{len(words)}I", *words))
                return exception
        except UcError:
            pass
        if not self.real_faults:
            raise EmulatorError(f"no memory for an exception's frame at {stack:#010x} ({self._where()})")
        taken = stacking_fault(self._nvic, stack)
        self.locked_up = taken is None
        return taken or exception

    def _enter(self, exception: int) -> None:
        """Push the frame of 8 words, or of 26 when the floating-point context is active (ARMv7-M B1.5.6, B1.5.7)."""
        uc = self.uc
        *saved, control, flags, stack, pc = self._frame.read()
        has_float = bool(control & 4)
        current = self._nvic.active[-1] if self._nvic.active else 0
        misaligned = stack & 4
        words = [*saved, pc, flags & _FLAGS | 1 << 24 | misaligned << 7 | current]
        if has_float:
            words += [*self._floats.read(), 0]
        stack = (stack & ~4) - 4 * len(words)
        exception = self._push(stack, words, exception)
        handler = struct.unpack("<I", uc.mem_read(self._nvic.values[0xD08] + 4 * exception, 4))[0]
        if not handler & 1:
            raise EmulatorError(f"exception {exception} has no Thumb handler in the vector table")
        return_code = 0xFFFFFFE1 | (0 if has_float else 0x10) | (0 if self._nvic.active else 8)
        self._frame.write([*saved[:-1], return_code, 0, flags, stack, handler])
        self._nvic.enter(exception)
        if self._on_exception is not None:
            self._on_exception(exception, True)

    def _return(self, target: int) -> None:
        """Undo `_enter` by what EXC_RETURN says; unicorn has cleared its low bits."""
        uc = self.uc
        has_float = not target & 0x10
        count = 26 if has_float else 8
        stack = uc.reg_read(arm.UC_ARM_REG_SP)
        words = struct.unpack(f"<{count}I", uc.mem_read(stack, 4 * count))
        stack += 4 * count + (words[7] >> 7 & 4)
        if has_float:
            self._floats.write(words[8:25])
        flags = self._position.read()[1] & ~(_FLAGS | _IT_BITS) | words[7] & _FLAGS
        self._frame.write([*words[:6], 4 if has_float else 0, flags, stack, words[6] | 1])
        if self._on_exception is not None:
            self._on_exception(self._nvic.active[-1], False)
        self._nvic.leave()
        self.sleeping = False

    @contextlib.contextmanager
    def traced(
        self,
        on_code: Callable[[int], None],
        on_access: Callable[[int], None],
        on_exception: Callable[[int, bool], None],
    ) -> Iterator[None]:
        """Call back for every instruction, data access and exception (number, entered or left) while this lasts.

        For measuring only: it is 100 times slower.
        """
        self.uc.ctl_flush_tb()
        self._on_exception = on_exception
        hooks = [
            self.uc.hook_add(UC_HOOK_CODE, lambda _uc, address, _size, _data: on_code(address)),
            self.uc.hook_add(
                UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
                lambda _uc, _access, address, _size, _value, _data: on_access(address),
            ),
        ]
        try:
            yield
        finally:
            self._on_exception = None
            for hook in hooks:
                self.uc.hook_del(hook)
            self.uc.ctl_flush_tb()
