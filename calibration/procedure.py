# SPDX-License-Identifier: MIT
"""The calibration, start to end: one procedure, whatever brings or reads the volts.

    read the record in use -> begin -> a point for each voltage of each jack
    [-> one cable from PITCH CV to V/OCT, then from ENV CV: both outputs, and V/OCT's bend]
    -> fit -> commit (stored and read back) [-> check V/OCT at voltages that the fit did not see] -> report

    route       volts come from                                          points at
    SOURCE      the player's source                                      CV inputs
    REFERENCE   the board's own 2.5 V, by the contacts of free jacks     CV inputs
    OUTPUT      the module's outputs; the player's meter reads them      CV outputs

Until commit nothing in the module changes; a refusal, an error or Ctrl-C before it leaves the old calibration.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from lottava.board import ADC_FULL_SCALE, BOARD, SUPPLY_VOLTS
from lottava.messages import POINT_BLOCKS, REFERENCE_NODE, Capability, MonitorReply, Route
from lottava.record import PITCH_INPUT

from .fit import FitError, Point, check_point
from .link import LinkError
from .module import Module
from .outcome import Outcome
from .report import Report
from .sweep import ENV_OUTPUT, ENV_VOLTS, PITCH_OUTPUT, SWEEP_VOLTS, matching_code, nominal_codes

Source = Callable[[str, float], float]
"""source(jack, volts): bring `volts` to the named input, return the volts that are really there (a meter's reading).

On route OUTPUT: the named output gives about `volts`; return what the meter reads there."""

Cable = Callable[[str, str], bool]
"""cable(output, input): put a cable there; False where that can't be done, and its part is left out."""

Progress = Callable[[int, int, str], None]
"""progress(points done, points in all, what comes)."""

PITCH_VOLTS = tuple(float(volts) for volts in range(-2, 7))
"""V/OCT: the converter bends by up to 5 mV (6 cents) over its range, so a point each octave, for the knots."""
CV_VOLTS = (-5.0, 0.0, 5.0)
TWO_VOLTS = (1.0, 3.0)
"""What many a source has: fixes gain and offset, shows no bend."""
CHECK_VOLTS = (-1.5, 0.5, 2.5, 4.5)
"""V/OCT again, between the points of the fit."""
REFERENCE_VOLTS = (0.0, 2.5)
METER_VOLTS = {"PITCH_CV": (-4.0, -2.0, 0.0, 2.0, 4.0), "ENV_CV": (0.5, 4.0, 7.5)}
PATCH_BLOCKS = 60
"""A cable that goes in or out is seen within 50."""
REFERENCE_SHARE = 0.03
"""What 3V3_A and the reference may be off together."""

CAPABILITIES = {
    Route.SOURCE: (Capability.CALIBRATE_SOURCE, "from a source"),
    Route.REFERENCE: (Capability.CALIBRATE_REFERENCE, "from a reference of its own"),
    Route.OUTPUT: (Capability.CALIBRATE_OUTPUT, "its outputs"),
}


class ProcedureError(ValueError):
    """A request that can't be carried out: says why."""


def default_plan(
    jacks: Sequence[str] | None = None, route: Route = Route.SOURCE, *, two_points: bool = False
) -> dict[str, tuple[float, ...]]:
    """Jack -> voltages, for some jacks or all. two_points: 1 V and 3 V only. Raises ProcedureError for another jack."""
    inputs = [cv.name for cv in BOARD.cv_inputs]
    names, kind = (list(METER_VOLTS), "CV output") if route == Route.OUTPUT else (inputs, "CV input")
    for jack in jacks or ():
        if jack not in names:
            raise ProcedureError(f"no {kind} is called {jack}; there are {', '.join(names)}")
    if route == Route.OUTPUT:
        volts = METER_VOLTS
    elif route == Route.REFERENCE:
        volts = dict.fromkeys(names, REFERENCE_VOLTS)
    elif two_points:
        volts = dict.fromkeys(names, TWO_VOLTS)
    else:
        volts = {name: PITCH_VOLTS if name == inputs[PITCH_INPUT] else CV_VOLTS for name in names}
    return {name: listed for name, listed in volts.items() if not jacks or name in jacks}


def calibrate(
    module: Module,
    source: Source | None,
    plan: Mapping[str, Sequence[float]],
    *,
    route: Route = Route.SOURCE,
    cable: Cable | None = None,
    check_volts: Sequence[float] = CHECK_VOLTS,
    blocks: int = POINT_BLOCKS,
    created_unix: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Measure, fit, store, check. blocks: readings a point, 1 ms each. created_unix: now, for the record.

    source is not asked on route REFERENCE; check_volts count on route SOURCE only.
    Raises FitError for implausible readings, LinkError for the module or its port; both leave the old calibration.
    """
    hello = module.hello()
    needed, words = CAPABILITIES[route]
    if not hello.capabilities & needed:
        raise LinkError(f"this module's firmware or board can't calibrate {words}; update its firmware")
    pitch = BOARD.cv_inputs[PITCH_INPUT].name
    anchor = BOARD.cv_outputs[PITCH_OUTPUT].name if route == Route.OUTPUT else pitch
    if cable is not None and anchor not in plan:
        raise ProcedureError(f"the cable tells no volts by itself: measure {anchor}, too")
    checks = {pitch: tuple(check_volts)} if route == Route.SOURCE and pitch in plan else {}
    swept = 0 if cable is None else len(SWEEP_VOLTS) + len(plan.get(pitch, ())) + len(ENV_VOLTS)
    total = sum(map(len, plan.values())) + sum(map(len, checks.values())) + swept
    bench = _Bench(module, source, route, blocks, _Counter(total, progress))
    before, _ = module.read_record()
    outcome = Outcome(before, created_unix)
    follows_supply = bool(hello.capabilities & Capability.CALIBRATE_REFERENCE)
    with _session(module, route):
        if route == Route.OUTPUT:
            outcome.outputs = bench.measure_outputs(plan)
        else:
            outcome.inputs = bench.measure_inputs(plan)
        if cable is None and route != Route.REFERENCE:
            outcome.reference_code = bench.read_reference() if follows_supply else 0
            sequence = module.commit(outcome.record())
    if cable is not None or route == Route.REFERENCE:
        bench.await_patch()
        with _session(module, Route.REFERENCE if cable is None else Route.OUTPUT):
            if cable is not None:
                bench.use_cables(outcome, cable)
            outcome.reference_code = bench.read_reference() if follows_supply else 0
            sequence = module.commit(outcome.record())
    used, _ = module.read_record()
    with _session(module, route) if checks else contextlib.nullcontext():
        checked = bench.measure_inputs(checks)
    bench.step.finish()
    return outcome.report(hello, sequence, used, checked)


class _Counter:
    """Tells progress what comes next."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self._done, self._progress = total, 0, progress

    def announce(self, words: str) -> None:
        if self._progress is not None:
            self._progress(self._done, self.total, words)
        self._done += 1

    def finish(self) -> None:
        if self._progress is not None:
            self._progress(self.total, self.total, "done")


@contextlib.contextmanager
def _session(module: Module, route: Route) -> Iterator[None]:
    """Begin, and leave whatever happens, Ctrl-C included: after a commit leaving changes nothing."""
    module.begin(route)
    try:
        yield
    finally:
        with contextlib.suppress(LinkError):
            module.abort()


class _Bench:
    """What measures: a module, and what brings or reads volts."""

    def __init__(self, module: Module, source: Source | None, route: Route, blocks: int, step: _Counter) -> None:
        self.module, self.route, self.blocks, self.step = module, route, blocks, step
        self._source = source

    def _give(self, name: str, volts: float) -> float:
        """Bring volts to an input."""
        if self.route == Route.REFERENCE:
            self.module.drive_contacts(volts > 0)
            return volts
        if self._source is None:
            raise ProcedureError("nothing brings the volts: this route needs a source")
        really = self._source(name, volts)
        self._require_cable(name)
        return really

    def _require_cable(self, name: str) -> None:
        """A source at a jack that says it is free is in another jack."""
        bit = 1 << BOARD.input_index(name)
        if not self._await(lambda seen: not seen.patch_known or bool(seen.patched & bit)):
            raise FitError(f"{name}: no cable is in this jack; patch it there")

    def await_patch(self) -> None:
        """Until the module knows its patch again, which it does not follow while the contacts are held."""
        self._await(lambda _seen: False)

    def _await(self, holds: Callable[[MonitorReply], bool]) -> bool:
        """Look until it holds, for as long as a change of the patch takes to be seen."""
        first = self.module.monitor()
        seen = first
        for _ in range(20 * PATCH_BLOCKS):
            if holds(seen):
                return True
            if seen.blocks - first.blocks > PATCH_BLOCKS:
                return False
            seen = self.module.monitor()
        return False

    def measure_inputs(self, plan: Mapping[str, Sequence[float]]) -> dict[str, tuple[Point, ...]]:
        """A point for each voltage of each input."""
        found: dict[str, tuple[Point, ...]] = {}
        for name, voltages in plan.items():
            index = BOARD.input_index(name)
            listed: list[Point] = []
            for volts in voltages:
                self.step.announce(f"{name} {volts:+g} V")
                really = self._give(name, volts)
                listed.append(self._point(index, really))
                check_point(BOARD.cv_inputs[index], listed[-1])
            found[name] = tuple(listed)
        return found

    def measure_outputs(self, plan: Mapping[str, Sequence[float]]) -> dict[str, tuple[Point, ...]]:
        """What the meter reads at DAC codes for about each voltage; the points' codes are the DAC's."""
        if self._source is None:
            raise ProcedureError("nothing reads the volts: this route needs a meter")
        found: dict[str, tuple[Point, ...]] = {}
        names = [cv.name for cv in BOARD.cv_outputs]
        for name, voltages in plan.items():
            index = names.index(name)
            listed: list[Point] = []
            for volts, code in zip(voltages, nominal_codes(index, voltages), strict=True):
                self.step.announce(f"{name} {volts:+g} V")
                self.module.drive(index, code)
                listed.append(Point(self._source(name, volts), round(16 * code) / 16))
            found[name] = tuple(listed)
        return found

    def _point(self, index: int, volts: float) -> Point:
        reading = self.module.read_point(index, self.blocks)
        return Point(volts, reading.code, reading.deviation_codes)

    def _read_at(self, output: int, code: float) -> Point:
        """What V/OCT reads of an output, its DAC code in the place of volts."""
        self.step.announce(f"{BOARD.cv_outputs[output].name} to {BOARD.cv_inputs[PITCH_INPUT].name}")
        self.module.drive(output, code)
        return self._point(PITCH_INPUT, round(16 * code) / 16)

    def use_cables(self, outcome: Outcome, cable: Cable) -> None:
        """PITCH CV and V/OCT by one cable, ENV CV by another one."""
        pitch = BOARD.cv_inputs[PITCH_INPUT].name
        pitch_out, env_out = (cv.name for cv in BOARD.cv_outputs)
        if cable(pitch_out, pitch):
            self._require_cable(pitch)
            sweep = [self._read_at(PITCH_OUTPUT, code) for code in nominal_codes(PITCH_OUTPUT, SWEEP_VOLTS)]
            anchors = outcome.inputs.get(pitch, ())
            matches = [self._read_at(PITCH_OUTPUT, matching_code(sweep, anchor.code)) for anchor in anchors]
            outcome.take_sweep(sweep, matches)
        if env_out not in outcome.outputs and cable(env_out, pitch):
            self._require_cable(pitch)
            outcome.take_envelope([self._read_at(ENV_OUTPUT, code) for code in nominal_codes(ENV_OUTPUT, ENV_VOLTS)])

    def read_reference(self) -> int:
        """Code of the reference straight at the converter. Raises FitError for one that is none."""
        self.module.drive_contacts(True)
        code = self.module.read_point(REFERENCE_NODE, self.blocks).code
        nominal = REFERENCE_VOLTS[1] / SUPPLY_VOLTS * ADC_FULL_SCALE
        if abs(code / nominal - 1) > REFERENCE_SHARE:
            volts = code / ADC_FULL_SCALE * SUPPLY_VOLTS
            raise FitError(f"the 2.5 V reference reads {volts:.3f} V; check it and the switch behind it")
        return round(code)
