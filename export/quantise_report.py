# SPDX-License-Identifier: MIT
"""What quantising costs, layer by layer: integer against float on the representative clips, and what was proved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lottava import fixedpoint, fixedpoint_s8, reference
from lottava.graph import PRODUCTS, Graph, Layer, graph_hash
from lottava.scales import real_values

SILENCE = 1e-9
"""Added to what errors are compared with, so that a tensor that is always zero has a ratio, too."""

LARGEST_CODE = {"s8s16": fixedpoint.S16_MAX, "s8s8": fixedpoint_s8.S8_MAX}
"""Of an activation, by number format."""


@dataclass(frozen=True)
class LayerReport:
    """Integer against float on the representative clips, in the tensor's own unit.

    worst_error, rms_error: of the layer's output, all earlier layers' errors included; own_rms_error: of this layer
    alone, float on the integers' own inputs; rms: of the float output; saturated: share of float values outside the
    codes' range. accumulator_bits: 32 where the weights prove it, else 64 (0 without products); accumulator_bound: the
    proof, the largest |accumulator| that any input can make.
    """

    layer: str
    kind: str
    tensor: str
    worst_error: float
    rms_error: float
    own_rms_error: float
    rms: float
    saturated: float
    accumulator_bits: int
    accumulator_bound: int

    @property
    def snr_db(self) -> float:
        """Signal over error in decibels, earlier errors included; 0 where both are silent."""
        return decibels(self.rms, self.rms_error)

    @property
    def own_snr_db(self) -> float:
        """Signal over this layer's own error."""
        return decibels(self.rms, self.own_rms_error)

    @property
    def exact(self) -> bool:
        """Whether this layer added nothing but what float64 rounds."""
        return self.own_rms_error <= SILENCE


def decibels(signal: float, error: float) -> float:
    """20 log10(signal / error), finite at either zero."""
    return 20.0 * math.log10((signal + SILENCE) / (error + SILENCE))


@dataclass(frozen=True)
class QuantisationReport:
    """One entry a layer, in execution order. parent: hash of the float graph; ticks: of all clips together."""

    parent: str
    ticks: int
    layers: tuple[LayerReport, ...]
    outputs: tuple[str, ...]

    @property
    def worst(self) -> LayerReport:
        """The layer with the largest error relative to its signal."""
        return max(self.layers, key=lambda entry: entry.rms_error / (entry.rms + SILENCE))

    @property
    def end_to_end(self) -> tuple[LayerReport, ...]:
        """The entries of the graph's outputs: what all layers' errors come to."""
        return tuple(entry for entry in self.layers if entry.tensor in self.outputs)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values, ratios in decibels included."""
        entries = [asdict(e) | {"snr_db": e.snr_db, "own_snr_db": e.own_snr_db} for e in self.layers]
        outputs = {entry.tensor: entry.snr_db for entry in self.end_to_end}
        return {"parent": self.parent, "ticks": self.ticks, "layers": entries, "outputs_snr_db": outputs}


def accumulator_bound(layer: Layer, number_format: str = "s8s16") -> int:
    """Largest |accumulator| that any input can make in a layer's products: Σ|w| * 2^15 (s8s8: 2^7) + |bias|."""
    bounds = [0]
    for suffix in PRODUCTS[layer.kind]:
        weight, bias = (np.abs(layer.arrays[name + suffix].astype(np.int64)) for name in ("weight", "bias"))
        sums = weight.reshape(len(weight), -1).sum(axis=1)
        bounds.append(int(np.max(sums * (LARGEST_CODE[number_format] + 1) + bias)))
    return max(bounds)


def accumulator_bits(layer: Layer, number_format: str = "s8s16") -> int:
    """32 where the layer's weights prove that no input overflows 32 bits, else 64; 0 for a layer without products."""
    if not PRODUCTS[layer.kind]:
        return 0
    return 32 if accumulator_bound(layer, number_format) <= fixedpoint.S32_MAX else 64


def saturated_share(exact: NDArray, scale: float, number_format: str = "s8s16") -> float:
    """Share of float values that lie over one code outside the range of the codes.

    A ReLU at its clamp of 8 is one code outside: training saw the same clamp, so it does not count.
    """
    largest = LARGEST_CODE[number_format]
    return float(np.mean((exact / scale > largest + 1) | (exact / scale < -largest - 2)))


def _rms(values: NDArray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _alone(graph: Graph, layer: Layer) -> Graph:
    """The layer as a float graph of its own, its fastest tensor stepping every tick."""
    names = dict.fromkeys((*layer.inputs, layer.output))
    shortest = min(graph.tensors[name].period for name in names)
    tensors = {n: replace(graph.tensors[n], scale=None, period=graph.tensors[n].period // shortest) for n in names}
    return Graph("f32", tuple(dict.fromkeys(layer.inputs)), (layer.output,), tensors, (layer,))


def _layer_report(
    graphs: tuple[Graph, Graph], number: int, exact: NDArray, reals: Mapping[str, NDArray]
) -> LayerReport:
    """Of one layer of the float graph and its integer counterpart; reals: the integers' tensors in real numbers."""
    exact_graph, integer_graph = graphs
    layer, integer = exact_graph.layers[number], integer_graph.layers[number]
    scale, numbers = integer_graph.tensors[layer.output].scale or 1.0, integer_graph.number_format
    result = reals[layer.output]
    inputs = {name: reals[name] for name in layer.inputs}
    own = reference.run(_alone(exact_graph, layer), inputs)[layer.output][..., : result.shape[-2], :]
    return LayerReport(
        layer=layer.name,
        kind=layer.kind,
        tensor=layer.output,
        worst_error=float(np.max(np.abs(result - exact))),
        rms_error=_rms(result - exact),
        own_rms_error=_rms(result - own),
        rms=_rms(exact),
        saturated=saturated_share(exact, scale, numbers),
        accumulator_bits=accumulator_bits(integer, numbers),
        accumulator_bound=accumulator_bound(integer, numbers),
    )


def make_report(
    graph: Graph, integer: Graph, exact: Mapping[str, NDArray], codes: Mapping[str, NDArray]
) -> QuantisationReport:
    """From every tensor of the float graph and of the integer one on the same clips."""
    scales = {name: tensor.scale or 1.0 for name, tensor in integer.tensors.items()}
    reals = {name: real_values(value, scales[name]) for name, value in codes.items()}
    entries = tuple(
        _layer_report((graph, integer), number, exact[layer.output], reals) for number, layer in enumerate(graph.layers)
    )
    ticks = max(value[..., 0].size for value in exact.values())
    return QuantisationReport(graph_hash(graph), ticks, entries, graph.outputs)
