# SPDX-License-Identifier: MIT
"""Training through the module's own arithmetic: forward in integer codes, bit for bit; backward straight through.

Everything between inputs and outputs is a float64 tensor of integer codes, so the forward pass equals the integer
oracle on the quantised graph: fakequant.py has the arithmetic, fakequant_layers.py the kinds of layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from lottava.graph import PRODUCTS, Graph, GraphError, Layer, named_arrays
from lottava.scales import product_scales, tensor_scales

from .fakequant import Product, make_product, round_s16
from .fakequant_layers import COMPUTE, Call, Memory, initial_memory
from .generators.ddsp import DDSP
from .generators.family import FamilyError, Network
from .generators.nsf import NSF
from .slim import graph_name, model_of, to_graph, torch_name

Values = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """How a float graph computes once it is quantised at the given scales; its arrays come with each call."""

    graph: Graph
    scales: Mapping[str, float]

    def _products(self, layer: Layer, arrays: Values) -> dict[str, Product]:
        """By suffix. Raises ValueError for weights too large."""
        return {
            suffix: make_product(
                arrays[f"{layer.name}.weight{suffix}"],
                arrays[f"{layer.name}.bias{suffix}"],
                *product_scales(layer, suffix, self.scales),
            )
            for suffix in PRODUCTS[layer.kind]
        }

    def run(self, arrays: Values, inputs: Values, memory: Mapping[str, Memory]) -> tuple[Values, dict[str, Memory]]:
        """Outputs [batch, columns, size] in real numbers, float64, and every layer's memory in codes.

        arrays: real weights and biases as 'layer.array'; inputs: real [batch, columns, size]. Raises GraphError for
        inputs that don't last the same whole number of the largest period, ValueError for weights too large.
        """
        self._check(inputs)
        tensors = {name: replace(spec, scale=self.scales[name]) for name, spec in self.graph.tensors.items()}
        codes = {n: round_s16(inputs[n].double() / self.scales[n], half_up=False) for n in self.graph.inputs}
        after: dict[str, Memory] = {}
        for layer in self.graph.layers:
            parts = tuple(codes[name] for name in layer.inputs)
            before = memory.get(layer.name) or initial_memory(layer, tensors, parts[0])
            call = Call(tensors, layer, self._products(layer, arrays), parts, before)
            codes[layer.output], after[layer.name] = COMPUTE[layer.kind](call)
        return {name: codes[name] * self.scales[name] for name in self.graph.outputs}, after

    def _check(self, inputs: Values) -> None:
        if missing := sorted(set(self.graph.inputs) - set(inputs)):
            raise GraphError(f"inputs {missing} are missing; the graph takes {list(self.graph.inputs)}")
        ticks = {name: inputs[name].shape[1] * self.graph.tensors[name].period for name in self.graph.inputs}
        if len(set(ticks.values())) != 1 or any(last % self.graph.largest_period for last in ticks.values()):
            raise GraphError(
                f"inputs last {ticks} ticks; they should last the same multiple of {self.graph.largest_period}"
            )

    def snapped(self, arrays: Values) -> dict[str, Tensor]:
        """The arrays on the integer grid, so that quantising them moves none."""
        grid = {}
        for layer in self.graph.layers:
            for suffix, product in self._products(layer, arrays).items():
                name, source = f"{layer.name}.{{}}{suffix}", product_scales(layer, suffix, self.scales)[0]
                by_row = product.rows.reshape(-1, *[1] * (product.weight.ndim - 1))
                grid[name.format("weight")] = product.weight.detach() * by_row
                grid[name.format("bias")] = product.bias.detach() * product.rows * source
        return grid


class FakeQuantGraph(nn.Module):
    """A float graph with trainable arrays, whose forward pass is that of the graph that quantise_at makes of it.

    scales: of every tensor, tensor_scales without them. Raises GraphError for an integer graph.
    """

    def __init__(self, graph: Graph, scales: Mapping[str, float] | None = None) -> None:
        super().__init__()
        if graph.is_integer:
            raise GraphError("an integer graph can't be trained; take its float parent")
        self.arithmetic = Arithmetic(graph, dict(tensor_scales(graph) if scales is None else scales))
        self.arrays = nn.ParameterDict(
            {name.replace(".", ":"): torch.tensor(array) for name, array in named_arrays(graph).items()}
        )

    def _values(self) -> dict[str, Tensor]:
        return {name.replace(":", "."): value for name, value in self.arrays.items()}

    def forward(
        self, inputs: Values, memory: Mapping[str, Memory] | None = None
    ) -> tuple[dict[str, Tensor], dict[str, Memory]]:
        """Real outputs [batch, columns, size] of real inputs, all float64, and what to pass on to the next crop."""
        outputs, after = self.arithmetic.run(self._values(), inputs, memory or {})
        return dict(outputs), after

    def snapped(self) -> Graph:
        """The float graph whose weights lie on the integer grid, so that quantising it moves none of them."""
        graph = self.arithmetic.graph
        grid = {name: value.float().cpu().numpy() for name, value in self.arithmetic.snapped(self._values()).items()}
        layers = [
            replace(layer, arrays={name: grid[f"{layer.name}.{name}"] for name in layer.arrays})
            for layer in graph.layers
        ]
        return replace(graph, layers=tuple(layers))


class FakeQuantDDSP(DDSP):
    """A decoder with the same weights, names and call, whose forward pass is that of the quantised graph."""

    def __init__(self, model: DDSP) -> None:
        with torch.random.fork_rng(devices=[]):
            super().__init__(model.widths)
        graph = to_graph(model)
        self.arithmetic = Arithmetic(graph, tensor_scales(graph))
        self.to(device=model.head.weight.device, dtype=model.head.weight.dtype)
        self.load_state_dict(model.state_dict())

    def _values(self) -> dict[str, Tensor]:
        return {graph_name(name): value for name, value in self.named_parameters()}

    def forward(
        self, pitch: Tensor, loudness: Tensor, axes: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """As DDSP.forward; the controls are multiples of 2^-11, the state of 2^-15."""
        rows, unit = (*axes.shape[:2], 1), self.arithmetic.scales["hidden"]
        before = self.init_state(axes.shape[0]) if state is None else state
        memory = {"memory": (round_s16(before[0].double() / unit, half_up=False),)}
        inputs = {"pitch": pitch.reshape(rows), "loudness": loudness.reshape(rows), "axes": axes}
        outputs, after = self.arithmetic.run(self._values(), inputs, memory)
        return outputs["controls"].to(axes.dtype), (after["memory"][0][None] * unit).to(axes.dtype)

    def snapped(self) -> DDSP:
        """The float decoder whose weights lie on the integer grid, so that quantising it moves none of them."""
        return _snapped(self, self.arithmetic.snapped(self._values()))


class FakeQuantNSF(NSF):
    """A source-filter network with the same weights, names and call, in the arithmetic of the quantised graph.

    scales: of every tensor. The source's merge, which the module computes in floating point, trains along.
    """

    def __init__(self, model: NSF, scales: Mapping[str, float]) -> None:
        with torch.random.fork_rng(devices=[]):
            super().__init__(model.widths)
        self.arithmetic = Arithmetic(to_graph(model), dict(scales))
        self.to(device=model.trunk.weight.device, dtype=model.trunk.weight.dtype)
        self.load_state_dict(model.state_dict())

    def forward(
        self, source: Tensor, noise: Tensor, condition: Tensor, memory: Mapping[str, Any] | None = None
    ) -> tuple[Tensor, dict[str, Any]]:
        """As NSF.forward; the audio is a multiple of 2^-15, the memory in codes."""
        inputs = {"source": source[..., None], "noise": noise[..., None], "condition": condition}
        outputs, after = self.arithmetic.run(self.arrays(), inputs, memory or {})
        return outputs["audio"][..., 0].to(source.dtype), after

    def snapped(self) -> NSF:
        """The float network whose weights lie on the integer grid, so that quantising it moves none of them."""
        return _snapped(self, self.arithmetic.snapped(self.arrays()))


def _snapped(model: Network, grid: Values) -> Any:
    """The float network with what it trains of `grid`, arrays of its graph."""
    state = {name: value.detach().clone() for name, value in model.state_dict().items()}
    for name, value in grid.items():
        if torch_name(name) in state:
            state[torch_name(name)].copy_(value)
    return model_of(state)


def fake_quant(model: Network, scales: Mapping[str, float]) -> FakeQuantDDSP | FakeQuantNSF:
    """The network in the arithmetic of its quantised graph, with `snapped` to return to floats.

    scales: of every tensor, as tensor_scales gives them from peaks; a DDSP decoder's are fixed and not read. Raises
    FamilyError for a family that has no such form yet.
    """
    if isinstance(model, DDSP):
        return FakeQuantDDSP(model)
    if isinstance(model, NSF):
        return FakeQuantNSF(model, scales)
    raise FamilyError(f"the family {model.family!r} can't be trained in integers yet; quantise it as it is")
