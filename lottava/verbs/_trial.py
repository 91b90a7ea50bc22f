# SPDX-License-Identifier: MIT
"""Calibration of random boards by each route: the procedure against the analogue model alone, without a processor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lottava.board import ADC_FULL_SCALE, BOARD
from lottava.messages import (
    Capability,
    ErrorCode,
    ErrorReply,
    HelloReply,
    MonitorReply,
    Route,
)
from lottava.record import PITCH_INPUT, Record
from lottava.units import CENTS_PER_VOLT

if TYPE_CHECKING:
    from lottava.calibration.module import Reading
    from lottava.calibration.procedure import Cable, Source
    from lottava.emulator import FrontEnd

CAN = Capability.CALIBRATE_SOURCE | Capability.CALIBRATE_REFERENCE | Capability.CALIBRATE_OUTPUT
GRID_VOLTS: NDArray[np.float64] = np.linspace(0.0, 5.0, 51)
"""Five octaves up from C4."""
PITCH = BOARD.cv_inputs[PITCH_INPUT].name
INPUT_NAMES = tuple(cv.name for cv in BOARD.cv_inputs)


class AnalogueModule:
    """What the procedure needs of a module, straight from a front end: mean codes and their noise."""

    def __init__(self, front_end: FrontEnd, seed: int) -> None:
        from lottava.emulator.panel import CV_CHANNELS, MUX_CHANNELS, NORMALLING_NODE

        self.front_end, self.record = front_end, Record()
        self._random = np.random.default_rng(seed)
        self._codes = [0.0] * len(BOARD.cv_outputs)
        self._blocks = 0
        mux, position = NORMALLING_NODE
        pins = {name: (channel, 0) for channel, name in CV_CHANNELS.items()}
        self._pins = [pins[name] for name in INPUT_NAMES]
        self._pins.append((next(channel for channel, name in MUX_CHANNELS.items() if name == mux), position))

    def hello(self) -> HelloReply:
        """All routes."""
        return HelloReply(1, 1, 1, 0, int(CAN), (0, 0, 0))

    def monitor(self) -> MonitorReply:
        """The patch, and a second that has passed."""
        self._blocks += 1000
        patched = sum(self.front_end.is_plugged(name) << index for index, name in enumerate(INPUT_NAMES))
        zeros = (0.0,) * len(INPUT_NAMES)
        return MonitorReply(
            self._blocks, zeros, 0.0, 0.0, (0.0,) * 4, (0,) * len(INPUT_NAMES), (0,) * 12, 0, 1, patched, 0, 0, 0, 0
        )

    def begin(self, route: Route = Route.SOURCE) -> None:
        """Refused as the firmware does."""
        from lottava.calibration.link import refusal
        from lottava.messages import Command

        for index, name in enumerate(INPUT_NAMES):
            if route == Route.REFERENCE and self.front_end.is_plugged(name):
                raise refusal(ErrorReply(Command.CALIBRATE_BEGIN, ErrorCode.JACK_PATCHED, 0, index))

    def abort(self) -> None:
        """The contacts are let go."""
        self.front_end.probe = False

    def drive(self, output: int, code: float) -> None:
        """In steps of 1/16."""
        self._codes[output] = round(16 * code) / 16
        self.front_end.drive(self._codes)

    def drive_contacts(self, high: bool) -> None:
        """The reference or 0 V."""
        self.front_end.probe = high

    def read_point(self, index: int, blocks: int) -> Reading:
        """The mean of `blocks` readings, drawn at once."""
        from lottava.calibration.module import Reading

        noise = self.front_end.parts.noise_volts / self.front_end.parts.supply_volts * ADC_FULL_SCALE
        code = self.front_end.mean_code(*self._pins[index]) + self._random.normal(0, noise / np.sqrt(blocks))
        return Reading(round(256 * code) / 256, noise, 0, 0, blocks)

    def read_record(self) -> tuple[Record, int | None]:
        """What was committed."""
        return self.record, 0

    def commit(self, record: Record) -> int:
        """Kept as the flash keeps it."""
        from lottava import record as records

        self.record = records.unpack(records.pack(replace(record, sequence=self.record.sequence + 1)))
        return self.record.sequence


@dataclass(frozen=True)
class Way:
    """A route as a player goes it."""

    name: str
    route: Route
    plan: Mapping[str, Sequence[float]]
    cable: bool


def ways() -> Iterator[Way]:
    """All that are offered."""
    from lottava.calibration.procedure import default_plan

    two = default_plan([PITCH], two_points=True)
    octaves = default_plan([PITCH])
    reference, outputs = default_plan(route=Route.REFERENCE), default_plan(route=Route.OUTPUT)
    yield Way("self, nothing patched", Route.REFERENCE, reference, cable=False)
    yield Way("self, then one cable", Route.REFERENCE, reference, cable=True)
    yield Way("source at 1 V and 3 V", Route.SOURCE, two, cable=False)
    yield Way("source at 1 V and 3 V, then one cable", Route.SOURCE, two, cable=True)
    yield Way("source at each volt, -2 .. 6 V", Route.SOURCE, octaves, cable=False)
    yield Way("meter at the outputs, then one cable", Route.OUTPUT, outputs, cable=True)


@dataclass(frozen=True)
class Errors:
    """Worst errors of a unit over five octaves, in cents: V/OCT, and PITCH CV where it was calibrated."""

    input_cents: float
    output_cents: float | None


def calibrate_unit(way: Way, seed: int, dac_bend_codes: float = 0.0) -> Errors:
    """A random board, calibrated from its defaults. The player's source and meter are exact."""
    from lottava.calibration.procedure import calibrate
    from lottava.emulator import FrontEnd

    front_end = FrontEnd.random(seed)
    phase = float(np.random.default_rng(seed + (1 << 33)).uniform(0, 2 * np.pi))
    front_end.parts = replace(front_end.parts, output_bend_codes=dac_bend_codes, output_bend_phase=phase)
    module = AnalogueModule(front_end, seed + (1 << 32))
    front_end.unplug(*INPUT_NAMES)
    calibrate(
        module,  # type: ignore[arg-type]
        _hands(module, way.route),
        way.plan,
        route=way.route,
        cable=_patch(module) if way.cable else None,
        check_volts=(),
    )
    return Errors(input_cents(module), output_cents(module) if way.cable else None)


def _hands(module: AnalogueModule, route: Route) -> Source:
    """A source at the jack, or a meter at the output."""

    def source(jack: str, volts: float) -> float:
        module.front_end.set_volts(jack, volts)
        return volts

    def meter(jack: str, volts: float) -> float:
        return module.front_end.output_volts(module._codes)[[cv.name for cv in BOARD.cv_outputs].index(jack)]

    return meter if route == Route.OUTPUT else source


def _patch(module: AnalogueModule) -> Cable:
    def cable(output: str, jack: str) -> bool:
        module.front_end.connect(output, jack)
        return True

    return cable


def input_cents(module: AnalogueModule) -> float:
    """Worst error of V/OCT over GRID_VOLTS, without noise."""
    errors = []
    for volts in GRID_VOLTS:
        module.front_end.set_volts(PITCH, float(volts))
        code = module.front_end.mean_code(*module._pins[PITCH_INPUT])
        errors.append(float(module.record.input_volts(PITCH_INPUT, code)) - volts)
    return CENTS_PER_VOLT * float(np.abs(errors).max())


def output_cents(module: AnalogueModule) -> float:
    """Worst error of PITCH CV over five octaves, C2 to C7: it ends at 5.02 V less what its parts are off."""
    volts = GRID_VOLTS - 2.0
    codes = module.record.output_code(0, volts)
    given = np.array([module.front_end.output_volts([code, 0])[0] for code in codes])
    return CENTS_PER_VOLT * float(np.abs(given - volts).max())


@dataclass(frozen=True)
class Row:
    """Statistics of a way over all units, in cents over five octaves."""

    way: str
    units: int
    input_percentile_95: float
    input_max: float
    output_percentile_95: float | None
    output_max: float | None


def run_trial(units: int, dac_bend_codes: float = 0.0, tell: Callable[[Way], object] = lambda _way: None) -> list[Row]:
    """Every way, each with the same boards."""
    return [_row(way, units, dac_bend_codes, tell) for way in ways()]


def _row(way: Way, units: int, dac_bend_codes: float, tell: Callable[[Way], object]) -> Row:
    tell(way)
    found = [calibrate_unit(way, seed, dac_bend_codes) for seed in range(units)]
    inputs = np.array([one.input_cents for one in found])
    outputs = np.array([one.output_cents for one in found if one.output_cents is not None])
    high = (float(np.percentile(outputs, 95)), float(outputs.max())) if len(outputs) else (None, None)
    return Row(way.name, units, float(np.percentile(inputs, 95)), float(inputs.max()), *high)
