# SPDX-License-Identifier: MIT
"""What `lottava bench` measures, in order, and how it compares with the stored baseline of the same compiler."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._common import VerbError, say

if TYPE_CHECKING:
    from lottava.emulator.bench import Row
    from lottava.emulator.machine import Machine
    from lottava.graph import Graph

ALLOWED_REGRESSION = 0.03
"""A kernel that takes more cycles than this above its baseline fails `--check`."""

TERMS = (
    "All cycles are modelled, best variant .. pessimistic variant; no board was measured.",
    "The model's integer rules agree with published cycle counts of other code on a Cortex-M7; its rules for SMLAD and"
    " for floating point have no silicon behind them yet: `lottava bench board PORT` asks a board.",
)
"""What has to be said with every table."""


def baseline_file() -> Path:
    """Where the baseline lies in the checkout."""
    from lottava.emulator.library import FIRMWARE

    return FIRMWARE / "bench" / "baseline.json"


def compiler_version() -> str:
    """First line of what the cross compiler says of itself. Raises VerbError where there is none."""
    try:
        said = subprocess.run(["arm-none-eabi-gcc", "--version"], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise VerbError("arm-none-eabi-gcc is missing; install gcc-arm-none-eabi and libnewlib-arm-none-eabi") from None
    return said.stdout.splitlines()[0]


def blob_of(graph: Graph, block: int) -> bytes:
    """The firmware's blob of any graph, for calls of `block` ticks."""
    from lottava.export import blob

    return blob.to_bytes(graph, blob.VoiceParameters(), block=block)


def fit_graphs() -> dict[str, tuple[Graph, float, int]]:
    """NSF and WaveNet fit configurations in random integers: name → graph, its rate in Hz, ticks a call."""
    from lottava.emulator.bench_graphs import random_integers
    from lottava.training.generators import topologies

    return {
        "NSF fit": (random_integers(topologies.nsf_graph()), topologies.NSF_RATE_HZ, 16),
        "WaveNet fit": (random_integers(topologies.wavenet_graph()), topologies.WAVENET_RATE_HZ, 1),
    }


def families() -> list[tuple[Graph, int]]:
    """Graphs of other widths than the fit configurations', which stay for the proof, with their ticks a call."""
    from lottava.emulator.bench_graphs import random_integers
    from lottava.training.generators.topologies import NsfWidths, WavenetWidths, nsf_graph, wavenet_graph

    nsf = [NsfWidths(hidden=8, layers=3, noise_layers=2), NsfWidths(hidden=16, layers=4, noise_layers=2)]
    wavenet = [WavenetWidths(8, 4, 8, 6), WavenetWidths(24, 12, 24, 7), WavenetWidths(16, 8, 32, 8)]
    return [(random_integers(nsf_graph(widths)), 16) for widths in nsf] + [
        (random_integers(wavenet_graph(widths)), 1) for widths in wavenet
    ]


def fit_coefficients(build_dir: Path) -> dict[str, Any]:
    """What lottava/cost_coefficients.json holds: fitted to graphs of many shapes, proved on the fit configurations."""
    from lottava.emulator import Machine, build_image, fit
    from lottava.emulator.bench_graphs import decoder_graph

    machine = Machine(build_image("bench", build_dir=build_dir))
    coefficients = fit.fit(list(fit.samples(machine, blob_of, families(), say)))
    graphs = {name: (graph, block) for name, (graph, _, block) in fit_graphs().items()}
    graphs["DDSP fit"] = (decoder_graph(), 1)
    proof = {
        name: {"block": block, "cycles": round(fit.measure(machine, blob_of, graph, block), 1)}
        for name, (graph, block) in graphs.items()
    }
    return {"compiler": compiler_version(), "kind": "modelled", "coefficients": coefficients, "graphs": proof}


def proof_graph(name: str) -> Graph:
    """A graph that cost_coefficients.json has a figure of."""
    from lottava.emulator.bench_graphs import decoder_graph

    return decoder_graph() if name == "DDSP fit" else fit_graphs()[name][0]


def rows(build_dir: Path, voice: str) -> Iterator[Row]:
    """Every measurement; each part builds what it runs."""
    from lottava.emulator import Machine, bench, bench_heads, build_image

    from . import _bench_reference

    machine = Machine(build_image("bench", build_dir=build_dir))
    yield from bench.layer_rows(machine, blob_of)
    yield from _bench_reference.rows(machine, build_dir)
    yield from bench.matvec_rows(machine)
    yield from bench.lookup_rows(machine)
    yield from bench_heads.head_rows(machine)
    yield from graph_rows(machine)
    yield from bench_heads.voice_rows(f"voice {voice}", voice_cost(build_dir, voice))


def graph_rows(machine: Machine) -> Iterator[Row]:
    """The fit configurations."""
    from lottava.emulator import bench

    for name, (graph, rate_hz, block) in fit_graphs().items():
        yield bench.graph_row(machine, blob_of, name, graph, rate_hz=rate_hz, block=block)


def voice_cost(build_dir: Path, voice: str) -> Any:
    """Cycles of the audio blocks in which a note of the demo's phrase begins, on the emulated Seed."""
    import numpy as np

    from lottava import gesture, library, voicefile
    from lottava.emulator.measure import trace_blocks
    from lottava.emulator.seed import Seed

    from . import _module

    loaded, played = voicefile.load(library.find_voice(voice)), gesture.load("demo")
    seed = Seed(_module.build_image(loaded, build_dir / "voice"))
    start = int(np.argmax(played.gate)) - 2
    _module.set_panel(seed, played, start)
    seed.run_blocks(_module.TRACE_SETTLE_BLOCKS)
    return trace_blocks(seed, _module.TRACE_BLOCKS, lambda block: _module.set_panel(seed, played, start + block))


def read_baseline() -> dict[str, dict[str, Any]]:
    """Compiler → row's name → figures; empty where none is stored."""
    path = baseline_file()
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_baseline(measured: Sequence[Row], cases: Mapping[str, Any]) -> Path:
    """Replace what is stored for this compiler. cases: name → Timing of the programs that a board can be asked for."""
    stored = read_baseline()
    stored[compiler_version()] = {
        "rows": {row.name: {name: round(value, 2) for name, value in row.counts._asdict().items()} for row in measured},
        "cases": {name: [timing.cycles, timing.cycles_pessimistic] for name, timing in cases.items()},
    }
    path = baseline_file()
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    return path


def check(measured: Sequence[Row]) -> None:
    """Raise VerbError for a result that differs from the oracle's, and for one slower than the baseline allows.

    Where nothing is stored for this compiler there is nothing to compare with: said, not failed.
    """
    if wrong := [row.name for row in measured if row.exact is False]:
        raise VerbError(f"these differ from the oracle: {'; '.join(wrong)}")
    stored, compiler = read_baseline(), compiler_version()
    if compiler not in stored:
        known = "; ".join(stored) or "no compiler"
        say(f"The baseline knows {known}, this is {compiler}: nothing was compared.")
        return
    found = {row.name: row.counts.cycles for row in measured}
    slower = []
    for name, figures in stored[compiler]["rows"].items():
        if name not in found:
            slower.append(f"{name} is no longer measured")
        elif found[name] > figures["cycles"] * (1.0 + ALLOWED_REGRESSION):
            slower.append(f"{name} takes {found[name]:,.0f} cycles instead of {figures['cycles']:,.0f}")
    if slower:
        raise VerbError(
            f"slower by more than {ALLOWED_REGRESSION:.0%} than the baseline: {'; '.join(slower)}; make it quick again,"
            " or say why in the commit that runs  lottava bench kernels --write-baseline"
        )
