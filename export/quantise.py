# SPDX-License-Identifier: MIT
"""From a float graph to the integer graph that the module runs, with the error of every layer measured on clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lottava import fixedpoint, reference
from lottava.graph import Graph, Layer, graph_hash
from lottava.scales import MAX_SATURATED_SHARE, input_codes, real_values, tensor_scales

PRODUCTS = {"dense": ("",), "gru": ("_ih", "_hh"), "concat": ()}
"""Suffixes of a layer's matrix products."""


class QuantisationError(ValueError):
    """A graph that s8 weights and s16 activations can't hold: says which layer and what to do."""


@dataclass(frozen=True)
class LayerReport:
    """Integer against float on the representative clips, in the tensor's own unit.

    worst_error, rms_error: of the layer's output; rms: of the float output; saturated: share of float values outside
    the s16 range; accumulator_bits: 32 where the weights prove it, else 64 (0 for a concat).
    """

    layer: str
    tensor: str
    worst_error: float
    rms_error: float
    rms: float
    saturated: float
    accumulator_bits: int


@dataclass(frozen=True)
class QuantisationReport:
    """One entry a layer, in execution order. parent: hash of the float graph."""

    parent: str
    frames: int
    layers: tuple[LayerReport, ...]

    @property
    def worst(self) -> LayerReport:
        """The layer with the largest error relative to its signal."""
        return max(self.layers, key=lambda entry: entry.rms_error / (entry.rms + 1e-9))


def _quantise_product(
    layer: Layer, suffix: str, scales: tuple[float, float], mean_input: NDArray, correct_bias: bool
) -> dict[str, NDArray]:
    """weight, bias, multiplier and shift of one product. scales: of its input and of its result.

    The bias takes up the mean error that rounded weights make on the representative clips, which rounding leaves
    biased by up to half a code per weight times the mean of a ReLU feature.
    """
    weight = layer.arrays["weight" + suffix].astype(np.float64)
    bias = layer.arrays["bias" + suffix].astype(np.float64)
    input_scale, output_scale = scales
    try:
        row_scales = fixedpoint.legal_weight_scales(weight, bias, input_scale, output_scale)
        factors = [fixedpoint.quantise_multiplier(s) for s in input_scale * row_scales / output_scale]
    except ValueError as error:
        raise QuantisationError(f"layer {layer.name!r}: {error}; train on with weight decay, then quantise") from error
    codes = fixedpoint.quantise_s8(weight, row_scales)
    if correct_bias:
        bias = bias + (weight - codes * row_scales[:, None]) @ mean_input
    bias_codes = np.clip(np.rint(bias / (input_scale * row_scales)), fixedpoint.S32_MIN, fixedpoint.S32_MAX)
    multiplier, shift = zip(*factors, strict=True)
    return {
        "weight" + suffix: codes,
        "bias" + suffix: bias_codes.astype(np.int32),
        "multiplier" + suffix: np.array(multiplier, dtype=np.int32),
        "shift" + suffix: np.array(shift, dtype=np.int32),
    }


def _quantise_layer(layer: Layer, scales: Mapping[str, float], means: Mapping[str, NDArray], correct: bool) -> Layer:
    arrays: dict[str, NDArray] = {}
    gate_scale = 2.0**-fixedpoint.GATE_FRACTION_BITS
    for suffix in PRODUCTS[layer.kind]:
        source = layer.output if suffix == "_hh" else layer.inputs[0]
        target = scales[layer.output] if layer.kind == "dense" else gate_scale
        arrays |= _quantise_product(layer, suffix, (scales[source], target), means[source], correct)
    return replace(layer, arrays=arrays)


def accumulator_bits(layer: Layer) -> int:
    """32 where the layer's weights prove that no input overflows 32 bits, else 64; 0 for a layer without products."""
    proofs = [
        fixedpoint.fits_32_bits(layer.arrays["weight" + suffix], layer.arrays["bias" + suffix])
        for suffix in PRODUCTS[layer.kind]
    ]
    return 0 if not proofs else 32 if all(proofs) else 64


def _saturated_share(exact: NDArray, scale: float) -> float:
    """Share of float values that lie over one code outside the s16 range.

    A ReLU at its clamp of 8 is one code outside: training saw the same clamp, so it does not count.
    """
    return float(np.mean((exact / scale > fixedpoint.S16_MAX + 1) | (exact / scale < fixedpoint.S16_MIN - 1)))


def _report_layer(layer: Layer, scale: float, exact: NDArray, codes: NDArray) -> LayerReport:
    error = real_values(codes, scale) - exact
    return LayerReport(
        layer=layer.name,
        tensor=layer.output,
        worst_error=float(np.max(np.abs(error))),
        rms_error=float(np.sqrt(np.mean(error**2))),
        rms=float(np.sqrt(np.mean(exact**2))),
        saturated=_saturated_share(exact, scale),
        accumulator_bits=accumulator_bits(layer),
    )


def _refuse_saturation(exact: Mapping[str, NDArray], scales: Mapping[str, float]) -> None:
    for name, values in exact.items():
        if (share := _saturated_share(values, scales[name])) > MAX_SATURATED_SHARE:
            raise QuantisationError(
                f"tensor {name!r} leaves its s16 range of ±{scales[name] * 2**15:g} on {share:.2%} of its values (at "
                f"most {MAX_SATURATED_SHARE:.1%}); check the clips, or train on with weight decay, then quantise"
            )


def quantise(
    graph: Graph, representative_inputs: Mapping[str, ArrayLike], *, correct_bias: bool = True
) -> tuple[Graph, QuantisationReport]:
    """The s8/s16 graph of a float graph, and what it costs in accuracy.

    representative_inputs: real values (octaves, -1..1), [..., frames, size] per input, from the training clips.
    correct_bias=False keeps the biases as trained: for graphs whose weights already lie on the integer grid it makes no
    difference. Raises QuantisationError for an integer graph, no frames, weights too large, or saturation above 0.1 %.
    """
    if graph.is_integer:
        raise QuantisationError("the graph is already an integer one; quantise its float parent")
    inputs = {name: np.asarray(value, dtype=np.float64) for name, value in representative_inputs.items()}
    if not inputs or not all(value.size for value in inputs.values()):
        raise QuantisationError("no representative frames were given; pass a few training clips")
    scales, names = tensor_scales(graph), tuple(graph.tensors)
    exact = reference.run(graph, inputs, names)
    _refuse_saturation(exact, scales)
    means = {name: value.reshape(-1, value.shape[-1]).mean(axis=0) for name, value in exact.items()}
    integer = Graph(
        "s8s16",
        graph.inputs,
        graph.outputs,
        {name: replace(tensor, scale=scales[name]) for name, tensor in graph.tensors.items()},
        tuple(_quantise_layer(layer, scales, means, correct_bias) for layer in graph.layers),
        parent=graph_hash(graph),
    )
    codes = reference.run(integer, input_codes(inputs), names)
    entries = tuple(
        _report_layer(layer, scales[layer.output], exact[layer.output], codes[layer.output]) for layer in integer.layers
    )
    return integer, QuantisationReport(graph_hash(graph), exact[names[0]][..., 0].size, entries)
