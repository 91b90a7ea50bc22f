# SPDX-License-Identifier: MIT
"""The build option CMSIS_NN_DIR: products through CMSIS-NN 7's interface, with a stand-in for the checkout."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import streaming
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.library import FIRMWARE
from lottava.emulator.machine import Machine
from lottava.emulator.network import MachineNetwork
from lottava.export import VoiceParameters, blob
from numpy.typing import NDArray

from lottava import fixedpoint, reference
from lottava.graph import Graph, Layer, Tensor

STAND_IN = Path(__file__).parent / "cmsis_nn_stand_in"
MATRIX = np.dtype(
    [
        *(("weights", "<u4"), ("rows", "<u4"), ("row_groups", "<u2"), ("column_groups", "<u2")),
        *(("wide", "u1"), ("relu", "u1"), ("padding", "<u2")),
    ]
)
TAPS = np.dtype(
    [
        *((name, "<u4") for name in ("weight", "rows", "taps", "channels", "groups")),
        *(("row_stride", "<i4"), ("tap_stride", "<i4")),
        *((name, "<u4") for name in ("first_row", "row_slice", "channel_slice")),
    ]
)
ROWS = np.dtype([("bias", "<i4", 4), ("factor", "<i4", 4)])


@dataclass(frozen=True, eq=False)
class Product:
    """weight s8 [rows, taps, channels of one group]; bias, multiplier, shift a row."""

    weight: NDArray
    bias: NDArray
    multiplier: NDArray
    shift: NDArray
    groups: int
    relu: bool

    def dense(self) -> NDArray[np.int64]:
        """[rows, taps, channels of all groups padded to 4], zero where another group's channel stands."""
        rows, taps, channels = self.weight.shape
        full = np.zeros((rows, taps, -(-self.groups * channels // 4) * 4), np.int64)
        for row in range(rows):
            first = row // (rows // self.groups) * channels
            full[row, :, first : first + channels] = self.weight[row]
        return full

    def oracle(self, x: NDArray) -> NDArray[np.int64]:
        """x [columns, fan-in] → [columns, rows]."""
        acc = x.astype(np.int64) @ self.dense().reshape(len(self.weight), -1).T + self.bias
        y = fixedpoint.requantise(acc, self.multiplier, self.shift)
        return np.maximum(y, 0) if self.relu else y


@st.composite
def products(draw: st.DrawFn) -> Product:
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    rows, taps = groups * draw(st.integers(1, 6)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (rows, taps, draw(st.integers(1, 12)))
    weight = np.where(rng.random(shape) < 0.4, rng.choice([-127, 127], shape), rng.integers(-127, 128, shape))
    bias = rng.integers(-(1 << 20), 1 << 20, rows)
    if draw(st.booleans()):
        bias = np.where(rng.random(rows) < 0.5, rng.choice([-(2**31), 2**31 - 1, -(2**30), 2**30], rows), bias)
    multiplier = rng.integers(fixedpoint.MULTIPLIER_MIN, fixedpoint.MULTIPLIER_MAX, rows, endpoint=True)
    ends = rng.choice([fixedpoint.MULTIPLIER_MIN, fixedpoint.MULTIPLIER_MAX], rows)
    multiplier = np.where(rng.random(rows) < 0.3, ends, multiplier)
    shift = rng.integers(fixedpoint.SHIFT_MIN, fixedpoint.SHIFT_MAX, rows, endpoint=True)
    return Product(weight.astype(np.int8), bias, multiplier, shift, groups, draw(st.booleans()))


class Core:
    """nn_pack_s8 and nn_matmul_s8s16 of an image, memory laid out anew for each product."""

    def __init__(self, elf: Path) -> None:
        self.machine = Machine(elf)
        self._start = self._next = self.machine.allocate(128 * 1024, "AXI SRAM")

    def _put(self, values: NDArray) -> int:
        self.machine.write(self._next, values)
        address, self._next = self._next, self._next + -(-(values.nbytes + 16) // 16) * 16
        return address

    def _matrix(self, product: Product) -> tuple[int, int]:
        """Addresses of an NnMatrix and of its packed weights."""
        rows, taps, channels = product.weight.shape
        groups, columns = -(-rows // 4), product.dense()[0].size // 4
        weight = self._put(product.weight)
        record = np.array((weight, rows, taps, channels, product.groups, taps * channels, channels, 0, 0, 0), TAPS)
        packed = self._put(np.full(16 * groups * columns, 0x7A7A, np.int16))
        self.machine.call("nn_pack_s8", self._put(record), packed)
        factor = fixedpoint.reduce_multiplier(product.multiplier) << (17 + product.shift)
        padded = np.zeros((2, 4 * groups), np.int32)
        padded[:, :rows] = product.bias, factor
        table = np.zeros(groups, ROWS)
        table["bias"], table["factor"] = padded.reshape(2, groups, 4)
        wide = not fixedpoint.fits_32_bits(product.weight.reshape(rows, -1), product.bias)
        matrix = np.array((packed, self._put(table), groups, columns, wide, product.relu, 0), MATRIX)
        return self._put(matrix), packed

    def run(self, product: Product, x: NDArray[np.int16], x_stride: int, y_stride: int, columns: int) -> NDArray:
        """[columns, rows] from the memory x, column t at x_stride * t."""
        self._next = self._start
        matrix, _ = self._matrix(product)
        y = self._put(np.full(columns * y_stride, 0x5555, np.int16))
        self.machine.call("nn_matmul_s8s16", matrix, self._put(x), x_stride, y, y_stride, columns)
        return self.machine.read(y, columns * y_stride, np.int16).reshape(columns, y_stride)


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    build = tmp_path_factory.mktemp("s16")
    command = ["make", "-s", "-C", str(FIRMWARE), "cmsis-s16", f"CMSIS_NN_DIR={STAND_IN}", f"BUILD={build}"]
    subprocess.run(command, check=True)
    return build / "cmsis" / "lottava-cmsis-s16.elf"


@pytest.fixture(scope="module")
def core(elf: Path) -> Core:
    return Core(elf)


def codes(seed: int, count: int) -> NDArray[np.int16]:
    rng = np.random.default_rng(seed)
    x = rng.integers(-(1 << 15), 1 << 15, count)
    return np.where(rng.random(count) < 0.3, rng.choice([-(1 << 15), 0, (1 << 15) - 1], count), x).astype(np.int16)


@given(
    product=products(),
    seed=st.integers(0, 2**32 - 1),
    columns=st.integers(1, 9),
    apart=st.sampled_from(["windows", "contiguous", "twice", "odd"]),
    gap=st.sampled_from([0, 0, 4, 12]),
)
def test_products_equal_the_oracle(core: Core, product: Product, seed: int, columns: int, apart: str, gap: int) -> None:
    rows, fan_in = len(product.weight), product.dense()[0].size
    x_stride = {
        "windows": product.dense().shape[2],
        "contiguous": fan_in,
        "twice": 2 * fan_in,
        "odd": fan_in + 4,
    }[apart]
    x = codes(seed, (columns - 1) * x_stride + fan_in)
    padded = -(-rows // 4) * 4
    y = core.run(product, x, x_stride, padded + gap, columns)
    windows = np.stack([x[t * x_stride : t * x_stride + fan_in] for t in range(columns)])
    np.testing.assert_array_equal(y[:, :rows], product.oracle(windows))
    assert not y[:, rows:padded].any(), "padding rows are zero"
    assert np.all(y[:, padded:] == 0x5555), "nothing is written between columns"


@given(product=products())
def test_packing_only_pads(core: Core, product: Product) -> None:
    core._next = core._start
    _, packed = core._matrix(product)
    dense = product.dense()
    found = core.machine.read(packed, dense.size, np.int8)
    np.testing.assert_array_equal(found.reshape(dense.shape), dense)


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_worst_input_of_the_longest_32_bit_sum(core: Core, sign: int) -> None:
    weight = np.full((4, 1, 512), sign * 127, np.int8)
    rest = 2**31 - 1 - 512 * 127 * 32768
    one = np.ones(4, np.int64)
    product = Product(weight, one * rest * -sign, one * fixedpoint.MULTIPLIER_MAX, -one, 1, False)
    assert fixedpoint.fits_32_bits(weight.reshape(4, -1), product.bias)
    x = np.full(3 * 512, -(1 << 15), np.int16)
    np.testing.assert_array_equal(core.run(product, x, 512, 4, 3), product.oracle(x.reshape(3, 512)))


@pytest.fixture(scope="module")
def machine(elf: Path) -> Machine:
    return Machine(elf)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    wild=st.booleans(),
    block=st.sampled_from([1, 7, 16, 48]),
    kind=st.sampled_from(["", "conv1d", "scale", "gru"]),
)
def test_graphs_on_the_runner_equal_the_oracle(machine: Machine, seed: int, wild: bool, block: int, kind: str) -> None:
    if kind:
        graph = streaming.random_layer_graph(seed, kind, integer=True, wild=wild)
    else:
        graph = streaming.random_streaming_graph(seed, integer=True, wild=wild)
    graph = replace(graph, outputs=graph.outputs[:1])
    machine.release()
    network = MachineNetwork(machine, graph, blob.to_bytes(graph, VoiceParameters(), block=block))
    inputs = streaming.random_columns(graph, seed, 96)  # whole columns of every period
    found, _ = network.run(inputs, [block])
    for name, expected in reference.run(graph, inputs).items():
        np.testing.assert_array_equal(found[name], expected, err_msg=name)


@pytest.mark.parametrize("taps", [1, 6, 40])
@pytest.mark.parametrize("wild", [False, True])
def test_depthwise_convolutions_equal_the_oracle(machine: Machine, taps: int, wild: bool) -> None:
    rng = np.random.default_rng(taps)
    options = {"kernel": taps, "dilation": 2, "groups": 60}
    arrays = streaming.integer_arrays(rng, "", (60, taps, 1), wild)
    layer = Layer("y", "conv1d", ("x",), "y", "none", arrays, options)
    graph = Graph("s8s16", ("x",), ("y",), {name: Tensor(name, 60, 2.0**-12) for name in "xy"}, (layer,))
    machine.release()
    network = MachineNetwork(machine, graph, blob.to_bytes(graph, VoiceParameters(), block=16))
    inputs = streaming.random_columns(graph, taps, 120)
    np.testing.assert_array_equal(network.run(inputs, [16])[0]["y"], reference.run(graph, inputs)["y"])


def test_the_interface_is_not_in_the_image_without_the_option() -> None:
    makefile = ["make", "-n", "-C", str(FIRMWARE), "seed", "BUILD=/nonexistent"]
    commands = subprocess.run(makefile, capture_output=True, text=True, check=True).stdout
    assert "nn/matmul.c" in commands and "arm_convolve_s16" not in commands


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    command = ["make", "-n", "-C", str(FIRMWARE), "seed", f"CMSIS_NN_DIR={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode and "full path of a CMSIS-NN 7 checkout" in done.stderr
