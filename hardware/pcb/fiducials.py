# SPDX-License-Identifier: MIT
"""Marks that the assembler's camera looks for: on the board alone, three on each side."""

from __future__ import annotations

from dataclasses import replace

from .geometry import Spot
from .netlist import Component, Netlist

FOOTPRINT = "Fiducial:Fiducial_1mm_Mask2mm"
PLACES = ((2.4, 28.4), (68.4, 20.2), (68.4, 116.2))
"""Not alike under any turn of the board, so that a board laid in the wrong way round is seen."""

FIDUCIALS = {
    f"FID{number}": Spot(x, y, 0, is_back)
    for number, (x, y, is_back) in enumerate(((*place, is_back) for is_back in (False, True) for place in PLACES), 1)
}


def with_fiducials(netlist: Netlist) -> Netlist:
    """The parts of a netlist, and the marks."""
    flags = frozenset({"board_only", "exclude_from_bom", "exclude_from_pos_files"})
    marks = {name: Component(name, "fiducial", FOOTPRINT, "", "", "", {}, flags, {}) for name in FIDUCIALS}
    return replace(netlist, components={**netlist.components, **marks})
