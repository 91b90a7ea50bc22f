# SPDX-License-Identifier: MIT
"""The figures of a cell's outcome: what it cost to find, what it costs to run, how it sounds and obeys."""

from __future__ import annotations

import math
from typing import Any

from ..analysis.quality import quality
from ..analysis.structure import structure
from ..checkpoint import state_sha256
from ..data.dataset import Dataset
from ..reduction.cell import Outcome
from ..reduction.trim import channels_of
from ..wild import encoder_of


def figures(outcome: Outcome, dataset: Dataset) -> dict[str, Any]:
    """JSON values: numbers; widths, and kept units (bits of a hexadecimal number, unit 0 lowest), by group."""
    model = outcome.model.eval()
    numbers = {
        "network_cycles": outcome.network_cycles,
        "target_cycles": outcome.target_cycles,
        "parent_cycles": outcome.parent_cycles,
        "distance": outcome.distance,
        "parameters": outcome.parameters,
        "parent_parameters": outcome.parent_parameters,
        "steps": outcome.steps,
        "training_macs": outcome.training_macs,
        **quality(model, encoder_of(outcome.companion).eval(), dataset),
        **structure(outcome.graph),
    }
    return {name: _json(value) for name, value in numbers.items()} | {
        "widths": {name: group.size for name, group in channels_of(model).free.items()},
        "kept": {name: f"{sum(1 << int(unit) for unit in units):x}" for name, units in outcome.keep.items()},
        "weights_sha256": state_sha256(dict(outcome.state)),
    }


def _json(value: float | None) -> float | int | None:
    return value if value is None or isinstance(value, int) or math.isfinite(value) else None
