# SPDX-License-Identifier: MIT
"""The period of waveform that the harmonic bank builds and reads: its sines, and the weights that read between points.

A period has POINTS points. A value at phase (n + 1/2 + x) / POINTS, |x| ≤ 1/2, is read from the six points
n - 2 .. n + 3: the points at distance d = 1/2, 3/2, 5/2 to the right and left weigh e_d(x²) ± x o_d(x²), quadratics in
x². That turns sin(kφ) into H_k sin(kφ) plus images, so that partials are built H_k times smaller or larger.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava import synth

from . import cgen

Array = NDArray[np.float64]

RECIPE = "lottava.export.wavetable"
POINTS = 320
"""Five points a period of partial 64; 64 more or fewer change its error by a factor of four."""
LEVELS = 4

EVEN_POLYNOMIALS = np.array(
    [
        [0.41349444, -0.20151908, 0.04019013],
        [0.08494426, 0.17721351, -0.06007999],
        [0.00156082, 0.02432027, 0.01983363],
    ]
)
ODD_POLYNOMIALS = np.array(
    [
        [0.30961149, -0.19507064, 0.06313962],
        [0.21391419, 0.01390991, -0.03072758],
        [0.00972596, 0.03070541, 0.00570368],
    ]
)
"""[distance, power]: least squares of the reading error over x and k, reweighted towards its peaks until the worst
partial stood at 2.8e-6 of its amplitude. Written down and not solved again, so that they are the same everywhere."""


def response(k: Array, x: Array) -> NDArray[np.complex128]:
    """[k, x] complex: what reading at x makes of e^{ikφ}, divided by e^{ikφ}."""
    omega = 2.0 * np.pi * k[:, None] / POINTS
    total = np.zeros((k.size, x.size), dtype=np.complex128)
    for d in range(3):
        even = np.polynomial.polynomial.polyval(x * x, EVEN_POLYNOMIALS[d])
        odd = x * np.polynomial.polynomial.polyval(x * x, ODD_POLYNOMIALS[d])
        total += (even + odd) * np.exp(1j * omega * (d + 0.5 - x))
        total += (even - odd) * np.exp(-1j * omega * (d + 0.5 + x))
    return total


def gains() -> Array:
    """[64] 1 / H_k, the factor by which partial k is built larger: H_k is the mean response over x."""
    k = np.arange(1.0, synth.PARTIALS + 1.0)
    return 1.0 / np.mean(response(k, np.linspace(-0.5, 0.5, 201)).real, axis=1)


def partials() -> NDArray[np.int64]:
    """[64] partial numbers in the order of building: odd ones, odd multiples of 2, 4 and 8, multiples of 16."""
    steps = [np.arange(1 << level, synth.PARTIALS + 1, 2 << level) for level in range(LEVELS)]
    return np.concatenate([*steps, np.arange(1 << LEVELS, synth.PARTIALS + 1, 1 << LEVELS)])


def quarter_sine() -> Array:
    """[POINTS / 4 + 1] sin(2π j / POINTS): every sine of every partial at every point is one of them, or its negative.

    The firmware unrolls them into 14.5 KB at start-up, which its flash need not hold.
    """
    return np.sin(2.0 * np.pi / POINTS * np.arange(POINTS // 4 + 1))


def wave_tables_header() -> str:
    """generated/wave_tables.h."""
    ordered = partials()
    parts = [
        cgen.emit_define("WAVE_POINTS", POINTS, "of a period"),
        cgen.emit_array("wave_partials", ordered.astype(np.uint8)),
        cgen.emit_array("wave_gains", gains()[ordered - 1]),
        cgen.emit_array("wave_even_polynomials", EVEN_POLYNOMIALS),
        cgen.emit_array("wave_odd_polynomials", ODD_POLYNOMIALS),
        cgen.emit_array("wave_quarter_sine", quarter_sine()),
    ]
    return cgen.emit_header("LOTTAVA_GENERATED_WAVE_TABLES_H_", RECIPE, parts)
