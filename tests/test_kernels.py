# SPDX-License-Identifier: MIT
"""Each kernel equals fixedpoint.py's rule bit for bit: plain C on this machine, assembly on the Cortex-M7."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator import Machine, build_image
from lottava.emulator.library import host_library
from lottava.export import blob
from numpy.typing import DTypeLike, NDArray

from lottava import activations
from lottava import fixedpoint as fp

SLACK = 16
"""Bytes that a kernel may read behind its operands."""
BEHIND = 0x5A5A
"""Value that stands behind an output and has to stay there."""
Array = NDArray[Any]


class Core(Protocol):
    """Something that runs the C functions; `pointer` is the type of an address."""

    pointer: DTypeLike

    def begin(self) -> None: ...
    def place(self, values: Array) -> int: ...
    def read(self, where: int, count: int) -> Array: ...
    def call(self, function: str, *arguments: int) -> None: ...
    def address(self, symbol: str) -> int: ...


class HostCore:
    pointer = np.uint64

    def begin(self) -> None:
        self._kept: dict[int, Array] = {}

    def place(self, values: Array) -> int:
        raw = np.zeros(values.nbytes + SLACK + 16, np.uint8)
        start = -raw.ctypes.data % 16
        raw[start : start + values.nbytes] = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        self._kept[raw.ctypes.data + start] = raw[start:]
        return raw.ctypes.data + start

    def read(self, where: int, count: int) -> Array:
        return self._kept[where][: 2 * count].view(np.int16).copy()

    def call(self, function: str, *arguments: int) -> None:
        getattr(host_library(), function)(*(ctypes.c_void_p(argument & (1 << 64) - 1) for argument in arguments))

    def address(self, symbol: str) -> int:
        return ctypes.addressof(ctypes.c_uint32.in_dll(host_library(), symbol))


class M7Core:
    pointer = np.uint32
    BYTES = 72 << 10

    def __init__(self) -> None:
        self._machine = Machine(build_image("bench"))
        self._base = self._machine.allocate(self.BYTES)

    def begin(self) -> None:
        self._next = self._base

    def place(self, values: Array) -> int:
        where = self._next
        self._next += -(-(values.nbytes + SLACK) // 16) * 16
        assert self._next <= self._base + self.BYTES
        self._machine.write(where, values)
        return where

    def read(self, where: int, count: int) -> Array:
        return self._machine.read(where, count, np.int16)

    def call(self, function: str, *arguments: int) -> None:
        self._machine.call(function, *arguments)

    def address(self, symbol: str) -> int:
        return self._machine.address(symbol)


CORES = {"host": HostCore, "m7": M7Core}


@cache
def core_named(name: str) -> Core:
    core = CORES[name]()
    core.call("nn_fill_gate_tables")
    return core


@pytest.fixture(scope="module", params=CORES)
def core(request: pytest.FixtureRequest) -> Core:
    return core_named(request.param)


def law(examples: int) -> Any:
    """Hypothesis, as a seed of random numbers."""

    def decorate(test: Any) -> Any:
        return settings(max_examples=examples, deadline=None)(given(seed=st.integers(0, 2**32 - 1))(test))

    return decorate


def codes(rng: np.random.Generator, count: int) -> Array:
    """s16, a third of them extremes, ends of table steps and zeros."""
    values = rng.integers(-32768, 32768, count)
    special = rng.choice([-32768, 32767, 0, -1, 1, 127, -128, 128], count)
    return np.where(rng.random(count) < 1 / 3, special, values).astype(np.int16)


def rows_of(rng: np.random.Generator, count: int) -> tuple[Array, Array, Array]:
    """bias, multiplier and shift; some biases and shifts saturate every output."""
    bias = rng.integers(-(1 << rng.integers(1, 30)), 1 << rng.integers(1, 30), count)
    shift = rng.integers(*rng.choice([(-16, 0), (-9, -6), (-2, 0)]), count)
    return bias, rng.integers(1 << 30, 1 << 31, count), shift


def packed_rows(bias: Array, multiplier: Array, shift: Array) -> Array:
    """NnRows of all row groups."""
    padded = np.zeros((2, -(-len(bias) // 4) * 4), np.int64)
    padded[0, : len(bias)] = bias
    padded[1, : len(bias)] = fp.reduce_multiplier(multiplier) << (17 + shift)
    return np.ascontiguousarray(padded.reshape(2, -1, 4).swapaxes(0, 1)).astype(np.int32)


def struct(core: Core, pointers: list[int], shorts: list[int], bytes_: list[int]) -> Array:
    """Pointers, then u16, then u8, as NnMatrix and NnDepthwise have them."""
    head = np.array(pointers, core.pointer).tobytes()
    return np.frombuffer(head + np.array(shorts, np.uint16).tobytes() + bytes(bytes_) + bytes(8), np.uint8)


def taps_struct(core: Core, weight: int, words: list[int], strides: list[int]) -> Array:
    head = np.array([weight], core.pointer).tobytes() + np.array(words, np.uint32).tobytes()
    return np.frombuffer(head + np.array(strides, np.int32).tobytes() + bytes(32), np.uint8)


def packed(core: Core, weight: Array, groups: int = 1) -> Array:
    """nn_pack_s8 of s8 [rows, taps, channels of a group]."""
    rows, taps, channels = weight.shape
    where = core.place(weight)
    count = -(-rows // 4) * 16 * taps * -(-channels * groups // 4)
    target = core.place(np.full(count + 1, BEHIND, np.int16))
    description = taps_struct(core, where, [rows, taps, channels, groups], [taps * channels, channels])
    core.call("nn_pack_s8", core.place(description), target)
    result = core.read(target, count + 1)
    assert result[-1] == BEHIND
    return result[:-1]


def output(core: Core, count: int) -> int:
    return core.place(np.full(count + 1, BEHIND, np.int16))


def taken(core: Core, where: int, count: int) -> Array:
    values = core.read(where, count + 1)
    assert values[-1] == BEHIND, "written behind the output"
    return values[:-1].astype(np.int64)


@law(40)
def test_packing_is_a_bijection(core: Core, seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = int(rng.integers(1, 4))
    rows, taps, channels = int(rng.integers(1, 6)) * groups, int(rng.integers(1, 6)), int(rng.integers(1, 11))
    core.begin()
    weight = rng.integers(-127, 128, (rows, taps, channels)).astype(np.int8)
    got = packed(core, weight, groups)
    wanted = np.zeros((-(-rows // 4) * 4, taps, -(-groups * channels // 4) * 4), np.int16)
    for row in range(rows):
        start = row // (rows // groups) * channels
        wanted[row, :, start : start + channels] = weight[row]
    wanted = wanted.reshape(wanted.shape[0] // 4, 4, -1, 4).swapaxes(1, 2)
    np.testing.assert_array_equal(got, wanted.reshape(-1))
    assert sorted(got[got != 0]) == sorted(weight[weight != 0])


def matmul(core: Core, rng: np.random.Generator, rows: int, fan_in: int, columns: int, **fields: int) -> None:
    relu, wide = fields.get("relu", 0), fields.get("wide", 0)
    core.begin()
    padded, out = -(-fan_in // 4) * 4, -(-rows // 4) * 4
    stride = int(rng.integers(1, padded // 2 + 4)) * 2 if fan_in == padded else padded
    x = codes(rng, (columns - 1) * stride + padded)
    if padded != fan_in:
        x.reshape(columns, stride)[:, fan_in:] = 0
    weight = rng.integers(-127, 128, (rows, fan_in)).astype(np.int8)
    bias, multiplier, shift = rows_of(rng, rows)
    if not wide:  # within what the exporter proves
        bias = np.clip(bias, -(2**31) + fan_in * 127 * 32768, 2**31 - 1 - fan_in * 127 * 32768)
    weights = core.place(packed(core, weight[:, None]))
    shape = [out // 4, padded // 4]
    matrix = struct(core, [weights, core.place(packed_rows(bias, multiplier, shift))], shape, [wide, relu])
    y_stride = out + int(rng.integers(0, 3)) * 2
    y = output(core, (columns - 1) * y_stride + out)
    core.call("nn_matmul_s8s16", core.place(matrix), core.place(x), stride, y, y_stride, columns)
    got = taken(core, y, (columns - 1) * y_stride + out)
    for t in range(columns):
        acc = weight.astype(np.int64) @ x[t * stride : t * stride + fan_in].astype(np.int64) + bias
        wanted = fp.requantise(acc, multiplier, shift)
        column = got[t * y_stride : t * y_stride + out]
        np.testing.assert_array_equal(column[:rows], np.maximum(wanted, 0) if relu else wanted)
        assert not column[rows:].any(), "padding rows give zero"


@law(80)
def test_matmul(core: Core, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns, wide = int(rng.integers(1, 25)), int(rng.integers(1, 8)), int(rng.random() < 0.25)
    fan_in = int(rng.integers(1, 440 if wide else rng.choice([20, 80, 400])))
    matmul(core, rng, rows, fan_in, columns, relu=int(rng.integers(2)), wide=wide)


@pytest.mark.parametrize("groups", [*range(1, 36), 64, 65, 128])
def test_matmul_of_every_length_of_rows(core: Core, groups: int) -> None:
    """The unrolled code is entered at every place, and its loop passes any number of times."""
    matmul(core, np.random.default_rng(groups), 5, 4 * groups, 3)


def test_matmul_at_the_edge_of_32_bits(core: Core) -> None:
    core.begin()
    weight, x = np.full((4, 516), 127, np.int8), np.full(3 * 516, -32768, np.int16)
    bias = np.array([516 * 127 * 32768 - 2**31, 0, 0, 2**31 - 1])
    rows = packed_rows(bias, np.full(4, 1 << 30), np.full(4, -16))
    matrix = struct(core, [core.place(packed(core, weight[:, None])), core.place(rows)], [1, 129], [0, 0])
    y = output(core, 12)
    core.call("nn_matmul_s8s16", core.place(matrix), core.place(x), 516, y, 4, 3)
    wanted = fp.requantise(bias - 516 * 127 * 32768, np.full(4, 1 << 30), np.full(4, -16))
    np.testing.assert_array_equal(taken(core, y, 12).reshape(3, 4), np.tile(wanted, (3, 1)))


@law(60)
def test_depthwise_and_scale(core: Core, seed: int) -> None:
    rng = np.random.default_rng(seed)
    channels, taps, dilation = int(rng.integers(1, 20)), int(rng.integers(1, 8)), int(rng.integers(1, 5))
    padded, ring_columns = -(-channels // 4) * 4, (taps - 1) * dilation + int(rng.integers(1, 6))
    core.begin()
    weight = rng.integers(-127, 128, (channels, taps)).astype(np.int8)
    target = core.place(np.zeros(padded * taps, np.int16))
    core.call("nn_pack_depthwise_s8", core.place(weight), 0, channels, taps, target)
    bias, multiplier, shift = rows_of(rng, channels)
    relu, wide, newest = int(rng.integers(2)), int(rng.integers(2)), int(rng.integers(ring_columns))
    ring = codes(rng, ring_columns * padded).reshape(ring_columns, padded)
    rows = core.place(packed_rows(bias, multiplier, shift))
    layer = core.place(struct(core, [target, rows], [padded // 4, taps], [wide, relu]))
    y = output(core, padded)
    core.call("nn_depthwise_s8s16", layer, core.place(ring), ring_columns, newest, dilation, y)
    acc = bias.astype(np.int64)
    for tap in range(taps):
        acc = acc + weight[:, tap] * ring[(newest - (taps - 1 - tap) * dilation) % ring_columns, :channels].astype(
            np.int64
        )
    wanted = fp.requantise(acc, multiplier, shift)
    got = taken(core, y, padded)
    np.testing.assert_array_equal(got[:channels], np.maximum(wanted, 0) if relu else wanted)
    assert not got[channels:].any()


@law(60)
def test_gather(core: Core, seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, taps, dilation = 4 * int(rng.integers(1, 6)), int(rng.integers(1, 6)), int(rng.integers(1, 5))
    ring_columns = (taps - 1) * dilation + int(rng.integers(1, 6))
    width = 4 * int(rng.integers(1, size // 4 + 1))
    offset, newest = 4 * int(rng.integers(0, (size - width) // 4 + 1)), int(rng.integers(ring_columns))
    ring = codes(rng, ring_columns * size).reshape(ring_columns, size)
    core.begin()
    window = output(core, taps * width)
    core.call("nn_gather_s16", core.place(ring), ring_columns, size, newest, taps, dilation, offset, width, window)
    columns = [(newest - (taps - 1 - tap) * dilation) % ring_columns for tap in range(taps)]
    np.testing.assert_array_equal(taken(core, window, taps * width), ring[columns, offset : offset + width].reshape(-1))


@pytest.mark.parametrize("name", activations.TABLES)
def test_tables_are_those_of_the_specification(core: Core, name: str) -> None:
    core.begin()
    where = output(core, 1024)
    core.call("nn_fill_table", blob.ACTIVATIONS[name], where)
    twice_step, low = taken(core, where, 1024).reshape(-1, 2).T
    table = activations.TABLES[name]
    np.testing.assert_array_equal(low, table[:-1].astype(np.int16))
    np.testing.assert_array_equal(twice_step, 2 * np.diff(table))


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_lookup_of_every_code(core: Core, name: str) -> None:
    core.begin()
    x = np.arange(-32768, 32768, 2 if core.pointer is np.uint32 else 1).astype(np.int16)
    for part in np.split(x, 4):
        core.begin()
        y = output(core, len(part))
        core.call("nn_lookup_s16", core.address(f"nn_{name}_table"), core.place(part), y, len(part))
        table = {"tanh": fp.TANH_TABLE, "sigmoid": fp.SIGMOID_TABLE}[name]
        np.testing.assert_array_equal(taken(core, y, len(part)), fp.lookup(table, part))


@law(60)
def test_lookup_relu_and_rescale_of_any_count_in_place(core: Core, seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, shift = int(rng.integers(0, 40)), int(rng.integers(0, 16))
    x = codes(rng, count)
    core.begin()
    y = core.place(np.append(x, np.int16(BEHIND)))
    core.call("nn_lookup_s16", core.address("nn_tanh_table"), y, y, count)
    np.testing.assert_array_equal(taken(core, y, count), fp.lookup(fp.TANH_TABLE, x))
    y = core.place(np.append(x, np.int16(BEHIND)))
    core.call("nn_relu_s16", y, y, count)
    np.testing.assert_array_equal(taken(core, y, count), np.maximum(x, 0))
    y, source = core.place(np.full(count + 2, BEHIND, np.int16)) + 2, core.place(x)
    core.call("nn_rescale_s16", source, shift, y, count)
    np.testing.assert_array_equal(core.read(y - 2, count + 2)[1:-1], fp.rescale_power_of_two(x, shift))


@law(60)
def test_gate(core: Core, seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 40))
    z, condition = codes(rng, 2 * size), codes(rng, 2 * size)
    for given_condition in (False, True):
        core.begin()
        y = output(core, size)
        core.call("nn_gate_s16", core.place(z), core.place(condition) if given_condition else 0, y, size)
        gates = fp.saturate_s16(z.astype(np.int64) + (condition if given_condition else 0))
        tanh, sigmoid = fp.lookup(fp.TANH_TABLE, gates[:size]), fp.lookup(fp.SIGMOID_TABLE, gates[size:])
        np.testing.assert_array_equal(taken(core, y, size), fp.multiply_q15(tanh, sigmoid))


@law(60)
def test_gru_cell(core: Core, seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 40))
    gates_input, gates_hidden, hidden = codes(rng, 3 * size), codes(rng, 3 * size), codes(rng, size)
    core.begin()
    state = core.place(np.append(hidden, np.int16(BEHIND)))
    core.call("nn_gru_cell_s16", core.place(gates_input), core.place(gates_hidden), state, size)
    np.testing.assert_array_equal(taken(core, state, size), fp.gru_cell(gates_input, gates_hidden, hidden))


@law(60)
def test_lstm_cell(core: Core, seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 40))
    gates_input, gates_hidden = codes(rng, 4 * size), codes(rng, 4 * size)
    hidden, cell = codes(rng, size), codes(rng, size)
    core.begin()
    state, kept = core.place(np.append(hidden, np.int16(BEHIND))), core.place(np.append(cell, np.int16(BEHIND)))
    core.call("nn_lstm_cell_s16", core.place(gates_input), core.place(gates_hidden), state, kept, size)
    wanted_hidden, wanted_cell = fp.lstm_cell(gates_input, gates_hidden, cell)
    np.testing.assert_array_equal(taken(core, kept, size), wanted_cell)
    np.testing.assert_array_equal(taken(core, state, size), wanted_hidden)


@law(60)
def test_add_multiply_and_interpolate(core: Core, seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, parts = int(rng.integers(1, 40)), int(rng.integers(1, 5))
    lefts = rng.integers(0, 14, parts) * (rng.random() < 0.5)
    shift = int(rng.integers(0, 16)) * int(rng.random() < 0.7)
    values = [codes(rng, count) for _ in range(parts)]
    core.begin()
    y = output(core, count)
    pointers = core.place(np.array([core.place(value) for value in values], core.pointer))
    core.call("nn_add_s16", pointers, core.place(lefts.astype(np.uint8)), parts, shift, y, count)
    total = sum(value.astype(np.int64) << int(left) for value, left in zip(values, lefts, strict=True))
    np.testing.assert_array_equal(taken(core, y, count), fp.saturate_s16((total + (1 << shift >> 1)) >> shift))
    a, b, shift = codes(rng, count), codes(rng, count), int(rng.integers(1, 31))
    core.call("nn_multiply_s16", core.place(a), core.place(b), shift, y, count)
    wanted = fp.saturate_s16((a.astype(np.int64) * b + (1 << (shift - 1))) >> shift)
    np.testing.assert_array_equal(taken(core, y, count), wanted)
    weight = int(rng.choice([0, 32767, rng.integers(32768)]))
    core.call("nn_interpolate_s16", core.place(a), core.place(b), weight, y, count)
    wanted = a + fp.multiply_q15(b.astype(np.int64) - a, weight)
    np.testing.assert_array_equal(taken(core, y, count), wanted)
