# SPDX-License-Identifier: MIT
"""The laws that every reduction method keeps, on a recurrent and on a convolutional network in little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from lottava.training.reduction.fit import Schedule
from lottava.training.reduction.forward import forward
from lottava.training.reduction.graph_trim import mask_graph, trim_graph
from lottava.training.reduction.method import METHODS, Method
from lottava.training.reduction.run import Reduction, reduce, targets
from lottava.training.reduction.select import BudgetError, cycle_cost, steps_of
from lottava.training.reduction.task import Task
from reduction_tasks import decoder_task, filter_task

from lottava.cycles import graph_cycles
from lottava.graph import named_arrays

SCHEDULE = Schedule(8)
TASKS = {"decoder": decoder_task(), "filter": filter_task()}
ORDER = [
    *("lth", "lth_rewind", "rigl", "grasp", "earlybird", "diet", "han", "li_l1", "he_lasso", "slimming", "obd", "snip"),
    *("rand", "uniform", "reverse", "greedy_oracle"),
]
CASES = [
    pytest.param(kind, key, id=f"{kind}-{key}")
    for kind in TASKS
    for key in ORDER
    if (kind, key) != ("filter", "greedy_oracle")
]


def least(task: Task) -> float:
    return cycle_cost(task.graph, task.channels)({n: steps_of(g)[-1] for n, g in task.channels.free.items()})


def halfway(task: Task) -> float:
    return (graph_cycles(task.graph) + least(task)) / 2


def prepared(method: Method, task: Task) -> Task:
    """With gammas, for the methods that score them."""
    rng = np.random.default_rng(0)
    return replace(task, gammas={n: rng.random(g.size) for n, g in task.channels.free.items()})


def run(kind: str, key: str, **options) -> Reduction:
    task = TASKS[kind]
    target = options.pop("target", halfway(task))
    rounds = min(METHODS[key].rounds, 2)
    return reduce(METHODS[key], task, target, SCHEDULE, options.pop("seed", 1), rounds=rounds, **options)


@pytest.fixture(scope="module")
def reductions() -> dict[tuple[str, str], Reduction]:
    return {case.values: run(*case.values) for case in CASES}


def same(a, b) -> bool:
    one, other = named_arrays(a), named_arrays(b)
    return set(one) == set(other) and all(np.array_equal(one[name], other[name]) for name in one)


def test_all_methods_of_the_issue_are_registered():
    assert set(ORDER) == set(METHODS)
    for key, method in METHODS.items():
        assert key == method.key and method.source and method.cost


@pytest.mark.parametrize(("kind", "key"), CASES)
def test_u1_nothing_to_remove_is_the_identity(kind, key):
    task, method = prepared(METHODS[key], TASKS[kind]), METHODS[key]
    cost = cycle_cost(task.graph, task.channels)
    scores = method.scores(task, np.random.default_rng(0))
    chosen = method.select(method, task, scores, cost, graph_cycles(task.graph))
    assert all(len(kept) == task.channels.groups[name].size for name, kept in chosen.keep.items())
    assert same(trim_graph(task.graph, task.channels, chosen.keep), task.graph)


@pytest.mark.parametrize(("kind", "key"), CASES)
def test_u2_keep_sets_are_nested_and_within_the_target(reductions, kind, key):
    done, task = reductions[kind, key], TASKS[kind]
    for outer, inner in zip(done.keeps, done.keeps[1:], strict=False):
        assert all(set(inner[name]) <= set(outer[name]) for name in inner)
    assert np.isclose(graph_cycles(done.task.graph), done.cost) and done.cost <= halfway(task)
    assert done.distance == pytest.approx(halfway(task) - done.cost) and done.distance >= 0
    for name, kept in done.keep.items():
        assert len(kept) % 4 == 0 or len(kept) == task.channels.groups[name].size


@pytest.mark.parametrize(("kind", "key"), CASES)
def test_u3_trim_is_mask(reductions, kind, key):
    task, keep = TASKS[kind], reductions[kind, key].keep
    small = task.on(trim_graph(task.graph, task.channels, keep))
    masked = task.on(mask_graph(task.graph, task.channels, keep))
    inputs = task.examples[0].inputs
    for name in task.graph.outputs:
        slim, big = (forward(each.graph, each.arrays, inputs)[name] for each in (small, masked))
        assert torch.allclose(slim, big, rtol=0, atol=1e-6)


@pytest.mark.parametrize("key", ORDER)
def test_u4_same_seed_same_ticket(reductions, key):
    again, done = run("decoder", key), reductions["decoder", key]
    assert all(np.array_equal(again.keep[name], kept) for name, kept in done.keep.items())
    assert same(again.task.graph, done.task.graph) and again.steps == done.steps


@pytest.mark.parametrize(("kind", "key"), CASES)
def test_u5_frozen_axes_are_untouched(reductions, kind, key):
    before, after = TASKS[kind].graph, reductions[kind, key].task.graph
    for name in (*before.inputs, *before.outputs):
        assert after.tensors[name] == before.tensors[name]
    assert (after.inputs, after.outputs) == (before.inputs, before.outputs)
    assert set(reductions[kind, key].keep) == set(TASKS[kind].channels.free)


@pytest.mark.parametrize(("kind", "key"), CASES)
def test_u6_scores_are_finite_and_one_a_unit(kind, key):
    task = prepared(METHODS[key], TASKS[kind])
    scores = METHODS[key].scores(task, np.random.default_rng(0))
    assert {n: v.shape for n, v in scores.items()} == {n: (g.size,) for n, g in task.channels.free.items()}
    assert all(np.all(np.isfinite(values)) for values in scores.values())


@pytest.mark.parametrize(("kind", "key"), [case for case in CASES if METHODS[case.values[1]].resume == "rewind"])
def test_u7_rounds_start_from_theta_k_at_the_composed_units(reductions, kind, key):
    done, channels = reductions[kind, key], TASKS[kind].channels
    assert done.theta is not None and len(done.starts) == 1 + len(done.keeps)
    for start, keep in zip(done.starts[1:], done.keeps, strict=True):
        assert same(start, trim_graph(done.theta, channels, keep))


@pytest.mark.parametrize("criterion", ["magnitude", "gradient", "activation", "normalisation", "information"])
def test_diet_draws_by_any_criterion(criterion):
    done = run("decoder", "diet", criterion=criterion)
    assert done.cost <= halfway(TASKS["decoder"]) and np.isfinite(done.task.value())


def test_methods_at_init_train_the_weights_they_were_scored_at(reductions):
    for key in ("snip", "grasp", "uniform"):
        done, task = reductions["decoder", key], TASKS["decoder"]
        assert same(done.starts[0], trim_graph(task.graph, task.channels, done.keep))


def test_targets_fall_geometrically_to_the_last():
    assert targets(100.0, 25.0, 2) == [50.0, 25.0] and targets(100.0, 200.0, 2) == [200.0, 200.0]


def test_what_cannot_be_reduced_is_refused():
    task = TASKS["decoder"]
    for key in ("diet", "rigl"):
        with pytest.raises(BudgetError):
            reduce(METHODS[key], task, 1.0, Schedule(2), 0)
    with pytest.raises(ValueError, match="criterion"):
        run("decoder", "diet", criterion="luck")
    with pytest.raises(ValueError, match="gammas"):
        METHODS["slimming"].scores(task, np.random.default_rng(0))
