# SPDX-License-Identifier: MIT
"""`lottava calibrate`: put a module in tune from known voltages."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._common import VerbError, print_json, progress, say

if TYPE_CHECKING:
    from lottava.calibration.procedure import Source
    from lottava.calibration.report import Report

REPORTS = Path("~/.local/share/lottava/calibration")


def calibrate(
    port: Annotated[str, typer.Option(help="serial port: /dev/ttyACM0, COM3, or a pyserial URL")],
    source: Annotated[
        str, typer.Option(help="prompt: you patch each voltage; command:PROGRAM is run with jack and volts")
    ] = "prompt",
    jack: Annotated[list[str] | None, typer.Option(help="only this input (repeat for more), such as V_OCT")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="go back to the calibration before, and nothing else")] = False,
    reports: Annotated[Path, typer.Option(help="folder for the report, named by serial number")] = REPORTS,
    as_json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
) -> None:
    """Measure known voltages at the CV inputs, fit, store in the module, read back and check.

    Nothing in the module changes before all points are measured and found plausible; Ctrl-C leaves it as it was.
    Example:  lottava calibrate --port /dev/ttyACM0 --jack V_OCT
    """
    from lottava.calibration import procedure
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module
    from lottava.calibration.report import save

    plan = procedure.default_plan([name.upper() for name in jack or ()])
    volts = volt_source(source)
    with open_port(port) as link:
        module = Module(link)
        if undo:
            module.hello()
            say(f"back to the calibration before (stored as number {module.undo()}); --undo again returns")
            return
        report = _run(module, volts, plan, interactive=source == "prompt")
    path = save(report, reports.expanduser())
    if as_json:
        print_json(report.to_dict())
    else:
        show(report)
    say(f"stored in the module as number {report.sequence}, checked after reading back; report: {path}")


def _run(module, volts: Source, plan: dict, *, interactive: bool) -> Report:  # type: ignore[no-untyped-def]
    from lottava.calibration import procedure

    now = int(time.time())
    if interactive:
        return procedure.calibrate(module, volts, plan, created_unix=now, progress=_count)
    with progress() as display:
        task = display.add_task("calibrating", total=None, note="")

        def tick(done: int, total: int, words: str) -> None:
            display.update(task, completed=done, total=total, note=words)

        return procedure.calibrate(module, volts, plan, created_unix=now, progress=tick)


def _count(done: int, total: int, words: str) -> None:
    say(f"[{min(done + 1, total)}/{total}] {words}")


def volt_source(text: str) -> Source:
    """The source of volts that --source names. Raises VerbError for an unknown one."""
    if text == "prompt":
        return ask_person
    kind, _, program = text.partition(":")
    if kind == "command" and program:
        return command_source(shlex.split(program))
    raise VerbError(f"--source {text}: write prompt, or command:PROGRAM")


def ask_person(jack: str, volts: float, read: Callable[[str], str] = input) -> float:
    """Ask for a voltage at a jack; Enter accepts it, a number is what a meter shows there."""
    name = jack.replace("V_OCT", "V/OCT")
    while True:
        say(f"Put {volts:+.3f} V into {name}.")
        try:
            text = read("Enter when it is there, or type what your meter shows: ").strip().removesuffix("V").strip()
        except EOFError as error:
            raise VerbError("nobody answers: --source prompt needs a terminal; use --source command:PROGRAM") from error
        if not text:
            return volts
        try:
            return float(text.replace(",", "."))
        except ValueError:
            say(f"{text!r} is no voltage.")


def command_source(words: list[str]) -> Source:
    """A program that sets the voltage, run with jack and volts; the number it prints, if any, is what it gave."""

    def give(jack: str, volts: float) -> float:
        try:
            done = subprocess.run([*words, jack, f"{volts:g}"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise VerbError(f"the source of volts failed at {jack} {volts:g} V: {error}") from error
        try:
            return float(done.stdout) if done.stdout.strip() else volts
        except ValueError as error:
            raise VerbError(f"the source of volts printed {done.stdout.strip()!r} instead of a voltage") from error

    return give


def show(report: Report) -> None:
    """A line a jack on stdout."""
    print(f"module {report.serial}, firmware {report.firmware}")
    for one in report.jacks:
        if one.cents_after is None or one.cents_before is None:
            error = f"{1000 * one.fitted.worst_before_volts:7.1f} mV -> {1000 * one.fitted.worst_after_volts:.1f} mV"
        else:
            error = f"{one.cents_before:7.1f} cents -> {one.cents_after:.1f} cents"
        print(
            f"{one.name:<6} gain {one.gain_percent:+5.2f} %  offset {1000 * one.offset_volts:+6.1f} mV  worst {error}"
        )
