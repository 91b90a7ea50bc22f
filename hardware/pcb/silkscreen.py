# SPDX-License-Identifier: MIT
"""Names on the board: a reference wherever there is room, jacks, test points, polarity, version and licence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .geometry import Spot
from .netlist import Component


@dataclass(frozen=True)
class Label:
    """Where a reference is printed."""

    x: float
    y: float
    turn: int
    size: float = 0.8
    stroke: float = 0.12


def labels(parts: Mapping[str, Component], placed: Mapping[str, Spot]) -> dict[str, Label]:
    return {}


def legends(parts: Mapping[str, Component], placed: Mapping[str, Spot]) -> tuple[list[Any], list[Any]]:
    return [], []
