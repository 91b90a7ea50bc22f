# SPDX-License-Identifier: MIT
"""Writes the schematic: `python -m lottava.hardware.schematic`."""

from __future__ import annotations

from ..blocks import BLOCKS, ROOT
from .project import draw, write_all

if __name__ == "__main__":
    for path in write_all(draw(ROOT, BLOCKS)):
        print(path)
