# SPDX-License-Identifier: MIT
"""Names of the nets at the Seed's pins, made from the board's names, and the pins' numbers on the Seed's header."""

from __future__ import annotations

from lottava.board import BOARD

AUDIO_PINS = {"AUDIO_IN_1": 16, "AUDIO_IN_2": 17, "AUDIO_OUT_1": 18, "AUDIO_OUT_2": 19}
SUPPLY_PINS = {"AGND": 20, "3V3_A": 21, "3V3_D": 38, "VIN": 39, "DGND": 40}


def header_pin(name: str) -> int:
    """Number on the Seed's header of "D15" or "AUDIO_IN_1": D0-D14 are 1-15, D15-D30 are 22-37."""
    if name in AUDIO_PINS:
        return AUDIO_PINS[name]
    number = int(name.removeprefix("D"))
    return number + 1 if number < 15 else number + 7


def seed_nets() -> dict[str, str]:
    """Seed pin → net: V_OCT_ADC, PITCH_CV_DAC, GATE_N (low when the jack is high), GATE_OUT_LOGIC, OUT_CODEC, MUX_A."""
    nets = {pin: name for name, pin in BOARD.pins.items()}
    nets.update((cv.jack.pin, f"{cv.name}_ADC") for cv in BOARD.cv_inputs)
    nets.update((cv.jack.pin, f"{cv.name}_DAC") for cv in BOARD.cv_outputs)
    nets.update((jack.pin, f"{jack.name}_N") for jack in BOARD.gate_inputs)
    nets.update((jack.pin, f"{jack.name}_LOGIC") for jack in BOARD.gate_outputs)
    nets.update((jack.pin, f"{jack.name}_CODEC") for jack in (*BOARD.audio_inputs, *BOARD.audio_outputs))
    nets.update((pin, f"MUX_{name}") for name, pin in BOARD.mux_pins.items())
    return nets
