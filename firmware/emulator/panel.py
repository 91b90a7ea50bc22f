# SPDX-License-Identifier: MIT
"""What the board wires to which channel and pin of the chip, taken from `lottava.board`."""

from __future__ import annotations

from lottava.board import BOARD, CvInput, CvOutput, Stage

INPUTS: dict[str, Stage] = {cv.name: cv.stage for cv in BOARD.cv_inputs}
OUTPUTS: dict[str, Stage] = {cv.name: cv.stage for cv in BOARD.cv_outputs}
POTS: tuple[str, ...] = tuple(pot.name for pot in BOARD.pots)
REVISION = BOARD.revisions[-1]
RAIL_12_VOLTS = 12.0


def port_and_pin(seed_pin: str) -> tuple[int, int]:
    """('D26' → PD11) → (3, 11): port 0 is A."""
    name = BOARD.seed_pins[seed_pin].port
    return "ABCDEFGH".index(name[1]), int(name[2:])


def _channel(seed_pin: str) -> int:
    channel = BOARD.seed_pins[seed_pin].adc_channel
    if channel is None:
        raise ValueError(f"Seed pin {seed_pin} is not an ADC1 input")
    return channel


def _jack_pin(item: CvInput | CvOutput) -> str:
    return item.jack.pin


CV_CHANNELS: dict[int, str] = {_channel(_jack_pin(cv)): cv.name for cv in BOARD.cv_inputs}
"""ADC1 channel → jack."""

MUX_CHANNELS: dict[int, str] = {_channel(pin): mux for mux, pin in BOARD.mux_pins.items()}
"""ADC1 channel → multiplexer."""


def _mux_nodes() -> dict[str, list[str | float]]:
    nodes: dict[str, list[str | float]] = {mux: [0.0] * 8 for mux in BOARD.mux_pins}
    for pot in BOARD.pots:
        nodes[pot.mux][pot.mux_input] = pot.name
    nodes["B"][BOARD.mux_b_inputs["BOARD_ID"]] = REVISION.board_id.fraction
    return nodes


MUX_NODES = _mux_nodes()
"""Pot, or share of 3V3_A (board ID, else 0), at each input of each multiplexer."""

PLUS_12V_TENTH = ("B", BOARD.mux_b_inputs["PLUS_12V_TENTH"])

BUTTON_NODE = ("B", BOARD.mux_b_inputs["BUTTONS"])
BUTTONS = ("PREVIOUS", "NEXT")
NORMALLING_NODE = ("B", BOARD.mux_b_inputs["NORMALLING_NODE"])

GATE_JACKS: tuple[str, ...] = tuple(jack.name for jack in BOARD.gate_inputs)
LED_LATCH, LED_CLOCK, LED_DATA, LED_BRIGHTNESS = (
    port_and_pin(BOARD.pins[f"LED_{name}"]) for name in ("LATCH", "CLOCK", "DATA", "BRIGHTNESS")
)
PROBE = port_and_pin(BOARD.pins["NORMALLING_PROBE"])
GATE, FREEZE = (port_and_pin(jack.pin) for jack in BOARD.gate_inputs)
GATE_OUT = port_and_pin(BOARD.gate_outputs[0].pin)
OUTPUT_MUTE = port_and_pin(BOARD.pins["OUTPUT_MUTE"])
STRAPS = {
    ("ABCDEFGH".index(one.strap[1]), int(one.strap[2:])): one.name.lower().replace(" ", "")
    for one in BOARD.seed_revisions
    if one.strap
}
"""Pin that is tied low → revision of the Seed."""
MUX_ADDRESS = tuple(port_and_pin(BOARD.pins[f"MUX_ADDRESS_{bit}"]) for bit in range(3))
DAC_CHANNELS = tuple({"PA4": 0, "PA5": 1}[BOARD.seed_pins[_jack_pin(cv)].port] for cv in BOARD.cv_outputs)
"""DAC1 channel (0 = OUT1) of each CV output, in the order of the outputs."""
ONBOARD_LED = (2, 7)
"""PC7, on the Seed itself."""
