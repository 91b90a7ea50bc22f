# SPDX-License-Identifier: MIT
"""`lottava selftest`: what every pin of a module reads, and what to look at where that can't be right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from lottava.board import ADC_FULL_SCALE, BOARD, SUPPLY_VOLTS

from ._common import print_json

if TYPE_CHECKING:
    from lottava.calibration.module import Module
    from lottava.messages import HelloReply, SelftestReply

CV_NAMES = tuple(cv.name for cv in BOARD.cv_inputs)
NODES = (*CV_NAMES, *(pot.name for pot in BOARD.pots), *BOARD.mux_b_inputs, "VOICE")
"""What each bit and code of SelftestReply is of; the voice has no code."""
REFERENCE_BLOCKS = 32
CONTACT_TOLERANCE_VOLTS = 0.35
"""An uncalibrated input may be 0.3 V off, and 5 % of 2.5 V."""
REFERENCE_VOLTS, REFERENCE_TOLERANCE_VOLTS = 2.5, 0.08
STUCK_SHARE = 0.002


@dataclass(frozen=True)
class Line:
    """One node. verdict: good, look (something is wrong), or - (can't be told); words: what was read, what to do."""

    node: str
    pin: str
    verdict: str
    words: str


def selftest(
    port: Annotated[str, typer.Option(help="serial port: /dev/ttyACM0, COM3, or a pyserial URL")],
    as_json: Annotated[bool, typer.Option("--json", help="print the lines as JSON")] = False,
) -> None:
    """Read every pin and say what is not plausible; exit 1 where something is wrong.

    With no cable in any CV input the inputs are tried with the board's own 2.5 V, unheard.
    Example:  lottava selftest --port /dev/ttyACM0
    """
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module

    with open_port(port) as link:
        lines = examine(Module(link))
    if as_json:
        print_json([asdict(line) for line in lines])
    else:
        for line in lines:
            print(f"{line.node:<16} {line.pin:<5} {line.verdict:<5} {line.words}")
    if any(line.verdict == "look" for line in lines):
        raise typer.Exit(1)


def examine(module: Module) -> list[Line]:
    """All lines of a module."""
    hello, read = module.hello(), module.selftest()
    if not hello.board_revision:
        voice = Line("VOICE", "", *_voice(read))
        return [
            Line("BOARD_ID", "D25", "-", "no board was found: a bare Seed, bench mode; nothing else is wired"),
            voice,
        ]
    return [*_inputs(module, hello, read), *_pots(read), *_nodes(hello, read), Line("VOICE", "", *_voice(read))]


def _volts(code: float) -> float:
    return code / ADC_FULL_SCALE * SUPPLY_VOLTS


def _inputs(module: Module, hello: HelloReply, read: SelftestReply) -> Iterator[Line]:
    """The CV inputs: by the reference where nothing is patched, else what their cables bring."""
    from lottava.calibration.link import RefusedError

    try:
        tried = _try_contacts(module)
    except RefusedError as refused:
        for index, cv in enumerate(BOARD.cv_inputs):
            code = read.codes[index]
            verdict = "good" if read.good >> index & 1 else "-"
            why = "free" if verdict == "good" else "patched"
            yield Line(cv.name, cv.jack.pin, verdict, f"{cv.volts(code):+.2f} V, {why}; not tried: {refused}")
        return
    node = tried.pop()
    for cv, (low, high) in zip(BOARD.cv_inputs, tried, strict=True):
        yield Line(cv.name, cv.jack.pin, *_input(cv.volts(low), cv.volts(high)))
    yield Line("REFERENCE", BOARD.mux_pins["B"], *_reference(*map(_volts, node)))


def _try_contacts(module: Module) -> list[tuple[float, float]]:
    """Codes of each input, and last of the reference itself, with the contacts low and high."""
    from lottava.messages import REFERENCE_NODE, Route

    module.begin(Route.REFERENCE)
    try:
        levels = []
        for high in (False, True):
            module.drive_contacts(high)
            levels.append([module.read_point(n, REFERENCE_BLOCKS).code for n in range(REFERENCE_NODE + 1)])
    finally:
        module.abort()
    return list(zip(*levels, strict=True))


def _input(low: float, high: float) -> tuple[str, str]:
    words = f"0 V reads {low:+.2f} V, 2.5 V reads {high:+.2f} V"
    if abs(high - low) < CONTACT_TOLERANCE_VOLTS:
        return (
            "look",
            f"{words}: it does not move; look for a bridge or an open joint at its op-amp and its switch contact",
        )
    if max(abs(low), abs(high - REFERENCE_VOLTS)) > CONTACT_TOLERANCE_VOLTS:
        return "look", f"{words}: too far off; look at the values of its resistors"
    return "good", words


def _reference(low: float, high: float) -> tuple[str, str]:
    words = f"{low:.3f} V and {high:.3f} V at the converter"
    good = abs(low) < REFERENCE_TOLERANCE_VOLTS and abs(high - REFERENCE_VOLTS) < REFERENCE_TOLERANCE_VOLTS
    return ("good", words) if good else ("look", f"{words}: look at the reference, its switch and multiplexer B")


def _pots(read: SelftestReply) -> Iterator[Line]:
    for place, pot in enumerate(BOARD.pots, start=len(CV_NAMES)):
        share = read.codes[place] / ADC_FULL_SCALE
        words = f"{100 * share:.0f} %"
        if share < STUCK_SHARE or share > 1 - STUCK_SHARE:
            words += "; if the knob is not at this end, look at its outer pins"
        yield Line(pot.name, f"{pot.mux}{pot.mux_input}", "-", words)


def _nodes(hello: HelloReply, read: SelftestReply) -> Iterator[Line]:
    first = len(CV_NAMES) + len(BOARD.pots)
    code = dict(zip(BOARD.mux_b_inputs, read.codes[first:], strict=False))
    pin = {name: f"B{place}" for name, place in BOARD.mux_b_inputs.items()}
    yield Line(
        "BOARD_ID", pin["BOARD_ID"], "good", f"{_volts(code['BOARD_ID']):.3f} V: revision {hello.board_revision}"
    )
    share = code["BUTTONS"] / ADC_FULL_SCALE
    kinds = ((), ("PREVIOUS",), ("NEXT",), ("PREVIOUS", "NEXT"))
    nearest = min(kinds, key=lambda down: abs(share - BOARD.ladder_fraction(*down)))
    off = abs(share - BOARD.ladder_fraction(*nearest))
    words = f"{' and '.join(nearest) or 'none'} down"
    yield Line(
        "BUTTONS", pin["BUTTONS"], *(("good", words) if off < 0.03 else ("look", f"{share:.2f} of 3V3_A: no button"))
    )
    plus = 10 * _volts(code["PLUS_12V_TENTH"])
    low = bool(read.bad >> NODES.index("PLUS_12V_TENTH") & 1)
    hint = ": not 12 V ± 10 %; look at the power supply and at the divider" if low else ""
    yield Line("PLUS_12V", pin["PLUS_12V_TENTH"], "look" if low else "good", f"{plus:.1f} V{hint}")


def _voice(read: SelftestReply) -> tuple[str, str]:
    bad = bool(read.bad >> NODES.index("VOICE") & 1)
    return ("look", "none can be played; flash again") if bad else ("good", "loaded")
