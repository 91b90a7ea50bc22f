# SPDX-License-Identifier: MIT
"""RigL (M5, 1911.11134) on units: every so often the least read ones rest, and the most wanted resting ones wake.

A resting unit has freshly drawn weights that make it and zeros that read it: the network doesn't hear it, yet the
gradient of those zeros tells what it would give. It is a Watch of fit.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .criteria import gradients
from .fit import Now
from .forward import Values
from .groups import Channels, Group
from .select import BudgetError, Cost, steps_of
from .task import by_unit
from .trim import Keep

READ = ("consume", "recur")


def update_share(step: int, end: int, share: float) -> float:
    """f(t) = share/2 · (1 + cos(πt/end)): of the active units that change at a step; 0 from `end` on."""
    return share / 2 * (1 + math.cos(math.pi * step / end)) if step < end else 0.0


def erk_widths(channels: Channels, cost: Cost, target: float) -> dict[str, int]:
    """Widths in fours whose densities go with Σdims/Πdims of each group's weights (ERK on units), within the target.

    Raises BudgetError where even the least widths exceed it.
    """
    fans = by_unit(channels, {name: np.ones(shape) for name, shape in channels.shapes.items()}, ("produce", "consume"))
    wish = {}
    for name, group in channels.free.items():
        fan = max(1.0, float(fans[name][0]))
        wish[name] = (group.size + fan) / (group.size * fan)

    def widths(scale: float) -> dict[str, int]:
        found = {}
        for name, group in channels.free.items():
            wanted = min(1.0, scale * wish[name]) * group.size
            steps = steps_of(group)
            found[name] = next((step for step in steps if step <= wanted), steps[-1])
        return found

    low, high = 0.0, 1.0 / min(wish.values())
    if cost(widths(low)) > target:
        raise BudgetError(f"a cost of {target:g} is too little: the least widths take {cost(widths(low)):g}")
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if cost(widths(middle)) <= target else (low, middle)
    return widths(high) if cost(widths(high)) <= target else widths(low)


def _positions(group: Group, roles: tuple[str, ...], units: NDArray) -> dict[tuple[str, int], list[int]]:
    """What these units own in these roles: (array, axis) → indices."""
    found: dict[tuple[str, int], list[int]] = {}
    for member in group.members:
        if member.role in roles:
            places = member.span.positions()
            found.setdefault((member.span.tensor, member.span.axis), []).extend(places[unit] for unit in units)
    return found


def _fill(value: Tensor, axis: int, places: list[int]) -> None:
    """Zero these, in place."""
    value.index_fill_(axis, torch.as_tensor(places, dtype=torch.long, device=value.device), 0.0)


@dataclass
class RigL:
    """Keeps `widths[group]` units active. every: steps between updates; share: of them at first; end: last step.

    Widths never change; the sets do. fresh: arrays as drawn, for units that wake.
    """

    channels: Channels
    widths: Mapping[str, int]
    rng: np.random.Generator
    every: int = 100
    share: float = 0.3
    end: int = 1
    active: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    woken: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.seed = int(self.rng.integers(2**62))
        for name, group in self.channels.free.items():
            order = sorted(group.held) + [u for u in self.rng.permutation(group.size).tolist() if u not in group.held]
            self.active[name] = np.isin(np.arange(group.size), order[: self.widths[name]])

    @property
    def keep(self) -> Keep:
        """The active units."""
        return {name: np.flatnonzero(active) for name, active in self.active.items()}

    def known(self) -> dict[str, NDArray]:
        """Which units are active."""
        return dict(self.active)

    def recall(self, known: Mapping[str, NDArray]) -> None:
        """These are active."""
        self.active = {name: np.asarray(active, dtype=np.bool_) for name, active in known.items()}

    def rest(self, arrays: Mapping[str, Tensor]) -> None:
        """Silence what reads the resting units, in place."""
        for name, group in self.channels.free.items():
            for (array, axis), places in _positions(group, READ, np.flatnonzero(~self.active[name])).items():
                _fill(arrays[array].data, axis, places)

    def __call__(self, now: Now) -> bool:
        """After a step: resting units stay silent, and every so often units change places. Never stops a training."""
        self.rest(now.arrays)
        if now.step % self.every == 0 and now.step < self.end:
            self.rng = np.random.default_rng((self.seed, now.step))
            self.update(now.arrays, gradients(now.loss, now.arrays), update_share(now.step, self.end, self.share))
            self._forget(now)
        return False

    def update(self, arrays: Mapping[str, Tensor], slopes: Values, share: float) -> dict[str, NDArray[np.int64]]:
        """Change round(share * active) units of each group, in place; returns those that woke."""
        sizes = by_unit(self.channels, {n: v.detach().cpu().numpy() ** 2 for n, v in arrays.items()}, READ)
        wanted = by_unit(self.channels, {n: v.detach().cpu().numpy() ** 2 for n, v in slopes.items()}, READ)
        self.woken = {}
        for name, group in self.channels.free.items():
            on = np.array([u for u in np.flatnonzero(self.active[name]) if u not in group.held], dtype=np.int64)
            off = np.flatnonzero(~self.active[name])
            count = 0 if group.suffix else min(round(share * len(on)), len(off))
            drop = on[np.argsort(sizes[name][on], kind="stable")[:count]]
            grow = off[np.argsort(-wanted[name][off], kind="stable")[:count]]
            self.active[name][drop], self.active[name][grow] = False, True
            self._redraw(arrays, group, drop)
            self.woken[name] = grow
        self.rest(arrays)
        return self.woken

    def _redraw(self, arrays: Mapping[str, Tensor], group: Group, units: NDArray[np.int64]) -> None:
        for (array, axis), places in _positions(group, ("produce",), units).items():
            value = arrays[array].data
            index = torch.as_tensor(places, dtype=torch.long, device=value.device)
            fan = math.prod(value.shape[1:]) if value.ndim > 1 else 0
            shape = (len(places), *(size for i, size in enumerate(value.shape) if i != axis))
            drawn = self.rng.normal(0.0, 1 / math.sqrt(fan), shape) if fan else np.zeros(shape)
            value.index_copy_(axis, index, torch.from_numpy(drawn).movedim(0, axis).to(value))

    def _forget(self, now: Now) -> None:
        """Moments of the units that woke start again."""
        for name, units in self.woken.items():
            for (array, axis), places in _positions(self.channels.groups[name], ("produce", *READ), units).items():
                for moment in now.moments[array]:
                    _fill(moment, axis, places)
