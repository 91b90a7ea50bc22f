# SPDX-License-Identifier: MIT
"""Golden vectors: frames of network input and what the oracle makes of them, for an image to check itself with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava import reference
from lottava.graph import Graph

from . import blob, cgen

FRAMES = 16
"""Enough for the GRU's state to matter, 2.8 KB of flash."""

SEED = 4


def golden_vectors(graph: Graph) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Inputs [frames, 6] over the whole s16 range, extremes included, and the oracle's outputs [frames, 82]."""
    rng = np.random.default_rng(SEED)
    width = sum(blob.INPUT_SIZES.values())
    codes = rng.integers(-(1 << 15), 1 << 15, (FRAMES, width))
    codes[1], codes[2] = -(1 << 15), (1 << 15) - 1
    edges = np.cumsum(list(blob.INPUT_SIZES.values()))[:-1]
    inputs = dict(zip(blob.INPUT_SIZES, np.split(codes, edges, axis=1), strict=True))
    outputs = reference.run(graph, inputs)[graph.outputs[0]]
    return codes.astype(np.int16), outputs.astype(np.int16)


def emit_golden_header(graph: Graph, title: str) -> str:
    """golden.h: `golden_inputs`, `golden_outputs`, GOLDEN_FRAMES."""
    inputs, outputs = golden_vectors(graph)
    parts = [
        cgen.emit_define("GOLDEN_FRAMES", FRAMES),
        cgen.emit_array("golden_inputs", inputs),
        cgen.emit_array("golden_outputs", outputs),
    ]
    return cgen.emit_header("LOTTAVA_GENERATED_GOLDEN_H_", f"lottava.export.golden from {title}", parts)
