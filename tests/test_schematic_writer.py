# SPDX-License-Identifier: MIT
"""The schematic writer's laws: text survives, turns are turns, wires are cut at every T, overlaps are told."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lottava.hardware.schematic.connect import junctions, nets, split
from lottava.hardware.schematic.drawing import Sheet
from lottava.hardware.schematic.geometry import Box, Point, Pose
from lottava.hardware.schematic.legible import overlaps
from lottava.hardware.schematic.library import read_library, whole
from lottava.hardware.schematic.project import LIBRARY
from lottava.hardware.schematic.sexpr import Atom, make, parse, write

SYMBOLS = read_library(LIBRARY)
atoms = st.from_regex(r"[a-zA-Z0-9_.+*-]{1,8}", fullmatch=True).map(Atom)
lists = st.recursive(
    st.lists(atoms | st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8), min_size=1),
    lambda inner: st.lists(inner | atoms | st.text('ab"\\\n\t ', max_size=6), min_size=1, max_size=5),
    max_leaves=20,
)
poses = [Pose(Point(10, 20), turn, mirror) for turn, mirror in product((0, 90, 180, 270), ("", "x", "y"))]
small = st.integers(0, 6)
stretches = st.tuples(small, small, small, st.booleans()).map(
    lambda item: ((item[0], item[1]), (item[2], item[1]) if item[3] else (item[0], item[2]))
)


def sheet() -> Sheet:
    return Sheet("test", "Test", SYMBOLS, 0)


@given(lists)
def test_what_is_written_is_read_again(item: list) -> None:
    assert parse(write(item)) == item


@pytest.mark.parametrize("text", ["", "(a", "a", "(a))", "(a) (b)"])
def test_brackets_that_do_not_match_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"bracket|one list"):
        parse(text)


def test_layout_is_kicads_own() -> None:
    points = [make("xy", index, 0) for index in range(14)]
    lines = write(make("wire", make("pts", *points), make("uuid", "a"))).splitlines()
    assert lines[0] == "(wire" and lines[1] == "\t(pts" and lines[-1] == ")"
    assert lines[2].startswith("\t\t(xy 0 0) (xy 1 0)") and 99 <= len(lines[2]) < 112
    assert lines[-2] == '\t(uuid "a")'


@pytest.mark.parametrize("pose", poses, ids=str)
def test_a_pose_keeps_distances_and_right_angles(pose: Pose) -> None:
    origin, right, up = pose.place(0, 0), pose.place(3, 0), pose.place(0, 2)
    along, across = (right.x - origin.x, right.y - origin.y), (up.x - origin.x, up.y - origin.y)
    assert (abs(along[0]) + abs(along[1]), abs(across[0]) + abs(across[1])) == (3, 2)
    assert along[0] * across[0] + along[1] * across[1] == 0
    is_mirrored = along[0] * across[1] - along[1] * across[0] > 0
    assert is_mirrored == bool(pose.mirror)


def test_unmirrored_turns_are_counter_clockwise() -> None:
    ends = [Pose(Point(0, 0), turn).place(1, 0) for turn in (0, 90, 180, 270)]
    assert ends == [(1, 0), (0, -1), (-1, 0), (0, 1)]


def test_an_unknown_turn_is_refused() -> None:
    with pytest.raises(ValueError, match="turned by 45"):
        Pose(Point(0, 0), 45)


@given(st.lists(stretches, min_size=1, max_size=12))
def test_wires_are_cut_wherever_another_ends(stretch: list) -> None:
    page = sheet()
    for start, end in stretch:
        page.wire(Point(*start), Point(*end))
    pieces = split(page)
    ends = {point for piece in pieces for point in piece}
    for start, end in pieces:
        assert start != end and (start.x == end.x or start.y == end.y)
        inside = [p for p in ends if Box.around(start, end) == Box.around(start, p, end) and p not in (start, end)]
        assert not inside, "a wire's end lies inside another piece"
    assert len(pieces) == len(set(pieces))
    covered = {(x, y) for (a, b) in pieces for x in range(int(min(a.x, b.x)), int(max(a.x, b.x)) + 1)
               for y in range(int(min(a.y, b.y)), int(max(a.y, b.y)) + 1)}  # fmt: skip
    drawn = {(x, y) for (a, b) in stretch if a != b for x in range(min(a[0], b[0]), max(a[0], b[0]) + 1)
             for y in range(min(a[1], b[1]), max(a[1], b[1]) + 1)}  # fmt: skip
    assert covered == drawn


def test_a_diagonal_wire_is_refused() -> None:
    with pytest.raises(ValueError, match="diagonal"):
        sheet().wire(Point(0, 0), Point(1, 1))


def test_a_t_is_a_junction_and_a_crossing_is_not() -> None:
    page = sheet()
    page.wire(Point(0, 0), Point(10, 0))
    page.wire(Point(4, 0), Point(4, 5))
    page.wire(Point(8, -3), Point(8, 3))
    assert junctions(page) == [(4, 0)]


def test_wires_names_and_rails_make_nets() -> None:
    one, two = sheet(), Sheet("other", "Other", SYMBOLS, 100)
    first = one.place("R1", "R 10k 1% 0603", "R", Point(0, 0))
    second = one.place("R2", "R 10k 1% 0603", "R", Point(10, 0))
    third = two.place("R3", "R 10k 1% 0603", "R", Point(0, 0))
    one.wire(first.pin(2), Point(0, 10), Point(10, 10), second.pin(2))
    one.net("LINE", Point(5, 10))
    two.net("LINE", third.pin(1))
    one.local("HERE", first.pin(1))
    two.local("HERE", third.pin(2))
    one.power("GND", second.pin(1))
    found = nets([one, two])
    assert found["LINE"] == {("R1", "2"), ("R2", "2"), ("R3", "1")}
    assert found["GND"] == {("R2", "1")}
    assert (found["test/HERE"], found["other/HERE"]) == ({("R1", "1")}, {("R3", "2")})


def test_unknown_parts_pins_and_symbols_are_named() -> None:
    with pytest.raises(KeyError, match="nearest"):
        sheet().place("R1", "R 30.2k 0.1% 0603 ", "R", Point(0, 0))
    with pytest.raises(KeyError, match=r"R1 \(R, unit 1\) has no pin 3"):
        sheet().place("R1", "R 10k 1% 0603", "R", Point(0, 0)).pin(3)


def test_a_derived_symbol_takes_its_own_fields_over_its_bases() -> None:
    base = parse(
        '(symbol "B" (pin_names) (property "Value" "B") (property "Footprint" "F") (symbol "B_1_1" (text "x")))'
    )
    own = parse('(symbol "D" (extends "B") (property "Value" "D") (property "New" "1"))')
    assert whole({"B": base, "D": own}, "D") == parse(
        '(symbol "D" (pin_names) (property "Value" "D") (property "Footprint" "F") (property "New" "1")'
        ' (symbol "D_1_1" (text "x")))'
    )


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda page: (page.note("above", Point(20, 20)), page.note("below", Point(21, 20.3))), "text below"),
        (lambda page: page.note("far", Point(5, 20)), "outside the frame"),
        (lambda page: page.note("low", Point(180, 150)), "title block"),
        (lambda page: (page.note("word", Point(20, 20)), page.wire(Point(10, 20), Point(40, 20))), "wire"),
        (
            lambda page: [page.place(f"R{x}", "R 10k 1% 0603", "R", Point(20 + x, 30)) for x in (0, 1)],
            "body R0 on body R1",
        ),
    ],
)
def test_what_lies_on_something_is_told(draw, words: str) -> None:
    page = sheet()
    draw(page)
    assert any(words in sentence for sentence in overlaps(page)), overlaps(page)
