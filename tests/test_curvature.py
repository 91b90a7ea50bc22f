# SPDX-License-Identifier: MIT
"""Curvature of quadratics and of a small decoder, and how stable tickets, rankings and weights are."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.analysis import curvature, floats, stability
from lottava.training.analysis.connectivity import batched
from lottava.training.reduction.criteria import gradient_flow as grasp
from lottava.training.reduction.criteria import gradients, hessian_product
from lottava.training.reduction.forward import forward
from reduction_tasks import decoder_task

SEEDS = st.integers(0, 10_000)


def symmetric(rng, size):
    axes = np.linalg.qr(rng.normal(size=(size, size)))[0]
    values = rng.normal(0, 3, size)
    return axes @ np.diag(values) @ axes.T, np.sort(values)[::-1]


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 20))
def test_eigenvalues_of_a_quadratic_are_exact(seed, size):
    rng = np.random.default_rng(seed)
    matrix, values = symmetric(rng, size)
    found = curvature.largest_eigenvalues(lambda v: matrix @ v, size, rng)
    np.testing.assert_allclose(found, values[:5], atol=1e-6)


def test_the_largest_of_many_eigenvalues_stand_out():
    rng = np.random.default_rng(0)
    values = np.concatenate(([50.0, 30.0, 20.0], rng.uniform(0, 1, 297)))
    found = curvature.largest_eigenvalues(lambda v: values * v, 300, rng, top=3)
    np.testing.assert_allclose(found, values[:3], atol=1e-6)


def test_equal_eigenvalues_end_the_search_early():
    found = curvature.largest_eigenvalues(lambda v: 2 * v, 30, np.random.default_rng(0))
    np.testing.assert_allclose(found, [2.0])


@pytest.mark.parametrize("seed", range(5))
def test_the_trace_of_a_quadratic_lies_within_three_errors(seed):
    rng = np.random.default_rng(seed)
    matrix, values = symmetric(rng, 30)
    estimate, error = curvature.trace(lambda v: matrix @ v, 30, rng)
    assert abs(estimate - values.sum()) <= 3 * error
    diagonal, none = curvature.trace(lambda v: values * v, 30, rng)
    assert diagonal == pytest.approx(values.sum()) and none == pytest.approx(0, abs=1e-9)


@pytest.fixture(scope="module")
def decoder():
    """A task of torch, and the same loss in JAX."""
    task = decoder_task()
    example = task.examples[0]
    goal = example.target.reshape(example.inputs["x"].shape[0], -1, 2)
    with floats.double():
        inputs = {name: value.numpy() for name, value in example.inputs.items()}
        loss = floats.square_loss(task.graph, inputs, {"y": goal})
        arrays = {name: np.asarray(value) for name, value in floats.arrays_of(task.graph).items()}
    wanted = torch.from_numpy(goal)
    return task, lambda a: (task_output(task, a, example) - wanted).square().mean(), loss, arrays


def task_output(task, arrays, example):
    return forward(task.graph, arrays, example.inputs)["y"]


def test_the_hessian_of_a_graph_is_that_of_torch(decoder):
    task, loss, jax_loss, arrays = decoder
    product, size = curvature.hessian(jax_loss, arrays)
    vectors = {name: np.random.default_rng(1).normal(size=value.shape) for name, value in arrays.items()}
    with floats.double():
        flat, restore = curvature.ravel_pytree({name: jnp.asarray(v) for name, v in vectors.items()})
        found = restore(jnp.asarray(product(np.asarray(flat))))
    assert size == sum(value.size for value in arrays.values())
    truth = hessian_product(loss, task.arrays, {name: torch.from_numpy(v) for name, v in vectors.items()})
    for name, value in truth.items():
        np.testing.assert_allclose(np.asarray(found[name]), value.numpy(), rtol=1e-6, atol=1e-9)


def test_the_hessian_of_a_task_is_symmetric_and_that_of_its_loss(decoder):
    task = decoder[0]
    product, size = curvature.task_hessian(task)
    v, w = np.random.default_rng(2).normal(size=(2, size))
    image = product(v)
    assert w @ image == pytest.approx(v @ product(w), rel=1e-9)
    first = next(iter(task.arrays))
    count = task.arrays[first].numel()
    only = np.zeros(size)
    only[:count] = v[:count]
    parts = {name: torch.zeros_like(value) for name, value in task.arrays.items()}
    parts[first] = torch.from_numpy(v[:count]).reshape(task.arrays[first].shape)
    truth = hessian_product(task.loss, task.arrays, parts)[first].numpy()
    np.testing.assert_allclose(product(only)[:count], truth.ravel(), rtol=1e-12)


def test_gradient_flow_changes_as_grasp_s_first_order_says(decoder):
    """Δ‖g‖² of w → (1 − ε) w is 2 ε ΣS."""
    task, loss, jax_loss, arrays = decoder
    flow = curvature.gradient_flow(jax_loss, arrays)
    assert flow == pytest.approx(sum(float(g.square().sum()) for g in gradients(loss, task.arrays).values()))
    scores = grasp(loss, task.arrays)
    for name in ("memory.weight_ih", "out.weight"):
        step = 1e-6
        shrunk = curvature.gradient_flow(jax_loss, {**arrays, name: (1 - step) * arrays[name]})
        assert shrunk - flow == pytest.approx(2 * step * scores[name].sum(), rel=1e-3)


def test_masks_agree_with_themselves_and_not_with_their_opposite():
    a = {"x": np.arange(0, 6), "y": np.arange(3)}
    b = {"x": np.arange(6, 12), "y": np.arange(3, 6)}
    assert stability.mask_iou(a, a) == 1 and stability.mask_iou(a, b) == 0
    assert stability.mask_iou(a, {"x": np.arange(3, 9), "y": np.arange(3)}) == pytest.approx(6 / 12)
    rng = np.random.default_rng(0)
    c, d = ({"x": np.sort(rng.permutation(20_000)[:6_000])} for _ in range(2))
    assert stability.mask_iou(c, d) == pytest.approx(stability.random_iou(0.3), rel=0.05)
    with pytest.raises(ValueError, match="different groups"):
        stability.mask_iou(a, {"x": a["x"]})


def test_rankings_agree_whatever_their_scale():
    rng = np.random.default_rng(0)
    a = {"x": rng.normal(size=12), "y": rng.normal(size=5), "one": np.ones(1)}
    assert stability.rank_agreement(a, {name: np.exp(3 * value) for name, value in a.items()}) == pytest.approx(1)
    assert stability.rank_agreement(a, {name: -value for name, value in a.items()}) == pytest.approx(-1)
    assert stability.rank_agreement(a, {name: np.zeros_like(value) for name, value in a.items()}) == 0
    swapped = a | {"x": a["x"][::-1]}
    assert -1 < stability.rank_agreement(a, swapped) < 1


def test_the_spread_of_seeds_leaves_out_what_some_lack():
    rows = [{"mrstft": 1.0, "visqol": None}, {"mrstft": 3.0, "visqol": 4.0}]
    assert stability.seed_spread(rows) == {"mrstft": pytest.approx(np.sqrt(2))}
    with pytest.raises(ValueError, match="two rows"):
        stability.seed_spread(rows[:1])


def test_one_code_of_noise_has_its_closed_form():
    """Of squared distances from the weights themselves: Σ code²."""
    weights = {"w": np.array([[127.0, 3.0], [0.0, 254.0]]), "b": np.array([1.0, 2.0])}
    rise = stability.code_sensitivity(
        lambda s: np.square(s["w"] - weights["w"]).sum(axis=(1, 2)) + s["b"].sum(axis=1),
        weights,
        np.random.default_rng(0),
    )
    assert rise == pytest.approx(2 * 1**2 + 2 * 2**2)


def test_code_noise_of_a_decoder_is_small_and_repeatable(decoder):
    _, _, jax_loss, arrays = decoder
    energy = batched(jax_loss)
    rises = [stability.code_sensitivity(energy, arrays, np.random.default_rng(2)) for _ in range(2)]
    assert rises[0] == rises[1] and 0 < abs(rises[0]) < 0.1
