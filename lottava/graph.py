# SPDX-License-Identifier: MIT
"""The network as a value: streaming layers over named tensors, the same schema before and after quantising."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

NUMBER_FORMATS = ("f32", "s8s16")
ACTIVATIONS = ("none", "relu")

ARRAYS = {
    "dense": {"f32": ("weight", "bias"), "s8s16": ("weight", "bias", "multiplier", "shift")},
    "gru": {
        "f32": ("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
        "s8s16": (
            *("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
            *("multiplier_ih", "shift_ih", "multiplier_hh", "shift_hh"),
        ),
    },
    "concat": {"f32": (), "s8s16": ()},
}
"""Arrays that each kind of layer carries, in the order in which every file and header lists them."""


class GraphError(ValueError):
    """A graph that can't be run: says which layer or tensor, and what is wrong with it."""


@dataclass(frozen=True)
class Tensor:
    """A named vector between layers. scale: value of one s16 code; None in a float graph."""

    name: str
    size: int
    scale: float | None = None


@dataclass(frozen=True, eq=False)
class Layer:
    """One streaming layer. Shapes: dense weight [out, in]; gru weight_ih [3H, in], weight_hh [3H, H], gates r, z, n."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    output: str
    activation: str = "none"
    arrays: Mapping[str, NDArray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Graph:
    """Layers in execution order. `inputs` and `outputs` name tensors; every tensor is written once."""

    number_format: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tensors: Mapping[str, Tensor]
    layers: tuple[Layer, ...]
    parent: str | None = None

    def __post_init__(self) -> None:
        validate(self)

    @property
    def parameter_count(self) -> int:
        """Weights and biases (multipliers and shifts are not parameters)."""
        return sum(
            array.size
            for layer in self.layers
            for name, array in layer.arrays.items()
            if name.startswith(("weight", "bias"))
        )


def _shape_errors(layer: Layer, tensors: Mapping[str, Tensor], number_format: str) -> str | None:
    sizes = [tensors[name].size for name in layer.inputs]
    out = tensors[layer.output].size
    if layer.kind == "concat":
        return None if sum(sizes) == out else f"inputs of {sizes} don't add up to {out}"
    if len(sizes) != 1:
        return f"takes one input, not {len(sizes)}"
    expected: dict[str, tuple[int, ...]] = {}
    if layer.kind == "dense":
        expected = {"weight": (out, sizes[0])} | dict.fromkeys(("bias", "multiplier", "shift"), (out,))
    else:
        expected = {"weight_ih": (3 * out, sizes[0]), "weight_hh": (3 * out, out)}
        for side in ("ih", "hh"):
            expected |= dict.fromkeys((f"bias_{side}", f"multiplier_{side}", f"shift_{side}"), (3 * out,))
    for name in ARRAYS[layer.kind][number_format]:
        array = layer.arrays[name]
        if array.shape != expected[name]:
            return f"{name} is {array.shape}, should be {expected[name]}"
        if not np.all(np.isfinite(array)):
            return f"{name} holds NaN or infinity"
    return None


def validate(graph: Graph) -> None:
    """Raise GraphError unless every layer is known, well shaped, and reads only what was written before it."""
    if graph.number_format not in NUMBER_FORMATS:
        raise GraphError(f"number format {graph.number_format!r} is unknown; this version knows {NUMBER_FORMATS}")
    integer = graph.number_format == "s8s16"
    for key, tensor in graph.tensors.items():
        if key != tensor.name or tensor.size < 1:
            raise GraphError(f"tensor {key!r} is malformed")
        if integer and not (tensor.scale is not None and np.isfinite(tensor.scale) and tensor.scale > 0):
            raise GraphError(f"tensor {key!r} of an integer graph has no positive scale")
    written = set(graph.inputs)
    for layer in graph.layers:
        where = f"layer {layer.name!r}"
        if layer.kind not in ARRAYS or layer.activation not in ACTIVATIONS:
            raise GraphError(f"{where} is of unknown kind {layer.kind!r} or activation {layer.activation!r}")
        if missing := [name for name in (*layer.inputs, layer.output) if name not in graph.tensors]:
            raise GraphError(f"{where} names unknown tensors {missing}")
        if unread := [name for name in layer.inputs if name not in written]:
            raise GraphError(f"{where} reads {unread} before anything wrote them")
        if layer.output in written:
            raise GraphError(f"{where} writes {layer.output!r}, which is already written")
        if set(layer.arrays) != set(ARRAYS[layer.kind][graph.number_format]):
            raise GraphError(f"{where} carries arrays {sorted(layer.arrays)}, not those of a {layer.kind}")
        if problem := _shape_errors(layer, graph.tensors, graph.number_format):
            raise GraphError(f"{where}: {problem}")
        written.add(layer.output)
    if missing := [name for name in graph.outputs if name not in written]:
        raise GraphError(f"outputs {missing} are written by no layer")


def to_manifest(graph: Graph) -> dict:
    """Everything but the arrays, as JSON values."""
    return {
        "number_format": graph.number_format,
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
        "tensors": [{"name": t.name, "size": t.size, "scale": t.scale} for t in graph.tensors.values()],
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "inputs": list(layer.inputs),
                "output": layer.output,
                "activation": layer.activation,
            }
            for layer in graph.layers
        ],
        "parent": graph.parent,
    }


def named_arrays(graph: Graph) -> dict[str, NDArray]:
    """All arrays as 'layer.array', in file order."""
    return {
        f"{layer.name}.{name}": layer.arrays[name]
        for layer in graph.layers
        for name in ARRAYS[layer.kind][graph.number_format]
    }


def from_manifest(manifest: Mapping, arrays: Mapping[str, NDArray]) -> Graph:
    """Inverse of to_manifest and named_arrays. Raises GraphError on anything missing or malformed."""
    try:
        number_format = manifest["number_format"]
        layers = tuple(
            Layer(
                name=entry["name"],
                kind=entry["kind"],
                inputs=tuple(entry["inputs"]),
                output=entry["output"],
                activation=entry["activation"],
                arrays={
                    name: arrays[f"{entry['name']}.{name}"]
                    for name in ARRAYS.get(entry["kind"], {}).get(number_format, ())
                },
            )
            for entry in manifest["layers"]
        )
        tensors = {t["name"]: Tensor(t["name"], int(t["size"]), t["scale"]) for t in manifest["tensors"]}
        inputs, outputs = tuple(manifest["inputs"]), tuple(manifest["outputs"])
    except (KeyError, TypeError, AttributeError) as error:
        raise GraphError(f"the manifest is incomplete: {error}") from error
    return Graph(number_format, inputs, outputs, tensors, layers, manifest.get("parent"))


def graph_hash(graph: Graph) -> str:
    """SHA-256 over the manifest and every array's type, shape and bytes: the identity of a model."""
    digest = hashlib.sha256(json.dumps(to_manifest(graph), sort_keys=True, allow_nan=False).encode())
    for name, array in named_arrays(graph).items():
        little = array.astype(array.dtype.newbyteorder("<"))
        digest.update(f"{name}:{little.dtype.str}:{little.shape}".encode() + np.ascontiguousarray(little).tobytes())
    return digest.hexdigest()
