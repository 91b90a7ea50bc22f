# SPDX-License-Identifier: MIT
"""Cycles of a layer by planning figures: how the kernels walk their rows, and a fixed price of each call."""

from __future__ import annotations

from math import prod

from lottava.graph import Graph, Layer, array_shapes
from lottava.layers import PRODUCTS

AXI_CYCLES_PER_BYTE = 25 / 32
"""A line of 32 bytes takes 20 to 25 cycles to arrive (emulator/timing_rules.py)."""

GROUP_CYCLES, ROWS_CYCLES = 9, 22
"""Of four rows by four columns (firmware/nn/matmul_asm.h), and of a row group's start, rounding and end."""

CALL_CYCLES = 120
"""Of a layer in the runner: its clock, window and kernel."""

VALUE_CYCLES = {"gru": 25, "lstm": 35, "gated_conv1d": 18, "activation": 9, "interpolate": 14}
"""Of an output value beside the products; 4 for the kinds that only move values."""

ADDEND_CYCLES, WINDOW_CYCLES = 11, 0.75
"""Of each value that goes into a sum, and of each that a kernel longer than one column gathers."""


def _fours(size: int) -> int:
    return -(-size // 4)


def layer_cycles(graph: Graph, layer: Layer, block: int = 1) -> float:
    """One execution; a call of `block` ticks shares its price among the columns that it makes."""
    shapes = array_shapes(layer, graph.tensors)
    out = graph.tensors[layer.output]
    cycles = CALL_CYCLES / max(1, block // out.period)
    for suffix in PRODUCTS[layer.kind]:
        rows, *fan_in = shapes["weight" + suffix]
        cycles += WINDOW_CYCLES * prod(fan_in) if layer.options.get("kernel", 1) > 1 else 0
        cycles += _fours(rows) * (GROUP_CYCLES * _fours(prod(fan_in)) + ROWS_CYCLES)
    if layer.kind == "add":
        return cycles + ADDEND_CYCLES * len(layer.inputs) * out.size
    moves = 0 if PRODUCTS[layer.kind] else 4
    return cycles + VALUE_CYCLES.get(layer.kind, moves) * out.size
