# SPDX-License-Identifier: MIT
"""From the jacks to the codec: never more than two blocks and a hop, a gate never off by more than a block."""

from __future__ import annotations

import pytest
from lottava.emulator import EmulatorError, Seed, build_image
from lottava.emulator.latency import BOUND_SAMPLES, STIMULI, Response, Stimulus, measure_response

from lottava.units import BLOCK_SAMPLES


@pytest.mark.parametrize("stimulus", STIMULI, ids=lambda stimulus: stimulus.name)
def test_it_is_heard_within_two_blocks_and_a_hop(stimulus: Stimulus) -> None:
    elf = build_image()
    response = measure_response(lambda: Seed(elf), stimulus, phases=3, settle_blocks=24)
    assert len(response.samples) == 3
    assert BLOCK_SAMPLES <= response.best <= response.worst <= BOUND_SAMPLES
    if stimulus.name == "gate edge":
        assert response.worst - response.best <= BLOCK_SAMPLES


def test_a_change_without_effect_is_said() -> None:
    elf = build_image()
    with pytest.raises(EmulatorError, match="nothing at all: nothing changed within"):
        measure_response(lambda: Seed(elf), Stimulus("nothing at all", False, lambda _seed: None), settle_blocks=2)


def test_a_row_is_in_milliseconds() -> None:
    response = Response("x", (48.0, 96.0))
    assert response.jitter_ms == pytest.approx(0.5)
    assert response.row().split() == ["x", "1.00", "1.50", "2.00", "0.500", "1.00"]
