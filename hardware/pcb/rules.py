# SPDX-License-Identifier: MIT
"""Design rules: widths and gaps for router, pours and KiCad's check, within a board house's usual four layers."""

from __future__ import annotations

from typing import Any

CLEARANCE_MM = 0.15
ROUTED_CLEARANCE_MM = 0.16
"""What the router keeps: its grid and pads' rounding may cost some micrometres."""
SIGNAL_WIDTH_MM = 0.2
RAIL_WIDTH_MM = 0.4
SUPPLY_WIDTH_MM = 0.8
VIA_MM, DRILL_MM = 0.6, 0.3
HOLE_TO_HOLE_MM = 0.25
HOLE_TO_COPPER_MM = 0.2
EDGE_MM = 0.3
THICKNESS_MM = 1.6
LAYERS = ("F.Cu", "In1.Cu", "In2.Cu", "B.Cu")
GROUND_LAYER, POWER_LAYER = "In1.Cu", "In2.Cu"
GROUND, POWER_PLANE = "GND", "+3V3A"

SUPPLY_NETS = frozenset(
    {"PLUS_12V_RAW", "MINUS_12V_RAW", "Net-(D101-A)", "Net-(D101-K)", "Net-(D110-K)", "Net-(D110-A)", "Net-(L120-Pad1)"}
)
"""From the plug to the ferrites, and the Seed's feed: what carries the whole current."""
RAIL_NETS = frozenset({"+12V", "-12V", "+3V3D", "VIN"})


def width_of(net: str) -> float:
    """Width of a net's tracks in mm."""
    if net in SUPPLY_NETS:
        return SUPPLY_WIDTH_MM
    return RAIL_WIDTH_MM if net in RAIL_NETS else SIGNAL_WIDTH_MM


SEVERITIES = {
    "lib_footprint_issues": "error",
    "lib_footprint_mismatch": "error",
    "footprint_symbol_mismatch": "error",
    "missing_courtyard": "error",
    "silk_overlap": "error",
    "silk_over_copper": "error",
    "silk_edge_clearance": "error",
    "text_height": "error",
    "text_thickness": "error",
    "unconnected_items": "error",
    "zones_intersect": "error",
    "starved_thermal": "error",
    "track_dangling": "error",
    "via_dangling": "error",
    "isolated_copper": "error",
    "net_conflict": "error",
    "duplicate_footprints": "error",
    "extra_footprint": "error",
    "missing_footprint": "error",
}
"""KiCad's checks where this project is stricter; of its usual ones none is off. Off by its own default are pins inside
courtyards: the Seed stands over pots' pins, and ours (bodies.py) looks at bodies instead."""
CUT_OUTLINES = ("A201", "J101", "J701")
"""Seed, power header, FOLLOW IN: their outlines on the silkscreen cross others' pads; the board house cuts them."""


def _class(name: str, width: float, priority: int) -> dict[str, Any]:
    return {
        "name": name,
        "priority": priority,
        "clearance": CLEARANCE_MM,
        "track_width": width,
        "via_diameter": VIA_MM,
        "via_drill": DRILL_MM,
        "microvia_diameter": 0.3,
        "microvia_drill": 0.1,
        "diff_pair_gap": 0.2,
        "diff_pair_via_gap": 0.25,
        "diff_pair_width": 0.2,
        "bus_width": 12,
        "wire_width": 6,
        "line_style": 0,
        "pcb_color": "rgba(0, 0, 0, 0.000)",
        "schematic_color": "rgba(0, 0, 0, 0.000)",
    }


def custom_rules() -> str:
    """The .kicad_dru: tracks that carry a supply are as wide as they must be; KiCad's own classes are only a wish."""
    widths = (("Rail", RAIL_WIDTH_MM), ("Supply", SUPPLY_WIDTH_MM))
    rules = [
        f'(rule "{name} width"\n\t(condition "A.NetClass == \'{name}\'")\n\t(constraint track_width (min {width}mm))\n)'
        for name, width in widths
    ]
    rules += [
        f'(rule "outline of {name}"\n\t(condition "A.memberOfFootprint(\'{name}\')")\n'
        "\t(constraint silk_clearance (min 0mm))\n\t(severity ignore)\n)"
        for name in CUT_OUTLINES
    ]
    return "\n".join(("(version 1)", *rules)) + "\n"


def project_settings() -> dict[str, Any]:
    """What the project file holds for the board: keys "board" and "net_settings"."""
    rules = {
        "min_clearance": CLEARANCE_MM,
        "min_copper_edge_clearance": EDGE_MM,
        "min_hole_clearance": HOLE_TO_COPPER_MM,
        "min_hole_to_hole": HOLE_TO_HOLE_MM,
        "min_through_hole_diameter": DRILL_MM,
        "min_track_width": SIGNAL_WIDTH_MM,
        "min_via_annular_width": (VIA_MM - DRILL_MM) / 2,
        "min_via_diameter": VIA_MM,
        "min_text_height": 0.7,
        "min_text_thickness": 0.1,
        "min_resolved_spokes": 1,
        "solder_mask_to_copper_clearance": 0.0,
    }
    classes = [
        _class("Default", SIGNAL_WIDTH_MM, 2147483647),
        _class("Rail", RAIL_WIDTH_MM, 1),
        _class("Supply", SUPPLY_WIDTH_MM, 0),
    ]
    patterns = [{"netclass": "Supply", "pattern": net} for net in sorted(SUPPLY_NETS)]
    patterns += [{"netclass": "Rail", "pattern": net} for net in sorted(RAIL_NETS)]
    return {
        "board": {
            "design_settings": {"rules": rules, "rule_severities": SEVERITIES, "defaults": {}, "meta": {"version": 2}}
        },
        "net_settings": {"classes": classes, "meta": {"version": 4}, "netclass_patterns": patterns},
    }
