# SPDX-License-Identifier: MIT
"""One board's parts: nominal, or drawn within their tolerances as hardware.md 6 case B."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from lottava.board import OP_AMP_OFFSET_VOLTS, SUPPLY_TOLERANCE, SUPPLY_VOLTS, USUAL_SOURCE_OHMS, Stage

from .panel import INPUTS, OUTPUTS

NOISE_VOLTS = 0.3e-3
INL_VOLTS = 1.5e-3
REFERENCE_VOLTS = 2.5
"""What the normalling switch puts on the contacts of CV jacks while the probe is high; 0 V else (instrument.md 2)."""
REFERENCE_TOLERANCE = 0.0005
CONTACT_TOLERANCE = 0.01
"""Of the 1 kΩ from the switch to each contact."""


@dataclass(frozen=True)
class Parts:
    """One board's values. Per input: feedback ratio Rf/Rin, bias as share of 3V3_A, op-amp offset in volts.

    output_bend: of the DAC, one sine over its range; straight unless it is asked for.
    contact_ratio: Rf/Rin by way of the switch contact's resistor, over that of a usual output's 1 kΩ.
    """

    supply_volts: float
    noise_volts: float
    ratio: tuple[float, ...]
    bias_share: tuple[float, ...]
    offset_volts: tuple[float, ...]
    inl_volts: tuple[float, float, float] = (0.0, 0.0, 0.0)
    inl_phase: tuple[float, float, float] = (0.0, 0.0, 0.0)
    output_ratio: tuple[float, ...] = field(default=tuple(stage.slope for stage in OUTPUTS.values()))
    output_bias_share: tuple[float, ...] = field(default=tuple(stage.bias.fraction for stage in OUTPUTS.values()))
    output_bend_codes: float = 0.0
    output_bend_phase: float = 0.0
    reference_volts: float = REFERENCE_VOLTS
    contact_ratio: tuple[float, ...] = (1.0,) * len(INPUTS)


def nominal_parts() -> Parts:
    """The board as it is drawn."""
    inputs = INPUTS.values()
    return Parts(
        supply_volts=SUPPLY_VOLTS,
        noise_volts=0.0,
        ratio=tuple(stage.slope for stage in inputs),
        bias_share=tuple(stage.bias.fraction for stage in inputs),
        offset_volts=(0.0,) * len(INPUTS),
    )


def _draw_ratio(random: np.random.Generator, stage: Stage) -> float:
    """Rf/Rin of two resistors within their tolerance."""
    above, below = 1 + random.uniform(-stage.tolerance, stage.tolerance, 2)
    return stage.slope * above / below


def _draw_bias(random: np.random.Generator, stage: Stage) -> float:
    """Share of 3V3_A that a divider of two resistors within tolerance gives."""
    above, below = 1 + random.uniform(-stage.tolerance, stage.tolerance, 2)
    top, bottom = stage.bias.top_ohms * above, stage.bias.bottom_ohms * below
    return bottom / (top + bottom)


def draw_parts(seed: int) -> Parts:
    """A random board: resistors, op-amps, supply and converter as hardware.md 6 case B."""
    random = np.random.default_rng(seed)
    parts = _draw_stages(random)
    contacts = tuple(
        stage.input_ohms
        / (stage.input_ohms + USUAL_SOURCE_OHMS * random.uniform(-CONTACT_TOLERANCE, CONTACT_TOLERANCE))
        for stage in INPUTS.values()
    )
    reference = REFERENCE_VOLTS * (1 + random.uniform(-REFERENCE_TOLERANCE, REFERENCE_TOLERANCE))
    return replace(parts, reference_volts=reference, contact_ratio=contacts)


def _draw_stages(random: np.random.Generator) -> Parts:
    peaks = random.dirichlet((1.0, 1.0, 1.0)) * INL_VOLTS
    return Parts(
        supply_volts=SUPPLY_VOLTS * (1 + random.uniform(-SUPPLY_TOLERANCE, SUPPLY_TOLERANCE)),
        noise_volts=NOISE_VOLTS,
        ratio=tuple(_draw_ratio(random, stage) for stage in INPUTS.values()),
        bias_share=tuple(_draw_bias(random, stage) for stage in INPUTS.values()),
        offset_volts=tuple(random.uniform(-OP_AMP_OFFSET_VOLTS, OP_AMP_OFFSET_VOLTS, len(INPUTS))),
        inl_volts=tuple(peaks),
        inl_phase=tuple(random.uniform(0, 2 * np.pi, 3)),
        output_ratio=tuple(_draw_ratio(random, stage) for stage in OUTPUTS.values()),
        output_bias_share=tuple(_draw_bias(random, stage) for stage in OUTPUTS.values()),
    )
