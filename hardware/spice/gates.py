# SPDX-License-Identifier: MIT
"""Gate inputs over temperature, at ±12 V and in time; the gate output's two levels."""

from __future__ import annotations

import numpy as np

from lottava.board import BOARD, GATE_THRESHOLD_VOLTS, SUPPLY_VOLTS

from .bench import Bench, Setup
from .devices import node
from .rows import Row

CELSIUS = (-10.0, 25.0, 60.0)
LOGIC_LOW_VOLTS = 0.3 * SUPPLY_VOLTS
LOGIC_HIGH_VOLTS = 0.7 * SUPPLY_VOLTS
"""What the Seed's processor takes for low and high (datasheet: 0.3 and 0.7 of its supply)."""
SHORTEST_PULSE_SECONDS = 0.2e-3
_POINTS = (-12.0, 0.8, 3.0, 12.0)


def gate_inputs(bench: Bench) -> list[Row]:
    """Where each input trips from -10 to 60 °C, its levels at 0, 5 and ±12 V, and its delays."""
    rows = []
    for jack in BOARD.gate_inputs:
        pin = node(f"{jack.name}_N")
        for celsius in CELSIUS:
            setup = Setup(driven=(jack.name,), celsius=celsius)
            points = [step for volts in _POINTS for step in (f"alter vdrive dc = {volts}", "op", f"write out {pin}")]
            *ends, sweep = bench.run(setup, (*points, "dc vdrive 1 3 0.02", f"write out {pin}"))
            at = {volts: float(plot[f"v({pin})"][0]) for volts, plot in zip(_POINTS, ends, strict=True)}
            trip = float(np.interp(-SUPPLY_VOLTS / 2, -sweep[f"v({pin})"], sweep["v(v-sweep)"]))
            near = 0.1 if celsius == CELSIUS[1] else 0.35
            subject = f"{jack.name} at {celsius:g} °C"
            rows += [
                Row("Gate trips", subject, trip, "V", GATE_THRESHOLD_VOLTS - near, GATE_THRESHOLD_VOLTS + near),
                Row("Gate pin at -12 V", subject, at[-12.0], "V", LOGIC_HIGH_VOLTS, SUPPLY_VOLTS),
                Row("Gate pin at 0.8 V", subject, at[0.8], "V", LOGIC_HIGH_VOLTS, SUPPLY_VOLTS),
                Row("Gate pin at 3 V", subject, at[3.0], "V", 0.0, LOGIC_LOW_VOLTS),
                Row("Gate pin at +12 V", subject, at[12.0], "V", 0.0, LOGIC_LOW_VOLTS),
            ]
        rows += _delays(bench, jack.name, pin)
    return rows


def _delays(bench: Bench, jack: str, pin: str) -> list[Row]:
    pulse = f"PULSE(0 5 0.1m 0.1u 0.1u {SHORTEST_PULSE_SECONDS} 10m)"
    (plot,) = bench.run(Setup(driven=(jack,), drive=pulse), ("tran 0.2u 0.6m", f"write out {pin}"))
    seconds, level = plot["time"], plot[f"v({pin})"]
    low = seconds[level < LOGIC_LOW_VOLTS]
    start, end = (low[0], low[-1]) if len(low) else (np.inf, np.inf)
    return [
        Row("Gate's rise to the pin", jack, 1e6 * (start - 0.1e-3), "µs", 0, 5),
        Row("Gate's fall to the pin", jack, 1e6 * (end - 0.1e-3 - SHORTEST_PULSE_SECONDS), "µs", 0, 5),
    ]


def gate_probe(bench: Bench) -> list[Row]:
    """The normalling probe on the contacts of gate jacks without a cable is read by them, at any temperature."""
    rows = []
    for celsius in CELSIUS:
        for jack in BOARD.gate_inputs:
            for probe, low, high in ((0.0, LOGIC_HIGH_VOLTS, SUPPLY_VOLTS), (SUPPLY_VOLTS, 0.0, LOGIC_LOW_VOLTS)):
                setup = Setup(pins={"NORMALLING_PROBE": probe}, celsius=celsius)
                (plot,) = bench.run(setup, ("op", f"write out {node(f'{jack.name}_N')}"))
                level = float(plot[f"v({node(f'{jack.name}_N')})"][0])
                subject = f"{jack.name} at {celsius:g} °C"
                rows.append(Row(f"Gate pin, probe at {probe:g} V", subject, level, "V", low, high))
    return rows


def gate_output(bench: Bench) -> list[Row]:
    """0 V and 5 V, open and into 33 kΩ."""
    rows = []
    for jack in BOARD.gate_outputs:
        for ohms in (1e6, 33e3):
            for logic, low, high in ((0.0, -0.02, 0.02), (SUPPLY_VOLTS, 4.8, 5.1)):
                setup = Setup(pins={f"{jack.name}_LOGIC": logic}, loads={jack.name: (ohms, 330e-12)})
                (plot,) = bench.run(setup, ("op", f"write out {bench.tip(jack.name)}"))
                level = float(plot[f"v({bench.tip(jack.name)})"][0])
                rows.append(
                    Row(f"Gate output, logic {logic:g} V", f"{jack.name}, {ohms / 1e3:g} kΩ", level, "V", low, high)
                )
    return rows
