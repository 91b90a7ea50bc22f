# SPDX-License-Identifier: MIT
"""Remove units: as a smaller model (trim) or as zeros in place (mask); both give the same output."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..generators.family import Network
from ..generators.registry import family_of
from ..slim import graph_name, to_graph
from .groups import Channels, channel_groups, whole

N = TypeVar("N", bound=Network)

Keep = Mapping[str, NDArray[np.int64]]
"""Group → sorted indices of the units that stay. A group that is not named stays whole."""

State = Mapping[str, torch.Tensor]
"""A state_dict, or anything with the same names and shapes: gradients, optimiser moments, a rewind state."""


class KeepError(ValueError):
    """A keep set that does not fit the model: says which group, and what is wrong with it."""


def full_keep(channels: Channels) -> dict[str, NDArray[np.int64]]:
    """Every unit of every free group."""
    return {name: np.arange(group.size) for name, group in channels.free.items()}


def widths(keep: Keep) -> dict[str, int]:
    """Units left in each group."""
    return {name: len(kept) for name, kept in keep.items()}


def validate_keep(keep: Keep, channels: Channels) -> None:
    """Raise KeepError unless each group is free, and keeps at least one unit, sorted, once each, in range."""
    for name, kept in keep.items():
        if name not in channels.groups:
            raise KeepError(f"the model has no group {name!r}; its groups are {sorted(channels.groups)}")
        group = channels.groups[name]
        indices = np.asarray(kept)
        if group.frozen and not np.array_equal(indices, np.arange(group.size)):
            raise KeepError(f"group {name!r} is frozen (model input or output); keep all of it")
        if indices.ndim != 1 or len(indices) == 0 or not np.issubdtype(indices.dtype, np.integer):
            raise KeepError(f"group {name!r} must keep at least one unit, as a list of indices")
        if np.any(np.diff(indices) <= 0) or indices[0] < 0 or indices[-1] >= group.size:
            raise KeepError(f"group {name!r} must keep sorted, distinct units of 0..{group.size - 1}")
        if missing := sorted(group.held - set(indices.tolist())):
            raise KeepError(f"group {name!r} must keep its units {missing}")
        if group.suffix and indices[-1] >= len(indices):
            raise KeepError(f"group {name!r} may only lose its last units")


def compose(outer: Keep, inner: Keep) -> dict[str, NDArray[np.int64]]:
    """Indices of the first model, when `inner` selects among what `outer` had left."""
    if set(outer) != set(inner):
        raise KeepError(f"keep sets name different groups: {sorted(outer)} and {sorted(inner)}")
    return {name: np.asarray(outer[name])[np.asarray(inner[name])] for name in outer}


def lost_positions(channels: Channels, keep: Keep) -> dict[tuple[str, int], list[int]]:
    """What goes of every (parameter or tensor, axis) that loses something, in order."""
    lost: dict[tuple[str, int], set[int]] = {}
    for name, kept in keep.items():
        group = channels.groups[name]
        removed = sorted(set(range(group.size)) - set(np.asarray(kept).tolist()))
        for key, owned in group.places.items() if removed else ():
            lost.setdefault(key, set()).update(index for unit in removed for index in owned[unit])
    return {key: sorted(gone) for key, gone in lost.items()}


def _kept_positions(channels: Channels, keep: Keep) -> dict[tuple[str, int], NDArray[np.int64]]:
    """What stays of every (parameter, axis) that loses something."""
    return {
        (tensor, axis): np.setdiff1d(np.arange(channels.shapes[tensor][axis]), gone)
        for (tensor, axis), gone in lost_positions(channels, keep).items()
        if tensor in channels.shapes
    }


def select(state: State, channels: Channels, keep: Keep) -> dict[str, torch.Tensor]:
    """Index-select every tensor of a state (copied, same dtype and device, bit-exact).

    state: tensors named as in the model's state_dict, shaped as in `channels`. Raises KeepError otherwise.
    """
    validate_keep(keep, channels)
    kept = _kept_positions(channels, keep)
    result = {}
    for name, value in state.items():
        if name in channels.outside:
            result[name] = value.detach().clone()
            continue
        shape = channels.shapes.get(graph_name(name))
        if shape != tuple(value.shape):
            raise KeepError(f"{name!r} is {tuple(value.shape)}, but the model has {shape}")
        selected = value.detach().clone()
        for axis in range(selected.ndim):
            if (graph_name(name), axis) in kept:
                index = torch.as_tensor(kept[graph_name(name), axis], device=selected.device)
                selected = selected.index_select(axis, index)
        result[name] = selected
    return result


def select_optimiser(
    optimiser: Mapping[str, Any], names: Sequence[str], channels: Channels, keep: Keep
) -> dict[str, Any]:
    """Index-select the moments in an Adam-like optimiser's state_dict.

    names: of the parameters, in the optimiser's order; parameters past them (an encoder's) and scalars pass through.
    """
    state = {index: dict(entry) for index, entry in optimiser["state"].items()}
    for index, name in enumerate(names):
        for key, value in state.get(index, {}).items():
            if isinstance(value, torch.Tensor) and value.ndim > 0:
                state[index][key] = select({name: value}, channels, keep)[name]
    return {**copy.deepcopy({k: v for k, v in optimiser.items() if k != "state"}), "state": state}


def mask_state(state: State, channels: Channels, keep: Keep) -> dict[str, torch.Tensor]:
    """The state with everything that removed units own set to zero: what makes them, feeds them back and reads them.

    What reads them counts where a unit without weights isn't silent: a sigmoid of 0 is a half.
    """
    validate_keep(keep, channels)
    result = {name: value.detach().clone() for name, value in state.items()}
    by_graph_name = {graph_name(name): name for name in state}
    for (tensor, axis), gone in lost_positions(channels, keep).items():
        if tensor in by_graph_name:
            value = result[by_graph_name[tensor]]
            value.index_fill_(axis, torch.as_tensor(gone, device=value.device), 0.0)
    return result


def channels_of(model: Network) -> Channels:
    """Groups of a network: those of its graph, under the limits of its family."""
    family, graph = family_of(model), to_graph(model)
    return channel_groups(graph, whole(graph, family.frozen), family.outside)


def mask(model: N, keep: Keep) -> N:
    """A copy of the model, same shapes, in which the removed units are silent."""
    return family_of(model).from_state(mask_state(model.state_dict(), channels_of(model), keep))


def trim(model: N, keep: Keep) -> N:
    """The physically smaller model, with the same output as mask(model, keep)."""
    return family_of(model).from_state(select(model.state_dict(), channels_of(model), keep))
