# SPDX-License-Identifier: MIT
"""How many voices the module stores and morphs between: never more than its memory and its cycles hold."""

from __future__ import annotations

from graphs import Widths, random_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.export import players
from lottava.export.budget import BLOCK_CYCLES, PLANNED_SHARE, STEP_CYCLES, budget_of
from lottava.export.placement import ARENA_BYTES

from lottava import library, voicefile

widths = st.builds(Widths, *[st.integers(1, 24).map(lambda n: 4 * n)] * 5)


@settings(max_examples=15, deadline=None)
@given(widths)
def test_no_more_than_memory_and_cycles_hold(sizes: Widths) -> None:
    graph = random_graph(1, sizes)
    found, budget = players.seat(graph), budget_of(graph)
    count = found.morph_voices
    assert count * found.ram_bytes <= sum(ARENA_BYTES)
    assert found.network_step_cycles is not None
    assert count * found.network_step_cycles <= STEP_CYCLES
    network = found.worst_block_cycles - budget.use.around_block
    assert budget.use.around_block + count * network <= PLANNED_SHARE * BLOCK_CYCLES
    assert found.bank_voices * found.flash_bytes <= players.BANK_BYTES
    assert 0 <= found.bank_voices <= players.BANK_SLOTS


def test_the_factory_voice_fills_the_bank_and_morphs() -> None:
    found = players.seat(voicefile.load(library.find_voice("sax")).graph)
    assert found.bank_voices == players.BANK_SLOTS
    assert found.morph_voices >= 2
    assert 0.05 < found.worst_cpu < 0.3


def test_what_the_module_cant_load_is_not_counted() -> None:
    found = players.seat(random_graph(1, Widths(512, 512, 512, 512, 512)))
    assert (found.morph_voices, found.bank_voices) == (0, 0)
