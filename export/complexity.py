# SPDX-License-Identifier: MIT
"""One row of what a graph costs on the module, `complexity/v1`: weights, products, cycles, memories, traffic, energy.

Float graphs count as quantised. Cycles are modelled (docs/timing.md), for the reference's two planning values of a
product's cost are superseded by that model; what a board's counter said may be put beside them.
"""

from __future__ import annotations

from math import prod
from typing import Any

from lottava.arena import MEMORIES, layer_bytes
from lottava.cost import graph_cycles, macs_per_sample
from lottava.graph import Graph, array_shapes
from lottava.units import BLOCK_SAMPLES, SAMPLE_RATE_HZ

from . import placement
from .budget import BLOCK_CYCLES, Use, budget_of, use_of

SCHEMA = "complexity/v1"
VALUE_BYTES = 2
"""Activations, states and loaded weights are s16."""

NJ_PER_CYCLE = 0.5 / (BLOCK_CYCLES * SAMPLE_RATE_HZ / BLOCK_SAMPLES) * 1e9
"""Half a watt at 480 MHz: a placeholder until a shunt measures it."""
AXI_NJ_PER_BYTE = 0.05
"""A placeholder, too."""


def complexity(graph: Graph, parent: Graph | None = None, measured_cycles: float | None = None) -> dict[str, Any]:
    """JSON values, all rates per sample of 48 kHz. measured_cycles: of the network, by a board's counter.

    network_modelled: as a method's targets count, all weights in DTCM; the voice's cycles are of the true placement.
    removed: shares of the parent's weights, units, products and network cycles that are gone; a unit is a channel that
    weights make. Raises BudgetError for a graph whose inputs nothing on the module feeds.
    """
    budget, use = budget_of(graph), use_of(graph)
    lines = {line.name: line for line in budget.lines}
    network = network_cycles(graph, use)
    axi = _axi_bytes(graph, use)
    return {
        "schema": SCHEMA,
        "use": use.name,
        "params": graph.parameter_count,
        "units": units(graph),
        "macs_per_sample": macs_per_sample(graph),
        "cycles_per_sample": {
            "network_modelled": network,
            "network_measured": measured_cycles,
            "voice_mean": lines["mean block"].used / BLOCK_SAMPLES,
            "voice_worst": lines["worst block"].used / BLOCK_SAMPLES,
        },
        "peak_activation_bytes": peak_activation_bytes(graph, use.block),
        "state_bytes": lines["state"].used,
        "flash_bytes": lines["flash"].used,
        "ram_bytes": {name.lower(): lines[name].used for name in MEMORIES},
        "traffic_bytes_per_sample": traffic_bytes(graph) * use.tick_hz / SAMPLE_RATE_HZ,
        "energy_nj_per_sample": NJ_PER_CYCLE * network + AXI_NJ_PER_BYTE * axi,
        "removed": None if parent is None else _removed(graph, parent),
        "real_time": all(line.fits for line in budget.lines if line.unit == "cycles"),
        "embeddable": all(line.fits for line in budget.lines if line.unit == "bytes"),
    }


def network_cycles(graph: Graph, use: Use) -> float:
    """Modelled cycles of the network alone per sample of 48 kHz."""
    return graph_cycles(graph, block=use.block) * use.tick_hz / SAMPLE_RATE_HZ


def units(graph: Graph) -> int:
    """Channels that layers with weights make, but for outputs of the graph."""
    return sum(
        graph.tensors[layer.output].size
        for layer in graph.layers
        if array_shapes(layer, graph.tensors) and layer.output not in graph.outputs
    )


def peak_activation_bytes(graph: Graph, block: int = 1) -> int:
    """Most bytes of tensors that are needed at once, in calls of `block` ticks: made or given, and still to be read.

    The runner keeps every tensor apart, so it takes more: see `ram_bytes`.
    """
    last = dict.fromkeys(graph.inputs, -1)
    for step, layer in enumerate(graph.layers):
        last[layer.output] = step
        last |= dict.fromkeys(layer.inputs, step)
    last |= dict.fromkeys(graph.outputs, len(graph.layers))
    live, peak = set(graph.inputs), 0
    for step, layer in enumerate(graph.layers):
        live.add(layer.output)
        columns = (graph.tensors[name].size * -(-block // graph.tensors[name].period) for name in live)
        peak = max(peak, VALUE_BYTES * sum(columns))
        live = {name for name in live if last[name] > step}
    return peak


def traffic_bytes(graph: Graph) -> float:
    """Bytes read and written per tick: of every column its weights, what it hears and itself."""
    total = 0.0
    for layer in graph.layers:
        out = graph.tensors[layer.output]
        shapes = [shape for name, shape in array_shapes(layer, graph.tensors).items() if name.startswith("weight")]
        rate = 1 / graph.tensors[layer.inputs[0] if layer.kind == "conv_transpose1d" else layer.output].period
        read = sum(map(prod, shapes))
        heard = sum(graph.tensors[name].size for name in layer.inputs)
        window = layer.option("kernel") if layer.kind in ("conv1d", "gated_conv1d") else 1
        total += VALUE_BYTES * rate * (read + window * heard) + VALUE_BYTES * out.size / out.period
    return total


def _axi_bytes(graph: Graph, use: Use) -> float:
    """Bytes fetched from AXI SRAM per sample of 48 kHz."""
    memory = placement.placement(graph, block=use.block)
    fetched = (
        layer_bytes(graph, layer, block=use.block) * float(placement.executions(graph, layer))
        for layer in graph.layers
        if memory[layer.name] == placement.AXI
    )
    return sum(fetched) * use.tick_hz / SAMPLE_RATE_HZ


def _removed(graph: Graph, parent: Graph) -> dict[str, float]:
    use = use_of(parent)
    pairs = {
        "weights": (graph.parameter_count, parent.parameter_count),
        "units": (units(graph), units(parent)),
        "macs": (macs_per_sample(graph), macs_per_sample(parent)),
        "cycles": (network_cycles(graph, use), network_cycles(parent, use)),
    }
    return {name: 1 - left / before for name, (left, before) in pairs.items()}
