# SPDX-License-Identifier: MIT
"""Stack-ups as KiCad's files hold them; its Python module can't write them."""

from __future__ import annotations

COPPER_MM = 0.035
MASK_MM = 0.01
INDENT = "\t\t\t"

BOARD = (
    ("F.Cu", "copper", COPPER_MM, ""),
    ("dielectric 1", "prepreg", 0.2104, "FR4"),
    ("In1.Cu", "copper", 0.0152, ""),
    ("dielectric 2", "core", 1.065, "FR4"),
    ("In2.Cu", "copper", 0.0152, ""),
    ("dielectric 3", "prepreg", 0.2104, "FR4"),
    ("B.Cu", "copper", COPPER_MM, ""),
)
"""A usual 1.6 mm stack of four: ground lies 0.21 mm under the front, the rail's plane 0.21 mm over the back."""
FR4_PANEL = (
    ("F.Cu", "copper", COPPER_MM, ""),
    ("dielectric 1", "core", 1.51, "FR4"),
    ("B.Cu", "copper", COPPER_MM, ""),
)
ALUMINIUM_PANEL = (
    ("F.Cu", "copper", COPPER_MM, ""),
    ("dielectric 1", "core", 1.51, "Aluminium"),
    ("B.Cu", "copper", COPPER_MM, ""),
)
STACKS = {
    "board": (BOARD, "Black", "ENIG"),
    "fr4": (FR4_PANEL, "Black", "ENIG"),
    "aluminium": (ALUMINIUM_PANEL, "Black", "ENIG"),
}


def text(name: str) -> str:
    """The (stackup …) of a board."""
    layers, colour, finish = STACKS[name]
    lines = ["\t\t(stackup"]

    def layer(label: str, kind: str, *more: str) -> None:
        lines.append(f'{INDENT}(layer "{label}"')
        lines.extend(f"{INDENT}\t({one})" for one in (f'type "{kind}"', *more))
        lines.append(f"{INDENT})")

    layer("F.SilkS", "Top Silk Screen", 'color "White"')
    layer("F.Paste", "Top Solder Paste")
    layer("F.Mask", "Top Solder Mask", f'color "{colour}"', f"thickness {MASK_MM}")
    for label, kind, thickness, material in layers:
        extra = (f'material "{material}"', "epsilon_r 4.4", "loss_tangent 0.02") if material else ()
        layer(label, kind, f"thickness {thickness}", *extra)
    layer("B.Mask", "Bottom Solder Mask", f'color "{colour}"', f"thickness {MASK_MM}")
    layer("B.Paste", "Bottom Solder Paste")
    layer("B.SilkS", "Bottom Silk Screen", 'color "White"')
    lines += [f'{INDENT}(copper_finish "{finish}")', f"{INDENT}(dielectric_constraints no)", "\t\t)"]
    return "\n".join(lines) + "\n"
