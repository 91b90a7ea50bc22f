# SPDX-License-Identifier: MIT
"""What the methods of a comparison are called, in lists, tables and plots alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARENT = "parent"
SCRATCH = ("scratch_e", "scratch_b")
"""A ticket's widths from fresh weights: as many steps as the ticket, or as many operations as the parent."""
CONTROLS = ("rand", "uniform", "reverse", *SCRATCH)
"""What a method has to beat; reverse has to lose."""


def label(method: str, settings: Mapping[str, Any]) -> str:
    """Name of a method with its settings: diet/information; scratch_b of uniform."""
    others = {name: value for name, value in settings.items() if name != "of"}
    words = "/".join(str(others[name]) for name in sorted(others))
    if method in SCRATCH:
        return f"{method} of {label(str(settings['of']), others)}"
    return f"{method}/{words}" if words else method
