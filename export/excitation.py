# SPDX-License-Identifier: MIT
"""Constants and polynomials of the neural source-filter's excitation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava import nsf_source

from . import cgen
from .tables import fit_polynomial

Array = NDArray[np.float64]

RECIPE = "lottava.export.excitation"
FULL_SCALE = 32768.0

TANH_PIECES = 32
TANH_END = 8.0
"""32768 tanh(8) is 32767.993."""


def half_sine_polynomial() -> Array:
    """sin(pi x) / x in x², for |x| <= 1/2; error of the sine below 7e-9."""
    return fit_polynomial(lambda u: np.pi * np.sinc(np.sqrt(np.maximum(u, 0.0))), 0.0, 0.25, 4)


def half_cosine_polynomial() -> Array:
    """cos(pi x) in x², for |x| <= 1/2; error below 3e-8."""
    return fit_polynomial(lambda u: np.cos(np.pi * np.sqrt(np.maximum(u, 0.0))), 0.0, 0.25, 4)


def tanh_cubics() -> Array:
    """[32, 4] 32768 tanh(x) on each quarter from 0 to 8, counted in quarters from its start; error below 0.17 codes."""
    width = TANH_END / TANH_PIECES

    def piece(number: int) -> Array:
        return fit_polynomial(lambda quarters: FULL_SCALE * np.tanh(width * (number + quarters)), 0.0, 1.0, 3)

    return np.stack([piece(number) for number in range(TANH_PIECES)])


def nsf_tables_header() -> str:
    """generated/nsf_tables.h."""
    steps_to_hz = nsf_source.MODEL_RATE_HZ / 2.0**32
    constants = [
        cgen.emit_define("NSF_SINES", nsf_source.SINES),
        cgen.emit_define("NSF_HOP_SAMPLES", nsf_source.MODEL_HOP_SAMPLES, "at the model's 24 kHz"),
        cgen.emit_define("NSF_NOISE_SEED", nsf_source.NOISE_SEED),
        cgen.emit_define("NSF_SINE_AMPLITUDE", nsf_source.SINE_AMPLITUDE),
        cgen.emit_define("NSF_FADE_START", nsf_source.FADE_START_HZ / steps_to_hz, "as a phase increment"),
        cgen.emit_define("NSF_FADE_END", nsf_source.FADE_END_HZ / steps_to_hz),
        cgen.emit_define("NSF_BYTES_MEAN", round(nsf_source.BYTES_MEAN), "of a word's four bytes"),
        cgen.emit_define("NSF_VOICED_NOISE", _noise(nsf_source.VOICED_NOISE_STD), "codes of a step of their sum"),
        cgen.emit_define("NSF_UNVOICED_NOISE", _noise(nsf_source.UNVOICED_NOISE_STD)),
        cgen.emit_define("NSF_TANH_PIECES", TANH_PIECES),
        cgen.emit_define("NSF_TANH_PIECES_PER_UNIT", TANH_PIECES / TANH_END),
    ]
    parts = [
        "".join(constants),
        cgen.emit_array("nsf_half_sine_polynomial", half_sine_polynomial()),
        cgen.emit_array("nsf_half_cosine_polynomial", half_cosine_polynomial()),
        cgen.emit_array("nsf_tanh_cubics", tanh_cubics()),
    ]
    return cgen.emit_header("LOTTAVA_GENERATED_NSF_TABLES_H_", RECIPE, parts)


def _noise(std: float) -> float:
    return FULL_SCALE * std / nsf_source.BYTES_STD
