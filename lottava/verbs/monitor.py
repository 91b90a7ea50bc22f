# SPDX-License-Identifier: MIT
"""`lottava monitor`: what the module reads and does, live."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from lottava.calibration.module import Module
    from lottava.messages import MonitorReply

UPDATES_PER_SECOND = 10
BLOCK_CYCLES = 480_000
"""CPU cycles of a 1 ms block at 480 MHz."""
BAR_WIDTH = 21


def monitor(
    port: Annotated[str, typer.Option(help="serial port: /dev/ttyACM0, COM3, or a pyserial URL")],
    seconds: Annotated[float | None, typer.Option(help="stop after this long; without it, Ctrl-C stops")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object a reading, a line each")] = False,
) -> None:
    """Show volts, gates, axes, knobs and load of a module, ten times a second.

    Example:  lottava monitor --port /dev/ttyACM0 --seconds 5 --json
    """
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module

    with open_port(port) as link:
        module = Module(link)
        module.hello()
        try:
            if as_json:
                watch(module, lambda reply: print(json.dumps(to_dict(reply)), flush=True), seconds)
            else:
                _watch_live(module, seconds)
        except KeyboardInterrupt:
            return  # the way to stop it: nothing was interrupted


def _watch_live(module: Module, seconds: float | None) -> None:
    from rich.live import Live

    with Live(auto_refresh=False) as live:
        watch(module, lambda reply: live.update(table(reply), refresh=True), seconds)


def watch(module: Module, show: Callable[[MonitorReply], None], seconds: float | None) -> None:
    """Read and show until the time is up; at least once."""
    start = time.monotonic()
    while True:
        show(module.monitor())
        if seconds is not None and time.monotonic() - start >= seconds:
            return
        time.sleep(1 / UPDATES_PER_SECOND)


def to_dict(reply: MonitorReply) -> dict[str, Any]:
    """A reading with names and units."""
    from lottava.board import ADC_FULL_SCALE, BOARD
    from lottava.messages import Gate
    from lottava.units import volts_to_hz

    names = [cv.name for cv in BOARD.cv_inputs]
    known = bool(reply.patch_known)
    return {
        "volts": {name: round(volts, 4) for name, volts in zip(names, reply.cv_volts, strict=True)},
        "codes": dict(zip(names, reply.cv_codes, strict=True)),
        "knobs": {
            pot.name: round(code / ADC_FULL_SCALE, 4) for pot, code in zip(BOARD.pots, reply.pot_codes, strict=True)
        },
        "gates": [one.name for one in Gate if reply.gates & one],
        "patched": [jack.name for bit, jack in enumerate(BOARD.jacks) if reply.patched >> bit & 1] if known else None,
        "axes": dict(zip(("BRIGHT", "BREATH", "BODY", "WILD"), (round(axis, 4) for axis in reply.axes), strict=True)),
        "pitch_volts": round(reply.pitch_volts, 5),
        "pitch_hz": round(float(volts_to_hz(reply.pitch_volts)), 3),
        "loudness_db": round(reply.loudness_db, 2),
        "cpu_mean_percent": round(100 * reply.cycles_mean / BLOCK_CYCLES, 2),
        "cpu_max_percent": round(100 * reply.cycles_max / BLOCK_CYCLES, 2),
        "missed_blocks": reply.missed_blocks,
        "bad_frames": reply.bad_frames,
        "blocks": reply.blocks,
    }


def bar(value: float, low: float, high: float) -> str:
    """A mark on a line from low to high."""
    place = round((min(max(value, low), high) - low) / (high - low) * (BAR_WIDTH - 1))
    return "─" * place + "●" + "─" * (BAR_WIDTH - 1 - place)


def table(reply: MonitorReply) -> Table:
    """The live view."""
    from rich.table import Table

    from lottava.board import BOARD

    read = to_dict(reply)
    view = Table(box=None, pad_edge=False)
    for heading in ("", "value", ""):
        view.add_column(heading, justify="right" if heading else "left")
    for cv in BOARD.cv_inputs:
        view.add_row(cv.name, f"{read['volts'][cv.name]:+8.3f} V", bar(read["volts"][cv.name], *cv.jack.range_volts))
    for name, axis in read["axes"].items():
        view.add_row(f"[cyan]{name}[/]", f"{axis:+8.3f}  ", bar(axis, -1.0, 1.0))
    view.add_row("pitch", f"{read['pitch_hz']:8.1f} Hz", f"loudness {read['loudness_db']:.1f} dB")
    view.add_row("gates", " ".join(read["gates"]) or "none", "")
    if read["patched"] is not None:
        view.add_row("patched", " ".join(read["patched"]) or "none", "")
    load = f"CPU {read['cpu_mean_percent']:.1f} %, at most {read['cpu_max_percent']:.1f} %"
    view.add_row("load", load, f"{read['missed_blocks']} blocks missed")
    return view
