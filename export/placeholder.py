# SPDX-License-Identifier: MIT
"""A random voice of a demo ticket's size: what the firmware builds with until a trained one is there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava.graph import Graph, Layer, Tensor
from lottava.scales import INPUT_SCALES

from .blob import VoiceParameters

WIDTHS = {"pitch": 32, "loudness": 32, "axes": 32, "gru": 48, "out": 32}
TITLE = "a random graph, MLP 32, GRU 48, out 32, seed 2"
SEED = 2
CONTROLS = 82

PARAMETERS = VoiceParameters(gain=0.5, range_volts=(-2.0, 2.0))

_WIRING = (
    ("pitch_mlp", "dense", ("pitch",), "pitch_features", "relu"),
    ("loudness_mlp", "dense", ("loudness",), "loudness_features", "relu"),
    ("axes_mlp", "dense", ("axes",), "axes_features", "relu"),
    ("features_in", "concat", ("pitch_features", "loudness_features", "axes_features"), "features_in", "none"),
    ("memory", "gru", ("features_in",), "hidden", "none"),
    ("features_out", "concat", ("hidden", "pitch_features", "loudness_features"), "features_out", "none"),
    ("out_mlp", "dense", ("features_out",), "out_features", "relu"),
    ("head", "dense", ("out_features",), "controls", "none"),
)


def _tensors() -> dict[str, Tensor]:
    sizes = {"pitch": 1, "loudness": 1, "axes": 4}
    sizes |= {f"{name}_features": WIDTHS[name] for name in ("pitch", "loudness", "axes")}
    sizes |= {"features_in": WIDTHS["pitch"] + WIDTHS["loudness"] + WIDTHS["axes"], "hidden": WIDTHS["gru"]}
    sizes |= {"features_out": WIDTHS["gru"] + WIDTHS["pitch"] + WIDTHS["loudness"]}
    sizes |= {"out_features": WIDTHS["out"], "controls": CONTROLS}
    scales = {**INPUT_SCALES, "hidden": 2.0**-15, "controls": 2.0**-11}
    return {name: Tensor(name, size, scales.get(name, 2.0**-12)) for name, size in sizes.items()}


def _product(rng: np.random.Generator, suffix: str, rows: int, columns: int) -> dict[str, NDArray]:
    """Weights whose products fill about half of the s16 range."""
    shift = -8 - round(0.5 * np.log2(columns))
    return {
        "weight" + suffix: rng.integers(-127, 128, (rows, columns)).astype(np.int8),
        "bias" + suffix: rng.integers(-(1 << 20), 1 << 20, rows).astype(np.int32),
        "multiplier" + suffix: rng.integers(1 << 30, (1 << 31) - 1, rows).astype(np.int32),
        "shift" + suffix: np.full(rows, shift, np.int32),
    }


def placeholder_graph() -> Graph:
    """The DDSP decoder of WIDTHS, always the same."""
    rng, tensors, layers = np.random.default_rng(SEED), _tensors(), []
    for name, kind, inputs, output, activation in _WIRING:
        columns, out = tensors[inputs[0]].size, tensors[output].size
        arrays: dict[str, NDArray] = {}
        if kind == "dense":
            arrays = _product(rng, "", out, columns)
        elif kind == "gru":
            arrays = _product(rng, "_ih", 3 * out, columns) | _product(rng, "_hh", 3 * out, out)
        layers.append(Layer(name, kind, inputs, output, activation, arrays))
    return Graph("s8s16", tuple(INPUT_SCALES), ("controls",), tensors, tuple(layers))
