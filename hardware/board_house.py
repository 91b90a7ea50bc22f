# SPDX-License-Identifier: MIT
"""What to tick at a board house, from the rules and the drawings: the table of docs/order.md."""

from __future__ import annotations

from .depth import PANEL_MM
from .panel.art import art
from .panel.board import VARIANTS
from .pcb import rules
from .pcb.panel_parts import BOARD_EDGE_MM
from .schematic.project import PROJECT, REVISION


def table() -> str:
    """Rows of Markdown."""
    left, top, right, bottom = BOARD_EDGE_MM
    panel = art()
    hole = min(min(one.width, one.height) for one in panel.holes)
    files = [f"`{name}-{REVISION}.zip`" for name in (f"{PROJECT}-board", VARIANTS["fr4"], VARIANTS["aluminium"])]
    panel_size = f"{panel.width:.1f} × {panel.height:.1f} mm"
    rows = (
        ("file", *files),
        ("size", f"{right - left:.1f} × {bottom - top:.1f} mm", panel_size, panel_size),
        ("layers", f"{len(rules.LAYERS)}: signal, ground, 3.3 V, signal", "2", "1"),
        ("thickness", f"{rules.THICKNESS_MM:g} mm", f"{PANEL_MM:g} mm", f"{PANEL_MM:g} mm"),
        ("copper", "35 µm outside, 17 µm inside: the usual", "35 µm", "35 µm"),
        ("colour", "any", "black, white print", "black, white print"),
        ("finish", "ENIG (lead-free HASL does)", "ENIG: the metal is seen", "none to choose"),
        ("track and gap", f"{rules.CLEARANCE_MM:g} mm", "–", "–"),
        ("smallest drill", f"{rules.DRILL_MM:g} mm", f"{hole:g} mm", f"{hole:g} mm"),
        ("order number", "where the print says so, or none", "none, or on the back", "none"),
    )
    head = "| setting | board | panel, FR4 | panel, aluminium |\n|---|---|---|---|\n"
    return head + "\n".join(f"| {' | '.join(row)} |" for row in rows)
