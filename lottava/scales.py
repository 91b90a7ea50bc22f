# SPDX-License-Identifier: MIT
"""What one s16 code is worth on each tensor of a voice: fixed powers of two, in training, file and firmware alike."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .fixedpoint import RELU_FRACTION_BITS, UNIT_FRACTION_BITS, quantise_s16
from .graph import Graph, GraphError, Layer

INPUT_SCALES = {"pitch": 2.0**-12, "loudness": 2.0**-14, "axes": 2.0**-14}
"""pitch: octaves from C4 (0 V), ±8; loudness: the training 5–95 % range as -1..1; axes: knob travel as -1..1."""

OUTPUT_FRACTION_BITS = 11
"""Dense layers without activation, the controls above all: ±16 before exp_sigmoid."""

MAX_SATURATED_SHARE = 1e-3
"""Of a tensor's codes over the representative clips; above it a voice is refused rather than left to distort."""


def _output_scale(layer: Layer, scales: Mapping[str, float]) -> float:
    if layer.kind == "gru":
        return 2.0**-UNIT_FRACTION_BITS
    if layer.kind == "concat":
        return max(scales[name] for name in layer.inputs)
    return 2.0 ** -(RELU_FRACTION_BITS if layer.activation == "relu" else OUTPUT_FRACTION_BITS)


def tensor_scales(graph: Graph) -> dict[str, float]:
    """Scale of every tensor of a float graph once it is quantised. Raises GraphError for an input without a rule."""
    if unknown := sorted(set(graph.inputs) - set(INPUT_SCALES)):
        raise GraphError(f"inputs {unknown} have no fixed scale; this version knows {sorted(INPUT_SCALES)}")
    scales = {name: INPUT_SCALES[name] for name in graph.inputs}
    for layer in graph.layers:
        scales[layer.output] = _output_scale(layer, scales)
    return scales


def input_codes(inputs: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.int16]]:
    """Real-valued inputs (octaves, -1..1) as the s16 codes that the module feeds its network, saturated."""
    return {name: quantise_s16(value, INPUT_SCALES[name]) for name, value in inputs.items()}


def real_values(codes: ArrayLike, scale: float | None) -> NDArray[np.float64]:
    """Codes of an integer tensor as the numbers they stand for; values of a float tensor (scale None) as they are."""
    return np.asarray(codes, dtype=np.float64) * (1.0 if scale is None else scale)
