# SPDX-License-Identifier: MIT
"""What runs most often lies in DTCM, nothing is promised twice, and capacities are the linker script's."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from graphs import PARENT, Widths, random_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.export import budget
from lottava.export.placement import ARENA_BYTES, AXI, DTCM, Load, loads, place, placement

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
LENGTH_AT = 8
"""Of the blob's length in its header."""
LAYERS = st.lists(
    st.tuples(st.integers(0, 5000), st.fractions(Fraction(1, 96), 1, max_denominator=96)), min_size=1, max_size=12
)


def some(parts: list[tuple[int, Fraction]]) -> list[Load]:
    return [Load(f"layer{index}", size, often) for index, (size, often) in enumerate(parts)]


def linker_lengths() -> dict[str, int]:
    text = (FIRMWARE / "boards" / "daisy_seed" / "seed.ld").read_text()
    return {name: int(kib) << 10 for name, kib in re.findall(r"(\w+)\s*\([rwx]+\)\s*: .*LENGTH = (\d+)K", text)}


@given(LAYERS, st.integers(0, 20_000))
def test_dtcm_is_never_overfilled_and_nothing_hotter_waits_outside(
    parts: list[tuple[int, Fraction]], room: int
) -> None:
    wanted = some(parts)
    memory = place(wanted, room)
    assert list(memory) == [load.name for load in wanted]
    inside = [load for load in wanted if memory[load.name] == DTCM]
    assert sum(load.bytes for load in inside) <= room
    for outside in (load for load in wanted if memory[load.name] == AXI):
        before = [load for load in inside if (-load.executions, -load.bytes) <= (-outside.executions, -outside.bytes)]
        assert outside.bytes > room - sum(load.bytes for load in before), "it would have fitted when its turn came"


@given(LAYERS)
def test_with_room_for_all_everything_is_near(parts: list[tuple[int, Fraction]]) -> None:
    wanted = some(parts)
    assert set(place(wanted, sum(load.bytes for load in wanted)).values()) == {DTCM}


@settings(max_examples=20, deadline=None)
@given(st.builds(Widths, *[st.integers(1, 160)] * 5))
def test_a_placed_graph_keeps_to_the_room(widths: Widths) -> None:
    graph = random_graph(0, widths, integer=True)
    memory = placement(graph)
    assert set(memory) == {layer.name for layer in graph.layers}
    lines = {line.name: line for line in budget.budget_of(graph).lines}
    assert lines["DTCM"].used <= ARENA_BYTES[DTCM]
    near = [load.bytes for load in loads(graph) if memory[load.name] == DTCM]
    assert sum(near) <= lines["DTCM"].used


def test_the_parents_large_layers_go_to_axi() -> None:
    memory = placement(random_graph(0, PARENT, integer=True))
    assert memory["memory"] == AXI and memory["pitch_mlp"] == DTCM


def test_capacities_are_those_of_the_linker_script() -> None:
    lengths = linker_lengths()
    assert lengths["FLASH"] == budget.FLASH_BYTES
    assert ARENA_BYTES[DTCM] < lengths["DTCM"]
    assert ARENA_BYTES[AXI] <= lengths["AXI"]


def test_arenas_are_those_of_the_image() -> None:
    text = (FIRMWARE / "boards" / "daisy_seed" / "main.cc").read_text()
    sizes = [int(kib) << 10 for kib in re.findall(r"std::uint8_t (?:weights|dtcm|axi)_\[(\d+) \* 1024\]", text)]
    assert sizes[0] == ARENA_BYTES[DTCM]
    assert sizes[1:] in ([], [ARENA_BYTES[AXI]])


def test_the_firmware_leaves_the_flash_that_is_promised() -> None:
    from lottava.emulator import build_image
    from lottava.emulator.image import load_image

    image = load_image(build_image())
    start = image.symbols["lottava_voice"]
    base, flash = next((at, data) for at, data in image.segments if at <= start < at + len(data))
    length = int.from_bytes(flash[start - base + LENGTH_AT :][:4], "little")
    firmware = sum(len(data) for _, data in image.segments) - length
    assert firmware <= budget.FIRMWARE_FLASH_BYTES, f"{firmware} bytes"
    assert firmware > 0.6 * budget.FIRMWARE_FLASH_BYTES, "the reserve is far too large: give it to the voices"
