# SPDX-License-Identifier: MIT
"""Blocks go where units alone can't meet a target, the least missed first, and what is left is of its family."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from lottava.training.generators.registry import family
from lottava.training.reduction.blocks import blocks, without
from lottava.training.reduction.criteria import magnitude
from lottava.training.reduction.depth import least_cost, of_family, thin
from lottava.training.reduction.graph_trim import trim_graph, with_arrays
from lottava.training.reduction.select import BudgetError, cycle_cost, select
from lottava.training.reduction.task import Task
from reduction_tasks import examples_for, squares

from lottava.cycles import graph_cycles
from lottava.graph import named_arrays

NSF = family("nsf")


def nsf_task(seed: int = 0) -> tuple[Task, dict[str, torch.Tensor]]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = NSF.build(NSF.configs["nano"])
    graph = NSF.graph(model)
    outside = {name: value for name, value in model.state_dict().items() if name in NSF.outside}
    return Task(graph, examples_for(graph, seed, batch=1), NSF.frozen), outside


def test_a_target_below_the_least_widths_is_met_by_a_network_of_the_family():
    task, outside = nsf_task()
    target = 0.7 * least_cost(task, cycle_cost)
    with pytest.raises(BudgetError):
        select(magnitude(task), task.channels, cycle_cost(task.graph, task.channels), target)
    thinned = thin(task, target, cycle_cost, allowed=of_family(outside))
    small = thinned.task
    chosen = select(magnitude(small), small.channels, cycle_cost(small.graph, small.channels), target)
    left = trim_graph(small.graph, small.channels, chosen.keep)
    assert thinned.removed and graph_cycles(left) == pytest.approx(chosen.cost) and chosen.cost <= target
    model = NSF.from_graph(left, outside)
    assert torch.equal(model.state_dict()["merge.weight"], outside["merge.weight"])


def test_a_block_that_adds_nothing_goes_first():
    task, outside = nsf_task()
    arrays = {n: a * (n != "harmonic1_out.weight") for n, a in named_arrays(task.graph).items()}
    graph = with_arrays(task.graph, arrays)
    own = [replace(each, loss=squares("audio", task.on(graph).tensors(each)["audio"])) for each in task.examples]
    task = replace(task, graph=graph, examples=tuple(own))
    target = 0.9 * least_cost(task, cycle_cost)
    (first, *_) = thin(task, target, cycle_cost, allowed=of_family(outside)).removed
    assert {name.split("_")[0] for name in first.layers} == {"harmonic1"}
    assert task.on(without(task.graph, first)).value() == pytest.approx(0.0, abs=1e-20)


def test_nothing_goes_where_the_least_widths_suffice_and_not_all_can_go():
    task, outside = nsf_task()
    assert thin(task, least_cost(task, cycle_cost), cycle_cost).removed == ()
    with pytest.raises(BudgetError, match="no block"):
        thin(task, 1.0, cycle_cost, allowed=of_family(outside))


def test_layers_and_filter_blocks_of_the_family_are_found():
    task, outside = nsf_task()
    state = NSF.from_graph(task.graph, outside).state_dict()
    allowed = of_family(outside)
    gone = set()
    for block in blocks(task.graph).values():
        if allowed(small := without(task.graph, block)):
            gone.add(frozenset(set(state) - set(NSF.from_graph(small, outside).state_dict())))
    layers = {frozenset({name}) for name in state if "_conv" in name}
    filters = {frozenset(n for n in state if n.startswith(own)) for own in ("harmonic0_", "harmonic1_", "breath_")}
    assert layers | filters <= gone
