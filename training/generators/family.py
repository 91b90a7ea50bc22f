# SPDX-License-Identifier: MIT
"""What every family of generators gives to training, reduction and export: one value a family, registered by its key.

    widths ─build─▶ Network ─graph─▶ Graph (float, as reduction trims it and export quantises it)
                      │  ▲
                state_dict from_state (widths read off names and shapes)
                      │
                      ├─voice──▶ Generator (plays, block by block)
                      └─studio─▶ Studio (renders training crops)

Entries of a state are named as the arrays of its graph, 'layer.array', and shaped as those, but for the suffix that
PyTorch gives to recurrent layers (graph_name, torch_name). Entries that no layer holds are named in `outside`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lottava.graph import Graph, GraphError, named_arrays
from lottava.units import BLOCK_SAMPLES, SAMPLE_RATE_HZ

from ..probes import Descriptors
from .base import Controls, Generator

State = Mapping[str, Tensor]
"""A network's state_dict."""

AXES = 4
"""BRIGHT, BREATH, BODY, WILD."""

WIDTH_MULTIPLE = 4
"""The kernels take four rows at a time: other widths cost as much as the next multiple."""

_GRU_ARRAYS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class FamilyError(ValueError):
    """A family, or a network of none, that this version doesn't know."""


class Widths(Protocol):
    """Sizes of a network: a frozen, comparable value."""

    @property
    def parameter_count(self) -> int:
        """Trained parameters of a network of these widths."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; Family.widths is the inverse."""
        ...


class Network(nn.Module):
    """What is trained and trimmed. family: key of the family; widths: sizes it was built with."""

    family: ClassVar[str]
    widths: Any


N = TypeVar("N", bound=Network)
M = TypeVar("M", bound=Network, contravariant=True)


class Rendering(NamedTuple):
    """Training crops as sound [batch, samples]; before, after: what the probed crops' controls say."""

    audio: Tensor
    before: Descriptors | None = None
    after: Descriptors | None = None


class Studio(Protocol[M]):
    """Renders the crops of one training, with the random numbers of the step."""

    def __call__(self, model: M, controls: Controls, probes: int, rng: np.random.Generator) -> Rendering:
        """Sound of whole frames, at the family's rate, with gradients; a call may overwrite what the last one made.

        The last `probes` crops are the first ones again with their knobs turned; they are not rendered.
        """
        ...


class Family(ABC, Generic[N]):
    """One family of generators. Stateless: every network and every size is an argument.

    key: as in the specification. rate_hz: of its own sound. configs: `parent`, `fit`, `nano`. inputs, outputs: of its
    graphs. landmarks: entries that a state of this family has and one of no other. frozen: tensors whose channels never
    go, besides inputs and outputs, in those of its graphs that have them. outside: entries of a state that no layer of
    the graph holds.
    probed: its studio can say what turned knobs do before there is a sound, so that training can hold each to its own
    descriptor. samples: a tick of its graph is a sample, not a frame.
    """

    key: ClassVar[str]
    source: ClassVar[str]
    rate_hz: ClassVar[int]
    configs: ClassVar[Mapping[str, Widths]]
    inputs: ClassVar[tuple[str, ...]]
    outputs: ClassVar[tuple[str, ...]]
    landmarks: ClassVar[frozenset[str]]
    frozen: ClassVar[frozenset[str]] = frozenset()
    outside: ClassVar[frozenset[str]] = frozenset()
    probed: ClassVar[bool] = False
    samples: ClassVar[bool] = False
    width_multiple: ClassVar[int] = WIDTH_MULTIPLE

    @property
    def block(self) -> int:
        """Ticks of its graph in one call on the module: those of an audio block, or one frame."""
        return BLOCK_SAMPLES * self.rate_hz // SAMPLE_RATE_HZ if self.samples else 1

    @abstractmethod
    def widths(self, values: Mapping[str, Any]) -> Widths:
        """Inverse of Widths.as_dict. Raises TypeError or ValueError for anything else."""

    @abstractmethod
    def build(self, widths: Any) -> N:
        """An untrained network; its weights come from torch's random numbers."""

    @abstractmethod
    def widths_of(self, state: State) -> Widths:
        """Widths of the network whose state this is."""

    @abstractmethod
    def graph(self, model: N, parent: str | None = None) -> Graph:
        """The weights (float32, copied) in a Graph; parent is the SHA-256 of what it was trained from."""

    @abstractmethod
    def excitation(self, samples: int) -> NDArray[np.float32]:
        """[samples] that a voice of this family is played with, as the module makes them; samples: of 48 kHz."""

    @abstractmethod
    def graph_inputs(self, model: N, controls: Controls, excitation: Tensor) -> dict[str, NDArray[np.float32]]:
        """What the graph reads of controls and excitation [batch, 192 * frames]: [batch, columns, size] an input."""

    @abstractmethod
    def voice(self, model: N) -> Generator[Any]:
        """The network as a playable voice of 48 kHz."""

    @abstractmethod
    def studio(self, seed: int, device: str | torch.device) -> Studio[N]:
        """What renders this family's training crops."""

    @abstractmethod
    def cut_axis(self, model: N, axis: int) -> None:
        """Zero the weights that read an axis; with its input at 0 in training, they stay zero."""

    @abstractmethod
    def rate_scale(self, widths: Any) -> float:
        """Factor on a configuration's learning rate for a network of these widths."""

    def from_state(self, state: State) -> N:
        """The network whose state this is: widths from names and shapes, dtype and device from the tensors."""
        with torch.random.fork_rng(devices=[]):
            model = self.build(self.widths_of(state))
        one = next(iter(state.values()))
        model.to(device=one.device, dtype=one.dtype)
        model.load_state_dict(state)
        return model

    def from_graph(self, graph: Graph, outside: State | None = None) -> N:
        """The float32 network that a float graph of this family describes, weights copied; outside: the other entries.

        Raises GraphError where the graph is not one that `graph` writes.
        """
        arrays = {torch_name(name): torch.tensor(array) for name, array in named_arrays(graph).items()}
        try:
            template = self.build(self.widths_of(arrays | dict(outside or {}))).state_dict()
            model = self.from_state({name: (arrays | dict(outside or {}))[name] for name in template})
        except (KeyError, IndexError, RuntimeError, ValueError) as error:
            raise GraphError(f"the graph is not one of the family {self.key!r}: {error}") from error
        if _structure(self.graph(model)) != _structure(graph):
            raise GraphError(f"the graph is not one of the family {self.key!r}: its layers differ")
        return model


def _structure(graph: Graph) -> list[tuple[Any, ...]]:
    return [
        (layer.name, layer.kind, layer.inputs, layer.output, layer.activation, dict(layer.options))
        for layer in graph.layers
    ]


def graph_name(parameter: str) -> str:
    """Name in a Graph of a torch parameter: 'memory.weight_ih_l0' → 'memory.weight_ih'."""
    return parameter.removesuffix("_l0")


def torch_name(array: str) -> str:
    """Inverse of graph_name."""
    return f"{array}_l0" if array.split(".")[-1] in _GRU_ARRAYS else array
