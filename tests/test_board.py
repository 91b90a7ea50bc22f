# SPDX-License-Identifier: MIT
"""The board: resistors give the declared ranges, no pin is used twice, every analogue net is on an ADC pin."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottava.board import (
    ADC_FULL_SCALE,
    BOARD,
    GAIN_LIMIT,
    GATE_THRESHOLD_VOLTS,
    OFFSET_LIMIT_VOLTS,
    OP_AMP_OFFSET_VOLTS,
    SUPPLY_TOLERANCE,
    SUPPLY_VOLTS,
    CvInput,
    CvOutput,
)

INPUTS = pytest.mark.parametrize("cv", BOARD.cv_inputs, ids=lambda cv: cv.name)
OUTPUTS = pytest.mark.parametrize("cv", BOARD.cv_outputs, ids=lambda cv: cv.name)


@INPUTS
def test_resistors_give_the_declared_range_with_margin(cv: CvInput) -> None:
    low, high = cv.jack.range_volts
    reach_low, reach_high = cv.reach_volts
    assert reach_low < low < high < reach_high
    # 4 % covers both resistors at the tolerance of 1 % and the supply at 2 %, around the middle.
    middle, half = (reach_low + reach_high) / 2, (reach_high - reach_low) / 2 * 0.96
    assert middle - half < low
    assert high < middle + half


@pytest.mark.parametrize("cv", [*BOARD.cv_inputs, *BOARD.cv_outputs], ids=lambda cv: cv.name)
def test_no_corner_of_good_parts_is_refused_by_calibration(cv: CvInput | CvOutput) -> None:
    """Every part at an end of its tolerance, all ways: within the limits, and not by much more than a source needs."""
    stage, errors = cv.stage, []
    for inner, feedback, top, bottom, supply, offset in product((-1, 1), repeat=6):
        slope = stage.slope * (1 + feedback * stage.tolerance) / (1 + inner * stage.tolerance)
        bias_ohms = ((stage.bias.top_ohms, top), (stage.bias.bottom_ohms, bottom))
        ohms = [value * (1 + sign * stage.tolerance) for value, sign in bias_ohms]
        full_volts = SUPPLY_VOLTS * (1 + supply * SUPPLY_TOLERANCE)
        bias = full_volts * ohms[1] / sum(ohms) + offset * OP_AMP_OFFSET_VOLTS
        scale = 1 / slope if isinstance(cv, CvInput) else 1.0
        gain = -full_volts * (scale if isinstance(cv, CvInput) else slope)
        at_zero = bias * (1 + slope) * scale - gain * cv.nominal_offset / cv.nominal_gain
        errors.append((abs(gain / cv.nominal_gain - 1), abs(at_zero)))
    assert max(error for error, _ in errors) < GAIN_LIMIT
    assert max(error for _, error in errors) < OFFSET_LIMIT_VOLTS / 1.5


@OUTPUTS
def test_outputs_reach_their_declared_range(cv: CvOutput) -> None:
    low, high = cv.jack.range_volts
    reach_low, reach_high = cv.reach_volts
    assert reach_low <= low + 0.02  # -4.98 V where -5 V is declared: the last 0.02 V are calibration's
    assert high <= reach_high


@INPUTS
@given(share=st.floats(0.0, 1.0))
def test_code_law_is_inverted_by_gain_and_offset(cv: CvInput, share: float) -> None:
    low, high = cv.jack.range_volts
    volts = low + share * (high - low)
    assert cv.volts(cv.code(volts)) == pytest.approx(volts, abs=1e-9)


def test_pitch_input_at_the_adc() -> None:
    pitch = BOARD.cv_inputs[BOARD.input_index("V_OCT")]
    assert pitch.stage.bias.volts == pytest.approx(1.73, abs=0.005)
    assert pitch.stage.output_volts(-3.0) == pytest.approx(3.15, abs=0.01)
    assert pitch.stage.output_volts(7.0) == pytest.approx(0.14, abs=0.01)
    assert pitch.code(1.0) == pytest.approx(38_685, abs=1)
    assert pitch.code(3.0) == pytest.approx(26_730, abs=1)
    assert pitch.code(-100.0) == ADC_FULL_SCALE
    assert pitch.code(100.0) == 0


def test_no_pin_is_used_twice_and_all_exist() -> None:
    nets = [jack.pin for jack in BOARD.jacks] + list(BOARD.pins.values()) + list(BOARD.mux_pins.values())
    assert max(Counter(nets).values()) == 1
    assert {net for net in nets if net.startswith("D")} <= set(BOARD.seed_pins)
    assert set(BOARD.seed_pins) - set(nets) == {"D28"}
    ports = [pin.port for pin in BOARD.seed_pins.values()]
    assert len(set(ports)) == len(ports) == 31


def test_analogue_nets_are_on_adc_pins_and_not_on_the_dacs() -> None:
    analogue = [cv.jack.pin for cv in BOARD.cv_inputs] + list(BOARD.mux_pins.values())
    channels = [BOARD.seed_pins[pin].adc_channel for pin in analogue]
    assert None not in channels
    assert len(set(channels)) == 9
    assert {BOARD.seed_pins[cv.jack.pin].port for cv in BOARD.cv_outputs} == {"PA4", "PA5"}


def test_orders_that_every_array_relies_on() -> None:
    assert [cv.name for cv in BOARD.cv_inputs] == ["V_OCT", "LEVEL", "Z1", "Z2", "Z3", "Z4", "MORPH"]
    attenuverters = ["BRIGHT_ATT", "BREATH_ATT", "BODY_ATT", "WILD_ATT"]
    names = ["BRIGHT", "BREATH", "BODY", "WILD", *attenuverters, "PITCH", "LEVEL", "CONTOUR", "MORPH"]
    assert [pot.name for pot in BOARD.pots] == names
    with pytest.raises(KeyError, match="Z5"):
        BOARD.input_index("Z5")


def test_mux_inputs_and_panel_places_are_used_once() -> None:
    nodes = [(pot.mux, pot.mux_input) for pot in BOARD.pots]
    nodes += [("B", place) for place in BOARD.mux_b_inputs.values()]
    assert sorted(nodes) == [(mux, place) for mux in "AB" for place in range(8)]
    places = Counter((one.column, one.row_mm) for one in (*BOARD.jacks, *BOARD.pots))
    assert max(places.values()) == 1
    assert all(0 < x < BOARD.width_mm for x in BOARD.column_mm)


def test_button_ladder_levels_and_gate_threshold_are_told_apart() -> None:
    pull_up, previous, following = (BOARD.button_ladder_ohms[name] for name in ("PULL_UP", "PREVIOUS", "NEXT"))
    both = 1 / (1 / previous + 1 / following)
    levels = sorted([1.0] + [ohms / (ohms + pull_up) for ohms in (previous, following, both)])
    assert min(high - low for low, high in pairwise(levels)) > 0.08  # four levels, 1 % parts
    assert 1.5 < GATE_THRESHOLD_VOLTS < 2.5
    assert all(0 < revision.board_id.volts < SUPPLY_VOLTS for revision in BOARD.revisions)
