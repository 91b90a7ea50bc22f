# SPDX-License-Identifier: MIT
"""What each reduction method promises of itself: masks, factors, refits, sleeping units, controls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.reduction import baselines, gammas, lasso, rigl, weights
from lottava.training.reduction.fit import Schedule, fit
from lottava.training.reduction.forward import forward
from lottava.training.reduction.gammas import EarlyBird, folded, mask_distance, slim
from lottava.training.reduction.graph_trim import trim_graph, with_arrays
from lottava.training.reduction.groups import Limit, Span, channel_groups
from lottava.training.reduction.select import cycle_cost
from lottava.training.reduction.task import Example, Task
from lottava.training.reduction.trim import full_keep
from reduction_tasks import decoder_task, planted_task, squares

from lottava.builder import Builder, random_arrays
from lottava.cost import macs_per_frame
from lottava.graph import named_arrays

TASK = decoder_task()
CHANNELS = TASK.channels


def output(task: Task) -> torch.Tensor:
    return forward(task.graph, task.arrays, task.examples[0].inputs)["y"]


# M1, M2: masks of weights


def test_survivors_of_a_weight_lottery_start_from_their_first_values():
    drawn = weights.weight_lottery(TASK, Schedule(4), 0, share=0.3, rounds=2)
    for name, mask in drawn.masks[-1].items():
        assert np.array_equal(drawn.start[name].numpy(), TASK.arrays[name].numpy() * mask)
        assert not np.any(drawn.trained.task.arrays[name].numpy()[mask == 0])


@pytest.mark.parametrize("scope", ["global", "local"])
def test_density_falls_by_the_share_each_round(scope):
    drawn = weights.weight_lottery(TASK, Schedule(2), 0, share=0.2, rounds=3, scope=scope)
    count = sum(mask.size for mask in drawn.masks[0].values())
    pools = len(drawn.masks[0]) if scope == "local" else 1
    for number, masks in enumerate(drawn.masks, start=1):
        assert abs(weights.density(masks) - 0.8**number) * count <= pools * number
    for outer, inner in zip(drawn.masks, drawn.masks[1:], strict=False):
        assert all(np.all(inner[name] <= outer[name]) for name in outer)


def test_an_output_layer_loses_half_the_share():
    masks = weights.lowest_out(TASK.arrays, weights.whole_masks(TASK.arrays), 0.5, gentle="y.weight")
    assert masks["y.weight"].mean() == 0.75


def test_redrawn_survivors_change_values_but_not_the_mask():
    plain = weights.weight_lottery(TASK, Schedule(3), 0, share=0.3, rounds=1)
    other = weights.weight_lottery(TASK, Schedule(3), 0, share=0.3, rounds=1, redraw=np.random.default_rng(1))
    for name, mask in plain.masks[0].items():
        assert np.array_equal(other.masks[0][name], mask)
        assert not np.array_equal(other.start[name].numpy(), plain.start[name].numpy())


def test_rewinding_to_the_start_is_the_first_lottery_and_theta_k_is_left_alone():
    first = weights.weight_lottery(TASK, Schedule(4), 3, share=0.4, rounds=1)
    zero = weights.weight_lottery(TASK, Schedule(4), 3, share=0.4, rounds=1, rewind_step=0)
    assert all(np.array_equal(first.masks[0][name], zero.masks[0][name]) for name in first.masks[0])
    later = fit(TASK, Schedule(4), 3, rewind_step=2)
    again = fit(TASK, Schedule(4), 3, rewind_step=2)
    assert later.rewind is not None and again.rewind is not None
    assert all(torch.equal(later.rewind.arrays[name], again.rewind.arrays[name]) for name in later.rewind.arrays)
    assert not torch.equal(later.rewind.arrays["y.weight"], later.task.arrays["y.weight"])


def test_rewinding_to_the_end_leaves_the_masked_network():
    schedule = Schedule(4)
    drawn = weights.weight_lottery(TASK, schedule, 0, share=0.3, rounds=1, rewind_step=4)
    parent = fit(TASK, schedule, 0)
    masked = {n: v.numpy() * drawn.masks[0].get(n, 1.0) for n, v in parent.task.arrays.items()}
    left = parent.task.on(with_arrays(parent.task.graph, masked))
    assert drawn.trained.task.value() == pytest.approx(left.value(), rel=1e-6)


# M9: thresholds and dead units


@given(st.floats(0, 1), st.floats(0, 1))
@settings(deadline=None, max_examples=20)
def test_thresholds_remove_more_at_higher_quality(one, other):
    low, high = (weights.thresholded(TASK.arrays, quality) for quality in sorted((one, other)))
    assert all(np.all(high[name] <= low[name]) for name in low)


def test_removing_dead_units_leaves_the_output():
    masks = weights.whole_masks(TASK.arrays)
    masks["y.weight"][:, 2] = 0
    masks["memory.weight_hh"][:, 5] = 0
    masks["out.weight"][:, 5] = 0
    dead = weights.dead_units(CHANNELS, masks)
    assert dead["out"].tolist() == [2] and dead["memory"].tolist() == [5] and dead["features"].tolist() == []
    silent = with_arrays(TASK.graph, {n: TASK.arrays[n].numpy() * mask for n, mask in masks.items()})
    small = trim_graph(silent, CHANNELS, weights.without_dead(CHANNELS, masks))
    assert torch.allclose(output(TASK.on(small)), output(TASK.on(silent)), atol=1e-12)
    assert weights.dead_unit_yield(CHANNELS, masks) == 2 / 24


# M13, M7: factors


def gate_task() -> Task:
    """Eight inputs, of which the first four matter, with a limit that lets each go."""
    builder = Builder(random_arrays(np.random.default_rng(2)))
    builder.input("x", 8)
    builder.layer("y", "dense", "x", 2)
    rng = np.random.default_rng(0)
    truth = np.concatenate([rng.choice([-1.0, 1.0], (2, 4)), np.zeros((2, 4))], axis=1)
    examples = []
    for _ in range(4):
        x = torch.from_numpy(rng.normal(size=(4, 16, 8)))
        examples.append(Example({"x": x}, squares("y", x @ torch.from_numpy(truth).T)))
    graph = with_arrays(builder.graph("y"), {"y.weight": 0.5 * truth + 0.1 * rng.normal(size=(2, 8))})
    task = Task(graph, tuple(examples))
    task.__dict__["channels"] = channel_groups(graph, [Limit(Span("x", 0, 0, 8), frozenset(range(8)))])
    return task


def test_factors_of_irrelevant_inputs_vanish_and_more_do_at_higher_strength():
    task, small = gate_task(), []
    for strength in (0.0, 0.003, 0.1):
        found = np.abs(slim(task, Schedule(400, 0.03, decay=0.1), 0, strength=strength).task.gammas["x"])
        small.append(int(np.sum(found < 1e-3)))
        if strength == 0.1:
            assert np.all(found[4:] < 1e-3) and np.all(found[:4] > 0.1)
    assert small == sorted(small) and small[0] == 0


def test_folding_factors_leaves_the_output():
    arrays = {
        **TASK.arrays,
        **{name: 0.5 + torch.rand(v.shape, dtype=torch.float64) for name, v in gammas.ones(CHANNELS).items()},
    }
    by_hand = dict(TASK.arrays)
    by_hand["memory.weight_ih"] = by_hand["memory.weight_ih"] * arrays["gamma.features"]
    by_hand["memory.weight_hh"] = by_hand["memory.weight_hh"] * arrays["gamma.memory"]
    both = torch.cat((arrays["gamma.memory"], arrays["gamma.features"]))
    by_hand["out.weight"] = by_hand["out.weight"] * both
    by_hand["y.weight"] = by_hand["y.weight"] * arrays["gamma.out"]
    made = folded(CHANNELS, arrays)
    assert set(made) == set(TASK.arrays) and all(torch.allclose(made[n], by_hand[n], atol=1e-12) for n in made)


def test_no_penalty_is_training_with_factors_alone():
    free = slim(TASK, Schedule(3), 0, strength=0.0)
    tiny = slim(TASK, Schedule(3), 0, strength=1e-12)
    assert all(torch.allclose(free.task.arrays[n], tiny.task.arrays[n], atol=1e-6) for n in TASK.arrays)


def test_masks_alike_have_no_distance_and_opposite_ones_all():
    keep = full_keep(CHANNELS)
    halves = {n: np.arange(g.size // 2) for n, g in CHANNELS.free.items()}
    others = {n: np.arange(g.size // 2, g.size) for n, g in CHANNELS.free.items()}
    assert mask_distance(keep, keep, CHANNELS) == 0 and mask_distance(halves, others, CHANNELS) == 1


def test_early_bird_fires_at_the_fifth_mask_alike_and_not_before():
    keep, empty = full_keep(CHANNELS), {n: np.array([], dtype=int) for n in CHANNELS.free}
    bird = EarlyBird(CHANNELS, lambda _: keep, 1)
    assert [bird.check(keep) for _ in range(5)] == [False] * 4 + [True]
    late = EarlyBird(CHANNELS, lambda _: keep, 1)
    fired = [late.check(mask) for mask in (keep, empty, keep, keep, keep, keep, keep)]
    assert fired == [False] * 6 + [True] and len(late.distances) == 7


def test_early_bird_stops_a_training():
    bird = EarlyBird(CHANNELS, lambda _: full_keep(CHANNELS), 2)
    assert slim(TASK, Schedule(50), 0, watch=bird).step == 10


# M11: LASSO and refit


def with_copy(task: Task, unit: int, of: int | None) -> Task:
    """The same with a unit of `out` that copies another and is read alike, or that never sounds."""
    arrays = {name: array.copy() for name, array in named_arrays(task.graph).items()}
    for name in ("out.weight", "out.bias"):
        arrays[name][unit] = 0.0 if of is None else arrays[name][of]
    if of is not None:
        arrays["y.weight"][:, unit] = arrays["y.weight"][:, of]
    return task.on(with_arrays(task.graph, arrays))


@pytest.mark.parametrize("of", [None, 0])
def test_a_zero_or_doubled_channel_goes_first_and_costs_nothing(of):
    task = with_copy(TASK, 6, of)
    used = np.flatnonzero(task.tensors(task.examples[0])["out"].numpy().reshape(-1, 8).any(axis=0))
    assert 0 in used
    scores = lasso.he_lasso(task)["out"]
    assert scores[6] == 0
    keep = {"out": np.delete(np.arange(8), 6)}
    error = (output(task.on(lasso.refit(task, keep))) - output(task)).abs().max()
    assert error < 1e-5


def test_refitting_with_all_channels_changes_nothing():
    same = lasso.refit(TASK, full_keep(CHANNELS))
    for name, array in named_arrays(same).items():
        assert np.allclose(array, named_arrays(TASK.graph)[name], atol=1e-5)


def test_upsampling_layers_are_scored_and_refitted():
    builder = Builder(random_arrays(np.random.default_rng(4)))
    builder.input("slow", 2, 4)
    builder.layer("a", "dense", "slow", 6)
    builder.layer("y", "conv_transpose1d", "a", 3, kernel=8, stride=4)
    graph = builder.graph("y")
    weight = named_arrays(graph)["a.weight"].copy()
    weight[5] = weight[0] + weight[1]
    bias = named_arrays(graph)["a.bias"] * 0
    graph = with_arrays(graph, {"a.weight": weight, "a.bias": bias})
    inputs = {"slow": torch.from_numpy(np.random.default_rng(0).normal(size=(1, 40, 2)))}
    task = Task(graph, (Example(inputs, squares("y", torch.zeros(1, 160, 3))),))
    same = lasso.refit(task, full_keep(task.channels))
    assert np.allclose(named_arrays(same)["y.weight"], named_arrays(graph)["y.weight"], atol=1e-5)
    assert np.all(lasso.he_lasso(task)["a"] >= 0) and lasso.he_lasso(task)["a"].max() > 0
    repaired = task.on(lasso.refit(task, {"a": np.arange(5)}))
    assert torch.allclose(output(repaired), output(task), atol=1e-4)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=8)
def test_least_squares_is_no_worse_than_before(seed):
    rng = np.random.default_rng(seed)
    seen, wanted, weight = rng.normal(size=(40, 6)), rng.normal(size=(40, 3)), rng.normal(size=(3, 6))
    fitted = lasso.least_squares(seen, wanted, weight)
    assert np.square(wanted - seen @ fitted.T).sum() <= np.square(wanted - seen @ weight.T).sum() + 1e-9


def test_refit_repairs_a_trim():
    task, _ = planted_task()
    keep = {"a": np.array([0, 3])}
    plain = task.on(trim_graph(task.graph, task.channels, keep))
    goal = output(task)
    repaired = output(task.on(lasso.refit(task, keep)))
    assert (repaired - goal).square().mean() < 0.1 * (output(plain) - goal).square().mean()


# M5: sleeping units


def sleeping(seed: int = 0, **options) -> tuple[rigl.RigL, Task]:
    widths = {name: group.size // 2 for name, group in CHANNELS.free.items()}
    sets = rigl.RigL(CHANNELS, widths, np.random.default_rng(seed), **options)
    quiet = {name: value.clone() for name, value in TASK.arrays.items()}
    sets.rest(quiet)
    return sets, TASK.with_weights(quiet)


def test_share_falls_from_the_first_to_none():
    assert rigl.update_share(0, 100, 0.3) == 0.3
    assert rigl.update_share(100, 100, 0.3) == rigl.update_share(150, 100, 0.3) == 0.0
    assert rigl.update_share(50, 100, 0.3) == pytest.approx(0.15)


def test_as_many_units_stay_active_and_none_change_after_the_end():
    sets, task = sleeping(every=2, share=0.6, end=6)
    seen = []

    def watch(now):
        sets(now)
        seen.append({name: active.copy() for name, active in sets.active.items()})
        return False

    fit(task, Schedule(12), 0, watch=watch)
    for active in seen:
        assert all(active[name].sum() == CHANNELS.groups[name].size // 2 for name in active)
    assert any(not np.array_equal(seen[0][name], seen[4][name]) for name in seen[0])
    assert all(np.array_equal(seen[5][name], seen[-1][name]) for name in seen[0])


def test_no_share_freezes_the_sets():
    sets, task = sleeping(every=1, share=0.0, end=20)
    before = {name: active.copy() for name, active in sets.active.items()}
    fit(task, Schedule(5), 0, watch=sets)
    assert all(np.array_equal(sets.active[name], before[name]) for name in before)


def test_resting_units_are_not_heard_and_waking_changes_nothing_yet():
    sets, task = sleeping()
    small = trim_graph(task.graph, CHANNELS, sets.keep)
    assert torch.allclose(output(task.on(small)), output(task), atol=1e-12)
    arrays = {name: value.clone() for name, value in task.arrays.items()}
    before, active = forward(task.graph, arrays, task.examples[0].inputs)["y"], sets.active["out"]
    active[np.flatnonzero(~active)[0]] = True
    sets.rest(arrays)
    assert torch.equal(forward(task.graph, arrays, task.examples[0].inputs)["y"], before)


def test_the_most_wanted_unit_wakes():
    sets, task = sleeping()
    arrays = {name: value.clone() for name, value in task.arrays.items()}
    slopes = {name: torch.zeros_like(value) for name, value in arrays.items()}
    wanted = int(np.flatnonzero(~sets.active["out"])[-1])
    slopes["y.weight"][0, wanted] = 1.0
    assert sets.update(arrays, slopes, 0.25)["out"].tolist() == [wanted]


def test_erk_widths_stay_within_the_target():
    cost = cycle_cost(TASK.graph, CHANNELS)
    whole = cost({})
    least = cost(dict.fromkeys(CHANNELS.free, 4))
    for share in (0.0, 0.4, 1.0):
        target = least + share * (whole - least)
        assert cost(rigl.erk_widths(CHANNELS, cost, target)) <= target


# M18–M20


def test_scratch_b_spends_what_the_parent_spent_up_to_its_cap():
    keep = {name: np.arange(group.size - 1) for name, group in CHANNELS.free.items()}
    small = trim_graph(TASK.graph, CHANNELS, keep)
    steps = baselines.scratch_steps(1_000, TASK.graph, small)
    assert abs(steps * macs_per_frame(small) / (1_000 * macs_per_frame(TASK.graph)) - 1) < 0.01
    tiny = trim_graph(TASK.graph, CHANNELS, {name: np.arange(1) for name in CHANNELS.free})
    assert baselines.scratch_steps(1_000, TASK.graph, tiny) == 4_000


def test_masked_weights_get_no_updates():
    masks = {"out.weight": np.zeros((8, 16))}
    trained = fit(TASK, Schedule(4), 0, masks=masks).task
    assert not trained.arrays["out.weight"].any() and not torch.equal(trained.arrays["y.bias"], TASK.arrays["y.bias"])


def test_training_learns_and_repeats_its_bits():
    one, other = (fit(TASK, Schedule(60), 0).task for _ in range(2))
    assert one.value() < 0.7 * TASK.value()
    assert all(torch.equal(one.arrays[name], other.arrays[name]) for name in one.arrays)
    assert replace(one, gammas={}).value() == one.value()
