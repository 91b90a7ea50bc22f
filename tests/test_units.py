# SPDX-License-Identifier: MIT
"""Units: inverses are inverses, and the anchors musicians know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottava import units


@given(st.floats(-10.0, 10.0))
def test_volts_and_hertz_are_inverse(volts: float) -> None:
    assert float(units.hz_to_volts(units.volts_to_hz(volts))) == pytest.approx(volts, abs=1e-12)


@given(st.floats(-120.0, 120.0))
def test_decibels_and_gain_are_inverse(decibels: float) -> None:
    assert float(units.gain_to_db(units.db_to_gain(decibels))) == pytest.approx(decibels, abs=1e-9)


def test_anchors() -> None:
    assert float(units.volts_to_hz(0.0)) == units.C4_HZ
    assert float(units.volts_to_hz(0.75)) == pytest.approx(440.0, abs=1e-4)
    assert float(units.cents(880.0, 440.0)) == pytest.approx(1200.0)
    assert pytest.approx(48_014.3, abs=0.1) == units.TRUE_SAMPLE_RATE_HZ
    assert float(units.cents(units.TRUE_SAMPLE_RATE_HZ, units.SAMPLE_RATE_HZ)) == pytest.approx(0.5, abs=0.05)
