# SPDX-License-Identifier: MIT
"""Rails in use, the header put in the wrong way round, and ±12 V on every jack: what each part then has to bear."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lottava.board import BOARD, SUPPLY_VOLTS

from .bench import RAIL_AMPERES, SEED_AMPERES, Bench, Setup
from .devices import node
from .netlist import Component
from .rows import Row
from .simulator import Plot

_RAILS = ("+12V", "-12V", "VIN")
_SUFFIXES = {"meg": 1e6, "k": 1e3, "": 1.0, "m": 1e-3}
LOWEST_PIN_VOLTS, HIGHEST_PIN_VOLTS = -0.3, SUPPLY_VOLTS + 0.3
"""What a Seed pin stands, and those that stand 5 V are not asked to (STM32H750 datasheet, absolute maxima)."""


_DRIVEN = (*(f"{cv.name}_DAC" for cv in BOARD.cv_outputs), *(f"{jack.name}_LOGIC" for jack in BOARD.gate_outputs))
_CODECS = tuple(f"{jack.name}_CODEC" for jack in BOARD.audio_outputs)
_PINS = (
    *(f"{cv.name}_ADC" for cv in BOARD.cv_inputs),
    *(f"{jack.name}_N" for jack in BOARD.gate_inputs),
    *(f"MUX_{name}" for name in BOARD.mux_pins),
)
"""Seed pins that a jack can reach."""
_UNPOWERED = dict.fromkeys((*_DRIVEN, "OUTPUT_MUTE"), 0.0)
_STRONG = 0.1
"""Of the op-amps' output resistance: nothing but their swing and their current limit holds them back."""
_OFF: Mapping[str, Any] = {"rails": (0.0, 0.0), "supply_volts": 0.0, "pins": _UNPOWERED}


def ohms_of(part: Component) -> float:
    """A resistor's value. Raises ValueError for one that SPICE would read as something else."""
    found = re.fullmatch(r"([\d.]+)(meg|k|m|)", part.value.lower())
    if not found:
        raise ValueError(f"{part.reference}: {part.value!r} is no resistance")
    return float(found[1]) * _SUFFIXES[found[2]]


def _volts(plot: Plot, net: str) -> float:
    return 0.0 if node(net) == "0" else float(plot[f"v({node(net)})"][0])


def _rest(bench: Bench, setup: Setup) -> Plot:
    """Every node at rest."""
    return bench.run(setup, ("op", "write out all"))[0]


def rails(bench: Bench) -> list[Row]:
    """Rails behind diode and ferrite with everything drawing, and what the module takes from the rack."""
    plot = _rest(bench, Setup())
    return [
        Row("Rail in use", "+12V", _volts(plot, "+12V"), "V", 11.3, 12.0),
        Row("Rail in use", "-12V", _volts(plot, "-12V"), "V", -12.0, -11.3),
        Row("Rail in use", "VIN", _volts(plot, "VIN"), "V", 9.0, 12.0),
        Row("Taken from +12 V", "header", -1e3 * float(plot["i(vplus)"][0]), "mA", 1e3 * SEED_AMPERES, 250),
        Row("Taken from -12 V", "header", 1e3 * float(plot["i(vminus)"][0]), "mA", 1e3 * RAIL_AMPERES, 60),
    ]


def reversal(bench: Bench) -> list[Row]:
    """The header the wrong way round: both rails stay near 0 V, nothing flows. The same for a rail that is missing."""
    turned = _rest(bench, Setup(rails=(-12.0, 12.0), supply_volts=0.0, pins=_UNPOWERED))
    found = [Row("Header turned: rail", rail, _volts(turned, rail), "V", -0.7, 0.7) for rail in _RAILS]
    for side, source in (("-12 V", "vplus"), ("+12 V", "vminus")):
        found.append(Row("Header turned: taken", side, 1e3 * abs(float(turned[f"i({source})"][0])), "mA", None, 1))
    no_minus = _rest(bench, Setup(rails=(12.0, 0.0)))
    no_plus = _rest(bench, Setup(rails=(0.0, -12.0), supply_volts=0.0, pins=_UNPOWERED))
    return [
        *found,
        Row("Rail while it is missing", "-12V", _volts(no_minus, "-12V"), "V", -0.7, 0.7),
        Row("Rail while it is missing", "+12V", _volts(no_plus, "+12V"), "V", -0.7, 0.7),
    ]


def _resistors(bench: Bench) -> list[Component]:
    return [part for part in bench.netlist.components.values() if part.symbol == "R" and part.is_fitted]


def _watts(part: Component, plot: Plot) -> float:
    return (_volts(plot, part.net(1)) - _volts(plot, part.net(2))) ** 2 / ohms_of(part)


def _rated_watts(part: Component) -> float:
    """From the field Rating ("75V 0.1W 100ppm"). Raises ValueError where it names no watts."""
    found = re.search(r"([\d.]+)W\b", part.fields.get("Rating", ""))
    if not found:
        raise ValueError(f"{part.reference}: its rating {part.fields.get('Rating')!r} names no watts")
    return float(found[1])


def _pushed(bench: Bench, net: str, is_on: bool) -> list[Plot]:
    """The module at rest with ±12 V on a net, while its outputs are low, and high; op-amps at their strongest."""
    setup = Setup(forced=net, output_scale=_STRONG, **({} if is_on else _OFF))
    commands = []
    for share in (0.0, 1.0) if is_on else (0.0,):
        for pin in (*_DRIVEN, *_CODECS) if is_on else ():
            low, high = (-1.0, 1.0) if pin in _CODECS else (0.0, SUPPLY_VOLTS)
            commands.append(f"alter v{pin.lower()} dc = {low + share * (high - low)}")
        for volts in (-12, 12):
            commands += [f"alter vforced dc = {volts}", "op", "write out all"]
    return bench.run(setup, commands)


def abuse(bench: Bench, nets: Iterable[str] = ()) -> list[Row]:
    """±12 V right on each jack, and by a half-pulled plug on its contact, module on and off; or on these nets only.

    What counts: the hardest-pressed resistor, and the pins of the Seed.
    """
    parts = [(part, _rated_watts(part)) for part in _resistors(bench)]
    pins = {net for jack in bench.jacks.values() for net in jack.pins.values()}
    shared = sorted(nets or (net for net in pins if net.endswith(("_JACK", "_NORM"))))
    rows = []
    for net in shared:
        plots = [plot for is_on in (True, False) for plot in _pushed(bench, net, is_on)]
        load, worst = max((_watts(part, plot) / rated, part.reference) for part, rated in parts for plot in plots)
        levels = [_volts(plot, pin) for pin in _PINS for plot in plots]
        rows += [
            Row("±12 V: hardest-pressed resistor", f"{net}: {worst}", 100 * load, "% of rating", None, 90),
            Row("±12 V: lowest Seed pin", net, min(levels), "V", LOWEST_PIN_VOLTS),
            Row("±12 V: highest Seed pin", net, max(levels), "V", None, HIGHEST_PIN_VOLTS),
        ]
    return rows
