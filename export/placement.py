# SPDX-License-Identifier: MIT
"""Which layers' weights and state lie in the fast memory (DTCM) and which in the large one (AXI SRAM).

A byte in AXI costs cycles whenever it is read, so the layers that run most often get DTCM first, until it is full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from lottava.arena import arena_bytes, layer_bytes
from lottava.graph import Graph, Layer

DTCM, AXI = 0, 1
"""As the blob's layer table names them."""
ARENA_BYTES = (80 << 10, 448 << 10)
"""What the firmware gives a voice of either memory: DTCM holds stack, tables and everything else beside it; of AXI's
512 KB the rest stays for whatever a later firmware keeps there."""


@dataclass(frozen=True)
class Load:
    """What a layer asks of a memory. bytes: weights, rows and state; executions: per tick of the graph."""

    name: str
    bytes: int
    executions: Fraction


def executions(graph: Graph, layer: Layer) -> Fraction:
    """Runs of a layer per tick: once for each column of the faster of its first input and its output.

    A layer that makes several columns of one (conv_transpose1d) reads each of its weights once a column of its input,
    one that makes one of several (a stride) once a column of its output.
    """
    periods = graph.tensors[layer.inputs[0]].period, graph.tensors[layer.output].period
    moves_data_only = layer.kind in ("broadcast", "interpolate")
    return Fraction(1, min(periods) if moves_data_only else max(periods))


def place(loads: Sequence[Load], room: int) -> dict[str, int]:
    """Layer name → DTCM or AXI: the most executions first, of equals the larger first, whatever still fits.

    Every byte of a layer is worth its executions, so this is the greedy solution of the knapsack by worth per byte.
    """
    memory, left = {}, room
    for load in sorted(loads, key=lambda load: (-load.executions, -load.bytes)):
        memory[load.name] = DTCM if load.bytes <= left else AXI
        left -= load.bytes if memory[load.name] == DTCM else 0
    return {load.name: memory[load.name] for load in loads}


def loads(graph: Graph, block: int = 1) -> list[Load]:
    """Of every layer, in order."""
    return [
        Load(layer.name, layer_bytes(graph, layer, block=block), executions(graph, layer)) for layer in graph.layers
    ]


def placement(graph: Graph, *, block: int = 1, room: int = ARENA_BYTES[DTCM]) -> dict[str, int]:
    """Layer name → DTCM or AXI for `to_bytes`. room: bytes of DTCM for the whole network, its tables included."""
    far = {layer.name: AXI for layer in graph.layers}
    return place(loads(graph, block), room - arena_bytes(graph, block=block, memory=far)[DTCM])
