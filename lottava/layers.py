# SPDX-License-Identifier: MIT
"""The kinds of layer that graphs are built of: their arrays, options and shapes; layer_rules.py says what is legal.

A tick is one step of a graph's fastest tensors; a tensor of period p has a column at every tick that p divides.
x[n] below is the n-th column of the first input, t a tick, W and b weight and bias, all causal, zeros before the start.

    dense             y = W x + b; activation none | relu
    conv1d            y[n] = b + Σ_j W[:, j, :] x[n' - (kernel-1-j)*dilation], n' the newest input column at y's tick;
                      output period = stride * input period; groups as in torch; activation none | relu
    gated_conv1d      tanh(a) * sigmoid(g): a, g the two halves of a conv1d's rows, plus those of a held condition
    conv_transpose1d  y[stride*n + p] = b + Σ_m W[:, m*stride + p, :] x[n - m]; output period = input period / stride
    gru               PyTorch's: r, z = sigmoid(i + h); n = tanh(i_n + r * h_n); h' = (1 - z)*n + z*h
    lstm              PyTorch's: i, f, o = sigmoid(i + h); g = tanh(i + h); c' = f*c + i*g; h' = o*tanh(c')
    add, multiply     of inputs of one size and period
    scale             y_c = w_c x_c + b_c
    concat, split     channels side by side; channels offset … offset + size
    broadcast         y_c[t] = the held x_(c mod size of x): repeats channels, holds columns at a shorter period
    interpolate       a straight line from x[n-1] to x[n] over the period of x, at the output's ticks
    activation        a function of activations.py
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from numpy.typing import NDArray

from .activations import FUNCTIONS

NUMBER_FORMATS = ("f32", "s8s16", "s8s8")
S8_KINDS = ("dense", "conv1d")
"""Kinds that a graph of s8 activations may have: what CMSIS-NN's s8 kernels run, see fixedpoint_s8.py."""

ACTIVATIONS = ("none", *sorted(FUNCTIONS))

PRODUCTS: dict[str, tuple[str, ...]] = {
    "dense": ("",),
    "conv1d": ("",),
    "gated_conv1d": ("",),
    "conv_transpose1d": ("",),
    "scale": ("",),
    "gru": ("_ih", "_hh"),
    "lstm": ("_ih", "_hh"),
    **dict.fromkeys(("concat", "add", "multiply", "split", "broadcast", "interpolate", "activation"), ()),
}
"""Every kind with the suffixes of its weighted products, each with weight, bias and in integers multiplier, shift."""

ROW_ARRAYS = ("multiplier", "shift")


def _arrays(suffixes: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    parameters = tuple(f"{array}{suffix}" for array in ("weight", "bias") for suffix in suffixes)
    rows = tuple(f"{array}{suffix}" for suffix in suffixes for array in ROW_ARRAYS)
    return {"f32": parameters} | dict.fromkeys(("s8s16", "s8s8"), (*parameters, *rows))


ARRAYS: dict[str, dict[str, tuple[str, ...]]] = {kind: _arrays(suffixes) for kind, suffixes in PRODUCTS.items()}
"""Arrays that each kind of layer carries, in the order in which every file and header lists them.

Integer weights are in CMSIS-NN's order, [out, kernel, in / groups], tap 0 the oldest.
"""

MAX_LAYERS = 128
MAX_TENSOR_SIZE = 4096
MAX_FAN_IN = 4096
MAX_PERIOD = 1 << 15
MAX_HISTORY = 1 << 20
"""Values of past columns that a graph may hold: 2 MB of s16, four times the module's AXI memory."""

SHA256 = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,47}")
"""Names become C identifiers and file names."""


class GraphError(ValueError):
    """A graph that can't be run: says which layer or tensor, and what is wrong with it."""


@dataclass(frozen=True)
class Option:
    """Closed range of a layer's option. default None: it must be stated."""

    least: int
    most: int
    default: int | None = 1


_KERNEL, _STEP, _DILATION = Option(1, 64, None), Option(1, 64), Option(1, 4096)

OPTIONS: dict[str, dict[str, Option]] = {kind: {} for kind in PRODUCTS} | {
    "conv1d": {"kernel": _KERNEL, "dilation": _DILATION, "groups": Option(1, MAX_TENSOR_SIZE), "stride": _STEP},
    "gated_conv1d": {"kernel": _KERNEL, "dilation": _DILATION},
    "conv_transpose1d": {"kernel": _KERNEL, "stride": _STEP},
    "split": {"offset": Option(0, MAX_TENSOR_SIZE - 1, None)},
}
"""Options that each kind takes, in the order in which files list them; the others have none."""


@dataclass(frozen=True)
class Tensor:
    """A named vector between layers: a column of `size` values at every tick that `period` divides.

    scale: value of one s16 (or s8) code; None in a float graph.
    """

    name: str
    size: int
    scale: float | None = None
    period: int = 1


@dataclass(frozen=True, eq=False)
class Layer:
    """One streaming layer; the module's docstring has the kinds, array_shapes the shapes.

    Options at their default are dropped, so that equal layers are written alike.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    output: str
    activation: str = "none"
    arrays: Mapping[str, NDArray] = field(default_factory=dict)
    options: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = OPTIONS.get(self.kind, {})
        order = [
            *(name for name in known if name in self.options),
            *(name for name in self.options if name not in known),
        ]
        kept = {
            name: self.options[name]
            for name in order
            if name not in known or type(self.options[name]) is not int or self.options[name] != known[name].default
        }
        object.__setattr__(self, "options", kept)

    def option(self, name: str) -> int:
        """The option's value, its default where it isn't stated. Raises KeyError for one that the kind doesn't take."""
        default = OPTIONS[self.kind][name].default
        value = self.options[name] if default is None else self.options.get(name, default)
        return int(value)


def is_name(name: object) -> bool:
    return isinstance(name, str) and NAME.fullmatch(name) is not None


def history_columns(layer: Layer) -> int:
    """Columns of its first input that the layer needs at once, the newest included; 0 for a layer that keeps none."""
    if layer.kind in ("conv1d", "gated_conv1d"):
        return (layer.option("kernel") - 1) * layer.option("dilation") + 1
    if layer.kind == "conv_transpose1d":
        return -(-layer.option("kernel") // layer.option("stride"))
    return 2 if layer.kind == "interpolate" else 0


def _weight_shapes(layer: Layer, columns: int, out: int) -> dict[str, tuple[int, ...]]:
    """Shape of the weights of each product, by suffix: rows first."""
    if layer.kind == "scale":
        return {"": (out,)}
    if layer.kind in ("gru", "lstm"):
        rows = (3 if layer.kind == "gru" else 4) * out
        return {"_ih": (rows, columns), "_hh": (rows, out)}
    if layer.kind == "conv1d":
        return {"": (out, layer.option("kernel"), columns // layer.option("groups"))}
    if layer.kind in ("gated_conv1d", "conv_transpose1d"):
        return {"": (out * (1 + (layer.kind == "gated_conv1d")), layer.option("kernel"), columns)}
    return {"": (out, columns)} if layer.kind == "dense" else {}


def array_shapes(layer: Layer, tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Shape that each array of the layer must have, integer-only ones included.

    dense weight [out, in]; conv1d [out, kernel, in / groups]; gated_conv1d [2*out, kernel, in], rows of tanh first;
    conv_transpose1d [out, kernel, in]; gru weight_ih [3H, in], weight_hh [3H, H], gates r, z, n; lstm [4H, …], gates i,
    f, g, o; scale [size]. bias, multiplier and shift have one value a row.
    """
    weights = _weight_shapes(layer, tensors[layer.inputs[0]].size, tensors[layer.output].size)
    shapes = {f"weight{suffix}": shape for suffix, shape in weights.items()}
    for suffix, shape in weights.items():
        shapes |= dict.fromkeys((f"{array}{suffix}" for array in ("bias", *ROW_ARRAYS)), shape[:1])
    return shapes
