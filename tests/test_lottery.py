# SPDX-License-Identifier: MIT
"""The lottery: selection keeps its laws, rewinding is bit-exact, and a killed run ends with the same bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.checkpoint import state_sha256
from lottava.training.generators.ddsp import DDSP, Widths
from lottava.training.reduction import criteria, ticket
from lottava.training.reduction.arms import Arm, Trained, run_arm
from lottava.training.reduction.controls import dense_small, random_ticket
from lottava.training.reduction.groups import channel_groups
from lottava.training.reduction.lottery import (
    BudgetError,
    Lottery,
    LotteryConfig,
    budgets,
    identity,
    run_lottery,
    select_units,
    theta_k,
)
from lottava.training.reduction.task import Task, normalise
from lottava.training.reduction.trim import full_keep, select
from lottava.training.slim import model_of, state_widths, to_graph

STEPS = 6
PARENT = Widths(pitch=8, loudness=12, axes=8, gru=16, out=12)
CONFIG = LotteryConfig(rewind_step=2, seed=5, data_sha256="d" * 64, target_parameters=1_700, rounds=2)


class Killed(Exception):
    """What a test raises to stop a run."""


def decoder(seed: int = 0, widths: Widths = PARENT) -> DDSP:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return DDSP(widths)


CHANNELS = channel_groups(to_graph(decoder()))


def _step(model, companion, optimiser, seed, step):
    rng = torch.Generator().manual_seed(1000 * seed + step)
    pitch, loudness, axes = (torch.rand((2, 4, size), generator=rng) for size in (1, 1, 4))
    optimiser.zero_grad()
    controls, _ = model(pitch, loudness, axes + companion)
    (controls - pitch).square().mean().backward()
    optimiser.step()


def tiny_trainer(arm: Arm, folder, *, rewind_step, progress) -> Trained:
    """Train a few steps on drawn inputs, with a checkpoint every second step; the companion is one bias."""
    model = model_of(arm.state)
    companion = torch.nn.Parameter(torch.zeros(4) if arm.companion is None else arm.companion["bias"].clone())
    optimiser = torch.optim.Adam([*model.parameters(), companion], lr=0.01)
    first, rewind, path = arm.first_step, None, folder / "checkpoint.pt"
    if path.exists():
        saved = torch.load(path, weights_only=True)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        companion.data.copy_(saved["companion"])
        first, rewind = saved["step"], saved["rewind"]
    for step in range(first, STEPS):
        if step == rewind_step:
            weights = {name: value.clone() for name, value in model.state_dict().items()}
            rewind = [weights, {"bias": companion.detach().clone()}]
        if step % 2 == 0:
            saved = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "companion": companion.data}
            torch.save({**saved, "step": step, "rewind": rewind}, path)
        progress(arm.name, step, STEPS)
        _step(model, companion, optimiser, arm.seed, step)
    final = {"bias": companion.detach()}
    return Trained(model.state_dict(), final, *(rewind if rewind is not None and rewind_step is not None else ()))


def silent(name: str, step: int, total: int) -> None:
    """No progress."""


@pytest.fixture(scope="module")
def lottery(tmp_path_factory) -> Lottery:
    return run_lottery(decoder(), tiny_trainer, CONFIG, tmp_path_factory.mktemp("lottery"), progress=silent)


def same(a, b) -> bool:
    return set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


@st.composite
def scores(draw):
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    return {name: rng.random(group.size).round(draw(st.integers(1, 6))) for name, group in CHANNELS.free.items()}


@settings(deadline=None)
@given(scores(), st.integers(1_500, PARENT.parameter_count))
def test_selection_meets_the_budget_with_allowed_widths_and_the_best_units(values, budget):
    keep = select_units(values, CHANNELS, budget)
    assert CHANNELS.parameter_count({name: len(kept) for name, kept in keep.items()}) <= budget
    for name, kept in keep.items():
        assert len(kept) >= 4 and len(kept) % 4 == 0
        removed = np.setdiff1d(np.arange(CHANNELS.groups[name].size), kept)
        assert len(removed) == 0 or values[name][removed].max() <= values[name][kept].min()


@settings(deadline=None)
@given(scores(), st.integers(1_500, PARENT.parameter_count), st.integers(1_500, PARENT.parameter_count))
def test_a_smaller_budget_keeps_a_subset(values, a, b):
    small, large = (select_units(values, CHANNELS, budget) for budget in (min(a, b), max(a, b)))
    assert all(set(small[name]) <= set(large[name]) for name in small)


@given(scores())
def test_a_whole_budget_is_the_identity(values):
    keep = select_units(values, CHANNELS, PARENT.parameter_count)
    assert all(np.array_equal(keep[name], kept) for name, kept in full_keep(CHANNELS).items())


def test_impossible_budgets_and_bad_scores_are_refused():
    values = {name: np.ones(group.size) for name, group in CHANNELS.free.items()}
    with pytest.raises(BudgetError, match="least widths"):
        select_units(values, CHANNELS, 100)
    with pytest.raises(ValueError, match="NaN"):
        select_units(values | {"hidden": np.full(16, np.nan)}, CHANNELS, 2_000)
    with pytest.raises(ValueError, match="one number"):
        select_units(values | {"hidden": np.ones(3)}, CHANNELS, 2_000)


def test_budgets_fall_geometrically_to_the_target():
    demo = LotteryConfig(rewind_step=10, seed=0, data_sha256="0" * 64, rounds=3)
    assert budgets(258_386, demo)[-1] == 25_000
    ratios = np.diff(np.log([258_386, *budgets(258_386, demo)]))
    assert np.allclose(ratios, ratios[0], atol=1e-3)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000))
def test_magnitude_scores_are_finite_and_one_per_unit(seed):
    values = criteria.magnitude(Task.of_network(decoder(seed)))
    assert {name: v.shape for name, v in values.items()} == {n: (g.size,) for n, g in CHANNELS.free.items()}
    assert all(np.all(np.isfinite(v)) and np.all(v >= 0) for v in values.values())
    assert all(np.isclose(v.mean(), 1) for v in normalise(values).values())


def test_magnitude_of_a_gru_unit_sums_its_three_rows():
    model = decoder()
    state = model.state_dict()
    rows = [3, 3 + 16, 3 + 32]
    expected = sum(state[f"memory.weight_{side}_l0"][rows].abs().sum().item() for side in ("ih", "hh"))
    assert np.isclose(criteria.magnitude(Task.of_network(model))["hidden"][3], expected)


def test_magnitude_of_a_silent_group_normalises_to_zero():
    assert np.array_equal(normalise({"x": np.zeros(4)})["x"], np.zeros(4))


def test_tickets_shrink_to_the_budget_and_are_nested(lottery):
    for outer, inner in zip(lottery.levels, lottery.levels[1:], strict=False):
        assert ticket.is_nested(inner.ticket, outer.ticket)
        assert inner.ticket.parameters < outer.ticket.parameters
    for level, budget in zip(lottery.levels[1:], budgets(PARENT.parameter_count, CONFIG), strict=True):
        model = level.trained.model
        assert sum(p.numel() for p in model.parameters()) == level.ticket.parameters <= budget
    assert lottery.winner.ticket.parameters <= CONFIG.target_parameters


def test_every_level_starts_from_theta_k_at_the_composed_units(tmp_path):
    arms: list[Arm] = []

    def spy(arm, folder, *, rewind_step, progress):
        arms.append(arm)
        return tiny_trainer(arm, folder, rewind_step=rewind_step, progress=progress)

    drawn = run_lottery(decoder(), spy, CONFIG, tmp_path, progress=silent)
    rewind = theta_k(drawn.parent.trained)
    assert not same(rewind, drawn.parent.trained.state) and not same(rewind, decoder().state_dict())
    for arm, level in zip(arms[1:], drawn.levels[1:], strict=True):
        assert same(arm.state, select(rewind, CHANNELS, level.ticket.keep))
        assert arm.companion is not None and same(arm.companion, drawn.parent.trained.rewind_companion)
        assert (arm.first_step, arm.seed) == (CONFIG.rewind_step, CONFIG.seed)
        assert level.ticket.theta_k_sha256 == state_sha256(dict(rewind))


def test_same_seed_same_ticket(lottery, tmp_path):
    again = run_lottery(decoder(), tiny_trainer, CONFIG, tmp_path, progress=silent)
    assert [level.ticket for level in again.levels] == [level.ticket for level in lottery.levels]
    assert same(again.winner.trained.state, lottery.winner.trained.state)


@pytest.mark.parametrize(("name", "step"), [("level-0", 3), ("level-1", 2), ("level-1", 5), ("level-2", 4)])
def test_a_killed_run_resumes_to_the_same_bits(lottery, tmp_path, name, step):
    steps: list[tuple[str, int]] = []

    def kill(arm_name, done, total):
        if (arm_name, done) == (name, step):
            raise Killed

    def count(arm_name, done, total):
        steps.append((arm_name, done))

    with pytest.raises(Killed):
        run_lottery(decoder(), tiny_trainer, CONFIG, tmp_path, progress=kill)
    resumed = run_lottery(decoder(), tiny_trainer, CONFIG, tmp_path, progress=count)
    assert steps[0] == (name, step // 2 * 2)
    for level, expected in zip(resumed.levels, lottery.levels, strict=True):
        assert level.ticket == expected.ticket
        assert same(level.trained.state, expected.trained.state)
        assert same(level.trained.companion, expected.trained.companion)


def test_a_finished_run_trains_nothing(lottery, tmp_path):
    first = run_lottery(decoder(), tiny_trainer, CONFIG, tmp_path, progress=silent)

    def refuse(arm, folder, *, rewind_step, progress):
        raise AssertionError(f"{arm.name} trained again")

    again = run_lottery(decoder(), refuse, CONFIG, tmp_path, progress=silent)
    assert same(again.winner.trained.state, first.winner.trained.state)
    stored = sorted(tmp_path.glob("level-*/ticket.json"))
    assert [ticket.load(path) for path in stored] == [level.ticket for level in again.levels[1:]]


def test_other_settings_get_other_folders(tmp_path):
    arm = Arm("arm", decoder().state_dict(), None, 0, 1)
    for value in (1, 2, 1):
        run_arm(arm, tiny_trainer, tmp_path, settings={"batch": value}, progress=silent)
    assert len(list(tmp_path.iterdir())) == 2


def test_controls_have_the_ticket_widths_but_not_its_weights(lottery, tmp_path):
    winner, parent = lottery.winner.ticket, lottery.parent.trained
    small, drawn = dense_small(winner, parent, seed=11), random_ticket(winner, parent, CONFIG, seed=11)
    assert state_widths(small.state) == state_widths(drawn.state) == state_widths(lottery.winner.trained.state)
    assert (small.first_step, small.companion, small.ticket) == (0, None, None)
    assert drawn.ticket is not None and drawn.ticket.widths == winner.widths and drawn.ticket.kept != winner.kept
    assert same(drawn.state, select(theta_k(parent), CHANNELS, drawn.ticket.keep))
    assert drawn.first_step == CONFIG.rewind_step
    for arm in (small, drawn):
        trained = run_arm(arm, tiny_trainer, tmp_path, settings=identity(CONFIG), progress=silent)
        assert not same(trained.state, arm.state)


def test_controls_are_drawn_by_seed(lottery):
    winner, parent = lottery.winner.ticket, lottery.parent.trained
    assert same(dense_small(winner, parent, seed=3).state, dense_small(winner, parent, seed=3).state)
    assert not same(dense_small(winner, parent, seed=3).state, dense_small(winner, parent, seed=4).state)
    assert random_ticket(winner, parent, CONFIG, seed=3).ticket == random_ticket(winner, parent, CONFIG, seed=3).ticket
    with pytest.raises(ValueError, match="another seed"):
        dense_small(winner, parent, seed=CONFIG.seed)


def test_a_lottery_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="criterion"):
        LotteryConfig(rewind_step=0, seed=0, data_sha256="", criterion="luck")
    with pytest.raises(ValueError, match="round"):
        LotteryConfig(rewind_step=0, seed=0, data_sha256="", rounds=0)
    with pytest.raises(ValueError, match="rewind step"):
        theta_k(Trained({}, {}))
