# SPDX-License-Identifier: MIT
"""Rows as a comparison writes them, of made-up figures: what reports are made of in tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from lottava.training.compare.rows import digest

PARENT = {"parameters": 1_008_210, "network_cycles": 651_000.0}
GROUPS = {"pitch_features": 256, "loudness_features": 256, "axes_features": 256, "memory": 256, "out_features": 256}
EFFECT = {
    "lth_rewind": 1.03,
    "diet/magnitude": 1.01,
    "diet/information": 1.06,
    "li_l1": 1.12,
    "obd": 1.09,
    "snip": 1.15,
    "rand": 1.18,
    "uniform": 1.11,
    "reverse": 1.42,
    "scratch_e of lth_rewind": 1.08,
    "scratch_b of lth_rewind": 1.05,
    "scratch_e of uniform": 1.12,
    "scratch_b of uniform": 1.07,
}
"""Label → mean E at 5 % of the cycles."""


def split(label: str) -> tuple[str, dict[str, str]]:
    """Method and settings of a label."""
    method, _, of = label.partition(" of ")
    method, _, criterion = method.partition("/")
    return method, ({"of": of} if of else {}) | ({"criterion": criterion} if criterion else {})


def bits(units: Any) -> str:
    """Units as a row holds them."""
    return f"{sum(1 << int(unit) for unit in units):x}"


def row(label: str, seed: int, target: float, error: float, **more: Any) -> dict[str, Any]:
    """One cell's row; error: MRSTFT over 1.2 · (1 + seed / 100), which is the parent's."""
    method, settings = split(label)
    rng = np.random.default_rng([ord(letter) for letter in label] + [seed, round(1e6 * target)])
    share = target if method == "parent" else target * rng.uniform(0.96, 1.0)
    parent_steps, rounds = 1000, 2 if method in ("lth_rewind", "diet", "rand", "reverse") else 0
    size = 1.0 if method == "parent" else 1.05 * share**1.15 * (0.8 if method == "obd" else 1)
    widths = {name: max(4, round(size * rng.uniform(0.7, 3) * full)) for name, full in GROUPS.items()}
    widths = GROUPS if method == "parent" else {name: min(width, GROUPS[name]) for name, width in widths.items()}
    found = {
        "family": "ddsp",
        "data": "sax",
        "dataset_sha256": "0" * 64,
        "config_sha256": "c0ffee0123456789",
        "training": "full",
        "steps_each": parent_steps,
        "method": method,
        "settings": settings,
        "rounds": rounds or None,
        "target": target,
        "seed": seed,
        "device": "cpu",
        "machine": "x86_64",
        "torch": "2.13.0",
        "threads": 1,
        "network_cycles": PARENT["network_cycles"] * share,
        "target_cycles": PARENT["network_cycles"] * target,
        "parent_cycles": PARENT["network_cycles"],
        "distance": PARENT["network_cycles"] * (target - share),
        "parameters": round(PARENT["parameters"] * size),
        "parent_parameters": PARENT["parameters"],
        "steps": parent_steps * (1 + rounds),
        "training_macs": 1.0 + rounds * 0.3 if method not in ("snip", "uniform", "scratch_e") else 0.06,
        "mrstft": 1.2 * (1 + seed / 100) * error,
        "mrstft_noon": 1.25 * (1 + seed / 100) * error,
        "f0_cents": 2.5 * error,
        "f0_gross_rate": 0.01,
        "loudness_db": 0.9 * error,
        "bright_spearman": 1.0 - 0.08 * (error - 1) - 0.001 * seed,
        "breath_spearman": 0.99 - 0.25 * max(0.0, error - 1),
        "body_spearman": None,
        "widths": widths,
        "kept": {name: bits(rng.permutation(GROUPS[name])[:count]) for name, count in widths.items()},
        "effective_rank": 0.9,
        "minimum_cut": float(min(widths.values())),
        "dead_units": 0.01,
        "algebraic_connectivity": 0.6,
        "mean_block_cycles": 14_100 + 651_000 * share / 4,
        "worst_block_cycles": 31_100 + 651_000 * share,
        "worst_cpu": (31_100 + 651_000 * share) / 480_000,
        "bank_voices": 32 if size < 0.2 else 0,
        "morph_voices": int(min(150_000 / (651_000 * share), 6)) if size < 0.2 else 0,
        "flash_bytes": round(1.2e6 * size),
        "ram_bytes": round(2.4e6 * size),
        "seconds": 300.0,
    } | more
    return {"key": digest([label, seed, target])} | found


def rows(seeds: tuple[int, ...] = (1, 2, 3)) -> list[dict[str, Any]]:
    """A whole small table at one target, and a curve of one method."""
    rng = np.random.default_rng(0)
    found = [row("parent", seed, 1.0, 1.0) for seed in seeds]
    for label, effect in EFFECT.items():
        found += [row(label, seed, 0.05, effect + 0.004 * rng.standard_normal()) for seed in seeds]
    curve = {0.5: 0.985, 0.2: 0.99, 0.1: 1.0, 0.02: 1.09, 0.011: 1.2}
    found += [row("diet/magnitude", seeds[0], target, error) for target, error in curve.items()]
    return found
