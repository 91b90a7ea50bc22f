# SPDX-License-Identifier: MIT
"""Golden vectors: runs of network input and what the oracle makes of them, for an image to check itself with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava import reference
from lottava.graph import Graph

from . import cgen
from .voices import player_of

TICKS = 16
"""At least: enough for a GRU's state to matter, 2.8 KB of flash. A network with slower inputs runs for two of their
columns."""

SEED = 4


def golden_vectors(graph: Graph) -> tuple[list[NDArray[np.int16]], list[NDArray[np.int16]]]:
    """Of each run of the player's block: the columns due of all inputs one after the other, and the oracle's outputs.

    Inputs cover the whole s16 range, extremes included.
    """
    rng, player = np.random.default_rng(SEED), player_of(graph)
    ticks = TICKS if player.period == 1 else 2 * player.period
    codes = {
        name: rng.integers(-(1 << 15), 1 << 15, (reference.columns_in(ticks, period), size))
        for name, (size, period) in player.inputs.items()
    }
    for values in codes.values():
        values[1], values[2:3] = -(1 << 15), (1 << 15) - 1
    outputs = reference.run(graph, codes)[graph.outputs[0]].astype(np.int16)
    inputs = []
    for start in range(0, ticks, player.block):
        due = [
            codes[name][-(-start // period) : reference.columns_in(start + player.block, period)].reshape(-1)
            for name, (_, period) in player.inputs.items()
        ]
        inputs.append(np.concatenate(due).astype(np.int16))
    return inputs, np.split(outputs, range(player.block, ticks, player.block))


def emit_golden_header(graph: Graph, title: str) -> str:
    """golden.h: `golden_inputs`, `golden_outputs`, GOLDEN_RUNS, GOLDEN_TICKS of each."""
    inputs, outputs = golden_vectors(graph)
    parts = [
        cgen.emit_define("GOLDEN_RUNS", len(inputs)),
        cgen.emit_define("GOLDEN_TICKS", player_of(graph).block),
        cgen.emit_array("golden_inputs", np.concatenate(inputs)),
        cgen.emit_array("golden_outputs", np.concatenate(outputs).reshape(-1)),
    ]
    return cgen.emit_header("LOTTAVA_GENERATED_GOLDEN_H_", f"lottava.export.golden from {title}", parts)
