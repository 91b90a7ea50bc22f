# SPDX-License-Identifier: MIT
"""From a float graph to the integer graph that the module runs, with the error of every layer measured on clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lottava import fixedpoint, fixedpoint_s8, reference
from lottava.graph import PRODUCTS, Graph, Layer, graph_hash
from lottava.layers import S8_KINDS
from lottava.levels import at_level, level_count
from lottava.scales import MAX_SATURATED_SHARE, product_scales, tensor_scales

from .quantise_report import (
    LayerReport,
    QuantisationReport,
    accumulator_bits,
    accumulator_bound,
    make_report,
    saturated_share,
)

__all__ = [
    "LayerReport",
    "QuantisationError",
    "QuantisationReport",
    "accumulator_bits",
    "accumulator_bound",
    "quantise",
    "quantise_at",
]

FLAT_ENDED = ("tanh", "sigmoid", "hard_tanh", "elu", "exp2", "relu")
"""Functions that are level, or clamped in float graphs, too, where their input's codes end at ±8 (within 4e-3)."""

FORMS = {"s8s16": fixedpoint, "s8s8": fixedpoint_s8}
"""Where each number format finds its ranges."""

GRID_ERROR = 2.0**-22
"""Weights this near to their codes, relative to the row's largest, are codes written as float32."""


class QuantisationError(ValueError):
    """A graph that s8 weights and s16 activations can't hold: says which layer and what to do."""


def _weight_bias(layer: Layer, error: NDArray, mean: NDArray) -> NDArray:
    """Mean of what the weights' errors [rows, …] add to each row, for a mean input column."""
    if layer.kind == "scale":
        return error * mean
    rows = len(error)
    by_channel = error.reshape(rows, -1, error.shape[-1]).sum(axis=1)
    if layer.kind == "conv_transpose1d":
        return by_channel @ mean / layer.option("stride")
    groups = layer.option("groups") if layer.kind == "conv1d" else 1
    if groups == 1:
        return by_channel @ mean
    own = np.repeat(mean.reshape(groups, -1), rows // groups, axis=0)
    return (by_channel * own).sum(axis=1)


def _quantise_product(
    layer: Layer, suffix: str, scales: tuple[float, float], mean_input: NDArray | None, number_format: str
) -> dict[str, NDArray]:
    """weight, bias, multiplier and shift of one product. scales: of its input and of its result.

    The bias takes up the mean error that rounded weights make on the representative clips, which rounding leaves
    biased by up to half a code per weight times the mean of a ReLU feature; not where mean_input is None.
    """
    weight = layer.arrays["weight" + suffix].astype(np.float64)
    bias = layer.arrays["bias" + suffix].astype(np.float64)
    (input_scale, output_scale), form = scales, FORMS[number_format]
    try:
        row_scales = form.legal_weight_scales(weight, bias, input_scale, output_scale)
        factors = [form.quantise_multiplier(s) for s in input_scale * row_scales / output_scale]
    except ValueError as why:
        raise QuantisationError(f"layer {layer.name!r}: {why}; train on with weight decay, then quantise") from why
    codes = fixedpoint.quantise_s8(weight, row_scales)
    by_row = row_scales.reshape(-1, *[1] * (weight.ndim - 1))
    error = weight - codes * by_row
    if mean_input is not None and np.any(np.abs(error) > GRID_ERROR * fixedpoint.S8_MAX * by_row):
        bias = bias + _weight_bias(layer, error, mean_input)
    bias_codes = np.clip(np.rint(bias / (input_scale * row_scales)), fixedpoint.S32_MIN, fixedpoint.S32_MAX)
    multiplier, shift = zip(*factors, strict=True)
    return {
        "weight" + suffix: codes,
        "bias" + suffix: bias_codes.astype(np.int32),
        "multiplier" + suffix: np.array(multiplier, dtype=np.int32),
        "shift" + suffix: np.array(shift, dtype=np.int32),
    }


def _quantise_layer(
    layer: Layer, scales: Mapping[str, float], means: Mapping[str, NDArray], number_format: str
) -> Layer:
    arrays: dict[str, NDArray] = {}
    for suffix in PRODUCTS[layer.kind]:
        mean = means.get(layer.output if suffix == "_hh" else layer.inputs[0])
        arrays |= _quantise_product(layer, suffix, product_scales(layer, suffix, scales), mean, number_format)
    return replace(layer, arrays=arrays)


def quantise_at(
    graph: Graph,
    scales: Mapping[str, float],
    means: Mapping[str, NDArray] | None = None,
    *,
    number_format: str = "s8s16",
) -> Graph:
    """The integer graph of a float graph at given scales of all tensors, nothing measured.

    means: mean column of each tensor, for the bias correction; without it biases stay as trained. Raises
    QuantisationError for weights too large, GraphError for scales that the layers can't have.
    """
    if graph.is_integer:
        raise QuantisationError("the graph is already an integer one; quantise its float parent")
    return Graph(
        number_format,
        graph.inputs,
        graph.outputs,
        {name: replace(tensor, scale=scales[name]) for name, tensor in graph.tensors.items()},
        tuple(_quantise_layer(layer, scales, means or {}, number_format) for layer in graph.layers),
        parent=graph_hash(graph),
        levels=graph.levels,
    )


def _levels_off(layer: Layer, name: str) -> bool:
    """Whether the layer computes much the same of a saturated input as of what it stands for."""
    if layer.kind == "activation":
        return layer.activation in FLAT_ENDED
    return layer.kind == "gated_conv1d" and name != layer.inputs[0]


def _forgiving(graph: Graph) -> set[str]:
    """Tensors that may saturate unheard: read by nothing but functions with level ends, or as a gate's condition."""
    readers = {name: [layer for layer in graph.layers if name in layer.inputs] for name in graph.tensors}
    inner = readers.keys() - set(graph.outputs)
    return {name for name in inner if readers[name] and all(_levels_off(layer, name) for layer in readers[name])}


def _refuse_saturation(graph: Graph, exact: Mapping[str, NDArray], scales: Mapping[str, float]) -> None:
    for name in sorted(exact.keys() - _forgiving(graph)):
        if (share := saturated_share(exact[name], scales[name])) > MAX_SATURATED_SHARE:
            raise QuantisationError(
                f"tensor {name!r} leaves its s16 range of ±{scales[name] * 2**15:g} on {share:.2%} of its values (at "
                f"most {MAX_SATURATED_SHARE:.1%}); check the clips, or train on with weight decay, then quantise"
            )


def _scales(graph: Graph, levels: Sequence[Mapping[str, NDArray]], number_format: str) -> dict[str, float]:
    """Of every tensor, from its values on the clips at each level.

    Raises QuantisationError for saturation and unknown number formats.
    """
    if number_format not in FORMS:
        raise QuantisationError(f"number format {number_format!r} is no integer one; choose from {sorted(FORMS)}")
    peaks = {name: max(float(np.max(np.abs(exact[name]))) for exact in levels) for name in levels[0]}
    if number_format == "s8s8":
        if others := sorted({layer.kind for layer in graph.layers} - set(S8_KINDS)):
            raise QuantisationError(f"the graph has {others}, s8s8 runs {list(S8_KINDS)} alone; quantise to s8s16")
        return {name: fixedpoint_s8.activation_scale(peak) for name, peak in peaks.items()}
    scales = tensor_scales(graph, peaks)
    for exact in levels:
        _refuse_saturation(graph, exact, scales)
    return scales


def quantise(
    graph: Graph,
    representative_inputs: Mapping[str, ArrayLike],
    *,
    correct_bias: bool = True,
    number_format: str = "s8s16",
) -> tuple[Graph, QuantisationReport]:
    """The integer graph of a float graph, and what it costs in accuracy.

    representative_inputs: real values (octaves, -1..1), [..., columns, size] per input, from the training clips.
    correct_bias=False keeps the biases as trained: for graphs whose weights already lie on the integer grid it makes no
    difference. number_format: s8s16, what voices use, or s8s8, dense and conv1d layers for CMSIS-NN's s8 kernels, every
    tensor scaled by its own peak on the clips. Raises QuantisationError for an integer graph, no clips, values that are
    not finite, weights too large, layers that s8s8 lacks, or saturation above 0.1 %.
    """
    if graph.is_integer:
        raise QuantisationError("the graph is already an integer one; quantise its float parent")
    inputs = {name: np.asarray(value, dtype=np.float64) for name, value in representative_inputs.items()}
    if not inputs or not all(value.size for value in inputs.values()):
        raise QuantisationError("no representative frames were given; pass a few training clips")
    for name, value in inputs.items():
        if not np.all(np.isfinite(value)):
            raise QuantisationError(f"representative input {name!r} holds NaN or infinity; pass finite clips")
    names = tuple(graph.tensors)
    exact = reference.run(graph, inputs, names)
    narrower = (reference.run(at_level(graph, level), inputs, names) for level in range(1, level_count(graph)))
    scales = _scales(graph, [exact, *narrower], number_format)
    means = {name: value.reshape(-1, value.shape[-1]).mean(axis=0) for name, value in exact.items()}
    integer = quantise_at(graph, scales, means if correct_bias else None, number_format=number_format)
    to_codes = fixedpoint_s8.quantise_codes if number_format == "s8s8" else fixedpoint.quantise_s16
    codes = reference.run(integer, {name: to_codes(inputs[name], scales[name]) for name in graph.inputs}, names)
    return integer, make_report(graph, integer, exact, codes)
