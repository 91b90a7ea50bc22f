# SPDX-License-Identifier: MIT
"""The calibration, start to end: one procedure, whatever brings the volts.

    read the record in use -> begin -> a point for each voltage of each jack -> fit -> commit (stored and read back)
    -> check V/OCT at voltages that the fit did not see -> report

Until commit nothing in the module changes; a refusal, an error or Ctrl-C before it leaves the old calibration.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from lottava import record as records
from lottava.board import BOARD
from lottava.messages import POINT_BLOCKS, Capability
from lottava.record import PITCH_INPUT, Record

from .fit import Fit, Point, check_point, fit_input
from .link import LinkError
from .module import Module
from .report import Report, jack_report

Source = Callable[[str, float], float]
"""source(jack, volts): bring `volts` to the named jack, return the volts that are really there (a meter's reading)."""

Progress = Callable[[int, int, str], None]
"""progress(points done, points in all, what comes)."""

PITCH_VOLTS = tuple(float(volts) for volts in range(-2, 7))
"""V/OCT: the converter bends by up to 5 mV (6 cents) over its range, so a point each octave, for the knots."""
CV_VOLTS = (-5.0, 0.0, 5.0)
CHECK_VOLTS = (-1.5, 0.5, 2.5, 4.5)
"""V/OCT again, between the points of the fit."""


class ProcedureError(ValueError):
    """A request that can't be carried out: says why."""


def default_plan(jacks: Sequence[str] | None = None) -> dict[str, tuple[float, ...]]:
    """Jack -> voltages, for some jacks or all. Raises ProcedureError for an unknown one."""
    names = [cv.name for cv in BOARD.cv_inputs]
    for jack in jacks or ():
        if jack not in names:
            raise ProcedureError(f"no CV input is called {jack}; there are {', '.join(names)}")
    pitch = names[PITCH_INPUT]
    return {name: PITCH_VOLTS if name == pitch else CV_VOLTS for name in names if not jacks or name in jacks}


def calibrate(
    module: Module,
    source: Source,
    plan: Mapping[str, Sequence[float]],
    *,
    check_volts: Sequence[float] = CHECK_VOLTS,
    blocks: int = POINT_BLOCKS,
    created_unix: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Measure, fit, store, check. blocks: readings a point, 1 ms each. created_unix: now, for the record.

    Raises FitError for implausible readings, LinkError for the module or its port; both leave the old calibration.
    """
    hello = module.hello()
    if not hello.capabilities & Capability.CALIBRATE_SOURCE:
        raise LinkError("this module's firmware or board can't calibrate from a source; update its firmware")
    pitch = BOARD.cv_inputs[PITCH_INPUT].name
    checks = {pitch: tuple(check_volts)} if pitch in plan else {}
    step = _Counter(sum(map(len, plan.values())) + sum(map(len, checks.values())), progress)
    before, _ = module.read_record()
    with _session(module):
        points = _measure(module, source, plan, blocks, step)
        sequence = module.commit(_fitted(before, points, created_unix))
    used, _ = module.read_record()
    with _session(module):
        checked = _measure(module, source, checks, blocks, step)
    if progress is not None:
        progress(step.total, step.total, "done")
    indices = {name: BOARD.input_index(name) for name in plan}
    return Report(
        serial=hello.serial.hex(),
        firmware=".".join(map(str, hello.firmware)),
        board_revision=hello.board_revision,
        created_unix=created_unix,
        sequence=sequence,
        jacks=tuple(jack_report(indices[name], points[name], checked.get(name, ()), before, used) for name in plan),
    )


class _Counter:
    """Tells progress what comes next."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self._done, self._progress = total, 0, progress

    def announce(self, words: str) -> None:
        if self._progress is not None:
            self._progress(self._done, self.total, words)
        self._done += 1


@contextlib.contextmanager
def _session(module: Module) -> Iterator[None]:
    """Begin, and leave whatever happens, Ctrl-C included: after a commit leaving changes nothing."""
    module.begin()
    try:
        yield
    finally:
        with contextlib.suppress(LinkError):
            module.abort()


def _measure(
    module: Module, source: Source, plan: Mapping[str, Sequence[float]], blocks: int, step: _Counter
) -> dict[str, tuple[Point, ...]]:
    """A point for each voltage of each jack."""
    found: dict[str, tuple[Point, ...]] = {}
    for name, voltages in plan.items():
        index = BOARD.input_index(name)
        listed: list[Point] = []
        for volts in voltages:
            step.announce(f"{name} {volts:+g} V")
            really = source(name, volts)
            reading = module.read_point(index, blocks)
            point = Point(really, reading.code, reading.deviation_codes)
            check_point(BOARD.cv_inputs[index], point)
            listed.append(point)
        found[name] = tuple(listed)
    return found


def _fitted(before: Record, points: Mapping[str, Sequence[Point]], created_unix: int) -> Record:
    """The record with every measured input replaced."""
    gains, offsets = list(before.input_gain), list(before.input_offset)
    knots, measured = before.v_oct_knots, before.measured
    for name, listed in points.items():
        index = BOARD.input_index(name)
        fit: Fit = fit_input(BOARD.cv_inputs[index], listed, with_knots=index == PITCH_INPUT)
        gains[index], offsets[index] = fit.gain, fit.offset
        measured |= 1 << index
        if index == PITCH_INPUT:
            knots = fit.knots
    after = replace(
        before,
        input_gain=tuple(gains),
        input_offset=tuple(offsets),
        v_oct_knots=knots,
        measured=measured,
        created_unix=created_unix,
    )
    records.validate(after)
    return after
