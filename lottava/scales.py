# SPDX-License-Identifier: MIT
"""What one s16 code is worth on each tensor: powers of two, the same in training, file and firmware."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .fixedpoint import S8_MAX, S16_MAX, UNIT_FRACTION_BITS, quantise_s16
from .graph import PRODUCTS, Graph, GraphError, Layer
from .layer_rules import GATE_SCALE, MAX_ADD_SHIFT, MULTIPLY_SHIFTS, SAME_SCALE, fixed_output_scale, gate_inputs

INPUT_SCALES = {"pitch": 2.0**-12, "loudness": 2.0**-14, "axes": 2.0**-14}
"""pitch: octaves from C4 (0 V), ±8; loudness: the training 5–95 % range as -1..1; axes: knob travel as -1..1."""

STREAM_INPUT_SCALES = {
    **dict.fromkeys(("source", "noise", "sample", "sin_cos"), 2.0**-UNIT_FRACTION_BITS),
    "condition": 2.0**-14,
}
"""Inputs of networks that make samples: sound and the sine and cosine of its phase as -1..1 to a code; the controls of
a condition are normalised to -1..1 with as much again in reserve, as loudness and axes are."""

OUTPUT_FRACTION_BITS = 11
"""Linear layers without a measured peak, the controls above all: ±16 before exp_sigmoid."""

OUTPUT_SCALES = {
    "controls": 2.0**-OUTPUT_FRACTION_BITS,
    "mixture": 2.0**-OUTPUT_FRACTION_BITS,
    "audio": 2.0**-UNIT_FRACTION_BITS,
}
"""Outputs that the module reads: logits, means and log-scales of a mixture within ±16, audio within ±1."""

HEADROOM = 1.25
"""2 dB above the peak over the representative clips."""

SMALLEST_PEAK = 2.0**-10
"""A tensor that never moved on the representative clips still gets this range."""

MAX_SATURATED_SHARE = 1e-3
"""Of a tensor's codes over the representative clips; above it a voice is refused rather than left to distort."""


def power_of_two_scale(peak: float) -> float:
    """Smallest power of two at which codes reach 1.25 times the peak. Raises ValueError for NaN or infinity."""
    return 2.0 ** math.ceil(math.log2(HEADROOM * max(float(peak), SMALLEST_PEAK) / S16_MAX))


def _read_by_gates(graph: Graph) -> set[str]:
    """Tensors that have to be at 2^-12: what activations and conditions read, and what hands its codes on to those."""
    names: set[str] = set()
    for layer in reversed(graph.layers):
        names.update(gate_inputs(layer))
        if layer.output in names and layer.kind in (*SAME_SCALE, "concat"):
            names.update(layer.inputs)
    return names


def _legal_range(layer: Layer, sources: list[float]) -> tuple[float, float]:
    """Least and greatest output scale that the layer's integers allow."""
    if layer.kind == "add":
        room = 2.0 ** (MAX_ADD_SHIFT - math.ceil(math.log2(len(sources))))
        return max(sources) / room, min(sources) * 2.0**MAX_ADD_SHIFT
    if layer.kind == "multiply":
        product = sources[0] * sources[1]
        return product * 2.0 ** MULTIPLY_SHIFTS[0], product * 2.0 ** MULTIPLY_SHIFTS[1]
    peak = max(float(np.max(np.abs(layer.arrays["weight"]))), 1e-30)
    return 2.0 ** math.ceil(math.log2(2.001 * peak / S8_MAX * sources[0])), math.inf


def _free_scale(layer: Layer, sources: list[float], peak: float | None) -> float:
    """A scale for what a layer's arithmetic leaves free: by its peak, then moved to where its integers are defined."""
    if peak is None and PRODUCTS[layer.kind]:
        return 2.0**-OUTPUT_FRACTION_BITS
    wish = 2.0**-OUTPUT_FRACTION_BITS if peak is None else power_of_two_scale(peak)
    least, greatest = _legal_range(layer, sources)
    return min(max(wish, least), greatest)


def _output_scale(
    graph: Graph, layer: Layer, scales: Mapping[str, float], gated: set[str], peaks: Mapping[str, float]
) -> float:
    sources = [scales[name] for name in layer.inputs]
    if (fixed := fixed_output_scale(layer)) is not None:
        return fixed
    if layer.kind in SAME_SCALE or layer.kind == "concat":
        return max(sources)
    if layer.output in gated:
        return GATE_SCALE
    if layer.output in graph.outputs and layer.output in OUTPUT_SCALES:
        return OUTPUT_SCALES[layer.output]
    return _free_scale(layer, sources, peaks.get(layer.output))


def tensor_scales(graph: Graph, peaks: Mapping[str, float] | None = None) -> dict[str, float]:
    """Scale of every tensor of a float graph once it is quantised.

    The module's inputs and outputs have fixed scales by name, most kinds of layer prescribe theirs, what activations
    and conditions read is at 2^-12. Whatever is left, and inputs of other names, takes the smallest power of two with
    2 dB above its peak (largest absolute value by tensor) or 2^-11 without one. Raises GraphError for an input without
    a rule.
    """
    fixed, peaks, gated = INPUT_SCALES | STREAM_INPUT_SCALES, peaks or {}, _read_by_gates(graph)
    if unknown := sorted(set(graph.inputs) - set(fixed) - gated - set(peaks)):
        raise GraphError(f"inputs {unknown} have no fixed scale; this version knows {sorted(fixed)}")
    scales = {}
    for name in graph.inputs:
        scales[name] = fixed.get(name) or (GATE_SCALE if name in gated else power_of_two_scale(peaks[name]))
    for layer in graph.layers:
        scales[layer.output] = _output_scale(graph, layer, scales, gated, peaks)
    return scales


GATED = ("gru", "lstm", "gated_conv1d")
"""Kinds whose products are requantised to gate pre-activations, not to the output's own codes."""


def product_scales(layer: Layer, suffix: str, scales: Mapping[str, float]) -> tuple[float, float]:
    """Of what a product multiplies and of what it is requantised to. suffix: as in PRODUCTS."""
    source = layer.output if suffix == "_hh" else layer.inputs[0]
    return scales[source], GATE_SCALE if layer.kind in GATED else scales[layer.output]


def input_codes(
    inputs: Mapping[str, ArrayLike], scales: Mapping[str, float] = INPUT_SCALES | STREAM_INPUT_SCALES
) -> dict[str, NDArray[np.int16]]:
    """Real-valued inputs (octaves, -1..1) as the s16 codes that the module feeds its network, saturated."""
    return {name: quantise_s16(value, scales[name]) for name, value in inputs.items()}


def real_values(codes: ArrayLike, scale: float | None) -> NDArray[np.float64]:
    """Codes of an integer tensor as the numbers they stand for; values of a float tensor (scale None) as they are."""
    return np.asarray(codes, dtype=np.float64) * (1.0 if scale is None else scale)
