# SPDX-License-Identifier: MIT
"""The analogue front end: cables and knobs in, ADC codes out, through parts that are a little off.

jack volts --[Rin/Rf inverting stage, bias from 3V3_A]--> ADC pin --[INL, noise]--> 16-bit code / 3V3_A
DAC code * 3V3_A --[output stage]--> jack volts
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lottava.board import ADC_FULL_SCALE, BOARD, DAC_FULL_SCALE, USUAL_SOURCE_OHMS

from .panel import (
    BUTTON_NODE,
    BUTTONS,
    CV_CHANNELS,
    GATE_JACKS,
    INPUTS,
    MUX_CHANNELS,
    MUX_NODES,
    NORMALLING_NODE,
    OUTPUTS,
    PLUS_12V_TENTH,
    POTS,
    RAIL_12_VOLTS,
)
from .parts import NOISE_VOLTS, Parts, draw_parts, nominal_parts

RAIL_VOLTS = (0.009, 0.020)
"""How near to ground and to the supply the input op-amps come (simulation: 9 mV and 3.28 V of 3.30 V)."""
FLOATING_SHARE = 0.3
"""Of the supply, at an open converter input: some level in between that no multiplexer moves."""
_NOISE_DRAWS = 4096


class FrontEnd:
    """Jack voltages, knob positions and one board's parts. A cable at 0 V is in every input, knobs are at noon.

    Voltages are those of usual outputs, whose 1 kΩ is part of the inputs' resistors.

    probe: level of the normalling switch, which jacks without a cable see. is_bare: there is no board at all.
    """

    def __init__(self, parts: Parts, *, noise_seed: int = 0) -> None:
        self.parts = parts
        self.probe = False
        self.is_bare = False
        self._unplugged: set[str] = set()
        self._cables: dict[str, int] = {}
        self._volts = dict.fromkeys(INPUTS, 0.0)
        self._pots = dict.fromkeys(POTS, 0.5)
        self._dac_codes: tuple[float, ...] = (0,) * len(OUTPUTS)
        self._down: frozenset[str] = frozenset()
        self._stuck: dict[str, int] = {}
        self._noise = np.random.default_rng(noise_seed)
        self._drawn: NDArray[np.float64] = np.zeros(0)
        self._clean: dict[tuple[tuple[int, ...], int, bool], NDArray[np.float64]] = {}

    @classmethod
    def ideal(cls) -> FrontEnd:
        """Nominal parts, no noise."""
        return cls(nominal_parts())

    @classmethod
    def random(cls, seed: int) -> FrontEnd:
        """A random board; the same seed gives the same board and the same noise."""
        return cls(draw_parts(seed), noise_seed=seed)

    def unplug(self, *jacks: str) -> None:
        """Pull the cables of inputs (CV, GATE, FREEZE), by name in any case. Raises ValueError."""
        for jack in map(str.upper, jacks):
            if jack not in (*INPUTS, *GATE_JACKS):
                raise ValueError(f"no input {jack!r} has a switch; there are {', '.join((*INPUTS, *GATE_JACKS))}")
            self._cables.pop(jack, None)
            if self.is_plugged(jack):
                self._unplugged.add(jack)
                self._clean.clear()

    def plug(self, jack: str) -> None:
        """Put a cable in."""
        if self.is_plugged(jack):
            return
        self._unplugged.discard(jack.upper())
        self._clean.clear()

    def is_plugged(self, jack: str) -> bool:
        """True while an input has a cable."""
        return jack.upper() not in self._unplugged

    @classmethod
    def bare(cls) -> FrontEnd:
        """A Seed without a board: every converter input open."""
        frontend = cls(replace(nominal_parts(), noise_volts=NOISE_VOLTS))
        frontend.is_bare = True
        return frontend

    def set_volts(self, jack: str, volts: float) -> None:
        """Plug in a cable with this voltage, by a CV jack's name in any case. Raises ValueError for an unknown jack."""
        jack = jack.upper()
        if jack not in self._volts:
            raise ValueError(f"no CV jack {jack!r}; there are {', '.join(self._volts)}")
        self._cables.pop(jack, None)
        self._set_volts(jack, volts)

    def _set_volts(self, jack: str, volts: float) -> None:
        self.plug(jack)
        if self._volts[jack] != volts:
            self._volts[jack] = float(volts)
            self._clean.clear()

    def connect(self, output: str, jack: str) -> None:
        """A cable from one of the module's own CV outputs to a CV input, by names in any case. Raises ValueError."""
        names, jack = list(OUTPUTS), jack.upper()
        if output.upper() not in names or jack not in self._volts:
            raise ValueError(f"no cable goes from {output} to {jack}; from {', '.join(names)} to a CV input")
        self._cables[jack] = names.index(output.upper())
        self.drive(self._dac_codes)
        self._clean.clear()

    def drive(self, dac_codes: Sequence[float]) -> None:
        """What the converters put out from now on; cables from the outputs bring it to inputs."""
        self._dac_codes = tuple(dac_codes)
        if self._cables:
            volts = self.output_volts(dac_codes)
            for jack, output in self._cables.items():
                self._set_volts(jack, volts[output])

    def set_pot(self, name: str, position: float) -> None:
        """Knob position 0..1. Raises ValueError for an unknown knob or a position outside."""
        name = name.upper()
        if name not in self._pots:
            raise ValueError(f"no knob {name!r}; there are {', '.join(self._pots)}")
        if not 0 <= position <= 1:
            raise ValueError(f"knob {name!r} at {position:g}; positions go from 0 to 1")
        if self._pots[name] != position:
            self._pots[name] = float(position)
            self._clean.clear()

    def press(self, *buttons: str) -> None:
        """Buttons (PREVIOUS, NEXT) that are down from now on; none lets go of all. Raises ValueError for another."""
        down = frozenset(map(str.upper, buttons))
        if unknown := down - set(BUTTONS):
            raise ValueError(f"no button {', '.join(sorted(unknown))}; there are {', '.join(BUTTONS)}")
        self._down = down
        self._clean.clear()

    def set_noise(self, volts: float) -> None:
        """Noise at every converter input from now on, rms volts."""
        self.parts = replace(self.parts, noise_volts=float(volts))

    def set_supply(self, volts: float) -> None:
        """3V3_A from now on."""
        self.parts = replace(self.parts, supply_volts=float(volts))
        self._clean.clear()

    def stick(self, name: str, code: int | None) -> None:
        """A CV jack's or knob's converter code that nothing moves any more; None frees it. Raises ValueError."""
        name = name.upper()
        if name not in self._volts and name not in self._pots:
            raise ValueError(f"no CV jack or knob {name!r}")
        self._stuck.pop(name, None)
        if code is not None:
            self._stuck[name] = code

    def _stuck_code(self, channel: int, mux_position: int) -> int | None:
        mux = MUX_CHANNELS.get(channel)
        node = MUX_NODES[mux][mux_position] if mux else CV_CHANNELS.get(channel)
        return self._stuck.get(node) if isinstance(node, str) else None

    @property
    def contact_volts(self) -> float:
        """Voltage at the switch contacts of the CV jacks and at the multiplexer's normalling node."""
        return self.parts.reference_volts if self.probe else 0.0

    def pin_volts(self, jack: str) -> float:
        """Voltage at the ADC pin of a CV jack, before noise and the converter's curve."""
        index = list(INPUTS).index(jack)
        parts = self.parts
        bias = parts.bias_share[index] * parts.supply_volts + parts.offset_volts[index]
        ratio, jack_volts = parts.ratio[index], self._volts[jack]
        if not self.is_plugged(jack):
            ratio, jack_volts = ratio * parts.contact_ratio[index], self.contact_volts
        elif jack in self._cables:
            ohms, source = INPUTS[jack].input_ohms, BOARD.cv_outputs[self._cables[jack]].source_ohms
            ratio *= (ohms + USUAL_SOURCE_OHMS) / (ohms + source)
        volts = bias * (1 + ratio) - ratio * jack_volts
        low, headroom = RAIL_VOLTS
        return min(max(volts, low), parts.supply_volts - headroom)

    def _node_volts(self, channel: int, mux_position: int) -> float:
        if self.is_bare:
            return FLOATING_SHARE * self.parts.supply_volts
        if channel in CV_CHANNELS:
            return self.pin_volts(CV_CHANNELS[channel])
        if channel not in MUX_CHANNELS:
            return 0.0
        mux = MUX_CHANNELS[channel]
        if (mux, mux_position) == PLUS_12V_TENTH:
            return RAIL_12_VOLTS / 10
        if (mux, mux_position) == BUTTON_NODE:
            return BOARD.ladder_fraction(*sorted(self._down)) * self.parts.supply_volts
        if (mux, mux_position) == NORMALLING_NODE:
            return self.contact_volts
        node = MUX_NODES[mux][mux_position]
        return (self._pots[node] if isinstance(node, str) else node) * self.parts.supply_volts

    def _clean_code(self, channel: int, mux_position: int) -> float:
        """Code before noise, not yet rounded: the converter's curve is three slow sines over its range."""
        share = self._node_volts(channel, mux_position) / self.parts.supply_volts
        waves = zip(self.parts.inl_volts, (0.5, 1.0, 2.0), self.parts.inl_phase, strict=True)
        curve = sum(peak * math.sin(2 * math.pi * share * turns + phase) for peak, turns, phase in waves)
        return (share + curve / self.parts.supply_volts) * ADC_FULL_SCALE

    def mean_code(self, channel: int, mux_position: int = 0) -> float:
        """What very many conversions give on average."""
        return float(np.clip(self._clean_code(channel, mux_position), 0, ADC_FULL_SCALE))

    def scan(self, channels: Sequence[int], mux_position: int) -> NDArray[np.uint16]:
        """Codes [channels] of one scan of the ADC with the multiplexers at `mux_position`."""
        key = (tuple(channels), mux_position, self.probe)
        if key not in self._clean:
            self._clean[key] = np.array([self._clean_code(channel, mux_position) for channel in channels])
        codes = self._clean[key]
        if self.parts.noise_volts:
            if len(self._drawn) < len(channels):
                self._drawn = self._noise.standard_normal(_NOISE_DRAWS)
            scale = self.parts.noise_volts / self.parts.supply_volts * ADC_FULL_SCALE
            codes = codes + self._drawn[: len(channels)] * scale
            self._drawn = self._drawn[len(channels) :]
        if self._stuck:
            stuck = [self._stuck_code(channel, mux_position) for channel in channels]
            codes = np.array([code if held is None else held for code, held in zip(codes, stuck, strict=True)])
        return np.clip(np.rint(codes), 0, ADC_FULL_SCALE).astype(np.uint16)

    def output_volts(self, dac_codes: Sequence[float]) -> tuple[float, float]:
        """Jack volts of PITCH CV and ENV CV for two 12-bit codes: bias*(1+ratio) - ratio*DAC volts."""
        volts = []
        for index, code in enumerate(dac_codes):
            ratio = self.parts.output_ratio[index]
            bias = self.parts.output_bias_share[index] * self.parts.supply_volts
            turn = 2 * math.pi * code / DAC_FULL_SCALE + self.parts.output_bend_phase
            bent = code + self.parts.output_bend_codes * math.sin(turn)
            volts.append(bias * (1 + ratio) - ratio * bent / DAC_FULL_SCALE * self.parts.supply_volts)
        return volts[0], volts[1]
