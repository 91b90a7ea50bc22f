# SPDX-License-Identifier: MIT
"""Masks of single weights: the lottery as first drawn (M1, M2), and Han's thresholds (M9); what units they leave dead.

A mask has the array's shape, 1 where a weight stays. Biases and scale factors are never masked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .fit import Fitted, Schedule, fit
from .forward import Values
from .groups import Channels
from .task import Task

Masks = dict[str, NDArray[np.float64]]


def whole_masks(arrays: Values) -> Masks:
    """Every weight stays."""
    return {name: np.ones(tuple(value.shape)) for name, value in arrays.items() if value.ndim > 1}


def density(masks: Masks) -> float:
    """Share of weights that stay."""
    return sum(float(mask.sum()) for mask in masks.values()) / sum(mask.size for mask in masks.values())


def _without_lowest(sizes: NDArray, alive: NDArray[np.bool_], share: float) -> NDArray[np.bool_]:
    """`alive` less round(share * alive) of its smallest; ties by index."""
    where = np.flatnonzero(alive)
    gone = where[np.argsort(sizes[where], kind="stable")[: round(share * len(where))]]
    left = alive.copy()
    left[gone] = False
    return left


def lowest_out(
    arrays: Values, masks: Masks, share: float, *, scope: str = "global", gentle: str | None = None
) -> Masks:
    """Masks less `share` of the weights that they leave, smallest |w| first.

    scope: global, or local (the same share of each array). gentle: an array that loses half the share, on its own.
    """
    sizes = {name: np.abs(arrays[name].detach().numpy()) for name in masks}
    rest = [name for name in masks if name != gentle]
    pools = [([gentle], share / 2)] if gentle else []
    pools += [([name], share) for name in rest] if scope == "local" else [(rest, share)]
    result: Masks = {}
    for names, part in pools:
        alive = np.concatenate([masks[name].ravel() > 0 for name in names])
        left = _without_lowest(np.concatenate([sizes[name].ravel() for name in names]), alive, part)
        ends = np.cumsum([masks[name].size for name in names])[:-1]
        result |= {
            name: piece.reshape(masks[name].shape).astype(np.float64)
            for name, piece in zip(names, np.split(left, ends), strict=True)
        }
    return {name: result[name] for name in masks}


def thresholded(arrays: Values, quality: float, masks: Masks | None = None) -> Masks:
    """Han's rule (1506.02626): out goes what is below quality · std of its array; never back in once out."""
    found = {}
    for name, mask in (masks or whole_masks(arrays)).items():
        size = np.abs(arrays[name].detach().numpy())
        found[name] = mask * (size >= quality * float(arrays[name].detach().numpy().std()))
    return found


def dead_units(channels: Channels, masks: Masks) -> dict[str, NDArray[np.int64]]:
    """Units that nothing makes any more, or that nothing reads: all such weights of theirs are masked.

    A unit that nothing makes may still sound a constant through its bias.
    """
    dead: dict[str, NDArray[np.int64]] = {}
    for name, group in channels.free.items():
        left = {"produce": np.zeros(group.size), "consume": np.zeros(group.size)}
        met = {"produce": False, "consume": False}
        for member in group.members:
            if member.role in left and (mask := masks.get(member.span.tensor)) is not None:
                rows = np.moveaxis(mask, member.span.axis, 0)
                left[member.role] += rows.reshape(len(rows), -1).sum(axis=1)[np.asarray(member.span.positions())]
                met[member.role] = True
        gone = [left[role] == 0 for role in left if met[role]]
        dead[name] = np.flatnonzero(np.any(gone, axis=0)) if gone else np.array([], dtype=np.int64)
    return dead


def dead_unit_yield(channels: Channels, masks: Masks) -> float:
    """Share of the free groups' units that a weight mask lets one remove: 25 % for local masks of 99.5 %, in DAFx."""
    return sum(map(len, dead_units(channels, masks).values())) / sum(group.size for group in channels.free.values())


def without_dead(channels: Channels, masks: Masks) -> dict[str, NDArray[np.int64]]:
    """Keep set that drops dead units, but never the last unit of a group, nor one that must be held."""
    keep = {}
    for name, dead in dead_units(channels, masks).items():
        group = channels.groups[name]
        left = np.setdiff1d(np.arange(group.size), sorted(set(dead.tolist()) - group.held))
        keep[name] = left if len(left) and not group.suffix else np.arange(group.size if group.suffix else 1)
    return keep


@dataclass(frozen=True, eq=False)
class WeightTicket:
    """A masked network. masks of every round; start: the rewound weights under the last mask; trained: from there."""

    masks: tuple[Masks, ...]
    start: Values
    trained: Fitted


def weight_lottery(
    task: Task,
    schedule: Schedule,
    seed: int,
    *,
    share: float = 0.2,
    rounds: int = 15,
    rewind_step: int = 0,
    scope: str = "global",
    gentle: str | None = None,
    redraw: np.random.Generator | None = None,
) -> WeightTicket:
    """Train, mask the smallest, rewind, repeat (1803.03635; 1903.01611 with rewind_step > 0).

    task: the untrained network. redraw: survivors start from their own values shuffled instead: the control.
    """
    parent = fit(task, schedule, seed, rewind_step=rewind_step)
    assert parent.rewind is not None
    start, trained, drawn = parent.rewind.arrays, parent, list[Masks]()
    begin: Values = start
    masks = whole_masks(start)
    for _ in range(rounds):
        masks = lowest_out(trained.task.arrays, masks, share, scope=scope, gentle=gentle)
        drawn.append(masks)
        begin = {name: value * _like(masks.get(name), value) for name, value in start.items()}
        begin = begin if redraw is None else _shuffled(start, masks, redraw)
        trained = fit(task.with_weights(begin), schedule, seed, first_step=rewind_step, masks=masks)
    return WeightTicket(tuple(drawn), begin, trained)


def _like(mask: NDArray | None, value: Tensor) -> Tensor:
    return torch.ones_like(value) if mask is None else torch.as_tensor(mask, dtype=value.dtype)


def _shuffled(start: Values, masks: Mapping[str, NDArray], rng: np.random.Generator) -> Values:
    """Each array's own values in another order, under its mask."""
    return {
        name: value.flatten()[rng.permutation(value.numel())].view_as(value) * _like(masks.get(name), value)
        for name, value in start.items()
    }
