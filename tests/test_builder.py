# SPDX-License-Identifier: MIT
"""What a builder infers: sizes, periods, shapes; and weights that keep signals at their size."""

from __future__ import annotations

import numpy as np
import pytest

from lottava import reference
from lottava.builder import Builder, random_arrays
from lottava.graph import GraphError


def builder() -> Builder:
    return Builder(random_arrays(np.random.default_rng(0)))


def test_sizes_and_periods_follow_from_the_kinds() -> None:
    b = builder()
    x, slow = b.input("x", 6), b.input("slow", 3, 8)
    b.layer("half", "conv1d", x, 5, kernel=3, stride=2)
    b.layer("twice", "conv_transpose1d", slow, 4, kernel=4, stride=2)
    b.layer("line", "interpolate", "twice", period=2)
    b.layer("held", "broadcast", slow, 6)
    b.layer("both", "concat", ["half", "line"])
    b.layer("sum", "add", [x, "held"])
    graph = b.graph("both", "sum")
    shapes = {name: (tensor.size, tensor.period) for name, tensor in graph.tensors.items()}
    assert shapes == {
        **{"x": (6, 1), "slow": (3, 8), "half": (5, 2), "twice": (4, 4), "line": (4, 2)},
        **{"held": (6, 1), "both": (9, 2), "sum": (6, 1)},
    }
    assert graph.layers[0].arrays["weight"].shape == (5, 3, 6)
    assert graph.layers[1].options == {"kernel": 4, "stride": 2}


def test_what_does_not_fit_is_refused_as_in_any_graph() -> None:
    b = builder()
    b.layer("sum", "add", [b.input("x", 2), b.input("y", 3)])
    with pytest.raises(GraphError, match="of one size"):
        b.graph("sum")


@pytest.mark.parametrize("spread", [0.5, 2.0])
def test_random_weights_scale_signals_by_their_spread(spread: float) -> None:
    b = Builder(random_arrays(np.random.default_rng(0), spread))
    b.layer("y", "conv1d", b.input("x", 16), 400, kernel=9)
    x = np.random.default_rng(1).normal(size=(9, 16))
    assert np.std(reference.run(b.graph("y"), {"x": x})["y"][-1]) == pytest.approx(spread, rel=0.2)
