# SPDX-License-Identifier: MIT
"""`lottava calibrate`: put a module in tune from its own reference, known voltages, or what a meter reads."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._common import VerbError, print_json, progress, say

if TYPE_CHECKING:
    from lottava.calibration.procedure import Cable, Source
    from lottava.calibration.report import Report

REPORTS = Path("~/.local/share/lottava/calibration")


class By(StrEnum):
    """Where the volts come from, as Route."""

    source = "source"
    reference = "reference"
    output = "output"


def calibrate(
    port: Annotated[str, typer.Option(help="serial port: /dev/ttyACM0, COM3, or a pyserial URL")],
    route: Annotated[
        By, typer.Option(help="source: yours, at the inputs; reference: the board's own; output: your meter's reading")
    ] = By.source,
    source: Annotated[
        str,
        typer.Option(
            help="prompt: you patch each voltage or type what a meter shows; command:PROGRAM is run with jack and volts"
        ),
    ] = "prompt",
    jack: Annotated[list[str] | None, typer.Option(help="only this jack (repeat for more), such as V_OCT")] = None,
    two_points: Annotated[bool, typer.Option("--two-points", help="source: 1 V and 3 V are all it has")] = False,
    cable: Annotated[
        bool | None,
        typer.Option(
            help="then a cable from PITCH CV to V/OCT: the outputs, and the converter's bend", show_default=False
        ),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="go back to the calibration before, and nothing else")] = False,
    reports: Annotated[Path, typer.Option(help="folder for the report, named by serial number")] = REPORTS,
    as_json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
) -> None:
    """Measure known voltages, fit, store in the module, read back and check.

    Nothing in the module changes before all points are measured and found plausible; Ctrl-C leaves it as it was.
    The cable is asked for on routes reference and output; on route source only with --cable.
    Example:  lottava calibrate --port /dev/ttyACM0 --route reference
    """
    from lottava.calibration import procedure
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module
    from lottava.calibration.report import save
    from lottava.messages import Route

    by = Route[route.name.upper()]
    plan = procedure.default_plan([name.upper() for name in jack or ()], by, two_points=two_points)
    volts = volt_source(source, meter=by == Route.OUTPUT)
    wanted = ("PITCH_CV" if by == Route.OUTPUT else "V_OCT") in plan and by != Route.SOURCE if cable is None else cable
    with open_port(port) as link:
        module = Module(link)
        if undo:
            module.hello()
            say(f"back to the calibration before (stored as number {module.undo()}); --undo again returns")
            return
        report = _run(
            module,
            volts,
            plan,
            interactive=source == "prompt",
            route=by,
            cable=cable_hand(source) if wanted else None,
            check_volts=() if two_points else procedure.CHECK_VOLTS,
        )
    path = save(report, reports.expanduser())
    if as_json:
        print_json(report.to_dict())
    else:
        show(report)
    say(f"stored in the module as number {report.sequence}, checked after reading back; report: {path}")


def _run(module, volts: Source, plan: dict, *, interactive: bool, **how) -> Report:  # type: ignore[no-untyped-def]
    from lottava.calibration import procedure

    now = int(time.time())
    if interactive:
        return procedure.calibrate(module, volts, plan, created_unix=now, progress=_count, **how)
    with progress() as display:
        task = display.add_task("calibrating", total=None, note="")

        def tick(done: int, total: int, words: str) -> None:
            display.update(task, completed=done, total=total, note=words)

        return procedure.calibrate(module, volts, plan, created_unix=now, progress=tick, **how)


def _count(done: int, total: int, words: str) -> None:
    say(f"[{min(done + 1, total)}/{total}] {words}")


def volt_source(text: str, *, meter: bool = False) -> Source:
    """The source of volts, or the meter, that --source names. Raises VerbError for an unknown one."""
    if text == "prompt":
        return ask_meter if meter else ask_person
    kind, _, program = text.partition(":")
    if kind == "command" and program:
        return command_source(shlex.split(program))
    raise VerbError(f"--source {text}: write prompt, or command:PROGRAM")


def cable_hand(text: str) -> Cable:
    """Who patches the cable: a person, or the program, run with the names of output and input."""
    if text == "prompt":
        return ask_cable
    words = shlex.split(text.partition(":")[2])

    def patch(output: str, jack: str) -> bool:
        _run_program(words, output, jack)
        return True

    return patch


def _words(jack: str) -> str:
    return jack.replace("V_OCT", "V/OCT").replace("_", " ")


def _read(question: str, read: Callable[[str], str]) -> str:
    try:
        return read(question).strip()
    except EOFError as error:
        raise VerbError("nobody answers: --source prompt needs a terminal; use --source command:PROGRAM") from error


def _number(text: str) -> float | None:
    try:
        return float(text.removesuffix("V").strip().replace(",", "."))
    except ValueError:
        say(f"{text!r} is no voltage.")
        return None


def ask_person(jack: str, volts: float, read: Callable[[str], str] = input) -> float:
    """Ask for a voltage at a jack; Enter accepts it, a number is what a meter shows there."""
    while True:
        say(f"Put {volts:+.3f} V into {_words(jack)}.")
        text = _read("Enter when it is there, or type what your meter shows: ", read)
        given = _number(text) if text else volts
        if given is not None:
            return given


def ask_meter(jack: str, volts: float, read: Callable[[str], str] = input) -> float:
    """Ask what the meter shows at an output that gives about `volts`."""
    while True:
        text = _read(f"{_words(jack)} gives about {volts:+.1f} V. Your meter shows: ", read)
        given = _number(text)
        if given is not None:
            return given


def ask_cable(output: str, jack: str, read: Callable[[str], str] = input) -> bool:
    """Ask for a cable; anything but Enter declines."""
    say(f"Put a cable from {_words(output)} to {_words(jack)}.")
    return not _read("Enter when it is there; n leaves this part out: ", read)


def command_source(words: list[str]) -> Source:
    """A program that sets the voltage, run with jack and volts; the number it prints, if any, is what it gave."""

    def give(jack: str, volts: float) -> float:
        said = _run_program(words, jack, f"{volts:g}")
        try:
            return float(said) if said else volts
        except ValueError as error:
            raise VerbError(f"the source of volts printed {said!r} instead of a voltage") from error

    return give


def _run_program(words: list[str], jack: str, value: str) -> str:
    try:
        done = subprocess.run([*words, jack, value], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise VerbError(f"the source of volts failed at {jack} {value}: {error}") from error
    return done.stdout.strip()


def show(report: Report) -> None:
    """A line a jack on stdout."""
    from lottava.calibration.sweep import BEND_LIMIT_VOLTS

    print(f"module {report.serial}, firmware {report.firmware}")
    for one in report.jacks:
        if one.cents_after is None or one.cents_before is None:
            error = f"{1000 * one.fitted.worst_before_volts:7.1f} mV -> {1000 * one.fitted.worst_after_volts:.1f} mV"
        else:
            error = f"{one.cents_before:7.1f} cents -> {one.cents_after:.1f} cents"
        print(
            f"{one.name:<8} gain {one.gain_percent:+5.2f} %  offset {1000 * one.offset_volts:+6.1f} mV  worst {error}"
        )
    for output in report.outputs:
        left = 1000 * max(map(abs, output.residual_volts))
        print(
            f"{output.name:<8} gain {output.gain_percent:+5.2f} %  offset {1000 * output.offset_volts:+6.1f} mV  "
            f"points within {left:.1f} mV of a line"
        )
    if report.bend_volts is not None and report.bend_volts > BEND_LIMIT_VOLTS:
        print(
            f"PITCH_CV bends: {1000 * report.bend_volts:.1f} mV, more than V/OCT can by itself; V/OCT was left "
            "straight; for the last cents take a source to each volt"
        )
