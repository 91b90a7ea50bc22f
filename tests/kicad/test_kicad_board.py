# SPDX-License-Identifier: MIT
"""Each check of the board is tripped by the fault that it is there for; the geometry that we reckon with is KiCad's."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lottava.hardware import check
from lottava.hardware.build import BOARD_FILE
from lottava.hardware.fab import PLACEMENT_HEAD, placement, plot
from lottava.hardware.gerbers import Gerbers, compare, read
from lottava.hardware.panel.art import art
from lottava.hardware.panel.board import FOLDER as PANEL_FOLDER
from lottava.hardware.panel.board import LIBRARY, VARIANTS
from lottava.hardware.pcb.assembly import MARGIN_MM, drawing
from lottava.hardware.pcb.bodies import body_box
from lottava.hardware.pcb.by_hand import PAIR, pair_complaints
from lottava.hardware.pcb.copper import Copper, Track
from lottava.hardware.pcb.copper import load as load_copper
from lottava.hardware.pcb.fiducials import FIDUCIALS, with_fiducials
from lottava.hardware.pcb.footprints import load
from lottava.hardware.pcb.geometry import gap
from lottava.hardware.pcb.job import SHEET_ORIGIN_MM
from lottava.hardware.pcb.netlist import export
from lottava.hardware.pcb.panel_parts import shaft
from lottava.hardware.pcb.place import collisions, place
from lottava.hardware.pcb.silkscreen import Ink, labels, text_box
from lottava.hardware.schematic.project import KICAD, PROJECT
from lottava.hardware.schematic.sexpr import children, parse, text_of

PANEL = VARIANTS["fr4"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the committed KiCad project, to be spoilt."""
    return Path(shutil.copytree(KICAD, tmp_path / "kicad"))


def spoil(path: Path, pattern: str, replacement: str) -> None:
    text = path.read_text("utf-8")
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.S)
    assert count == 1, f"nothing to spoil in {path.name}"
    path.write_text(changed, encoding="utf-8")


def footprint_at(reference: str, board: Path) -> str:
    """The `(at …)` line of a footprint, as it stands."""
    for item in board.read_text("utf-8").split("\n\t(footprint ")[1:]:
        if f'"Reference" "{reference}"' in item:
            return re.search(r"\(at [^)]*\)", item)[0]  # type: ignore[index]
    raise KeyError(reference)


def board_text(folder: Path) -> str:
    return (folder / BOARD_FILE).read_text("utf-8")


def moved(board: Path, reference: str, by_mm: float) -> None:
    old = footprint_at(reference, board)
    x, *rest = old[4:-1].split()
    text = board.read_text("utf-8")
    assert text.count(f"\t\t{old}\n") == 1
    board.write_text(text.replace(f"\t\t{old}\n", f"\t\t(at {float(x) + by_mm:g} {' '.join(rest)})\n"), "utf-8")


def test_what_is_committed_passes() -> None:
    assert check.design_rules() == []
    assert check.electrical_rules() == []


def test_a_moved_jack_is_beside_its_hole(project: Path) -> None:
    board = project / BOARD_FILE
    netlist = export(project / f"{PROJECT}.kicad_sch")
    jack = next(one for one in netlist.components.values() if one.value == "FOLLOW_IN")
    panel = project / PANEL_FOLDER.name / f"{PANEL}.kicad_pcb"
    assert check.holes_over_shafts(board, panel) == []
    moved(board, jack.reference, 0.3)
    assert check.holes_over_shafts(board, panel) == ["jack FOLLOW_IN: +0.30, +0.00 mm beside its hole"]


def test_a_lost_track_is_unconnected(project: Path) -> None:
    spoil(project / BOARD_FILE, r"\n\t\(segment\n.*?\n\t\)", "")
    assert any("unconnected" in one or "dangling" in one for one in check.design_rules(project / BOARD_FILE))


def test_a_part_on_another_breaks_the_design_rules(project: Path) -> None:
    moved(project / BOARD_FILE, "R410", 1.0)
    assert any(one.startswith(("courtyards_overlap", "clearance")) for one in check.design_rules(project / BOARD_FILE))


def test_a_thin_supply_track_breaks_a_rule(project: Path) -> None:
    spoil(project / BOARD_FILE, r"\(width 0\.8\)", "(width 0.5)")
    assert any(one.startswith("track_width") for one in check.design_rules(project / BOARD_FILE))


def test_a_value_changed_on_the_board_breaks_parity(project: Path) -> None:
    spoil(project / BOARD_FILE, r'\(property "Value" "30\.1k"', '(property "Value" "33k"')
    assert any("footprint_symbol_mismatch" in one for one in check.design_rules(project / BOARD_FILE))


def test_a_renamed_net_is_seen(project: Path) -> None:
    board = project / BOARD_FILE
    board.write_text(board.read_text("utf-8").replace('"V_OCT_ADC"', '"V_OCT_OTHER"'), encoding="utf-8")
    found = check.nets_alike(board)
    assert sorted(one.split()[1].rstrip(":") for one in found) == ["V_OCT_ADC", "V_OCT_OTHER"]


@pytest.mark.parametrize(
    ("reference", "by_mm", "words"),
    [("J101", 6.0, "J101 pad 1: 0.88 mm under J630"), ("J630", -4.4, "J630 pad S: ")],
)
def test_a_lead_under_a_body_on_the_other_side_is_seen(project: Path, reference: str, by_mm: float, words: str) -> None:
    board = project / BOARD_FILE
    assert check.leads(board) == []
    moved(board, reference, by_mm)
    assert any(one.startswith(words) for one in check.leads(board))


def test_the_assembly_drawing_names_parts_on_themselves() -> None:
    text = (KICAD / BOARD_FILE).read_text("utf-8")
    shown = parse(drawing(text))
    for item in children(shown, "footprint"):
        left, top, right, bottom = body_box(item)
        for one in children(item, "fp_text"):
            if text_of(one, 2) == "${REFERENCE}":
                x, y = (float(text_of(next(children(one, "at")), index)) for index in (1, 2))
                assert left - 0.3 < x < right + 0.3 and top - 0.3 < y < bottom + 0.3, text_of(item)
    assert [list(children(item, "pad")) for item in children(shown, "footprint")] == [
        list(children(item, "pad")) for item in children(parse(text), "footprint")
    ]


def test_the_assembly_drawing_fills_its_page() -> None:
    shown = parse(drawing((KICAD / BOARD_FILE).read_text("utf-8")))
    page = next(children(shown, "paper"))
    edges = [one for name in ("gr_line", "gr_arc") for one in children(shown, name)]
    edges = [one for one in edges if text_of(next(children(one, "layer"))) == "Edge.Cuts"]
    points = [next(children(one, name)) for one in edges for name in ("start", "end")]
    for axis, size in ((1, float(text_of(page, 2))), (2, float(text_of(page, 3)))):
        places = [float(text_of(point, axis)) for point in points]
        assert (min(places), max(places)) == pytest.approx((MARGIN_MM, size - MARGIN_MM), abs=0.01)


def test_a_printed_name_lies_next_to_its_own_part() -> None:
    parts = with_fiducials(export(KICAD / f"{PROJECT}.kicad_sch")).components
    placed, _ = place(parts)
    found = labels(parts, placed)
    assert len(found) > 160
    for reference, label in found.items():
        box = text_box(reference, label.x, label.y, label.turn, label.size)
        bodies = Ink(parts, placed, placed[reference].is_back).bodies
        assert min(bodies, key=lambda name: gap(box, bodies[name])) == reference
    ink = Ink(parts, placed, True)
    ink.bodies = {"R1": (0.0, 0.0, 1.0, 2.0), "R2": (3.0, 0.0, 4.0, 2.0)}
    assert ink.is_nearest("R1", (1.2, 0.0, 2.2, 2.0))
    assert not ink.is_nearest("R1", (1.5, 0.0, 2.5, 2.0)), "as near to the other"


def test_a_longer_line_of_the_pair_is_seen() -> None:
    copper = load_copper()
    assert pair_complaints(copper) == []
    detour = Track(PAIR[0], "F.Cu", 0.2, ((0.0, 0.0), (6.0, 0.0)))
    assert "apart" in pair_complaints(Copper((*copper.tracks, detour), copper.vias))[0]


def test_fiducials_lie_on_both_sides_and_on_the_board_alone() -> None:
    text = (KICAD / BOARD_FILE).read_text("utf-8")
    assert {spot.is_back for spot in FIDUCIALS.values()} == {True, False}
    for name in FIDUCIALS:
        assert text.count(f'(property "Reference" "{name}"') == 1
    assert not any(name in export(KICAD / f"{PROJECT}.kicad_sch").components for name in FIDUCIALS)


def test_names_over_pads_or_each_other_break_the_design_rules(project: Path) -> None:
    name = next(one for one in re.findall(r"\(gr_text \"LEVEL\"\n\t\t\(at [^)]*\)", board_text(project)))
    place = re.search(r"\(at [^)]*\)", name)[0]  # type: ignore[index]
    x, y, *rest = place[4:-1].split()
    spoil(project / BOARD_FILE, re.escape(name), name.replace(place, f"(at {float(x) + 3:g} {y} {' '.join(rest)})"))
    assert any(one.startswith("silk_") for one in check.design_rules(project / BOARD_FILE))


def test_a_lost_wire_fails_the_electrical_rules(project: Path) -> None:
    spoil(project / "reference.kicad_sch", r"\n\t\(wire\n.*?\n\t\)", "")
    assert check.electrical_rules(project / f"{PROJECT}.kicad_sch")


def test_two_holes_in_one_place_fail_the_panel(project: Path) -> None:
    panel = project / PANEL_FOLDER.name / f"{PANEL}.kicad_pcb"
    here, there = footprint_at("H5", panel), footprint_at("H6", panel)
    spoil(panel, re.escape(there), here)
    assert check.panel_rules(panel.parent)


def test_a_file_changed_by_hand_is_drift(project: Path) -> None:
    path = project / f"{PROJECT}.kicad_pro"
    path.write_text(path.read_text("utf-8") + " ", encoding="utf-8")
    hole = project / PANEL_FOLDER.name / f"{LIBRARY}.pretty" / "Hole_6.2mm.kicad_mod"
    hole.unlink()
    assert [one.split(":")[0] for one in check.drift(project)] == [
        f"{PROJECT}.kicad_pro",
        f"{PANEL_FOLDER.name}/{LIBRARY}.pretty/Hole_6.2mm.kicad_mod",
    ]


def pads_of_the_file() -> Iterator[tuple[str, str, float, float]]:
    turns = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}
    for item in children(parse((KICAD / BOARD_FILE).read_text("utf-8")), "footprint"):
        reference = next(text_of(one, 2) for one in children(item, "property") if text_of(one) == "Reference")
        x, y, *turn = (float(word) for word in next(children(item, "at"))[1:])  # type: ignore[arg-type]
        cosine, sine = turns[round(turn[0]) % 360 if turn else 0]
        for pad in children(item, "pad"):
            dx, dy = (float(text_of(next(children(pad, "at")), index)) for index in (1, 2))
            yield reference, text_of(pad), x + dx * cosine + dy * sine, y - dx * sine + dy * cosine


def test_pads_lie_where_we_reckon_them() -> None:
    parts = with_fiducials(export(KICAD / f"{PROJECT}.kicad_sch")).components
    placed, left_over = place(parts)
    assert left_over == []
    assert collisions(parts, placed) == []
    ours: dict[tuple[str, str], list[float]] = {}
    theirs: dict[tuple[str, str], list[float]] = {}
    for reference, spot in placed.items():
        for pad in load(parts[reference].footprint).pads:
            ours.setdefault((reference, pad.number), []).extend(spot.point(pad.x, pad.y))
    for reference, number, x, y in pads_of_the_file():
        theirs.setdefault((reference, number), []).extend((x - SHEET_ORIGIN_MM[0], y - SHEET_ORIGIN_MM[1]))
    assert ours.keys() == theirs.keys()
    for key, place_of in ours.items():
        assert sorted(place_of) == pytest.approx(sorted(theirs[key]), abs=0.002), key


def test_shafts_are_read_from_the_footprints() -> None:
    assert shaft("Connector_Audio:Jack_3.5mm_QingPu_WQP-PJ398SM_Vertical_CircularHoles") == (0.0, 6.48)
    assert shaft("Potentiometer_THT:Potentiometer_Alps_RK09L_Single_Vertical") == (7.5, 2.5)
    assert {hole.kind for hole in art().holes} == {"mount", "jack", "pot", "led", "button", "usb"}


def test_gerbers_of_the_panel_are_read_back_and_faults_named(tmp_path: Path) -> None:
    layers = ("F.Cu", "F.Mask", "F.Silkscreen", "Edge.Cuts")
    board = PANEL_FOLDER / f"{PANEL}.kicad_pcb"
    plot(board, layers, tmp_path)
    found = read(tmp_path)
    assert compare(found, board, layers) == []
    assert compare(found, board, (*layers, "B.Cu"))[0].startswith("layers")
    left, low, right, high = found.outline
    wider = Gerbers(found.layers, (left, low, right + 1, high), found.copper, found.drills)
    assert compare(wider, board, layers)[0].startswith("outline")
    fewer = Gerbers(found.layers, found.outline, found.copper, {**found.drills, 6.2: 1})
    assert compare(fewer, board, layers)[0].startswith("holes")
    outside = Gerbers(found.layers, found.outline, {"top": (left - 1, low, right, high)}, found.drills)
    assert compare(outside, board, layers)[0].startswith("copper")


def test_placement_names_exactly_what_the_assembler_places() -> None:
    raw = "Ref,Val,Package,PosX,PosY,Rot,Side\nR1,1k,R_0603,1.0,2.5,-90.0,bottom\nJ1,jack,J,3,4,0,top\n"
    assert placement(raw, {"R1"}) == ",".join(PLACEMENT_HEAD) + "\nR1,1.000,2.500,Bottom,270\n"
    with pytest.raises(ValueError, match="R2"):
        placement(raw, {"R1", "R2"})
