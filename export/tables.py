# SPDX-License-Identifier: MIT
"""Tables and polynomials that the C sources include: every number in them is derived here, next to its formula."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from lottava import synth, units

from . import cgen

Array = NDArray[np.float64]

RECIPE = "lottava.export.tables"

CONTROL_STEP = 2.0**-11
SIGMOID_PIECE = 256
"""Control codes of one cubic: an eighth."""
SIGMOID_START = -(1 << 15) - round(synth.NOISE_BIAS / CONTROL_STEP)
SIGMOID_PIECES = (32768 - SIGMOID_START) // SIGMOID_PIECE
"""Of exp_sigmoid, from -21, where the quietest noise control lies, to 16; dsp/sigmoid_cubics.cc makes them."""


def fit_polynomial(function: Callable[[Array], Array], low: float, high: float, degree: int) -> Array:
    """Ascending coefficients of the near-minimax (Chebyshev-interpolating) polynomial of `function` on [low, high]."""
    middle, half = (high + low) / 2, (high - low) / 2
    nodes = chebyshev.chebpts1(degree + 1)
    in_t = chebyshev.cheb2poly(chebyshev.chebfit(nodes, function(middle + half * nodes), degree))
    shifted = np.polynomial.Polynomial(in_t)(np.polynomial.Polynomial([-middle / half, 1 / half]))
    return np.asarray(shifted.coef, dtype=np.float64)


def _even(function: Callable[[Array], Array], limit: float, at_zero: float) -> Callable[[Array], Array]:
    """function(sqrt(u)), with its limit where u is zero."""

    def of_square(u: Array) -> Array:
        x = np.sqrt(np.maximum(u, 1e-18))
        return np.where(u <= 1e-18, at_zero, function(np.minimum(x, limit)))

    return of_square


def exp2_polynomial() -> Array:
    """2^x for |x| <= 1/2; error below 4e-9, a fifteenth of a float's last place."""
    return fit_polynomial(np.exp2, -0.5, 0.5, 6)


def dsp_tables_header() -> str:
    """generated/dsp_tables.h: constants and polynomials of synth.py."""
    increment_at_c4 = units.C4_HZ / units.TRUE_SAMPLE_RATE_HZ * 2.0**32
    constants = [
        cgen.emit_define("DSP_PARTIALS", synth.PARTIALS),
        cgen.emit_define("DSP_NOISE_BANDS", synth.NOISE_BANDS),
        cgen.emit_define("DSP_NOISE_TAPS", synth.NOISE_TAPS),
        cgen.emit_define("DSP_HOP_SAMPLES", units.HOP_SAMPLES),
        cgen.emit_define("DSP_NOISE_SEED", synth.NOISE_SEED),
        cgen.emit_define("DSP_SIGMOID_PIECE", SIGMOID_PIECE, "control codes of one cubic"),
        cgen.emit_define("DSP_SIGMOID_PIECES", SIGMOID_PIECES),
        cgen.emit_define("DSP_SIGMOID_START", SIGMOID_START, "code of the first one; -32768 with the noise's bias"),
        cgen.emit_define("DSP_HZ_PER_INCREMENT", units.SAMPLE_RATE_HZ / 2.0**32, "at the nominal 48 kHz"),
        cgen.emit_define("DSP_FADE_START_HZ", synth.FADE_START_HZ),
        cgen.emit_define("DSP_FADE_END_HZ", synth.FADE_END_HZ),
        cgen.emit_define("DSP_INCREMENT_AT_C4", increment_at_c4, "phase step at 0 V and the true sample rate"),
    ]
    parts = [
        "".join(constants),
        cgen.emit_array("dsp_exp2_polynomial", exp2_polynomial()),
        cgen.emit_array("dsp_log2_of_partial", np.log2(np.arange(1, synth.PARTIALS + 1))),
        cgen.emit_array("dsp_ripple_of_partial", synth.RIPPLE),
    ]
    return cgen.emit_header("LOTTAVA_GENERATED_DSP_TABLES_H_", RECIPE, parts)
