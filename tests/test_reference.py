# SPDX-License-Identifier: MIT
"""The network oracle: streaming, batches, integer against float on exactly representable numbers, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from graphs import Widths, random_graph, random_inputs
from hypothesis import given, settings
from hypothesis import strategies as st

from lottava import fixedpoint, reference
from lottava.graph import Graph, GraphError, Layer, Tensor

widths = st.builds(Widths, *[st.integers(1, 8)] * 5)


@given(st.integers(0, 2**32), widths, st.booleans(), st.lists(st.integers(1, 6), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_streaming_is_offline_for_any_split_and_batch(
    seed: int, widths: Widths, integer: bool, blocks: list[int]
) -> None:
    graph = random_graph(seed, widths, integer=integer, wild=True)
    inputs = random_inputs(seed, sum(blocks), batch=(2,), integer=integer)
    whole = reference.run(graph, inputs)["controls"]
    state, n = reference.init_state(graph), 0
    for length in blocks:
        for _ in range(length):
            outputs, state = reference.step(graph, {name: a[1, n] for name, a in inputs.items()}, state)
            np.testing.assert_allclose(outputs["controls"], whole[1, n], rtol=1e-12, atol=1e-12)
            n += 1
    assert whole.dtype == (np.int64 if integer else np.float64)


def test_step_changes_nothing_in_place() -> None:
    graph = random_graph(0, Widths(1, 1, 1, 4, 1))
    state = reference.init_state(graph, (3,))
    inputs = {name: a[..., 0, :] for name, a in random_inputs(0, 1, batch=(3,)).items()}
    _, after = reference.step(graph, inputs, state)
    assert not state.memory["memory"][0].any()
    assert after.memory["memory"][0].any()
    assert (state.tick, after.tick) == (0, 1)


def test_dense_by_hand_with_relu_at_its_clamp() -> None:
    tensors = {"x": Tensor("x", 2), "y": Tensor("y", 3)}
    weight = np.array([[1, 2], [-3, 0], [9, 9]], dtype=np.float32)
    layer = Layer("d", "dense", ("x",), "y", "relu", {"weight": weight, "bias": np.array([0.5, 0, 0], np.float32)})
    graph = Graph("f32", ("x",), ("y",), tensors, (layer,))
    got = reference.run(graph, {"x": np.array([[1.0, 1.0]])})["y"]
    np.testing.assert_array_equal(got, [[3.5, 0.0, fixedpoint.RELU_LIMIT]])


def test_integer_dense_and_concat_by_hand() -> None:
    tensors = {
        "x": Tensor("x", 2, 2.0**-12),
        "y": Tensor("y", 1, 2.0**-12),
        "h": Tensor("h", 1, 2.0**-15),
        "z": Tensor("z", 2, 2.0**-12),
    }
    multiplier, shift = fixedpoint.quantise_multiplier(2.0**-6)
    arrays: dict[str, np.ndarray] = {
        "weight": np.array([[64, -32]], np.int8),
        "bias": np.array([96], np.int32),
        "multiplier": np.array([multiplier], np.int32),
        "shift": np.array([shift], np.int32),
    }
    layers = (Layer("d", "dense", ("x",), "y", "none", arrays), Layer("c", "concat", ("y", "h"), "z"))
    graph = Graph("s8s16", ("x", "h"), ("z",), tensors, layers)
    got = reference.run(graph, {"x": np.array([[100, 4]]), "h": np.array([[-12]])})["z"]
    np.testing.assert_array_equal(got, [[100, -1]])  # (6400 - 128 + 96) / 64 = 99.5, and -12 / 8 = -1.5: halves go up


def test_wild_integers_stay_s16() -> None:
    graph = random_graph(3, Widths(3, 3, 3, 5, 3), integer=True, wild=True)
    values = reference.run(graph, random_inputs(3, 40, integer=True), graph.tensors)
    for value in values.values():
        np.testing.assert_array_equal(value, fixedpoint.saturate_s16(value))
    assert (np.abs(values["controls"]) >= fixedpoint.S16_MAX).any()


def test_accumulators_beyond_32_bits_are_computed_in_64() -> None:
    weight, bias = np.full((1, 600), 127, np.int8), np.array([2**31 - 1], np.int32)
    acc = reference.accumulate(weight, bias, np.full(600, 32767))
    assert acc[0] == 600 * 127 * 32767 + 2**31 - 1


@pytest.mark.parametrize("shape", [(1, 512), (1, 8, 64), (1, 32, 16)])
def test_the_worst_input_reaches_the_end_of_32_bits_and_no_further(shape: tuple[int, ...]) -> None:
    weight, worst = np.full(shape, -127, np.int8), np.full(shape[1:], -32768)
    bias = np.array([2**31 - 1 - 512 * 127 * 32768], np.int32)
    assert fixedpoint.fits_32_bits(weight, bias)
    assert reference.accumulate(weight, bias, worst)[0] == 2**31 - 1
    assert not fixedpoint.fits_32_bits(weight, bias + 1)
    assert reference.accumulate(weight, bias + 1, worst)[0] == 2**31


def test_groups_see_their_own_channels_only() -> None:
    weight = np.arange(12, dtype=np.int8).reshape(4, 1, 3)
    x = np.array([[1, 1, 1, 10, 10, 10]])
    got = reference.accumulate(weight, np.zeros(4, np.int32), x, groups=2)
    np.testing.assert_array_equal(got, [3, 12, 210, 300])


def test_no_frames_give_no_outputs() -> None:
    graph = random_graph(0, Widths(1, 1, 1, 1, 1))
    assert reference.run(graph, random_inputs(0, 0))["controls"].shape == (0, 82)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("pitch", None, "missing"),
        ("pitch", np.zeros((4, 2)), "last axis should be 1"),
        ("axes", np.zeros((5, 4), dtype=np.int16), "should share"),
        ("axes", np.full((4, 4), 32768), "s16 range"),
        ("axes", np.zeros((4, 4)), "takes s16 codes"),
    ],
)
def test_bad_inputs_are_refused(name: str, value: np.ndarray | None, message: str) -> None:
    graph = random_graph(0, Widths(1, 1, 1, 1, 1), integer=True)
    inputs = {key: v for key, v in ({**random_inputs(0, 4, integer=True), name: value}).items() if v is not None}
    with pytest.raises(GraphError, match=message):
        reference.run(graph, inputs)
