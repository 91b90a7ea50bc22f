# SPDX-License-Identifier: MIT
"""The C console with the emulator's analogue board behind it: what it holds is what the board sees."""

from __future__ import annotations

import ctypes
from dataclasses import replace

import numpy as np
from console_library import ConsoleModule
from fake import HELLO, Clock
from lottava.calibration.link import Link
from lottava.calibration.module import Module
from lottava.emulator import FrontEnd
from lottava.emulator.panel import CV_CHANNELS, MUX_CHANNELS, NORMALLING_NODE

from lottava.board import BOARD
from lottava.messages import Capability, HelloReply

ROUTES = Capability.CALIBRATE_SOURCE | Capability.CALIBRATE_REFERENCE | Capability.CALIBRATE_OUTPUT
KEPT = Capability.SETTINGS | Capability.SELFTEST | Capability.FACTORY | Capability.DFU | Capability.BENCH
ALL = replace(HELLO, capabilities=int(HELLO.capabilities | ROUTES | KEPT))
NODES = 4


class LiveFrontEnd:
    """A board of the emulator behind the C console: it does what the console holds."""

    def __init__(self, board: FrontEnd) -> None:
        self.board, self.held = board, (0, 0, 0, 0, 0)
        self.channels = list(CV_CHANNELS)
        self.order = [list(CV_CHANNELS.values()).index(cv.name) for cv in BOARD.cv_inputs]
        mux, self.first = NORMALLING_NODE
        self.mux = next(channel for channel, name in MUX_CHANNELS.items() if name == mux)

    def codes(self, count: int = 1) -> np.ndarray:
        """One block's codes; multiplexer B's other nodes go to the console by `nodes`."""
        probe, *outputs = self.held
        self.board.probe = probe == 2
        self.board.drive([outputs[1] / 16, outputs[3] / 16])
        self.nodes = [int(self.board.scan([self.mux], self.first + node)[0]) for node in range(NODES)]
        return self.board.scan(self.channels, 0)[self.order][None, :]


class LiveConsole(ConsoleModule):
    """The C console with its panel: patch state and reference node, and held outputs and contacts."""

    def __init__(self, library: ctypes.CDLL, board: FrontEnd, hello: HelloReply = ALL) -> None:
        self.live = LiveFrontEnd(board)
        super().__init__(library, self.live, hello.pack())  # type: ignore[arg-type]
        self.blocks(1)

    def blocks(self, count: int) -> None:
        """Let blocks pass, one by one."""
        held = (ctypes.c_uint16 * 5)()
        for _ in range(count):
            self.library.console_held(self._memory, held)
            self.live.held = tuple(held)
            patched = sum(self.live.board.is_plugged(cv.name) << i for i, cv in enumerate(BOARD.cv_inputs))
            self.live.codes()
            self.library.console_panel(self._memory, 1, patched, (ctypes.c_uint16 * NODES)(*self.live.nodes))
            super().blocks(1)

    def read(self, size: int) -> bytes:
        """Time passes, whatever is asked."""
        self.blocks(1)
        return super().read(size)

    @property
    def calibrating(self) -> bool:
        """True until commit, abort or ten idle minutes."""
        return bool(self.library.console_calibrating(self._memory))

    @property
    def is_holding(self) -> bool:
        """True while the probe or an output is held."""
        held = (ctypes.c_uint16 * 5)()
        self.library.console_held(self._memory, held)
        return bool(held[0] or held[1] or held[3])


def bench(console: ConsoleModule) -> Module:
    return Module(Link(console, clock=Clock()))


def free(board: FrontEnd, *patched: str) -> FrontEnd:
    """All CV inputs without cables but these."""
    board.unplug(*(cv.name for cv in BOARD.cv_inputs if cv.name not in patched))
    return board
