# SPDX-License-Identifier: MIT
"""Reduction of the families themselves: trim = mask, states and moments trimmed along, and criteria on their sound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from lottava.training.configs import load_config
from lottava.training.generators.base import Controls, play
from lottava.training.generators.registry import FAMILIES, family
from lottava.training.reduction import criteria
from lottava.training.reduction.examples import examples
from lottava.training.reduction.fit import Schedule
from lottava.training.reduction.forward import forward
from lottava.training.reduction.method import METHODS
from lottava.training.reduction.run import reduce
from lottava.training.reduction.select import cycle_cost, select, steps_of
from lottava.training.reduction.task import Task, normalise
from lottava.training.reduction.trim import channels_of, mask, select_optimiser, trim
from lottava.training.reduction.trim import select as select_state
from lottava.training.slim import to_graph
from small_dataset import small_dataset

from lottava.graph import named_arrays

KEYS = sorted(FAMILIES)


def network(key: str, seed: int = 0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return family(key).build(family(key).configs["nano"])


def random_keep(model, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    free = channels_of(model).free
    return {name: np.sort(rng.permutation(g.size)[: rng.integers(1, g.size + 1)]) for name, g in free.items()}


def sound(model, frames: int = 6) -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    pitch, loudness = (2 * torch.rand((1, frames), generator=rng, dtype=torch.float64) - 1 for _ in range(2))
    axes = 2 * torch.rand((1, frames, 4), generator=rng, dtype=torch.float64) - 1
    excitation = torch.as_tensor(family(model.family).excitation(192 * frames), dtype=torch.float64)[None]
    with torch.no_grad():
        return play(family(model.family).voice(model), excitation, Controls(pitch, loudness, axes), [frames])


@pytest.mark.parametrize("key", KEYS)
def test_a_trimmed_voice_sounds_as_the_masked_one(key):
    model = network(key).double()
    for seed in range(4):
        keep = random_keep(model, seed)
        small = trim(model, keep)
        assert torch.allclose(sound(small), sound(mask(model, keep)), rtol=0, atol=1e-6)
        assert sum(p.numel() for p in small.parameters()) == small.widths.parameter_count


@pytest.mark.parametrize("key", KEYS)
def test_moments_and_what_no_unit_owns_go_along(key):
    model, keep = network(key), random_keep(network(key), 1)
    channels = channels_of(model)
    optimiser = torch.optim.Adam(model.parameters())
    sum(parameter.square().sum() for parameter in model.parameters()).backward()
    optimiser.step()
    small, names = trim(model, keep), [name for name, _ in model.named_parameters()]
    selected = select_optimiser(optimiser.state_dict(), names, channels, keep)
    torch.optim.Adam(small.parameters()).load_state_dict(selected)
    shapes = {name: value.shape for name, value in small.named_parameters()}
    for index, name in enumerate(names):
        assert selected["state"][index]["exp_avg"].shape == shapes[name]
    again = select_state(model.state_dict(), channels, keep)
    for name in channels.outside & set(model.state_dict()):
        assert torch.equal(again[name], model.state_dict()[name])


@pytest.fixture(scope="module")
def tasks() -> dict[str, Task]:
    found = {}
    for key in KEYS:
        config = replace(load_config("nano"), crop_seconds=0.064, fft_sizes=(256, 64))
        model = network(key)
        found[key] = Task.of_network(model, examples(model, small_dataset(), config, count=2, batch=1))
    return found


@pytest.mark.parametrize("key", KEYS)
def test_examples_play_what_the_network_plays(tasks, key):
    task, model = tasks[key], network(key).double()
    inputs = task.examples[0].inputs
    signals = [x if key == "ddsp" else x[..., 0] if x.shape[2] == 1 else x for x in inputs.values()]
    with torch.no_grad():
        expected = model(*signals)[0]
    found = forward(task.graph, task.arrays, inputs)[task.graph.outputs[0]].reshape(expected.shape)
    assert torch.allclose(found, expected, atol=1e-5)
    assert task.value() == task.value() and 0 < task.value() < 100


@pytest.mark.parametrize("key", KEYS)
def test_slopes_of_the_sound_are_those_of_finite_differences_and_curvature_is_finite(tasks, key):
    task, rng = tasks[key], np.random.default_rng(0)
    vector = {name: torch.from_numpy(rng.normal(size=tuple(value.shape))) for name, value in task.arrays.items()}
    product = criteria.hessian_product(task.loss, task.arrays, vector)
    assert all(torch.isfinite(value).all() for value in product.values())
    slopes = criteria.gradients(task.loss, task.arrays)
    whole = sum(float((slopes[name] * vector[name]).sum()) for name in slopes)
    step, ends = 1e-4, []
    for sign in (-1, 1):
        moved = {name: value + sign * step * vector[name] for name, value in task.arrays.items()}
        with torch.no_grad():
            ends.append(float(task.loss(moved)))
    assert (ends[1] - ends[0]) / (2 * step) == pytest.approx(whole, rel=0.05, abs=1e-3)


@pytest.mark.parametrize("method", ["diet", "snip", "grasp", "obd", "he_lasso", "li_l1"])
@pytest.mark.parametrize("key", KEYS)
def test_methods_score_and_select_units_by_the_sound(tasks, key, method):
    task = tasks[key]
    settings = {"criterion": "information"} if method == "diet" else {}
    scores = METHODS[method].scores(task, np.random.default_rng(0), **settings)
    cost = cycle_cost(task.graph, task.channels, block=1)
    least = cost({name: steps_of(group)[-1] for name, group in task.channels.free.items()})
    target = (least + cost({})) / 2
    chosen = select(normalise(scores), task.channels, cost, target)
    small = trim(network(key), chosen.keep)
    assert chosen.cost <= target and small.widths.parameter_count < network(key).widths.parameter_count


@pytest.mark.parametrize("key", KEYS)
def test_what_is_reduced_is_a_network_of_its_family(tasks, key):
    task, model = tasks[key], network(key)
    cost = cycle_cost(task.graph, task.channels)
    least = cost({name: steps_of(group)[-1] for name, group in task.channels.free.items()})
    done = reduce(METHODS["diet"], task, (least + cost({})) / 2, Schedule(3), 0, rounds=1)
    outside = {name: value for name, value in model.state_dict().items() if name in family(key).outside}
    again = to_graph(family(key).from_graph(done.task.graph, outside))
    for name, array in named_arrays(done.task.graph).items():
        assert np.array_equal(named_arrays(again)[name], array), name
