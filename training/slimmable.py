# SPDX-License-Identifier: MIT
"""Nested training: one network whose narrower prefixes are networks, too, from a trained one (arXiv 1903.05134).

Each step trains the widest and the narrowest level, and one of those between (the sandwich rule). At first in floats,
then through the module's arithmetic, in which every level computes with the codes and scales of the whole.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from lottava import reference
from lottava.graph import Graph
from lottava.levels import at_level, level_count
from lottava.scales import tensor_scales

from .analysis.render import representative_inputs
from .checkpoint import TrainingError, state_sha256
from .configs import TrainConfig
from .crops import Crops, draws
from .data.dataset import Dataset
from .fakequant import Product
from .generators.base import Controls
from .generators.family import Network, Rendering, graph_name
from .generators.registry import family_of
from .losses import multi_scale_spectral, spectral_targets
from .qat import Arithmetic, Values, fake_quant
from .reduction.groups import Channels
from .reduction.nest import index_of, ranking, shares, with_levels
from .reduction.task import by_unit
from .reduction.trim import channels_of, full_keep, lost_positions, select
from .slim import model_of, to_graph
from .train import learning_rate, prepare
from .wild import WildEncoder, kl_nats, sample_axis

FINE_RATE = 0.1
"""Nested training starts from a trained network: at a tenth of its rate, as fine-tuning does."""

INTEGER_SHARE = 4
"""Of the steps, one in so many more are taken in integers."""

Widths = Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Nested:
    """A network whose units are in order, and what its narrower levels keep of each group: whole, …, narrowest."""

    model: Network
    encoder: WildEncoder | None
    widths: tuple[Widths, ...]

    @property
    def graph(self) -> Graph:
        """The float graph with its levels."""
        return with_levels(to_graph(self.model), channels_of(self.model), self.widths[1:])

    def at(self, level: int) -> Network:
        """The float network that runs at a level."""
        keep = {name: np.arange(width) for name, width in self.widths[level].items()}
        return model_of(select(self.model.state_dict(), channels_of(self.model), keep))


def in_order(model: Network) -> Network:
    """The same network with the units of each group by the weights that make them, the largest first."""
    channels = channels_of(model)
    weights = {graph_name(name): np.abs(value.numpy()) for name, value in model.state_dict().items()}
    index = index_of(channels, ranking(by_unit(channels, weights), channels))
    state = {}
    for name, value in model.state_dict().items():
        ordered = value.detach().clone()
        for axis in range(value.ndim):
            if (graph_name(name), axis) in index:
                ordered = ordered.index_select(axis, torch.as_tensor(index[graph_name(name), axis]))
        state[name] = ordered
    return family_of(model).from_state(state)


def nested_widths(channels: Channels, levels: Sequence[float]) -> tuple[Widths, ...]:
    """Whole widths, then those of each share. Raises ValueError for shares that don't fall."""
    return ({name: len(kept) for name, kept in full_keep(channels).items()}, *shares(channels, levels))


def make_slimmable(
    model: Network,
    encoder: WildEncoder | None,
    dataset: Dataset,
    config: TrainConfig,
    levels: Sequence[float],
    root: Path,
    *,
    progress: Callable[[str, int, int], None] = lambda name, step, steps: None,
) -> Nested:
    """A trained network made nested: ordered, then trained at all its levels for config.steps, then in integers.

    encoder: WILD's, which trains along; without one WILD stays at noon. levels: shares of each group's units, falling,
    below 1. The result lies on the integer grid at every level. Kept in
    <root>/nested-<hash of weights and settings>.pt, and not trained again when it is there. Raises TrainingError where
    the loss is no longer a number, ValueError for levels that don't fall.
    """
    prepare(model, dataset)
    whole = in_order(model)
    widths = nested_widths(channels_of(whole), levels)
    name = f"nested-{_identity(whole, dataset, config, widths)}.pt"
    if (root / name).exists():
        stored = torch.load(root / name, weights_only=True)
        if encoder is not None:
            encoder.load_state_dict(stored["encoder"])
        return Nested(model_of(stored["model"]), encoder, widths)
    nested = Nested(whole, encoder, widths)
    _train(nested, whole, [Level.of(whole, kept) for kept in widths], dataset, config, "nested", progress)
    nested = Nested(_in_integers(nested, dataset, config, progress), encoder, widths)
    root.mkdir(parents=True, exist_ok=True)
    partial = root / (name + ".partial")
    torch.save({"model": nested.model.state_dict(), "encoder": encoder.state_dict() if encoder else {}}, partial)
    partial.replace(root / name)
    return nested


def _identity(model: Network, dataset: Dataset, config: TrainConfig, widths: Sequence[Widths]) -> str:
    known = [state_sha256(dict(model.state_dict())), dataset.sha256, config.as_dict(), [dict(each) for each in widths]]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, eq=False)
class Level:
    """How a level computes: a network of its widths, whose parameters are cut from the whole's at each step.

    kept: 'layer.array' → positions along each axis. model: of the level's widths; its own weights are never read.
    """

    model: Network
    kept: Mapping[str, tuple[NDArray[np.int64], ...]]

    @staticmethod
    def of(whole: Network, widths: Widths) -> Level:
        """The level at which each group keeps its first units."""
        channels = channels_of(whole)
        keep = {name: np.arange(width) for name, width in widths.items()}
        model = model_of(select(whole.state_dict(), channels, keep))
        lost = lost_positions(channels, keep)
        kept = {
            name: tuple(np.setdiff1d(np.arange(size), lost.get((name, axis), ())) for axis, size in enumerate(shape))
            for name, shape in channels.shapes.items()
        }
        return Level(model, kept)

    def cut(self, name: str, value: Tensor) -> Tensor:
        """What the level has of an array of the whole, gradients included."""
        for axis, index in enumerate(self.kept.get(name, ())):
            if len(index) < value.shape[axis]:
                value = value.index_select(axis, torch.as_tensor(index))
        return value

    def parameters(self, whole: Network) -> dict[str, Tensor]:
        """By the network's names."""
        return {name: self.cut(graph_name(name), value) for name, value in whole.named_parameters()}


class _Stage(nn.Module):
    """A studio and its network as one function of the network's parameters."""

    def __init__(self, studio: Any, model: Network) -> None:
        super().__init__()
        self.studio, self.model = studio, model

    def forward(self, controls: Controls, rng: np.random.Generator) -> Rendering:
        return self.studio(self.model, controls, 0, rng)  # type: ignore[no-any-return]


def _sandwich(count: int, rng: np.random.Generator) -> list[int]:
    """The widest, the narrowest, and one between."""
    between = [int(rng.integers(1, count - 1))] if count > 2 else []
    return sorted({0, *between, count - 1})


def _train(
    nested: Nested,
    whole: Network,
    levels: Sequence[Level],
    dataset: Dataset,
    config: TrainConfig,
    name: str,
    progress: Callable[[str, int, int], None],
) -> None:
    """Train `whole` and the encoder in place."""
    encoder, kind = nested.encoder, family_of(nested.model)
    parameters = [*whole.parameters(), *(encoder.parameters() if encoder else ())]
    optimiser = torch.optim.Adam(parameters, lr=config.learning_rate)
    crops, studio = (
        Crops.from_dataset(dataset, config.crop_frames, "cpu", kind.rate_hz),
        kind.studio(config.seed, "cpu"),
    )
    stages = [_Stage(studio, level.model) for level in levels]
    rate = FINE_RATE * kind.rate_scale(nested.model.widths)
    for step in range(config.steps):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(config, step, 0, rate)
        optimiser.zero_grad(set_to_none=True)
        total = 0.0
        for number in _sandwich(len(levels), draws(config.seed + 1, step)):
            cut = {f"model.{n}": value for n, value in levels[number].parameters(whole).items()}
            loss = _loss(stages[number], cut, encoder, crops, config, draws(config.seed, step))
            loss.backward()
            total += float(loss.detach())
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, config.clip_norm))
        if not (math.isfinite(total) and math.isfinite(norm)):
            raise TrainingError(f"nested training broke down at step {step}: lower learning_rate and train again")
        optimiser.step()
        progress(name, step + 1, config.steps)


def _loss(
    stage: _Stage,
    parameters: Mapping[str, Tensor],
    encoder: WildEncoder | None,
    crops: Crops,
    config: TrainConfig,
    rng: np.random.Generator,
) -> Tensor:
    """Spectral distance and WILD's KL of one batch; every level of a step gets the same one."""
    batch = crops.batch(rng, config.batch)
    noise = torch.as_tensor(rng.standard_normal(config.batch), dtype=torch.float32)
    keep = torch.as_tensor(rng.random(config.batch) < config.wild_keep, dtype=torch.float32)
    wild, kl = torch.zeros(config.batch), torch.zeros(())
    if encoder is not None:
        mean, log_variance = encoder(batch.timbre)
        wild, kl = sample_axis(mean, log_variance, noise, keep), kl_nats(mean, log_variance)
    axes = torch.cat((batch.axes, wild[:, None, None].expand(-1, config.crop_frames, 1)), dim=-1)
    controls = Controls(batch.pitch, batch.loudness, axes)
    made: Rendering = functional_call(stage, dict(parameters), (controls, rng))
    targets = spectral_targets(batch.audio, config.fft_sizes)
    spectral = multi_scale_spectral(made.audio, targets, config.fft_sizes)
    return spectral + config.wild_beta * kl


@dataclass(frozen=True, eq=False)
class _LevelArithmetic(Arithmetic):
    """The arithmetic of a level: products of the whole, then cut, so that codes and scales are the whole's."""

    level: Level

    def _products(self, layer: Any, arrays: Values) -> dict[str, Product]:
        def cut(suffix: str, product: Product) -> Product:
            weight, bias = f"{layer.name}.weight{suffix}", f"{layer.name}.bias{suffix}"
            rows = (self.level.cut(bias, values) for values in (product.bias, product.factor, product.rows))
            return Product(self.level.cut(weight, product.weight), *rows)

        return {suffix: cut(suffix, product) for suffix, product in super()._products(layer, arrays).items()}


@dataclass(frozen=True, eq=False)
class _IntegerLevel(Level):
    def parameters(self, whole: Network) -> dict[str, Tensor]:
        """All of the whole: the products are cut, not what they are made of."""
        return dict(whole.named_parameters())


def _integer_level(whole: Network, widths: Widths, scales: Mapping[str, float]) -> Level:
    level = Level.of(whole, widths)
    model = fake_quant(level.model, scales)
    model.arithmetic = _LevelArithmetic(to_graph(level.model), dict(model.arithmetic.scales), level)
    return _IntegerLevel(model, level.kept)


def level_scales(graph: Graph, inputs: Mapping[str, NDArray]) -> dict[str, float]:
    """Of every tensor, with room for its peaks at all levels on these inputs."""
    peaks: dict[str, float] = {}
    for number in range(level_count(graph)):
        found = reference.run(at_level(graph, number), inputs, graph.tensors)
        peaks = {name: max(peaks.get(name, 0.0), float(np.max(np.abs(value)))) for name, value in found.items()}
    return tensor_scales(graph, peaks)


def _in_integers(
    nested: Nested, dataset: Dataset, config: TrainConfig, progress: Callable[[str, int, int], None]
) -> Network:
    """The whole network on the integer grid, after a short training of all levels through integers."""
    whole, graph = nested.model, nested.graph
    scales = level_scales(graph, representative_inputs(whole, dataset)) if family_of(whole).samples else {}
    levels = [_integer_level(whole, widths, scales) for widths in nested.widths]
    rate, final = FINE_RATE * config.learning_rate, FINE_RATE * config.final_learning_rate
    short = replace(
        config,
        steps=max(1, config.steps // INTEGER_SHARE),
        learning_rate=rate,
        final_learning_rate=final,
        warmup_steps=0,
    )
    _train(nested, whole, levels, dataset, short, "nested-integers", progress)
    return fake_quant(whole, scales).snapped()
