# SPDX-License-Identifier: MIT
"""Two notes at once: partials that the found pitch doesn't explain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .pitch import PitchTrack

POLYPHONIC_SHARE = 0.3


def polyphonic_share(audio: NDArray[np.float32], pitch: PitchTrack) -> float:
    return 0.0
