# SPDX-License-Identifier: MIT
"""Graphs of s8 activations on CMSIS-NN 4.0.0's kernels: the Cortex-M7 equals the oracle bit for bit."""

from __future__ import annotations

import itertools
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lottava.emulator.library import FIRMWARE, build
from lottava.emulator.machine import Machine
from lottava.export import cmsis_graph, cmsis_nn
from lottava.export.cmsis_example import example_graph
from s8_graphs import SCALE, CmsisCore, random_s8_graph, s8_arrays, s8_codes

from lottava import reference
from lottava.graph import Graph, Layer, Tensor

SPLITS = st.lists(st.integers(1, 48), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`make cmsis` as it stands: the example graph."""
    return build("cmsis", build_dir=tmp_path_factory.mktemp("cmsis")) / "cmsis" / "lottava-cmsis.elf"


@pytest.fixture(scope="module")
def core(elf: Path) -> CmsisCore:
    return CmsisCore(elf)


def assert_equals_oracle(core: CmsisCore, graph: Graph, codes: np.ndarray, splits: list[int]) -> None:
    core.load(graph, block=max(splits))
    found = core.run(codes, itertools.cycle(splits))
    for name, expected in reference.run(graph, {"x": codes}).items():
        np.testing.assert_array_equal(found[name], expected, err_msg=name)


@given(seed=st.integers(0, 2**32 - 1), wild=st.booleans(), splits=SPLITS)
def test_any_graph_split_anyhow_equals_the_oracle(core: CmsisCore, seed: int, wild: bool, splits: list[int]) -> None:
    graph = random_s8_graph(seed, wild=wild)
    assert_equals_oracle(core, graph, s8_codes(seed, 40, graph.tensors["x"].size), splits)


@pytest.mark.parametrize("block", [1, 7, 16, 48])
def test_the_blocks_of_the_module_equal_the_oracle(core: CmsisCore, block: int) -> None:
    for seed in range(4):
        graph = random_s8_graph(seed, wild=True)
        assert_equals_oracle(core, graph, s8_codes(seed, 100, graph.tensors["x"].size), [block])


def one_layer(layer: Layer, size: int, out: int) -> Graph:
    return Graph("s8s8", ("x",), ("y",), {"x": Tensor("x", size, SCALE), "y": Tensor("y", out, SCALE)}, (layer,))


@given(
    factor=st.integers(0, 30),
    bias=st.lists(st.integers(-(2**31) + 2**14, 2**31 - 1 - 2**14), min_size=8, max_size=8),
)
def test_ties_and_extreme_sums_round_as_the_kernels_do(core: CmsisCore, factor: int, bias: list[int]) -> None:
    arrays = {
        "weight": np.ones((8, 1), np.int8),
        "bias": np.array(bias, np.int32),
        "multiplier": np.array([1 << 30, (1 << 31) - 1] * 4, np.int32),
        "shift": np.full(8, -factor, np.int32),
    }
    graph = one_layer(Layer("y", "dense", ("x",), "y", "none", arrays), 1, 8)
    assert_equals_oracle(core, graph, np.array([[-128], [-1], [0], [1], [127]], np.int8), [3])


def test_the_worst_input_of_the_longest_sum_stays_in_32_bits(core: CmsisCore) -> None:
    products = 4096
    arrays = s8_arrays(np.random.default_rng(0), (2, 64, 64), wild=False)
    arrays["weight"][:] = np.array([127, -127], np.int8)[:, None, None]
    arrays["bias"][:] = np.array([1, -1]) * (2**31 - 1 - products * 127 * 128)
    arrays["shift"][:] = 0
    graph = one_layer(Layer("y", "conv1d", ("x",), "y", "none", arrays, {"kernel": 64}), 64, 2)
    for sign in (-128, 127):
        assert_equals_oracle(core, graph, np.full((66, 64), sign, np.int8), [33])


def test_more_ticks_than_the_block_are_refused(core: CmsisCore) -> None:
    core.load(example_graph(), block=4)
    assert [core.machine.call("cmsis_run", core.graph, core.arena, ticks) for ticks in (0, 5)] == [1, 1]


def test_too_little_scratch_is_refused(core: CmsisCore) -> None:
    core.load(example_graph(), block=4)
    tables = core.machine.read(core.graph, 1, cmsis_graph.GRAPH)
    tables["scratch_bytes"] = 4
    core.machine.write(core.graph, tables)
    assert core.machine.call("cmsis_run", core.graph, core.arena, 4) == 2


def test_the_graph_that_is_compiled_in_equals_the_oracle(elf: Path) -> None:
    machine, graph, codes = Machine(elf), example_graph(), s8_codes(1, 48, 2)
    machine.call("cmsis_image_reset")
    columns = []
    for start in range(0, 48, 16):
        machine.write(machine.call("cmsis_image_columns", 0), codes[start : start + 16])
        assert machine.call("cmsis_image_run", 16) == 0
        columns.append(machine.read(machine.call("cmsis_image_columns", 3), 48, np.int8).reshape(16, 3))
    np.testing.assert_array_equal(np.concatenate(columns), reference.run(graph, {"in": codes})["out"])


def test_the_manual_makes_an_image_of_a_quantised_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manual = (FIRMWARE.parent / "docs" / "cmsis-nn.md").read_text(encoding="utf-8")
    snippet = re.search(r"^```python\n(.*?)^```", manual, re.M | re.S)
    line = re.search(r"^make -C firmware (cmsis CMSIS_GRAPH=.*)$", manual, re.M)
    assert snippet and line
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    arrays = {"weight": rng.normal(size=(3, 5, 2)).astype("f4"), "bias": rng.normal(size=3).astype("f4")}
    layer = Layer("y", "conv1d", ("x",), "y", "relu", arrays, {"kernel": 5})
    floats = Graph("f32", ("x",), ("y",), {"x": Tensor("x", 2), "y": Tensor("y", 3)}, (layer,))
    values: dict = {"graph": floats, "clips": {"x": rng.normal(size=(30, 2))}}
    exec(snippet[1], values)
    words = [word.replace("../build", str(tmp_path / "build")) for word in line[1].split()]
    subprocess.run(["make", "-s", "-C", str(FIRMWARE), *words], check=True)
    machine = Machine(tmp_path / "build" / "mine" / "cmsis" / "lottava-cmsis.elf")
    machine.call("cmsis_image_reset")
    codes = s8_codes(0, 16, 2)
    machine.write(machine.call("cmsis_image_columns", 0), codes)
    assert machine.call("cmsis_image_run", 16) == 0
    found = machine.read(machine.call("cmsis_image_columns", 1), 48, np.int8).reshape(16, 3)
    np.testing.assert_array_equal(found, reference.run(values["integer"], {"x": codes})["y"])


def test_the_committed_header_is_fresh() -> None:
    text = cmsis_graph.emit_header(example_graph(), "lottava.export.cmsis_example")
    assert (FIRMWARE / "generated" / "cmsis_graph_s8.h").read_text(encoding="utf-8") == text


def test_a_graph_names_the_files_that_it_needs() -> None:
    arrays = s8_arrays(np.random.default_rng(0), (3, 2), wild=False)
    arrays["shift"][:], arrays["multiplier"][:] = -7, 1 << 30
    files = cmsis_graph.kernel_sources(one_layer(Layer("y", "dense", ("x",), "y", "none", arrays), 2, 3))
    assert [path.name for path in files] == ["arm_fully_connected_s8.c", "arm_nn_vec_mat_mult_t_s8.c"]
    assert len(cmsis_graph.kernel_sources(example_graph())) > 15


def test_other_numbers_and_blocks_are_refused() -> None:
    graph = example_graph()
    with pytest.raises(cmsis_graph.CmsisGraphError, match="block of 49"):
        cmsis_graph.plan(graph, block=49)
    layer = Layer("y", "dense", ("x",), "y", "none", {"weight": np.ones((1, 1), np.float32), "bias": np.ones(1, "f4")})
    floats = Graph("f32", ("x",), ("y",), {"x": Tensor("x", 1), "y": Tensor("y", 1)}, (layer,))
    with pytest.raises(cmsis_graph.CmsisGraphError, match="quantise to s8s8"):
        cmsis_graph.plan(floats)


def test_make_says_how_to_get_the_sources(tmp_path: Path) -> None:
    command = ["make", "-C", str(FIRMWARE), "cmsis", f"BUILD={tmp_path}", "CMSIS_PYTHON=false"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode and "pip install 'lottava[cmsis]'" in done.stderr


def test_a_folder_without_the_kernels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(cmsis_nn.CmsisError, match="has no"):
        cmsis_nn.sources(cmsis_nn.ENTRIES, tmp_path)
