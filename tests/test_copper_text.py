# SPDX-License-Identifier: MIT
"""Routed copper as text, and the router on small boards: it finds ways, shares nothing, says what stays open."""

from __future__ import annotations

import subprocess
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lottava.hardware.pcb.copper import Copper, Track, Via, from_text, load, to_text
from lottava.hardware.pcb.rules import ROUTED_CLEARANCE_MM, width_of
from lottava.hardware.route.task import Task, Wire, compile_router, read_result

MILLIMETRES = st.integers(0, 128_000).map(lambda value: value / 1000)
POINTS = st.tuples(MILLIMETRES, MILLIMETRES)
NETS = st.sampled_from(["GND", "+3V3A", "Net-(U401A--)", "with space", "V_OCT_ADC"])
LAYERS = st.sampled_from(["F.Cu", "In2.Cu", "B.Cu"])
TRACKS = st.builds(
    Track, NETS, LAYERS, st.sampled_from([0.2, 0.4, 0.8]), st.lists(POINTS, min_size=2, max_size=5).map(tuple)
)
VIAS = st.builds(Via, NETS, POINTS)


@given(st.lists(TRACKS, max_size=6), st.lists(VIAS, max_size=6))
def test_copper_comes_back_from_its_text(tracks: list[Track], vias: list[Via]) -> None:
    again = from_text(to_text(Copper(tuple(tracks), tuple(vias))))
    assert sorted(again.tracks) == sorted(tracks)
    assert sorted(again.vias) == sorted(vias)


@pytest.mark.parametrize("line", ["track F.Cu", "via GND 1", "arc F.Cu 0.2 GND 1,1 2,2"])
def test_a_broken_line_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        from_text(line)


def test_the_committed_copper_is_in_its_own_form() -> None:
    copper = load()
    assert len(copper.tracks) > 500
    assert all(track.width == width_of(track.net) for track in copper.tracks)
    assert from_text(to_text(copper)) == copper


CELLS = 80


def small_task(pads: list[tuple[int, int, float, float]], wires: list[tuple[int, ...]], walls: list[str]) -> Task:
    """A board of 8 x 8 mm. pads: group, layers, x, y (0.4 mm square); wires: pads of nets 1, 2 ..."""
    lines = [f"{CELLS} {CELLS} 3 0.1 0.0 0.0", f"{ROUTED_CLEARANCE_MM} 0.3 0.15 0.25 0.3 25.0", "1", "0.2 1.0 2.5 1.0"]
    lines.append(str(len(pads)))
    lines += [f"{group} {layers} {x - 0.2} {y - 0.2} {x + 0.2} {y + 0.2} 0 0" for group, layers, x, y in pads]
    lines.append(str(len(wires)))
    lines += [f"{net} 0 0 {len(ends)} {' '.join(map(str, ends))}" for net, ends in enumerate(wires, start=1)]
    lines += [str(len(walls)), *walls]
    return Task("\n".join(lines) + "\n", tuple(Wire(f"N{net}", ends, False) for net, ends in enumerate(wires, start=1)))


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_router(tmp_path_factory.mktemp("router"))


def run(router: Path, task: Task, folder: Path) -> tuple[str, Copper, list[str]]:
    (folder / "task").write_text(task.text, encoding="ascii")
    subprocess.run([str(router), str(folder / "task"), str(folder / "out"), "40"], check=True, capture_output=True)
    text = (folder / "out").read_text("ascii")
    return text, *read_result(text, task)


CROSSING = [(1, 1, 0.6, 4.0), (1, 1, 7.3, 4.0), (2, 1, 4.0, 0.6), (2, 1, 4.0, 7.3)]


def ends(copper: Copper, net: str) -> list[tuple[str, tuple[float, float]]]:
    return [(track.layer, point) for track in copper.tracks if track.net == net for point in track.points]


def test_two_wires_cross_on_two_layers(router: Path, tmp_path: Path) -> None:
    _, copper, still_open = run(router, small_task(CROSSING, [(0, 1), (2, 3)], []), tmp_path)
    assert not still_open
    assert len(copper.vias) >= 2
    for one, other in combinations(copper.vias, 2):
        if one.net != other.net:
            apart = ((one.at[0] - other.at[0]) ** 2 + (one.at[1] - other.at[1]) ** 2) ** 0.5
            assert apart >= 0.6 + ROUTED_CLEARANCE_MM - 1e-6
    assert ends(copper, "N1") and ends(copper, "N2")


def test_the_same_task_gives_the_same_copper(router: Path, tmp_path: Path) -> None:
    task = small_task(CROSSING, [(0, 1), (2, 3)], [])
    assert run(router, task, tmp_path)[0] == run(router, task, tmp_path)[0]


def test_a_walled_pad_stays_open_and_is_named(router: Path, tmp_path: Path) -> None:
    walls = [f"{layer} 4 5.0 0.0 5.6 0.0 5.6 8.0 5.0 8.0" for layer in range(3)]
    _, _, still_open = run(router, small_task(CROSSING, [(0, 1), (2, 3)], walls), tmp_path)
    assert still_open == ["N1"]
