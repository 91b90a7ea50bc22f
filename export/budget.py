# SPDX-License-Identifier: MIT
"""Whether a voice fits the module: flash, memories and cycles against what the firmware leaves, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, prod
from typing import Any

from lottava.arena import MEMORIES, arena_bytes, layer_bytes, state_bytes
from lottava.cycles import graph_cycles, layer_cycles
from lottava.graph import Graph, Layer, array_shapes
from lottava.layers import ARRAYS
from lottava.levels import at_level
from lottava.units import BLOCK_SAMPLES, FRAME_RATE_HZ, SAMPLE_RATE_HZ

from . import blob, placement

FLASH_BYTES = 128 << 10
FIRMWARE_FLASH_BYTES = 72 << 10
"""Kept for the firmware without a voice; a test measures the image against it."""

BLOCK_CYCLES = 480_000
"""48 samples at 480 MHz and 48 kHz."""
AXI_CYCLES_PER_BYTE = 25 / 32
"""A line of 32 bytes takes 20 to 25 cycles to arrive (emulator/timing_rules.py)."""

PLANNED_SHARE = 0.7
"""Of a block; the rest is for the console, jitter and the model's error (-3..+10 %)."""
STEP_CYCLES = 150_000
"""A frame that costs more would have to be spread over several blocks, which the firmware does not do.

A gate's edge can bring a second one into a block: two of these fill 73 % of it.
"""


class BudgetError(ValueError):
    """A voice that the module has no room or time for: says what, by how much, and what to trim."""


@dataclass(frozen=True)
class Use:
    """How the module runs a kind of graph. block: ticks a call; around: cycles of the rest of a block's audio, and of
    what each of the network's frames costs beside it.

    Modelled on the image: 4 800 a block for panel, limiter and converters, 9 300 for partials and noise, 6 700 for
    source, conditions and upsampling of an NSF. From `lottava bench kernels`: 28 a sample of 48 kHz for upsampling
    from 16 kHz. cut: ticks a call that cost as much as a block cut in two by a gate's edge, often at an odd tick.
    """

    name: str
    inputs: tuple[str, ...]
    tick_hz: float
    block: int
    around_block: int
    around_frame: int = 0
    cut: int = 1


USES = (
    Use("DDSP decoder", ("pitch", "loudness", "axes"), FRAME_RATE_HZ, 1, 14_100, 17_000),
    Use("NSF", ("source", "noise", "condition"), 24_000, 24, 11_500, cut=8),
    Use("WaveNet", ("sample", "sin_cos", "condition"), 16_000, 1, 6_200),
)


@dataclass(frozen=True)
class Line:
    """One resource: what is used of what there is."""

    name: str
    used: float
    limit: float | None
    unit: str

    @property
    def fits(self) -> bool:
        return self.limit is None or self.used <= self.limit

    @property
    def headroom(self) -> float | None:
        """Share of the limit that is left; negative where it is exceeded."""
        return None if self.limit is None else 1.0 - self.used / self.limit


@dataclass(frozen=True)
class LayerLine:
    """A layer in its place. cycles: of one execution, AXI's share included."""

    name: str
    kind: str
    memory: str
    bytes: int
    state: int
    per_second: float
    cycles: float


@dataclass(frozen=True)
class Budget:
    """Everything that `lottava budget` prints."""

    use: Use
    lines: tuple[Line, ...]
    layers: tuple[LayerLine, ...]

    @property
    def fits(self) -> bool:
        return all(line.fits for line in self.lines)

    @property
    def excess(self) -> tuple[Line, ...]:
        """The lines that don't fit."""
        return tuple(line for line in self.lines if not line.fits)

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "use": self.use.name,
            "fits": self.fits,
            "lines": [vars(line) | {"fits": line.fits, "headroom": line.headroom} for line in self.lines],
            "layers": [vars(layer) for layer in self.layers],
        }


def use_of(graph: Graph) -> Use:
    """How the module runs this graph, told by its inputs. Raises BudgetError for one that nothing on it feeds."""
    for use in USES:
        if graph.inputs == use.inputs:
            return use
    known = "; ".join(f"{use.name}: {', '.join(use.inputs)}" for use in USES)
    raise BudgetError(f"nothing on the module feeds the inputs {', '.join(graph.inputs)}; it knows {known}")


def _aligned(size: int) -> int:
    return -(-size // blob.ALIGNMENT) * blob.ALIGNMENT


def flash_bytes(graph: Graph) -> int:
    """Length of the blob, to the byte; a float graph counts as quantised."""
    end = _aligned(blob.HEADER.itemsize + blob.TENSOR.itemsize * len(graph.tensors))
    end += blob.LAYER.itemsize * len(graph.layers)
    end += blob.level_section(graph, end).values.nbytes
    for layer in graph.layers:
        shapes = array_shapes(layer, graph.tensors)
        for name in ARRAYS[layer.kind]["s8s16"]:
            end = _aligned(end) + prod(shapes[name]) * (1 if name.startswith("weight") else 4)
    return end


def run_cycles(graph: Graph, layer: Layer, use: Use, memory: Mapping[str, int], *, cut: bool = False) -> float:
    """Cycles of one execution, in a block of one call or in one that a gate cuts in two.

    From AXI a call fetches every byte anew, as other layers' pass through the cache between.
    """
    executions = placement.executions(graph, layer)
    ticks, calls = (use.cut, 2) if cut else (use.block, 1)
    fetched = layer_bytes(graph, layer, block=use.block) if memory[layer.name] == placement.AXI else 0
    columns = graph.tensors[layer.output].period * executions
    fetch = AXI_CYCLES_PER_BYTE * fetched / max(1.0, float(use.block * executions / calls))
    return layer_cycles(graph, layer, block=ticks) / float(columns) + fetch


def _runner_cycles(graph: Graph, ticks: int) -> float:
    """What a tick costs beside its layers, in calls of so many."""
    layers = (layer_cycles(graph, layer, block=ticks) / graph.tensors[layer.output].period for layer in graph.layers)
    return graph_cycles(graph, block=ticks) - sum(layers)


def block_cycles(graph: Graph, use: Use, memory: Mapping[str, int]) -> tuple[float, float]:
    """Cycles of an audio block, mean and worst: in that every layer is due as often as it can be, and a gate rises."""
    ticks = Fraction(use.tick_hz).limit_denominator(1000) * BLOCK_SAMPLES / SAMPLE_RATE_HZ
    mean = use.around_block + float(ticks) * (use.around_frame + _runner_cycles(graph, use.block))
    worst = use.around_block + ceil(ticks) * (use.around_frame + _runner_cycles(graph, use.cut))
    for layer in graph.layers:
        due = ticks * placement.executions(graph, layer)
        mean += float(due) * run_cycles(graph, layer, use, memory)
        worst += ceil(due) * run_cycles(graph, layer, use, memory, cut=True)
    return mean, worst


def _step_line(graph: Graph, use: Use, memory: Mapping[str, int]) -> list[Line]:
    """One tick of a network that is slower than the blocks: it is computed whole in one of them."""
    if use.tick_hz >= SAMPLE_RATE_HZ / BLOCK_SAMPLES:
        return []
    step = _runner_cycles(graph, use.block) + sum(run_cycles(graph, layer, use, memory) for layer in graph.layers)
    return [Line("network step", step, STEP_CYCLES, "cycles")]


def budget_of(graph: Graph, level: int = 0) -> Budget:
    """What the graph takes of the module while this level of it runs: its layers lie where those of the whole do.

    Raises BudgetError for one whose inputs nothing on the module feeds.
    """
    use, flash = use_of(graph), flash_bytes(graph)
    memory = placement.placement(graph, block=use.block)
    graph = at_level(graph, level)
    ram = arena_bytes(graph, block=use.block, memory=memory)
    mean, worst = block_cycles(graph, use, memory)
    states = {layer.name: state_bytes(graph, layer, block=use.block) for layer in graph.layers}
    dtcm, axi = placement.ARENA_BYTES
    lines = (
        Line("flash", flash, FLASH_BYTES - FIRMWARE_FLASH_BYTES, "bytes"),
        Line("DTCM", ram[0], dtcm, "bytes"),
        Line("AXI", ram[1], axi, "bytes"),
        Line("state", sum(states.values()), None, "bytes"),
        *_step_line(graph, use, memory),
        Line("mean block", mean, PLANNED_SHARE * BLOCK_CYCLES, "cycles"),
        Line("worst block", worst, PLANNED_SHARE * BLOCK_CYCLES, "cycles"),
    )
    layers = tuple(
        LayerLine(
            load.name,
            layer.kind,
            MEMORIES[memory[layer.name]],
            load.bytes,
            states[layer.name],
            float(load.executions) * use.tick_hz,
            run_cycles(graph, layer, use, memory),
        )
        for layer, load in zip(graph.layers, placement.loads(graph, use.block), strict=True)
    )
    return Budget(use, lines, layers)
