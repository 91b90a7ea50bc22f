# SPDX-License-Identifier: MIT
"""The module on a bench: its netlist with a rack's rails, cables in its jacks, and a Seed that drives its pins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lottava.board import BOARD, SUPPLY_VOLTS, USUAL_SOURCE_OHMS

from .devices import lines, node
from .netlist import Component, Netlist
from .simulator import Plot, simulate

JACK = "AudioJack2_SwitchT"
POT = "R_Potentiometer"
CODEC_OUT_OHMS, CODEC_IN_OHMS = 100.0, 10e3
"""Assumed for all three codecs: the lowest input resistance, the highest output resistance of their datasheets."""
SEED_AMPERES = 0.12
"""What a Seed takes from 12 V, running; assumed, not measured."""
RAIL_AMPERES = 0.02
"""What the op-amps take from each rail besides."""
_CONTACT_OHMS = 0.02
_POT_OHMS = 10e3

INPUTS = (*(cv.jack for cv in BOARD.cv_inputs), *BOARD.gate_inputs, *BOARD.audio_inputs)
OUTPUTS = (*(cv.jack for cv in BOARD.cv_outputs), *BOARD.gate_outputs, *BOARD.audio_outputs)


@dataclass(frozen=True)
class Setup:
    """What is connected. Volts of sources that a sweep or a signal drives are those of the node `drive`.

    plugged: input jack → volts behind source_ohms, at a cable of source_farads; the others have no cable. pins: Seed
    net → volts; driven: jacks and Seed nets that follow `drive`; released: Seed nets that its pins leave alone, as in
    reset; loads: output jack → (ohms, farads) of what its cable ends in; forced: a net that an ideal source of 0 V,
    "vforced", holds.
    """

    plugged: Mapping[str, float] = field(default_factory=dict)
    driven: tuple[str, ...] = ()
    drive: str = "DC 0"
    pins: Mapping[str, float] = field(default_factory=dict)
    loads: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    forced: str = ""
    released: tuple[str, ...] = ()
    source_ohms: float = USUAL_SOURCE_OHMS
    source_farads: float = 0.0
    rails: tuple[float, float] = (12.0, -12.0)
    supply_volts: float = SUPPLY_VOLTS
    output_scale: float = 1.0
    celsius: float = 25.0


DEFAULT_PINS: Mapping[str, float] = {
    **{f"{cv.name}_DAC": SUPPLY_VOLTS / 2 for cv in BOARD.cv_outputs},
    **{f"{jack.name}_CODEC": 0.0 for jack in BOARD.audio_outputs},
    **{f"{jack.name}_LOGIC": 0.0 for jack in BOARD.gate_outputs},
    "NORMALLING_PROBE": 0.0,
    "OUTPUT_MUTE": 0.0,
    **{f"MUX_ADDRESS_{bit}": 0.0 for bit in range(3)},
}
"""A Seed that runs and is quiet."""


class Bench:
    """A netlist with what is around it. Raises KeyError for a jack that the netlist lacks."""

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self._parts = lines(netlist)
        self.jacks = {jack.name: netlist.of_value(JACK, jack.name) for jack in BOARD.jacks}
        self._guesses: dict[tuple[tuple[float, float], float], list[str]] = {}

    def tip(self, jack: str) -> str:
        """SPICE's node of a jack's tip."""
        return node(self.jacks[jack].net("T"))

    def _source(self, name: str, at: str, ohms: float, setup: Setup, volts: float) -> list[str]:
        inner = f"s_{name}".lower()
        feed = f"E{name} {inner} 0 drive 0 1" if name in setup.driven else f"V{name} {inner} 0 DC {volts}"
        return [feed, f"R{name}_source {inner} {at} {ohms}"]

    def _jack(self, part: Component, setup: Setup) -> list[str]:
        name, tip = part.value, node(part.net("T"))
        if part.net("T") == setup.forced:
            return []
        if name in setup.plugged or (name in setup.driven and name in {jack.name for jack in INPUTS}):
            cable = [f"C{name}_cable {tip} 0 {setup.source_farads}"] if setup.source_farads else []
            return cable + self._source(name, tip, setup.source_ohms, setup, setup.plugged.get(name, 0.0))
        if name in setup.loads:
            ohms, farads = setup.loads[name]
            return [f"R{name}_load {tip} 0 {ohms}", f"C{name}_load {tip} 0 {farads}"]
        if name in {jack.name for jack in INPUTS}:
            return [f"R{name}_contact {tip} {node(part.net('TN'))} {_CONTACT_OHMS}"]
        return []

    def _seed(self, setup: Setup) -> list[str]:
        found = []
        driven = {**DEFAULT_PINS, **setup.pins}
        for net, volts in ((net, volts) for net, volts in driven.items() if net not in setup.released):
            ohms = CODEC_OUT_OHMS if net.endswith("_CODEC") else 1.0
            found += self._source(net, node(net), ohms, setup, volts)
        found += [f"R{jack.name}_codec {node(f'{jack.name}_CODEC')} 0 {CODEC_IN_OHMS}" for jack in BOARD.audio_inputs]
        found += [
            f"V{rail} {node(net)} 0 DC {setup.supply_volts}" for rail, net in (("33A", "+3V3A"), ("33D", "+3V3D"))
        ]
        return found

    def _rails(self, setup: Setup) -> list[str]:
        """Sources at the header; what the Seed and the op-amps draw stops where a rail is too low to feed them."""
        positive, negative = setup.rails
        return [
            f"VPLUS {node('PLUS_12V_RAW')} 0 DC {positive}",
            f"VMINUS {node('MINUS_12V_RAW')} 0 DC {negative}",
            f"BVIN {node('VIN')} 0 I={SEED_AMPERES}*(0.5+0.5*tanh(4*(v({node('VIN')})-4)))",
            f"BPLUS {node('+12V')} 0 I={RAIL_AMPERES}*(0.5+0.5*tanh(4*(v({node('+12V')})-4)))",
            f"BMINUS 0 {node('-12V')} I={RAIL_AMPERES}*(0.5-0.5*tanh(4*(v({node('-12V')})+4)))",
        ]

    def _pots(self) -> list[str]:
        found = []
        for part in self.netlist.components.values():
            if part.symbol == POT:
                ends = [node(part.net(pin)) for pin in (1, 2, 3)]
                found += [f"R{part.reference}_{i} {ends[i]} {ends[i + 1]} {_POT_OHMS / 2}" for i in (0, 1)]
        return found

    def deck(self, setup: Setup) -> list[str]:
        """The lines of the module and of everything around it."""
        around = [*self._seed(setup), *self._rails(setup), *self._pots(), f"Vdrive drive 0 {setup.drive}"]
        if setup.forced:
            around.append(f"Vforced {node(setup.forced)} 0 DC 0")
        for part in self.jacks.values():
            around += self._jack(part, setup)
        return [f".param out_scale={setup.output_scale}", f".temp {setup.celsius}", *self._parts, *around]

    def run(self, setup: Setup, commands: Iterable[str]) -> list[Plot]:
        """Simulate; see simulator.simulate. What the module rests at is the first guess: 8 iterations, not 1400."""
        supplies = setup.rails, setup.supply_volts
        if supplies not in self._guesses:
            idle = Setup(rails=setup.rails, supply_volts=setup.supply_volts, pins=setup.pins)
            (rest,) = simulate(self.deck(idle), ("op", "write out all"))
            self._guesses[supplies] = [
                f".nodeset {name}={volts[0]:.9g}" for name, volts in rest.items() if name[0] == "v"
            ]
        return simulate([*self.deck(setup), *self._guesses[supplies]], commands)
