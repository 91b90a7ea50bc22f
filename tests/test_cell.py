# SPDX-License-Identifier: MIT
"""Every method on a data set, by the trainer of recordings: within the target, its ticket of the parent, resumable."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training import datafit
from lottava.training.checkpoint import state_sha256
from lottava.training.configs import load_config
from lottava.training.datafit import DatasetFit, network_of
from lottava.training.generators import ddsp
from lottava.training.reduction import cell as cells
from lottava.training.reduction.cell import Cell, Outcome, run_cell
from lottava.training.reduction.examples import examples
from lottava.training.reduction.fit import Schedule
from lottava.training.reduction.graph_trim import trim_graph
from lottava.training.reduction.method import METHODS
from lottava.training.reduction.run import Reduction, reduce
from lottava.training.reduction.select import BudgetError, cycle_cost, steps_of
from lottava.training.reduction.task import Task
from lottava.training.train import Progress, new_model
from small_dataset import small_dataset

from lottava.graph import Graph, named_arrays

DATASET = small_dataset(notes=4, frames=60)
STEPS = 6
CONFIGS = {
    family: replace(
        load_config(name),
        steps=STEPS,
        crop_seconds=0.064,
        fft_sizes=(256,),
        probes=1 if family == "ddsp" else 0,
        save_every=2,
        warmup_steps=1,
    )
    for family, name in (("ddsp", "nano"), ("nsf", "nsf-nano"))
}
KEYS = [key for key in METHODS if key != "greedy_oracle"]
CASES = [(family, key) for family in CONFIGS for key in KEYS]
KILLED_IN = ("lth_rewind", "rigl", "earlybird", "slimming")


@pytest.fixture(scope="module", autouse=True)
def little() -> Iterator[None]:
    """One example to look at, and a second of noise to cut from: less to prepare for each of a hundred trainings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "EXAMPLES", 1)
        patch.setattr(ddsp, "NOISE_SECONDS", 1)
        yield


@cache
def untrained(family: str) -> Task:
    config = CONFIGS[family]
    model, _ = new_model(config, DATASET)
    return Task.of_network(model, examples(model, DATASET, config, count=1, batch=1))


def halfway(task: Task) -> float:
    cost = cycle_cost(task.graph, task.channels)
    return (cost({}) + cost({name: steps_of(group)[-1] for name, group in task.channels.free.items()})) / 2


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trainings")


@pytest.fixture(scope="module")
def reductions(root: Path) -> dict[tuple[str, str], Reduction]:
    found = {}
    for family, key in CASES:
        task, config = untrained(family), CONFIGS[family]
        fit, schedule = DatasetFit(DATASET, config, root), Schedule(STEPS, config.learning_rate)
        rounds = min(METHODS[key].rounds, 2)
        found[family, key] = reduce(METHODS[key], task, halfway(task), schedule, 1, rounds=rounds, trainer=fit)
    return found


def same(one: Graph, other: Graph) -> bool:
    a, b = named_arrays(one), named_arrays(other)
    return set(a) == set(b) and all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(("family", "key"), CASES)
def test_what_is_left_fits_and_has_the_shapes_of_its_ticket(reductions, family, key) -> None:
    done, task = reductions[family, key], untrained(family)
    small = trim_graph(task.graph, task.channels, done.keep)
    assert done.cost <= halfway(task) and done.distance >= 0 and done.steps >= STEPS
    assert {n: a.shape for n, a in named_arrays(done.task.graph).items()} == {
        n: a.shape for n, a in named_arrays(small).items()
    }
    assert done.task.companion and not same(done.task.graph, small)
    assert network_of(done.task).widths.parameter_count < network_of(task).widths.parameter_count


@pytest.mark.parametrize(("family", "key"), [case for case in CASES if METHODS[case[1]].resume == "rewind"])
def test_u7_rounds_start_from_the_parents_weights_at_the_rewind_step(reductions, family, key) -> None:
    done, channels = reductions[family, key], untrained(family).channels
    assert done.theta is not None
    for start, keep in zip(done.starts[1:], done.keeps, strict=True):
        assert same(start, trim_graph(done.theta, channels, keep))


@pytest.mark.parametrize(("family", "key"), [case for case in CASES if METHODS[case[1]].when == "init"])
def test_methods_at_init_train_what_they_scored(reductions, family, key) -> None:
    done, task = reductions[family, key], untrained(family)
    assert same(done.starts[0], trim_graph(task.graph, task.channels, done.keep)) and done.macs < 1


def test_methods_share_the_parent(reductions, root: Path) -> None:
    """Rounds, rand and those that fine-tune: one parent a family; slimming's, Early-Bird's and RigL's are others."""
    starts = {state_sha256(dict(network_of(untrained(family)).state_dict())) for family in CONFIGS}
    assert len(starts) == 2
    whole = {network_of(untrained(family)).widths.parameter_count for family in CONFIGS}
    kept = [torch.load(path, weights_only=True) for path in root.glob("*/done.pt")]
    parents = [one for one in kept if sum(v.numel() for v in one["model"].values()) in whole and not one["along"]]
    assert len(parents) == 2


def cell(key: str, family: str = "ddsp", **options) -> Cell:
    rounds = 2 if METHODS.get(key) and METHODS[key].rounds > 1 else None
    return Cell(CONFIGS[family], key, options.pop("target", 0.93), 3, rounds, options)


def alike(one: Outcome, other: Outcome) -> bool:
    return (
        one.ticket == other.ticket
        and state_sha256(dict(one.state)) == state_sha256(dict(other.state))
        and state_sha256(dict(one.companion)) == state_sha256(dict(other.companion))
        and (one.steps, one.training_macs) == (other.steps, other.training_macs)
    )


@cache
def unbroken(key: str, family: str, root: Path) -> Outcome:
    return run_cell(cell(key, family), DATASET, root)


class Killed(Exception):
    """What a test raises to stop a run."""


@pytest.mark.parametrize(("family", "key"), [*(("ddsp", key) for key in KILLED_IN), ("nsf", "rigl")])
@settings(max_examples=2, deadline=None, database=None)
@given(after=st.integers(1, 14))
def test_a_killed_cell_resumes_with_the_same_bits(tmp_path_factory, root: Path, family, key, after: int) -> None:
    folder, taken = tmp_path_factory.mktemp("killed"), 0

    def kill(now: Progress) -> None:
        nonlocal taken
        taken += 1
        if taken == after:
            raise Killed

    try:
        run_cell(cell(key, family), DATASET, folder, progress=kill)
    except Killed:
        assert taken == after
    again = run_cell(cell(key, family), DATASET, folder, progress=lambda now: None)
    assert alike(again, unbroken(key, family, root))


def test_killed_before_the_result_is_written_an_ended_training_has_ended(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = replace(cell("earlybird"), config=replace(CONFIGS["ddsp"], steps=12))

    def replaced(source: Path, target: Path) -> None:
        if Path(target).name == datafit.DONE:
            raise Killed
        shutil.move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replaced)
        with pytest.raises(Killed):
            run_cell(long, DATASET, tmp_path)
    again = run_cell(long, DATASET, tmp_path)
    assert again.steps == 12 and again.training_macs < 1
    assert alike(again, run_cell(long, DATASET, root))


def test_what_is_done_is_read(root: Path, tmp_path: Path) -> None:
    def never(now: Progress) -> None:
        raise AssertionError("trained again")

    run_cell(cell("diet", criterion="information"), DATASET, root)
    found = run_cell(cell("diet", criterion="information"), DATASET, root, progress=never)
    assert found.ticket is not None and found.ticket.criterion == "diet information"
    assert found.distance == found.target_cycles - found.network_cycles >= 0
    assert found.parameters == found.ticket.parameters == found.graph.parameter_count


def test_the_parent_is_a_cell(root: Path) -> None:
    found = run_cell(cell("parent"), DATASET, root)
    assert found.parameters == found.parent_parameters and found.network_cycles == found.parent_cycles
    assert found.ticket is None and (found.steps, found.training_macs) == (STEPS, 1.0)


def test_from_scratch_has_the_tickets_widths_other_weights_and_its_share_of_operations(root: Path) -> None:
    ticket = run_cell(cell("snip"), DATASET, root)
    equal, budget = (run_cell(cell(key, of="snip"), DATASET, root) for key in ("scratch_e", "scratch_b"))
    for fresh in (equal, budget):
        assert fresh.parameters == ticket.parameters and fresh.ticket == ticket.ticket
        assert state_sha256(dict(fresh.state)) != state_sha256(dict(ticket.state))
    assert equal.steps == STEPS and equal.training_macs == pytest.approx(ticket.training_macs)
    assert budget.steps > STEPS and budget.training_macs == pytest.approx(1.0, abs=0.5 / STEPS)


def test_too_small_a_target_is_refused_before_any_training(tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match="too little: the least widths take"):
        run_cell(cell("lth_rewind", target=2.0), DATASET, tmp_path)
    assert not list(tmp_path.iterdir())
