# SPDX-License-Identifier: MIT
"""ngspice in batch: a deck and its commands in, the vectors they wrote out."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODELS = Path(__file__).with_name("models.lib")
Plot = Mapping[str, NDArray]
"""Vector's name → its values over the sweep; complex in an AC analysis."""

_OPTIONS = (".options rshunt=1e12 gmin=1e-13 abstol=1e-13 reltol=1e-5 itl1=500 itl2=200",)

LONGEST_SECONDS = 60


class SimulationError(RuntimeError):
    """ngspice is missing, or found no solution; the message holds what it said."""


def _plots(data: bytes) -> list[Plot]:
    """All plots of a file of ngspice's binary raw format, in order."""
    found: list[Plot] = []
    at = 0
    while (start := data.find(b"Binary:\n", at)) >= 0:
        head = data[at:start].decode(errors="replace")
        counts = [int(re.search(rf"No\. {what}:\s*(\d+)", head)[1]) for what in ("Variables", "Points")]  # type: ignore[index]
        names = re.findall(r"^\s+\d+\s+(\S+)\s+\S+", head[head.index("Variables:\n") :], re.M)
        kind = np.dtype(np.complex128 if re.search(r"Flags:.*complex", head) else np.float64)
        begin = start + len(b"Binary:\n")
        at = begin + counts[0] * counts[1] * kind.itemsize
        values = np.frombuffer(data[begin:at], dtype=kind).reshape(counts[1], counts[0])
        found.append({name.lower(): values[:, column] for column, name in enumerate(names)})
    return found


def simulate(deck: Iterable[str], commands: Iterable[str]) -> list[Plot]:
    """Run the commands on the deck; each `write out` among them gives a plot.

    Write `write out v(a) v(b)`; the file's name is filled in. Raises SimulationError.
    """
    with tempfile.TemporaryDirectory() as folder:
        raw, file = Path(folder) / "out.raw", Path(folder) / "deck.cir"
        steps = [re.sub(r"^write out\b", f"write {raw}", command) for command in commands]
        control = [".control", "set appendwrite", "set filetype=binary", *steps, "quit", ".endc", ".end"]
        text = ["* lottava", f".include {MODELS}", *_OPTIONS, *deck, *control]
        file.write_text("\n".join(text) + "\n", encoding="utf-8")
        try:
            command = ["ngspice", "-b", str(file)]
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=LONGEST_SECONDS)
        except FileNotFoundError as error:
            raise SimulationError("ngspice is missing: `scripts/setup.sh kicad` installs it") from error
        except subprocess.TimeoutExpired as error:
            raise SimulationError(f"ngspice found no solution within {LONGEST_SECONDS} s") from error
        plots = _plots(raw.read_bytes()) if raw.exists() else []
        wanted = sum(step.startswith("write ") for step in steps)
        if len(plots) != wanted:
            said = "\n".join((done.stderr + done.stdout).splitlines()[-15:])
            raise SimulationError(f"ngspice wrote {len(plots)} of {wanted} results:\n{said}")
        return plots
