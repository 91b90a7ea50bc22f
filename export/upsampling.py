# SPDX-License-Identifier: MIT
"""The taps of the upsamplers, packed as the firmware's loop reads them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava import upsample

from . import cgen

RECIPE = "lottava.export.upsampling"


def packed_taps(factor: int) -> NDArray[np.uint32]:
    """[factor - 1, 17, 2] words of two taps, the first one below: as they are, and one place later.

    Inputs lie in pairs in memory; the second form serves the windows that begin with the upper one of a pair.
    """
    codes, _ = upsample.taps(factor)
    aligned, late = np.pad(codes, ((0, 0), (0, 2))), np.pad(codes, ((0, 0), (1, 1)))
    words = [np.ascontiguousarray(form).astype("<i2").view("<u4") for form in (aligned, late)]
    return np.stack(words, axis=-1).astype(np.uint32)


def upsample_taps_header() -> str:
    """generated/upsample_taps.h."""
    parts = [cgen.emit_define("UPSAMPLE_WINDOW", upsample.WINDOW, "input samples of one sum")]
    for factor in upsample.FACTORS:
        parts += [
            cgen.emit_define(f"UPSAMPLE_SUM_UNIT_{factor}", float(upsample.sum_unit(factor))),
            cgen.emit_define(f"UPSAMPLE_LINE_UNIT_{factor}", float(upsample.line_unit(factor))),
            cgen.emit_array(f"upsample_taps_{factor}", packed_taps(factor)),
        ]
    return cgen.emit_header("LOTTAVA_GENERATED_UPSAMPLE_TAPS_H_", RECIPE, parts)
