# SPDX-License-Identifier: MIT
"""Families of generators; FAMILIES comes when it is asked for, because topologies.py must load without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .registry import FAMILIES

__all__ = ["FAMILIES"]


def __getattr__(name: str) -> Any:
    if name == "FAMILIES":
        from .registry import FAMILIES

        return FAMILIES
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
