# SPDX-License-Identifier: MIT
"""Reports from rows alone: what decides a win, what is marked, that bytes are the same, and the published document."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="reports need it: install lottava[train]")

import numpy as np
import synthetic_rows
from lottava.training.compare import plots, publish, rows, svg, tables, tables_more, verdict
from lottava.training.compare.names import label
from lottava.training.compare.study import ReportError, studies

from lottava.verbs.report import compare

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT, PUBLISHED = ROOT / "docs" / "lottery.md", ROOT / "results" / "lottery.jsonl"


@pytest.fixture(scope="module")
def study():
    return studies(synthetic_rows.rows())[0]


@pytest.fixture(scope="module")
def standings(study):
    return {each.name: each for each in verdict.standings(study, 0.05)}


def test_labels() -> None:
    assert label("diet", {"criterion": "information"}) == "diet/information"
    assert label("scratch_b", {"of": "diet", "criterion": "information"}) == "scratch_b of diet/information"
    assert label("snip", {}) == "snip"


def test_errors_are_relative_to_the_parent_of_the_same_seed(study) -> None:
    assert all(study.error(row) == pytest.approx(1.0) for row in study.parents.values())
    assert next(iter(study.methods(0.05))) == "diet/magnitude"
    assert list(study.methods(0.05))[-1] == "reverse"


def test_a_method_wins_only_against_both_controls(standings) -> None:
    assert standings["diet/magnitude"].wins
    assert standings["snip"].against["rand"].beaten
    assert not standings["snip"].wins, "a network from scratch is better"
    assert not standings["uniform"].wins, "a control can't win"


def test_the_scratch_of_the_same_widths_is_the_opponent(study, standings) -> None:
    assert standings["lth_rewind"].against["scratch_b"].control == "scratch_b of lth_rewind"
    assert verdict.scratch_of(study, 0.05, "obd") == "scratch_b of lth_rewind", "else the best there is"


def test_without_controls_or_with_one_seed_nothing_wins() -> None:
    alone = studies([synthetic_rows.row("parent", 1, 1.0, 1.0), synthetic_rows.row("obd", 1, 0.05, 0.9)])[0]
    (found,) = verdict.standings(alone, 0.05)
    assert not found.wins
    assert "nothing can win" in publish.report(alone.rows).blocks["ddsp-sax/summary"]
    one_seed = studies([row for row in synthetic_rows.rows() if row["seed"] == 1])[0]
    assert not any(each.wins for each in verdict.standings(one_seed, 0.05))


def test_a_lost_axis_is_marked(study) -> None:
    table = {row[0]: row for row in tables.control_table(study, 0.05).rows}
    assert tables.control_table(study, 0.05).columns[:3] == ("method", "BRIGHT", "BREATH"), "BODY was never taught"
    assert "▼" in table["reverse"][1] and "▼" not in table["parent"][1]
    assert "▼" not in table["diet/magnitude"][2]


def test_second_ranking_counts_what_cost_no_more(study) -> None:
    places = {row[0]: row[-1] for row in tables.training_table(study, 0.05).rows}
    assert places["diet/magnitude"] == "1 of 13"
    assert places["scratch_e of lth_rewind"] == "1 of 4"


def test_each_table_speaks_to_players(study) -> None:
    found = publish.report(study.rows).blocks
    for name in ("error", "scratch", "speed", "curve", "quality", "control", "structure", "training"):
        assert "In players' words" in found[f"ddsp-sax/{name}"], name
    assert "the parent does not fit the module" in found["ddsp-sax/speed"]


def test_seeds_that_keep_the_same_units_agree(study) -> None:
    first = {"kept": {"a": "f", "b": "1"}, "widths": {"a": 4, "b": 1}}
    second = {"kept": {"a": "f0", "b": "1"}, "widths": {"a": 4, "b": 1}}
    np.testing.assert_array_equal(tables_more.kept(second)["a"], [4, 5, 6, 7])
    assert tables_more.agreement([first, first]) == 1.0
    assert tables_more.agreement([first, second]) == pytest.approx(1 / 9)
    assert tables_more.agreement([first]) is None
    assert tables_more.chance([first, second], {"widths": {"a": 8, "b": 2}}) == pytest.approx(1 / 3)
    table = tables_more.structure_table(study, 0.05)
    assert table is not None
    assert {row[0]: row for row in table.rows}["scratch_b of uniform"][-2:] == ["–", "–"], "it keeps nothing"


def test_ranks_need_two_blocks_and_three_common_methods(study) -> None:
    assert tables_more.ranks_table([study]) is None
    more = [
        synthetic_rows.row(name, 1, 0.2, e) for name, e in {"snip": 1.0, "rand": 1.1, "diet/magnitude": 0.9}.items()
    ]
    both = studies([row for row in study.rows if row["target"] != 0.2] + more)[0]
    table = tables_more.ranks_table([both])
    assert table is not None
    assert [row[0] for row in table.rows] == ["diet/magnitude", "snip", "rand"]
    assert "Friedman" in table.note


def test_mixed_devices_doubled_cells_and_missing_parents_are_refused() -> None:
    found = synthetic_rows.rows()
    with pytest.raises(ReportError, match="one kind of device"):
        studies([*found, found[0] | {"key": "other", "device": "cuda"}])
    with pytest.raises(ReportError, match="2 times"):
        studies([*found, found[-1]])
    with pytest.raises(ReportError, match="parent"):
        publish.report([row for row in found if row["method"] != "parent"])


def test_the_same_rows_in_any_order_give_the_same_bytes() -> None:
    found = synthetic_rows.rows()
    assert publish.report(found) == publish.report(found[:1] + found[:0:-1])


def test_plots_are_xml_for_light_and_dark_and_hold_their_figures(study) -> None:
    made = publish.report(study.rows).plots
    assert sorted(made) == [f"ddsp-sax-{name}.svg" for name in ("cycles", "error", "weights", "widths")]
    for text in made.values():
        root = ElementTree.fromstring(text)
        assert "prefers-color-scheme: dark" in text
        width = float(root.get("width", "0"))
        for words in root.iter("{http://www.w3.org/2000/svg}text"):
            length = svg.CHARACTER * len(words.text or "")
            start = (
                float(words.get("x", "0")) - {"start": 0, "middle": length / 2, "end": length}[words.get("text-anchor")]
            )
            assert start > -8 and start + length < width + 8, words.text
    assert "1.010 ± 0.005" in made["ddsp-sax-error.svg"]


def test_a_study_of_single_targets_has_no_curve(study) -> None:
    single = studies([row for row in study.rows if row["target"] in (1.0, 0.05)])[0]
    assert plots.curve_plot(single, plots.cycles_left, "", "") is None
    assert "ddsp-sax/curve" not in publish.report(single.rows).blocks


def test_labels_are_moved_apart_in_order() -> None:
    found = svg.apart([10.0, 11.0, 12.0, 80.0], 16)
    assert found[3] == 80.0
    assert found[1] - found[0] >= 15.99 and found[2] - found[1] >= 15.99


def test_filling_touches_the_blocks_alone(study) -> None:
    text = "words\n<!-- rows: ddsp-sax/error -->\nold\n<!-- end rows -->\n<!-- rows: no/such -->\n<!-- end rows -->\n"
    made = publish.report(study.rows)
    once = publish.fill(text, made)
    assert once.startswith("words\n") and "old" not in once and "diet/magnitude" in once
    assert f"<!-- rows: no/such -->\n{publish.NOTHING}\n<!-- end rows -->" in once
    assert publish.fill(once, made) == once
    with pytest.raises(ReportError, match="no block"):
        publish.fill("words", made)


def test_the_verb_writes_a_folder_or_fills_a_document(tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    with rows.RowFile(source) as file:
        for row in synthetic_rows.rows():
            file.append(row)
    compare(source, out=tmp_path / "report")
    words = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", words):
        assert (tmp_path / "report" / link).is_file()
    document = tmp_path / "lottery.md"
    document.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    compare(source, docs=document)
    filled = document.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", filled) if link.endswith(".svg")]
    assert len(links) == 4
    assert all((tmp_path / link).is_file() for link in links)


def test_the_published_document_is_what_the_rows_give() -> None:
    made = publish.report(rows.read(PUBLISHED) if PUBLISHED.exists() else [], prefix="lottery/")
    text = DOCUMENT.read_text(encoding="utf-8")
    again = "lottava report compare results/lottery.jsonl --docs docs/lottery.md"
    assert publish.fill(text, made) == text, f"make it again:  {again}"
    there = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "lottery").glob("*.svg")}
    assert there == made.plots, f"make them again:  {again}"
