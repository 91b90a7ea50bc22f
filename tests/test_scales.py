# SPDX-License-Identifier: MIT
"""The fixed scales, and codes that stand for what went in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graphs import Widths, random_graph, random_inputs

from lottava import scales
from lottava.graph import GraphError


def test_codes_stand_for_the_inputs() -> None:
    inputs = random_inputs(0, 50)
    for name, codes in scales.input_codes(inputs).items():
        assert codes.dtype == np.int16
        np.testing.assert_allclose(scales.real_values(codes, scales.INPUT_SCALES[name]), inputs[name], atol=2.0**-13)


def test_float_values_stand_for_themselves() -> None:
    np.testing.assert_array_equal(scales.real_values([1.5], None), [1.5])


def test_an_input_without_a_rule_is_refused() -> None:
    graph = random_graph(0, Widths(1, 1, 1, 1, 1))
    tensors = dict(graph.tensors) | {"breath": replace(graph.tensors["pitch"], name="breath")}
    with pytest.raises(GraphError, match="'breath'"):
        scales.tensor_scales(replace(graph, inputs=(*graph.inputs, "breath"), tensors=tensors))
