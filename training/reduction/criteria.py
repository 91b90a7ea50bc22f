# SPDX-License-Identifier: MIT
"""What a unit is worth: criteria as pure functions of a task, one number a unit; higher = keep.

magnitude     Σ |w|                      of the rows that make it (arXiv 2007.16170, 1608.08710)
gradient      Σ |∂L/∂w|                  of the same rows, on the examples (2007.16170)
activation    mean |y|                   where it is read, on the examples (2007.16170)
gamma         |γ|                        of its factor in training (1708.06519)
saliency      |∂L/∂c|                    c: a gate of value 1 on all that reads it (SNIP, 1810.02340)
flow          −Σ −w (H g)                of all its weights (GraSP, 2002.07376)
curvature     Σ ½ h w²                   of the same rows (OBD, LeCun 1990)
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .forward import Values
from .select import Scores
from .task import Loss, Task, by_unit, reads

Numbers = dict[str, NDArray[np.float64]]
OWNED = ("produce", "recur", "consume")


def _numpy(values: Mapping[str, Tensor]) -> Numbers:
    return {name: value.detach().numpy() for name, value in values.items()}


def leaves(arrays: Values) -> dict[str, Tensor]:
    """Copies that gradients can be taken of."""
    return {name: value.detach().clone().requires_grad_(True) for name, value in arrays.items()}


def gradients(loss: Loss, arrays: Values, *, create_graph: bool = False) -> dict[str, Tensor]:
    """∂L/∂w of every array; `arrays` must be leaves where the result is to be differentiated again."""
    points = dict(arrays) if create_graph else leaves(arrays)
    found = torch.autograd.grad(loss(points), list(points.values()), create_graph=create_graph, allow_unused=True)
    return {
        name: torch.zeros_like(point) if slope is None else slope
        for (name, point), slope in zip(points.items(), found, strict=True)
    }


def hessian_product(loss: Loss, arrays: Values, vector: Values) -> dict[str, Tensor]:
    """H v, exact, by differentiating gᵀv."""
    points = leaves(arrays)
    slopes = gradients(loss, points, create_graph=True)
    inner = torch.stack([(slopes[name] * vector[name].detach()).sum() for name in points]).sum()
    if not inner.requires_grad:
        return {name: torch.zeros_like(point) for name, point in points.items()}
    found = torch.autograd.grad(inner, list(points.values()), allow_unused=True)
    return {
        name: torch.zeros_like(point) if part is None else part
        for (name, point), part in zip(points.items(), found, strict=True)
    }


def magnitude(task: Task) -> Numbers:
    """Σ|w| over the rows that make each unit, all producers of its group together. Needs no examples."""
    return by_unit(task.channels, {name: np.abs(value) for name, value in _numpy(task.arrays).items()})


def gradient(task: Task) -> Numbers:
    """Σ|∂L/∂w| over the rows that make each unit, L the mean loss of the examples."""
    slopes = _numpy(gradients(task.loss, task.arrays))
    return by_unit(task.channels, {name: np.abs(value) for name, value in slopes.items()})


def activation(task: Task) -> Numbers:
    """Mean |y| over columns, examples and the tensors where weights read the unit."""
    read = reads(task.graph, task.channels)
    totals = {name: np.zeros(group.size) for name, group in task.channels.free.items()}
    for example in task.examples:
        sizes = {n: t.abs().mean(dim=(0, 1)).numpy() for n, t in task.tensors(example).items()}
        for name, tensors in read.items():
            for tensor in tensors:
                owned = task.channels.groups[name].places[tensor, 0]
                totals[name] += np.array([sizes[tensor][list(places)].mean() for places in owned]) / len(tensors)
    return {name: total / len(task.examples) for name, total in totals.items()}


def gamma(task: Task) -> Numbers:
    """|γ| that a training with gammas left. Raises ValueError for a task without."""
    if task.gammas is None:
        raise ValueError("no gammas were trained with this network; train it with those of gammas.py")
    return {name: np.abs(task.gammas[name]) for name in task.channels.free}


def connection_sensitivity(loss: Loss, arrays: Values) -> Numbers:
    """|g w| of every weight, divided by their sum: the paper's s."""
    slopes, values = _numpy(gradients(loss, arrays)), _numpy(arrays)
    sizes = {name: np.abs(slopes[name] * values[name]) for name in values}
    total = sum(size.sum() for size in sizes.values())
    return {name: size / max(total, np.finfo(float).tiny) for name, size in sizes.items()}


def saliency(task: Task) -> Numbers:
    """|∂L/∂c| of a gate c = 1 on everything that reads the unit: the sum of g w over those weights, then its size."""
    slopes = _numpy(gradients(task.loss, task.arrays))
    signed = {name: slopes[name] * value for name, value in _numpy(task.arrays).items()}
    sums = by_unit(task.channels, signed, ("consume", "recur"))
    total = sum(np.abs(values).sum() for values in sums.values())
    return {name: np.abs(values) / max(total, np.finfo(float).tiny) for name, values in sums.items()}


def gradient_flow(loss: Loss, arrays: Values) -> Numbers:
    """S = −w (H g) of every weight: removing those of the largest S least reduces the squared gradient norm."""
    slopes = gradients(loss, arrays)
    curved = _numpy(hessian_product(loss, arrays, slopes))
    return {name: -value * curved[name] for name, value in _numpy(arrays).items()}


def _mean(values: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([each[name] for each in values]).mean(dim=0) for name in values[0]}


def flow(task: Task) -> Numbers:
    """−ΣS over all weights that a unit owns, divided by |ΣS| of the whole; S of the mean loss, example by example."""
    quick, count = task.quick, len(task.examples)
    losses = [quick.loss_of(example) for example in quick.examples]
    slopes = _mean([gradients(loss, quick.arrays) for loss in losses])
    curved: Numbers = {name: np.zeros(tuple(slope.shape)) for name, slope in slopes.items()}
    for loss in losses:
        product = _numpy(hessian_product(loss, quick.arrays, slopes))
        curved = {name: total + product[name] / count for name, total in curved.items()}
    scores = {name: -value * curved[name] for name, value in _numpy(task.arrays).items()}
    total = abs(sum(float(values.sum()) for values in scores.values()))
    sums = by_unit(task.channels, scores, OWNED)
    return {name: -values / max(total, np.finfo(float).tiny) for name, values in sums.items()}


def hessian_diagonal(loss: Loss, arrays: Values, rng: np.random.Generator, probes: int = 32) -> Numbers:
    """E[v (H v)] over Rademacher v: Hutchinson's estimate of every h_kk."""
    sums = {name: np.zeros(tuple(value.shape)) for name, value in arrays.items()}
    for _ in range(probes):
        vector = {n: torch.from_numpy(rng.choice([-1.0, 1.0], tuple(v.shape))) for n, v in arrays.items()}
        product = hessian_product(loss, arrays, vector)
        for name, total in sums.items():
            total += (vector[name] * product[name]).numpy()
    return {name: total / probes for name, total in sums.items()}


def fisher_diagonal(task: Task) -> Numbers:
    """Mean of g² over the examples: positive by construction."""
    squares = [_numpy(gradients(task.loss_of(example), task.arrays)) for example in task.examples]
    return {name: np.mean([each[name] ** 2 for each in squares], axis=0) for name in task.arrays}


def curvature(task: Task, rng: np.random.Generator, *, probes: int = 32, estimate: str = "fisher") -> Numbers:
    """Σ½hw² over the rows that make each unit. estimate: fisher or hutchinson; its negative values count as 0."""
    fisher = estimate == "fisher"
    diagonal = fisher_diagonal(task) if fisher else hessian_diagonal(task.loss, task.arrays, rng, probes)
    values = _numpy(task.arrays)
    return by_unit(task.channels, {n: 0.5 * np.maximum(diagonal[n], 0.0) * values[n] ** 2 for n in values})


def block_increase(loss: Loss, arrays: Values, mask: Mapping[str, NDArray]) -> float:
    """Loss that the removal of all weights under a mask of 0 and 1 adds, to second order: −gᵀw + ½ wᵀHw, w masked."""
    removed = {name: value.detach() * torch.from_numpy(np.asarray(mask[name], float)) for name, value in arrays.items()}
    slopes, curved = gradients(loss, arrays), hessian_product(loss, arrays, removed)
    return float(sum((removed[name] * (0.5 * curved[name] - slopes[name])).sum() for name in removed))


def _owned_mask(task: Task, name: str, unit: int) -> Numbers:
    masks = {array: np.zeros(tuple(value.shape)) for array, value in task.arrays.items()}
    for (tensor, axis), owned in task.channels.groups[name].places.items():
        if tensor in masks:
            np.moveaxis(masks[tensor], axis, 0)[list(owned[unit])] = 1.0
    return masks


def block_curvature(task: Task) -> Numbers:
    """block_increase of each unit with all that it owns: one product with the Hessian a unit, so for nano nets."""
    return {
        name: np.array(
            [block_increase(task.loss, task.arrays, _owned_mask(task, name, unit)) for unit in range(group.size)]
        )
        for name, group in task.channels.free.items()
    }


def reverse(scores: Scores) -> Numbers:
    """The worst first: what a criterion must beat."""
    return {name: -values for name, values in scores.items()}
