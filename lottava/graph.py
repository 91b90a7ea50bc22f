# SPDX-License-Identifier: MIT
"""The network as a value: streaming layers over named tensors, the same schema before and after quantising."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .layer_rules import add_shifts, concat_shifts, layer_error, multiply_shift
from .layers import (
    ACTIVATIONS,
    ARRAYS,
    MAX_HISTORY,
    MAX_LAYERS,
    MAX_PERIOD,
    MAX_TENSOR_SIZE,
    NUMBER_FORMATS,
    PRODUCTS,
    SHA256,
    GraphError,
    Layer,
    Tensor,
    array_shapes,
    history_columns,
    is_name,
)
from .levels import Widths, check_levels, from_entries, to_entries

__all__ = [
    "ACTIVATIONS",
    "ARRAYS",
    "NUMBER_FORMATS",
    "PRODUCTS",
    "SHA256",
    "Graph",
    "GraphError",
    "Layer",
    "Tensor",
    "add_shifts",
    "array_shapes",
    "concat_shifts",
    "from_manifest",
    "graph_hash",
    "history_columns",
    "multiply_shift",
    "named_arrays",
    "to_manifest",
    "validate",
]


@dataclass(frozen=True, eq=False)
class Graph:
    """Layers in execution order. `inputs` and `outputs` name tensors; every tensor is written once.

    levels: narrower networks within this one, widest first, itself included; see levels.py. None for most graphs.
    """

    number_format: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tensors: Mapping[str, Tensor]
    layers: tuple[Layer, ...]
    parent: str | None = None
    levels: tuple[Widths, ...] = ()

    def __post_init__(self) -> None:
        validate(self)

    @property
    def is_integer(self) -> bool:
        """True for s8 weights with s16 or s8 activations, False for float."""
        return self.number_format != "f32"

    @property
    def largest_period(self) -> int:
        """Ticks after which every tensor has a column at once again."""
        return max(tensor.period for tensor in self.tensors.values())

    @property
    def parameter_count(self) -> int:
        """Weights and biases (multipliers and shifts are not parameters)."""
        return sum(
            array.size
            for layer in self.layers
            for name, array in layer.arrays.items()
            if name.startswith(("weight", "bias"))
        )


def _check_tensors(graph: Graph) -> None:
    for key, tensor in graph.tensors.items():
        if key != tensor.name or not is_name(key):
            raise GraphError(f"tensor {key!r} is not named by letters, digits and underscores, 48 at most")
        if type(tensor.size) is not int or not 1 <= tensor.size <= MAX_TENSOR_SIZE:
            raise GraphError(f"tensor {key!r} has size {tensor.size!r}, should be 1..{MAX_TENSOR_SIZE}")
        if type(tensor.period) is not int or not 1 <= tensor.period <= MAX_PERIOD:
            raise GraphError(f"tensor {key!r} has the period {tensor.period!r}, should be 1..{MAX_PERIOD}")
        if graph.is_integer:
            if not (isinstance(tensor.scale, float) and math.isfinite(tensor.scale) and tensor.scale > 0):
                raise GraphError(f"tensor {key!r} of an integer graph has no positive scale")
        elif tensor.scale is not None:
            raise GraphError(f"tensor {key!r} of a float graph has a scale")


def _check_periods(graph: Graph) -> None:
    """A tick is a step of the fastest tensors, and all periods begin together every largest one."""
    if (shortest := min(tensor.period for tensor in graph.tensors.values())) != 1:
        raise GraphError(f"the shortest period is {shortest}, should be 1; divide all by it")
    for tensor in graph.tensors.values():
        if graph.largest_period % tensor.period:
            raise GraphError(
                f"tensor {tensor.name!r} has the period {tensor.period}, which does not divide the largest, "
                f"{graph.largest_period}"
            )


def _check_frame(graph: Graph) -> None:
    """Everything around the layers: format, counts, names, inputs, parent."""
    if graph.number_format not in NUMBER_FORMATS:
        raise GraphError(f"number format {graph.number_format!r} is unknown; this version knows {NUMBER_FORMATS}")
    if not 1 <= len(graph.layers) <= MAX_LAYERS or len(graph.tensors) > 2 * MAX_LAYERS:
        raise GraphError(
            f"{len(graph.layers)} layers over {len(graph.tensors)} tensors; layers should be 1..{MAX_LAYERS}"
        )
    for what, names in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        if not names or len(set(names)) != len(names):
            raise GraphError(f"the {what} {list(names)} should be one or more, none twice")
    if missing := [name for name in graph.inputs if name not in graph.tensors]:
        raise GraphError(f"inputs {missing} are no tensors of the graph")
    layer_names = [layer.name for layer in graph.layers]
    if len(set(layer_names)) != len(layer_names) or not all(map(is_name, layer_names)):
        raise GraphError(f"layer names {layer_names} should be letters, digits and underscores, none twice")
    if graph.parent is not None and not (isinstance(graph.parent, str) and SHA256.fullmatch(graph.parent)):
        raise GraphError(f"the parent {graph.parent!r} is not a SHA-256 in lower-case hex")


def _check_history(graph: Graph) -> None:
    kept = sum(history_columns(layer) * graph.tensors[layer.inputs[0]].size for layer in graph.layers)
    if kept > MAX_HISTORY:
        raise GraphError(f"the layers remember {kept} values of past columns, at most {MAX_HISTORY} are possible")


def validate(graph: Graph) -> None:
    """Raise GraphError unless every executor can run the graph without overflow: names, order, periods, shapes, types,
    scales.

    With fan-in at most 4096 an accumulator stays below 4096*127*2^15 + 2^31 < 2^35, far inside the 2^47 that
    requantisation allows; whether 32 bits do is decided from the weights by fixedpoint.fits_32_bits.
    """
    _check_frame(graph)
    _check_tensors(graph)
    _check_periods(graph)
    written = set(graph.inputs)
    for layer in graph.layers:
        if problem := layer_error(layer, graph.tensors, graph.number_format):
            raise GraphError(f"layer {layer.name!r}: {problem}")
        if unread := [name for name in layer.inputs if name not in written]:
            raise GraphError(f"layer {layer.name!r} reads {unread} before anything wrote them")
        if layer.output in written:
            raise GraphError(f"layer {layer.name!r} writes {layer.output!r}, which is already written")
        written.add(layer.output)
    _check_history(graph)
    if missing := [name for name in graph.outputs if name not in written]:
        raise GraphError(f"outputs {missing} are written by no layer")
    if unused := sorted(set(graph.tensors) - written):
        raise GraphError(f"tensors {unused} are written by no layer")
    if graph.levels:
        check_levels(graph)


def _tensor_entry(tensor: Tensor) -> dict:
    entry = {"name": tensor.name, "size": tensor.size, "scale": tensor.scale}
    return entry if tensor.period == 1 else entry | {"period": tensor.period}


def _layer_entry(layer: Layer) -> dict:
    entry = {
        "name": layer.name,
        "kind": layer.kind,
        "inputs": list(layer.inputs),
        "output": layer.output,
        "activation": layer.activation,
    }
    return entry | {"options": dict(layer.options)} if layer.options else entry


def to_manifest(graph: Graph) -> dict:
    """Everything but the arrays, as JSON values. Periods of 1, options at their default and no levels are left out."""
    manifest = {
        "number_format": graph.number_format,
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
        "tensors": [_tensor_entry(tensor) for tensor in graph.tensors.values()],
        "layers": [_layer_entry(layer) for layer in graph.layers],
        "parent": graph.parent,
    }
    return manifest | {"levels": to_entries(graph.levels)} if graph.levels else manifest


def named_arrays(graph: Graph) -> dict[str, NDArray]:
    """All arrays as 'layer.array', in file order."""
    return {
        f"{layer.name}.{name}": layer.arrays[name]
        for layer in graph.layers
        for name in ARRAYS[layer.kind][graph.number_format]
    }


def _layer_from(entry: Mapping, number_format: str, arrays: Mapping[str, NDArray]) -> Layer:
    names = ARRAYS.get(entry["kind"], {}).get(number_format, ())
    return Layer(
        name=entry["name"],
        kind=entry["kind"],
        inputs=tuple(entry["inputs"]),
        output=entry["output"],
        activation=entry["activation"],
        arrays={name: arrays[f"{entry['name']}.{name}"] for name in names},
        options=dict(entry.get("options", {}).items()),
    )


def _tensor_from(entry: Mapping) -> Tensor:
    scale = entry["scale"]
    real = float(scale) if type(scale) in (int, float) else scale
    return Tensor(entry["name"], entry["size"], real, entry.get("period", 1))


def from_manifest(manifest: Mapping, arrays: Mapping[str, NDArray]) -> Graph:
    """Inverse of to_manifest and named_arrays. Raises GraphError on anything missing, left over or malformed."""
    try:
        tensors = [_tensor_from(entry) for entry in manifest["tensors"]]
        layers = tuple(_layer_from(entry, manifest["number_format"], arrays) for entry in manifest["layers"])
        by_name = {tensor.name: tensor for tensor in tensors}
        if len(by_name) != len(tensors):
            raise GraphError("two tensors of the manifest share a name")
        graph = Graph(
            manifest["number_format"],
            tuple(manifest["inputs"]),
            tuple(manifest["outputs"]),
            by_name,
            layers,
            manifest["parent"],
            from_entries(manifest["levels"]) if "levels" in manifest else (),
        )
    except KeyError as error:
        raise GraphError(f"the manifest or its arrays lack {error}") from error
    except (TypeError, AttributeError, OverflowError) as error:
        raise GraphError(f"the manifest is malformed: {error}") from error
    if extra := sorted(set(arrays) - set(named_arrays(graph))):
        raise GraphError(f"arrays {extra} belong to no layer")
    return graph


def graph_hash(graph: Graph) -> str:
    """SHA-256 over the manifest and every array's type, shape and bytes: the identity of a model."""
    digest = hashlib.sha256(json.dumps(to_manifest(graph), sort_keys=True, allow_nan=False).encode())
    for name, array in named_arrays(graph).items():
        little = array.astype(array.dtype.newbyteorder("<"))
        digest.update(f"{name}:{little.dtype.str}:{little.shape}".encode() + np.ascontiguousarray(little).tobytes())
    return digest.hexdigest()
