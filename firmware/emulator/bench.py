# SPDX-License-Identifier: MIT
"""What kernels and graphs cost on the core, by the timing model; every result is compared with the oracle on the way.

No board was measured. The model's integer rules agree with published counts of other code on this core; its rules for
SMLAD and for floating point have no silicon behind them yet (firmware/bench/cases.h is there to change that).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lottava import fixedpoint, reference
from lottava.fixedpoint import SIGMOID_TABLE
from lottava.graph import Graph, array_shapes
from lottava.units import SAMPLE_RATE_HZ

from .bench_graphs import layer_graph, random_codes
from .errors import EmulatorError
from .machine import Machine, Timing
from .network import MachineNetwork
from .trace import TraceCost

PEAK_MACS_PER_CYCLE = 2.0
"""One SMLAD a cycle: what this core can do at most."""

CONVOLUTIONS = ((16, 1, 16), (16, 2, 16), (12, 3, 12), (16, 3, 16), (32, 3, 32), (64, 3, 64))
"""Inputs, kernel, outputs: fan-ins of 16, 32, 36, 48, 96 and 192."""
BLOCK = 16
"""Columns that a convolution is run for at a time."""
MATVECS = ((16, 48), (32, 48), (48, 48), (64, 48), (96, 48))
"""Fan-in and rows of a single step."""
RECURRENT = (("gru", 32, 32), ("gru", 96, 48), ("lstm", 32, 32), ("lstm", 48, 48))

FEW_CALLS = 4
"""A period of no more calls than that is timed whole."""
SAMPLE = "sample"
"""Unit of work of what makes sound: a sample of 48 kHz."""

Blob = Callable[[Graph, int], bytes]
"""Makes the firmware's blob of a graph and a number of ticks a call."""


class Counts(NamedTuple):
    """Instructions, and cycles of both variants of the model."""

    instructions: float
    cycles: float
    cycles_pessimistic: float


def counts(timings: Iterable[Timing | TraceCost], per: float = 1.0) -> Counts:
    """All of them together, divided by `per`."""
    rows = [(one.instructions, one.cycles, one.cycles_pessimistic) for one in timings]
    return Counts(*(float(total) / per for total in np.sum(rows, axis=0)))


@dataclass(frozen=True)
class Row:
    """One measurement. work: how many of `unit` it did. exact: equals the oracle; None where tests hold another law."""

    group: str
    shape: str
    kernel: str
    counts: Counts
    work: float
    unit: str
    exact: bool | None

    @property
    def name(self) -> str:
        """Of the row, the same from run to run."""
        return f"{self.group} {self.shape}, {self.kernel}"

    @property
    def rate(self) -> float:
        """Products a cycle, or cycles for each other unit of work."""
        return self.work / self.counts.cycles if self.unit == "MAC" else self.counts.cycles / self.work

    @property
    def limit_share(self) -> float | None:
        """Share of the core's own limit; None for what is no product."""
        return self.rate / PEAK_MACS_PER_CYCLE if self.unit == "MAC" else None

    def as_dict(self) -> dict[str, Any]:
        """Figures for a report."""
        return {
            **{"name": self.name, "group": self.group, "shape": self.shape, "kernel": self.kernel, "kind": "modelled"},
            **self.counts._asdict(),
            **{"work": self.work, "unit": self.unit, "rate": self.rate, "limit_share": self.limit_share},
            "exact": self.exact,
        }


def macs(graph: Graph) -> int:
    """Multiply-accumulates of one column of every layer."""
    return sum(
        int(np.prod(shape))
        for layer in graph.layers
        for name, shape in array_shapes(layer, graph.tensors).items()
        if name.startswith("weight")
    )


def time_graph(
    machine: Machine, graph: Graph, blob: bytes, *, block: int, warm: int, ticks: int
) -> tuple[list[Timing], bool]:
    """Timings of the calls that make `ticks` ticks, after `warm` others; and whether all outputs equal the oracle's."""
    machine.release()
    network = MachineNetwork(machine, graph, blob)
    codes = random_codes(graph, warm + ticks)
    before, _ = network.run(codes, [block], ticks=warm)
    after, timings = network.run(codes, [block], ticks=ticks, timed=True)
    found = {name: np.concatenate([before[name], after[name]]) for name in graph.outputs}
    expected = reference.run(graph, codes)
    return timings, all(np.array_equal(found[name], expected[name][: len(found[name])]) for name in graph.outputs)


def _layer_row(machine: Machine, to_blob: Blob, graph: Graph, block: int, shape: str) -> Row:
    """The last of a few calls, when caches and predictor are warm."""
    timings, exact = time_graph(machine, graph, to_blob(graph, block), block=block, warm=block, ticks=3 * block)
    kind = graph.layers[0].kind
    return Row(kind, shape, "lottava", counts(timings[-1:]), macs(graph) * block, "MAC", exact)


def layer_rows(machine: Machine, to_blob: Blob) -> Iterator[Row]:
    """Whole layers as the runner runs them: bias, requantisation and state included."""
    for inputs, kernel, outputs in CONVOLUTIONS:
        graph = layer_graph("conv1d", inputs, outputs, kernel=kernel)
        shape = f"{inputs}>{outputs} k{kernel}, {BLOCK} columns"
        yield _layer_row(machine, to_blob, graph, BLOCK, shape)
    for inputs, outputs in MATVECS:
        graph = layer_graph("dense", inputs, outputs)
        yield _layer_row(machine, to_blob, graph, 1, f"{inputs}>{outputs}, 1 column")
    for kind, inputs, outputs in RECURRENT:
        graph = layer_graph(kind, inputs, outputs)
        yield _layer_row(machine, to_blob, graph, 1, f"{inputs}>{outputs}, 1 column")
    graph = layer_graph("gated_conv1d", 16, 8, kernel=2, dilation=4)
    yield _layer_row(machine, to_blob, graph, 1, "16>8 k2, 1 column")


def matvec_rows(machine: Machine) -> Iterator[Row]:
    """The product alone, one column at a time: what dense layers and gates stand on."""
    for inputs, outputs in MATVECS:
        graph = layer_graph("dense", inputs, outputs)
        machine.release()
        matrix = _place_matrix(machine, graph)
        codes = random_codes(graph, 2)["x"]
        y = machine.allocate(2 * outputs)
        for column in codes:
            timing = machine.call_timed(
                "nn_matmul_s8s16", matrix, machine.place(column, slack=16), inputs, y, outputs, 1
            )
        expected = reference.run(graph, {"x": codes})["y"][-1]
        exact = np.array_equal(machine.read(y, outputs, np.int16), expected)
        yield Row("matvec", f"{inputs}>{outputs}", "lottava", counts([timing]), inputs * outputs, "MAC", exact)


def _place_matrix(machine: Machine, graph: Graph) -> int:
    """A dense layer's NnMatrix (firmware/nn/matmul.h), packed by the firmware's own function."""
    arrays = graph.layers[0].arrays
    weight = arrays["weight"]
    rows, columns = weight.shape
    if rows % 4 or columns % 4:
        raise EmulatorError(f"a matrix of {rows} x {columns} would need padding; take multiples of four")
    taps = np.array([machine.place(weight, "D2 SRAM"), rows, 1, columns, 1, columns, columns, 0, 0, 0], np.uint32)
    packed = machine.allocate(2 * rows * columns + 32)
    machine.call("nn_pack_s8", machine.place(taps, "D2 SRAM"), packed)
    factors = fixedpoint.reduce_multiplier(arrays["multiplier"]) << (17 + arrays["shift"].astype(np.int64))
    groups = [[arrays["bias"][i : i + 4], factors[i : i + 4]] for i in range(0, rows, 4)]
    pointers = np.array([packed, machine.place(np.array(groups, np.int32))], np.uint32)
    sizes = np.array([rows // 4, columns // 4, 0, 0], np.uint16)
    return machine.place(np.frombuffer(pointers.tobytes() + sizes.tobytes(), np.uint8))


def lookup_rows(machine: Machine) -> Iterator[Row]:
    """Interpolated tables, 64 values a call."""
    machine.release()
    codes = np.random.default_rng(0).integers(-(1 << 15), 1 << 15, 64).astype(np.int16)
    x, y = machine.place(codes), machine.allocate(2 * codes.size)
    machine.call("nn_fill_gate_tables")
    for _ in range(2):
        timing = machine.call_timed("nn_lookup_s16", machine.address("nn_sigmoid_table"), x, y, codes.size)
    exact = np.array_equal(machine.read(y, codes.size, np.int16), fixedpoint.lookup(SIGMOID_TABLE, codes))
    yield Row("lookup", "sigmoid, 64 values", "lottava", counts([timing]), codes.size, "value", exact)


def graph_row(machine: Machine, to_blob: Blob, name: str, graph: Graph, *, rate_hz: float, block: int) -> Row:
    """A whole graph per sample of 48 kHz, the mean over its largest period."""
    calls = -(-graph.largest_period // block)
    blob = to_blob(graph, block)
    if calls <= FEW_CALLS:
        unheard = calls * -(-2 // calls)
        counted = calls * -(-4 // calls)
        timings, exact = time_graph(machine, graph, blob, block=block, warm=0, ticks=(unheard + counted) * block)
        mean = counts(timings[unheard:], per=counted)
    else:
        # One call has new slow columns, the third that is timed; all others are alike. Two warm the predictor up.
        timings, exact = time_graph(machine, graph, blob, block=block, warm=(calls - 2) * block, ticks=6 * block)
        slow, usual = counts(timings[2:3]), counts(timings[3:], per=3)
        mean = Counts(*((a + (calls - 1) * b) / calls for a, b in zip(slow, usual, strict=True)))
    samples = block * SAMPLE_RATE_HZ / rate_hz
    return Row("graph", name, "lottava", Counts(*(figure / samples for figure in mean)), 1.0, SAMPLE, exact)
