# SPDX-License-Identifier: MIT
"""Activation tables over every input code: the stated worst errors, their order, their range."""

from __future__ import annotations

import numpy as np
import pytest

from lottava import activations, fixedpoint

CODES = np.arange(fixedpoint.S16_MIN, fixedpoint.S16_MAX + 1)
INPUTS = CODES / 2.0**fixedpoint.GATE_FRACTION_BITS


@pytest.mark.parametrize("name", activations.FUNCTIONS)
def test_worst_error_over_all_codes_is_the_stated_one(name: str) -> None:
    scale = 2.0 ** -activations.OUTPUT_FRACTION_BITS[name]
    worst = np.max(np.abs(activations.apply(name, CODES) * scale - activations.FUNCTIONS[name](INPUTS)))
    assert worst <= activations.WORST_ERRORS[name]
    assert worst >= 0.9 * activations.WORST_ERRORS[name], "the stated error is too large"


@pytest.mark.parametrize("name", activations.FUNCTIONS)
def test_results_are_s16_and_never_fall(name: str) -> None:
    result = activations.apply(name, CODES)
    assert np.all(np.diff(result) >= 0)
    np.testing.assert_array_equal(result, fixedpoint.saturate_s16(result))


def test_every_table_has_an_entry_each_thirty_second() -> None:
    assert {name: table.shape for name, table in activations.TABLES.items()} == dict.fromkeys(
        sorted(set(activations.FUNCTIONS) - {"relu"}), (513,)
    )
    np.testing.assert_array_equal(activations.TABLES["tanh"], fixedpoint.TANH_TABLE)
    np.testing.assert_array_equal(activations.TABLES["sigmoid"], fixedpoint.SIGMOID_TABLE)


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        *(("exp2", 3.0, 8.0), ("exp2", 4.0, 16.0), ("exp2", 7.5, 16.0), ("exp2", -1.0, 0.5)),
        *(("hard_tanh", 0.5, 0.5), ("hard_tanh", 2.0, 1.0), ("softsign", 1.0, 0.5), ("leaky_relu", -5.0, -0.05)),
        *(("elu", -8.0, -0.9997), ("elu", 3.25, 3.25), ("sigmoid", 0.0, 0.5), ("relu", -3.0, 0.0)),
    ],
)
def test_known_values(name: str, x: float, y: float) -> None:
    scale = 2.0 ** -activations.OUTPUT_FRACTION_BITS[name]
    assert activations.apply(name, round(x * 4096)) * scale == pytest.approx(y, abs=1.5 * scale)
    assert activations.FUNCTIONS[name](np.array(x)) == pytest.approx(y, abs=1e-4)


def test_sigmoid_of_huge_numbers_neither_overflows_nor_warns() -> None:
    np.testing.assert_array_equal(activations.sigmoid(np.array([-1e4, 1e4])), [0.0, 1.0])
