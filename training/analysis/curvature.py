# SPDX-License-Identifier: MIT
"""How sharp the minimum is that training found: largest eigenvalues and trace of the Hessian, and what gradient flows.

arrays ─ravel─▶ vector [n]      product: v [n] ─▶ H v [n], exact, by differentiating the gradient along v
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from ..reduction.criteria import hessian_product
from ..reduction.task import Task
from . import floats

Vector = NDArray[np.float64]
Product = Callable[[Vector], Vector]

STEPS, TOP, PROBES = 20, 5, 64


def hessian(loss: floats.Loss, arrays: floats.Arrays) -> tuple[Product, int]:
    """(product, n) of a loss at these arrays, compiled; float64. Call it outside `floats.double`."""
    with floats.double():
        point, restore = ravel_pytree({name: jnp.asarray(value, jnp.float64) for name, value in arrays.items()})
        slope = jax.grad(lambda vector: loss(restore(vector)))
        compiled = jax.jit(lambda v: jax.jvp(slope, (point,), (v,))[1])

    def product(vector: Vector) -> Vector:
        with floats.double():
            return np.asarray(compiled(jnp.asarray(vector)))

    return product, len(point)


def task_hessian(task: Task) -> tuple[Product, int]:
    """(product, n) of the mean loss of a task's examples, the sound made by the family's own synthesis in torch."""
    shapes = {name: tuple(value.shape) for name, value in task.arrays.items()}
    ends = np.cumsum([math.prod(shape) for shape in shapes.values()])

    def product(vector: Vector) -> Vector:
        pieces = np.split(np.asarray(vector, dtype=np.float64), ends[:-1])
        parts = {
            name: torch.from_numpy(piece.reshape(shape))
            for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
        }
        image = hessian_product(task.loss, task.arrays, parts)
        return np.concatenate([image[name].numpy().ravel() for name in shapes])

    return product, int(ends[-1])


def gradient_flow(loss: floats.Loss, arrays: floats.Arrays) -> float:
    """‖∂L/∂w‖²: what GraSP keeps as large as it can."""
    with floats.double():
        slopes = jax.jit(jax.grad(loss))({name: jnp.asarray(value, jnp.float64) for name, value in arrays.items()})
        return float(sum(jnp.sum(slope**2) for slope in slopes.values()))


def largest_eigenvalues(
    product: Product, size: int, rng: np.random.Generator, *, steps: int = STEPS, top: int = TOP
) -> Vector:
    """The `top` largest by Lanczos from a random start, every vector reorthogonalised twice; descending.

    Exact to rounding where steps reach the number of distinct eigenvalues. Ritz values never exceed the true ones.
    """
    steps = min(steps, size)
    basis, diagonal, beside = np.zeros((steps, size)), np.zeros(steps), np.zeros(steps)
    vector = rng.normal(size=size)
    vector /= np.linalg.norm(vector)
    made = 0
    for step in range(steps):
        basis[step], made = vector, step + 1
        image = product(vector)
        diagonal[step] = vector @ image
        for _ in range(2):
            image = image - basis[:made].T @ (basis[:made] @ image)
        beside[step] = np.linalg.norm(image)
        if beside[step] <= 1e-10 * max(1.0, np.abs(diagonal[:made]).max()):
            break
        vector = image / beside[step]
    inside = np.diag(diagonal[:made]) + np.diag(beside[: made - 1], 1) + np.diag(beside[: made - 1], -1)
    return np.asarray(np.linalg.eigvalsh(inside)[::-1][:top], dtype=np.float64)


def trace(product: Product, size: int, rng: np.random.Generator, probes: int = PROBES) -> tuple[float, float]:
    """(estimate, standard error) of the trace by Hutchinson: mean of vᵀ H v over Rademacher v."""
    found = []
    for _ in range(probes):
        vector = rng.choice([-1.0, 1.0], size)
        found.append(float(vector @ product(vector)))
    return float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(probes))
