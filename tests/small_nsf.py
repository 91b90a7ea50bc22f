# SPDX-License-Identifier: MIT
"""A small source-filter voice with random weights, for tests of whatever exports or plays one."""

from __future__ import annotations

from functools import cache

import numpy as np
from cards import example_card
from lottava.export import VoiceParameters, blob
from lottava.export.quantise import quantise_at
from lottava.training.generators.topologies import NsfWidths, nsf_graph

from lottava.graph import Graph
from lottava.nsf_source import Merge
from lottava.scales import tensor_scales
from lottava.voicefile import Voice

WIDTHS = NsfWidths(hidden=4, blocks=1, layers=2, noise_layers=1, trunk=4)
OUTSIDE = {"merge.weight": [1.0, 0.5, 0.3, 0.2, 0.1, 0.1, 0.05, 0.05], "merge.bias": [0.01]}
MERGE = Merge(np.array(OUTSIDE["merge.weight"], np.float32).astype(np.float64), float(np.float32(0.01)))
PARAMETERS = VoiceParameters(gain=0.5, loudness_db=(-60.0, -20.0), range_volts=(-2.0, 2.0), merge=MERGE)


@cache
def small_graph() -> Graph:
    """At the module's scales."""
    graph = nsf_graph(WIDTHS, np.random.default_rng(3))
    return quantise_at(graph, tensor_scales(graph))


@cache
def small_blob(block: int = 24) -> bytes:
    """What the module runs of it, with PARAMETERS."""
    return blob.to_bytes(small_graph(), PARAMETERS, block=block)


def small_voice(outside: object = OUTSIDE) -> Voice:
    """The same as a voice. outside: what its card says of the source's merge."""
    return Voice(small_graph(), example_card(small_graph(), family="nsf", extra={"outside": outside}))
