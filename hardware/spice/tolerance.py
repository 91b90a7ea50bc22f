# SPDX-License-Identifier: MIT
"""Monte-Carlo: boards drawn within their parts' tolerances, and the gains and offsets that calibration then meets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lottava.board import BOARD, GAIN_LIMIT, OFFSET_LIMIT_VOLTS, SUPPLY_TOLERANCE, SUPPLY_VOLTS, CvInput, CvOutput

from .bench import Bench, Setup
from .devices import OP_AMPS, node
from .power import ohms_of
from .rows import Row
from .simulator import Plot
from .stability import UNITS

BOARDS = 200
INPUT_VOLTS = (-2.0, 3.0)
DAC_SHARES = (0.2, 0.8)
OFFSET_VOLTS = {"MCP6004": 4.5e-3, "OPA1679": 2e-3}
"""Largest input offset by the datasheets."""
_SHARE = "% of its range"
CLEAR_SHARE = 0.01
"""Of the converter's range at either end that no board may need: the op-amps don't get there."""
LIMIT_OVER_WIDEST = (1.2, 2.5)
"""How much wider than the widest board drawn the limits of calibration may be: room for its own source, no more."""


@dataclass(frozen=True)
class Spread:
    """Of every board drawn, for one input or output: gain over nominal minus 1, volts read at 0 V.

    ends: shares of the converter's range [boards, 2] that the jack's lowest and highest volts come to.
    """

    name: str
    gain: NDArray
    offset: NDArray
    ends: NDArray


def _resistors(bench: Bench) -> list[tuple[str, float, float]]:
    """Name, ohms and tolerance of every resistor."""
    found = []
    for part in bench.netlist.components.values():
        if part.symbol == "R" and part.is_fitted:
            tolerance = re.fullmatch(r"([\d.]+)%", part.fields.get("Tolerance", ""))
            if not tolerance:
                raise ValueError(f"{part.reference}: its tolerance {part.fields.get('Tolerance')!r} is no percentage")
            found.append((part.reference, ohms_of(part), float(tolerance[1]) / 100))
    return found


def _board(bench: Bench, random: np.random.Generator) -> tuple[list[str], float]:
    """Commands that turn the module into another one of its kind, and that one's 3V3_A."""
    supply = SUPPLY_VOLTS * (1 + random.uniform(-SUPPLY_TOLERANCE, SUPPLY_TOLERANCE))
    commands = [f"alter v33a dc = {supply:.9g}", f"alter v33d dc = {supply:.9g}"]
    for name, ohms, tolerance in _resistors(bench):
        commands.append(f"alter {name.lower()} = {ohms * (1 + random.uniform(-tolerance, tolerance)):.9g}")
    for part in bench.netlist.components.values():
        for unit in UNITS if part.symbol in OP_AMPS else "":
            volts = random.uniform(-1, 1) * OFFSET_VOLTS[part.symbol]
            commands.append(f"alter v.x{part.reference.lower()}.x{unit}.vos dc = {volts:.6g}")
    return commands, supply


def _commands(bench: Bench, random: np.random.Generator, supplies: list[float]) -> Iterator[str]:
    nets = [*(node(f"{cv.name}_ADC") for cv in BOARD.cv_inputs), *(bench.tip(cv.name) for cv in BOARD.cv_outputs)]
    for _ in range(BOARDS):
        commands, supply = _board(bench, random)
        supplies.append(supply)
        yield from commands
        for volts, share in zip(INPUT_VOLTS, DAC_SHARES, strict=True):
            yield f"alter vdrive dc = {volts}"
            yield from (f"alter v{cv.name.lower()}_dac dc = {share * supply:.9g}" for cv in BOARD.cv_outputs)
            yield from ("op", "write out " + " ".join(nets), "destroy all")


def _spread(cv: CvInput | CvOutput, codes: NDArray, volts: NDArray) -> Spread:
    """From codes [boards, 2] as shares of full scale and volts [boards, 2] at the jack."""
    gain = (volts[:, 1] - volts[:, 0]) / (codes[:, 1] - codes[:, 0])
    offset = volts[:, 0] - gain * codes[:, 0]
    at_zero = offset - gain * cv.nominal_offset / cv.nominal_gain
    ends = (np.array(cv.jack.range_volts) - offset[:, None]) / gain[:, None]
    return Spread(cv.name, gain / cv.nominal_gain - 1, at_zero, ends)


def spreads(bench: Bench, seed: int = 1) -> list[Spread]:
    """Every CV input and output over BOARDS boards drawn uniformly within their tolerances."""
    supplies: list[float] = []
    setup = Setup(driven=tuple(cv.name for cv in BOARD.cv_inputs), source_ohms=1e-3)
    commands = list(_commands(bench, np.random.default_rng(seed), supplies))
    plots = bench.run(setup, commands)
    supply = np.array(supplies)[:, None]

    def read(net: str) -> NDArray:
        return np.array([_value(plot, net) for plot in plots]).reshape(BOARDS, 2)

    inputs = [
        _spread(cv, read(node(f"{cv.name}_ADC")) / supply, np.tile(INPUT_VOLTS, (BOARDS, 1))) for cv in BOARD.cv_inputs
    ]
    outputs = [_spread(cv, np.tile(DAC_SHARES, (BOARDS, 1)), read(bench.tip(cv.name))) for cv in BOARD.cv_outputs]
    return inputs + outputs


def _value(plot: Plot, net: str) -> float:
    return float(plot[f"v({net})"][0])


def monte_carlo(bench: Bench) -> list[Row]:
    """The widest gain and offset of each channel against what calibration accepts."""
    rows = []
    for one in spreads(bench):
        gain, offset = 100 * np.max(np.abs(one.gain)), np.max(np.abs(one.offset))
        rows += [
            Row(f"Gain off nominal, {BOARDS} boards", one.name, gain, "%", None, 100 * GAIN_LIMIT),
            Row(f"Volts read at 0 V, {BOARDS} boards", one.name, offset, "V", None, OFFSET_LIMIT_VOLTS),
        ]
        if one.name in {cv.name for cv in BOARD.cv_inputs}:
            low, high = 100 * np.min(one.ends), 100 * np.max(one.ends)
            rows += [
                Row("Lowest that the converter sees", one.name, low, _SHARE, 100 * CLEAR_SHARE),
                Row("Highest that the converter sees", one.name, high, _SHARE, None, 100 - 100 * CLEAR_SHARE),
            ]
    for what, unit, limit in (("offset", "V", OFFSET_LIMIT_VOLTS), ("gain", "%", 100 * GAIN_LIMIT)):
        widest = max(row.value for row in rows if row.unit == unit)
        rows.append(Row(f"Limit over the widest {what}", "board.py", limit / widest, "times", *LIMIT_OVER_WIDEST))
    return rows
