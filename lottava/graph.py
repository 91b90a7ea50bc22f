# SPDX-License-Identifier: MIT
"""The network as a value: streaming layers over named tensors, the same schema before and after quantising."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from . import fixedpoint

NUMBER_FORMATS = ("f32", "s8s16")
ACTIVATIONS = ("none", "relu")

ARRAYS: dict[str, dict[str, tuple[str, ...]]] = {
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

MAX_LAYERS = 64
MAX_TENSOR_SIZE = 4096
MAX_CONCAT_SHIFT = 15
SHA256 = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,47}")
"""Names become C identifiers and file names."""


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
    def is_integer(self) -> bool:
        """True for s8 weights and s16 activations, False for float."""
        return self.number_format == "s8s16"

    @property
    def parameter_count(self) -> int:
        """Weights and biases (multipliers and shifts are not parameters)."""
        return sum(
            array.size
            for layer in self.layers
            for name, array in layer.arrays.items()
            if name.startswith(("weight", "bias"))
        )


def _is_name(name: object) -> bool:
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def concat_shifts(tensors: Mapping[str, Tensor], layer: Layer) -> tuple[int, ...]:
    """Right shift of each input of an integer concat: its scale is 2^k below the output's, which is the largest.

    Raises GraphError where the scales break that rule (exact powers of two, k at most 15).
    """
    out, scales = tensors[layer.output].scale or 0.0, [tensors[name].scale or 0.0 for name in layer.inputs]
    shifts = []
    for name, scale in zip(layer.inputs, scales, strict=True):
        mantissa, exponent = math.frexp(out / scale) if scale > 0 else (0.0, 0)
        if mantissa != 0.5 or not 0 <= exponent - 1 <= MAX_CONCAT_SHIFT:
            raise GraphError(f"layer {layer.name!r}: the scale of {name!r} is not that of the output over 2^0..2^15")
        shifts.append(exponent - 1)
    if out != max(scales):
        raise GraphError(f"layer {layer.name!r}: the output scale {out:g} is not the largest of its inputs'")
    return tuple(shifts)


def array_shapes(layer: Layer, tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Shape that each array of the layer must have, integer-only ones included."""
    columns, out = tensors[layer.inputs[0]].size, tensors[layer.output].size
    if layer.kind == "dense":
        return {"weight": (out, columns)} | dict.fromkeys(("bias", "multiplier", "shift"), (out,))
    if layer.kind == "gru":
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (3 * out, columns), "weight_hh": (3 * out, out)}
        for side in ("ih", "hh"):
            shapes |= dict.fromkeys((f"bias_{side}", f"multiplier_{side}", f"shift_{side}"), (3 * out,))
        return shapes
    return {}


def _range_of(name: str) -> tuple[str, int, int]:
    """Type and closed range of an integer graph's array, told by its name."""
    if name.startswith("weight"):
        return "int8", -fixedpoint.S8_MAX, fixedpoint.S8_MAX
    if name.startswith("multiplier"):
        return "int32", fixedpoint.MULTIPLIER_MIN, fixedpoint.MULTIPLIER_MAX
    if name.startswith("shift"):
        return "int32", fixedpoint.SHIFT_MIN, fixedpoint.SHIFT_MAX
    return "int32", fixedpoint.S32_MIN, fixedpoint.S32_MAX


def _array_error(layer: Layer, tensors: Mapping[str, Tensor], integer: bool) -> str | None:
    shapes = array_shapes(layer, tensors)
    for name, array in layer.arrays.items():
        if not isinstance(array, np.ndarray) or array.shape != shapes[name]:
            return f"{name} is {getattr(array, 'shape', array)}, should be {shapes[name]}"
        dtype, low, high = _range_of(name) if integer else ("float32", 0, 0)
        if array.dtype != np.dtype(dtype):
            return f"{name} is {array.dtype}, should be {dtype}"
        if not integer and not np.all(np.isfinite(array)):
            return f"{name} holds NaN or infinity"
        if integer and (array.min() < low or array.max() > high):
            return f"{name} leaves {low}..{high}"
    return None


def _scale_error(layer: Layer, tensors: Mapping[str, Tensor]) -> str | None:
    """What the integer kernels take for granted about scales: see fixedpoint.py."""
    scale = tensors[layer.output].scale
    if layer.kind == "concat":
        concat_shifts(tensors, layer)
    if layer.kind == "gru" and scale != 2.0**-fixedpoint.UNIT_FRACTION_BITS:
        return f"its output scale is {scale}, a recurrent state has 2^-15"
    if layer.activation == "relu" and scale != 2.0**-fixedpoint.RELU_FRACTION_BITS:
        return f"its output scale is {scale}, a relu has 2^-12"
    return None


def _layer_error(layer: Layer, graph: Graph) -> str | None:
    if layer.kind not in ARRAYS:
        return f"the kind {layer.kind!r} is unknown; this version knows {sorted(ARRAYS)}"
    if layer.activation not in ACTIVATIONS or (layer.kind != "dense" and layer.activation != "none"):
        return f"a {layer.kind} can't have the activation {layer.activation!r}"
    if missing := [name for name in (*layer.inputs, layer.output) if name not in graph.tensors]:
        return f"it names unknown tensors {missing}"
    sizes, out = [graph.tensors[name].size for name in layer.inputs], graph.tensors[layer.output].size
    if layer.kind == "concat" and sum(sizes) != out:
        return f"inputs of {sizes} don't add up to {out}"
    if layer.kind != "concat" and len(sizes) != 1:
        return f"it takes one input, not {len(sizes)}"
    if set(layer.arrays) != set(ARRAYS[layer.kind][graph.number_format]):
        return f"it carries arrays {sorted(layer.arrays)}, not those of a {layer.kind} in {graph.number_format}"
    if problem := _array_error(layer, graph.tensors, graph.is_integer):
        return problem
    return _scale_error(layer, graph.tensors) if graph.is_integer else None


def _check_tensors(graph: Graph) -> None:
    for key, tensor in graph.tensors.items():
        if key != tensor.name or not _is_name(key):
            raise GraphError(f"tensor {key!r} is not named by letters, digits and underscores, 48 at most")
        if type(tensor.size) is not int or not 1 <= tensor.size <= MAX_TENSOR_SIZE:
            raise GraphError(f"tensor {key!r} has size {tensor.size!r}, should be 1..{MAX_TENSOR_SIZE}")
        if graph.is_integer:
            if not (isinstance(tensor.scale, float) and math.isfinite(tensor.scale) and tensor.scale > 0):
                raise GraphError(f"tensor {key!r} of an integer graph has no positive scale")
        elif tensor.scale is not None:
            raise GraphError(f"tensor {key!r} of a float graph has a scale")


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
    if len(set(layer_names)) != len(layer_names) or not all(map(_is_name, layer_names)):
        raise GraphError(f"layer names {layer_names} should be letters, digits and underscores, none twice")
    if graph.parent is not None and not (isinstance(graph.parent, str) and SHA256.fullmatch(graph.parent)):
        raise GraphError(f"the parent {graph.parent!r} is not a SHA-256 in lower-case hex")


def validate(graph: Graph) -> None:
    """Raise GraphError unless every executor can run the graph without overflow: names, order, shapes, types, scales.

    With fan-in at most 4096 an accumulator stays below 4096*127*2^15 + 2^31 < 2^35, far inside the 2^47 that
    requantisation allows; whether 32 bits do is decided from the weights by fixedpoint.fits_32_bits.
    """
    _check_frame(graph)
    _check_tensors(graph)
    written = set(graph.inputs)
    for layer in graph.layers:
        if problem := _layer_error(layer, graph):
            raise GraphError(f"layer {layer.name!r}: {problem}")
        if unread := [name for name in layer.inputs if name not in written]:
            raise GraphError(f"layer {layer.name!r} reads {unread} before anything wrote them")
        if layer.output in written:
            raise GraphError(f"layer {layer.name!r} writes {layer.output!r}, which is already written")
        written.add(layer.output)
    if missing := [name for name in graph.outputs if name not in written]:
        raise GraphError(f"outputs {missing} are written by no layer")
    if unused := sorted(set(graph.tensors) - written):
        raise GraphError(f"tensors {unused} are written by no layer")


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


def _layer_from(entry: Mapping, number_format: str, arrays: Mapping[str, NDArray]) -> Layer:
    names = ARRAYS.get(entry["kind"], {}).get(number_format, ())
    return Layer(
        name=entry["name"],
        kind=entry["kind"],
        inputs=tuple(entry["inputs"]),
        output=entry["output"],
        activation=entry["activation"],
        arrays={name: arrays[f"{entry['name']}.{name}"] for name in names},
    )


def _tensor_from(entry: Mapping) -> Tensor:
    scale = entry["scale"]
    return Tensor(entry["name"], entry["size"], float(scale) if type(scale) in (int, float) else scale)


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
