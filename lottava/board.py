# SPDX-License-Identifier: MIT
"""The board as a value: jacks, pots, pins, resistors, ranges, revisions; hardware, firmware and calibration read it.

Panel, pins and stages: 14 HP, four columns 16.6 mm apart. The Seed's pin map is that of its Rev4 pinout table;
its ADC channels are those of ADC1 in the STM32H750 datasheet (pin table, additional functions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

SUPPLY_VOLTS = 3.3
"""3V3_A: reference of ADC, DAC and every bias divider, so that biases follow it and offsets stay put."""
USUAL_SOURCE_OHMS = 1e3
"""In series with a usual output, and with the switch contacts of CV inputs: calibrated volts are such a source's."""
SUPPLY_TOLERANCE = 0.02
"""Of 3V3_A: the Seed's regulator and 60 K (assumed; ADC, DAC and biases follow it)."""
OP_AMP_OFFSET_VOLTS = 4.5e-3
"""Largest input offset of the CV inputs' MCP6004 (datasheet), either sign."""
GAIN_LIMIT = 0.05
OFFSET_LIMIT_VOLTS = 0.3
"""What calibration accepts: gain off nominal, and volts read where the nominal stage reads 0 V.

200 boards drawn from the schematic's 0.1 % and 1 % parts stay within 4.0 % and 0.14 V (`python -m lottava.hardware
spice` holds these limits to 1.2 to 2.5 times that); no corner is beyond 4.1 % and 0.17 V. More is a wiring fault."""
ADC_FULL_SCALE = 65_535
DAC_FULL_SCALE = 4_095


@dataclass(frozen=True)
class Divider:
    """Two resistors from 3V3_A to ground."""

    top_ohms: float
    bottom_ohms: float

    @property
    def fraction(self) -> float:
        """Share of the supply at the middle."""
        return self.bottom_ohms / (self.top_ohms + self.bottom_ohms)

    @property
    def volts(self) -> float:
        """Voltage at the middle with the nominal supply."""
        return SUPPLY_VOLTS * self.fraction


@dataclass(frozen=True)
class Stage:
    """An inverting op-amp stage around a bias: out = bias * (1 + feedback/input) - (feedback/input) * in."""

    input_ohms: float
    feedback_ohms: float
    bias: Divider
    tolerance: float

    @property
    def slope(self) -> float:
        """Feedback over input: volts out lost for each volt in."""
        return self.feedback_ohms / self.input_ohms

    def output_volts(self, input_volts: float) -> float:
        """Voltage behind the stage."""
        return self.bias.volts * (1.0 + self.slope) - self.slope * input_volts

    def input_volts(self, output_volts: float) -> float:
        """Voltage before the stage that gives output_volts."""
        return (self.bias.volts * (1.0 + self.slope) - output_volts) / self.slope


@dataclass(frozen=True)
class Jack:
    """A 3.5 mm jack. pin: Seed pin its net ends on ("D15", "AUDIO_IN_1"); row_mm from the panel's top edge."""

    name: str
    kind: str
    direction: str
    column: int
    row_mm: float
    pin: str
    range_volts: tuple[float, float]


@dataclass(frozen=True)
class CvInput:
    """A control voltage that the ADC reads: volts = gain * (code / 65535) + offset."""

    jack: Jack
    stage: Stage

    @property
    def name(self) -> str:
        """Name of the jack."""
        return self.jack.name

    @property
    def nominal_gain(self) -> float:
        """Volts at the jack over the whole code range; negative, the stage inverts."""
        return -SUPPLY_VOLTS / self.stage.slope

    @property
    def nominal_offset(self) -> float:
        """Volts at the jack at code 0."""
        return self.stage.input_volts(0.0)

    def code(self, jack_volts: float) -> float:
        """Nominal ADC code, not rounded, clipped to the converter's range."""
        code = self.stage.output_volts(jack_volts) / SUPPLY_VOLTS * ADC_FULL_SCALE
        return min(max(code, 0.0), float(ADC_FULL_SCALE))

    def volts(self, code: float) -> float:
        """Nominal volts at the jack of an ADC code."""
        return self.nominal_gain * (code / ADC_FULL_SCALE) + self.nominal_offset

    def same_reading(self, volts: float, ohms: float, other_ohms: float) -> float:
        """Volts behind `other_ohms` that read the same as `volts` behind `ohms`."""
        own, bias = self.stage.input_ohms, self.stage.bias.volts
        return bias + (volts - bias) * (own + other_ohms) / (own + ohms)

    @property
    def reach_volts(self) -> tuple[float, float]:
        """Lowest and highest voltage that a nominal stage brings inside the ADC's range."""
        return self.volts(ADC_FULL_SCALE), self.volts(0)


@dataclass(frozen=True)
class CvOutput:
    """A control voltage from a DAC: volts = gain * (code / 4095) + offset. source_ohms: behind its feedback."""

    jack: Jack
    stage: Stage
    source_ohms: float = USUAL_SOURCE_OHMS

    @property
    def name(self) -> str:
        """Name of the jack."""
        return self.jack.name

    @property
    def nominal_gain(self) -> float:
        """Volts at the jack over the whole code range; negative, the stage inverts."""
        return -SUPPLY_VOLTS * self.stage.slope

    @property
    def nominal_offset(self) -> float:
        """Volts at the jack at code 0."""
        return self.stage.output_volts(0.0)

    @property
    def reach_volts(self) -> tuple[float, float]:
        """Lowest and highest voltage of the nominal stage."""
        return self.nominal_gain + self.nominal_offset, self.nominal_offset


@dataclass(frozen=True)
class Pot:
    """A 10 kΩ linear pot between ground (counter-clockwise) and 3V3_A, on one multiplexer input."""

    name: str
    column: int
    row_mm: float
    cap_mm: float
    mux: str
    mux_input: int


@dataclass(frozen=True)
class SeedPin:
    """A Seed pin: STM32 port, and the ADC1 channel that it can be."""

    port: str
    adc_channel: int | None = None


@dataclass(frozen=True)
class Revision:
    """A board revision, told apart by its ID divider on mux B; no divider (a bare Seed) means bench mode."""

    number: int
    name: str
    board_id: Divider


@dataclass(frozen=True)
class SeedRevision:
    """A Daisy Seed revision: strap pin that reads low on it, and its codec."""

    number: int
    name: str
    strap: str | None
    codec: str


@dataclass(frozen=True)
class Board:
    """Everything about the panel and the pins. cv_inputs, cv_outputs and pots are in the order of all arrays."""

    name: str
    width_hp: int
    width_mm: float
    column_mm: tuple[float, ...]
    cv_inputs: tuple[CvInput, ...]
    cv_outputs: tuple[CvOutput, ...]
    gate_inputs: tuple[Jack, ...]
    gate_outputs: tuple[Jack, ...]
    audio_inputs: tuple[Jack, ...]
    audio_outputs: tuple[Jack, ...]
    pots: tuple[Pot, ...]
    pins: Mapping[str, str]
    mux_pins: Mapping[str, str]
    mux_b_inputs: Mapping[str, int]
    button_ladder_ohms: Mapping[str, float]
    seed_pins: Mapping[str, SeedPin] = field(repr=False)
    revisions: tuple[Revision, ...]
    seed_revisions: tuple[SeedRevision, ...]

    @property
    def jacks(self) -> tuple[Jack, ...]:
        """Every jack, inputs first."""
        inputs = tuple(cv.jack for cv in self.cv_inputs)
        outputs = tuple(cv.jack for cv in self.cv_outputs)
        return (*inputs, *outputs, *self.gate_inputs, *self.gate_outputs, *self.audio_inputs, *self.audio_outputs)

    def ladder_fraction(self, *down: str) -> float:
        """Share of the supply at the button ladder with these buttons down."""
        ohms = self.button_ladder_ohms
        conductance = sum(1 / ohms[name] for name in down)
        return 1 / (1 + ohms["PULL_UP"] * conductance)

    def input_index(self, name: str) -> int:
        """Place of a CV input in all arrays. Raises KeyError for an unknown name."""
        names = [cv.name for cv in self.cv_inputs]
        if name not in names:
            raise KeyError(f"no CV input is called {name!r}; there are {', '.join(names)}")
        return names.index(name)


_ROWS_MM = {
    "top": 14.4,
    "knobs": 27.0,
    "axes": 45.0,
    "attenuverters": 61.0,
    "z": 76.0,
    "in": 88.2,
    "mid": 100.4,
    "out": 112.6,
}

PITCH_STAGE = Stage(100e3, 30.1e3, Divider(9.09e3, 10e3), tolerance=0.001)
"""V/OCT. Expected at the ADC: 1 V -> 1.948 V (code 38 685), 3 V -> 1.346 V (code 26 730)."""
CV_STAGE = Stage(100e3, 18.7e3, Divider(13.7e3, 10e3), tolerance=0.01)
"""LEVEL, Z1-Z4, MORPH: room for 1 % parts. At the ADC: 1 V -> 1.466 V (code 29 109), 3 V -> 1.092 V (21 682)."""
PITCH_OUT_STAGE = Stage(33e3, 100e3, Divider(16.5e3, 10e3), tolerance=0.001)
"""PITCH CV. DAC 0, 1.65, 3.3 V -> 5.02, 0.02, -4.98 V."""
ENV_OUT_STAGE = Stage(40.2e3, 100e3, Divider(4.22e3, 10e3), tolerance=0.01)
"""ENV CV. DAC 0 -> 8.09 V, 3.3 V -> -0.12 V: 0 V and 8 V are both reached."""


def _cv(name: str, column: int, row: str, pin: str) -> CvInput:
    limits, stage = ((-3.0, 7.0), PITCH_STAGE) if name == "V_OCT" else ((-8.0, 8.0), CV_STAGE)
    return CvInput(Jack(name, "cv", "in", column, _ROWS_MM[row], pin, limits), stage)


def _jack(name: str, kind: str, direction: str, column: int, row: str, pin: str, span: tuple[float, float]) -> Jack:
    return Jack(name, kind, direction, column, _ROWS_MM[row], pin, span)


def _pots() -> tuple[Pot, ...]:
    rows = (
        (("BRIGHT", "BREATH", "BODY", "WILD"), "axes", 10.0, "A", 0),
        (("BRIGHT_ATT", "BREATH_ATT", "BODY_ATT", "WILD_ATT"), "attenuverters", 6.0, "A", 4),
        (("PITCH", "LEVEL", "CONTOUR", "MORPH"), "knobs", 12.0, "B", 0),
    )
    return tuple(
        Pot(name, column, _ROWS_MM[row], cap, mux, first + column - 1)
        for names, row, cap, mux, first in rows
        for column, name in enumerate(names, start=1)
    )


SEED_PINS = """
D0 PB12     D1 PC11     D2 PC10     D3 PC9      D4 PC8      D5 PD2      D6 PC12     D7 PG10
D8 PG11     D9 PB4      D10 PB5     D11 PB8     D12 PB9     D13 PB6     D14 PB7     D15 PC0/10
D16 PA3/15  D17 PB1/5   D18 PA7/7   D19 PA6/3   D20 PC1/11  D21 PC4/4   D22 PA5/19  D23 PA4/18
D24 PA1/17  D25 PA0/16  D26 PD11    D27 PG9     D28 PA2/14  D29 PB14    D30 PB15
"""
"""Seed header pin, STM32 port, and after the slash its ADC1 channel."""

SIGNALS = """
VBUS_SENSE D0       NORMALLING_PROBE D2  MUX_ADDRESS_0 D3  MUX_ADDRESS_1 D4  MUX_ADDRESS_2 D5  LED_LATCH D6
OUTPUT_MUTE D7      LED_CLOCK D8         LED_BRIGHTNESS D9 LED_DATA D10      I2C_SCL D11       I2C_SDA D12
CONSOLE_TX D13      CONSOLE_RX D14       USB_DM D29        USB_DP D30
"""
"""Net that no jack or pot owns, and its Seed pin. OUTPUT_MUTE is pulled up: high mutes, so does a Seed in reset.
D28 is spare."""


def _pairs(table: str) -> Mapping[str, str]:
    words = table.split()
    return MappingProxyType(dict(zip(words[::2], words[1::2], strict=True)))


def _seed_pins() -> Mapping[str, SeedPin]:
    pins = {}
    for name, text in _pairs(SEED_PINS).items():
        port, _, channel = text.partition("/")
        pins[name] = SeedPin(port, int(channel) if channel else None)
    return MappingProxyType(pins)


BOARD = Board(
    name="lottava",
    width_hp=14,
    width_mm=70.8,
    column_mm=(10.5, 27.1, 43.7, 60.3),
    cv_inputs=(
        _cv("V_OCT", 1, "in", "D15"),
        _cv("LEVEL", 2, "in", "D16"),
        _cv("Z1", 1, "z", "D17"),
        _cv("Z2", 2, "z", "D18"),
        _cv("Z3", 3, "z", "D19"),
        _cv("Z4", 4, "z", "D20"),
        _cv("MORPH", 4, "in", "D21"),
    ),
    cv_outputs=(
        CvOutput(_jack("PITCH_CV", "cv", "out", 3, "mid", "D22", (-5.0, 5.0)), PITCH_OUT_STAGE, source_ohms=0.0),
        CvOutput(_jack("ENV_CV", "cv", "out", 4, "mid", "D23", (0.0, 8.0)), ENV_OUT_STAGE),
    ),
    gate_inputs=(
        _jack("GATE", "gate", "in", 3, "in", "D26", (0.0, 12.0)),
        _jack("FREEZE", "gate", "in", 2, "mid", "D27", (0.0, 12.0)),
    ),
    gate_outputs=(_jack("GATE_OUT", "gate", "out", 2, "out", "D1", (0.0, 5.0)),),
    audio_inputs=(_jack("FOLLOW_IN", "audio", "in", 1, "mid", "AUDIO_IN_1", (-10.0, 10.0)),),
    audio_outputs=(
        _jack("OUT", "audio", "out", 4, "out", "AUDIO_OUT_1", (-10.0, 10.0)),
        _jack("AUX", "audio", "out", 3, "out", "AUDIO_OUT_2", (-10.0, 10.0)),
    ),
    pots=_pots(),
    pins=_pairs(SIGNALS),
    mux_pins=MappingProxyType({"A": "D24", "B": "D25"}),
    mux_b_inputs=MappingProxyType({"NORMALLING_NODE": 4, "BOARD_ID": 5, "BUTTONS": 6, "PLUS_12V_TENTH": 7}),
    button_ladder_ohms=MappingProxyType({"PULL_UP": 10e3, "PREVIOUS": 10e3, "NEXT": 22e3}),
    seed_pins=_seed_pins(),
    revisions=(Revision(1, "A", Divider(10e3, 1e3)),),
    seed_revisions=(
        SeedRevision(0, "Rev4", None, "AK4556"),
        SeedRevision(1, "1.1", "PD3", "WM8731"),
        SeedRevision(2, "2 DFM", "PD4", "PCM3060"),
    ),
)
"""The board. Gate inputs arrive inverted (transistor stage)."""

LADDER_STATES = {"PREVIOUS": ("PREVIOUS",), "NEXT": ("NEXT",), "BOTH": ("PREVIOUS", "NEXT")}
"""What of the two buttons can be down."""
GATE_THRESHOLD_VOLTS = 2.09
"""100 kΩ to the base, 47 kΩ from there to ground, at 25 °C; 2.35 V at -10 °C, 1.88 V at 60 °C."""
BENCH_REVISION = 0
"""Board revision that hello reports where no ID divider is found."""
