# SPDX-License-Identifier: MIT
"""What is wired to which converter channel, and the stages in between."""

from __future__ import annotations

from dataclasses import dataclass

from lottava.gesture import CV_JACKS, KNOBS


@dataclass(frozen=True)
class InputStage:
    """Inverting stage: pin = bias*(1+ratio) - ratio*jack, ratio = Rf/Rin; resistor tolerance as a share."""

    ratio: float
    bias_volts: float
    tolerance: float


@dataclass(frozen=True)
class OutputStage:
    """Inverting stage: jack = bias*(1+ratio) - ratio*DAC volts."""

    ratio: float
    bias_volts: float
    tolerance: float


_OTHER = InputStage(18.7 / 100, 1.39, 0.01)
INPUTS = {jack: InputStage(30.1 / 100, 1.73, 0.001) if jack == "v_oct" else _OTHER for jack in CV_JACKS}
OUTPUTS = {"pitch": OutputStage(100 / 33, 1.245, 0.001), "env": OutputStage(100 / 33, 1.99, 0.01)}
POTS = KNOBS

CV_CHANNELS = dict(zip((10, 15, 5, 7, 3, 11, 4), CV_JACKS, strict=True))
"""ADC1 channel of D15-D21."""
MUX_CHANNELS = {17: 0, 16: 1}
"""ADC1 channel of the multiplexers A (D24) and B (D25)."""
_UNUSED_VOLTS = 0.0
MUX_NODES: tuple[tuple[str | float, ...], ...] = (
    POTS[:8],
    (*POTS[8:], _UNUSED_VOLTS, _UNUSED_VOLTS, _UNUSED_VOLTS, _UNUSED_VOLTS),
)
"""Knob, or volts, at each of the eight positions."""
