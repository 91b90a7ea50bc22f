# SPDX-License-Identifier: MIT
"""A graph on the firmware's runner on an emulated Cortex-M7: the same columns as the oracle, and their cycles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from lottava.graph import Graph

from .errors import EmulatorError
from .library import ERRORS
from .machine import Machine, Timing

NETWORK_BYTES = 256
"""More than struct NnNetwork takes on a machine of 32 bits."""
TENSORS_AT, USED_AT, TENSOR_BYTES, PADDED_AT = 4, 24, 16, 14
"""Offsets in struct NnNetwork and NnTensor (firmware/nn/network.h)."""


class MachineNetwork:
    """A blob whose `level` is `graph`, loaded: what it takes from each memory is there until the machine's `release`.

    dtcm, axi: bytes of the two memories, or `arenas`: (address, bytes) of both, for an image that has its own. Raises
    EmulatorError when the firmware refuses the blob.
    """

    def __init__(
        self,
        machine: Machine,
        graph: Graph,
        blob: bytes,
        *,
        dtcm: int = 0,
        axi: int = 0,
        arenas: Sequence[tuple[int, int]] | None = None,
        level: int = 0,
    ) -> None:
        self.machine, self.graph = machine, graph
        self._network = machine.allocate(NETWORK_BYTES)
        source = machine.place(np.frombuffer(blob, np.uint8), "D2 SRAM")
        memories = machine.allocate(16)
        if arenas is None:
            dtcm, axi = dtcm or machine.left("DTCM"), axi or machine.left("AXI SRAM")
            arenas = [(machine.allocate(dtcm), dtcm), (machine.allocate(axi, "AXI SRAM"), axi)]
        machine.write(memories, np.array(arenas, np.uint32))
        code = machine.call("nn_load_level", self._network, source, len(blob), memories, level)
        if code:
            raise EmulatorError(f"the firmware refuses this graph: {ERRORS[code]} (code {code})")
        names = [*graph.inputs, *(layer.output for layer in graph.layers)]
        first = int(machine.read(self._network + TENSORS_AT, 1, np.uint32)[0])
        self._tensors = {name: first + TENSOR_BYTES * number for number, name in enumerate(names)}
        self.used = tuple(machine.read(self._network + USED_AT, 2, np.uint32).tolist())
        """Bytes of the two memories that the network takes."""
        self._tick = 0

    def reset(self) -> None:
        """Back to tick 0."""
        self.machine.call("nn_reset", self._network)
        self._tick = 0

    def run(
        self, inputs: Mapping[str, NDArray], splits: Sequence[int], *, ticks: int | None = None, timed: bool = False
    ) -> tuple[dict[str, NDArray], list[Timing]]:
        """Columns [columns, size] of every output, the ticks cut into calls of `splits`, the last one repeated.

        inputs as for reference.run, from tick 0 on. ticks: from where the last run ended; None = as long as there is
        input. With `timed`, each call's cycles.
        """
        if ticks is None:
            period = min(self.graph.tensors[name].period for name in self.graph.inputs)
            quick = [name for name in self.graph.inputs if self.graph.tensors[name].period == period]
            ticks = max(len(inputs[name]) for name in quick) * period - self._tick
        tensors = self.graph.tensors
        found = {name: [np.zeros((0, tensors[name].size), np.int16)] for name in self.graph.outputs}
        timings = []
        for count in _cut(ticks, splits):
            for name in self.graph.inputs:
                self._write(name, inputs[name][self._due(name, count)])
            if timed:
                timings.append(self.machine.call_timed("nn_run", self._network, count))
            else:
                self.machine.call("nn_run", self._network, count)
            for name, columns in found.items():
                columns.append(self._read(name, self._due(name, count)))
            self._tick += count
        return {name: np.concatenate(columns) for name, columns in found.items()}, timings

    def _due(self, name: str, count: int) -> slice:
        """Numbers of the columns that the next `count` ticks make due."""
        period = self.graph.tensors[name].period
        return slice(-(-self._tick // period), -(-(self._tick + count) // period))

    def _place(self, name: str) -> tuple[int, int]:
        """Address of the columns, and values from one to the next."""
        tensor = self._tensors[name]
        columns = int(self.machine.read(tensor, 1, np.uint32)[0])
        return columns, int(self.machine.read(tensor + PADDED_AT, 1, np.uint16)[0])

    def _write(self, name: str, columns: NDArray) -> None:
        address, padded = self._place(name)
        rows = np.zeros((len(columns), padded), np.int16)
        rows[:, : self.graph.tensors[name].size] = columns
        self.machine.write(address, rows)

    def _read(self, name: str, due: slice) -> NDArray:
        address, padded = self._place(name)
        count = due.stop - due.start
        rows = self.machine.read(address, count * padded, np.int16).reshape(count, padded)
        return rows[:, : self.graph.tensors[name].size]


def _cut(ticks: int, splits: Sequence[int]) -> Iterator[int]:
    """Sizes of calls that make `ticks` altogether."""
    for size in chain(splits, repeat(splits[-1])):
        if ticks <= 0:
            return
        yield min(size, ticks)
        ticks -= size
