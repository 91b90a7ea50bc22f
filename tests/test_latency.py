# SPDX-License-Identifier: MIT
"""From the jacks to the codec: never more than two blocks and a hop, a gate's edge to the sample."""

from __future__ import annotations

import pytest
from lottava.emulator import EmulatorError, Seed, build_image
from lottava.emulator.latency import BOUND_SAMPLES, GATE, STIMULI, Response, Stimulus, measure_response

from lottava.units import BLOCK_SAMPLES


@pytest.mark.parametrize("stimulus", STIMULI, ids=lambda stimulus: stimulus.name)
def test_it_is_heard_within_two_blocks_and_a_hop(stimulus: Stimulus) -> None:
    elf = build_image()
    response = measure_response(lambda: Seed(elf), stimulus, phases=3, settle_blocks=24)
    assert len(response.samples) == 3
    assert BLOCK_SAMPLES <= response.best <= response.worst <= BOUND_SAMPLES
    assert response.failures() == []
    if stimulus.name == GATE:
        assert response.spread <= 1


def test_a_change_without_effect_is_said() -> None:
    elf = build_image()
    with pytest.raises(EmulatorError, match="nothing at all: nothing changed within"):
        measure_response(lambda: Seed(elf), Stimulus("nothing at all", False, lambda _seed: None), settle_blocks=2)


def test_what_is_asked_and_not_met_is_said() -> None:
    assert Response("x", (48.0, BOUND_SAMPLES + 1.0)).failures() == ["x: later than two blocks and a hop"]
    late = Response(GATE, (48.0, 48.0, 97.0)).failures()
    assert late == ["gate edge: jitters by more than 0.1 ms", "gate edge: off by more than a block"]


def test_a_row_is_in_milliseconds() -> None:
    response = Response("x", (48.0, 96.0))
    assert response.jitter_ms == pytest.approx(0.5)
    assert response.row().split() == ["x", "1.00", "1.50", "2.00", "0.500", "1.00"]
