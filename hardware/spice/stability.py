# SPDX-License-Identifier: MIT
"""Phase margin of every op-amp in the netlist, with cables on its jacks and its output resistance unsure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .bench import INPUTS, OUTPUTS, Bench, Setup
from .devices import OP_AMPS
from .rows import Row
from .simulator import Plot

CABLE_FARADS = (0.0, 1e-9, 4.7e-9)
"""None, 10 m and 47 m of cable at 100 pF a metre."""
OUTPUT_SCALES = (1 / 3, 1.0, 3.0)
"""Of the models' output resistance, which no datasheet gives."""
UNITS = "abcd"
LEAST_DEGREES = 45.0


def _margin(plot: Plot, amp: str) -> float:
    """Phase margin in degrees where the loop's gain last falls through 1; 180 where it never reaches 1."""
    loop = -plot[f"v({amp}.x)"] / plot[f"v({amp}.xp)"]
    size = np.abs(loop)
    above = np.flatnonzero(size >= 1)
    if not len(above) or above[-1] == len(size) - 1:
        return 180.0 if not len(above) else 0.0
    last = above[-1]
    phase = np.unwrap(np.angle(loop))
    share = np.log(size[last]) / (np.log(size[last]) - np.log(size[last + 1]))
    return float(180 + np.degrees(phase[last] + share * (phase[last + 1] - phase[last])))


def phase_margins(bench: Bench) -> list[Row]:
    """The least margin of each op-amp over all cables and output resistances.

    The loop is opened inside the model, before an ideal buffer, so nothing loads it and the gain is exact.
    """
    chips = sorted(part.reference.lower() for part in bench.netlist.components.values() if part.symbol in OP_AMPS)
    least = {f"x{chip}.x{unit}": np.inf for chip in chips for unit in UNITS}
    for scale in OUTPUT_SCALES:
        for farads in CABLE_FARADS:
            for amp, plot in _loops(bench, chips, scale, farads):
                least[amp] = min(least[amp], _margin(plot, amp))
    return [
        Row("Phase margin", amp[1:].replace(".x", " ").upper(), value, "°", LEAST_DEGREES)
        for amp, value in least.items()
    ]


def _loops(bench: Bench, chips: list[str], scale: float, farads: float) -> Iterator[tuple[str, Plot]]:
    """Each op-amp and a plot of its loop; one unit of every chip at a time, as chips share rails and biases only."""
    setup = Setup(
        plugged={jack.name: 0.0 for jack in INPUTS},
        source_farads=farads,
        loads={jack.name: (100e3, farads or 1e-15) for jack in OUTPUTS},
        output_scale=scale,
    )
    commands = []
    for unit in UNITS:
        amps = [f"x{chip}.x{unit}" for chip in chips]
        commands += [f"alter v.{amp}.vloop ac=1" for amp in amps]
        commands += ["ac dec 12 10k 100meg", "write out " + " ".join(f"{amp}.x {amp}.xp" for amp in amps)]
        commands += [f"alter v.{amp}.vloop ac=0" for amp in amps]
    for unit, plot in zip(UNITS, bench.run(setup, commands), strict=True):
        yield from ((f"x{chip}.x{unit}", plot) for chip in chips)
