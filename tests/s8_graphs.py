# SPDX-License-Identifier: MIT
"""Random "s8s8" graphs, extremes and ties often, and a bare Cortex-M7 that runs them on CMSIS-NN's kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from lottava.emulator.machine import Machine
from lottava.export import cmsis_graph
from numpy.typing import NDArray

from lottava.fixedpoint import MULTIPLIER_MAX, MULTIPLIER_MIN, S32_MAX
from lottava.fixedpoint_s8 import S8_MAX, S8_MIN, SHIFT_MAX, SHIFT_MIN
from lottava.graph import Graph, Layer, Tensor

SCALE = 1 / S8_MAX


def s8_arrays(rng: np.random.Generator, shape: tuple[int, ...], wild: bool) -> dict[str, NDArray]:
    """Legal arrays of one layer. Tame: most outputs in range. Wild: the ends of every range, ties, rows all alike."""
    rows, products = shape[0], int(np.prod(shape[1:]))
    weight = rng.integers(-127, 128, shape)
    bias = rng.integers(-4000, 4001, rows)
    shift = rng.integers(-9, -5, rows) - int(np.log2(products) / 2)
    multiplier = rng.integers(MULTIPLIER_MIN, MULTIPLIER_MAX, rows, endpoint=True)
    if wild:
        weight = np.where(rng.random(shape) < 0.5, rng.choice([-127, 127], shape), weight)
        room = S32_MAX - 127 * 128 * products
        bias = np.where(rng.random(rows) < 0.5, rng.choice([-room, -1, 0, 1, room], rows), bias)
        shift = rng.integers(SHIFT_MIN, SHIFT_MAX, rows, endpoint=True)
        # A power of two as factor leaves remainders of exactly one half.
        multiplier = np.where(rng.random(rows) < 0.5, rng.choice([MULTIPLIER_MIN, MULTIPLIER_MAX], rows), multiplier)
    if rng.random() < 0.3:
        shift, multiplier = np.full(rows, shift[0]), np.full(rows, multiplier[0])
    arrays = {"weight": weight.astype(np.int8), "bias": bias, "multiplier": multiplier, "shift": shift}
    return {name: array if name == "weight" else array.astype(np.int32) for name, array in arrays.items()}


def _layer(rng: np.random.Generator, number: int, source: Tensor, wild: bool) -> tuple[Layer, Tensor]:
    name, relu = f"layer{number}", str(rng.choice(["none", "relu"]))
    out = int(rng.choice([1, 2, 3, 4, 5, 8, 13, 16, 24]))
    if rng.random() < 0.3:
        arrays = s8_arrays(rng, (out, source.size), wild)
        return Layer(name, "dense", (source.name,), name, relu, arrays), Tensor(name, out, SCALE, source.period)
    options = {"kernel": int(rng.integers(1, 8)), "dilation": int(rng.integers(1, 6)), "stride": 1, "groups": 1}
    if rng.random() < 0.3 and source.period < 9:
        options["stride"] = int(rng.integers(2, 4))
    if rng.random() < 0.4:
        options["groups"], out = source.size, source.size * int(rng.choice([1, 1, 1, 2, 4]))
    arrays = s8_arrays(rng, (out, options["kernel"], source.size // options["groups"]), wild)
    tensor = Tensor(name, out, SCALE, source.period * options["stride"])
    return Layer(name, "conv1d", (source.name,), name, relu, arrays, options), tensor


def random_s8_graph(seed: int, *, wild: bool = False) -> Graph:
    """One to four layers, each on any tensor before it; every one of them is an output."""
    rng = np.random.default_rng(seed)
    tensors, layers = [Tensor("x", int(rng.integers(1, 20)), SCALE)], list[Layer]()
    for number in range(int(rng.integers(1, 5))):
        source = tensors[int(rng.integers(0, len(tensors)))]
        if any(9 % tensor.period and 8 % tensor.period for tensor in tensors):
            source = tensors[0]
        layer, tensor = _layer(rng, number, source, wild)
        if any(max(tensor.period, t.period) % min(tensor.period, t.period) for t in tensors):
            break  # periods that don't divide each other make no graph
        layers.append(layer)
        tensors.append(tensor)
    outputs = tuple(layer.output for layer in layers)
    if not outputs:
        return random_s8_graph(seed + 1_000_003, wild=wild)
    return Graph("s8s8", ("x",), outputs, {tensor.name: tensor for tensor in tensors}, tuple(layers))


def s8_codes(seed: int, columns: int, size: int) -> NDArray[np.int8]:
    """[columns, size], a third of them at the ends of the range."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(S8_MIN, S8_MAX, (columns, size), endpoint=True)
    return np.where(rng.random(codes.shape) < 0.3, rng.choice([S8_MIN, S8_MAX, 0], codes.shape), codes).astype(np.int8)


class CmsisCore:
    """Runs any s8s8 graph on the kernels of an image that `make cmsis` built; memory is laid out anew for each."""

    def __init__(self, elf: Path) -> None:
        self.machine = Machine(elf)
        self._start = self.machine.allocate(256 * 1024, "AXI SRAM")

    def _put(self, values: NDArray) -> int:
        self.machine.write(self._next, values)
        address, self._next = self._next, self._next + -(-values.nbytes // 16) * 16
        return address

    def load(self, graph: Graph, block: int = 16) -> None:
        """Tables and arena into AXI memory, tick 0. Nothing is zero that the firmware does not make so."""
        self._next, tables = self._start, cmsis_graph.plan(graph, block=block)
        self.graph, self.names = cmsis_graph.place(tables, self._put), cmsis_graph.tensor_order(graph)
        self.sizes = [graph.tensors[name].size for name in self.names]
        self.arena = self._put(np.full(int(tables.graph["arena_bytes"]) + 16, 0xA5, np.uint8))
        self.machine.call("cmsis_reset", self.graph, self.arena)

    def _columns(self, tensor: int, ticks: int) -> tuple[int, int]:
        due = self.machine.call("cmsis_columns_due", self.graph, self.arena, tensor, ticks)
        return self.machine.call("cmsis_columns", self.graph, self.arena, tensor), due

    def run(self, codes: NDArray[np.int8], splits: Iterator[int]) -> Mapping[str, NDArray]:
        """codes [ticks, size] of the one input → {tensor: [columns, size]}, in calls of so many ticks."""
        found: dict[str, list[NDArray]] = {name: [] for name in self.names}
        tick = 0
        while tick < len(codes):
            ticks = min(next(splits), len(codes) - tick)
            address, _ = self._columns(0, ticks)
            self.machine.write(address, codes[tick : tick + ticks])
            places = [self._columns(number, ticks) for number in range(len(self.names))]
            assert self.machine.call("cmsis_run", self.graph, self.arena, ticks) == 0
            for name, size, (address, due) in zip(self.names, self.sizes, places, strict=True):
                found[name].append(self.machine.read(address, due * size, np.int8).reshape(due, size))
            tick += ticks
        return {name: np.concatenate(columns) for name, columns in found.items()}
