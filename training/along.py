# SPDX-License-Identifier: MIT
"""A reduction method's part in a training: what trains along, what adds to the loss, who looks on after each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from .generators.base import Controls
from .generators.family import Network, Rendering, Studio, graph_name, torch_name
from .reduction.fit import Now, Penalty, Watch
from .reduction.forward import Values

EXTRA, KNOWN, ENDED = "extra:", "known:", "ended"


@dataclass(eq=False)
class Along:
    """extra: numbers to train besides the network's; prepare: arrays of the graph from those trained, extra included.

    fixed: arrays of the graph that the network doesn't train. All by 'layer.array'. penalty, watch: as those of
    reduction/fit.py. ended: the watch has ended the training.
    """

    fixed: Mapping[str, Tensor] = field(default_factory=dict)
    extra: dict[str, nn.Parameter] = field(default_factory=dict)
    prepare: Callable[[Values], Values] | None = None
    penalty: Penalty | None = None
    watch: Watch | None = None
    ended: bool = False

    def to(self, device: str) -> None:
        """Move all arrays there, before an optimiser takes them."""
        self.fixed = {name: value.to(device) for name, value in self.fixed.items()}
        self.extra = {name: nn.Parameter(value.detach().to(device)) for name, value in self.extra.items()}

    def arrays(self, model: Network) -> dict[str, Tensor]:
        """All that trains, and the fixed ones."""
        return {**self.fixed, **{graph_name(name): value for name, value in model.named_parameters()}, **self.extra}

    def made(self, model: Network) -> dict[str, Tensor] | None:
        """Parameters to compute with in place of the network's own, by its names; None where they are its own."""
        if self.prepare is None:
            return None
        values = self.prepare(self.arrays(model))
        return {name: values[graph_name(name)] for name, _ in model.named_parameters()}

    def added(self, model: Network, loss: Tensor) -> Tensor:
        """The loss and what is added to it."""
        return loss if self.penalty is None else loss + self.penalty(self.arrays(model))

    def after(self, step: int, model: Network, optimiser: torch.optim.Optimizer, loss: Callable[..., Tensor]) -> bool:
        """After a step: whether to stop. loss: of parameters by the network's names, on the batch of that step."""
        if self.watch is None:
            return False
        arrays = self.arrays(model)
        moments = {name: _moments(optimiser, value) for name, value in arrays.items()}

        def of_arrays(values: Values) -> Tensor:
            made = self.prepare(values) if self.prepare else values
            return loss({torch_name(name): made[name] for name in made if torch_name(name) in known})

        known = {name for name, _ in model.named_parameters()}
        self.ended = self.watch(Now(step, {n: value.data for n, value in arrays.items()}, moments, of_arrays))
        return self.ended

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint holds of it."""
        known = self.watch.known() if self.watch else {}
        ended = {ENDED: torch.tensor(self.ended)} if self.watch else {}
        values = {EXTRA + name: value.detach().cpu().clone() for name, value in self.extra.items()}
        return values | ended | {KNOWN + name: torch.as_tensor(value) for name, value in known.items()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Inverse of state."""
        with torch.no_grad():
            for name, value in self.extra.items():
                value.copy_(state[EXTRA + name])
        if self.watch is not None:
            known = {n.removeprefix(KNOWN): v.numpy() for n, v in state.items() if n.startswith(KNOWN)}
            self.watch.recall(known)
            self.ended = bool(state[ENDED])


def _moments(optimiser: torch.optim.Optimizer, value: Tensor) -> tuple[Tensor, Tensor]:
    held = optimiser.state.get(value, {})
    return held.get("exp_avg", torch.zeros_like(value)), held.get("exp_avg_sq", torch.zeros_like(value))


class _Played(nn.Module):
    """A studio's call as a module, so that its network can be called with other parameters."""

    def __init__(self, studio: Studio[Any], network: Network) -> None:
        super().__init__()
        self.studio, self.network = studio, network

    def forward(self, *arguments: Any) -> Rendering:
        return self.studio(self.network, *arguments)


def render(
    studio: Studio[Any], model: Network, made: Mapping[str, Tensor] | None, controls: Controls, probes: int, rng: Any
) -> Rendering:
    """What a studio makes of a network, with these parameters in place of its own."""
    if made is None:
        return studio(model, controls, probes, rng)
    parameters = {f"network.{name}": value for name, value in made.items()}
    rendering: Rendering = functional_call(_Played(studio, model), parameters, (controls, probes, rng))
    return rendering
