# SPDX-License-Identifier: MIT
"""`lottava emulate`: an emulated Daisy Seed with a serial port, to try the other verbs on without a module."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lottava.board import BOARD

from ._common import Revision, VerbError, load_voice, say

if TYPE_CHECKING:
    from lottava.emulator.pty import Pty
    from lottava.emulator.seed import Seed

QSPI_BYTES = 8 << 20

UNPLUGGED = tuple(jack.name for jack in (*(cv.jack for cv in BOARD.cv_inputs), *BOARD.gate_inputs))


def emulate(
    voice: Annotated[str, typer.Option(help="a .lottava file, or the name of a factory voice")] = "sax",
    board: Annotated[
        int, typer.Option(min=0, help="number of the random board: each has its own analogue errors; 0: ideal")
    ] = 1,
    revision: Annotated[Revision, typer.Option(help="of the Seed: which codec it has")] = Revision.rev4,
    flash: Annotated[
        Path | None, typer.Option(help="file that keeps the module's flash (calibration) between runs")
    ] = None,
) -> None:
    """Start an emulated module and print its serial port; runs until Ctrl-C.

    Lines typed here are cables and knobs: `v_oct 1`, `gate 1`, `unplug all`, `cable pitch_cv v_oct`, `knob_bright 0.7`.
    Example:  lottava emulate --voice sax --board 7
    """
    from lottava.emulator.frontend import FrontEnd
    from lottava.emulator.pty import Pty
    from lottava.emulator.seed import Seed

    from . import _module

    loaded = load_voice(voice)
    qspi = bytearray(flash.read_bytes()) if flash and flash.exists() else bytearray(b"\xff") * QSPI_BYTES
    if len(qspi) != QSPI_BYTES:
        raise VerbError(f"{flash} holds {len(qspi)} bytes; the module's flash is {QSPI_BYTES}: name another file")
    if flash:
        flash.write_bytes(qspi)  # a place that can't be written is better known now than after the session
    say(f"building the image with {loaded.card.name} …")
    elf = _module.build_image(loaded, _module.image_folder(loaded))
    seed = Seed(elf, frontend=FrontEnd.random(board) if board else FrontEnd.ideal(), qspi=qspi, revision=revision.value)
    try:
        with Pty(seed) as pty:
            pty.start()
            print(pty.port, flush=True)
            say(f"Try:  lottava hello --port {pty.port}      (type `v_oct 1` here to patch 1 V; Ctrl-C ends)")
            for line in sys.stdin:
                turn(line, seed, pty)
            threading.Event().wait()
    finally:
        if flash:
            flash.write_bytes(qspi)


def turn(line: str, seed: Seed, pty: Pty) -> None:
    """Carry out one line: a jack or knob and its value. What can't be done is said, and nothing changes."""
    name, _, text = line.strip().partition(" ")
    if not name:
        return
    try:
        value = 0.0 if name in ("unplug", "cable") else float(text)
        with pty.lock:
            if name == "unplug":
                seed.unplug(*(UNPLUGGED if text == "all" else text.split()))
            elif name == "cable":
                seed.frontend.connect(*(text.split() + ["", ""])[:2])
            elif name == "gate":
                seed.set_gate(value >= 0.5)
            elif name.startswith("knob_"):
                seed.set_pot(name.removeprefix("knob_"), value)
            else:
                seed.set_volts(name, value)
    except ValueError as error:
        say(f"not understood: {error}; write a jack or knob and a number, like  v_oct 1.5")
