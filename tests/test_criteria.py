# SPDX-License-Identifier: MIT
"""Criteria against closed forms, finite differences and what they must not depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.reduction import criteria
from lottava.training.reduction.forward import forward
from lottava.training.reduction.graph_trim import mask_graph, with_arrays
from lottava.training.reduction.groups import channel_groups
from lottava.training.reduction.sensitivity import by_sensitivity, greedy_oracle, tolerated
from lottava.training.reduction.task import normalise
from reduction_tasks import decoder_graph, decoder_task, filter_task, planted_task

from lottava.graph import named_arrays

TASK = decoder_task()
SEEDS = st.integers(0, 10**6)


def quadratic(seed: int, size: int = 6, *, diagonal: bool = False):
    """(A, b, loss) of ½ wᵀAw − bᵀw over one array 'w' [size, 1]."""
    rng = np.random.default_rng(seed)
    root = np.diag(rng.uniform(0.5, 2.0, size)) if diagonal else rng.normal(size=(size, size))
    matrix, slope = torch.from_numpy(root @ root.T), torch.from_numpy(rng.normal(size=(size, 1)))
    return matrix, slope, lambda arrays: (0.5 * arrays["w"].T @ matrix @ arrays["w"] - slope.T @ arrays["w"]).sum()


@given(SEEDS)
@settings(deadline=None, max_examples=10)
def test_hessian_product_of_a_quadratic_is_exact(seed):
    matrix, _, loss = quadratic(seed)
    point = {"w": torch.ones(6, 1, dtype=torch.float64)}
    vector = {"w": torch.from_numpy(np.random.default_rng(seed).normal(size=(6, 1)))}
    assert torch.allclose(criteria.hessian_product(loss, point, vector)["w"], matrix @ vector["w"])


def test_gradient_flow_of_a_quadratic_form_is_its_squared_matrix():
    matrix, _, _ = quadratic(3)
    point = {"w": torch.linspace(-1, 2, 6, dtype=torch.float64)[:, None]}
    found = criteria.gradient_flow(lambda a: (0.5 * a["w"].T @ matrix @ a["w"]).sum(), point)
    assert np.allclose(found["w"], (-point["w"] * (matrix @ matrix @ point["w"])).numpy())


def test_gradient_flow_is_the_change_of_the_squared_gradient():
    scores, step = criteria.gradient_flow(TASK.loss, TASK.arrays), 1e-5

    def squared(arrays) -> float:
        return sum(float(g.square().sum()) for g in criteria.gradients(TASK.loss, arrays).values())

    for name, index in (("out.weight", (2, 3)), ("memory.weight_hh", (5, 1)), ("y.weight", (1, 4))):
        ends = []
        for sign in (-1.0, 1.0):
            arrays = {n: v.clone() for n, v in TASK.arrays.items()}
            arrays[name][index] *= 1 + sign * step
            ends.append(squared(arrays))
        assert np.isclose((ends[0] - ends[1]) / 2, 2 * step * scores[name][index], rtol=1e-4, atol=1e-12)


def test_sensitivity_is_g_times_w_and_sums_to_one():
    found = criteria.connection_sensitivity(TASK.loss, TASK.arrays)
    slopes = criteria.gradients(TASK.loss, TASK.arrays)
    whole = sum(float((slopes[n] * v).abs().sum()) for n, v in TASK.arrays.items())
    assert np.isclose(sum(values.sum() for values in found.values()), 1)
    for name, value in TASK.arrays.items():
        assert np.allclose(found[name] * whole, (slopes[name] * value).abs().numpy())


def test_saliency_is_the_slope_of_a_gate_on_what_reads_the_unit():
    scores, step = criteria.saliency(TASK), 1e-6
    slopes = []
    for name, readers in (("out", ["y.weight"]), ("memory", ["memory.weight_hh", "out.weight"])):
        unit, ends = int(np.argmax(scores[name])), []
        for sign in (-1.0, 1.0):
            arrays = {n: v.clone() for n, v in TASK.arrays.items()}
            for array in readers:
                arrays[array][:, unit] *= 1 + sign * step
            ends.append(float(TASK.loss(arrays)))
        slopes.append(abs(ends[1] - ends[0]) / (2 * step) / scores[name][unit])
    assert np.isclose(slopes[0], slopes[1], rtol=1e-4)


def test_saliency_does_not_depend_on_the_order_of_examples():
    turned = replace(TASK, examples=TASK.examples[::-1])
    for name, values in criteria.saliency(TASK).items():
        assert np.allclose(criteria.saliency(turned)[name], values)


def test_gradient_criterion_is_the_sum_of_autograd():
    arrays = criteria.leaves(TASK.arrays)
    TASK.loss(arrays).backward()
    rows = [5, 5 + 8, 5 + 16]
    expected = sum(float(arrays[f"memory.weight_{side}"].grad[rows].abs().sum()) for side in ("ih", "hh"))
    assert np.isclose(criteria.gradient(TASK)["memory"][5], expected)


def test_magnitude_ignores_examples_and_keeps_its_order_when_a_layer_is_scaled():
    scores = criteria.magnitude(replace(TASK, examples=()))
    arrays = {
        name: array * (3.0 if name.startswith("out.") else 1.0) for name, array in named_arrays(TASK.graph).items()
    }
    scaled = criteria.magnitude(TASK.on(with_arrays(TASK.graph, arrays)))
    assert np.array_equal(np.argsort(scaled["out"]), np.argsort(scores["out"]))
    assert np.allclose(scaled["memory"], scores["memory"])


def test_magnitude_of_a_recurrent_unit_sums_its_three_rows():
    arrays, size = named_arrays(TASK.graph), TASK.channels.free["memory"].size
    rows = [3, 3 + size, 3 + 2 * size]
    expected = sum(np.abs(arrays[f"memory.weight_{side}"][rows]).sum() for side in ("ih", "hh"))
    assert np.isclose(criteria.magnitude(TASK)["memory"][3], expected)


def test_residual_units_sum_over_all_that_makes_them():
    task = filter_task()
    scores, arrays = criteria.magnitude(task), named_arrays(task.graph)
    (name,) = [n for n, g in task.channels.free.items() if ("harmonic0_conv0.weight", 0) in g.places]
    makers = ("projection", "in", "conv0", "conv1")
    expected = sum(np.abs(arrays[f"harmonic0_{maker}.weight"][2]).sum() for maker in makers)
    assert np.isclose(scores[name][2], expected)


def test_activation_of_a_silent_unit_is_zero():
    graph = mask_graph(TASK.graph, TASK.channels, {"memory": np.array([0, 1, 3, 4, 5, 6, 7])})
    scores = criteria.activation(TASK.on(graph))["memory"]
    assert scores[2] == 0 and np.all(np.delete(scores, 2) > 0)


def test_obd_of_a_diagonal_quadratic_at_its_minimum_is_the_true_increase():
    matrix, slope, loss = quadratic(1, diagonal=True)
    least = {"w": torch.linalg.solve(matrix, slope)}
    diagonal = criteria.hessian_diagonal(loss, least, np.random.default_rng(0), 1)["w"]
    for index in range(6):
        without = {"w": least["w"].clone()}
        without["w"][index] = 0.0
        scored = 0.5 * diagonal[index] * least["w"][index].numpy() ** 2
        assert np.isclose(scored, float(loss(without) - loss(least)), rtol=0, atol=1e-10)


@given(SEEDS)
@settings(deadline=None, max_examples=10)
def test_a_block_of_any_quadratic_costs_its_true_increase(seed):
    _, _, loss = quadratic(seed)
    rng = np.random.default_rng(seed)
    point, mask = {"w": torch.from_numpy(rng.normal(size=(6, 1)))}, {"w": (rng.random((6, 1)) < 0.5).astype(float)}
    without = {"w": point["w"] * torch.from_numpy(1 - mask["w"])}
    assert np.isclose(criteria.block_increase(loss, point, mask), float(loss(without) - loss(point)), atol=1e-9)


def test_hutchinson_nears_the_exact_diagonal():
    size = 50
    matrix, _, loss = quadratic(2, size)
    matrix /= size
    point = {"w": torch.zeros(size, 1, dtype=torch.float64)}
    found = criteria.hessian_diagonal(loss, point, np.random.default_rng(0), 300)["w"][:, 0]
    exact = np.diag(matrix.numpy())
    assert abs(found.mean() / exact.mean() - 1) < 0.05
    assert np.linalg.norm(found - exact) < 0.1 * np.linalg.norm(exact)


def test_curvature_by_both_estimates_is_positive():
    for estimate in ("fisher", "hutchinson"):
        scores = criteria.curvature(TASK, np.random.default_rng(0), probes=4, estimate=estimate)
        assert all(np.all(values >= 0) and values.max() > 0 for values in scores.values())


@pytest.mark.parametrize("norm", ["mean", "max", "l2", "dim", "none"])
def test_norms_keep_the_order_in_each_group(norm):
    scores = criteria.magnitude(TASK)
    for name, values in normalise(scores, norm, TASK.channels).items():
        assert np.array_equal(np.argsort(values, kind="stable"), np.argsort(scores[name], kind="stable"))
    with pytest.raises(ValueError, match="norm"):
        normalise(scores, "odd")


def test_a_silent_group_stays_zero():
    assert np.array_equal(normalise({"x": np.zeros(4)})["x"], np.zeros(4))


def test_equal_rises_of_the_loss_score_alike():
    scores = criteria.magnitude(TASK)
    shares, ranked = tolerated(TASK, scores, 0.3), by_sensitivity(TASK, scores, 0.3)
    for name, values in ranked.items():
        assert np.array_equal(np.argsort(values), np.argsort(scores[name]))
        if shares[name]:
            assert np.isclose(np.sum(values <= 1 + 1e-9) / len(values), shares[name], atol=0.1)


def test_the_oracle_removes_the_harmless_unit_first():
    task, unit = planted_task()
    arrays = {"y.weight": np.where(np.arange(5) == unit, 0.0, 1.0)[None].astype(np.float32) / 6}
    scores = greedy_oracle(task.on(with_arrays(task.graph, arrays)))["a"]
    assert scores[unit] == 0 and sorted(scores)[:4] == [0, 1, 2, 3]


def test_a_task_plays_what_its_graph_plays():
    graph = decoder_graph()
    tensors = TASK.tensors(TASK.examples[0])
    again = forward(graph, TASK.arrays, TASK.examples[0].inputs)
    assert torch.equal(tensors["y"], again["y"]) and set(channel_groups(graph).free) == {"features", "memory", "out"}
