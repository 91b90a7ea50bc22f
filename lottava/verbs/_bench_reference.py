# SPDX-License-Identifier: MIT
"""Others' ways to convolve, to compare with: five loops in C, the method of CMSIS-NN's s16 path, its s8 kernels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._common import say

if TYPE_CHECKING:
    from lottava.emulator.bench import Row
    from lottava.emulator.machine import Machine
    from lottava.graph import Graph


def rows(machine: Machine, build_dir: Path) -> Iterator[Row]:
    """Every convolution by each of them; without the package bakenn, those of CMSIS-NN's s8 kernels are left out."""
    from lottava.emulator.bench import BLOCK, CONVOLUTIONS
    from lottava.emulator.bench_graphs import layer_graph

    shapes = [(layer_graph("conv1d", i, o, kernel=k), f"{i}>{o} k{k}, {BLOCK} columns") for i, k, o in CONVOLUTIONS]
    for graph, shape in shapes:
        yield from _plain(machine, graph, shape)
    core = _s8_core(build_dir)
    if core is not None:
        for graph, shape in shapes:
            yield _cmsis_s8(core, _as_s8(graph), shape)


def _plain(machine: Machine, graph: Graph, shape: str) -> Iterator[Row]:
    """Both functions of firmware/bench, which keep no state."""
    from lottava import reference
    from lottava.emulator.bench import BLOCK, Row, counts, macs
    from lottava.emulator.bench_graphs import random_codes

    machine.release()
    layer = graph.layers[0]
    arrays, past = layer.arrays, layer.option("kernel") - 1
    addresses = [machine.place(arrays[name]) for name in ("weight", "bias", "multiplier", "shift")]
    outputs, kernel, inputs = arrays["weight"].shape
    structure = machine.place(np.array([*addresses, inputs, kernel, outputs], np.uint32))
    codes = random_codes(graph, past + BLOCK)
    x, y = machine.place(codes["x"]), machine.allocate(2 * BLOCK * outputs)
    scratch = machine.allocate(4 * kernel * inputs)
    expected = reference.run(graph, codes)["y"][past:]
    for function, kernel_name, extra in (
        ("bench_naive_convolve", "naive C", ()),
        ("bench_cmsis_convolve", "CMSIS-NN's s16 method", (scratch,)),
    ):
        timing = [machine.call_timed(function, structure, x, y, BLOCK, *extra) for _ in range(2)][-1]
        exact = np.array_equal(machine.read(y, BLOCK * outputs, np.int16).reshape(BLOCK, outputs), expected)
        yield Row("conv1d", shape, kernel_name, counts([timing]), macs(graph) * BLOCK, "MAC", exact)


def _s8_core(build_dir: Path) -> Machine | None:
    """CMSIS-NN's s8 kernels; None where the package that carries them is missing."""
    from lottava.emulator import Machine
    from lottava.emulator.library import build
    from lottava.export import cmsis_nn

    try:
        cmsis_nn.vendor_folder()
    except cmsis_nn.CmsisError as error:
        say(f"CMSIS-NN's s8 kernels are left out: {error}")
        return None
    return Machine(build("cmsis", build_dir=build_dir) / "cmsis" / "lottava-cmsis.elf")


def _as_s8(graph: Graph) -> Graph:
    """The same layer with s8 activations, its shifts such that outputs fill their range."""
    layer = graph.layers[0]
    arrays = {**layer.arrays, "shift": layer.arrays["shift"] + 2, "bias": layer.arrays["bias"] >> 6}
    tensors = {name: replace(tensor, scale=1 / 127) for name, tensor in graph.tensors.items()}
    return replace(graph, number_format="s8s8", tensors=tensors, layers=(replace(layer, arrays=arrays),))


def _cmsis_s8(machine: Machine, graph: Graph, shape: str) -> Row:
    """arm_convolve_wrapper_s8 as firmware/cmsis runs it, tables and state in DTCM."""
    from lottava import reference
    from lottava.emulator.bench import BLOCK, Row, counts, macs
    from lottava.export import cmsis_graph

    machine.release()
    tables = cmsis_graph.plan(graph, block=BLOCK)
    where = cmsis_graph.place(tables, lambda array: machine.place(array))
    arena = machine.allocate(int(tables.graph["arena_bytes"]) + 16)
    machine.call("cmsis_reset", where, arena)
    codes = np.random.default_rng(0).integers(-128, 128, (3 * BLOCK, graph.tensors["x"].size)).astype(np.int8)
    expected = reference.run(graph, {"x": codes})["y"]
    exact, timings = True, []
    for start in range(0, len(codes), BLOCK):
        machine.write(machine.call("cmsis_columns", where, arena, 0), codes[start : start + BLOCK])
        y = machine.call("cmsis_columns", where, arena, 1)
        timings.append(machine.call_timed("cmsis_run", where, arena, BLOCK))
        found: Any = machine.read(y, expected[:BLOCK].size, np.int8).reshape(expected[:BLOCK].shape)
        exact &= np.array_equal(found, expected[start : start + BLOCK])
    return Row("conv1d", shape, "CMSIS-NN s8 (bakenn)", counts(timings[-1:]), macs(graph) * BLOCK, "MAC", exact)
