# SPDX-License-Identifier: MIT
"""Random graphs for tests of whatever runs one: DDSP decoders here, any kinds and rates in streaming.py."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from streaming import integer_arrays, random_columns, random_layer_graph, random_streaming_graph

from lottava.graph import Graph, Layer, Tensor

__all__ = [
    "PARENT",
    "Widths",
    "random_columns",
    "random_graph",
    "random_inputs",
    "random_layer_graph",
    "random_streaming_graph",
]

CONTROLS = 82
INPUT_SIZES = {"pitch": 1, "loudness": 1, "axes": 4}
SCALES = {"pitch": 2.0**-12, "loudness": 2.0**-14, "axes": 2.0**-14, "hidden": 2.0**-15, "controls": 2.0**-11}
FEATURE_SCALE = 2.0**-12


@dataclass(frozen=True)
class Widths:
    """Units of each stage: fit is the default of the demo's ticket."""

    pitch: int = 32
    loudness: int = 32
    axes: int = 32
    gru: int = 48
    out: int = 32


PARENT = Widths(128, 128, 128, 128, 128)


def tensor_sizes(widths: Widths) -> dict[str, int]:
    """Every tensor of the DDSP decoder with its size."""
    features = {f"{name}_features": getattr(widths, name) for name in ("pitch", "loudness", "axes")}
    return {
        **INPUT_SIZES,
        **features,
        "features_in": sum(features.values()),
        "hidden": widths.gru,
        "features_out": widths.gru + widths.pitch + widths.loudness,
        "out_features": widths.out,
        "controls": CONTROLS,
    }


WIRING = (
    ("pitch_mlp", "dense", ("pitch",), "pitch_features", "relu"),
    ("loudness_mlp", "dense", ("loudness",), "loudness_features", "relu"),
    ("axes_mlp", "dense", ("axes",), "axes_features", "relu"),
    ("features_in", "concat", ("pitch_features", "loudness_features", "axes_features"), "features_in", "none"),
    ("memory", "gru", ("features_in",), "hidden", "none"),
    ("features_out", "concat", ("hidden", "pitch_features", "loudness_features"), "features_out", "none"),
    ("out_mlp", "dense", ("features_out",), "out_features", "relu"),
    ("head", "dense", ("out_features",), "controls", "none"),
)


def _products(kind: str, columns: int, out: int) -> dict[str, tuple[int, int]]:
    """Suffix → [rows, columns] of each matrix product of a layer."""
    return {"dense": {"": (out, columns)}, "gru": {"_ih": (3 * out, columns), "_hh": (3 * out, out)}}.get(kind, {})


def _float_arrays(rng: np.random.Generator, suffix: str, rows: int, columns: int, spread: float) -> dict[str, NDArray]:
    weight = rng.normal(0.0, spread / np.sqrt(columns), (rows, columns))
    bias = rng.normal(0.0, 0.2 * spread, rows)
    return {"weight" + suffix: weight.astype(np.float32), "bias" + suffix: bias.astype(np.float32)}


def random_graph(
    seed: int, widths: Widths = Widths(), *, integer: bool = False, wild: bool = False, spread: float = 1.0
) -> Graph:
    """The DDSP decoder with random arrays. wild: integer extremes; spread: size of float weights (1 = tame)."""
    rng = np.random.default_rng(seed)
    sizes = tensor_sizes(widths)
    tensors = {
        name: Tensor(name, size, SCALES.get(name, FEATURE_SCALE) if integer else None) for name, size in sizes.items()
    }
    layers = []
    for name, kind, inputs, output, activation in WIRING:
        arrays: dict[str, NDArray] = {}
        for suffix, (rows, columns) in _products(kind, sizes[inputs[0]], sizes[output]).items():
            if integer:
                arrays |= integer_arrays(rng, suffix, (rows, columns), wild)
            else:
                arrays |= _float_arrays(rng, suffix, rows, columns, spread)
        layers.append(Layer(name, kind, inputs, output, activation, arrays))
    number_format = "s8s16" if integer else "f32"
    return Graph(number_format, tuple(INPUT_SIZES), ("controls",), tensors, tuple(layers))


def random_inputs(seed: int, frames: int, *, batch: tuple[int, ...] = (), integer: bool = False) -> dict[str, NDArray]:
    """Inputs [*batch, frames, size]: real values in the range a player can reach, or any s16 codes, extremes often."""
    rng = np.random.default_rng(seed)
    if integer:
        codes = {name: rng.integers(-(1 << 15), 1 << 15, (*batch, frames, n)) for name, n in INPUT_SIZES.items()}
        extreme = {name: rng.choice([-(1 << 15), -1, 0, 1, (1 << 15) - 1], c.shape) for name, c in codes.items()}
        return {
            name: np.where(rng.random(c.shape) < 0.3, extreme[name], c).astype(np.int16) for name, c in codes.items()
        }
    pitch = rng.uniform(-3.0, 5.0, (*batch, 1, 1)) + 0.05 * np.cumsum(rng.normal(size=(*batch, frames, 1)), axis=-2)
    walk = np.cumsum(rng.normal(0.0, 0.1, (*batch, frames, 5)), axis=-2)
    slow = np.sin(walk + rng.uniform(-3.0, 3.0, (*batch, 1, 5)))
    return {"pitch": pitch, "loudness": slow[..., :1], "axes": slow[..., 1:]}
