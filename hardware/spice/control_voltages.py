# SPDX-License-Identifier: MIT
"""CV inputs, the reference's route through the jack contacts, and CV outputs, against `lottava.board`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava.board import BOARD, SUPPLY_VOLTS, USUAL_SOURCE_OHMS, CvInput

from .bench import Bench, Setup
from .devices import node
from .rows import Row
from .simulator import Plot

_CV_NAMES = tuple(cv.name for cv in BOARD.cv_inputs)
SETTLING_SECONDS = 1e-3
"""V/OCT is read again this long after a gate's edge."""
NORMALLING_POSITION = BOARD.mux_b_inputs["NORMALLING_NODE"]


def _voltage(plot: Plot, net: str) -> NDArray:
    return plot[f"v({node(net)})"]


def _expected(cv: CvInput, volts: NDArray) -> NDArray:
    """Nominal volts at the converter for volts behind a usual source's 1 kΩ."""
    stage = cv.stage
    slope = stage.feedback_ohms / (stage.input_ohms + USUAL_SOURCE_OHMS)
    return stage.bias.volts * (1 + slope) - slope * volts


def cv_inputs(bench: Bench) -> list[Row]:
    """Transfer, what ±12 V leave at the converter, bandwidth and settling of every CV input."""
    pins = " ".join(node(f"{name}_ADC") for name in _CV_NAMES)
    sweep, response = bench.run(
        Setup(driven=_CV_NAMES, drive="DC 0 AC 1"),
        ("dc vdrive -12 12 0.1", f"write out {pins}", "ac dec 40 10 200k", f"write out {pins}"),
    )
    (step,) = bench.run(
        Setup(driven=_CV_NAMES, drive="PULSE(-1 1 0.1m 1u 1u 10m 20m)"), ("tran 2u 5m", f"write out {pins}")
    )
    return [row for cv in BOARD.cv_inputs for row in (*_transfer(cv, sweep), *_speed(cv, response, step))]


def _transfer(cv: CvInput, sweep: Plot) -> list[Row]:
    volts, pin = sweep["v(v-sweep)"], _voltage(sweep, f"{cv.name}_ADC")
    low, high = cv.jack.range_volts
    inside = (volts >= low - 1e-6) & (volts <= high + 1e-6)
    slope, offset = np.polyfit(volts[inside], pin[inside], 1)
    wanted = np.polyfit(volts[inside], _expected(cv, volts[inside]), 1)
    bend = np.max(np.abs(np.polyval((slope, offset), volts[inside]) - pin[inside])) / abs(slope)
    return [
        Row("CV input: gain off nominal", cv.name, 100 * (slope / wanted[0] - 1), "%", -0.1, 0.1),
        Row("CV input: 0 V off nominal", cv.name, 1e3 * (offset - wanted[1]) / abs(slope), "mV", -5, 5),
        Row("CV input: nonlinearity", cv.name, 1e3 * bend, "mV", None, 0.5),
        Row("CV input: at the range's bottom", cv.name, pin[inside][0], "V", None, SUPPLY_VOLTS - 0.05),
        Row("CV input: at the range's top", cv.name, pin[inside][-1], "V", 0.05, None),
        Row("CV input: converter at -12 V", cv.name, pin[0], "V", 0.0, SUPPLY_VOLTS),
        Row("CV input: converter at +12 V", cv.name, pin[-1], "V", 0.0, SUPPLY_VOLTS),
    ]


def _speed(cv: CvInput, response: Plot, step: Plot) -> list[Row]:
    hertz, gain = response["frequency"].real, np.abs(_voltage(response, f"{cv.name}_ADC"))
    corner = float(np.interp(-gain[0] / np.sqrt(2), -gain, hertz))
    seconds, pin = step["time"], _voltage(step, f"{cv.name}_ADC")
    after = float(np.interp(0.1e-3 + SETTLING_SECONDS, seconds, pin))
    travel = pin[-1] - pin[0]
    return [
        Row("CV input: -3 dB", cv.name, corner, "Hz", 1200, 3000),
        Row("CV input: left after 1 ms of a step", cv.name, 100 * abs((after - pin[-1]) / travel), "%", None, 0.1),
    ]


def reference_route(bench: Bench) -> list[Row]:
    """0 V and 2.5 V on the contacts: what each input reads, and how true a gain measured that way is."""
    bits = {f"MUX_ADDRESS_{bit}": SUPPLY_VOLTS * (NORMALLING_POSITION >> bit & 1) for bit in range(3)}
    nets = [*(f"{name}_ADC" for name in _CV_NAMES), "NORMALLING_NODE", "VREF_2V5", "MUX_B"]
    low, high = (_point(bench, Setup(pins={**bits, "NORMALLING_PROBE": volts}), nets) for volts in (0.0, SUPPLY_VOLTS))
    cabled = [_point(bench, Setup(driven=_CV_NAMES, drive=f"DC {volts}", pins=bits), nets) for volts in (0.0, 2.5)]
    rows = [
        Row("Reference", "VREF_2V5", high["VREF_2V5"], "V", 2.49, 2.51),
        Row("Contacts' bus, probe low", "NORMALLING_NODE", 1e3 * low["NORMALLING_NODE"], "mV", -5, 5),
        Row("Contacts' bus, probe high", "NORMALLING_NODE", high["NORMALLING_NODE"], "V", 2.49, 2.51),
        Row(
            "Bus against what the converter sees",
            "MUX_B",
            1e3 * (high["MUX_B"] - high["NORMALLING_NODE"]),
            "mV",
            -0.5,
            0.5,
        ),
    ]
    bus = high["NORMALLING_NODE"] - low["NORMALLING_NODE"]
    for name in _CV_NAMES:
        pin = f"{name}_ADC"
        measured, true = (high[pin] - low[pin]) / bus, (cabled[1][pin] - cabled[0][pin]) / 2.5
        rows.append(Row("Gain by the contacts, off a cable's", name, 100 * (measured / true - 1), "%", -0.02, 0.02))
    forced = _point(bench, Setup(pins={**bits, "NORMALLING_PROBE": SUPPLY_VOLTS}, plugged={"LEVEL": 12.0}), nets)
    moved = max(abs(forced[f"{name}_ADC"] - high[f"{name}_ADC"]) for name in _CV_NAMES if name != "LEVEL")
    return [*rows, Row("Other inputs while LEVEL gets +12 V", "contacts", 1e3 * moved, "mV", None, 0.1)]


def _point(bench: Bench, setup: Setup, nets: list[str]) -> dict[str, float]:
    """Volts of nets at rest."""
    (plot,) = bench.run(setup, ("op", "write out " + " ".join(map(node, nets))))
    return {net: float(_voltage(plot, net)[0]) for net in nets}


def cv_outputs(bench: Bench) -> list[Row]:
    """Range, truth against the board, what a load changes, and how far the rails may sag."""
    dacs = tuple(f"{cv.name}_DAC" for cv in BOARD.cv_outputs)
    rows = []
    loads = {ohms: {cv.name: (ohms, 330e-12) for cv in BOARD.cv_outputs} for ohms in (1e6, 100e3, 33e3)}
    tips = " ".join(bench.tip(cv.name) for cv in BOARD.cv_outputs)
    sweeps = {
        ohms: bench.run(Setup(driven=dacs, loads=load), (f"dc vdrive 0 {SUPPLY_VOLTS} 0.05", f"write out {tips}"))[0]
        for ohms, load in loads.items()
    }
    sagging = Setup(driven=dacs, loads=loads[100e3], rails=(11.4, -11.4))
    (sagged,) = bench.run(sagging, (f"dc vdrive 0 {SUPPLY_VOLTS} 0.05", f"write out {tips}"))
    for cv in BOARD.cv_outputs:
        name = f"v({bench.tip(cv.name)})"
        dac, volts = sweeps[1e6]["v(v-sweep)"], sweeps[1e6][name]
        off = np.max(np.abs(volts - [cv.stage.output_volts(float(one)) for one in dac]))
        top, bottom = cv.reach_volts[1], cv.reach_volts[0]
        loaded = np.max(np.abs(sweeps[33e3][name] - sweeps[100e3][name]))
        shares = [cv.source_ohms / (cv.source_ohms + ohms) for ohms in (33e3, 100e3)]
        divided = 1 + 1.05e3 * (shares[0] - shares[1]) * max(abs(top), abs(bottom))
        sag = np.max(np.abs(sagged[name] - sweeps[100e3][name]))
        rows += [
            Row("CV output: off the board's law", cv.name, 1e3 * off, "mV", None, 10),
            Row("CV output: highest", cv.name, volts[0], "V", top - 0.02, top + 0.02),
            Row("CV output: lowest", cv.name, volts[-1], "V", bottom - 0.02, bottom + 0.02),
            Row("CV output: 33 kΩ against 100 kΩ", cv.name, 1e3 * loaded, "mV", None, divided),
            Row("CV output: rails at ±11.4 V", cv.name, 1e3 * sag, "mV", None, 1),
        ]
    return rows
