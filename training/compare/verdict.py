# SPDX-License-Identifier: MIT
"""How methods stand at one target: errors with intervals, and whether the controls are beaten (paired by seed)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .names import SCRATCH
from .statistics import Difference, Interval, holm, paired_difference, t_interval
from .study import Study, is_control, mean

ALPHA = 0.05
RANDOM, EQUAL_OPERATIONS = "rand", SCRATCH[1]


@dataclass(frozen=True)
class Against:
    """A method set against one control: E of the method minus E of the control; p after Holm's correction."""

    control: str
    difference: Difference
    p: float

    @property
    def beaten(self) -> bool:
        """The control is worse, beyond what chance explains."""
        return self.difference.mean < 0 and self.difference.high < 0 and self.p <= ALPHA


@dataclass(frozen=True)
class Standing:
    """A method at a target. against: random and scratch-B, as far as the rows hold them."""

    name: str
    error: Interval
    seeds: int
    against: Mapping[str, Against]

    @property
    def control(self) -> bool:
        """Whether it is there to be beaten."""
        return is_control(self.name)

    @property
    def wins(self) -> bool:
        """It beats both controls."""
        return not self.control and len(self.against) == 2 and all(each.beaten for each in self.against.values())


def scratch_of(study: Study, target: float, name: str) -> str | None:
    """The scratch-B that a method is set against: the one of its own widths, else the best at that target."""
    methods = study.methods(target)
    own = f"{EQUAL_OPERATIONS} of {name}"
    found = [own] if own in methods else [other for other in methods if other.startswith(EQUAL_OPERATIONS)]
    return found[0] if found and found[0] != name else None


def _paired(study: Study, first: Mapping[int, float], second: Mapping[int, float]) -> Difference | None:
    seeds = sorted(set(first) & set(second))
    return paired_difference([first[seed] for seed in seeds], [second[seed] for seed in seeds]) if seeds else None


def standings(study: Study, target: float) -> list[Standing]:
    """Every method at a target, lowest mean E first; p corrected over the methods for each control."""
    methods = study.methods(target)
    errors = {name: study.errors(rows) for name, rows in methods.items()}
    found = {name: Standing(name, t_interval(list(e.values())), len(e), {}) for name, e in errors.items()}
    for kind in (RANDOM, EQUAL_OPERATIONS):
        asked: dict[str, Against] = {}
        for name in methods:
            control = RANDOM if kind == RANDOM else scratch_of(study, target, name)
            if is_control(name) or control is None or control not in errors:
                continue
            difference = _paired(study, errors[name], errors[control])
            if difference is not None:
                asked[name] = Against(control, difference, math.nan)
        corrected = holm([each.difference.p for each in asked.values()])
        for (name, each), p in zip(asked.items(), corrected, strict=True):
            found[name] = replace(found[name], against={**found[name].against, kind: replace(each, p=p)})
    return list(found.values())


def blocks(all_studies: list[Study]) -> tuple[list[str], list[str], list[list[float]]]:
    """What ranks are averaged over: (study and target) × (methods that all of the chosen blocks hold), mean E.

    Blocks of fewer than three methods are left out.
    """
    found: dict[str, dict[str, float]] = {}
    for study in all_studies:
        for target in study.targets:
            errors = {name: mean(study.errors(rows).values()) for name, rows in study.methods(target).items()}
            if len(errors) >= 3:
                found[f"{study.name} at {target:.1%}"] = errors
    common = set.intersection(*(set(errors) for errors in found.values())) if found else set()
    names = sorted(common)
    return list(found), names, [[errors[name] for name in names] for errors in found.values()]
